"""Periods of time as text: ``1.5h``, ``1w2d``, ``90 min``, ``3時間``; nanoseconds inside, exact integers only."""

from __future__ import annotations

import re
from typing import Final

from twsla.errors import UsageError

NS_PER_S: Final = 1_000_000_000
DAY_NS: Final = 86_400 * NS_PER_S

UNITS_NS: Final[dict[str, int]] = {
    **dict.fromkeys(("ns",), 1),
    **dict.fromkeys(("us", "µs", "μs"), 1_000),
    **dict.fromkeys(("ms",), 1_000_000),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "秒", "秒間"), NS_PER_S),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分", "分間"), 60 * NS_PER_S),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "時間"), 3600 * NS_PER_S),
    **dict.fromkeys(("d", "day", "days", "日", "日間"), DAY_NS),
    **dict.fromkeys(("w", "week", "weeks", "週", "週間"), 7 * DAY_NS),
}
"""Units of time by all their names, in nanoseconds."""
_UNIT_RE: Final = "|".join(sorted(UNITS_NS, key=len, reverse=True))
_PART: Final = re.compile(rf"(\d+(?:\.\d*)?|\.\d+)\s*({_UNIT_RE})\s*", re.ASCII)
_PERIOD: Final = re.compile(rf"([+-]?)\s*((?:(?:\d+(?:\.\d*)?|\.\d+)\s*(?:{_UNIT_RE})\s*)+)", re.ASCII)
_LONGEST: Final = 200
"""Characters; a longer number would take the interpreter itself to its limits."""
DURATION_HINT: Final = "write a number and a unit: 90s, 1.5h, 1h30m, 7d, 2w (ns us ms s m h d w)"


def match_period(text: str) -> int | None:
    """The period ``text`` names in nanoseconds (negative with a leading ``-``), or None if it names none.

    A day is 24 hours and a week 7 of them, whatever a zone's clocks do. What is less than a nanosecond is cut off.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if re.fullmatch(r"[+-]?0+", text):
        return 0
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    total = sum(_part_ns(number, unit) for number, unit in _PART.findall(found[2]))
    return -total if found[1] == "-" else total


def _part_ns(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    scale = UNITS_NS[unit]
    parts: int = 10 ** len(fraction)
    return int(whole or "0") * scale + int(fraction or "0") * scale // parts


def parse_duration(text: str) -> int:
    """The duration ``text`` names, in nanoseconds; raises UsageError when it names none."""
    period = match_period(text)
    if period is None:
        raise UsageError(f"cannot read the duration {text!r}", hint=DURATION_HINT)
    return period


def format_duration(ns: int) -> str:
    """``ns`` as Go writes a duration: ``1h0m0s``, ``1.5s``, ``75.41ms``, ``0s``; reads back as the same number."""
    sign, rest = ("-", -ns) if ns < 0 else ("", ns)
    if rest == 0:
        return "0s"
    if rest < NS_PER_S:
        scale, unit = next(pair for pair in ((1_000_000, "ms"), (1_000, "µs"), (1, "ns")) if rest >= pair[0])
        return f"{sign}{_decimal(rest, scale)}{unit}"
    minutes, seconds_ns = divmod(rest, 60 * NS_PER_S)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds_ns, NS_PER_S)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    if hours:
        text = f"{hours}h{text}"
    return sign + text


def _decimal(value: int, scale: int) -> str:
    whole, rest = divmod(value, scale)
    fraction = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
