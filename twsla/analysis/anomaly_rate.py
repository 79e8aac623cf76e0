"""Stretches of time with more or less records, errors or warnings than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twsla.analysis.bucketing import records_fact
from twsla.errors import UsageError
from twsla.model.charts import Histogram, Line, Scatter
from twsla.model.durations import NS_PER_S
from twsla.model.levels import level_sql
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result

if TYPE_CHECKING:
    import numpy as np

    from twsla.query.engine import Engine

    Array = np.ndarray[Any, Any]

FEWEST: Final = 5
"""Buckets that a baseline must have."""
_MOST: Final = 5_000_000
_FEATURES: Final = ("count", "error_rate", "warning_rate")
_SEVERITIES: Final = ((7.0, "critical"), (5.0, "high"), (4.0, "medium"))
COLUMNS: Final = (
    Column("ts", "Time", Kind.TIME, sort_key="t", heading="Time", layout="second"),
    Column("score", "Score", Kind.SCORE, sort_key="r", heading="Score"),
    Column("severity", "Severity", Kind.TEXT, heading="Severity"),
    Column("feature", "Feature", Kind.TEXT, heading="Feature"),
    Column("value", "Value", Kind.NUMBER, heading="Value"),
    Column("mean", "Mean", Kind.NUMBER, heading="Mean"),
    Column("std", "StdDev", Kind.NUMBER, heading="StdDev"),
    Column("count", "Count", Kind.COUNT, sort_key="c", heading="Count"),
    Column("errors", "Errors", Kind.COUNT, heading="Errors"),
    Column("warnings", "Warnings", Kind.COUNT, heading="Warnings"),
    Column("z", "z", Kind.NUMBER, hidden=True),
    Column("confidence", "Confidence", Kind.NUMBER, hidden=True),
)


def rate(engine: Engine, bucket: str, threshold: float, baseline: str) -> Result:
    """Judge buckets of time by the number of records, and by the share of errors and of warnings in them.

    Args:
        engine: Gives the records.
        bucket: Length as ``count -i`` takes it; empty: 60 seconds. Buckets are counted from 1970 in UTC.
        threshold: Buckets whose greatest |z| reaches it are listed.
        baseline: Time range whose buckets are normal; the others are judged. Empty: each by all the others.

    Columns: ts (start), score (|z|), severity, feature (that of the greatest |z|), its value, mean and standard
    deviation in the baseline, count, errors, warnings. Worst first, ties by time. Buckets without a record between the
    first and the last count 0, and have no share of errors.
    """
    import numpy as np
    import pyarrow as pa

    from twsla.query.buckets import parse_interval
    from twsla.query.totals import undated_matches

    step = parse_interval(bucket) or 60 * NS_PER_S
    starts, counts, errors, warnings = _buckets(engine, step)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.stack([counts, errors / counts, warnings / counts]).astype(float)
    normal = _normal(engine, baseline, starts, step)
    scores, means, spreads = _z_scores(values, normal)
    judged = np.where(np.isnan(scores), 0.0, np.abs(scores))
    worst = judged.argmax(axis=0) if len(starts) else np.zeros(0, np.int64)
    along = np.arange(len(starts))
    highest = judged[worst, along]
    chosen = np.flatnonzero(highest >= threshold)
    chosen = chosen[np.argsort(-highest[chosen], kind="stable")]
    at = worst[chosen], chosen
    table = pa.table(
        {
            "ts": pa.array(starts[chosen], pa.timestamp("ns", "UTC")),
            "score": highest[chosen],
            "severity": [_severity(each) for each in highest[chosen].tolist()],
            "feature": [_FEATURES[each] for each in worst[chosen].tolist()],
            "value": values[at],
            "mean": means[at],
            "std": spreads[at],
            "count": counts[chosen].astype(np.int64),
            "errors": errors[chosen].astype(np.int64),
            "warnings": warnings[chosen].astype(np.int64),
            "z": scores[at],
            "confidence": np.minimum(1.0, (highest[chosen] - threshold) / threshold),
        }
    )
    known = int(normal.sum()) if normal is not None else max(0, len(starts) - 1)
    return Result(
        title="Anomaly (rate)",
        columns=COLUMNS,
        rows=ArrowRows(table),
        facts=(
            Fact("rows", "Rows", table.num_rows, Kind.COUNT),
            Fact("buckets", "Buckets", len(starts), Kind.COUNT),
            Fact("baseline", "Baseline", known, Kind.COUNT),
            records_fact(engine),
            Fact("mode", "Mode", "rate"),
        ),
        charts=(Scatter(x="ts", y="score"), Histogram("score"), Line(x="ts", y=("count",))) if table.num_rows else (),
        notes=_notes(engine, undated_matches(engine), known),
    )


def _notes(engine: Engine, undated: int, known: int) -> tuple[Note, ...]:
    from twsla.analysis.bucketing import undated_notes

    notes = undated_notes(engine, undated)
    if known < FEWEST:
        notes += (Note(f"a baseline needs {FEWEST} buckets and there are {known:,}: nothing was judged"),)
    return notes


def _buckets(engine: Engine, step: int) -> tuple[Array, Array, Array, Array]:
    """Starts in nanoseconds, without a gap, and numbers of records, errors and warnings."""
    import numpy as np

    start = f"epoch_ns(ts) - (epoch_ns(ts) % {step} + {step}) % {step}"
    level = level_sql("kind")
    table = engine.rows(
        f"""
        SELECT start, sum(n)::BIGINT, coalesce(sum(n) FILTER (level = 'ERROR'), 0)::BIGINT,
            coalesce(sum(n) FILTER (level = 'WARN'), 0)::BIGINT
        FROM (SELECT start, n, {level} AS level FROM (
            SELECT {start} AS start, coalesce(shape, text) AS kind, count(*) AS n
            FROM records WHERE ts IS NOT NULL GROUP BY ALL))
        GROUP BY start ORDER BY start"""  # noqa: S608  # our own names and numbers
    ).table
    found = [np.asarray(column).astype(np.int64) for column in table.columns]
    if not table.num_rows:
        return found[0], found[1], found[2], found[3]
    size = int((found[0][-1] - found[0][0]) // step) + 1
    if size > _MOST:
        raise UsageError(
            f"the records are spread over {size:,} buckets", hint="give a longer --bucket, or narrow the time range"
        )
    places = (found[0] - found[0][0]) // step
    filled = [np.zeros(size, np.int64) for _ in range(3)]
    for full, column in zip(filled, found[1:], strict=True):
        full[places] = column
    return found[0][0] + np.arange(size) * step, filled[0], filled[1], filled[2]


def _normal(engine: Engine, baseline: str, starts: Array, step: int) -> Array | None:
    """Which buckets lie in the baseline's range; None: there is none."""
    from twsla.model.times import parse_time_range

    if not baseline:
        return None
    time_range = parse_time_range(baseline, now_ns=int(starts[-1]) + step if len(starts) else 0, zone=engine.query.zone)
    inside: Array = starts == starts
    if time_range.start_ns is not None:
        inside &= starts >= time_range.start_ns
    if time_range.end_ns is not None:
        inside &= starts + step - 1 <= time_range.end_ns
    return inside


def _z_scores(values: Array, normal: Array | None) -> tuple[Array, Array, Array]:
    """Of each value how many standard deviations it is from the mean of the baseline; NaN where that is not known.

    Args:
        values: A row for each feature, a column for each bucket; NaN: there is none.
        normal: Columns of the baseline; None: all but the value's own.
    """
    import numpy as np

    there = ~np.isnan(values)
    known = np.where(there, values, 0.0)
    # Around a value in the middle, so that sums of squares of nearly equal numbers are exact enough.
    middle = np.array([[np.median(row[has]) if has.any() else 0.0] for row, has in zip(known, there, strict=True)])
    moved = np.where(there, known - middle, 0.0)
    if normal is None:
        size = there.sum(axis=1, keepdims=True) - there
        total = moved.sum(axis=1, keepdims=True) - moved
        squares = (moved**2).sum(axis=1, keepdims=True) - moved**2
        judged = there
    else:
        size = (there & normal).sum(axis=1, keepdims=True) + np.zeros_like(there, int)
        total = np.where(normal, moved, 0.0).sum(axis=1, keepdims=True) + np.zeros_like(moved)
        squares = (np.where(normal, moved, 0.0) ** 2).sum(axis=1, keepdims=True) + np.zeros_like(moved)
        judged = there & ~normal
    with np.errstate(invalid="ignore", divide="ignore"):
        means = total / size
        variance = np.maximum(squares - size * means**2, 0.0) / (size - 1)
        spreads = np.sqrt(variance)
        means = means + middle
        flat = spreads <= 1e-9 * np.maximum(1.0, np.abs(means))
        spreads = np.where(flat, np.maximum(0.05 * np.abs(means), 1.0 / size), spreads)
        scores = np.where(judged & (size >= FEWEST), (values - means) / spreads, np.nan)
    return scores, means, spreads


def _severity(score: float) -> str:
    return next((name for least, name in _SEVERITIES if score >= least - 1e-9), "low")
