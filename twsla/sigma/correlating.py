"""Correlation rules: windows that slide over the detections of other rules.

A window begins with an event and holds all events of its group up to ``timespan`` later, the end included. The first
event whose window fulfils the condition gives a detection, which takes all events of its window; the next window begins
behind them. Where nothing is fulfilled the window moves on by one event.
"""

from __future__ import annotations

import operator
from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from twsla.sigma.values import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np

    from twsla.sigma.rules import Correlation

_OPS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}
_NS: Final = 1_000_000_000


@dataclass(slots=True)
class Stream:
    """Events of one rule, in any order."""

    ts: list[int] = field(default_factory=list)
    """Nanoseconds since 1970."""
    places: list[tuple[int, int]] = field(default_factory=list)
    """File and row of each: of a correlation those of its first event."""
    fields: dict[str, list[str | None]] = field(default_factory=dict)
    """Values by name of field, as the correlation rules write it."""


@dataclass(frozen=True, slots=True)
class Correlated:
    """One detection of a correlation rule."""

    place: tuple[int, int]
    """File and row of the first event."""
    first_ns: int
    last_ns: int
    events: int
    """In the window."""
    value: float
    """What the condition was about: events, distinct values, a sum …"""
    group: tuple[tuple[str, str], ...]
    """Names and values of what the events have in common."""
    rules: tuple[str, ...]
    """References of the rules that are in the window."""


@dataclass(slots=True)
class _Group:
    """Events with the same values of the grouping fields, in order of time."""

    ts: np.ndarray
    rules: np.ndarray
    """Number of the reference of each."""
    places: list[tuple[int, int]]
    values: list[Any]
    """Of ``value_…``: a text or a number of each."""


def correlate(rule: Correlation, streams: Mapping[str, Stream]) -> list[Correlated]:
    """The detections of one rule, from the events of those it refers to; in order of time."""
    found: list[Correlated] = []
    for names, group in _groups(rule, streams):
        span = rule.timespan_s * _NS
        stops = group.ts.searchsorted(group.ts + span, "right")
        fulfilled, values = _judged(rule, group, stops)
        for left in _greedy(fulfilled, stops):
            right = int(stops[left])
            present = sorted(set(group.rules[left:right].tolist()))
            found.append(
                Correlated(
                    group.places[left],
                    int(group.ts[left]),
                    int(group.ts[right - 1]),
                    right - left,
                    float(values[left]),
                    names,
                    tuple(rule.rules[number] for number in present),
                )
            )
    return sorted(found, key=lambda each: (each.first_ns, each.group))


def _greedy(fulfilled: np.ndarray, stops: np.ndarray) -> Iterator[int]:
    """Starts of windows that fulfil the condition and do not overlap, the earliest first."""
    import numpy as np

    candidates = np.flatnonzero(fulfilled)
    at = 0
    while at < len(candidates):
        left = int(candidates[at])
        yield left
        at = int(candidates.searchsorted(stops[left]))


def _groups(rule: Correlation, streams: Mapping[str, Stream]) -> Iterator[tuple[tuple[tuple[str, str], ...], _Group]]:
    """Groups by their values; events that lack a grouping field, or the field that counts, belong to none."""
    import numpy as np

    gathered: dict[tuple[str, ...], list[tuple[int, int, tuple[int, int], Any]]] = {}
    for number, reference in enumerate(rule.rules):
        stream = streams.get(reference)
        if stream is None:
            continue
        columns = [_column(rule, name, reference, stream) for name in rule.group_by]
        counted = [_column(rule, name, reference, stream) for name in rule.fields]
        for at, ts in enumerate(stream.ts):
            key = tuple(column[at] for column in columns)
            value = _value(rule, tuple(column[at] for column in counted))
            if None in key or (counted and value is None):
                continue
            gathered.setdefault(key, []).append((ts, number, stream.places[at], value))  # type: ignore[arg-type]  # none is None
    for key in sorted(gathered):
        events = sorted(gathered[key], key=lambda event: (event[0], event[1], event[2]))
        yield (
            tuple(zip(rule.group_by, key, strict=True)),
            _Group(
                np.array([event[0] for event in events], np.int64),
                np.array([event[1] for event in events], np.int64),
                [event[2] for event in events],
                [event[3] for event in events],
            ),
        )


def field_of(rule: Correlation, name: str, reference: str) -> str:
    """What events of a rule call a field of the correlation."""
    return rule.aliases.get(name, {}).get(reference, name)


def _column(rule: Correlation, name: str, reference: str, stream: Stream) -> Sequence[str | None]:
    found = stream.fields.get(field_of(rule, name, reference))
    return [None] * len(stream.ts) if found is None else found


def _value(rule: Correlation, values: tuple[str | None, ...]) -> Any:
    if not values or None in values:
        return None
    return values if rule.type == "value_count" else number_of(str(values[0]))


def _judged(rule: Correlation, group: _Group, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For a window from each event whether it fulfils the condition, and the value that was compared."""
    import numpy as np

    starts = np.arange(len(group.ts))
    match rule.type:
        case "event_count":
            values = stops - starts
        case "value_count":
            values = _distinct(group.values, stops)
        case "value_sum" | "value_avg":
            sums = np.concatenate(([0.0], np.cumsum(np.array(group.values, float))))
            values = sums[stops] - sums[starts]
            if rule.type == "value_avg":
                values = values / (stops - starts)
        case "value_percentile" | "value_median":
            values = _percentiles(group.values, stops, 50 if rule.type == "value_median" else rule.percentile)
        case _:
            return _temporal(rule, group, stops)
    return _OPS[rule.op](values, rule.count), values


def _distinct(values: Sequence[Any], stops: np.ndarray) -> np.ndarray:
    import numpy as np

    found = np.empty(len(values), np.int64)
    inside: Counter[Any] = Counter()
    right = 0
    for left, stop in enumerate(stops.tolist()):
        while right < stop:
            inside[values[right]] += 1
            right += 1
        found[left] = len(inside)
        inside[values[left]] -= 1
        if not inside[values[left]]:
            del inside[values[left]]
    return found


def _percentiles(values: Sequence[float], stops: np.ndarray, percentile: int) -> np.ndarray:
    """With linear interpolation between the two nearest values."""
    import numpy as np

    found = np.empty(len(values), float)
    inside: list[float] = []
    right = 0
    for left, stop in enumerate(stops.tolist()):
        while right < stop:
            insort(inside, values[right])
            right += 1
        at = (len(inside) - 1) * min(max(percentile, 0), 100) / 100
        low = int(at)
        high = min(low + 1, len(inside) - 1)
        found[left] = inside[low] + (inside[high] - inside[low]) * (at - low)
        del inside[bisect_left(inside, values[left])]
    return found


def _temporal(rule: Correlation, group: _Group, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the rules, or as many as the condition says, are all in the window; in their order if that is asked."""
    import numpy as np

    size = len(group.ts)
    starts = np.arange(size)
    present = {}
    for number, reference in enumerate(rule.rules):
        before = np.concatenate(([0], np.cumsum(group.rules == number)))
        present[reference] = before[stops] > before[starts]
    values = np.sum(list(present.values()), axis=0)
    by_count = rule.expression is None
    fulfilled = _OPS[rule.op](values, rule.count) if by_count else _expressed(rule.expression, present)
    if rule.type == "temporal_ordered":
        # Where there is such a sequence there is one that begins with the window.
        fulfilled = fulfilled & (group.rules == 0) & (_in_order(group, len(rule.rules)) < stops)
    return fulfilled, values


def _expressed(expression: Any, present: Mapping[str, np.ndarray]) -> Any:
    import numpy as np

    if isinstance(expression, str):
        return present[expression]
    parts = [_expressed(part, present) for part in expression[1:]]
    if expression[0] == "not":
        return ~parts[0]
    return np.logical_and.reduce(parts) if expression[0] == "and" else np.logical_or.reduce(parts)


def _in_order(group: _Group, rules: int) -> np.ndarray:
    """For each event where the earliest sequence of all rules in their order that begins with or behind it ends."""
    import numpy as np

    size = len(group.ts)
    at = np.arange(size)
    for number in range(rules):
        own = np.flatnonzero(group.rules == number)
        following = np.append(own, size)[own.searchsorted(np.arange(size + 1))]
        at = following[np.minimum(at, size)]
        if number + 1 < rules:
            at = np.minimum(at + 1, size)
    return at
