"""The first rows of a result, without reading the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.result import ValueRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from twsla.model.result import Rows

AT_ONCE = 1 << 16
"""Up to this many rows are asked for as one slice, which may come from the first files alone."""

FEW = 1000
"""Rows that are cheaper as Python values than the import of Arrow."""


def limited(rows: Rows, limit: int) -> Rows:
    """At most ``limit`` rows."""
    if isinstance(rows, ValueRows):
        return ValueRows(rows.names, rows.values[:limit])
    return LimitedRows(rows, limit)


class LimitedRows:
    """The first ``limit`` of other rows."""

    def __init__(self, rows: Rows, limit: int) -> None:
        self._rows = rows
        self._limit = limit

    def without_arrow(self) -> Rows:
        """The same rows as Python values, where the rows below can give a few without importing Arrow (0.3 s)."""
        first: Callable[[int], ValueRows] | None = getattr(self._rows, "first", None)
        return first(self._limit) if first and self._limit <= FEW else self

    def __len__(self) -> int:
        """Number of rows."""
        return min(len(self._rows), self._limit)

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        return self._rows.slice(start, max(0, min(count, self._limit - start)))

    def sorted(self, column: str, *, descending: bool = False) -> LimitedRows:
        """The first ``limit`` of the sorted rows: sorting comes before limiting."""
        return LimitedRows(self._rows.sorted(column, descending=descending), self._limit)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, piece by piece."""
        if self._limit <= AT_ONCE:
            yield from self._rows.slice(0, self._limit).to_batches()
            return
        left = self._limit
        for batch in self._rows.batches():
            yield batch.slice(0, left)
            left -= batch.num_rows
            if left <= 0:
                return
