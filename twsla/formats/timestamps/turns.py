"""How often a sequence of stamps that leave out the year (or the day) passed its turn.

Every stamp is a position within one period. From one stamp to the next, a large step back is a turn, a large step
forward whose way back over the turn is short is a late line from before the turn, and any other step is the log's own
affair: a silence, a clock that was set, lines out of order. A short stretch that steps far away and comes back to where
it left is a stray (a device whose clock started at 1 January): it does not count.

The rules see the sequence line by line. How it is cut into blocks has no influence on the counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twsla.formats.timestamps.nominal import DAY_NS, MARCH_NS, NOMINAL_NS, day_and_nominal, year_and_nominal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

_HOUR_NS = 3600 * 10**9


class _Split(Protocol):
    def __call__(self, wall_ns: int, /) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class Period:
    """What turns, and how far apart stamps are that belong together. All in nanoseconds."""

    length: int
    large: int
    """Steps beyond this are turns or late lines."""
    late: int
    """A line this much before the turn, after it, is late."""
    stray: int
    """A stretch this long may be a stray, if the sequence goes on this near to where it was left; 0: there are none."""
    unset: int
    """As the nearness above, for a stray that starts where clocks start that were not set: the device may have been off
    for long."""
    split: _Split
    """A full wall-clock time as the number of its period, and its position as a nominal wall-clock time."""


YEAR = Period(366 * DAY_NS, 180 * DAY_NS, 31 * DAY_NS, DAY_NS, 31 * DAY_NS, year_and_nominal)
DAY = Period(DAY_NS, 12 * _HOUR_NS, _HOUR_NS, 0, 0, day_and_nominal)


@dataclass(frozen=True, slots=True)
class _Jump:
    """The last large step: where the sequence was before, and where it went."""

    position: int
    count: int
    start: int


@dataclass(frozen=True, slots=True)
class _Row:
    wall_ns: int
    partial: bool
    other: bool


class Turns:
    """Counts the turns of one source, whose rows come block by block, in order.

    A row is partial (its position, as a nominal wall-clock time) or whole (a wall-clock time that says in which period
    it lies). Whole rows anchor the count: those near before a partial row, else the first one after.
    """

    def __init__(self, period: Period, latest_ns: int | None) -> None:
        """``latest_ns``: whole rows of another form than the source's that lie later are no anchors."""
        self._period = period
        self._latest_ns = latest_ns
        self.count = 0
        """Turns passed since the first row."""
        self.position: int | None = None
        """Of the last row, nominal."""
        self.base: int | None = None
        """Number of the period the first row lies in, once a whole row told."""
        self.strays = 0
        self._jump: _Jump | None = None
        self._last: _Row | None = None
        self._anchored = False

    def counts(
        self, wall_ns: npt.NDArray[np.int64], partial: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        """Take the next rows.

        Args:
            wall_ns: int64 (n,): nominal where partial, real where whole.
            partial: bool (n,).
            other: bool (n,): the row is not of the source's own form.

        Returns:
            int64 (n,): the count of each partial row; of no meaning for whole rows.
        """
        import numpy as np

        if not partial.any() and not other.any():
            self._follow(wall_ns)
            return np.full(len(wall_ns), self.count)
        carried = self._last is not None
        if self._last is not None:
            wall_ns = np.concatenate(([self._last.wall_ns], wall_ns))
            partial = np.concatenate(([self._last.partial], partial))
            other = np.concatenate(([self._last.other], other))
        events = self._events(wall_ns, partial, other)
        found = [self.count]
        if not carried:
            self._take(_Row(int(wall_ns[0]), bool(partial[0]), bool(other[0])))
            found = [self.count]
        for before, row in zip(
            _rows(wall_ns, partial, other, events - 1), _rows(wall_ns, partial, other, events), strict=True
        ):
            self._leave(before)
            self._take(row)
            found.append(self.count)
        self._last = _Row(int(wall_ns[-1]), bool(partial[-1]), bool(other[-1]))
        self._leave(self._last)
        spans = np.diff(np.concatenate(([0], events, [len(wall_ns)])))
        return np.repeat(np.array(found, np.int64), spans)[int(carried) :]

    def _follow(self, wall_ns: npt.NDArray[np.int64]) -> None:
        """Take whole rows of the source's own form only: the first and the last say it all."""
        if len(wall_ns):
            self._take(_Row(int(wall_ns[0]), partial=False, other=False))
            self._last = _Row(int(wall_ns[-1]), partial=False, other=False)
            self._leave(self._last)

    def _events(
        self, wall_ns: npt.NDArray[np.int64], partial: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        """Indices of the rows to look at one by one; between them the count stays and the position follows."""
        import numpy as np

        step = np.abs(wall_ns[1:] - wall_ns[:-1])
        both = partial[1:] & partial[:-1]
        # Whole rows that follow each other closely, or are of the source's own form, share their fate.
        group = ~(partial[1:] | partial[:-1]) & (other[1:] == other[:-1]) & (~other[1:] | (step <= DAY_NS))
        return np.flatnonzero(~(both | group) | (both & (step > self._period.large - self._leeway))) + 1

    @property
    def _leeway(self) -> int:
        """A stray's way back may be this much shorter than its way out."""
        return 2 * self._period.stray

    def _leave(self, row: _Row) -> None:
        """``row`` is the last before the next row to look at."""
        if row.partial:
            self.position = row.wall_ns
        elif self._anchored:
            self._anchor(row)

    def _take(self, row: _Row) -> None:
        if row.partial:
            self._step(row.wall_ns)
        else:
            self._anchored = self._may_anchor(row)
            if self._anchored:
                self._anchor(row)

    def _may_anchor(self, row: _Row) -> bool:
        """Whether a whole row tells the period: not a date quoted in some line of a log with partial stamps."""
        if not row.other:
            return True
        if self._latest_ns is not None and row.wall_ns > self._latest_ns:
            return False
        if self.position is None:
            return True
        apart = abs(self._period.split(row.wall_ns)[1] - self.position)
        return min(apart, self._period.length - apart) <= self._period.stray

    def _anchor(self, row: _Row) -> None:
        index, position = self._period.split(row.wall_ns)
        if self.base is None:
            self._step(position)
            self.base = index - self.count
        self.count = index - self.base
        self.position = position
        self._jump = None

    def _step(self, position: int) -> None:
        last, self.position = self.position, position
        if last is None:
            return
        step = position - last
        if self._comes_back(last, position):
            assert self._jump is not None
            self.count = self._jump.count
            self._jump = None
            self.strays += 1
        elif abs(step) > self._period.large:
            self._jump = _Jump(last, self.count, position)
            if step < 0:
                self.count += 1
            elif self._period.length - step <= self._period.late:
                self.count -= 1

    def _comes_back(self, last: int, position: int) -> bool:
        """Whether the stretch from the last large step to ``last`` was a stray that ends at ``position``."""
        jump, stray = self._jump, self._period.stray
        if not stray or jump is None:
            return False
        if abs(position - last) <= self._period.large - self._leeway or abs(last - jump.start) > stray:
            return False
        near = self._period.unset if _is_unset_clock(jump.start) else stray
        return jump.position - stray <= position <= jump.position + near

    def end(self, position: int | None) -> tuple[int, int]:
        """Position and count that lie at the source's end: those of the last row.

        If the sequence, going on at ``position``, would show the last stretch to be a stray: those of the row before.
        """
        assert self.position is not None, "no row has been counted"
        if position is not None and self._comes_back(self.position, position) and self._jump is not None:
            return self._jump.position, self._jump.count
        return self.position, self.count


def _is_unset_clock(position: int) -> bool:
    """Within a day (for zones) of 1 January, where most clocks start, or of 1 March, where those of Cisco's IOS do."""
    into_year = position - NOMINAL_NS
    # From 28 February to 1 March it is a day more in the nominal year, which is a leap year.
    return min(into_year, YEAR.length - into_year, abs(position - MARCH_NS) - DAY_NS) <= DAY_NS


def _rows(
    wall_ns: npt.NDArray[np.int64],
    partial: npt.NDArray[np.bool_],
    other: npt.NDArray[np.bool_],
    index: npt.NDArray[np.int64],
) -> Iterator[_Row]:
    columns = (wall_ns[index].tolist(), partial[index].tolist(), other[index].tolist())
    return (_Row(*row) for row in zip(*columns, strict=True))
