"""Figures about the numbers of a scratch table: exact, in bounded memory, for all of them or for each bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from twsla.query.engine import Engine

PERCENTS: Final = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Summary:
    """Of one set of numbers, not empty."""

    count: int
    least: float
    greatest: float
    total: float
    mean: float
    variance: float
    """Of the population."""
    mode: float | None
    """The smallest of the most frequent numbers; None if all are equally frequent, and not all the same."""
    percentiles: dict[int, float]
    """Of ``PERCENTS``: numbers in between are interpolated, so that 50 is the median."""


def summarize(engine: Engine, table: str, column: str) -> Summary | None:
    """The figures of a column, NULLs left aside; None if there are no numbers.

    Raises:
        UsageError: The numbers are too large for it.
    """
    found = engine.execute(summaries(f"SELECT 0 AS bucket, {column} AS number FROM {table}"))  # noqa: S608  # our names
    if not found:
        return None
    _, count, least, greatest, total, mean, variance, mode, *percentiles = found[0]
    return Summary(
        int(count), least, greatest, total, mean, variance, mode, dict(zip(PERCENTS, percentiles, strict=True))
    )


def summaries(numbers: str) -> str:
    """A SELECT of the figures of each bucket, in order: bucket, count, least, greatest, total, mean, variance, mode
    (NULL if there is none), and p50, p90, p95, p99.

    All figures are made of how often each number occurs. So DuckDB can group and sort on disk, which its own median
    cannot, and the mode comes along.

    Args:
        numbers: A SELECT of ``bucket`` and ``number``, DOUBLE; NULLs are left aside.
    """
    percentiles = ", ".join(_percentile(percent) for percent in PERCENTS)
    return f"""
        WITH frequencies AS (
            SELECT bucket, number, count(*) AS n FROM ({numbers}) WHERE number IS NOT NULL GROUP BY bucket, number
        ),
        placed AS (
            SELECT *,
                sum(n) OVER (PARTITION BY bucket ORDER BY number)::BIGINT AS upto,
                sum(n) OVER (PARTITION BY bucket)::BIGINT AS count,
                sum(n * number) OVER (PARTITION BY bucket) AS total,
                max(n) OVER (PARTITION BY bucket) AS most
            FROM frequencies
        )
        SELECT bucket, count, min(number) AS least, max(number) AS greatest, total, total / count AS mean,
            sum(n * (number - total / count) ** 2) / count AS variance,
            CASE WHEN count(*) = 1 OR min(n) < max(n) THEN min(number) FILTER (n = most) END AS mode,
            {percentiles}
        FROM placed GROUP BY bucket, count, total, most ORDER BY bucket
    """  # noqa: S608  # our own names and the caller's SELECT


def _percentile(percent: int) -> str:
    """The number at place ``(count - 1) * percent / 100`` of the sorted ones, in whole numbers up to the last step."""
    below = f"(count - 1) * {percent} // 100"
    rest = f"(count - 1) * {percent} % 100"
    low = f"min(number) FILTER (upto > {below})"
    high = f"min(number) FILTER (upto > {below} + ({rest} > 0)::BIGINT)"
    return f"{low} + ({high} - {low}) * any_value({rest}) / 100 AS p{percent}"
