"""Figures about numbers, against Python's own and the specification's."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from functools import cache

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twsla.query.statistics import PERCENTS, summaries

NUMBERS = st.one_of(
    st.integers(-5, 5).map(float), st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from([0.1, 1e9, -1e9])
)


@cache
def database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def figures(rows: list[tuple[int, float | None]]) -> list[tuple[float, ...]]:
    buckets, numbers = [bucket for bucket, _ in rows], [number for _, number in rows]
    sql = summaries("SELECT unnest($b::BIGINT[]) AS bucket, unnest($n::DOUBLE[]) AS number")
    found: list[tuple[float, ...]] = database().execute(sql, {"b": buckets, "n": numbers}).fetchall()
    return found


def mode(numbers: list[float]) -> float | None:
    ((*_, found, _, _, _, _),) = figures([(0, number) for number in numbers])
    return found


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.one_of(NUMBERS, st.none())), max_size=40))
def test_the_figures_of_each_bucket_are_those_of_python(rows: list[tuple[int, float | None]]) -> None:
    by_bucket: dict[int, list[float]] = {}
    for bucket, number in rows:
        if number is not None:
            by_bucket.setdefault(bucket, []).append(number)

    found = figures(rows)

    assert [row[0] for row in found] == sorted(by_bucket)
    for of_bucket, count, least, greatest, total, mean, variance, _, *percentiles in found:
        numbers = by_bucket[int(of_bucket)]
        size = max(map(abs, numbers))
        assert (count, least, greatest) == (len(numbers), min(numbers), max(numbers))
        assert math.isclose(total, math.fsum(numbers), rel_tol=1e-9, abs_tol=1e-9 * size)
        assert math.isclose(mean, statistics.fmean(numbers), rel_tol=1e-9, abs_tol=1e-9 * size)
        assert math.isclose(variance, statistics.pvariance(numbers), rel_tol=1e-6, abs_tol=1e-9 * size * size)
        assert math.isclose(percentiles[0], statistics.median(numbers), rel_tol=1e-12, abs_tol=1e-12 * size)
        for percent, value in zip(PERCENTS, percentiles, strict=True):
            assert math.isclose(value, np.percentile(numbers, percent), rel_tol=1e-9, abs_tol=1e-9 * size)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 1, 2], 1),
        ([1, 1, 2, 2], None),
        ([1, 1, 2, 2, 3], 1),
        ([3, 3, 3], 3),
        ([5], 5),
        ([1, 2, 3], None),
        ([0, 86400, 86400, 86399], 86400),
    ],
)
def test_the_mode_is_that_of_the_specification(numbers: list[float], expected: float | None) -> None:
    assert mode(numbers) == expected


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_the_mode_is_the_smallest_of_the_most_frequent(numbers: list[float]) -> None:
    counts = Counter(numbers)
    most = max(counts.values())
    expected = min(number for number, count in counts.items() if count == most)

    assert mode(numbers) == (expected if len(counts) == 1 or min(counts.values()) < most else None)


def test_no_numbers_have_no_figures() -> None:
    assert figures([]) == figures([(0, None)]) == []
