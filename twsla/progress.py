"""How long work tells what it is doing, and learns that it should stop."""

from __future__ import annotations

from typing import Protocol

from twsla.errors import Cancelled


class Progress(Protocol):
    """What a long task reports to. Implementations are cheap to call and safe from any thread."""

    def advance(self, unit: str, amount: int) -> None:
        """Add to the counter named ``unit`` ("bytes", "lines", "files", "rows")."""

    def message(self, text: str) -> None:
        """Name what is being worked on now (a path, a phase)."""

    def check(self) -> None:
        """Raise ``Cancelled`` when the user asked to stop."""


class Silent:
    """Reports nothing; can be cancelled."""

    def __init__(self) -> None:
        self.cancelled = False

    def advance(self, unit: str, amount: int) -> None:
        """Ignore."""

    def message(self, text: str) -> None:
        """Ignore."""

    def check(self) -> None:
        """Raise ``Cancelled`` after ``cancelled`` was set."""
        if self.cancelled:
            raise Cancelled
