"""From rows to what is drawn: the same numbers, nothing lost without a word."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from tests.render import charted
from tests.render.charted import COUNT, KEY, MAY, TIME, S, result
from twsla.model.charts import Bar, Graph, Heatmap, Histogram, Line, Pie, Places, Scatter
from twsla.model.result import ArrowRows, Column, Kind, Result, ValueRows
from twsla.render.chart_keys import bin_edges
from twsla.render.chartdata import chart_data
from twsla.render.drawings import (
    Axis,
    Bars,
    Bins,
    Cells,
    Network,
    Points,
    Slices,
    Spots,
    UndrawableError,
    is_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = Column("user", "User", Kind.TEXT)


def points(value: Result, place: int = 0) -> Points:
    drawing = chart_data(value.charts[place], value)
    assert isinstance(drawing, Points)
    return drawing


def bars(value: Result) -> Bars:
    drawing = chart_data(value.charts[0], value)
    assert isinstance(drawing, Bars)
    return drawing


def column(value: Result, name: str) -> list[Any]:
    table = value.rows.slice(0, len(value.rows))
    values: list[Any] = (table[name].cast("int64") if name == "time" else table[name]).to_pylist()
    return values


# --- lines and points --------------------------------------------------------------------------------------------


def test_a_line_has_the_points_of_the_rows_in_order_of_time_whatever_the_order_of_the_rows() -> None:
    value = charted.counts(500)
    shuffled = ArrowRows(value.rows.slice(0, 500).take(pa.array(np.random.default_rng(1).permutation(500))))

    (series,) = points(replace(value, rows=shuffled)).series

    assert series.x.tolist() == column(value, "time")
    assert series.y.tolist() == column(value, "count")
    assert points(value).notes == ()


def test_a_long_line_says_how_many_of_its_points_are_drawn() -> None:
    drawing = points(charted.counts(100_000, 60))

    (series,) = drawing.series
    assert len(series.x) < 10_000
    assert series.y.max() == max(column(charted.counts(100_000, 60), "count"))
    assert drawing.notes == (
        f"{len(series.x):,} of 100,000 points are drawn: first, last, lowest and highest of each interval",
    )


def test_rows_without_a_time_or_a_number_are_counted_and_a_missing_value_is_a_gap() -> None:
    table = pa.table(
        {
            "time": pa.array([MAY, None, MAY + S, MAY + 2 * S], pa.timestamp("ns", "UTC")),
            "value": pa.array([1.0, 2.0, None, float("inf")]),
        }
    )
    value = Result(
        "T", (TIME, Column("value", "Value", Kind.NUMBER)), ArrowRows(table), charts=(Line("time", ("value",)),)
    )

    drawing = points(value)

    assert drawing.series[0].x.tolist() == [MAY, MAY + S, MAY + 2 * S]
    assert [y if y == y else None for y in drawing.series[0].y.tolist()] == [1.0, None, None]
    assert drawing.notes == (
        "1 row without Time is not drawn",
        "2 rows without a number in Value are not drawn",
    )


def test_intervals_without_a_row_are_drawn_as_nothing_counted() -> None:
    value = result(
        "T", [Line("time", ("count",), step_ns=10 * S)], [TIME, COUNT], time=[MAY, MAY + 40 * S], count=[3, 4]
    )

    (series,) = points(value).series

    assert [(x - MAY) // S for x in series.x.tolist()] == [0, 10, 30, 40]
    assert series.y.tolist() == [3, 0, 0, 4]


def test_durations_are_drawn_in_seconds_and_text_as_places_of_first_appearance() -> None:
    value = result(
        "T",
        [Line("time", ("delay",)), Line("time", ("user",))],
        [TIME, Column("delay", "Delay", Kind.DURATION), USER],
        time=[MAY, MAY + S, MAY + 2 * S],
        delay=[1_500_000_000, 0, 10**18],
        user=["b", "a", "b"],
    )

    assert points(value).series[0].y.tolist() == [1.5, 0.0, 1e9]
    names = points(value, 1)
    assert names.series[0].y.tolist() == [0, 1, 0]
    assert names.y.names == ("b", "a")


def test_keys_over_time_the_largest_by_themselves_the_rest_as_one_with_a_value_at_every_time() -> None:
    value = charted.keys_over_time(14)
    rows = list(zip(column(value, "time"), column(value, "user"), column(value, "count"), strict=True))
    sums = {user: sum(count for _, who, count in rows if who == user) for user in {who for _, who, _ in rows}}
    largest = sorted(sums, key=lambda user: -sums[user])[:8]

    drawing = points(value)

    assert [each.name for each in drawing.series] == [*largest, "Other (6)"]
    assert [each.is_other for each in drawing.series] == [False] * 8 + [True]
    times = sorted({time for time, _, _ in rows})
    for each in drawing.series[:8]:
        at = {time: count for time, who, count in rows if who == each.name}
        assert each.x.tolist() == times
        assert each.y.tolist() == [at.get(time, 0) for time in times]
    others = [sum(count for time, who, count in rows if time == at and who not in largest) for at in times]
    assert drawing.series[8].y.tolist() == others


def test_measurements_by_key_are_not_summed_up_and_the_rest_is_left_out_with_a_word() -> None:
    hosts = [f"host{number:02}" for number in range(10) for _ in range(3)]
    value = result(
        "T",
        [Line("time", ("value",), split="user")],
        [TIME, USER, Column("value", "Value", Kind.NUMBER)],
        time=[MAY + n % 3 * S for n in range(30)],
        user=hosts,
        value=[float(30 - n) for n in range(30)],
    )

    drawing = points(value)

    assert [each.name for each in drawing.series] == [f"host{number:02}" for number in range(8)]
    assert drawing.series[0].y.tolist() == [30.0, 29.0, 28.0]
    assert drawing.notes == ("8 of 10 are drawn: those with the largest sums",)


def test_a_scatter_has_a_point_for_each_row_or_says_how_many() -> None:
    value = charted.values(400)
    drawing = points(value, 2)
    table = value.rows.slice(0, 400).to_pydict()
    pairs = [(v, load) for v, load in zip(table["value"], table["load"], strict=True) if v is not None]

    (series,) = drawing.series
    assert list(zip(series.x.tolist(), series.y.tolist(), strict=True)) == sorted(pairs, key=lambda pair: pair[0])
    many = points(charted.delays(40_000), 2)
    assert many.notes == (f"{len(many.series[0].x):,} of 40,000 points are drawn: those on one spot once",)


# --- bars and slices ---------------------------------------------------------------------------------------------


def test_bars_over_time_are_all_drawn_and_as_wide_as_the_interval() -> None:
    value = charted.count_bars(48, 1800)

    drawing = bars(value)

    assert drawing.series[0].x.tolist() == column(value, "time")
    assert drawing.series[0].y.tolist() == column(value, "count")
    assert drawing.width_ns == 1800 * S


def test_of_more_bars_than_can_be_drawn_the_highest_stay() -> None:
    value = charted.count_bars(10_000, 60)

    drawing = bars(value)

    assert drawing.series[0].y.max() == max(column(value, "count"))
    assert len(drawing.series[0].x) <= 2000
    assert drawing.notes == (f"{len(drawing.series[0].x):,} of 10,000 bars are drawn: the highest of each interval",)


def test_bars_of_keys_the_largest_first_and_the_rest_as_one() -> None:
    value = charted.keys(200)
    counts = column(value, "count")

    drawing = bars(value)

    assert drawing.x.names == (*column(value, "key")[:30], "Other (170)")
    assert drawing.series[0].y.tolist() == [*counts[:30], sum(counts[30:])]
    assert drawing.has_rest


def test_bars_of_scores_have_no_sum_of_the_rest() -> None:
    value = result(
        "T",
        [Bar("key", "score", top=2)],
        [KEY, Column("score", "Score", Kind.SCORE)],
        key=["a", "b", "c"],
        score=[0.1, 0.9, 0.5],
    )

    drawing = bars(value)

    assert drawing.x.names == ("b", "c")
    assert drawing.notes == ("2 of 3 keys are drawn: the largest",)


def test_the_bar_of_the_rest_is_cut_where_it_would_hide_the_others() -> None:
    even = bars(charted.keys(40))
    value = charted.result(
        "T", [Bar("key", "count", top=2)], [KEY, COUNT], key=[f"k{n}" for n in range(50)], count=[10, 8, *[7] * 48]
    )

    drawing = bars(value)

    assert even.cut_at() is None
    assert drawing.totals().tolist() == [10, 8, 336]
    assert drawing.cut_at() == 12


def test_numbers_as_keys_stand_in_their_order() -> None:
    hour = Column("hour", "Hour", Kind.COUNT)
    value = result("T", [Bar("hour", "count")], [hour, COUNT], hour=[10, 2, 1], count=[5, 9, 7])

    assert bars(value).x.names == ("1", "2", "10")
    assert bars(value).series[0].y.tolist() == [7, 9, 5]


def test_stacked_bars_add_up_to_the_rows() -> None:
    value = charted.keys_over_time(12, Bar("user", "count", split="time", top=5))

    drawing = bars(value)

    assert len(drawing.series) == 9
    totals = np.sum([each.y for each in drawing.series], axis=0)
    users, counts = column(value, "user"), column(value, "count")
    for name, total in zip(drawing.x.names[:5], totals[:5].tolist(), strict=True):
        assert total == sum(count for user, count in zip(users, counts, strict=True) if user == name)
    assert totals.sum() == sum(counts)


def test_slices_name_all_columns_and_leave_nothing_out() -> None:
    value = charted.pairs(20, 30)
    drawing = chart_data(value.charts[1], value)

    assert isinstance(drawing, Slices)
    counts = sorted(column(value, "count"), reverse=True)
    assert drawing.names[0] == "10.0.0.0 · user0@example.com"
    assert drawing.values.tolist() == [*counts[:10], sum(counts[10:])]
    assert drawing.names[10] == f"Other ({len(counts) - 10})"


def test_rows_of_one_key_are_one_bar() -> None:
    value = result("T", [Bar("key", "count")], [KEY, COUNT], key=["a", "b", "a"], count=[2, 3, 2])

    assert bars(value).x.names == ("a", "b")
    assert bars(value).series[0].y.tolist() == [4, 3]


# --- histograms --------------------------------------------------------------------------------------------------


def test_bars_too_low_to_be_seen_are_known_if_they_are_few() -> None:
    def low(*counts: float) -> list[int]:
        return Bins("", Axis("x"), np.arange(len(counts) + 1.0), np.array(counts)).too_low()

    assert low(3000, 0, 30, 29, 0, 1) == [3, 5]
    assert low(3, 2, 1) == low() == low(0, 0) == []
    assert low(3000, *[1] * 50) == []


def test_a_histogram_counts_every_value_once() -> None:
    value = charted.delays(5000)
    drawing = chart_data(value.charts[1], value)

    assert isinstance(drawing, Bins)
    seconds = np.array(column(value, "delay")) / 1e9
    assert drawing.counts.sum() == 5000
    assert drawing.counts.tolist() == np.histogram(seconds, drawing.edges)[0].tolist()
    assert (drawing.edges[0], drawing.edges[-1]) == (seconds.min(), seconds.max())


@pytest.mark.parametrize(
    ("low", "high", "count", "bins", "whole", "expected"),
    [
        (0, 5, 6, 0, True, [0, 2, 4, 6]),  # 2 * 6 ** (1/3) = 3.6, so at least 5 wanted; 6 numbers in 5 bins: 2 wide
        (1, 3, 100, 0, True, [1, 2, 3, 4]),
        (0, 10, 1000, 4, True, [0, 3, 6, 9, 12]),
        (0, 1, 8, 2, False, [0, 0.5, 1]),
        (7, 7, 3, 0, True, [6.5, 7.5]),
    ],
)
def test_edges_by_hand(low: float, high: float, count: int, bins: int, whole: bool, expected: list[float]) -> None:
    assert bin_edges(low, high, count, bins, whole=whole).tolist() == expected


# --- heat maps ---------------------------------------------------------------------------------------------------


def cells(value: Result) -> Cells:
    drawing = chart_data(value.charts[0], value)
    assert isinstance(drawing, Cells)
    return drawing


def test_a_heat_map_has_every_day_and_all_hours_and_nothing_as_zero() -> None:
    value = charted.heat(14)

    drawing = cells(value)

    assert drawing.x.names == tuple(f"2024/05/{day:02}" for day in range(6, 20))
    assert drawing.y.names == tuple(str(hour) for hour in range(24))
    rows = zip(column(value, "day"), column(value, "hour"), column(value, "count"), strict=True)
    wanted = np.zeros((24, 14))
    for day, hour, count in rows:
        wanted[hour, int(day[-2:]) - 6] = count
    assert drawing.values.tolist() == wanted.tolist()


def test_all_weekdays_are_there_beginning_as_the_rows_do() -> None:
    assert cells(charted.heat(week=True)).x.names[:2] == ("Sunday", "Monday")
    days = [Column("day", "Day", Kind.TEXT), Column("hour", "Hour", Kind.COUNT), COUNT]
    value = result("T", [Heatmap("hour", "day", "count")], days, day=["Tuesday", "Sunday"], hour=[1, 2], count=[3, 4])
    assert cells(value).y.names == ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def test_times_of_a_heat_map_stand_at_one_distance() -> None:
    value = result(
        "T", [Heatmap("time", "key", "count")], [TIME, KEY, COUNT],
        time=[MAY + 3 * 3600 * S, MAY, MAY + 3600 * S], key=["a", "b", "a"], count=[1, 2, 3],
    )  # fmt: skip

    drawing = cells(value)

    assert drawing.x.names == ("2024-05-06 00:00", "2024-05-06 01:00", "2024-05-06 02:00", "2024-05-06 03:00")
    assert drawing.y.names == ("a", "b")
    assert drawing.values.tolist() == [[0, 3, 0, 1], [2, 0, 0, 0]]


def test_more_keys_than_a_heat_map_has_lines_are_left_out_with_a_word() -> None:
    names = [f"k{number:03}" for number in range(150)]
    hour = Column("hour", "Hour", Kind.COUNT)
    value = result(
        "T", [Heatmap("hour", "key", "count")], [KEY, hour, COUNT], key=names, hour=[0] * 150, count=list(range(1, 151))
    )

    drawing = cells(value)

    assert drawing.y.names == tuple(names[50:])
    assert drawing.notes == ("100 of 150 Key are drawn: the largest",)


def test_a_heat_map_wider_than_the_picture_joins_columns_by_their_highest() -> None:
    value = charted.heat(400)

    drawing = chart_data(value.charts[0], value, intervals=50)

    assert isinstance(drawing, Cells)
    assert len(drawing.x.names) == 50
    assert drawing.values.max() == 180
    assert drawing.notes == ("each column stands for 8 of 400: the highest of them",)


# --- networks and places -----------------------------------------------------------------------------------------


def test_a_network_has_the_heaviest_edges_and_a_value_of_both_sides_once() -> None:
    ends = [Column("a", "A", Kind.TEXT), Column("b", "B", Kind.TEXT), COUNT]
    value = result(
        "T", [Graph("a", "b", "count", top=3)], ends, a=["x", "y", "x", "w"], b=["y", "z", "z", "z"], count=[5, 9, 7, 1]
    )

    drawing = chart_data(value.charts[0], value)

    assert isinstance(drawing, Network)
    names = drawing.names
    edges = [(names[s], names[t]) for s, t in zip(drawing.sources.tolist(), drawing.targets.tolist(), strict=True)]
    assert edges == [("y", "z"), ("x", "z"), ("x", "y")]
    assert drawing.weights.tolist() == [9, 7, 5]
    assert dict(zip(names, drawing.groups, strict=True)) == {"x": 0, "y": 2, "z": 1}
    assert drawing.notes == ("3 of 4 edges are drawn: the largest",)


def test_places_without_a_position_are_counted() -> None:
    value = charted.places()
    drawing = chart_data(value.charts[0], value)

    assert isinstance(drawing, Spots)
    assert drawing.names[0] == "Tokyo"
    assert (drawing.latitude[0], drawing.longitude[0], drawing.values[0]) == (35.7, 139.7, 912)
    assert len(drawing.names) == len(charted.CITIES)
    assert drawing.notes == ("1 place without a position is not drawn",)


# --- all of them -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chart",
    [
        Line("time", ("count",)),
        Line("time", ("count",), split="key"),
        Bar("time", "count"),
        Bar("key", "count"),
        Bar("key", "count", split="time"),
        Pie(("key",), "count"),
        Histogram("count"),
        Scatter("time", "count"),
        Heatmap("time", "key", "count"),
        Graph("key", "key", "count"),
        Places("count", "count", "key", "count"),
    ],
)
def test_no_rows_are_nothing_to_draw(chart: Any) -> None:
    assert is_empty(chart_data(chart, charted.empty(chart)))


def test_a_chart_of_a_column_that_is_not_there_is_an_error_that_names_it() -> None:
    with pytest.raises(UndrawableError, match="'nosuch'"):
        chart_data(Line("time", ("nosuch",)), charted.counts())


def test_labels_have_no_control_characters_and_no_piles_of_marks() -> None:
    drawing = bars(charted.hostile_keys())

    assert "evil\\u202egpj.exe" in drawing.x.names
    assert "\\x1b[2J\\x1b]0;owned\\x07" in drawing.x.names
    assert "line one⏎line two" in drawing.x.names
    assert "(empty)" in drawing.x.names
    assert all(len(name) <= 310 and name.isprintable() for name in drawing.x.names if "\u200d" not in name)
    assert max(name.count("\u0301") for name in drawing.x.names) == 3


def test_a_handful_of_values_is_drawn_as_well() -> None:
    value = Result("T", (KEY, COUNT), ValueRows(("key", "count"), [("a", 2), ("b", 3)]), charts=(Bar("key", "count"),))

    assert bars(value).x.names == ("b", "a")


class _ManyRows:
    """Four million rows, made piece by piece."""

    def __len__(self) -> int:
        return 4_000_000

    def batches(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self), 50_000):
            at = np.arange(start, start + 50_000)
            yield pa.record_batch(
                {
                    "time": pa.array(MAY + at * S, pa.int64()).cast(pa.timestamp("ns", "UTC")),
                    "key": pa.array(at % 1000).cast(pa.string()),
                    "count": pa.array(at % 977),
                }
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    "chart", [Line("time", ("count",)), Bar("key", "count"), Histogram("count"), Scatter("time", "count")]
)
def test_memory_does_not_grow_with_the_rows(chart: Any) -> None:
    value = Result("T", (TIME, KEY, COUNT), _ManyRows(), charts=(chart,))  # type: ignore[arg-type]  # what is read of Rows
    chart_data(chart, charted.empty(chart))  # imports
    tracemalloc.start()

    chart_data(chart, value)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000
