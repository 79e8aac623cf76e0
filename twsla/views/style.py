"""How things look: style classes for light and dark backgrounds, palette colours, and the signs a terminal can show.

Colours are those of the terminal's own sixteen where a colour carries a meaning, since these are chosen to be readable
on its background; selection and bars are reverse video. Without colours (``NO_COLOR``, terminals that have none) bold,
underline and reverse remain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STYLES: dict[str, str] = {
    "title": "",
    "title.name": "bold ansicyan",
    "heading": "bold underline",
    "heading.sorted": "bold underline ansicyan",
    "marked": "bold ansimagenta",
    "reference": "bold ansicyan",
    "selected": "reverse",
    "status": "",
    "status.place": "bold",
    "status.key": "bold ansicyan",
    "busy": "bold",
    "note": "ansiyellow",
    "message": "bold",
    "refusal": "bold ansired",
    "filter": "ansicyan",
    "filter.off": "strike",
    "faint": "dim",
    "level.error": "ansired",
    "level.warning": "ansiyellow",
    "find": "bold underline bg:ansiyellow ansiblack",
    "marker": "#ffffff bg:#c00000",
    "name": "ansicyan",
    "bar": "ansicyan",
    "json.key": "ansicyan",
    "json.text": "ansigreen",
    "json.number": "ansimagenta",
    "json.word": "ansiblue",
    "help.key": "bold ansicyan",
    "help.group": "bold underline",
    "prompt": "bold",
    "menu": "bold reverse",
    "chosen": "reverse",
}
"""Style classes as prompt_toolkit has them."""
COLOURLESS: dict[str, str] = {**STYLES, "find": "bold underline reverse"} | {
    "marker": "reverse",
    "level.error": "bold",
    "marked": "bold",
}
"""The same where there are no colours: what a ground would say is said by reverse video."""

_NAMED = (
    *("ansiblack", "ansired", "ansigreen", "ansiyellow", "ansiblue", "ansimagenta", "ansicyan", "ansigray"),
    *("ansibrightblack", "ansibrightred", "ansibrightgreen", "ansibrightyellow", "ansibrightblue"),
    *("ansibrightmagenta", "ansibrightcyan", "ansiwhite"),
)
_LEVELS = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True, slots=True)
class Signs:
    """Characters that not every terminal has."""

    up: str
    down: str
    mark: str
    reference: str
    dot: str
    spinner: str
    bar: str
    """Parts of a cell that a bar fills, the whole one last."""


FULL = Signs("▲", "▼", "●", "»", "·", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "▏▎▍▌▋▊▉█")
PLAIN = Signs("^", "v", "*", ">", "|", "|/-\\", "#")


def signs_of(variables: Mapping[str, str], encoding: str) -> Signs:
    """The signs that the terminal can be expected to show.

    A locale of ``C`` or none says nothing of the terminal: log texts are sent in the encoding of the stream (UTF-8 in
    today's Python), and what is drawn beside them keeps to ASCII.
    """
    locale = variables.get("LC_ALL") or variables.get("LC_CTYPE") or variables.get("LANG") or ""
    speaks_utf8 = "utf8" in locale.lower().replace("-", "")
    return FULL if encoding == "utf-8" and speaks_utf8 else PLAIN


def palette(index: int) -> str:
    """A colour of the 256-colour palette as a style: the first sixteen by name, so that they are the terminal's own."""
    if index < 16:
        return _NAMED[index]
    if index >= 232:
        grey = 8 + 10 * (index - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    red, green, blue = (_LEVELS[(index - 16) // step % 6] for step in (36, 6, 1))
    return f"#{red:02x}{green:02x}{blue:02x}"


def style_of_sgr(sgr: str) -> str:
    """The parameters of an ANSI sequence for a foreground colour (``38;5;9``, ``38;2;255;0;0``) as a style."""
    parts = sgr.split(";")
    if parts[:2] == ["38", "5"]:
        return palette(int(parts[2]))
    red, green, blue = (int(part) for part in parts[2:5])
    return f"#{red:02x}{green:02x}{blue:02x}"


def has_colours(term: str) -> bool:
    """Whether the terminal named by ``TERM`` has colours; a terminal nobody knows is believed to."""
    try:
        import curses
    except ImportError:  # Windows
        return True
    try:
        curses.setupterm(term=term or "dumb", fd=1)
    except curses.error:
        return True
    return curses.tigetnum("colors") >= 8
