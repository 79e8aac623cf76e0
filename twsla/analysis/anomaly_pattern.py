"""Anomalies by template: what is rare, new, grave, or comes at an unusual time.

A record's surprise is counted in bits and is the sum of four parts:

- rarity: log2(records / records of its template);
- grave: 4 for a template with a word for an error, 2 with one for a warning (``twsla.model.levels``);
- time: log2(1 + z), z being how far the number of its template's records in its bucket is above the median of all
  buckets, in robust standard deviations; or, after a silence of g buckets, how far g empty buckets are below, if more;
- new: 2 in the bucket in which its template comes first, unless that is in the first tenth of the time.

The score is 1 - 2 ** (-bits / 8): 8 bits are 0.5, 16 are 0.75.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twsla.analysis.anomaly_vectors import Scored, join_scores
from twsla.errors import UsageError
from twsla.model.durations import DAY_NS, NS_PER_S
from twsla.model.levels import level_sql
from twsla.model.result import Note
from twsla.query.scratch import derived_table, scratch_table

if TYPE_CHECKING:
    from twsla.query.engine import Engine

_STEPS: Final = (60 * NS_PER_S, 600 * NS_PER_S, 3600 * NS_PER_S, DAY_NS // 4, DAY_NS, 7 * DAY_NS, 30 * DAY_NS)
_ENOUGH: Final = 300
MOST_BUCKETS: Final = 10_000
_EMPTY: Final = "(buckets - len(counts))"
_MIDDLE: Final = "((buckets - 1) // 2)"


def pattern(engine: Engine, bucket: str) -> Scored:
    """Score records by their templates.

    Args:
        engine: Gives the records.
        bucket: Length of a bucket as ``count -i`` takes it; empty: the shortest of a few that gives at most 300.
    """
    from twsla.query.templates import template_key
    from twsla.query.totals import undated_matches

    first, last = _span(engine)
    step = _step(bucket, last - first)
    key = template_key(engine)
    place = f"(epoch_ns(records.ts) - {first}) // {step}"
    counted = scratch_table(
        engine,
        f"SELECT {key.expression} AS template, {place} AS bucket, count(*) AS n "  # noqa: S608  # our own names
        f"FROM records {key.join} GROUP BY ALL",
    )
    of_key = _surprises(engine, counted, buckets=(last - first) // step + 1)
    on = f"scored.key = {key.expression} AND scored.bucket IS NOT DISTINCT FROM {place}"
    table = join_scores(engine, of_key, on, join=key.join)
    notes = list(key.notes)
    undated = undated_matches(engine)
    if undated:
        notes.append(Note(f"{undated:,} records without a time stamp were judged by their templates alone"))
    return Scored(table, tuple(notes))


def _span(engine: Engine) -> tuple[int, int]:
    """When the first and the last record of the query are, in nanoseconds; 0 if none is dated."""
    first, last = engine.fetch("SELECT min(epoch_ns(ts)), max(epoch_ns(ts)) FROM records")[0]
    return first or 0, last or 0


def _step(bucket: str, span_ns: int) -> int:
    from twsla.query.buckets import parse_interval

    step = parse_interval(bucket)
    if step is None:
        return next((each for each in _STEPS if span_ns // each < _ENOUGH), span_ns // _ENOUGH + 1)
    if span_ns // step >= MOST_BUCKETS:
        raise UsageError(
            f"the records are spread over more than {MOST_BUCKETS:,} buckets of {bucket}",
            hint="give a longer --bucket, or narrow the time range",
        )
    return step


def _surprises(engine: Engine, counted: str, *, buckets: int) -> str:
    """A scratch table of key (template), bucket, score, why."""
    usual = derived_table(
        engine,
        f"""
        SELECT template, total, started, median, {level_sql("template")} AS level,
            greatest(1.4826 * list_sort(list_concat(
                list_transform(counts, lambda each: abs(each - median)), list_resize([]::DOUBLE[], {_EMPTY}, median)
            ))[{_MIDDLE} + 1], sqrt(median + 1)) AS spread
        FROM (
            SELECT *, {buckets} AS buckets,
                CASE WHEN {_MIDDLE} < {_EMPTY} THEN 0.0 ELSE counts[{_MIDDLE} - {_EMPTY} + 1] END::DOUBLE AS median
            FROM (
                SELECT template, sum(n)::BIGINT AS total, min(bucket) AS started, {buckets} AS buckets,
                    coalesce(list(n::DOUBLE ORDER BY n) FILTER (bucket IS NOT NULL), []) AS counts
                FROM {counted} GROUP BY template
            )
        )""",  # noqa: S608  # our own names and numbers
    )
    parts = f"""
        SELECT template AS key, bucket, total, n, median, level, silent,
            log2(sum(n) OVER () / total) AS rare,
            CASE level WHEN 'ERROR' THEN 4.0 WHEN 'WARN' THEN 2.0 ELSE 0.0 END AS grave,
            CASE WHEN bucket IS NULL THEN 0.0
                ELSE log2(1 + greatest((n - median) / spread, silent * median / spread, 0)) END AS unusual,
            CASE WHEN bucket = started AND bucket > {buckets / 10} THEN 2.0 ELSE 0.0 END AS new
        FROM (SELECT *, coalesce(bucket - lag(bucket) OVER (PARTITION BY template ORDER BY bucket) - 1, 0) AS silent
            FROM {counted}) JOIN {usual} USING (template)"""  # noqa: S608  # our own names and numbers
    return derived_table(
        engine,
        f"""
        SELECT key, bucket, round(1 - pow(2, -(rare + grave + unusual + new) / 8), 9) AS score,
            concat_ws(', ',
                format('{{}} records of this template (rarity {{:.1f}})', total, rare),
                CASE WHEN grave > 0 THEN format('{{}} ({{:.0f}})', lower(level), grave) END,
                CASE WHEN unusual >= 0.5 THEN format('{{}} in its bucket, usually {{:.0f}} (time {{:.1f}})',
                    n, median, unusual) END,
                CASE WHEN silent * median > n THEN format('after {{}} silent buckets', silent) END,
                CASE WHEN new > 0 THEN 'new (2)' END) AS why
        FROM ({parts})""",  # noqa: S608  # our own names
    )
