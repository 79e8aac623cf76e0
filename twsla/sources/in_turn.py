"""Members that are read from their archive's own stream, each in its turn."""

from __future__ import annotations

from typing import Protocol

from twsla.sources.base import ProblemKind
from twsla.sources.streams import Stream


class Run(Protocol):
    """The decompressed bytes of many members one after another."""

    position: int
    """Of the next byte."""

    def some(self, size: int) -> bytes:
        """Between 1 and ``size`` of the next bytes; none at the end."""

    def why_ended(self) -> str:
        """Why there are no more, as part of a sentence."""

    def kind(self) -> ProblemKind:
        """The kind of problem that the end is."""


class InTurnStream(Stream):
    """The next ``size`` bytes of a run, while nobody else reads on in it."""

    def __init__(self, run: Run, size: int) -> None:
        super().__init__()
        self._run = run
        self._start = run.position
        self._size = size

    def pull(self, size: int) -> bytes:
        """Read on in the run, if it still stands where this member left it."""
        left = self._size - self.delivered
        if not left:
            return b""
        if self._run.position != self._start + self.delivered:
            raise self.damaged("the archive has been read on past this member", ProblemKind.UNREADABLE)
        data = self._run.some(min(size, left))
        if not data:
            why = f"{self._run.why_ended()}, {left:,} bytes before the end of this member"
            raise self.damaged(why, self._run.kind())
        return data
