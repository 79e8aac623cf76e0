"""What a second stamp of the same moment, on the same line, adds to the first: year, zone, finer fraction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.formats.timestamps.calendar import SECOND_NS, days_of_dates
from twsla.formats.timestamps.model import NO_OFFSET

if TYPE_CHECKING:
    import numpy as np

    from twsla.formats.timestamps.matching import Found

_QUARTER_NS = 900 * SECOND_NS
_LARGEST_OFFSET_S = 14 * 3600
_ZONE_TOLERANCE_NS = 60 * SECOND_NS
"""A zone differs by quarters of an hour; so far may two stamps of one moment lie apart beside that."""
_YEAR_TOLERANCE_NS = 26 * 3600 * SECOND_NS
"""A year is taken over if the stamps are then no farther apart than any two zones and half a day."""


def same_moment(first: Found, second: Found) -> np.ndarray:
    """Whether both are valid and equal up to a minute and a whole quarter of an hour of offset, bool (n,).

    Where only one knows its year, the year of the other is used; where both know their
    zone they must agree as they are.
    """
    import numpy as np

    wall = np.where(first.needs_year, in_year_of(first.wall_ns, second.wall_ns), first.wall_ns)
    difference = wall - np.where(second.needs_year, in_year_of(second.wall_ns, wall), second.wall_ns)
    zoned = (first.offset_s != NO_OFFSET) & (second.offset_s != NO_OFFSET)
    offsets = (first.offset_s.astype(np.int64) - second.offset_s) * SECOND_NS
    difference = np.where(zoned, difference - offsets, difference)
    quarters = np.where(zoned, 0, np.rint(difference / _QUARTER_NS).astype(np.int64))
    close = np.abs(difference - quarters * _QUARTER_NS) <= _ZONE_TOLERANCE_NS
    same: np.ndarray = first.valid & second.valid & close & (np.abs(quarters * 900) <= 2 * _LARGEST_OFFSET_S)
    return same


def complete(found: Found, rows: np.ndarray, helper: Found) -> None:
    """Give the stamps ``rows`` of ``found`` what they lack and ``helper``, of the same rows, knows."""
    _take_year(found, rows, helper)
    _take_zone(found, rows, helper)
    _take_fraction(found, rows, helper)


def in_year_of(wall_ns: np.ndarray, near_ns: np.ndarray) -> np.ndarray:
    """The same month, day and time in the year closest to ``near_ns``; unchanged where no such year has the day."""
    import numpy as np

    days, rest = np.divmod(wall_ns, 86_400 * SECOND_NS)
    dates = days.astype("datetime64[D]")
    month = (dates.astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.uint8)
    day = ((dates - dates.astype("datetime64[M]")).astype(np.int64) + 1).astype(np.uint8)
    year = near_ns.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64) + 1970
    best, distance = wall_ns.copy(), np.full(len(wall_ns), np.iinfo(np.int64).max)
    for step in (0, -1, 1):
        moved, exists = days_of_dates((year + step).astype(np.int32), month, day)
        candidate = moved.astype(np.int64) * (86_400 * SECOND_NS) + rest
        apart = np.abs(candidate - near_ns)
        nearer = exists & (apart < distance)
        best, distance = np.where(nearer, candidate, best), np.where(nearer, apart, distance)
    return best


def _take_year(found: Found, rows: np.ndarray, helper: Found) -> None:
    import numpy as np

    at = np.flatnonzero(found.needs_year[rows] & helper.valid & ~helper.needs_year & ~helper.needs_date)
    if len(at):
        near = helper.wall_ns[at]
        dated = in_year_of(found.wall_ns[rows[at]], near)
        good = np.abs(dated - near) <= _YEAR_TOLERANCE_NS
        found.wall_ns[rows[at[good]]] = dated[good]
        found.needs_year[rows[at[good]]] = False


def _utc(found: Found, rows: np.ndarray | slice) -> np.ndarray:
    import numpy as np

    offset = found.offset_s[rows].astype(np.int64)
    utc: np.ndarray = found.wall_ns[rows] - np.where(offset == NO_OFFSET, 0, offset) * SECOND_NS
    return utc


def _take_zone(found: Found, rows: np.ndarray, helper: Found) -> None:
    import numpy as np

    has_zone = helper.valid & (helper.offset_s != NO_OFFSET) & ~helper.needs_date
    alike = found.needs_year[rows] == helper.needs_year
    at = np.flatnonzero((found.offset_s[rows] == NO_OFFSET) & ~found.needs_date[rows] & alike & has_zone)
    if len(at):
        difference = found.wall_ns[rows[at]] - _utc(helper, at)
        quarters = np.rint(difference / _QUARTER_NS).astype(np.int64)
        good = np.abs(difference - quarters * _QUARTER_NS) <= _ZONE_TOLERANCE_NS
        good &= np.abs(quarters * 900) <= _LARGEST_OFFSET_S
        found.offset_s[rows[at[good]]] = (quarters[good] * 900).astype(np.int32)


def _take_fraction(found: Found, rows: np.ndarray, helper: Found) -> None:
    """Only within the same second."""
    import numpy as np

    at = np.flatnonzero(helper.valid & helper.fraction & ~found.fraction[rows] & ~helper.needs_date)
    if not len(at):
        return
    zoned = (found.offset_s[rows[at]] != NO_OFFSET) & (helper.offset_s[at] != NO_OFFSET)
    mine = np.where(zoned, _utc(found, rows[at]), found.wall_ns[rows[at]])
    theirs = np.where(zoned, _utc(helper, at), helper.wall_ns[at])
    theirs = np.where(helper.needs_year[at], in_year_of(theirs, mine), theirs)
    good = mine // SECOND_NS == theirs // SECOND_NS
    found.wall_ns[rows[at[good]]] += theirs[good] % SECOND_NS
    found.fraction[rows[at[good]]] = True


def take_offset(found: Found, rows: np.ndarray, offset_s: np.ndarray) -> None:
    """Give a zone written in a field of its own to the stamps that have none."""
    import numpy as np

    at = np.flatnonzero((found.offset_s[rows] == NO_OFFSET) & (offset_s != NO_OFFSET))
    found.offset_s[rows[at]] = offset_s[at]
