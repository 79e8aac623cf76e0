"""Where the ticks of an axis stand, and what is written at them: numbers, bytes, durations, times of day in a zone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.timetext import DAY_S, NS_PER_S, clock_text, find_zone, offset_at, offset_text
from twsla.render.values import duration_display

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MINUTE, _HOUR, _DAY = 60 * NS_PER_S, 3600 * NS_PER_S, DAY_S * NS_PER_S
_TIME_STEPS = (
    *(digit * 10**power for power in range(9) for digit in (1, 2, 5)),
    *(seconds * NS_PER_S for seconds in (1, 2, 5, 10, 15, 30)),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14)),
)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000)
_MONTH = 30 * _DAY
_FIRST_MONDAY = 4 * _DAY
"""1970-01-05."""
_DURATION_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"))
_BYTES = ((1e18, "EB"), (1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark on an axis."""

    at: float
    """Nanoseconds since 1970 UTC on an axis of times."""
    label: str
    below: str = ""
    """A second line: the date where it changes, the year where that changes."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with one offset from UTC."""

    start_s: int
    offset_s: int


def zone_spans(first_s: int, last_s: int, zone: str) -> list[Span]:
    """The offsets of a zone between two instants, in order; the first begins at ``first_s``."""
    rules = find_zone(zone)
    step = max(7 * DAY_S, (last_s - first_s) // 2000)
    spans = [Span(first_s, offset_at(first_s, rules))]
    at = first_s
    while at < last_s:
        low, at = at, min(at + step, last_s)
        away = offset_at(at, rules)
        if away == spans[-1].offset_s:
            continue
        high = at
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(middle, rules) == spans[-1].offset_s:
                low = middle
            else:
                high = middle
        spans.append(Span(high, away))
    return spans


def zone_label(first_ns: int, last_ns: int, zone: str) -> str:
    """The zone and its offsets between two instants: ``Europe/Berlin, UTC+01:00 and +02:00``."""
    if find_zone(zone) is UTC:
        return "UTC"
    spans = zone_spans(first_ns // NS_PER_S, last_ns // NS_PER_S, zone)
    offsets = list(dict.fromkeys(offset_text(span.offset_s) for span in spans))
    if offsets == [zone]:
        return f"UTC{zone}"
    return f"{zone}, UTC{' and '.join(offsets[:2])}{' and others' if len(offsets) > 2 else ''}"


def time_ticks(first_ns: int, last_ns: int, zone: str, most: int) -> list[Tick]:
    """At most about ``most`` ticks on round local times."""
    spans = zone_spans(first_ns // NS_PER_S, last_ns // NS_PER_S, zone)
    wanted = (last_ns - first_ns) / max(1, most)
    step = next((step for step in _TIME_STEPS if step >= wanted), 0)
    if step:
        places = list(_multiples(first_ns, last_ns, step, spans))
        return _dated(places, step) if step >= _DAY else _clocked(places, step)
    months = next((months for months in _MONTH_STEPS if months * _MONTH >= wanted), _MONTH_STEPS[-1])
    return [
        Tick(at, f"{day:%Y}" if months >= 12 else f"{day:%Y-%m}")
        for at, day in _months(first_ns, last_ns, months, spans)
    ]


def _multiples(first: int, last: int, step: int, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Each instant whose local time is a multiple of ``step``, and its offset, both in ns."""
    shift = _FIRST_MONDAY if step % (7 * _DAY) == 0 else 0
    for place, span in enumerate(spans):
        offset = span.offset_s * NS_PER_S
        low = max(first, span.start_s * NS_PER_S) if place else first
        high = last if place + 1 == len(spans) else min(last, spans[place + 1].start_s * NS_PER_S - 1)
        local = -((shift - (low + offset)) // step) * step + shift
        while local - offset <= high:
            yield local - offset, offset
            local += step


def _clocked(places: Sequence[tuple[int, int]], step: int) -> list[Tick]:
    """Times of day; below them the date where it changes, and the offset where that changes."""
    digits = 0 if step >= NS_PER_S else 9 - len(str(step)) + 1
    length = 5 if step >= _MINUTE else 8
    ticks = []
    day, away = "", None
    for at, offset in places:
        text = clock_text((at + offset) // NS_PER_S, 0)
        label = text[11 : 11 + length]
        if digits:
            label += f".{(at + offset) % NS_PER_S:09d}"[: digits + 1]
        below = [] if text[:10] == day else [text[:10]]
        if away is not None and offset != away:
            below.append(offset_text(offset // NS_PER_S))
        day, away = text[:10], offset
        ticks.append(Tick(at, label, " ".join(below)))
    return ticks


def _dated(places: Sequence[tuple[int, int]], step: int) -> list[Tick]:
    """Days; below them the year where it changes."""
    ticks, year = [], ""
    for at, offset in places:
        text = clock_text((at + offset) // NS_PER_S, 0)
        ticks.append(Tick(at, text[5:10], "" if text[:4] == year else text[:4]))
        year = text[:4]
    return ticks


def _months(first: int, last: int, step: int, spans: Sequence[Span]) -> Iterator[tuple[int, date]]:
    """The first midnight of each ``step``-th month."""
    epoch = date(1970, 1, 1)
    start = epoch + timedelta(days=(first // NS_PER_S + spans[0].offset_s) // DAY_S)
    number = -(-(start.year * 12 + start.month - 1) // step) * step
    while number // 12 <= 9999:
        day = date(number // 12, number % 12 + 1, 1)
        at = (day - epoch).days * DAY_S
        away = next(
            (span.offset_s for span in reversed(spans) if span.start_s + span.offset_s <= at), spans[0].offset_s
        )
        number += step
        if (at - away) * NS_PER_S > last:
            return
        if (at - away) * NS_PER_S >= first:
            yield (at - away) * NS_PER_S, day


def number_ticks(low: float, high: float, kind: Kind, most: int) -> list[Tick]:
    """At most about ``most`` ticks on round numbers from ``low`` to ``high``; of counts only whole ones."""
    step = _step(high - low, kind, most)
    if step <= 0 or not math.isfinite(step):
        return [Tick(low, number_label(low, 0, abs(low), kind))]
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first
    largest = max(abs(low), abs(high))
    # Where a step is hardly more than what a float can tell apart, two of them are one number.
    places = dict.fromkeys(round((first + place) * step, 12) for place in range(count + 1))
    return [Tick(at, number_label(at, step, largest, kind)) for at in places]


def _step(span: float, kind: Kind, most: int) -> float:
    wanted = span / max(1, most)
    if wanted <= 0 or not math.isfinite(wanted):
        return 0
    if kind is Kind.DURATION and wanted > 0.5:
        days = math.ceil(wanted / DAY_S)
        return next((float(step) for step in _DURATION_STEPS_S if step >= wanted), _round(days) * DAY_S)
    step = _round(wanted)
    return max(1.0, step) if kind in (Kind.COUNT, Kind.BYTES) else step


def _round(wanted: float) -> float:
    """The next of 1, 2, 5, 10, 20 …"""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next((digit * power for digit in (1, 2, 5) if digit * power >= wanted * (1 - 1e-9)), 10 * power)


def number_label(value: float, step: float, largest: float, kind: Kind) -> str:
    """A number at a tick, with as many decimals as the step needs; millions and more are shortened."""
    if kind is Kind.DURATION:
        return re.sub(r"(?<=[hm])0[ms]", "", re.sub(r"(?<=m)0s$", "", duration_display(round(value * NS_PER_S))))
    if kind is Kind.BYTES:
        size, unit = next((pair for pair in _BYTES if largest >= pair[0]), _BYTES[-1])
        return f"{_decimal(value / size, step / size)} {unit}" if value else "0"
    size, unit = next((pair for pair in _SI if largest >= pair[0]), (1.0, ""))
    if largest >= 1e15 or 0 < largest < 1e-4:
        return f"{value:.4g}"
    return f"{_decimal(value / size, step / size)}{unit if value else ''}"


def _decimal(value: float, step: float) -> str:
    decimals = 0 if step <= 0 else max(0, min(12, -math.floor(math.log10(step) + 1e-9)))
    text = f"{value:,.{decimals}f}"
    return "0" if text.strip("-0.") == "" else text
