"""The progress of an import on a terminal: a box with the files, the figures, and a curve of the throughput.

It is drawn in place, from where the cursor was, and taken away again when the import is done: the report follows. When
the import was stopped, the box stays, and tells how far it had come.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from twsla.cli.progress import TerminalProgress, curve, si_bytes

if TYPE_CHECKING:
    from twsla.environment import Environment

FILES = 5
"""Names in the box: the file that is being read, and those read last."""
WIDEST = 100
LEAST_WIDTH, LEAST_HEIGHT = 40, 12
"""Windows smaller than this get one line instead."""
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FULL = ("╭─╮", "│ │", "╰─╯", "✓", SPINNER)
PLAIN = ("+-+", "| |", "+-+", "*", "|/-\\")


class ImportBox(TerminalProgress):
    """Draws several lines."""

    def __init__(self, environment: Environment, store: str) -> None:
        super().__init__(environment)
        self._store = store
        self._files: deque[str] = deque(maxlen=FILES)
        self._lines = 0
        self._rates = deque(maxlen=min(environment.width, WIDEST) - 20)

    def message(self, text: str) -> None:
        """Name the file that is being read from now on."""
        super().message(text)
        self._files.append(text)

    def stop(self, *, failed: bool = False) -> None:
        """Take the box away, or leave it as it is when the work came to no good end."""
        self._end()
        if self._drawn and not failed:
            self._environment.stderr.write(f"\x1b[{self._lines}A\x1b[J")
            self._environment.stderr.flush()
        elif self._drawn:
            self._draw(stopped=True)

    def draw(self) -> None:
        """Draw it over itself."""
        self._draw(stopped=False)

    def _draw(self, *, stopped: bool) -> None:
        lines = self.lines(stopped=stopped)
        up = f"\x1b[{self._lines}A" if self._lines else ""
        self._environment.stderr.write(up + "".join(f"\r{line}\x1b[K\n" for line in lines))
        self._environment.stderr.flush()
        self._drawn, self._lines = True, len(lines)

    def lines(self, *, stopped: bool = False) -> list[str]:
        """The box: as many lines as there is something to say."""
        top, sides, bottom, done, spinner = FULL if self._draws_bars() else PLAIN
        width = min(self._width(), WIDEST) - 1
        title = f" Import into {self._store} "
        end = " stopped: nothing was added to the store " if stopped else f" {self.keys} " if self.keys else ""
        now = spinner[int(self._elapsed() * 10) % len(spinner)]
        files = list(self._files)
        inside = [f"{done} {name}" for name in files[:-1]]
        inside += [f"{' ' if stopped else now} {name}" for name in files[-1:]]
        inside.append(self._figures())
        inside.append(self._throughput(width - 4))
        return [
            _edge(top, title, width, at_end=False),
            *(f"{sides[0]} {_fitted(text, width - 4)} {sides[2]}" for text in inside),
            _edge(bottom, end, width, at_end=True),
        ]

    def _width(self) -> int:
        try:  # the window may have another size by now
            return os.get_terminal_size(self._environment.stderr.fileno()).columns or self._environment.width
        except (OSError, ValueError):
            return self._environment.width

    def _figures(self) -> str:
        counts = self._counted()
        parts = [
            f"{counts.get('files', 0):,} file{'' if counts.get('files') == 1 else 's'}",
            f"{counts.get('lines', 0):,} lines",
            si_bytes(counts.get("bytes", 0)),
        ]
        return "  ".join([*parts, f"{self._elapsed():.0f} s"])

    def _throughput(self, room: int) -> str:
        if not self._rates:
            return ""
        rate = f"{si_bytes(self._rates[-1])}/s"
        if not self._draws_bars():
            return rate
        return f"{curve(list(self._rates)[-max(1, room - len(rate) - 2) :])}  {rate}"


def _edge(signs: str, text: str, width: int, *, at_end: bool) -> str:
    from twsla.render.escape import escape_text
    from twsla.render.widths import clip
    from twsla.render.widths import width as cells

    text = clip(escape_text(text, keep=""), width - 4)
    rest = signs[1] * (width - 3 - cells(text))
    inner = f"{rest}{text}{signs[1]}" if at_end else f"{signs[1]}{text}{rest}"
    return f"{signs[0]}{inner}{signs[2]}"


def _fitted(text: str, width: int) -> str:
    from twsla.render.escape import escape_text
    from twsla.render.widths import clip, pad

    return pad(clip(escape_text(text, keep=""), width), width)
