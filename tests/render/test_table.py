"""The aligned text table."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.model.result import ArrowRows, Column, Kind, Result
from twsla.render.shown import RenderOptions
from twsla.render.table import column_widths, write_table
from twsla.render.widths import width

COLUMNS = (Column("text", "Log", Kind.LOG, share=3), Column("who", "Who", Kind.TEXT), Column("n", "Count", Kind.COUNT))


def table(texts: list[str], total: int | None = None) -> list[str]:
    rows = pa.table(
        {"text": texts, "who": ["me"] * len(texts), "n": pa.array(range(1000, 1000 + len(texts)), pa.int64())}
    )
    sink = io.BytesIO()
    write_table(Result("T", COLUMNS, ArrowRows(rows)), sink, RenderOptions(width=total))
    return sink.getvalue().decode().removesuffix("\n").split("\n")


def test_columns_are_aligned_in_terminal_cells() -> None:
    assert table(["日本", "a\nb\t\x1b"]) == [
        "Log        Who  Count",
        "---------  ---  -----",
        "日本       me   1,000",
        "a⏎b\\t\\x1b  me   1,001",
        "2 rows",
    ]


def test_a_cut_is_marked_and_counted() -> None:
    lines = table(["x" * 100, "short"], 30)

    assert lines[2] == "x" * 17 + "…  me   1,000"
    assert lines[-1] == "2 rows; 1 cell was cut with … to fit 30 columns (--format csv has all of it)"


def test_nothing_is_cut_without_a_width() -> None:
    lines = table([*["x"] * 1000, "y" * 50])

    assert lines[-2].startswith("y" * 50 + "  me")
    assert lines[-1] == "1,001 rows"


def test_no_rows_still_have_a_heading() -> None:
    assert table([]) == ["Log  Who  Count", "---  ---  -----", "0 rows"]


def test_no_columns_print_nothing() -> None:
    sink = io.BytesIO()

    write_table(Result("T", (), ArrowRows(pa.table({}))), sink, RenderOptions())

    assert sink.getvalue() == b""


@pytest.mark.parametrize(
    ("natural", "total", "widths"),
    [
        ([10, 10, 5], 100, [10, 10, 5]),
        ([100, 100, 5], 49, [28, 12, 5]),
        ([100, 4, 5], 49, [36, 4, 5]),
        ([5, 100, 5], 49, [5, 35, 5]),
        ([100, 100, 5], None, [100, 100, 5]),
    ],
)
def test_text_columns_share_what_is_left(natural: list[int], total: int | None, widths: list[int]) -> None:
    assert column_widths(COLUMNS, natural, total) == widths


@given(st.lists(st.text(st.sampled_from("abé日👍\n"), max_size=60), max_size=5), st.integers(16, 60))
def test_lines_keep_to_the_width(texts: list[str], total: int) -> None:
    assert all(width(line) <= total for line in table(texts, total)[:-1])
