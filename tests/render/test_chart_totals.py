"""Sums by key: exact, whatever the number of keys and of pieces."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.model.result import ArrowRows, Column, Kind, Result
from twsla.render.chart_totals import largest_totals
from twsla.render.drawings import UndrawableError

COLUMNS = (Column("a", "A", Kind.TEXT), Column("b", "B", Kind.TEXT), Column("n", "N", Kind.COUNT))


def result(rows: list[tuple[str | None, str | None, int | None]], chunk: int = 3) -> Result:
    table = pa.table(
        {
            "a": pa.array([row[0] for row in rows], pa.string()),
            "b": pa.array([row[1] for row in rows], pa.string()).dictionary_encode(),
            "n": pa.array([row[2] for row in rows], pa.int64()),
        }
    )
    batches = [table.slice(start, chunk) for start in range(0, len(rows), chunk)] or [table]
    return Result("T", COLUMNS, ArrowRows(pa.concat_tables(batches)))


def expected(rows: list[tuple[str | None, str | None, int | None]], width: int) -> list[tuple[int, int]]:
    """Sum and first row of each key, the largest first, by Python's own means."""
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    first: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows):
        if row[2] is not None:
            key = (row[0] or "", row[1] or "")[:width]
            sums[key] += row[2]
            first.setdefault(key, number)
    return sorted(((total, first[key]) for key, total in sums.items()), key=lambda pair: (-pair[0], pair[1]))


TEXT = st.one_of(st.none(), st.sampled_from(["", "a", "b", "a\x1f", "\x1fb", "日本"]))


@given(
    st.lists(st.tuples(TEXT, TEXT, st.one_of(st.none(), st.integers(-5, 100))), max_size=40),
    st.integers(1, 5),
    st.integers(1, 2),
    st.sampled_from([1, 3, 1000]),
)
def test_sums_are_those_of_a_dictionary(
    rows: list[tuple[str | None, str | None, int | None]], top: int, width: int, most_keys: int
) -> None:
    wanted = expected(rows, width)

    try:
        totals = largest_totals(result(rows), ["a", "b"][:width], "n", top, most_keys=most_keys)
    except UndrawableError:
        assert most_keys == 1, "64 passes always part a few dozen keys, but not always into single ones"
        return

    assert list(zip(totals.sums.tolist(), totals.rows.tolist(), strict=True)) == wanted[:top]
    assert totals.others == max(0, len(wanted) - top)
    assert totals.others_sum == sum(total for total, _ in wanted[top:])
    assert totals.missing == sum(row[2] is None for row in rows)


def test_more_keys_than_one_pass_holds_give_the_same_answer() -> None:
    rows: list[tuple[str | None, str | None, int | None]] = [
        (f"key {n * 7919 % 5000}", "", n % 11) for n in range(20_000)
    ]

    whole = largest_totals(result(rows, 1000), ["a"], "n", 10)
    parts = largest_totals(result(rows, 1000), ["a"], "n", 10, most_keys=1000)

    assert whole.rows.tolist() == parts.rows.tolist()
    assert whole.sums.tolist() == parts.sums.tolist() == [total for total, _ in expected(rows, 1)[:10]]
    assert (whole.others, whole.others_sum) == (parts.others, parts.others_sum)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UndrawableError, match="'nosuch'"):
        largest_totals(result([]), ["nosuch"], "n", 1)
