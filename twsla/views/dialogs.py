"""What a screen asks: prompts with one line of text, questions, and menus; and how answers are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.render.timetext import time_text
from twsla.views.cells import fit_for, fitted, key_hints

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.views.cells import Fragments
    from twsla.views.table import Look


@dataclass(frozen=True, slots=True)
class Prompt:
    """A line of text that is asked for."""

    label: str
    answer: Callable[[str], str | None]
    """Takes what was typed. Gives None if that was all right, else what is wrong with it: then it is asked again."""
    text: str = ""
    """What stands there already."""
    help: str = ""
    """One sentence, shown as long as nothing is typed."""
    paths: bool = False
    """Names of files are completed."""
    history: str = ""
    """Answers to prompts of one name are remembered together; "" remembers none."""
    empty: bool = False
    """An empty answer means something; otherwise it is as good as none."""


@dataclass(frozen=True, slots=True)
class Question:
    """Yes or no, by one key."""

    text: str
    yes: Callable[[], None]


@dataclass
class Menu:
    """Lines that can be switched on and off."""

    title: str
    items: list[tuple[str, bool]]
    done: Callable[[list[bool | None]], None]
    """Gets on, off or None (removed) for each line."""
    removable: bool = False
    at: int = 0
    removed: set[int] = field(default_factory=set)

    def press(self, key: str) -> bool | None:
        """What a key does: True closes the menu and keeps what was chosen, False closes it and does not."""
        if key in ("enter", "tab", "-"):
            self.done([None if place in self.removed else on for place, (_, on) in enumerate(self.items)])
            return True
        if key in ("esc", "q", "ctrl+c"):
            return False
        steps = {"down": 1, "j": 1, "up": -1, "k": -1, "home": -len(self.items), "end": len(self.items)}
        if key in steps:
            self.at = max(0, min(self.at + steps[key], len(self.items) - 1))
        elif key in ("space", "x"):
            text, on = self.items[self.at]
            self.items[self.at] = (text, not on)
        elif key in ("delete", "d", "backspace") and self.removable:
            self.removed ^= {self.at}
        return None

    def draw(self, look: Look, width: int, height: int) -> list[Fragments]:
        """Lines over the bottom of the screen: a title, the items in sight, the keys."""
        room = max(1, min(len(self.items), height - 3))
        first = max(0, min(self.at - room // 2, len(self.items) - room))
        lines: list[Fragments] = [fitted([("class:menu", f" {self.title} ")], width, fill="class:menu")]
        for place in range(first, first + room):
            text, on = self.items[place]
            sign = "d" if place in self.removed else "x" if on else " "
            style = "class:chosen" if place == self.at else ""
            lines.append(fitted([(style, f" [{sign}] {fit_for(text, look.encoding)}")], width, fill=style))
        keys = [
            ("Space", "on/off"),
            *([("d", "remove")] if self.removable else []),
            ("Enter", "take"),
            ("Esc", "leave"),
        ]
        return [*lines, fitted([("", " "), *key_hints(keys, width - 1)], width)]


# --- going somewhere --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go: a row, or a moment."""

    row: int | None = None
    ts_ns: int | None = None


_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_ROW = re.compile(r"(?P<sign>[+-]?)(?P<number>[\d,_]+)(?P<percent>%?)")


def parse_place(text: str, *, cursor: int, known: int, row_ts_ns: int | None, now_ns: int, zone: str) -> Place:
    """Where ``text`` says to go.

    ``1234`` or ``1,234`` is a row, ``+500`` rows on, ``50%`` a part of all, ``10:30`` that time on the day of the
    selected row, and anything else a time as ``-t`` takes it.

    Raises:
        UsageError: It is none of these.
    """
    from twsla.model.times import parse_time_range

    text = text.strip()
    row = _ROW.fullmatch(text)
    if row:
        number = int(row["number"].replace(",", "").replace("_", "") or 0)
        if row["percent"]:
            return Place(row=min(number, 100) * max(0, known - 1) // 100)
        if row["sign"]:
            return Place(row=cursor + (number if row["sign"] == "+" else -number))
        return Place(row=number - 1)
    if _CLOCK.fullmatch(text) and row_ts_ns is not None:
        day = time_text(row_ts_ns, zone).partition("T")[0]
        text = f"{day} {text.zfill(len(text) + (text.index(':') < 2))}"
    start = parse_time_range(text, now_ns=now_ns, zone=zone).start_ns
    if start is None:
        raise UsageError(f"'{text}' is no row and no time", hint="1234, 50%, 10:30, 2024-05-01 10:30")
    return Place(ts_ns=start)
