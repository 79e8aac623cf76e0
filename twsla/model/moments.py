"""Reads one moment as people write it: ``2024/1/2 10:30``, ``2pm yesterday``, ``1700000000``, ``2024年1月1日``.

A moment without a zone is on the clock of the zone asked for. Where that clock shows a time twice the earlier instant
is meant (the later one where a range ends there), and a time it skips is as far after the change as it pretends to be:
the same rule that stamps without a zone are read by.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twsla.errors import UsageError
from twsla.model.durations import NS_PER_S, match_period

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MIN_NS: Final = -(2**63) + 2
MAX_NS: Final = 2**63 - 2
"""What an int64 of nanoseconds holds, less the values that stand for "not a time" and the two infinities."""

_MONTH_NAMES: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAY_NAMES: Final = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAY_KANJI: Final = "月火水木金土日"
_WORDS: Final = {"today": 0, "今日": 0, "yesterday": -1, "昨日": -1, "tomorrow": 1, "明日": 1}
_MONTH: Final = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY: Final = (
    r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)
_DAY_WORD: Final = re.compile(
    rf"(?P<last>last )?(?:(?P<weekday>{_WEEKDAY})|(?P<kanji>[{_WEEKDAY_KANJI}])曜日?)", re.IGNORECASE
)
_LEADING_WEEKDAY: Final = re.compile(rf"(?:{_WEEKDAY})\.?,? (?=\S)|\([{_WEEKDAY_KANJI}]\)", re.IGNORECASE)
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
        r"(?P<y>\d{4})年(?: ?(?P<m>\d{1,2})月(?: ?(?P<d>\d{1,2})日)?)?",
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})",
        r"(?P<y>\d{4})",
        rf"{_MONTH} (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? ?(?<!\d)(?P<y>\d{{4}})",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?([ /-]){_MONTH}\2(?P<y>\d{{4}})",
        rf"(?P<y>\d{{4}})[ -]{_MONTH}[ -](?P<d>\d{{1,2}})",
    )
)
_TWO_NUMBERS_FIRST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_NO_YEAR: Final = re.compile(
    rf"(?:\d{{1,2}}[ -])?{_MONTH}(?: \d{{1,2}})?|\d{{1,2}}月\d{{1,2}}日|\d{{1,2}}[-/.]\d{{1,2}}",
    re.IGNORECASE | re.ASCII,
)
_FRACTION: Final = r"(?:\.(?P<fraction>\d{1,9})|,(?P<comma>(?:\d{3}){1,3}))?(?!\d)"
_ZONE: Final = (
    r"(?P<zone>\s?(?P<sign>[+-])(?P<zh>0\d|1[0-4])(?P<zc>:?)(?P<zm>[0-5]\d)?(?![\d:/.-])|\s?Z\b"
    r"|\s[A-Z]{2,5}\b|\s[A-Z][A-Za-z_]+/[A-Za-z_/+-]+)?"
)
_TIMES: Final = tuple(
    re.compile(pattern, flags | re.ASCII)
    for pattern, flags in (
        (
            (
                rf"(?:^|(?P<t>T)|[\s:日]) *(?P<h>\d{{1,2}}):(?P<mi>\d{{2}})(?::(?P<s>\d{{2}}){_FRACTION})?"
                rf"(?:\s?(?P<half>[AaPp])\.?[Mm]\b\.?)?{_ZONE}"
            ),
            0,
        ),
        (rf"(?P<t>T)(?P<h>\d{{2}})(?P<mi>\d{{2}})(?:(?P<s>\d{{2}}){_FRACTION})?(?!\d){_ZONE}", 0),
        (r"(?:^|(?<=\s))(?P<h>\d{1,2})\s?(?P<half>[ap])\.?m\b\.?", re.IGNORECASE),
        (r"(?P<half>午前|午後)?(?P<h>\d{1,2})時(?!間)(?:(?P<mi>\d{1,2})分(?:(?P<s>\d{1,2})秒)?)?", 0),
        (r"\b(?P<word>noon|midnight)\b", re.IGNORECASE),
    )
)
_COMPACT: Final = re.compile(r"(\d{8})(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{4})?", re.ASCII)
_EPOCHS: Final = re.compile(r"@?(?P<whole>\d{10}|\d{13}|\d{16}|\d{19})(?:\.(?P<fraction>\d{1,9}))?", re.ASCII)
_DATE_ZONE: Final = re.compile(r"(?P<rest>.*\d)(?:\s?Z|\s(?P<name>[A-Z]{2,5}|[A-Z][A-Za-z_]+/[A-Za-z_/+-]+))", re.ASCII)
_FIXED_ZONE: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?", re.ASCII)
_AGO: Final = re.compile(r"(?P<period>.+?)(?: ago|前)", re.IGNORECASE)


class Unreadable(Exception):
    """The text is no moment in any form known."""


class Ambiguous(UsageError):
    """The text can be read in two ways; no further reading of it is tried."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What a moment is read against."""

    now_ns: int
    zone: tzinfo
    day: date | None = None
    """The day that a time of day without one belongs to; None: today."""

    def today(self) -> date:
        """The day it is in the zone."""
        return instant(self.now_ns).astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as it was written: a wall time with the zone it is in."""

    day: date
    clock_time: time
    sub_ns: int
    """Nanoseconds below the second."""
    zone: tzinfo
    is_day: bool = False
    """It was a word for a day (``yesterday``, ``monday``): it lasts until the next."""

    def start_ns(self) -> int:
        """The instant; the earlier one of two."""
        return self._at(self.day, fold=0)

    def end_ns(self) -> int:
        """The instant; the later one of two, so that a range that ends here leaves neither out."""
        first, second = self._at(self.day, fold=0), self._at(self.day, fold=1)
        return max(first, second)

    def last_ns(self) -> int:
        """The last nanosecond of the day."""
        return self._at(self.day + timedelta(days=1), fold=0) - 1

    def _at(self, day: date, *, fold: int) -> int:
        if not 1600 < day.year < 2300:  # where datetime itself has not yet met its limits
            return in_range(MAX_NS + 1, str(day))
        wall = datetime.combine(day, self.clock_time, self.zone).replace(fold=fold)
        return in_range((wall - _EPOCH) // timedelta(seconds=1) * NS_PER_S + self.sub_ns, str(day))


def instant(ts_ns: int) -> datetime:
    """``ts_ns`` cut to the second, as a datetime in UTC."""
    return _EPOCH + timedelta(seconds=ts_ns // NS_PER_S)


def in_range(ts_ns: int, text: str) -> int:
    """``ts_ns`` itself; raises UsageError where nanoseconds since 1970 cannot express it."""
    if MIN_NS <= ts_ns <= MAX_NS:
        return ts_ns
    raise UsageError(f"the time {text} is outside 1677-09-22 to 2262-04-11", hint="leave that end of the range open")


def find_zone(name: str) -> tzinfo:
    """The rules of a zone: IANA name, ``UTC`` or an offset such as ``+09:00``; UsageError if there is none."""
    if name.upper() in ("UTC", "Z", "GMT", "ETC/UTC"):
        return UTC
    fixed = _FIXED_ZONE.fullmatch(name)
    if fixed and int(fixed[2]) < 24:
        away = timedelta(hours=int(fixed[2]), minutes=int(fixed[3] or 0))
        return timezone(-away if fixed[1] == "-" else away)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"there is no time zone '{name}'", hint="use a name such as Asia/Tokyo, or +09:00") from error


def normalised(text: str) -> str:
    """Full-width digits, letters and punctuation as ASCII; blanks as one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def read_moment(text: str, clock: Clock) -> Moment:
    """The moment ``text`` (normalised) names.

    Raises:
        Unreadable: It is in no form known.
        UsageError: It is, but names no moment: 31 February, a date without its year.
        Ambiguous: It names two: 01/02/2024.
    """
    special = _read_special(text, clock)
    if special is not None:
        return special
    for pattern in _TIMES:
        found = pattern.search(text)
        if found and (moment := _with_time(text, found, clock)) is not None:
            return moment
    rest, zone = _split_zone(text, clock)
    day, is_word = _read_day(rest, clock)
    return Moment(day, time(), 0, zone, is_day=is_word)


def _read_special(text: str, clock: Clock) -> Moment | None:
    """Now, so long ago, digits alone."""
    if text.lower() in ("now", "今"):
        return _moment_of(clock.now_ns)
    if (ago := _AGO.fullmatch(text)) and (period := match_period(ago["period"])) is not None:
        return _moment_of(in_range(clock.now_ns - abs(period), text))
    if epoch := _EPOCHS.fullmatch(text):
        scale = NS_PER_S // 1000 ** ((len(epoch["whole"]) - 10) // 3)
        below = epoch["fraction"] or ""
        ts_ns = int(epoch["whole"]) * scale + int(below or "0") * scale // 10 ** len(below)
        return _moment_of(in_range(ts_ns, text))
    if (compact := _COMPACT.fullmatch(text)) and len(text) != 13:
        day, hour, minute, second, zone = compact.groups()
        at = _time_of(int(hour), int(minute), int(second or 0), text)
        return Moment(_read_day(day, clock)[0], at, 0, find_zone(zone) if zone else clock.zone)
    return None


def _moment_of(ts_ns: int) -> Moment:
    # In UTC, so that it stays this instant where the zone's clock shows it twice.
    wall = instant(ts_ns)
    return Moment(wall.date(), wall.time(), ts_ns % NS_PER_S, UTC)


def _with_time(text: str, found: re.Match[str], clock: Clock) -> Moment | None:
    """The moment of a text with a time of day in it; None if what stands around the time is no day."""
    parts = found.groupdict()
    rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
    if parts.get("sign") and not rest and not parts.get("s"):
        return None  # 10:00-11:00: two times, not one with a zone
    zone = _written_zone((parts.get("zone") or "").strip(), clock) or clock.zone
    try:
        day = _read_day(" ".join(rest.split()), clock)[0] if rest else (clock.day or clock.today())
    except Unreadable:
        return None
    if parts.get("sign") == "-" and parts.get("zc") and not parts.get("s") and not parts.get("t"):
        raise Ambiguous(
            f"'{text}' may end in a time or in a zone",
            hint=f"write '{text[: found.start('zone')]},{parts['zh']}:{parts['zm']}' for a range, seconds for a zone",
        )
    below = int((parts.get("fraction") or parts.get("comma") or "0").ljust(9, "0"))
    if parts.get("h") == "24" and not (int(parts["mi"] or 0) or int(parts["s"] or 0) or below or parts["half"]):
        return Moment(day + timedelta(days=1), time(), 0, zone)  # ISO 8601: the end of the day
    return Moment(day, _clock_time(parts, text), below, zone)


def _clock_time(parts: dict[str, str | None], text: str) -> time:
    if parts.get("word"):
        return time(12 if str(parts["word"]).lower() == "noon" else 0)
    hour, minute, second = (int(parts.get(name) or 0) for name in ("h", "mi", "s"))
    half = (parts.get("half") or "").lower()
    if half:
        if not (0 if half in ("午前", "午後") else 1) <= hour <= 12:
            raise UsageError(f"'{text}' names no time of day: {hour} with am or pm", hint="write 2pm or 14:00")
        hour = hour % 12 + (12 if half in ("p", "午後") else 0)
    return _time_of(hour, minute, second, text)


def _time_of(hour: int, minute: int, second: int, text: str) -> time:
    try:
        return time(hour, minute, second)
    except ValueError as error:
        raise UsageError(
            f"'{text}' names no time of day: {hour}:{minute:02d}:{second:02d}", hint="hours are 0 to 23"
        ) from error


def _split_zone(text: str, clock: Clock) -> tuple[str, tzinfo]:
    found = _DATE_ZONE.fullmatch(text)
    if not found:
        return text, clock.zone
    zone = _written_zone(found["name"] or "Z", clock)
    return (found["rest"], zone) if zone else (text, clock.zone)


def _written_zone(name: str, clock: Clock) -> tzinfo | None:
    """The zone written behind a time; None if there is none. An abbreviation of the zone asked for means that zone."""
    if not name:
        return None
    if name[0] in "+-" or "/" in name or name in ("Z", "UTC", "GMT"):
        return find_zone(name)
    year = instant(clock.now_ns).year
    for month in (1, 7):
        local = datetime(year, month, 1, tzinfo=clock.zone)
        if local.tzname() == name:
            return timezone(local.utcoffset() or timedelta())
    from twsla.model.zones import ABBREVIATIONS

    if name in ABBREVIATIONS:
        return timezone(timedelta(seconds=ABBREVIATIONS[name]))
    if name in ("AM", "PM"):
        return None
    raise UsageError(f"'{name}' is not a time zone known here", hint="write an offset such as +09:00, or Asia/Tokyo")


def _read_day(text: str, clock: Clock) -> tuple[date, bool]:
    """The day, and whether it was a word for one."""
    word = text.lower()
    if word in _WORDS:
        return clock.today() + timedelta(days=_WORDS[word]), True
    if named := _DAY_WORD.fullmatch(text):
        return _recent_weekday(named, clock.today()), True
    text = _LEADING_WEEKDAY.sub("", text, count=1).strip()
    for pattern in _DATES:
        if found := pattern.fullmatch(text):
            return _date_of(found.groupdict(), text), False
    if numbers := _TWO_NUMBERS_FIRST.fullmatch(text):
        return _either_order(int(numbers[1]), int(numbers[3]), int(numbers[4]), text), False
    if _NO_YEAR.fullmatch(text):
        raise UsageError(f"the date '{text}' names no year", hint="write the year as well: 2024-01-31")
    raise Unreadable(text)


def _recent_weekday(named: re.Match[str], today: date) -> date:
    if named["kanji"]:
        wanted = _WEEKDAY_KANJI.index(named["kanji"])
    else:
        wanted = _WEEKDAY_NAMES.index(named["weekday"][:3].lower())
    back = (today.weekday() - wanted) % 7
    return today - timedelta(days=back or (7 if named["last"] else 0))


def _date_of(parts: dict[str, str | None], text: str) -> date:
    month = parts.get("month")
    number = _MONTH_NAMES.index(month[:3].lower()) + 1 if month else int(parts.get("m") or 1)
    return _calendar(int(parts["y"] or 0), number, int(parts.get("d") or 1), text)


def _calendar(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise UsageError(f"there is no day '{text}': {error}", hint="write year, month, day: 2024-01-31") from error


def _either_order(first: int, second: int, year: int, text: str) -> date:
    """Month and day, or day and month, where only one of them can be."""
    if first <= 12 and second <= 12 and first != second:
        forms = [_calendar(year, *pair, text).isoformat() for pair in ((first, second), (second, first))]
        raise Ambiguous(
            f"the date '{text}' can be read in two ways", hint=f"write {forms[0]} or {forms[1]}: year, month, day"
        )
    month, day = (first, second) if first <= 12 else (second, first)
    return _calendar(year, month, day, text)
