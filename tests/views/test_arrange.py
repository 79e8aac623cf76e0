"""Rows as a screen shows them, whatever kind they are."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import Cancelled, UsageError
from twsla.model.result import ArrowRows, Column, Kind, Result, ValueRows
from twsla.progress import Silent
from twsla.views.arrange import (
    READ_ROWS,
    PickedRows,
    RecordKey,
    ReversedRows,
    WatchedRows,
    arrange,
    find,
    parse_narrowing,
    place_of_record,
    place_of_time,
    record_key,
    text_columns,
)
from twsla.views.pages import MOST_CHARS, Page, read_pages, whole_row

COLUMNS = (
    Column("ts", "Time", Kind.TIME),
    Column("key", "Key", Kind.TEXT),
    Column("count", "Count", Kind.COUNT),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)


def table(keys: list[str]) -> pa.Table:
    count = len(keys)
    return pa.table(
        {
            "ts": pa.array([(at * 7) % 50 for at in range(count)], pa.int64()).cast(pa.timestamp("ns", "UTC")),
            "key": keys,
            "count": list(range(count)),
            "source": [f"s{at % 3}" for at in range(count)],
            "line_no": list(range(1, count + 1)),
            "offset": [at * 10 for at in range(count)],
        }
    )


def result(keys: list[str]) -> Result:
    return Result("R", COLUMNS, ArrowRows(table(keys)))


def counts(rows: object) -> list[int]:
    return [value for batch in rows.batches() for value in batch.column("count").to_pylist()]  # type: ignore[attr-defined]


KEYS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "alphabet"]), max_size=30)


@given(KEYS, st.sampled_from(["alpha", "^beta", "regex:^al.*t$", "zeta"]), st.sampled_from([None, "key", "count"]))
def test_filtered_and_sorted(keys: list[str], text: str, sort: str | None) -> None:
    import re

    pattern, is_wanted = {"alpha": ("alpha", True), "^beta": ("beta", False), "zeta": ("zeta", True)}.get(
        text, ("^al.*t$", True)
    )
    wanted = [(key, at) for at, key in enumerate(keys) if bool(re.search(pattern, key)) is is_wanted]
    if sort == "key":
        wanted.sort(key=lambda pair: pair[0])

    rows = arrange(result(keys), sort, [text], Silent())

    assert counts(rows) == [at for _, at in wanted]
    assert len(rows) == len(wanted)


@given(KEYS, st.integers(0, 31), st.booleans(), st.booleans())
def test_finding(keys: list[str], start: int, backwards: bool, is_reversed: bool) -> None:
    rows = ReversedRows(ArrowRows(table(keys))) if is_reversed else ArrowRows(table(keys))
    shown = keys[::-1] if is_reversed else keys
    numbers = [at for at, key in enumerate(shown) if "alpha" in key and ((at < start) if backwards else at >= start)]

    found = find(rows, parse_narrowing("alpha"), ("key",), start, Silent(), backwards=backwards)

    assert found == (None if not numbers else numbers[-1] if backwards else numbers[0])


def test_finding_over_more_rows_than_are_read_at_a_time() -> None:
    keys = ["x"] * (2 * READ_ROWS + 5)
    keys[READ_ROWS + 1] = "hit"
    rows = ArrowRows(table(keys))

    assert find(rows, parse_narrowing("hit"), ("key",), 0, Silent()) == READ_ROWS + 1
    assert find(rows, parse_narrowing("hit"), ("key",), len(keys), Silent(), backwards=True) == READ_ROWS + 1
    assert find(rows, parse_narrowing("hit"), ("key",), READ_ROWS + 2, Silent()) is None


@given(KEYS, st.integers(0, 40), st.integers(0, 40))
def test_reversed_rows(keys: list[str], start: int, count: int) -> None:
    rows = ReversedRows(ArrowRows(table(keys)))
    wanted = list(range(len(keys)))[::-1]

    assert rows.slice(start, count).column("count").to_pylist() == wanted[start : start + count]
    assert counts(rows) == wanted


def test_picked_rows_can_be_sorted() -> None:
    import numpy as np

    rows = PickedRows(ArrowRows(table(["c", "b", "a", "b"])), np.array([0, 2, 3]))

    assert rows.slice(1, 5).column("count").to_pylist() == [2, 3]
    assert rows.slice(7, 5).num_rows == 0
    assert counts(rows.sorted("key")) == [2, 3, 0]


def test_all_filters_must_pass_and_each_looks_at_all_text_columns() -> None:
    rows = arrange(result(["alpha", "beta", "alphabet", "alpha"]), None, ["alpha", "^bet", "^0"], Silent())

    assert counts(rows) == [3]


def test_log_texts_alone_are_looked_at_where_there_are_some() -> None:
    log = Column("text", "Log", Kind.LOG)

    assert text_columns(COLUMNS) == ("key", "count")
    assert text_columns((*COLUMNS, log)) == ("text",)
    assert text_columns((Column("ts", "Time", Kind.TIME),)) == ("ts",)


@pytest.mark.parametrize("text", ["regex:a(b", "re:*", "^regex:["])
def test_an_expression_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_narrowing(text)


def test_a_lone_circumflex_is_the_sign_itself() -> None:
    (only,) = parse_narrowing("^")

    assert (only.source, only.negative) == ("^", False)


def test_reading_can_be_stopped() -> None:
    progress = Silent()
    progress.cancelled = True

    with pytest.raises(Cancelled):
        list(WatchedRows(ArrowRows(table(["a"])), progress).batches())


@pytest.mark.parametrize("is_reversed", [False, True])
def test_where_a_record_is(is_reversed: bool) -> None:
    inner = ArrowRows(table(["a"] * 10))
    rows = ReversedRows(inner) if is_reversed else inner

    assert place_of_record(rows, RecordKey(None, "s1", 40, 5), Silent()) == (5 if is_reversed else 4)
    assert place_of_record(rows, RecordKey(None, "s0", 40, 5), Silent()) is None


def test_the_place_of_a_moment_is_the_earliest_row_not_before_it() -> None:
    rows = ArrowRows(table(["a"] * 20))  # times 0 7 14 21 28 35 42 49 6 13 20 27 34 41 48 5 …

    assert place_of_time(rows, "ts", 36, Silent()) == 13
    assert place_of_time(rows, "ts", 5, Silent()) == 15
    assert place_of_time(rows, "ts", 50, Silent()) is None
    assert place_of_time(ReversedRows(rows), "ts", 36, Silent()) == 6


def test_a_row_without_source_and_place_is_no_record() -> None:
    assert record_key({"source": "a", "offset": 1, "line_no": 2, "ts": None}) == RecordKey(None, "a", 1, 2)
    assert record_key({"source": "a", "offset": None, "line_no": 2}) is None
    assert record_key({}) is None


# --- pages ------------------------------------------------------------------------------------------------------


def test_a_page_has_times_in_nanoseconds_and_knows_its_rows() -> None:
    (page,) = read_pages(ArrowRows(table(["a", "b", "c"])), COLUMNS, 1, 5)

    assert page.rows == ((7, "b", 1, "s1", 2, 10), (14, "c", 2, "s2", 3, 20))
    assert (page.start, page.end) == (1, 3)
    assert page.row(2) == page.rows[1]
    assert page.row(0) is None
    assert page.holds(1, 3)
    assert not page.holds(0, 2)


def test_values_in_another_order_than_the_columns() -> None:
    rows = ValueRows(("b", "a"), [(1, "x"), (2, "y")])
    columns = (Column("a", "A", Kind.TEXT), Column("b", "B", Kind.COUNT))

    assert list(read_pages(rows, columns, 0, 1)) == [Page(0, (("x", 1),))]


def test_long_texts_are_cut_for_the_screen_and_whole_for_the_detail() -> None:
    rows, columns = ArrowRows(pa.table({"a": ["日" * (MOST_CHARS + 1)]})), (Column("a", "A", Kind.LOG),)

    (page,) = read_pages(rows, columns, 0, 1)

    assert page.rows == (("日" * MOST_CHARS,),)
    assert whole_row(rows, columns, 0) == ("日" * (MOST_CHARS + 1),)
    assert whole_row(rows, columns, 1) is None
