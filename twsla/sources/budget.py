"""How much may come out of one file: the guard against decompression bombs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twsla.sources.base import Limits


class Budget:
    """How much may come out of one outermost file."""

    def __init__(self, limits: Limits, raw_bytes: int | None) -> None:
        """Start at nothing spent.

        Args:
            limits: The limits.
            raw_bytes: Size of the outermost file; None for a stream, whose bytes are counted as they come.
        """
        self.limits = limits
        self.exceeded = False
        """Whether a limit has been met; then nothing more comes out."""
        self.held_bytes = 0
        """Memory that archives inside this file occupy now."""
        self._known = raw_bytes
        self._raw_read = 0
        self._spent = 0

    def raw_read(self, size: int) -> None:
        """Count bytes that came in from a stream of unknown size."""
        self._raw_read += size

    def spend(self, size: int) -> str | None:
        """Count bytes that came out.

        Returns:
            Why no more may come out, or None.
        """
        self._spent += size
        total, floor, ratio = self.limits.total_bytes, self.limits.ratio_floor_bytes, self.limits.ratio
        if total is not None and self._spent > total:
            self.exceeded = True
            return f"more than {total:,} bytes come out of it, the limit for one file"
        raw = self._raw_read if self._known is None else self._known
        if self._spent > floor and self._spent > ratio * raw:
            self.exceeded = True
            return f"it expands to more than {ratio:,} times its size, as a decompression bomb does"
        return None


class Meter:
    """Counts a stream's output once in the budget, however often the stream is opened."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._high_water = 0

    def reached(self, position: int) -> str | None:
        """Tell that output came up to ``position``; why no more may come, or None."""
        grown = position - self._high_water
        if grown <= 0:
            return None
        self._high_water = position
        return self.budget.spend(grown)
