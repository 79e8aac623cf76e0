"""Counting by time: how many records in each bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import bucket_sql, buckets_of, records_fact, time_column, undated_notes
from twsla.errors import UsageError
from twsla.model.charts import Bar, Line
from twsla.model.durations import NS_PER_S, format_duration
from twsla.model.result import Column, Fact, Kind, Result

if TYPE_CHECKING:
    from twsla.analysis.count import CountOptions
    from twsla.query.buckets import Buckets
    from twsla.query.engine import Engine, Relation

MOST_BUCKETS: Final = 10_000_000
"""Of a filled list: a bucket for each second of four months."""
_BY_BUCKET: Final = """
SELECT {bucket} AS bucket, count(*) AS count FROM (SELECT epoch_ns(ts) AS ns FROM records) GROUP BY bucket
"""
_LISTED: Final = """
SELECT make_timestamp_ns(bucket)::TIMESTAMPTZ_NS AS time, count, TRY_CAST(delta AS BIGINT) AS delta,
    delta::DOUBLE / 1e9 AS delta_s
FROM (SELECT bucket, count, coalesce(bucket::HUGEINT - lag(bucket) OVER (ORDER BY bucket), 0) AS delta FROM {counted})
ORDER BY time
"""
"""Three centuries are more nanoseconds than a BIGINT can hold."""


def count_by_time(engine: Engine, options: CountOptions, interval_ns: int | None, relation: Relation) -> Result:
    """Count the records of each bucket.

    Columns: time, where the bucket begins; count; delta, the time since the row before (0 in the first row); delta_s,
    the same in seconds. In order of time.
    """
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table, scratch_table

    buckets = buckets_of(engine, interval_ns, whole_range=options.fill)
    counted = scratch_table(engine, _BY_BUCKET.format(bucket=bucket_sql(buckets)), relation=relation)
    hits, undated, first, last = engine.execute(
        f"SELECT coalesce(sum(count), 0)::BIGINT, coalesce(sum(count) FILTER (bucket IS NULL), 0)::BIGINT, "  # noqa: S608
        f"min(bucket), max(bucket) FROM {counted}"
    )[0]
    dated = f"(SELECT * FROM {counted} WHERE bucket IS NOT NULL)"  # noqa: S608  # our own name
    if options.fill:
        dated = _with_empty(engine, buckets, counted, first, last)
    table = derived_table(engine, _LISTED.format(counted=dated))
    rows = SpooledRows(engine, table)
    facts = [
        Fact("rows", "Rows", len(rows), Kind.COUNT),
        Fact("hits", "Hits", hits - undated, Kind.COUNT),
        records_fact(engine),
        Fact("interval", "Interval", buckets.interval_ns, Kind.DURATION),
    ]
    step = buckets.interval_ns
    if len(rows) > 1:
        facts.append(Fact("mean_delta", "Mean delta", _mean_delta_ns(engine, table, buckets), Kind.DURATION))
    return Result(
        title="Count",
        columns=(
            time_column(buckets, *options.name[:1], sort_key="tk"),
            Column("count", "Count", Kind.COUNT, sort_key="c", heading="Count"),
            Column("delta", "Delta", Kind.DURATION, sort_key="d", heading="Delta", layout="duration"),
            Column("delta_s", "Delta(sec)", Kind.NUMBER, heading="Delta(sec)", unit="s"),
        ),
        rows=rows,
        facts=tuple(facts),
        charts=(Line(x="time", y=("count",), step_ns=step), Bar(x="time", y="count", step_ns=step)),
        notes=undated_notes(engine, undated),
    )


def _with_empty(engine: Engine, buckets: Buckets, counted: str, first: int | None, last: int | None) -> str:
    """The counts with those of empty buckets, as SQL: over the time range, or where it is open, over the records.

    Raises:
        UsageError: There are too many.
    """
    time_range = engine.query.time_range
    first = first if time_range.start_ns is None else time_range.start_ns
    last = last if time_range.end_ns is None else time_range.end_ns
    ranges = [] if first is None or last is None else list(buckets.ranges(first, last))
    number = sum(map(len, ranges))
    if number > MOST_BUCKETS:
        interval = format_duration(buckets.interval_ns)
        raise UsageError(
            f"--fill would list {number:,} buckets of {interval}; at most {MOST_BUCKETS:,} are listed",
            hint="choose a longer interval (-i) or a shorter time range (-t)",
        )
    starts = " UNION ALL ".join(f"FROM range({each.start}, {each.stop}, {each.step})" for each in ranges)
    return (
        f"(SELECT starts.range AS bucket, coalesce(count, 0) AS count "  # noqa: S608  # numbers and our own name
        f"FROM ({starts or 'FROM range(0)'}) AS starts "
        f"LEFT JOIN {counted} ON bucket = starts.range)"
    )


def _mean_delta_ns(engine: Engine, table: str, buckets: Buckets) -> int:
    """The mean time between the rows; cut to seconds where buckets begin on seconds."""
    first, last, rows = engine.execute(
        f"SELECT epoch_ns(min(time)), epoch_ns(max(time)), count(*) FROM {table}"  # noqa: S608  # our own name
    )[0]
    mean: int = (last - first) // (rows - 1)
    return mean if buckets.interval_ns % NS_PER_S else mean // NS_PER_S * NS_PER_S
