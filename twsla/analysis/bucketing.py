"""What analyses over time share: buckets for the engine's query, and what must be said about records without a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.durations import NS_PER_S
from twsla.model.result import Column, Fact, Kind, Note

if TYPE_CHECKING:
    from twsla.query.buckets import Buckets
    from twsla.query.engine import Engine


def buckets_of(engine: Engine, interval_ns: int | None, *, whole_range: bool = False) -> Buckets:
    """Buckets on the clock of the query's zone, for the records of the query.

    Args:
        engine: Knows the zone, the time range, and when the records are.
        interval_ns: None: the one that suits the time range.
        whole_range: Up to the ends of the time range, also where there are no records.
    """
    from twsla.model.times import auto_interval_s
    from twsla.query.buckets import make_buckets
    from twsla.query.totals import time_span

    time_range = engine.query.time_range
    first, last = time_span(engine) or (0, 0)
    if whole_range:
        first = first if time_range.start_ns is None else time_range.start_ns
        last = last if time_range.end_ns is None else time_range.end_ns
    return make_buckets(interval_ns or auto_interval_s(time_range) * NS_PER_S, engine.query.zone, first, last)


def bucket_sql(buckets: Buckets) -> str:
    """SQL over the column ``ns`` for the start of a record's bucket in nanoseconds; NULL if it is undated."""
    return f"CASE WHEN ns IS NOT NULL THEN {buckets.sql('ns')} END"


def time_column(buckets: Buckets, title: str = "", *, sort_key: str = "t") -> Column:
    """The column of the buckets' starts, with seconds only where a bucket can begin on one."""
    title = title or "Time"
    seconds = buckets.interval_ns % (60 * NS_PER_S) != 0
    return Column("time", title, Kind.TIME, sort_key=sort_key, heading=title, layout="second" if seconds else "minute")


def undated_notes(engine: Engine, left_out: int) -> tuple[Note, ...]:
    """The notes about records without a time stamp.

    Args:
        engine: Knows how many its time range leaves out.
        left_out: How many of those that match are not in the answer because they are undated.
    """
    notes = []
    if left_out:
        notes.append(Note(f"{left_out:,} records without a time stamp are in no bucket and were not counted"))
    outside = engine.selected.undated_rows
    if outside:
        notes.append(Note(f"{outside:,} records without a time stamp are not in the time range and were not searched"))
    return tuple(notes)


def records_fact(engine: Engine) -> Fact:
    """How many records were looked at: those of the time range, whether they match or not."""
    from twsla.query.totals import records_in_range

    return Fact("records", "Records", records_in_range(engine), Kind.COUNT)
