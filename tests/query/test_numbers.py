"""Numbers in texts, against floats made another way."""

from __future__ import annotations

import math
import re
from functools import cache

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twsla.query.numbers import UNITS, Scale, parsed, scale_of


def numbers(values: list[str], scale: Scale | None = None) -> list[tuple[float | None, str]]:
    """What each value is: number and unit."""
    rows = "(SELECT unnest($values::VARCHAR[]) AS value)"
    number = scale.sql() if scale else "written"
    found = database().execute(f"SELECT {number}, unit FROM ({parsed(rows)})", {"values": values}).fetchall()
    return [(written, unit) for written, unit in found]


@cache
def database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def number(value: str) -> tuple[float, str] | None:
    ((written, unit),) = numbers([value])
    return None if written is None else (written, unit)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", (12, "")),
        ("-1", (-1, "")),
        ("+5", (5, "")),
        ("1.", (1, "")),
        (".5", (0.5, "")),
        ("1e3", (1000, "")),
        ("-1.5E-2", (-0.015, "")),
        ("007", (7, "")),
        (" 12 ", (12, "")),
        ("1,234.5", (1234.5, "")),
        ("-12,345,678", (-12345678, "")),
        ("12ms", (12, "ms")),
        ("3.4 GB", (3.4, "GB")),
        ("1,024 KiB", (1024, "KiB")),
        ("45%", (45, "%")),
        ("45 %", (45, "%")),
        ("10µs", (10, "µs")),
        ("3秒", (3, "秒")),
        ("1m30s", (90, "s")),
        ("-1h2m3.5s", (-3723.5, "s")),
        ("1d2h", (93600, "s")),
    ],
)
def test_what_is_a_number(value: str, expected: tuple[float, str]) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    "value",
    ["", " ", "-", ".", "abc", "1.2.3", "2024-01-02", "1,23", "12,34,567", "1_000", "0x1F", "nan", "inf", "-Infinity",
     "1e400", "12 34", "+-1", "--1", "1e", "12ab", "ssh2", "ms", "s", "-s", "1h2", "s5", "٣", "１２", "5°C", "%",
     "1'000", "1m30", "12\n34"],
)  # fmt: skip
def test_what_is_none(value: str) -> None:
    assert number(value) is None


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("0123456789.,+-eE smhdkKMBi%_x"), max_size=8), min_size=1, max_size=20))
def test_plain_numbers_are_what_python_reads_and_no_others(values: list[str]) -> None:
    plain = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
    grouped = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d*)?([eE][+-]?\d+)?\s*", re.ASCII)

    for value, (written, unit) in zip(values, numbers(values), strict=True):
        readable = plain.fullmatch(value) or grouped.fullmatch(value)
        expected = float(value.replace(",", "")) if readable else None
        if expected is not None and math.isfinite(expected):
            assert (written, unit) == (expected, "")
        else:
            assert written is None or unit != ""


@settings(deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([name for name in UNITS if name]))
def test_a_number_with_a_unit_is_that_number(value: int, unit: str) -> None:
    assert number(f"{value}{unit}") == (value, unit)
    assert number(f"-{value} {unit}") == (-value, unit)


@pytest.mark.parametrize(
    ("counts", "scale"),
    [
        ({}, Scale("", ())),
        ({"": 3}, Scale("", ("",))),
        ({"ms": 3}, Scale("ms", ("ms",))),
        ({"ms": 1, "s": 2}, Scale("s", ("s", "ms"))),
        ({"kB": 1, "MiB": 1}, Scale("B", ("MiB", "kB"))),
        ({"ms": 3, "": 2}, Scale("ms", ("ms",), ("",))),
        ({"ms": 2, "": 3}, Scale("", ("",), ("ms",))),
        ({"ms": 2, "s": 2, "B": 3}, Scale("s", ("ms", "s"), ("B",))),
    ],
)
def test_the_most_frequent_kind_of_unit_decides(counts: dict[str, int], scale: Scale) -> None:
    assert scale_of(counts) == scale


def test_numbers_of_one_kind_are_turned_into_its_base() -> None:
    times = scale_of({"ms": 1, "s": 1, "min": 1, "": 1})
    bytes_ = scale_of({"kB": 1, "GiB": 1})

    assert [each for each, _ in numbers(["12ms", "1.5s", "2min", "7", "x"], times)] == [0.012, 1.5, 120, None, None]
    assert [each for each, _ in numbers(["3.4 kB", "1GiB", "5B"], bytes_)] == [3400, 1073741824, None]
