"""What a view asks of whoever shows it, and what the program around the screens offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twsla.model.result import Result
    from twsla.progress import Progress
    from twsla.render.highlight import Mark
    from twsla.views.dialogs import Menu, Prompt, Question
    from twsla.views.marks import Marks
    from twsla.views.table import Look
    from twsla.views.text_view import TextView
    from twsla.views.work import Worker

ChartKind = Literal["picture", "html", "characters"]
"""``picture``: as well as it can be shown here, which may be with characters."""


class Save(Protocol):
    """Writes a result to a file."""

    def __call__(
        self, result: Result, path: Path, columns: tuple[str, ...] | None, progress: Progress, *, overwrite: bool
    ) -> str:
        """Write these columns (None: as the format has them); gives the format's name.

        Raises:
            TwslaError: It cannot be written, or exists and may not be written over.
        """


@dataclass(frozen=True, slots=True)
class Services:
    """What the screens need of the program around them. All of it may be called from a worker's thread."""

    save: Save
    chart: Callable[[Result, ChartKind, int, int], str | bytes | list[str]]
    """Show the first chart in so many columns and lines: gives a sentence that says where, a Sixel picture for the
    terminal, or lines with ANSI colours. Raises TwslaError."""
    colours: Callable[[str], tuple[Mark, ...]]
    """The marks of a colour list. Raises UsageError."""
    now_ns: int
    """The end of relative times."""
    marks: Marks | None = None
    """None: the result is not of a store."""
    began: float | None = None
    """When the work for the answer began, as ``time.monotonic`` has it; None: nobody knows."""


class Host(Protocol):
    """The application, as its views see it."""

    look: Look
    services: Services
    pages: Worker
    """Reads what is in sight."""
    jobs: Worker
    """Does what keys ask for."""
    counts: Worker
    """Counts rows."""

    def ask(self, prompt: Prompt) -> None:
        """Ask for a line of text."""

    def confirm(self, question: Question) -> None:
        """Ask for yes or no."""

    def choose(self, menu: Menu) -> None:
        """Let lines be switched on and off."""

    def open(self, result: Result) -> None:
        """Show a result on top of this one."""

    def exchange(self, result: Result) -> None:
        """Show a result in the place of this one, the same row selected."""

    def read(self, view: TextView) -> None:
        """Show text on top of this view."""

    def leave(self, view: TextView) -> None:
        """Take a view of text away."""

    def picture(self, title: str, data: bytes) -> None:
        """Show a Sixel picture on top of this view."""

    def redraw(self) -> None:
        """Draw soon."""

    def deliver(self, call: Callable[[], None]) -> None:
        """Have something called by the thread of the screen."""

    def copy(self, text: str) -> None:
        """Put a text on the terminal's clipboard."""

    def size(self) -> tuple[int, int]:
        """Columns and lines of the window."""


Row = dict[str, Any]
"""Values of a row by column; times in nanoseconds since 1970."""
