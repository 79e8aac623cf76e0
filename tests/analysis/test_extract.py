"""``twsla extract``: values over time, and their statistics."""

from __future__ import annotations

import math
import random
import statistics
from typing import TYPE_CHECKING

import pytest

from tests.analysis.commands import Answer, answered, refused, store_of
from tests.query.mmdb import country, write_mmdb
from twsla.model.query import Query
from twsla.progress import Silent
from twsla.query.engine import Engine
from twsla.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

THREE = ["2024/05/01 10:00:00 v=10", "2024/05/01 10:00:10 v=20", "2024/05/01 10:00:15 v=5"]
"""The records of the specification's example."""
FIGURES = ["Min", "Max", "Mean", "Median", "Mode", "Variance", "P90", "P95", "P99", "Sum", "Count", "Not numbers"]


def values_of(folder: Path, *values: str) -> Answer:
    """The values, a second apart each, extracted, as JSON."""
    lines = [f"2024-05-01T10:00:{second:02d}Z v={value}" for second, value in enumerate(values)]
    return answered(
        "extract", "-d", store_of(folder, lines), "-e", "v=(.*)", "--format", "json", "--columns",
        "ts,value,number,delta,ps",
    )  # fmt: skip


def column(answer: Answer, name: str) -> list[object]:
    return [row[name] for row in answer.json["rows"]]


# --- the list ---------------------------------------------------------------------------------------------------------


def test_values_come_with_their_changes_as_in_the_specification(tmp_path: Path) -> None:
    store = store_of(tmp_path, THREE, zone="Asia/Tokyo")

    answer = answered("extract", "-d", store, "-e", "v=%{number}", "-n", "V", "--format", "csv", zone="Asia/Tokyo")

    assert answer.text == (
        "Time,V,Delta,PS\n"
        "2024-05-01T10:00:00+09:00,10,0,0\n"
        "2024-05-01T10:00:10+09:00,20,10,1\n"
        "2024-05-01T10:00:15+09:00,5,-15,-3\n"
    )
    assert "Mean: 11.667" in answer.err.splitlines()


def test_records_of_one_time_have_no_change_per_second(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["2024-05-01T10:00:00Z v=1", "2024-05-01T10:00:00Z v=5"])

    assert answered("extract", "-d", store, "-e", "v=%{number}", "--format", "csv").rows[1][2:] == ["4", "0"]


def test_what_is_no_number_is_listed_but_counts_for_nothing(tmp_path: Path) -> None:
    answer = values_of(tmp_path, "1", "abc", "4", "-", "abc", "2")

    assert column(answer, "value") == ["1", "abc", "4", "-", "abc", "2"]
    assert column(answer, "number") == [1, None, 4, None, None, 2]
    assert column(answer, "delta") == [0, None, 3, None, None, -2]
    assert column(answer, "ps") == [0, None, 1.5, None, None, -2 / 3]
    assert answer.json["facts"]["mean"] == 7 / 3
    assert answer.json["notes"] == [
        "3 of 6 values are not numbers and are left out of Delta, PS and statistics: 'abc' (2), '-' (1)"
    ]


def test_units_of_one_kind_become_comparable(tmp_path: Path) -> None:
    answer = values_of(tmp_path, "250ms", "1.5s", "2m0.5s", "7", "3kB")

    assert column(answer, "number") == [0.25, 1.5, 120.5, None, None]
    assert column(answer, "value") == ["250ms", "1.5s", "2m0.5s", "7", "3kB"]
    assert answer.json["facts"]["unit"] == "s"
    assert answer.json["notes"] == [
        "2 of 5 values are not numbers and are left out of Delta, PS and statistics: '3kB' (1), '7' (1)",
        "that includes numbers in other units than the rest: no unit (1), kB (1)",
        "numbers are in s (2), ms (1): all were turned into s",
    ]


def test_a_single_unit_is_kept_and_separators_are_told_of(tmp_path: Path) -> None:
    one = values_of(tmp_path / "one", "12ms", "7 ms")
    separated = values_of(tmp_path / "two", "1,234.5", "12")

    assert (column(one, "number"), one.json["facts"]["unit"], one.json["notes"]) == ([12, 7], "ms", [])
    assert column(separated, "number") == [1234.5, 12]
    assert separated.json["notes"] == ["1 numbers have commas, taken for separators of thousands"]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()


def test_undated_values_stand_last_without_changes(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["2024-05-01T10:00:00Z v=1", "2024-05-01T10:00:01Z v=3"], ["v=7", "v=9"])

    answer = answered("extract", "-d", store, "-e", "v=%{number}", "--format", "csv")
    ranged = answered("extract", "-d", store, "-e", "v=%{number}", "-t", "2024", "--format", "csv")

    assert answer.rows == [
        ["2024-05-01T10:00:00Z", "1", "0", "0"], ["2024-05-01T10:00:01Z", "3", "2", "2"],
        ["", "7", "", ""], ["", "9", "", ""],
    ]  # fmt: skip
    assert answer.notes == [
        "2 values are of records without a time stamp: they have no Delta and PS and are in no interval"
    ]
    assert "Mean: 5" in answer.err
    assert len(ranged.rows) == 2
    assert ranged.notes == ["2 records without a time stamp are not in the time range and were not searched"]


def test_values_of_several_sources_are_merged_by_time(tmp_path: Path) -> None:
    seeded = random.Random(3)
    lines = {
        name: [f"2024-05-01T10:{second // 60:02d}:{second % 60:02d}Z v={name}{second}" for second in sorted(
            seeded.randrange(3000) for _ in range(50)
        )]
        for name in "abc"
    }  # fmt: skip
    store = store_of(tmp_path, *lines.values())

    answer = answered(
        "extract",
        "-d",
        store,
        "-e",
        "v=(.*)",
        "--format",
        "csv",
        "--columns",
        "ts,value,source,line_no",
    )

    expected = sorted(
        (line[:20], str(tmp_path / f"{name}.log"), number, line[23:])
        for name in lines
        for number, line in enumerate(lines[name], start=1)
    )
    assert answer.rows == [[ts, value, source, str(number)] for ts, source, number, value in expected]


def test_all_values_of_a_record_are_listed_in_their_order(tmp_path: Path) -> None:
    lines = ["2024-05-01T10:00:00Z v=1 v=2 v=3", "2024-05-01T10:00:02Z none", "2024-05-01T10:00:04Z v=9"]
    store = store_of(tmp_path, lines, [line.replace("v=", "v=1") for line in lines])

    answer = answered("extract", "-d", store, "-e", "v=%{number}", "--all", "--format", "csv")

    assert [row[1] for row in answer.rows] == ["1", "2", "3", "11", "12", "13", "9", "19"]


def test_sorting_by_value_is_by_number(tmp_path: Path) -> None:
    lines = [f"2024-05-01T10:00:0{second}Z v={value}" for second, value in enumerate(["10", "9", "x", "1,000", "b"])]
    store = store_of(tmp_path, lines)

    up = answered("extract", "-d", store, "-e", "v=(.*)", "--sort", "value", "--format", "csv")
    down = answered("extract", "-d", store, "-e", "v=(.*)", "--sort", "value:desc", "--format", "csv")

    assert [row[1] for row in up.rows] == ["9", "10", "1,000", "b", "x"]
    assert [row[1] for row in down.rows] == ["1,000", "10", "9", "x", "b"]


def test_integers_are_listed_exactly(tmp_path: Path) -> None:
    store = store_of(tmp_path, ['2024-05-01T10:00:00Z {"n":9007199254740993}', '2024-05-01T10:00:01Z {"n":1234567}'])

    answer = answered("extract", "-d", store, "-e", "json", "-n", "n", "--format", "csv")

    assert [row[1] for row in answer.rows] == ["9007199254740993", "1234567"]


def test_numbers_too_large_for_their_differences_do_no_harm(tmp_path: Path) -> None:
    answer = values_of(tmp_path, "1e308", "-1e308", "1e400")

    assert column(answer, "number") == [1e308, -1e308, None]
    assert answer.code == 0


def test_what_is_known_about_addresses_stands_behind_them(tmp_path: Path) -> None:
    cities = write_mmdb(tmp_path / "c.mmdb", "GeoIP2-Country", {"9.0.0.0/8": country("US")})
    lines = ["2024-05-01T10:00:00Z from 9.1.1.1", "2024-05-01T10:00:01Z from 8.8.8.8", "2024-05-01T10:00:02Z none"]
    store = store_of(tmp_path, lines)

    answer = answered("extract", "-d", store, "-e", "country", "--geoip", cities, "--format", "csv")

    assert [row[1] for row in answer.rows] == ["9.1.1.1(US)", "8.8.8.8"]


def test_nothing_found_is_an_empty_table(tmp_path: Path) -> None:
    store = store_of(tmp_path, THREE)

    listed = answered("extract", "-d", store, "-e", "nothing=%{number}", "--format", "csv")
    figures = answered("extract", "-d", store, "-e", "nothing=%{number}", "--stats", "--format", "csv")
    over_time = answered("extract", "-d", store, "-e", "nothing=%{number}", "--stats", "-i", "60", "--format", "csv")

    assert listed.text == "Time,Value,Delta,PS\n"
    assert figures.rows[0] == ["Min", "", "", ""]
    assert figures.rows[-2] == ["Count", "0", "0", "0"]
    assert over_time.rows == []


# --- statistics -------------------------------------------------------------------------------------------------------


def test_the_statistics_are_those_of_the_specification(tmp_path: Path) -> None:
    store = store_of(tmp_path, THREE)

    answer = answered("extract", "-d", store, "-e", "v=%{number}", "-n", "V", "--stats", "--format", "csv")

    assert answer.text.startswith("Stats,V,Delta,PS\n")
    assert [row[0] for row in answer.rows] == FIGURES
    rounded = [[row[0], *(round(float(cell), 3) for cell in row[1:])] for row in answer.rows[:6]]
    assert rounded == [
        ["Min", 5, -15, -3],
        ["Max", 20, 10, 1],
        ["Mean", 11.667, -1.667, -0.667],
        ["Median", 10, 0, 0],
        ["Mode", 0, 0, 0],
        ["Variance", 38.889, 105.556, 2.889],
    ]
    assert answer.notes == ["no number of V, Delta, PS is more frequent than the others: Mode 0"]


def test_statistics_of_intervals(tmp_path: Path) -> None:
    seeded = random.Random(11)
    values = [(minute, seeded.randrange(100)) for minute in range(60) for _ in range(seeded.randrange(1, 4))]
    lines = [f"2024-05-01T10:{minute:02d}:30Z took {value}ms" for minute, value in values]
    store = store_of(tmp_path, [*lines, "2024-05-01T10:59:59Z took x"])

    answer = answered("extract", "-d", store, "-e", "took %{word}", "--stats", "-i", "5m", "--format", "json").json

    assert [row["time"] for row in answer["rows"]] == [f"2024-05-01T10:{minute:02d}:00Z" for minute in range(0, 60, 5)]
    for row, first in zip(answer["rows"], range(0, 60, 5), strict=True):
        numbers = [value for minute, value in values if first <= minute < first + 5]
        assert (row["count"], row["min"], row["max"], row["sum"]) == (
            len(numbers), min(numbers), max(numbers), sum(numbers),
        )  # fmt: skip
        assert math.isclose(row["mean"], statistics.fmean(numbers))
        assert row["median"] == statistics.median(numbers)
        assert math.isclose(row["variance"], statistics.pvariance(numbers), abs_tol=1e-9)
    assert answer["notes"][0].startswith("1 of ")


def test_the_statistics_are_an_action_of_the_list(tmp_path: Path) -> None:
    from twsla.analysis.extract import ExtractOptions, extract

    engine = Engine(Store.open(store_of(tmp_path, THREE)), Query())
    try:
        result = extract(engine, ExtractOptions(extract=("v=%{number}",)), Silent())
        (action,) = result.actions
        shown = action.run(None, Silent())
    finally:
        engine.close()

    assert action.key == "i"
    assert not isinstance(shown, str)
    assert shown.rows.slice(0, 3).to_pylist()[2]["value"] == 35 / 3


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is nothing to extract"),
        (["-e", "ip", "-e", "mac"], "-e is given 2 times"),
        (["-e", "ip", "-i", "x"], "cannot read the interval 'x'"),
        (["-e", "ip", "--ip", "city"], "city"),
        (["-e", "ip", "-n", "a", "-n", "b"], "--name is given 2 times for 1 extraction"),
        (["-e", "nosuchkey"], "'nosuchkey' is no key of -e"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in refused("extract", "-d", store_of(tmp_path, THREE), *arguments)


def test_an_interval_without_effect_is_told(tmp_path: Path) -> None:
    answer = answered("extract", "-d", store_of(tmp_path, THREE), "-e", "v=%{number}", "-i", "60")

    assert answer.notes == ["the interval (-i) had no effect without --stats"]
