"""Stamps to UTC, and, once a source's last line tells its year, rows that were written already into the right one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.timestamps.calendar import END_YEAR, FIRST_YEAR, SECOND_NS
from twsla.formats.timestamps.nominal import DAY_NS, from_years, to_years, year_start_ns
from twsla.model import zones
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SKIPPED_TIME = int(TsFlag.SKIPPED_TIME)
"""``ts`` is then as far after the change of the clock as the stamp pretends to be."""
LEAP_DAY_PENDING = 128
"""Bit of ``ts_flags``: 29 February, and the year predicted so far has none; ``ts`` is a placeholder on 1 March.
``shift_years`` takes the bit away: such a row gets its 29 February, or no time."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The instants of n rows."""

    ts_ns: np.ndarray
    """int64 (n,): nanoseconds since 1970-01-01T00:00:00Z; 0 where not valid."""
    valid: np.ndarray
    """bool (n,): the row has a time."""
    flags: np.ndarray
    """uint8 (n,): ``TsFlag`` bits; 0 where not valid."""


def zoned(wall_ns: npt.NDArray[np.int64], zone: str) -> tuple[np.ndarray, np.ndarray]:
    """Wall-clock times of ``zone`` to UTC, int64 (n,), and which of them do not exist on that clock, bool (n,)."""
    ts_ns = zones.to_utc(wall_ns, zone)
    return ts_ns, zones.to_wall(ts_ns, zone) != wall_ns


def shift_years(rows: Resolved, years: int, zone: str, *, days: int = 0, written_offset_s: int = 0) -> Resolved:
    """Move the rows whose year or date was assumed.

    Args:
        rows: Rows of one source, in any order, as ``YearClock.assign`` gave them.
        years: Calendar years for the rows with YEAR_ASSUMED: month, day and wall-clock time stay.
        zone: The zone that was assumed for rows with ZONE_ASSUMED.
        days: Days for the rows with DATE_ASSUMED, before the years.
        written_offset_s: Seconds east of UTC of those that name their zone.

    Returns:
        All rows. Not valid any more: 29 February in a year that has none, and what leaves the years 1900 to 2200.
    """
    import numpy as np

    assumed = TsFlag.YEAR_ASSUMED | TsFlag.DATE_ASSUMED
    index = np.flatnonzero(rows.valid & ((rows.flags & int(assumed)) != 0))
    flags = rows.flags[index]
    wall_ns = _wall(rows.ts_ns[index], flags, zone, written_offset_s)
    wall_ns += np.where(flags & TsFlag.DATE_ASSUMED, days * DAY_NS, 0)
    year, nominal = from_years(wall_ns)
    nominal -= np.where(flags & LEAP_DAY_PENDING, DAY_NS, 0)
    year += np.where(flags & TsFlag.YEAR_ASSUMED, years, 0)
    possible = (wall_ns >= year_start_ns(FIRST_YEAR)) & (wall_ns < year_start_ns(END_YEAR))
    possible &= (year >= FIRST_YEAR) & (year < END_YEAR)
    wall_ns, missing = to_years(nominal, np.clip(year, FIRST_YEAR, END_YEAR - 1))
    possible &= ~missing
    by_zone = (flags & TsFlag.ZONE_ASSUMED) != 0
    ts_ns = wall_ns - written_offset_s * SECOND_NS
    skipped = np.zeros(len(index), bool)
    ts_ns[by_zone], skipped[by_zone] = zoned(wall_ns[by_zone], zone)
    flags = (flags & (255 - SKIPPED_TIME - LEAP_DAY_PENDING)) | np.where(skipped, np.uint8(SKIPPED_TIME), np.uint8(0))

    moved = Resolved(rows.ts_ns.copy(), rows.valid.copy(), rows.flags.copy())
    moved.ts_ns[index] = np.where(possible, ts_ns, 0)
    moved.valid[index] = possible
    moved.flags[index] = np.where(possible, flags, np.uint8(0))
    return moved


def _wall(
    ts_ns: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8], zone: str, written_offset_s: int
) -> npt.NDArray[np.int64]:
    """The wall-clock times that were on the lines."""
    import numpy as np

    by_zone = (flags & TsFlag.ZONE_ASSUMED) != 0
    wall_ns = ts_ns + written_offset_s * SECOND_NS
    wall_ns[by_zone] = zones.to_wall(ts_ns[by_zone], zone)
    # A time the clock skipped was reckoned with the offset before the change; no zone changes twice in four days.
    skipped = np.flatnonzero(flags & SKIPPED_TIME)
    earlier = ts_ns[skipped] - 3 * DAY_NS // 2
    wall_ns[skipped] = ts_ns[skipped] + zones.to_wall(earlier, zone) - earlier
    return wall_ns
