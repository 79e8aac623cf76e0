"""Stamps of an unknown year stand in the nominal year 2000: whole columns from and to real years."""

from __future__ import annotations

from calendar import isleap
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps.calendar import END_YEAR, FIRST_YEAR, NOMINAL_YEAR, SECOND_NS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DAY_NS = 86_400 * SECOND_NS
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock arithmetic has no zone


def year_start_ns(year: int, month: int = 1, day: int = 1) -> int:
    """First instant of a year, or of a day in it, in wall-clock ns."""
    return (datetime(year, month, day) - _EPOCH).days * DAY_NS  # noqa: DTZ001 - as above


NOMINAL_NS = year_start_ns(NOMINAL_YEAR)
"""The nominal year's first instant, and the nominal day's."""
LEAP_DAY_NS, MARCH_NS = year_start_ns(NOMINAL_YEAR, 2, 29), year_start_ns(NOMINAL_YEAR, 3)


def year_and_nominal(wall_ns: int) -> tuple[int, int]:
    """The year of a wall-clock time, and the same month, day and time in the nominal year."""
    year = (_EPOCH + timedelta(seconds=wall_ns // SECOND_NS)).year
    nominal = wall_ns - year_start_ns(year) + NOMINAL_NS
    return year, nominal + DAY_NS if nominal >= LEAP_DAY_NS and not isleap(year) else nominal


def in_year(nominal_ns: int, year: int) -> int | None:
    """A nominal time in a real year; None if it is a 29 February that year does not have."""
    if isleap(year) or nominal_ns < LEAP_DAY_NS:
        return nominal_ns - NOMINAL_NS + year_start_ns(year)
    return nominal_ns - NOMINAL_NS - DAY_NS + year_start_ns(year) if nominal_ns >= MARCH_NS else None


def day_and_nominal(wall_ns: int) -> tuple[int, int]:
    """The day number of a wall-clock time (0: 1970-01-01), and the same time on the nominal day 2000-01-01."""
    day, time = divmod(wall_ns, DAY_NS)
    return day, NOMINAL_NS + time


def to_years(nominal_ns: npt.NDArray[np.int64], years: npt.NDArray[np.int64]) -> tuple[np.ndarray, np.ndarray]:
    """Nominal times in real years.

    Args:
        nominal_ns: int64 (n,): times in the nominal year.
        years: int64 (n,): within ``FIRST_YEAR`` and ``END_YEAR``.

    Returns:
        int64 (n,): wall-clock times; bool (n,): it is a 29 February in a year that has none, and stands on 1 March.
    """
    starts, leap = _year_table()
    index = years - FIRST_YEAR
    if len(index) and (index == index[0]).all():  # most blocks: one year for all is three times faster
        index = index[0]
    common = ~leap[index]
    march = nominal_ns >= MARCH_NS
    wall_ns = nominal_ns + (starts[index] - NOMINAL_NS)
    wall_ns -= (common & march) * DAY_NS
    return wall_ns, common & (nominal_ns >= LEAP_DAY_NS) & ~march


def from_years(wall_ns: npt.NDArray[np.int64]) -> tuple[np.ndarray, np.ndarray]:
    """Wall-clock times as years and nominal times, int64 (n,) each; the inverse of ``to_years``."""
    import numpy as np

    starts, leap = _year_table()
    index = np.searchsorted(starts, wall_ns, side="right") - 1
    nominal = wall_ns - starts[index] + NOMINAL_NS
    nominal += DAY_NS * (~leap[index] & (nominal >= LEAP_DAY_NS))
    return index + FIRST_YEAR, nominal


def near_leap_day(nominal_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Where the offset of a stamp matters to a move by years: bool (n,), two days around 29 February."""
    near: npt.NDArray[np.bool_] = (nominal_ns >= LEAP_DAY_NS - 2 * DAY_NS) & (nominal_ns < MARCH_NS + 2 * DAY_NS)
    return near


@lru_cache(maxsize=1)
def _year_table() -> tuple[np.ndarray, np.ndarray]:
    """First instant of each year from ``FIRST_YEAR`` to ``END_YEAR``, and whether it is a leap year."""
    import numpy as np

    years = range(FIRST_YEAR, END_YEAR + 1)
    return np.array([year_start_ns(year) for year in years], np.int64), np.array([isleap(year) for year in years], bool)
