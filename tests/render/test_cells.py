"""Columns of values as text."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.model.result import Column, Kind
from twsla.render.cells import canonical, canonical_array, canonical_value, display, display_array, display_value

NUMERIC = [Kind.COUNT, Kind.NUMBER, Kind.SCORE, Kind.DURATION, Kind.BYTES]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (4624.0, "4624"),
        (0.5, "0.5"),
        (1234567.0, "1234567"),
        (1234567890123.0, "1234567890123"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e16, "1e+16"),
        (-0.0, "-0.0"),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_floats_are_the_shortest_that_reads_back(value: float, text: str) -> None:
    assert canonical_array(pa.array([value]), Kind.NUMBER).to_pylist() == [text]
    assert canonical_value(value, Kind.NUMBER) == text


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=20))
def test_float_columns_read_back_equal(values: list[float | None]) -> None:
    texts = canonical_array(pa.array(values, pa.float64()), Kind.NUMBER).to_pylist()

    assert texts == ["" if value is None else canonical_value(value, Kind.NUMBER) for value in values]
    for value, text in zip(values, texts, strict=True):
        if value is not None and not math.isnan(value):
            assert float(text) == value
            assert math.copysign(1, float(text)) == math.copysign(1, value)


@given(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=20),
    st.sampled_from([*NUMERIC, Kind.TEXT]),
)
def test_a_column_of_integers_has_the_texts_of_its_values(values: list[int | None], kind: Kind) -> None:
    array = pa.array(values, pa.int64())

    assert canonical_array(array, kind).to_pylist() == ["" if value is None else str(value) for value in values]
    assert display_array(array, kind).to_pylist() == [display_value(value, kind) for value in values]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1234567, Kind.COUNT, "1,234,567"),
        (-1234, Kind.COUNT, "-1,234"),
        (999, Kind.COUNT, "999"),
        (1234.5, Kind.NUMBER, "1,234.5"),
        (1234567.0, Kind.NUMBER, "1,234,567"),
        (0.00012345678, Kind.NUMBER, "0.0001235"),
        (0.8231947, Kind.SCORE, "0.823"),
        (math.nan, Kind.SCORE, "NaN"),
        (0, Kind.DURATION, "0s"),
        (1, Kind.DURATION, "1ns"),
        (1_100, Kind.DURATION, "1.1µs"),
        (2_200_000, Kind.DURATION, "2.2ms"),
        (3_300_000_000, Kind.DURATION, "3.3s"),
        (245_000_000_000, Kind.DURATION, "4m5s"),
        (18_367_001_000_000, Kind.DURATION, "5h6m7.001s"),
        (480_000_000_001, Kind.DURATION, "8m0s"),
        (-(2**63), Kind.DURATION, "-2562047h47m16.854s"),
        (0, Kind.BYTES, "0 B"),
        (999, Kind.BYTES, "999 B"),
        (1000, Kind.BYTES, "1.0 kB"),
        (1_549_999, Kind.BYTES, "1.5 MB"),
        (1_550_000, Kind.BYTES, "1.6 MB"),
        (999_949, Kind.BYTES, "999.9 kB"),
        (999_950, Kind.BYTES, "1.0 MB"),
        (2**63 - 1, Kind.BYTES, "9.2 EB"),
    ],
)
def test_display_texts(value: float, kind: Kind, text: str) -> None:
    # Durations: the examples of Go's TestDurationString, cut to milliseconds from a second on.
    assert display_array(pa.array([value]), kind).to_pylist() == [text]


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", "", "a"]),
        (pa.array([1, None]).dictionary_encode(), ["1", ""]),
        (pa.array([True, False, None]), ["true", "false", ""]),
        (pa.array([None, None]), ["", ""]),
        (pa.array([b"ok", b"\xff\x1b", None]), ["ok", "\\xff\\x1b", ""]),
        (pa.array([["a", None], None, []]), ['["a",null]', "", "[]"]),
        (pa.array([{"a": math.nan, "b": "é"}]), ['{"a":null,"b":"é"}']),
        (
            pa.array([Decimal("170141183460469231731687303715884105727"), None]),
            ["170141183460469231731687303715884105727", ""],
        ),
        (pa.array([Decimal("0.0000000001")]), ["0.0000000001"]),
        (pa.array([date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([time(1, 2, 3, 4000)]), ["01:02:03.004000"]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([1_500_000_000], pa.duration("ns")), ["1500000000"]),
        (pa.array([1_500], pa.duration("ms")), ["1500000000"]),
        (pa.array([0], pa.timestamp("us")), ["1970-01-01T00:00:00"]),
        (pa.array(["x"], pa.string_view()), ["x"]),
        (pa.chunked_array([["a"], [], ["b"]]), ["a", "b"]),
        (pa.chunked_array([], pa.string()), []),
    ],
    ids=str,
)
def test_whatever_a_text_column_holds_has_a_text(array: pa.Array, texts: list[str]) -> None:
    assert canonical_array(array, Kind.TEXT).to_pylist() == texts


@pytest.mark.parametrize(
    "held", [pa.int64(), pa.timestamp("ns"), pa.timestamp("ns", "UTC"), pa.timestamp("ns", "Asia/Tokyo")]
)
def test_a_time_column_is_an_instant_whatever_its_type(held: pa.DataType) -> None:
    array = pa.array([1_700_000_000_000_000_000, None], held)

    assert canonical_array(array, Kind.TIME, zone="Asia/Tokyo").to_pylist() == ["2023-11-15T07:13:20+09:00", ""]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, Kind.COUNT, ""),
        (0, Kind.TIME, "1970-01-01T09:00:00+09:00"),
        (datetime(2024, 5, 1, 12, tzinfo=UTC), Kind.TIME, "2024-05-01T21:00:00+09:00"),
        (datetime(2024, 5, 1, 12, 0, 0, 500), Kind.TIME, "2024-05-01T21:00:00.000500+09:00"),  # noqa: DTZ001 - naive on purpose
        (datetime(2024, 5, 1, 12), Kind.TEXT, "2024-05-01T12:00:00"),  # noqa: DTZ001 - naive on purpose
        (10**30, Kind.COUNT, "1" + "0" * 30),
        (True, Kind.TEXT, "true"),
        ("a\tb", Kind.TEXT, "a\tb"),
        (b"\xff", Kind.TEXT, "\\xff"),
        ("a\udcff", Kind.TEXT, "a\\udcff"),
        (["a\udcff"], Kind.TEXT, '["a\\udcff"]'),
        ({"a": [1, None]}, Kind.TEXT, '{"a":[1,null]}'),
    ],
)
def test_one_value_has_a_text_without_arrow(value: object, kind: Kind, text: str) -> None:
    assert canonical_value(value, kind, zone="Asia/Tokyo") == text


def test_batch_and_table_give_the_same_column() -> None:
    column = Column("n", "N", Kind.COUNT)
    table = pa.table({"other": ["a", "b"], "n": pa.chunked_array([[1234], [None]], pa.int64())})

    assert canonical(column, table).to_pylist() == ["1234", ""]
    assert display(column, table).to_pylist() == ["1,234", ""]
    assert canonical(column, table.to_batches()[0]).to_pylist() == ["1234"]
    assert canonical(column, table).type == pa.large_string()


JSONISH: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(codec="utf-8"), max_size=5)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(JSONISH.filter(lambda value: isinstance(value, (list, dict))))
def test_nested_values_are_json(value: object) -> None:
    assert json.loads(canonical_value(value, Kind.TEXT)) == value
