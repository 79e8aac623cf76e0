"""Statistics of extracted values: of all of them, or of each interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import bucket_sql, time_column
from twsla.model.charts import Line
from twsla.model.result import Column, Fact, Kind, Note, Result, ValueRows

if TYPE_CHECKING:
    from twsla.query.buckets import Buckets
    from twsla.query.series import Series
    from twsla.query.statistics import Summary

_OVER_TIME: Final = """
SELECT make_timestamp_ns(bucket)::TIMESTAMPTZ_NS AS time, count, least AS min, greatest AS max, mean, p50 AS median,
    p90, p95, p99, total AS sum, variance
FROM ({summaries}) ORDER BY bucket
"""
_OF_A_BUCKET: Final = ("min", "max", "mean", "median", "p90", "p95", "p99", "sum", "variance")


def statistics(series: Series, title: str) -> Result:
    """Figures about all values, the differences between them, and these per second.

    Columns: stats, the name of the figure; value, delta and ps. The variance is that of the population; a mode of 0
    also stands for none.
    """
    from twsla.query.statistics import summarize

    found = {name: summarize(series.engine, series.table, name) for name in ("number", "delta", "ps")}
    figures = [figures_of(each) for each in found.values()]
    rows: list[tuple[object, ...]] = [(name, *(each[name] for each in figures)) for name in figures[0]]
    rows.append(("Not numbers", float(series.values - series.numbers), None, None))
    unit = series.scale.unit
    no_mode = [
        name
        for name, each in zip((title, "Delta", "PS"), found.values(), strict=True)
        if each is not None and each.mode is None
    ]
    return Result(
        title="Statistics",
        columns=(
            Column("stats", "Stats", Kind.TEXT, heading="Stats"),
            Column("value", title, Kind.NUMBER, heading=title, unit=unit),
            Column("delta", "Delta", Kind.NUMBER, heading="Delta", unit=unit),
            Column("ps", "PS", Kind.NUMBER, heading="PS", unit=f"{unit}/s" if unit else "1/s"),
        ),
        rows=ValueRows(("stats", "value", "delta", "ps"), rows),
        notes=(Note(f"no number of {', '.join(no_mode)} is more frequent than the others: Mode 0"),) if no_mode else (),
    )


def figures_of(summary: Summary | None) -> dict[str, float | None]:
    """The figures by the names that they are shown by."""
    if summary is None:
        names = ("Min", "Max", "Mean", "Median", "Mode", "Variance", "P90", "P95", "P99", "Sum")
        return {**dict.fromkeys(names), "Count": 0.0}
    return {
        "Min": summary.least,
        "Max": summary.greatest,
        "Mean": summary.mean,
        "Median": summary.percentiles[50],
        "Mode": summary.mode or 0.0,
        "Variance": summary.variance,
        "P90": summary.percentiles[90],
        "P95": summary.percentiles[95],
        "P99": summary.percentiles[99],
        "Sum": summary.total,
        "Count": float(summary.count),
    }


def statistics_over_time(series: Series, buckets: Buckets, title: str) -> Result:
    """Figures about the values of each bucket.

    Columns: time, where the bucket begins; count, of numbers; min, max, mean, median, p90, p95, p99, sum, variance. In
    order of time; buckets without numbers are left out.
    """
    from twsla.query.scratch import derived_table
    from twsla.query.spooled import SpooledRows
    from twsla.query.statistics import summaries

    engine = series.engine
    numbers = (
        f"SELECT {bucket_sql(buckets)} AS bucket, number "  # noqa: S608  # our own names
        f"FROM (SELECT epoch_ns(ts) AS ns, number FROM {series.table} WHERE ts IS NOT NULL)"
    )
    rows = SpooledRows(engine, derived_table(engine, _OVER_TIME.format(summaries=summaries(numbers))))
    titles = {name: name.upper() if name[0] == "p" else name.capitalize() for name in _OF_A_BUCKET}
    return Result(
        title=f"Statistics of {title}",
        columns=(
            time_column(buckets),
            Column("count", "Count", Kind.COUNT, sort_key="c", heading="Count"),
            *(
                Column(name, shown, Kind.NUMBER, heading=shown, unit=series.scale.unit)
                for name, shown in titles.items()
            ),
        ),
        rows=rows,
        facts=(
            Fact("rows", "Rows", len(rows), Kind.COUNT),
            Fact("interval", "Interval", buckets.interval_ns, Kind.DURATION),
        ),
        charts=(
            Line(x="time", y=("mean", "median", "p95", "max"), step_ns=buckets.interval_ns),
            Line(x="time", y=("count",), step_ns=buckets.interval_ns),
        ),
    )
