"""The years (and dates) that stamps leave out, for a source that is read once, block by block, in order.

Rows are written while the source is read, so the year is predicted when the first stamp without one arrives, and
verified when the last one is known:

1. The year comes from ``--year`` (then it is that of the first such stamp), else from a stamp with a year among the
   lines (the nearest before; for the lines before the first such stamp, that one), else from the source's time (see
   ``source_time``): the last stamp lies at or before it, with a day of slack for zones.
2. Turns of the year are counted on the sequence of stamps (see ``turns``).
3. A year in which a 29 February of the source does not exist is not taken; the next earlier one is.

Stamps with a time of day only get their date in the same way, from the dated line before, else from the source's time.
Nothing here depends on the day the program runs, unless the source's time itself is the present (a pipe).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from twsla.formats.timestamps.calendar import END_YEAR, FIRST_YEAR, SECOND_NS
from twsla.formats.timestamps.model import NO_OFFSET
from twsla.formats.timestamps.moves import LEAP_DAY_PENDING, SKIPPED_TIME, Resolved, shift_years, zoned
from twsla.formats.timestamps.nominal import DAY_NS, NOMINAL_NS, to_years, year_start_ns
from twsla.formats.timestamps.rules import DateRule, Evidence, YearRule
from twsla.formats.timestamps.sourcetime import SourceTime, source_time
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twsla.formats.timestamps.model import Stamps

__all__ = ["Resolved", "SourceTime", "YearClock", "YearVerdict", "shift_years", "source_time"]

_EARLIEST_NS, _LATEST_NS = year_start_ns(FIRST_YEAR), year_start_ns(END_YEAR)
_TOO_EARLY_NS = _EARLIEST_NS - 1


@dataclass(frozen=True, slots=True)
class YearVerdict:
    """What the whole source said about its years."""

    shift_years: int
    """For the rows with YEAR_ASSUMED."""
    shift_days: int
    """For the rows with DATE_ASSUMED."""
    first_year: int | None
    """Of the first stamp without a year; None if there is none, or its year is not known."""
    turns: int
    """Turns of the year from the first stamp without a year to the last."""
    reason: str
    """For the report: "year 2023 from its modification time, 1 turn of the year". Empty if nothing was assumed."""
    undatable: bool
    """Some rows cannot have a time; ``YearClock.corrected`` takes away what they were given."""


class YearClock:
    """Gives one source's stamps their instants. Feed its blocks to ``assign`` in order, then ask ``finish``."""

    def __init__(
        self,
        source: SourceTime | None,
        *,
        zone: str = "UTC",
        year: int | None = None,
        tail_hint_ns: int | None = None,
        turns_hint: int | None = None,
        leap_hint: int | None = None,
    ) -> None:
        """Set up for one source.

        Args:
            source: When it was last written; None: nobody knows.
            zone: Of stamps that name none; a name ``check_zone`` gives.
            year: Of the source's first stamp without a year, if the user says so.
            tail_hint_ns: ``wall_ns`` of the source's last stamp, if it could be looked up and leaves out the year (or
                the date). With it the prediction is right if the source passes one turn at most.
            turns_hint: Turns of the year from the first stamp to the last, if they could be counted beforehand.
            leap_hint: Turns before a 29 February that was seen; such a day decides the year more often than the time.
        """
        evidence = Evidence(source, zone, tail_hint_ns, turns_hint, leap_hint)
        self._source, self._zone, self._year = source, zone, year
        self._years = YearRule(evidence, year)
        self._dates = DateRule(evidence)

    def assign(self, stamps: Stamps) -> Resolved:
        """The instants of the next block's stamps, in arrays that are the caller's own.

        Stamps outside the years 1900 to 2199 are not valid. Undefined wall-clock times: see ``zones.to_utc``.
        """
        import numpy as np

        flags = np.where(stamps.valid, stamps.flags, np.uint8(0))
        wall_ns, valid = stamps.wall_ns.copy(), stamps.valid.copy()
        by_date = valid & stamps.needs_date
        by_year = valid & stamps.needs_year & ~by_date
        self._set_years(stamps, by_year, by_date, wall_ns, flags)
        self._set_dates(stamps, by_year, by_date, wall_ns, flags)
        valid &= (wall_ns >= _EARLIEST_NS) & (wall_ns < _LATEST_NS)

        by_zone = stamps.offset_s == NO_OFFSET
        ts_ns = wall_ns - np.where(by_zone, 0, stamps.offset_s).astype(np.int64) * SECOND_NS
        index = np.flatnonzero(valid & by_zone)
        ts_ns[index], skipped = zoned(wall_ns[index], self._zone)
        flags[index] |= np.uint8(TsFlag.ZONE_ASSUMED)
        flags[index[skipped]] |= np.uint8(SKIPPED_TIME)
        return Resolved(np.where(valid, ts_ns, 0), valid, np.where(valid, flags, np.uint8(0)))

    def _set_years(
        self,
        stamps: Stamps,
        by_year: npt.NDArray[np.bool_],
        by_date: npt.NDArray[np.bool_],
        wall_ns: npt.NDArray[np.int64],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        """Put the stamps without a year into theirs, in place; ``_TOO_EARLY_NS`` if that is out of range."""
        import numpy as np

        rows = _all_or_index(stamps.valid & ~by_date)
        years = self._years.years(wall_ns[rows], by_year[rows], _is_other(stamps)[rows], stamps.offset_s[rows])
        index = np.flatnonzero(by_year)
        if not len(index):
            return
        possible = (years >= FIRST_YEAR) & (years < END_YEAR)
        placed, missing = to_years(wall_ns[index], np.where(possible, years, FIRST_YEAR))
        wall_ns[index] = np.where(possible, placed, _TOO_EARLY_NS)
        first_year = (self._years.predicted or 0) + self._years.first_count
        flags[index] |= np.uint8(TsFlag.YEAR_ASSUMED)
        flags[index[years != first_year]] |= np.uint8(TsFlag.ROLLED_OVER)
        flags[index[missing]] |= np.uint8(LEAP_DAY_PENDING)

    def _set_dates(
        self,
        stamps: Stamps,
        by_year: npt.NDArray[np.bool_],
        by_date: npt.NDArray[np.bool_],
        wall_ns: npt.NDArray[np.int64],
        flags: npt.NDArray[np.uint8],
    ) -> None:
        """Put the stamps that are a time of day on their dates, in place; as ``_set_years``."""
        import numpy as np

        rows = _all_or_index(stamps.valid & (wall_ns != _TOO_EARLY_NS))
        partial = by_date[rows]
        days = self._dates.days(wall_ns[rows], partial, _is_other(stamps)[rows], stamps.offset_s[rows])
        is_open = self._dates.open_years(partial, by_year[rows])
        if not len(days):
            return
        index = np.flatnonzero(by_date)
        possible = np.abs(days) < _LATEST_NS // DAY_NS
        placed = np.where(possible, days, 0) * DAY_NS + wall_ns[index] - NOMINAL_NS
        wall_ns[index] = np.where(possible, placed, _TOO_EARLY_NS)
        flags[index] |= np.uint8(TsFlag.DATE_ASSUMED)
        flags[index[is_open]] |= np.uint8(TsFlag.YEAR_ASSUMED)

    def finish(self, *, whole: bool = True) -> YearVerdict:
        """What the whole source said, after its last block; not ``whole``: after some of it, nothing is verified."""
        years, dates = self._years, self._dates
        base = None if years.predicted is None else years.verified() if whole else years.predicted
        day = None if dates.predicted is None else dates.verified() if whole else dates.predicted
        leaps_fit = base is None or years.has_leap_days(base)
        known = (base is None or years.is_known) and (day is None or dates.is_known)
        return YearVerdict(
            shift_years=0 if base is None or years.predicted is None else base - years.predicted,
            shift_days=0 if day is None or dates.predicted is None else day - dates.predicted,
            first_year=base + years.first_count if base is not None and years.is_known else None,
            turns=years.turns.count - years.first_count,
            reason="; ".join(self._reasons(base, day, leaps_fit)),
            undatable=not (leaps_fit and known),
        )

    def corrected(
        self,
        ts_ns: npt.NDArray[np.int64],
        valid: npt.NDArray[np.bool_],
        flags: npt.NDArray[np.uint8],
        verdict: YearVerdict,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of this source, as ``assign`` gave them and in any order, put right by ``verdict``.

        Returns:
            int64 (n,) instants, bool (n,) which of them are valid, uint8 (n,) flags.
        """
        rows = shift_years(
            Resolved(ts_ns, valid, flags),
            verdict.shift_years,
            self._zone,
            days=verdict.shift_days,
            written_offset_s=self._years.written_offset_s,
        )
        for unknown, flag in (
            (self._years.predicted is not None and not self._years.is_known, TsFlag.YEAR_ASSUMED),
            (not self._dates.is_known, TsFlag.DATE_ASSUMED),
        ):
            if unknown:
                gone = (rows.flags & flag) != 0
                rows.valid[gone], rows.ts_ns[gone], rows.flags[gone] = False, 0, 0
        return rows.ts_ns, rows.valid, rows.flags

    def _reasons(self, base: int | None, day: int | None, leaps_fit: bool) -> list[str]:
        """Sentences for the report: on the years, and on the dates."""
        why = "" if self._source is None else self._source.why
        reasons = []
        if base is not None:
            rule, turns = self._years, self._years.turns
            first, last = base + rule.first_count, base + turns.count
            text = f"year {first}" if first == last else f"years {first} to {last}"
            text += " from " + ("--year" if self._year is not None else "other lines" if rule.by_line else why)
            if not rule.is_known:
                text = "the year is not known"
            text += _counted(last - first, ", {} turn of the year", ", {} turns of the year")
            text += _counted(turns.strays, ", {} stretch out of sequence", ", {} stretches out of sequence")
            reasons.append(text if leaps_fit else text + ", without which a 29 February does not exist: left undated")
        if day is not None:
            turns = self._dates.turns
            text = f"date {_date(day + turns.count)} of the last line from " + (
                "other lines" if self._dates.by_line else why
            )
            if not self._dates.is_known:
                text = "the date is not known"
            reasons.append(text + _counted(turns.count, ", {} turn of the day", ", {} turns of the day"))
        return reasons


def _all_or_index(mask: npt.NDArray[np.bool_]) -> slice | npt.NDArray[np.intp]:
    """What picks the rows of ``mask``: all of them without a copy, or by index."""
    import numpy as np

    return slice(None) if mask.all() else np.flatnonzero(mask)


def _is_other(stamps: Stamps) -> npt.NDArray[np.bool_]:
    other: npt.NDArray[np.bool_] = (stamps.flags & TsFlag.OTHER_FORM) != 0
    return other


def _counted(count: int, one: str, more: str) -> str:
    return "" if count <= 0 else (one if count == 1 else more).format(count)


def _date(day: int) -> str:
    """A day number as a date; such as hostile input makes are left as numbers."""
    if not _EARLIEST_NS <= day * DAY_NS < _LATEST_NS:
        return f"day {day}"
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()
