"""Instants as RFC 3339 text, starting from the integer: one at a time, or a whole Arrow array.

The text of an instant is ``YYYY-MM-DDThh:mm:ss``, then a fraction of 3, 6 or 9 digits (the fewest that lose nothing;
none for a whole second), then ``Z`` for UTC or the numeric offset of the chosen zone. Where a zone's offset has seconds
(local mean time before about 1920) RFC 3339 cannot say so: the offset is rounded down to the minute, and the clock time
is that of the rounded offset, so that the instant stays exact. Years outside 0000-9999 get the sign and five or more
digits of ISO 8601's expanded form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Int64s = NDArray[np.int64]

NS_PER_S = 1_000_000_000
DAY_S = 86_400
_UNITS_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": NS_PER_S}
_FOUR_DIGIT_YEARS_S = (-62_167_219_200, 253_402_300_799)
"""First second of year 0000 and last of 9999."""
_ZONE_RULES_S = (-62_072_000_000, 253_310_000_000)
"""Seconds that a datetime can hold in every zone; before and after, the offset at these is used."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")


@lru_cache(maxsize=64)
def find_zone(name: str) -> tzinfo:
    """The rules of a zone: an IANA name, ``UTC``, an offset such as ``+09:00``, or what else ``check_zone`` takes.

    Raises:
        UsageError: no such zone.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name.upper() in ("UTC", "Z", "ETC/UTC"):
        return UTC
    fixed = _FIXED.fullmatch(name)
    if fixed and int(fixed[2]) < 24 and int(fixed[3] or 0) < 60:
        away = timedelta(hours=int(fixed[2]), minutes=int(fixed[3] or 0))
        return timezone(-away if fixed[1] == "-" else away)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        from twsla.model.zones import check_zone

        canonical = check_zone(name)
        if canonical == name:
            raise UsageError(f"the data of time zone '{name}' cannot be read", hint="pip install tzdata") from error
        return find_zone(canonical)


def offset_at(second: int, zone: tzinfo) -> int:
    """Seconds east of UTC at ``second`` since 1970 UTC, rounded down to a whole minute."""
    first, last = _ZONE_RULES_S
    moment = _EPOCH + timedelta(seconds=min(max(second, first), last))
    away = moment.astimezone(zone).utcoffset()
    return 0 if away is None else int(away.total_seconds()) // 60 * 60


@lru_cache(maxsize=1 << 16)
def _offset_at_day(day: int, zone: tzinfo) -> int:
    return offset_at(day * DAY_S, zone)


def offset_text(offset_s: int) -> str:
    """``+09:00`` for 32400."""
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"{'-' if offset_s < 0 else '+'}{hours:02d}:{minutes:02d}"


def clock_text(local_s: int, sub_ns: int) -> str:
    """Date and time of day, without a zone, of ``local_s`` seconds since 1970 on the local clock plus ``sub_ns``."""
    days, second = divmod(local_s, DAY_S)
    year, month, day = _civil(days)
    name = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+06d}"
    fraction = ""
    if sub_ns:
        fraction = f".{sub_ns:09d}"
        fraction = fraction[:4] if sub_ns % 1_000_000 == 0 else fraction[:7] if sub_ns % 1_000 == 0 else fraction
    return f"{name}-{month:02d}-{day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{fraction}"


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month, day of a day number counted from 1970-01-01, in the proleptic Gregorian calendar.

    Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    """
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return (
        year_of_era + era * 400 + (1 if month <= 2 else 0),
        month,
        day_of_year - (153 * shifted_month + 2) // 5 + 1,
    )


def time_text(ts_ns: int, zone: str = "UTC") -> str:
    """The text of one instant, ``ts_ns`` nanoseconds since 1970-01-01T00:00:00Z."""
    second, sub_ns = divmod(ts_ns, NS_PER_S)
    return _zoned_text(second, sub_ns, find_zone(zone))


def _zoned_text(second: int, sub_ns: int, rules: tzinfo) -> str:
    if rules is UTC:
        return clock_text(second, sub_ns) + "Z"
    away = offset_at(second, rules)
    return clock_text(second + away, sub_ns) + offset_text(away)


def time_texts(array: pa.Array, zone: str | None = "UTC") -> pa.Array:
    """The texts of a timestamp array of any unit; null becomes the empty text.

    Args:
        array: ``timestamp`` of unit s, ms, us or ns, counted from 1970 UTC.
        zone: Zone to show; None for clock times that have no zone: they are printed as they are, without a suffix.

    Returns:
        ``large_string`` of the same length, without nulls.
    """
    import numpy as np
    import pyarrow as pa

    per_s = _UNITS_PER_S[array.type.unit]
    values: Int64s = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    second = values // per_s
    sub_ns = (values - second * per_s) * (NS_PER_S // per_s)
    shown = np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
    rules = None if zone is None else find_zone(zone)
    if not len(values) or _needs_long_years(second):
        return _one_by_one(second, sub_ns, shown, rules)
    if rules is None or rules is UTC:
        return _assemble(second, sub_ns, shown, suffix=b"" if rules is None else b"Z")
    away = offsets(second, rules)
    return _assemble(second + away, sub_ns, shown, suffix=_suffixes(away))


def clock_texts(array: pa.Array, zone: str, *, seconds: bool) -> pa.Array:
    """What the clock of a zone showed, ``2024/05/01 10:00``, as the original program writes it; null is empty.

    Seconds are left out where ``seconds`` is not asked for and they are 0. When a clock is put back it shows the same
    time twice: the second of the two has its offset behind it, ``2024/10/27 02:00 +01:00``.

    Args:
        array: ``timestamp[ns]``, counted from 1970 UTC.
        zone: Whose clock.
        seconds: Show them in any case.

    Returns:
        ``large_string`` of the same length, without nulls.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from twsla.model.zones import check_zone, to_utc, to_wall

    texts = time_texts(array, zone)
    texts = pc.replace_substring_regex(texts, r"^(.*)-(\d\d)-(\d\d)T", r"\1/\2/\3 ")
    if not seconds:
        texts = pc.replace_substring_regex(texts, r"^(\S+ \d\d:\d\d):00(Z|[+-]|$)", r"\1\2")
    name = check_zone(zone)
    values: Int64s = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    again = pa.array(np.asarray(to_utc(to_wall(values, name), name) != values))
    marked = pc.replace_substring_regex(texts, r"([+-]\d\d:\d\d)$", r" \1")
    return pc.if_else(again, marked, pc.replace_substring_regex(texts, r"(Z|[+-]\d\d:\d\d)$", ""))


def _needs_long_years(second: Int64s) -> bool:
    """Whether a year may leave 0000-9999, in any zone."""
    first, last = _FOUR_DIGIT_YEARS_S
    return bool(second.min() < first + DAY_S or second.max() > last - DAY_S)


def _one_by_one(second: Int64s, sub_ns: Int64s, shown: NDArray[np.bool_], rules: tzinfo | None) -> pa.Array:
    import pyarrow as pa

    texts = []
    for each_second, each_ns, each_shown in zip(second.tolist(), sub_ns.tolist(), shown.tolist(), strict=True):
        if not each_shown:
            texts.append("")
        elif rules is None:
            texts.append(clock_text(each_second, each_ns))
        else:
            texts.append(_zoned_text(each_second, each_ns, rules))
    return pa.array(texts, pa.large_string())


def offsets(second: Int64s, zone: tzinfo) -> Int64s:
    """Seconds east of UTC, whole minutes, at each of ``second``; asks the zone once per distinct day.

    A day at whose start and end the offsets differ is asked about each of its distinct seconds. (No zone of the IANA
    database leaves an offset and returns to it within one UTC day.)
    """
    import numpy as np

    days, row_day = np.unique(second // DAY_S, return_inverse=True)
    starts = np.array([_offset_at_day(day, zone) for day in days.tolist()], dtype=np.int64)
    ends = np.array([_offset_at_day(day + 1, zone) for day in days.tolist()], dtype=np.int64)
    found: Int64s = starts[row_day]
    if not np.array_equal(starts, ends):
        changing = np.flatnonzero((starts != ends)[row_day])
        distinct, row_second = np.unique(second[changing], return_inverse=True)
        found[changing] = np.array([offset_at(each, zone) for each in distinct.tolist()], dtype=np.int64)[row_second]
    return found


def _suffixes(away_s: Int64s) -> NDArray[np.uint8]:
    """``+hh:mm`` of each offset: uint8 (n, 6)."""
    import numpy as np

    distinct, row = np.unique(away_s, return_inverse=True)
    rows = [np.frombuffer(offset_text(each).encode(), np.uint8) for each in distinct.tolist()]
    return np.asarray(np.stack(rows)[row])


def _assemble(
    local_s: Int64s, sub_ns: Int64s, shown: NDArray[np.bool_], *, suffix: bytes | NDArray[np.uint8]
) -> pa.Array:
    """Write every cell at full width into one byte matrix, then squeeze out the fraction digits not needed.

    ``suffix`` is one for all cells, or uint8 (n, width of the suffix).
    """
    import numpy as np
    import pyarrow as pa

    n = len(local_s)
    digits = np.where(sub_ns % 1_000_000 == 0, np.where(sub_ns == 0, 0, 3), np.where(sub_ns % 1_000 == 0, 6, 9))
    fraction = int(digits.max())
    tail = len(suffix) if isinstance(suffix, bytes) else suffix.shape[1]
    head = 19 + (fraction + 1 if fraction else 0)
    cells = np.empty((n, head + tail), np.uint8)
    seconds_text = pa.array(local_s).view(pa.timestamp("s")).cast(pa.string())
    cells[:, :19] = np.frombuffer(seconds_text.buffers()[2], np.uint8, n * 19).reshape(n, 19)
    cells[:, 10] = ord("T")
    if fraction:
        cells[:, 19] = ord(".")
    for group in range(fraction // 3):
        cells[:, 20 + 3 * group : 23 + 3 * group] = _three_digits()[sub_ns // 1000 ** (2 - group) % 1000]
    if tail:
        cells[:, head:] = np.frombuffer(suffix, np.uint8) if isinstance(suffix, bytes) else suffix

    lengths = np.where(shown, 19 + digits + (digits > 0) + tail, 0)
    ends = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    if ends[-1] == cells.size:
        data = cells.reshape(-1)
    else:
        keep = np.ones(cells.shape, np.bool_)
        for at, group in enumerate(range(0, fraction, 3)):
            keep[:, (19 if at == 0 else 20 + group) : 23 + group] = (digits > group)[:, None]
        keep[~shown] = False
        data = cells[keep]
    return pa.LargeStringArray.from_buffers(n, pa.py_buffer(ends), pa.py_buffer(data))


@lru_cache(maxsize=1)
def _three_digits() -> NDArray[np.uint8]:
    """``000`` to ``999`` as bytes: uint8 (1000, 3)."""
    import numpy as np

    return np.frombuffer("".join(f"{i:03d}" for i in range(1000)).encode(), np.uint8).reshape(1000, 3)
