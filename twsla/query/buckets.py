"""Time buckets on the clock of a zone: which one a record falls into, as a SQL expression over nanoseconds.

A bucket is one step of the local clock: days begin at local midnight, whatever the zone's clock was put to, weeks on
Monday, and every other step is counted from midnight of 1970-01-01 (so that hours begin on the hour). Where the clock
changes:

- put back by less than a step (a day, with summer time): the repeated time belongs to the step it was shown in, and
  that bucket is longer;
- put back by a step or more (an hour, with summer time): the repeated step is a bucket of its own;
- put forward: the step it lands in begins when it lands there.

Nothing is converted row by row. Between two changes of the clock all steps are as far from each other, so the
expression is a remainder, inside comparisons with the few instants at which the clock changed.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.durations import DAY_NS, DURATION_HINT, NS_PER_S, match_period
from twsla.model.moments import MIN_NS, find_zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

_LONGEST_NS: Final = 3650 * DAY_NS
_WEEK_NS: Final = 7 * DAY_NS
_MONDAY_NS: Final = 4 * DAY_NS
"""1970-01-05, on every clock; 1970-01-01 was a Thursday."""
_STRIDE_S: Final = 3 * 86_400
"""No zone has changed its clock twice within four days, so probes this far apart see every change."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_interval(text: str) -> int | None:
    """The length of a bucket in nanoseconds: seconds (``60``) or a period (``5m``); None for ``0`` and the empty text.

    Raises:
        UsageError: It is neither, or not between a millisecond and ten years.
    """
    plain = text.strip()
    period = match_period(f"{plain}s" if plain.isascii() and plain.isdecimal() else plain) if plain else 0
    if period is None:
        raise UsageError(f"cannot read the interval '{text}'", hint=f"write seconds, or {DURATION_HINT[6:]}")
    if period == 0:
        return None
    if not 1_000_000 <= period <= _LONGEST_NS:
        raise UsageError(f"the interval '{text}' is not between 1ms and 3650d", hint="such as 60, 5m, 1h, 1d, 1w")
    return period


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time, up to where the next one begins."""

    from_ns: int
    start_ns: int | None = None
    """All of it belongs to the bucket that begins here; None: buckets begin a step apart."""
    phase_ns: int = 0
    """One of the instants at which they do, between 0 and the length of a step."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets for a range of time. Instants outside of it are put in as if the clock had not changed there."""

    interval_ns: int
    pieces: tuple[Piece, ...]
    """In order of time; the first reaches back without end."""

    def start_of(self, ns: int) -> int:
        """Where the bucket of an instant begins."""
        place = bisect_right(self.pieces, ns, key=lambda piece: piece.from_ns)
        piece = self.pieces[max(0, place - 1)]
        return piece.start_ns if piece.start_ns is not None else ns - (ns - piece.phase_ns) % self.interval_ns

    def sql(self, ns: str) -> str:
        """The start of the bucket of ``ns``, a SQL expression (BIGINT, not NULL); no parameters, only numbers."""
        return self._branch(ns, 0, len(self.pieces))

    def _branch(self, ns: str, first: int, last: int) -> str:
        """Comparisons in a tree: a hundred years of summer time take eight of them a row."""
        if last - first == 1:
            return self._leaf(ns, self.pieces[first])
        middle = (first + last) // 2
        below, above = self._branch(ns, first, middle), self._branch(ns, middle, last)
        return f"CASE WHEN {ns} < {self.pieces[middle].from_ns} THEN {below} ELSE {above} END"

    def _leaf(self, ns: str, piece: Piece) -> str:
        if piece.start_ns is not None:
            return f"{piece.start_ns}::BIGINT"
        step, phase = self.interval_ns, piece.phase_ns
        if piece.from_ns >= phase:
            return f"{ns} - ({ns} - {phase}) % {step}"
        # Before 1970 the remainder of what is negative is negative.
        return f"{ns} - ({ns} % {step} + {2 * step - phase}) % {step}"

    def ranges(self, first_ns: int, last_ns: int) -> Iterator[range]:
        """Where the buckets from that of ``first_ns`` to that of ``last_ns`` begin, in order, without a gap."""
        low = self.start_of(first_ns)
        for place, piece in enumerate(self.pieces):
            begin = max(piece.from_ns, low) if place else low
            end = min(self.pieces[place + 1].from_ns if place + 1 < len(self.pieces) else last_ns + 1, last_ns + 1)
            if piece.start_ns is None:
                starts = range(begin + (piece.phase_ns - begin) % self.interval_ns, end, self.interval_ns)
            else:
                starts = range(piece.start_ns, piece.start_ns + (begin <= piece.start_ns < end))
            if starts:
                yield starts


def make_buckets(interval_ns: int, zone: str, first_ns: int, last_ns: int) -> Buckets:
    """Buckets of a zone's clock for records between two instants.

    Args:
        interval_ns: One step of the clock; at most ten years.
        zone: An IANA name, ``UTC`` or an offset.
        first_ns: Of the earliest record.
        last_ns: Of the latest record.
    """
    anchor = _MONDAY_NS if interval_ns % _WEEK_NS == 0 else 0
    earliest = first_ns - interval_ns - 2 * DAY_NS  # the clock may have changed since the first bucket began
    (_, offset), *changes = offset_changes(zone, max(earliest, MIN_NS), last_ns)
    phase = (anchor - offset) % interval_ns
    pieces = [Piece(earliest, None, phase)]
    if earliest < MIN_NS:  # a bucket may have begun before nanoseconds can count
        pieces = [Piece(MIN_NS, MIN_NS), Piece(MIN_NS + (phase - MIN_NS) % interval_ns, None, phase)]
    for at, new_offset in changes:
        pieces = [piece for piece in pieces if piece.from_ns < at]
        phase = (anchor - new_offset) % interval_ns
        pieces += _after_change(Buckets(interval_ns, tuple(pieces)), at, offset - new_offset, phase)
        offset = new_offset
    return Buckets(interval_ns, tuple(pieces))


def _after_change(before: Buckets, at: int, back_ns: int, phase: int) -> list[Piece]:
    """The pieces from a change of the clock on.

    Args:
        before: The buckets up to it.
        at: The instant of the change.
        back_ns: How far the clock was put back; negative: forward.
        phase: Where steps begin on the clock as it is now.
    """
    step = before.interval_ns
    first = at - (at - phase) % step
    pieces: list[Piece] = []
    begin = first
    if back_ns < step:
        # Steps that the clock was in before: what it showed at ``at`` was then ``back_ns`` later.
        for begin in range(first, at + back_ns, step):
            pieces.append(Piece(max(at, begin), before.start_of(begin - back_ns)))
    if not pieces and first < at:
        pieces.append(Piece(at, at))
    return [*pieces, Piece(begin + step if pieces else at, None, phase)]


def offset_changes(zone: str, first_ns: int, last_ns: int) -> list[tuple[int, int]]:
    """A zone's clock between two instants: ``(from when on, nanoseconds east of UTC)``, the first from ``first_ns``."""
    rules = find_zone(zone)
    second, last = first_ns // NS_PER_S, last_ns // NS_PER_S
    offset = _east_s(rules, second)
    found = [(first_ns, offset * NS_PER_S)]
    if isinstance(rules, timezone):
        return found
    while second < last:
        following = min(second + _STRIDE_S, last)
        after = _east_s(rules, following)
        if after != offset:
            found.append((_second_of_change(rules, second, following) * NS_PER_S, after * NS_PER_S))
        second, offset = following, after
    return found


def _east_s(rules: tzinfo, second: int) -> int:
    away = (_EPOCH + timedelta(seconds=second)).astimezone(rules).utcoffset()
    return 0 if away is None else round(away.total_seconds())


def _second_of_change(rules: tzinfo, before: int, after: int) -> int:
    """The first second with the offset that is in force at ``after``."""
    offset = _east_s(rules, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _east_s(rules, middle) == offset:
            after = middle
        else:
            before = middle
    return after
