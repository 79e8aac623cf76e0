"""Calendar arithmetic on whole columns, and the small tables it needs."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST_YEAR, END_YEAR = 1900, 2200
"""Years a stamp may have; others are no match."""
NOMINAL_YEAR = 2000
"""A leap year: where the year is unknown, 29 February must exist."""
EARLIEST_EPOCH_S, LATEST_EPOCH_S = 315_532_800, 4_102_444_800
"""1980 and 2100: plain numbers outside are not taken for Unix time."""
SECOND_NS = 1_000_000_000
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def pack_name(name: str) -> int:
    """Three letters as 15 bits, whatever their case: the index into the name tables."""
    first, second, third = (ord(letter) & 31 for letter in name)
    return first << 10 | second << 5 | third


@lru_cache(maxsize=1)
def month_table() -> np.ndarray:
    """uint8 (32768,): packed month name to 1..12, 0 for other letters."""
    return _name_table(MONTHS)


@lru_cache(maxsize=1)
def weekday_table() -> np.ndarray:
    """uint8 (32768,): packed weekday name to 1..7, 0 for other letters."""
    return _name_table(WEEKDAYS)


def _name_table(names: tuple[str, ...]) -> np.ndarray:
    import numpy as np

    table = np.zeros(1 << 15, np.uint8)
    for number, name in enumerate(names, 1):
        table[pack_name(name)] = number
    return table


@lru_cache(maxsize=1)
def _month_starts() -> np.ndarray:
    """int32 (years * 12 + 1,): days from 1970-01-01 to the first of each month from ``FIRST_YEAR`` on."""
    import numpy as np

    days = [date(year, month, 1).toordinal() - _EPOCH_ORDINAL for year in range(FIRST_YEAR, END_YEAR) for month in
            range(1, 13)]  # fmt: skip
    return np.array([*days, date(END_YEAR, 1, 1).toordinal() - _EPOCH_ORDINAL], np.int32)


def days_of_dates(year: np.ndarray | int, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970-01-01 of calendar dates, and which of them exist.

    Args:
        year: int32 (n,), or one year for all.
        month: (n,) unsigned.
        day: (n,) unsigned.

    Returns:
        int32 (n,) days, of no meaning where the date does not exist; bool (n,) whether it does.
    """
    import numpy as np

    starts = _month_starts()
    index = (np.asarray(year, np.int32) - FIRST_YEAR) * 12 + month.astype(np.int32) - 1
    ok = (month >= 1) & (month <= 12) & (index >= 0) & (index < len(starts) - 1)
    index = np.where(ok, index, 0)
    first = starts[index]
    ok &= (day >= 1) & (day.astype(np.int32) <= starts[index + 1] - first)
    return first + day.astype(np.int32) - 1, ok


def days_of_ordinals(year: np.ndarray, day_of_year: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``days_of_dates`` for year and day of the year (ISO 8601 ordinal date)."""
    import numpy as np

    ones = np.ones(len(day_of_year), np.uint8)
    first, ok = days_of_dates(year, ones, ones)
    end, _ = days_of_dates(np.minimum(year, END_YEAR - 2) + 1, ones, ones)
    length = np.where(year >= END_YEAR - 1, 365, end - first)
    ok &= (day_of_year >= 1) & (day_of_year <= length)
    return first + day_of_year.astype(np.int32) - 1, ok


def days_of_weeks(year: np.ndarray, week: np.ndarray, weekday: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As ``days_of_dates`` for an ISO 8601 week date: year, week 1..53, weekday 1..7 (Monday is 1)."""
    import numpy as np

    january = np.ones(len(week), np.uint8)
    fourth, ok = days_of_dates(year, january, january * 4)
    # Week 1 holds 4 January; 1970-01-01 was a Thursday.
    monday = fourth - (fourth + 3) % 7
    next_fourth, _ = days_of_dates(np.minimum(year, END_YEAR - 2) + 1, january, january * 4)
    weeks = np.where(year >= END_YEAR - 1, 52, (next_fourth - (next_fourth + 3) % 7 - monday) // 7)
    ok &= (week >= 1) & (week <= weeks) & (weekday >= 1) & (weekday <= 7)
    return monday + (week.astype(np.int32) - 1) * 7 + weekday.astype(np.int32) - 1, ok
