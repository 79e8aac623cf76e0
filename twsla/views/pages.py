"""Rows as Python values for the screen, in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from twsla.model.result import Kind, ValueRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from twsla.model.result import Column, Rows


@runtime_checkable
class ReadableRows(Protocol):
    """Rows that give Python values themselves."""

    def read(self, start: int, count: int, *, most_chars: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
        """At most ``count`` rows from ``start``, some at a time as they are found; times in nanoseconds.

        ``most_chars`` cuts texts.
        """


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows in a row."""

    start: int
    rows: tuple[tuple[Any, ...], ...] = ()
    """A tuple for each row, values in the order of the result's columns; times in nanoseconds since 1970."""

    @property
    def end(self) -> int:
        """Number of the row behind the last one."""
        return self.start + len(self.rows)

    def holds(self, first: int, last: int) -> bool:
        """Whether all rows from ``first`` to before ``last`` are here."""
        return self.start <= first and last <= self.end

    def row(self, number: int) -> tuple[Any, ...] | None:
        """One row by its number."""
        return self.rows[number - self.start] if self.start <= number < self.end else None


MOST_CHARS = 20_000
"""Texts are cut to so many characters: a screen shows less of them, and a record may have 16 million."""


def read_pages(rows: Rows, columns: Sequence[Column], start: int, count: int) -> Iterator[Page]:
    """Rows from ``start``, first those known at once, then more of them, at last all. Long texts are cut."""
    start = max(0, start)
    if isinstance(rows, ValueRows):
        places = [rows.names.index(column.name) for column in columns]
        some = rows.values[start : start + count]
        yield Page(start, tuple(tuple(row[place] for place in places) for row in some))
    elif isinstance(rows, ReadableRows):
        found: list[tuple[Any, ...]] = []
        for piece in rows.read(start, count, most_chars=MOST_CHARS):
            found += piece
            yield Page(start, tuple(found))
        if not found:
            yield Page(start)
    else:
        yield Page(start, row_values(rows.slice(start, count), columns, most_chars=MOST_CHARS))


def whole_row(rows: Rows, columns: Sequence[Column], number: int) -> tuple[Any, ...] | None:
    """One row by its number, with nothing cut off."""
    found = row_values(rows.slice(number, 1), columns)
    return found[0] if found else None


def row_values(
    table: pa.Table, columns: Sequence[Column], *, most_chars: int | None = None
) -> tuple[tuple[Any, ...], ...]:
    """The rows of a table as Python values, in the order of ``columns``; times in nanoseconds."""
    return tuple(zip(*(_values(table.column(column.name), column, most_chars) for column in columns), strict=True))


def _values(array: pa.ChunkedArray, column: Column, most_chars: int | None) -> list[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    from twsla.views.arrange import as_ns

    if column.kind is Kind.TIME:
        array = as_ns(array)
    elif most_chars is not None and (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        array = pc.utf8_slice_codeunits(array, 0, most_chars)
    values: list[Any] = array.to_pylist()
    return values
