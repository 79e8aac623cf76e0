"""The count analysis: how many records in each interval of time, or with each value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.analysis.extracting import ValueOptions
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.model.result import Note, Result
    from twsla.progress import Progress
    from twsla.query.engine import Engine, Relation


@dataclass(frozen=True)
class IntervalOptions:
    """How time is divided, and which records count."""

    interval: str = opt(
        "-i", "--interval", default="", help="Length of a bucket: seconds, or 5m, 1h, 1d, 1w.", metavar="SECONDS"
    )
    fill: bool = opt("--fill", default=False, help="List empty buckets too.")
    by: str = opt("--by", default="", choices=("time",), help="With -e: each value over time.")
    top: int = opt("--top", default=0, help="With -e: the N values with the most records only.", metavar="N")
    delay: int = opt(
        "--delay", default=0, help="Only records that were late by at least this many seconds.", metavar="SECONDS"
    )
    time_pos: int = opt(
        "-q",
        "--time-pos",
        default=0,
        help="With --delay: late against the N-th further time stamp in the record; 0: against the record before it.",
        metavar="N",
    )
    stamp_zone: str = opt(
        "--stamp-zone",
        default="",
        help="Zone of such further time stamps that name none; default: that of the record's source.",
        metavar="ZONE",
    )


@dataclass(frozen=True)
class CountOptions(ValueOptions, IntervalOptions):
    """What ``count`` takes besides the selection."""


def count(engine: Engine, options: CountOptions, progress: Progress) -> Result:
    """Count records by time, or by what they hold.

    Without ``-e`` records are counted in buckets of time, which begin on the local clock of ``--tz``: days at midnight,
    weeks on Monday. With ``-e`` each value is counted, the most frequent first. Several ``-e`` count each combination
    of their values; ``--by time`` counts each value in each bucket.

    Without ``-i`` a bucket is 60, 300 or 600 seconds long, whichever is the first to give less than 1,000 in the time
    range, else an hour.
    """
    from twsla.query.fields import ask_for_fields

    interval_ns = _checked(options)
    ask_for_fields(engine, options.extractions())
    relation, notes = _counted(engine, options, progress)
    if options.extract:
        from twsla.analysis.count_keys import count_by_key

        result = count_by_key(engine, options, interval_ns, relation, progress)
    else:
        from twsla.analysis.bucket_records import records_action
        from twsla.analysis.bucketing import buckets_of
        from twsla.analysis.count_time import count_by_time

        result = count_by_time(engine, options, interval_ns, relation)
        if not options.delay:
            buckets = buckets_of(engine, interval_ns, whole_range=options.fill)
            result = replace(result, actions=(records_action(engine, buckets),))
    return replace(result, notes=(*result.notes, *notes))


def _counted(engine: Engine, options: CountOptions, progress: Progress) -> tuple[Relation, tuple[Note, ...]]:
    """The records to count: those of the query, perhaps only the late ones of them."""
    if not options.delay:
        return engine.records(), ()
    from twsla.analysis.lateness import inner_delays, order_delays
    from twsla.model.zones import check_zone

    if options.time_pos:
        zone = check_zone(options.stamp_zone) if options.stamp_zone else ""
        delays = inner_delays(engine, options.time_pos, zone, progress)
    else:
        delays = order_delays(engine)
    return delays.at_least(engine, options.delay), delays.notes


def _checked(options: CountOptions) -> int | None:
    """The length of a bucket in nanoseconds, None if it is not said.

    Raises:
        UsageError: An option has no effect here, or cannot be read.
    """
    from twsla.query.buckets import parse_interval

    keyed = bool(options.extractions())
    for given, flag in ((options.by, "--by"), (options.top, "--top")):
        if given and not keyed:
            raise UsageError(f"{flag} is about values, but none are asked for", hint="say which with -e")
    if options.fill and keyed:
        raise UsageError("--fill is for counts by time alone", hint="leave -e out")
    for value, flag in ((options.top, "--top"), (options.delay, "--delay"), (options.time_pos, "--time-pos")):
        if value < 0:
            raise UsageError(f"{flag} {value} is less than none", hint="give a number from 0 on")
    if options.time_pos and not options.delay:
        raise UsageError("--time-pos says how late a record is, for --delay", hint="add --delay SECONDS")
    return parse_interval(options.interval)


analysis = Analysis(
    name="count", options=CountOptions, run=count, example="twsla count -e ip --top 10 'Failed password'"
)
