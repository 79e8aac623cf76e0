"""From the bytes of a layout to wall-clock times, on whole columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps import calendar
from twsla.formats.timestamps.calendar import EARLIEST_EPOCH_S, LATEST_EPOCH_S, NOMINAL_YEAR, SECOND_NS
from twsla.formats.timestamps.layouts import hex_table, name_index, number
from twsla.formats.timestamps.model import NO_OFFSET
from twsla.model.zones import ABBREVIATIONS

if TYPE_CHECKING:
    import numpy as np

    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.layouts import Layout

_ERAS = {name: before for names, before in (("令和 ㋿ R", 2018), ("平成 ㍻ H", 1988), ("昭和 ㍼ S", 1925))
         for name in names.split()}  # fmt: skip
_AFTERNOON = frozenset(("pm", "午後", "下午", "오후"))
_FILETIME_EPOCH = 116_444_736_000_000_000
"""1970-01-01 in units of 100 ns since 1601."""
_TAI_LABEL = 1 << 62
_TAI_AHEAD_S = 10
"""TAI64 labels as daemontools writes them: Unix time plus ten seconds, leap seconds not counted."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What n texts of one layout say; where not ``ok``, of no meaning."""

    ok: np.ndarray
    """bool (n,): the date and the time exist."""
    wall_ns: np.ndarray
    """int64 (n,)."""
    hour: np.ndarray | None
    """uint8 (n,) where an AM/PM behind the text may still change it."""
    offset_s: np.ndarray | int
    """int32 (n,), or one for all."""
    fraction: bool
    """Whether the text has a fraction."""
    needs_year: bool
    needs_date: bool


def read(layout: Layout, form: Form, order: str, matrix: np.ndarray) -> Moments:
    """Read rows that ``check`` accepted.

    Args:
        layout: Of all rows.
        form: The layout's.
        order: What n1, n2, n3 are: ``mdy``, ``dmy`` or ``ymd``.
        matrix: uint8 (n, >= layout.width).
    """
    fields = {group: (start, length) for group, start, length in layout.fields}
    if "epoch" in fields or "filetime" in fields or "tai" in fields or "giga" in fields:
        return _read_count(fields, form, matrix)
    if order:
        fields = _ordered(fields, order)
    civil = _Civil(dict(layout.texts), fields, matrix)
    return _read_clock(civil) if "hour" in fields else _read_zone(civil)


def _ordered(fields: dict[str, tuple[int, int]], order: str) -> dict[str, tuple[int, int]]:
    """Give n1, n2, n3 their names."""
    names = {"y": "yy", "m": "month", "d": "day"}
    letters = order if "n3" in fields else order.replace("y", "")
    numbered = {f"n{place}": names[letter] for place, letter in enumerate(letters, 1)}
    return {numbered.get(group, group): span for group, span in fields.items()}


def _read_count(fields: dict[str, tuple[int, int]], form: Form, matrix: np.ndarray) -> Moments:
    """Unix time in some unit, FILETIME, TAI64."""
    import numpy as np

    if "giga" in fields:
        _, length = fields["mantissa"]
        giga, mantissa = (number(matrix, *fields[name]).astype(np.int64) for name in ("giga", "mantissa"))
        wall = giga * 10**18 + mantissa * 10 ** (18 - length)
        ok = _plausible(wall // SECOND_NS)
    elif "tai" in fields:
        ok, wall = _read_tai(matrix, *fields["tai"])
    elif "filetime" in fields:
        ticks = number(matrix, *fields["filetime"]) - _FILETIME_EPOCH
        ok, wall = _plausible(ticks // 10_000_000), ticks * 100
    else:
        count = number(matrix, *fields["epoch"]).astype(np.int64)
        ok = _plausible(count // form.unit)
        wall = np.where(ok, count, 0) * (SECOND_NS // form.unit)
        if "nanos" in fields:
            wall += number(matrix, *fields["nanos"]).astype(np.int64)
    fraction = form.unit > 1 or "epoch" not in fields or "nanos" in fields
    return Moments(ok, wall, None, 0, fraction, needs_year=False, needs_date=False)


def _plausible(seconds: np.ndarray) -> np.ndarray:
    return (seconds >= EARLIEST_EPOCH_S) & (seconds < LATEST_EPOCH_S)


def _read_tai(matrix: np.ndarray, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    digits = hex_table()[matrix[:, start : start + length]].astype(np.int64)
    label = np.zeros(len(matrix), np.int64)
    for column in range(16):
        label = label << 4 | digits[:, column]
    nanos = np.zeros(len(matrix), np.int64)
    for column in range(16, length):
        nanos = nanos << 4 | digits[:, column]
    seconds = label - _TAI_LABEL - _TAI_AHEAD_S
    ok = _plausible(seconds) & (nanos < SECOND_NS)
    return ok, np.where(ok, seconds, 0) * SECOND_NS + nanos


class _Civil:
    """Values of the groups of one layout, read when asked for."""

    def __init__(self, texts: dict[str, str], fields: dict[str, tuple[int, int]], matrix: np.ndarray) -> None:
        self.texts = texts
        self.fields = fields
        self.matrix = matrix

    def __contains__(self, group: str) -> bool:
        return group in self.fields

    def number(self, group: str) -> np.ndarray:
        return number(self.matrix, *self.fields[group])

    def year(self) -> np.ndarray | int:
        import numpy as np

        if "year" in self:
            return self.number("year")
        if "yy" in self:
            short = self.number("yy").astype(np.int32)
            return short + np.where(short < 69, 2000, 1900).astype(np.int32)
        if "era" in self.texts:
            before = _ERAS[self.texts["era"]]
            return before + (self.number("eyear").astype(np.int32) if "eyear" in self else 1)
        return NOMINAL_YEAR

    def days(self) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        year = self.year()
        if "doy" in self:
            return calendar.days_of_ordinals(np.asarray(year), self.number("doy"))
        if "week" in self:
            return calendar.days_of_weeks(np.asarray(year), self.number("week"), self.number("isowday"))
        if "mon" in self:
            month = calendar.month_table()[name_index(self.matrix, self.fields["mon"][0])]
        else:
            month = self.number("month")
        return calendar.days_of_dates(year, month, self.number("day"))

    def has_date(self) -> bool:
        return "day" in self or "doy" in self or "week" in self

    def has_year(self) -> bool:
        return "year" in self or "yy" in self or "era" in self.texts

    def zero(self, group: str) -> np.ndarray:
        import numpy as np

        return self.number(group) if group in self else np.zeros(len(self.matrix), np.uint8)


def _read_clock(civil: _Civil) -> Moments:
    import numpy as np

    hour, minute, second = civil.number("hour"), civil.zero("minute"), civil.zero("second")
    ok = (hour <= 23) & (minute <= 59) & (second <= 60)
    if civil.has_date():
        # ISO 8601: the end of a day.
        ok |= (hour == 24) & (minute == 0) & (second == 0)
        days, exists = civil.days()
        ok &= exists
    else:
        days = np.full(len(hour), _nominal_day(), np.int32)
    seconds = hour.astype(np.int32) * 3600 + minute.astype(np.int32) * 60 + second
    wall = (days.astype(np.int64) * 86_400 + seconds) * SECOND_NS
    ampm = civil.texts.get("ampm")
    if ampm is not None:
        wall += half_days(hour, np.full(len(hour), 2 if ampm.lower().replace(".", "") in _AFTERNOON else 1, np.uint8))
    if "fraction" in civil:
        _, length = civil.fields["fraction"]
        wall += civil.number("fraction").astype(np.int64) * 10 ** (9 - length)
    elif "ms" in civil:
        wall += civil.number("ms").astype(np.int64) * 1_000_000
    return Moments(
        ok,
        wall,
        hour if ampm is None else None,
        _offset(civil),
        "fraction" in civil or "ms" in civil,
        needs_year=civil.has_date() and not civil.has_year(),
        needs_date=not civil.has_date(),
    )


def _read_zone(civil: _Civil) -> Moments:
    """A zone in a field of its own, without a time."""
    import numpy as np

    offset = np.asarray(_offset(civil), np.int32)
    nothing = np.zeros(len(civil.matrix), np.int64)
    # A zone by name has no offset of its own: that depends on the date beside it.
    ok = np.ones(len(nothing), bool) if "iana" in civil.texts else np.broadcast_to(offset != NO_OFFSET, nothing.shape)
    return Moments(ok, nothing, None, offset, False, needs_year=False, needs_date=False)


@lru_cache(maxsize=1)
def _nominal_day() -> int:
    import numpy as np

    one = np.ones(1, np.uint8)
    return int(calendar.days_of_dates(NOMINAL_YEAR, one, one)[0][0])


def half_days(hour: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Nanoseconds to add, int64 (n,), for AM (``half`` 1) and PM (2); a clock of 24 hours stays as it is."""
    import numpy as np

    later = (half == 2) & (hour < 12)
    earlier = (half == 1) & (hour == 12)
    more: np.ndarray = (later.astype(np.int64) - earlier) * (43_200 * SECOND_NS)
    return more


def _offset(civil: _Civil) -> np.ndarray | int:
    import numpy as np

    if "offset" in civil:
        start, length = civil.fields["offset"]
        hours = number(civil.matrix, start + 1, 2)
        minutes = number(civil.matrix, start + length - 2, 2) if length > 3 else np.zeros(len(hours), np.uint8)
        east = hours.astype(np.int32) * 60 + minutes
        bad = (hours > 14) | (minutes > 59)
        return signed_minutes(civil.matrix[:, start], east, bad)
    if "hours" in civil:
        start, length = civil.fields["hours"]
        hours = number(civil.matrix, start + 1, length - 1).astype(np.int32)
        return signed_minutes(civil.matrix[:, start], hours * 60, hours > 14)
    for group in ("offmin", "bias"):
        if group in civil:
            start, length = civil.fields[group]
            minutes = number(civil.matrix, start + 1, length - 1).astype(np.int32)
            east = signed_minutes(civil.matrix[:, start], minutes, minutes > 14 * 60)
            return np.where((east == NO_OFFSET) | (group == "offmin"), east, -east).astype(np.int32)
    if "utc" in civil.texts:
        return 0
    return ABBREVIATIONS.get(civil.texts.get("zone", ""), NO_OFFSET)


def signed_minutes(sign: np.ndarray, minutes: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Seconds east, int32 (n,), of a sign byte and minutes; ``NO_OFFSET`` where ``bad``: then it was no offset."""
    import numpy as np

    seconds = minutes.astype(np.int32) * 60
    return np.where(bad, NO_OFFSET, np.where(sign == ord("-"), -seconds, seconds)).astype(np.int32)
