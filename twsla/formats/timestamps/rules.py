"""The year, or the day, of stamps that leave it out: predicted at a source's first, verified at its last."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.timestamps.calendar import SECOND_NS
from twsla.formats.timestamps.model import NO_OFFSET
from twsla.formats.timestamps.nominal import (
    DAY_NS,
    LEAP_DAY_NS,
    MARCH_NS,
    NOMINAL_NS,
    in_year,
    near_leap_day,
    year_and_nominal,
)
from twsla.formats.timestamps.turns import DAY, YEAR, Turns
from twsla.model.zones import to_wall

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twsla.formats.timestamps.sourcetime import SourceTime

_LEAP_CYCLE = 400
_MOST_YEARS_BACK = 40
"""How far to go back for a year that has every 29 February of the source: leap years are at most 8 years apart."""
_REORDERED_NS = 2 * DAY_NS
"""A last line this little before the end of the first block is out of order, not a year later."""
_WRITE_SLACK_NS = 5 * SECOND_NS
"""A recorded time may lack its fraction, or its odd second (ZIP), and so lie before the last line."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the end of a source before it is read."""

    source: SourceTime | None
    """When it was last written."""
    zone: str
    """Zone of stamps that name none."""
    tail_ns: int | None
    """Nominal time of its last stamp."""
    turns: int | None = None
    """Turns of the year from its first stamp to its last, as far as a few looks into it tell."""
    leap_turn: int | None = None
    """Turns before a 29 February that was seen in it."""

    def latest_wall_ns(self, offset_s: int) -> int | None:
        """The source's last moment on the clock of a stamp that names ``offset_s``, or the assumed zone."""
        import numpy as np

        if self.source is None:
            return None
        if self.source.whole_day:
            return self.source.ts_ns
        if offset_s != NO_OFFSET:
            return self.source.ts_ns + offset_s * SECOND_NS
        return int(to_wall(np.array([self.source.ts_ns], np.int64), self.zone)[0])


class YearRule:
    """The years of the stamps that name month and day."""

    def __init__(self, evidence: Evidence, year: int | None) -> None:
        """``year``: of the first stamp without one, if the user says so."""
        self._evidence, self._year = evidence, year
        self.turns = Turns(YEAR, evidence.source.ts_ns + 2 * DAY_NS if evidence.source is not None else None)
        self.predicted: int | None = None
        """Year of the source's first row; None: not needed so far."""
        self.first_count = 0
        """Turns before the first stamp without a year."""
        self.written_offset_s = 0
        """Offset written on the stamps around 29 February, the only days where it matters to a move by years."""
        self._leaps: set[int] = set()
        """Counts (modulo 400) of the turns with a 29 February."""
        self._last_offset_s = NO_OFFSET

    def years(
        self,
        wall_ns: npt.NDArray[np.int64],
        partial: npt.NDArray[np.bool_],
        other: npt.NDArray[np.bool_],
        offset_s: npt.NDArray[np.int32],
    ) -> npt.NDArray[np.int64]:
        """Take the next rows that have a date; gives the years, as predicted, of the partial ones (see ``Turns``)."""
        import numpy as np

        if self._year is not None:
            # What the user says is not corrected by other lines.
            wall_ns, other, offset_s, partial = wall_ns[partial], other[partial], offset_s[partial], partial[partial]
        counts = self.turns.counts(wall_ns, partial, other)[partial]
        if not len(counts):
            return counts
        nominal, offset_s = wall_ns[partial], offset_s[partial]
        leap = (nominal >= LEAP_DAY_NS) & (nominal < MARCH_NS)
        self._leaps.update(np.unique(counts[leap] % _LEAP_CYCLE).tolist())
        self._last_offset_s = int(offset_s[-1])
        written = offset_s[near_leap_day(nominal) & (offset_s != NO_OFFSET)]
        if len(written):
            self.written_offset_s = int(written[-1])
        if self.predicted is None:
            self.first_count = int(counts[0])
            foreseen = set() if self._evidence.leap_turn is None else {self._evidence.leap_turn}
            self.predicted = self._base(self._evidence.tail_ns, self._leaps | foreseen)
        return counts + self.predicted

    @property
    def is_known(self) -> bool:
        """Whether anything tells the year."""
        return self._year is not None or self.turns.base is not None or self._evidence.source is not None

    @property
    def by_line(self) -> bool:
        """Whether another line tells the year."""
        return self._year is None and self.turns.base is not None

    def verified(self) -> int:
        """Year of the source's first row, after its last."""
        return self._base(None, self._leaps)

    def has_leap_days(self, base: int) -> bool:
        """Whether every 29 February of the source exists if its first row lies in year ``base``."""
        return _all_leap(base, self._leaps)

    def _base(self, tail_ns: int | None, leaps: set[int]) -> int:
        if self._year is not None:
            return self._year - self.first_count
        if self.turns.base is not None:
            return self.turns.base
        latest_ns = self._evidence.latest_wall_ns(self._last_offset_s)
        if latest_ns is None:
            return 2000
        position, count = self.turns.end(year_and_nominal(latest_ns)[1])
        if tail_ns is not None:
            turned = count + (tail_ns < position - _REORDERED_NS)
            count = max(turned, self._evidence.turns or 0)
            position = tail_ns
        latest = _latest_year(position, latest_ns + DAY_NS) - count
        candidates = range(latest, latest - _MOST_YEARS_BACK, -1)
        return next((base for base in candidates if _all_leap(base, leaps)), latest)


def _all_leap(base: int, counts: set[int]) -> bool:
    return all(isleap(base + count) for count in counts)


def _latest_year(nominal_ns: int, limit_ns: int) -> int:
    """The latest year in which a nominal time exists and is not after ``limit_ns``."""
    year = year_and_nominal(limit_ns)[0]
    while (wall_ns := in_year(nominal_ns, year)) is None or wall_ns > limit_ns:
        year -= 1
    return year


class DateRule:
    """The dates of the stamps that are a time of day only."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self.turns = Turns(DAY, evidence.source.ts_ns + 2 * DAY_NS if evidence.source is not None else None)
        self.predicted: int | None = None
        """Number of the source's first day, 0 for 1970-01-01; None: not needed so far."""
        self._dated_by_year = True
        self._last_offset_s = NO_OFFSET

    def days(
        self,
        wall_ns: npt.NDArray[np.int64],
        partial: npt.NDArray[np.bool_],
        other: npt.NDArray[np.bool_],
        offset_s: npt.NDArray[np.int32],
    ) -> npt.NDArray[np.int64]:
        """Take the next rows; gives the day numbers, as predicted, of the partial ones (see ``Turns``)."""
        counts = self.turns.counts(wall_ns, partial, other)[partial]
        if not len(counts):
            return counts
        self._last_offset_s = int(offset_s[partial][-1])
        if self.predicted is None:
            self.predicted = self._base(self._evidence.tail_ns)
        return counts + self.predicted

    def open_years(self, partial: npt.NDArray[np.bool_], by_year: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Of the same rows' partial ones: the date is that of a stamp without a year before, or of none."""
        import numpy as np

        if not partial.any():
            self._dated_by_year = bool(by_year[-1]) if len(by_year) else self._dated_by_year
            return partial[:0]
        before = np.maximum.accumulate(np.where(partial, -1, np.arange(len(partial))))
        is_open = np.where(before >= 0, by_year[before], self._dated_by_year)
        if len(is_open):
            self._dated_by_year = bool(is_open[-1])
        return is_open[partial]

    @property
    def is_known(self) -> bool:
        """Whether anything tells the date."""
        return self.turns.base is not None or self._evidence.source is not None

    @property
    def by_line(self) -> bool:
        """Whether another line tells the date."""
        return self.turns.base is not None

    def verified(self) -> int:
        """Number of the source's first day, after its last row."""
        return self._base(None)

    def _base(self, tail_ns: int | None) -> int:
        if self.turns.base is not None:
            return self.turns.base
        latest_ns = self._evidence.latest_wall_ns(self._last_offset_s)
        if latest_ns is None:
            return 0
        position, count = self.turns.end(None)
        if tail_ns is not None:
            count += tail_ns < position
            position = tail_ns
        if self._evidence.source is not None and not self._evidence.source.whole_day:
            latest_ns += _WRITE_SLACK_NS
        return (latest_ns - (position - NOMINAL_NS)) // DAY_NS - count
