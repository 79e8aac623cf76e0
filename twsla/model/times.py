"""Time ranges (``-t``): from what people write to two instants, and instants and durations back to text.

    1h · 1d12h · 1.5h            the last so long, up to now (also -1h, last 1h)
    2024-01-31 · 2024/1/31 10:30 from then on, without an end
    START,END · START..END       both ends included; also START-END and START/END where only one reading is possible
    START,PERIOD · END,-PERIOD   so long from START; so long up to END (also PERIOD,END, and with .. between them)
    START, · ,END                open at one end; also since START, until END, since START until END
    today · yesterday · monday   that day, from its first to its last nanosecond
    10:30 · 2pm yesterday · now  a time without a day is today's; as an END, of the day START is on

A date alone is its midnight, as an END too: ``2024-01-01,2024-01-02`` ends with the first instant of 2 January. Other
forms of dates and times are those of ``twsla.model.moments``; periods are those of ``twsla.model.durations``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.durations import NS_PER_S, format_duration, match_period, parse_duration
from twsla.model.moments import (
    MAX_NS,
    MIN_NS,
    Ambiguous,
    Clock,
    Moment,
    Unreadable,
    find_zone,
    instant,
    normalised,
    read_moment,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "TimeRange",
    "auto_interval_s",
    "format_duration",
    "format_time",
    "parse_duration",
    "parse_time_range",
]

HINT: Final = (
    "write 1h (the last hour), 2024-01-31 10:30 (from then on), START,END, START,1d, END,-1d, START.., ..END, "
    "today, yesterday, last 2h, since START, until END"
)
_LONGEST: Final = 200
"""Characters; no range is longer, and trying every split of a long text would take time."""
_LAST: Final = re.compile(r"(?:the )?(?:last|past|過去|直近) ?(?P<period>.+)", re.IGNORECASE)
_LAST_ONE: Final = re.compile(r"(?:minute|hour)", re.IGNORECASE)
_SINCE_UNTIL: Final = re.compile(
    r"(?:(?:since|from|after) (?P<start>.+?))?(?: ?\b(?:until|till|to) (?P<end>.+))?", re.IGNORECASE
)
_WORD_SPLIT: Final = re.compile(r" to | until |から|~|〜|–|—", re.IGNORECASE)
_INTERVALS_S: Final = (60, 300, 600)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start_ns`` to ``end_ns``, nanoseconds since 1970-01-01T00:00:00Z, both included; None is open."""

    start_ns: int | None
    end_ns: int | None

    @property
    def is_everything(self) -> bool:
        """Both ends are open, so records without a time stamp belong to it as well."""
        return self.start_ns is None and self.end_ns is None


def parse_time_range(text: str, *, now_ns: int, zone: str) -> TimeRange:
    """The range ``text`` names.

    Args:
        text: See the module; empty means everything.
        now_ns: The present, nanoseconds since 1970-01-01T00:00:00Z.
        zone: Of moments that name none: an IANA name, ``UTC`` or ``+09:00``.

    Raises:
        UsageError: Some part cannot be read, can be read in two ways, or the end lies before the start.
    """
    plain = normalised(text)
    if not plain:
        return TimeRange(None, None)
    if len(plain) > _LONGEST:
        raise UsageError(f"the time range '{plain[:40]}…' is {len(plain)} characters long", hint=HINT)
    reader = _Reader(Clock(now_ns, find_zone(zone)))
    found = reader.read(plain)
    if found.start_ns is not None and found.end_ns is not None and found.end_ns < found.start_ns:
        raise UsageError(f"the time range '{plain}' ends before it starts", hint="write the earlier time first")
    return found


class _Reader:
    """Tries the forms one after the other, and remembers the best explanation of why none fits."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.complaint: UsageError | None = None

    def read(self, text: str) -> TimeRange:
        for form in (self._whole, self._comma, self._dots, self._since, self._words, self._dash, self._slash):
            found = form(text)
            if found is not None:
                return found
        if self.complaint is not None:
            raise self.complaint
        part = self._offender(text)
        whole = "" if part == text else f" of the time range '{text}'"
        raise UsageError(f"cannot read '{part}'{whole} as a time", hint=HINT)

    # --- forms -----------------------------------------------------------------------------------------------

    def _whole(self, text: str) -> TimeRange | None:
        now = self.clock.now_ns
        period = _last_period(text)
        if period is not None:
            return TimeRange(_clamp(now - abs(period)), now)
        moment = self._moment(text)
        if moment is None:
            return None
        return TimeRange(moment.start_ns(), moment.last_ns() if moment.is_day else None)

    def _comma(self, text: str) -> TimeRange | None:
        return self._first(text, re.finditer(",", text), self._pair)

    def _dots(self, text: str) -> TimeRange | None:
        return self._first(text, re.finditer(r"\.\.+|…", text), self._pair)

    def _words(self, text: str) -> TimeRange | None:
        return self._first(text, _WORD_SPLIT.finditer(text), self._moments)

    def _dash(self, text: str) -> TimeRange | None:
        return self._only(text, re.finditer("-", text))

    def _slash(self, text: str) -> TimeRange | None:
        return self._only(text, re.finditer("/", text))

    def _since(self, text: str) -> TimeRange | None:
        found = _SINCE_UNTIL.fullmatch(text)
        if found is None or not (found["start"] or found["end"]):
            return None
        start, end = found["start"] or "", found["end"] or ""
        if start and not end and (period := match_period(start)) is not None:
            return TimeRange(_clamp(self.clock.now_ns - abs(period)), None)
        return self._moments(start, end)

    # --- splitting -------------------------------------------------------------------------------------------

    def _first(
        self, text: str, at: Iterator[re.Match[str]], read: Callable[[str, str], TimeRange | None]
    ) -> TimeRange | None:
        """The first split of which both sides can be read."""
        for split in at:
            found = read(text[: split.start()].strip(), text[split.end() :].strip())
            if found is not None:
                return found
        return None

    def _only(self, text: str, at: Iterator[re.Match[str]]) -> TimeRange | None:
        """The one split of which both sides can be read; two such splits are a complaint."""
        found: dict[TimeRange, None] = {}
        for split in at:
            start, end = text[: split.start()].strip(), text[split.end() :].strip()
            each = self._moments(start, end) if start and end else None
            if each is not None:
                found[each] = None
        if len(found) > 1:
            raise UsageError(f"the time range '{text}' can be read in two ways", hint="write START,END")
        return next(iter(found), None)

    def _pair(self, start: str, end: str) -> TimeRange | None:
        """Two sides of a comma: moments or periods."""
        period = match_period(end)
        if period is not None:
            return self._with_period(start, period)
        period = match_period(start)
        if period is None:
            return self._moments(start, end)
        if not end:
            return TimeRange(_clamp(self.clock.now_ns - abs(period)), None)
        last = self._moment(end)
        return None if last is None else TimeRange(_clamp(last.end_ns() - abs(period)), last.end_ns())

    def _with_period(self, start: str, period: int) -> TimeRange | None:
        if not start:
            raise UsageError("the time range has a period but nothing to count it from", hint=HINT)
        moment = self._moment(start)
        if moment is None:
            return None
        if period < 0:
            return TimeRange(_clamp(moment.end_ns() + period), moment.end_ns())
        return TimeRange(moment.start_ns(), _clamp(moment.start_ns() + period))

    def _moments(self, start: str, end: str) -> TimeRange | None:
        """Two moments, one of them perhaps empty; a time of day as the end belongs to the day of the start."""
        if not start and not end:
            return None
        first = self._moment(start) if start else None
        if start and first is None:
            return None
        clock = self.clock if first is None else replace(self.clock, day=_local_day(first, self.clock.zone))
        last = self._moment(end, clock) if end else None
        if end and last is None:
            return None
        return TimeRange(first.start_ns() if first else None, last.end_ns() if last else None)

    def _moment(self, text: str, clock: Clock | None = None) -> Moment | None:
        try:
            moment = read_moment(text, clock or self.clock)
            moment.start_ns()  # a moment outside the range of nanoseconds is a complaint here
        except Unreadable:
            return None
        except Ambiguous:
            raise
        except UsageError as error:
            self.complaint = self.complaint or error
            return None
        return moment

    def _offender(self, text: str) -> str:
        """The part to name in the error: the first side of the most likely split that cannot be read."""
        split = re.search(r",|\.\.+", text)
        if split is None:
            return text
        for part in (text[: split.start()].strip(), text[split.end() :].strip()):
            if part and match_period(part) is None and self._moment(part) is None:
                return part
        return text


def _last_period(text: str) -> int | None:
    last = _LAST.fullmatch(text)
    if last is None:
        return match_period(text)
    return match_period(f"1{last['period']}" if _LAST_ONE.fullmatch(last["period"]) else last["period"])


def _local_day(moment: Moment, zone: tzinfo) -> date:
    return instant(moment.start_ns()).astimezone(zone).date() if moment.zone is UTC else moment.day


def _clamp(ts_ns: int) -> int:
    """A period may reach further than nanoseconds can count; no record lies beyond."""
    return min(max(ts_ns, MIN_NS), MAX_NS)


def auto_interval_s(time_range: TimeRange) -> int:
    """Seconds of the counting interval for a range: of 60, 300 and 600 the first that gives under 1,000; else 3600."""
    if time_range.start_ns is None or time_range.end_ns is None:
        return 3600
    seconds = (time_range.end_ns - time_range.start_ns) // NS_PER_S
    return next((interval for interval in _INTERVALS_S if seconds // interval < 1000), 3600)


def format_time(ts_ns: int, zone: str, *, digits: int | None = None) -> str:
    """An instant as RFC 3339, from the integer alone.

    Args:
        ts_ns: Nanoseconds since 1970-01-01T00:00:00Z.
        zone: Whose clock to show; ``Z`` for UTC, else the offset. Where an offset has seconds (local mean time before
            about 1920) RFC 3339 cannot say so: it is rounded down to the minute and the clock time is that of the
            rounded offset, so that the instant stays exact.
        digits: Of the fraction, the rest cut off; None: none, 3, 6 or 9, the fewest that lose nothing.
    """
    second, below = divmod(ts_ns, NS_PER_S)
    rules = find_zone(zone)
    utc = instant(ts_ns)
    suffix, offset_s = "Z", 0
    if rules is not UTC:
        away = utc.astimezone(rules).utcoffset()
        offset_s = 0 if away is None else int(away.total_seconds()) // 60 * 60
        hours, minutes = divmod(abs(offset_s) // 60, 60)
        suffix = f"{'-' if offset_s < 0 else '+'}{hours:02d}:{minutes:02d}"
    fraction = f"{below:09d}"
    if digits is None:
        digits = next(count for count in (0, 3, 6, 9) if not fraction[count:].strip("0"))
    local = instant((second + offset_s) * NS_PER_S)
    shown = f".{fraction[:digits]}" if digits else ""
    return f"{local:%Y-%m-%dT%H:%M:%S}{shown}{suffix}"
