"""JSON paths with filters, slices and unions, through the command line, against Python's own reading."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.commands import answered, refused, store_of
from twsla.query.jsonnodes import compile_query, places_of

if TYPE_CHECKING:
    from pathlib import Path

ITEMS: list[Any] = [
    [{"size": 5, "name": "a"}, {"size": 50, "name": "b"}, {"size": 500, "name": "c", "x/y~z": 1e3}],
    [{"size": 11, "name": "b"}],
    "no list",
    [],
]
LINES = [
    *(
        f"2024-05-01 10:00:0{at} app " + json.dumps({"list": each, "u": {"n": "root"}, "star": {"*": {"": 7}}})
        for at, each in enumerate(ITEMS)
    ),
    "2024-05-01 10:00:09 not json { at all",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("json"), LINES)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.list[?@.size > 10].name", ["b", "c", "b"]),
        ("list[?(@.size > 10)].name", ["b", "c", "b"]),
        ("$.list[?@.size > 10 && @.name != 'c'].size", ["50", "11"]),
        ("$.list[?search(@.name, '[ac]')].size", ["5", "500"]),
        ("$.list[?match(@.name, 'b')].size", ["50", "11"]),
        ("$.list[?length(@.name) == 2].size", []),
        ("$.list[0:2].size", ["5", "50", "11"]),
        ("$.list[::-1].size", ["500", "50", "5", "11"]),
        ("$.list[0,2].name", ["a", "c", "b"]),
        ("$.list[?@['x/y~z']]['x/y~z']", ["1000"]),
        ("$.u[?@ == 'root']", ["root"] * 4),
        ("$..[?@.size == 11].name", ["b"]),
        ("$.star['*'].*", ["7"] * 4),
    ],
)
def test_values_of_filters_slices_and_unions(store: Path, path: str, values: list[str]) -> None:
    listed = answered(
        "extract", "-d", store, "-e", "json", "-n", path, "--all", "--columns", "value", "--format", "csv"
    )
    counted = answered("count", "-d", store, "-e", "json", "-n", path, "--all", "--format", "csv")

    assert [value for (value,) in listed.rows] == values
    assert {key: int(count) for key, count in counted.rows} == Counter(values)


def test_without_all_each_record_has_the_first(store: Path) -> None:
    def counted(*arguments: str) -> list[list[str]]:
        path = "$.list[?@.size > 10].name"
        return answered("count", "-d", store, "-e", "json", "-n", path, *arguments, "--format", "csv").rows

    assert counted() == [["b", "2"]]
    assert counted("-p", "2") == [["c", "1"]]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("$.list[?(@.size", "parentheses"),
        ("$.list[", "brackets"),
        ("$.list[?f(@.size)]", "function 'f'"),
        ("$.list[?@.size =~ /x/]", "'='"),
        ("$..", "cannot be read"),
        ("$.a" + "[?@.a" * 5000, "cannot be read"),
    ],
)
def test_paths_that_cannot_be_read_are_explained(store: Path, path: str, named: str) -> None:
    said = refused("count", "-d", store, "-e", "json", "-n", path)

    assert named in said
    assert len(said) < 7 * len(path) + 600


def test_of_a_name_that_comes_twice_the_first_counts() -> None:
    assert places_of(compile_query("$[?@.a == 1]", ""), '{"o":{"a":1,"a":2}}') == ["/o"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":NaN}', '{"a":' + "9" * 5000 + "}", '{"a":1e999}'])
def test_any_text_has_places_or_none(text: str) -> None:
    assert places_of(compile_query("$[?@ > 0]", ""), text) in ([], ["/a"])


@given(
    st.lists(st.integers(-9, 9), max_size=8), st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([-2, -1, 1, 3])
)
def test_slices_are_those_of_python(numbers: list[int], start: int, end: int, step: int) -> None:
    places = places_of(compile_query(f"$.a[{start}:{end}:{step}]", ""), json.dumps({"a": numbers}))

    assert [numbers[int(place.removeprefix("/a/"))] for place in places] == numbers[start:end:step]
