"""Long series made short: the picture must stay the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.render.chart_sample import Sample, Spread

NS = st.integers(-(2**62), 2**62)


def sampled(
    xs: np.ndarray, ys: np.ndarray, intervals: int, *, pieces: int = 1, peaks_only: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    sample = Sample(intervals, peaks_only=peaks_only)
    for x, y in zip(np.array_split(xs, pieces), np.array_split(ys, pieces), strict=True):
        sample.add(x, y)
    return sample.points()


def test_a_short_series_is_all_drawn_in_order_of_x_ties_in_order_of_rows() -> None:
    x, y = sampled(np.array([5, 1, 5, 3]), np.array([1.0, 2.0, 3.0, 4.0]), 10)

    assert x.tolist() == [1, 3, 5, 5]
    assert y.tolist() == [2.0, 4.0, 1.0, 3.0]


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.floats(-1e6, 1e6)), min_size=1, max_size=400),
    st.integers(1, 12),
    st.integers(1, 7),
)
def test_first_last_lowest_and_highest_stay_and_nothing_is_invented(
    points: list[tuple[int, float]], intervals: int, pieces: int
) -> None:
    xs, ys = np.array([x for x, _ in points]), np.array([y for _, y in points])

    x, y = sampled(xs, ys, intervals, pieces=pieces)

    assert len(x) <= max(8 * intervals, 4 * intervals)
    assert set(zip(x.tolist(), y.tolist(), strict=True)) <= set(points)
    assert np.all(np.diff(x) >= 0)
    assert (x[0], x[-1]) == (xs.min(), xs.max())
    assert (y.min(), y.max()) == (ys.min(), ys.max())


@given(st.lists(st.tuples(NS, st.floats(-10, 10)), min_size=20, max_size=200), st.integers(1, 5))
def test_in_how_many_pieces_the_rows_come_makes_no_difference(points: list[tuple[int, float]], intervals: int) -> None:
    xs, ys = np.array([x for x, _ in points]), np.array([y for _, y in points])

    whole, parts = sampled(xs, ys, intervals), sampled(xs, ys, intervals, pieces=9)

    assert whole[0].tolist() == parts[0].tolist()
    assert whole[1].tolist() == parts[1].tolist()


def test_the_picture_of_a_million_points_keeps_its_one_peak_and_every_column_its_range() -> None:
    count, columns = 1_000_000, 200
    xs = np.arange(count) * 1000
    ys = np.sin(xs / 1e8)
    ys[123_457] = 50.0
    order = np.random.default_rng(3).permutation(count)

    x, y = sampled(xs[order], ys[order], columns, pieces=40)

    assert y.max() == 50.0
    assert len(x) <= 8 * columns
    # A picture shows the lowest and the highest of each of its columns; between two points it draws a straight line.
    drawn = np.interp(xs, x, y)
    for column in np.array_split(np.arange(count), columns):
        if abs(column[0] - 123_457) < 2 * len(column):
            continue  # the peak is as wide as an interval, which may lie over two columns
        assert abs(drawn[column].max() - ys[column].max()) < 0.02
        assert abs(drawn[column].min() - ys[column].min()) < 0.02


def test_a_gap_stays_where_an_interval_has_no_value() -> None:
    xs = np.arange(1000)
    ys = np.where((xs >= 400) & (xs < 600), np.nan, 1.0)

    x, y = sampled(xs, ys, 20)

    assert np.isnan(y[(x > 420) & (x < 580)]).all()
    assert len(y[(x > 420) & (x < 580)]) > 0
    assert not np.isnan(y[(x < 380) | (x > 620)]).any()


def test_of_bars_the_highest_of_each_interval_stays() -> None:
    x, y = sampled(np.arange(128), np.tile([1.0, 5.0, 2.0, 5.0], 32), 16, peaks_only=True)

    assert y.tolist() == [5.0] * 32
    assert x.tolist() == list(range(1, 128, 4)), "of equal ones the first"


@pytest.mark.parametrize("values", [[1e308, -1e308, 0.0], [5e-324, 0.0, 1e-300], [7.0, 7.0, 7.0]])
def test_any_floats_can_be_x(values: list[float]) -> None:
    x, _ = sampled(np.array(values * 20), np.arange(60.0), 2)

    assert (x.min(), x.max()) == (min(values), max(values))


def test_stretches_without_rows_are_empty_intervals() -> None:
    sample = Sample(100)
    sample.add(np.array([0, 10, 50, 60]), np.array([3.0, 4.0, 5.0, 6.0]))

    x, y = sample.unbroken(10, 0.0)

    assert list(zip(x.tolist(), y.tolist(), strict=True)) == [(0, 3), (10, 4), (20, 0), (40, 0), (50, 5), (60, 6)]


def test_points_left_out_make_no_empty_interval() -> None:
    sample = Sample(10)
    xs = np.concatenate([np.arange(0, 5000), np.arange(8000, 10_000)])
    sample.add(xs, np.ones(len(xs)))

    x, y = sample.unbroken(1, 0.0)

    assert x[y == 0].tolist() == [5000, 7999]


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=300), st.integers(1, 50))
def test_of_points_on_one_spot_the_first_is_drawn(points: list[tuple[float, float]], limit: int) -> None:
    spread = Spread(limit, 4, 3)
    for x, y in points:
        spread.add(np.array([x]), np.array([y]))
    xs, ys = spread.points()
    drawn = list(zip(xs.tolist(), ys.tolist(), strict=True))

    assert points[0] in drawn
    assert drawn == sorted(drawn, key=lambda point: point[0])
    assert set(drawn) <= set(points)
    assert len(drawn) == len(points) if len(points) <= limit else len(drawn) <= 10 * 8


def test_dots_come_in_order_of_x_whatever_the_order_of_the_rows() -> None:
    spread = Spread(10)
    spread.add(np.array([40, 5, 10, 5]) * 10**9, np.array([1.0, 4.0, 20.0, 3.0]))

    x, y = spread.points()
    assert (x // 10**9).tolist() == [5, 5, 10, 40]
    assert y.tolist() == [4, 3, 20, 1]
