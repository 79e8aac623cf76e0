"""The rows of a result as they are shown: filtered, sorted, reversed; and where something is among them.

Rows that know better (those of a search, those in a scratch table) are asked; others are read through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from twsla.model.filters import FilterSet, regex_filter, simple_filter
from twsla.model.result import ArrowRows, Kind
from twsla.query.where import arrow_mask, check_filters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from twsla.model.result import Column, Result, Rows
    from twsla.progress import Progress

READ_ROWS = 1 << 15
"""Rows read at a time where all have to be looked at."""
REGEX = ("regex:", "regexp:", "re:")
"""Before a regular expression, where a simple filter is expected."""
_NEVER, _FOREVER = -(1 << 63), 1 << 63


@runtime_checkable
class FilterableRows(Protocol):
    """Rows that can filter themselves."""

    def filtered(self, filters: FilterSet, columns: Sequence[str]) -> Rows:
        """The rows that pass all filters: one of their texts in ``columns`` matches, or none does."""


@runtime_checkable
class FindableRows(Protocol):
    """Rows that know where a text is among them."""

    def find(self, filters: FilterSet, columns: Sequence[str], *, start: int, backwards: bool = False) -> int | None:
        """Number of the nearest row from ``start`` on (before it, if ``backwards``) that passes all filters."""


@runtime_checkable
class TimedRows(Protocol):
    """Rows in order of time."""

    def place_of_time(self, ts_ns: int) -> int:
        """Number of the first row at or after a moment."""


@runtime_checkable
class PlacedRows(Protocol):
    """Rows that know where a record is among them."""

    def place_of_record(self, ts_ns: int | None, source: str, offset: int) -> int | None:
        """Number of the row of a record."""


@runtime_checkable
class CountedRows(Protocol):
    """Rows that take a while to count."""

    def counted(self) -> tuple[int, bool]:
        """How many are known so far without any work, and whether these are all."""


@runtime_checkable
class NarrowRows(Protocol):
    """Rows that can be read without the columns nobody asks for."""

    def only(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows in order, with these columns alone."""


@runtime_checkable
class ChosenRows(Protocol):
    """Rows that filters chose among others."""

    def looked_at(self) -> int:
        """How many there would be without the filters."""


@runtime_checkable
class RecordTexts(Protocol):
    """Rows whose own filters look at the texts of records, and at nothing else."""

    judged: tuple[str, ...]
    """The columns they look at."""


def _are_looked_at(rows: Rows, columns: Sequence[str]) -> bool:
    """Whether the rows' own filters look at all these columns."""
    return not isinstance(rows, RecordTexts) or set(columns) <= set(rows.judged)


def parse_narrowing(text: str) -> FilterSet:
    """What is typed at a prompt: a simple filter, ``^`` before one that must not match, ``regex:RE``.

    Raises:
        UsageError: RE2 does not accept it.
    """
    negative = text.startswith("^") and len(text) > 1
    body = text[negative:]
    prefix = next((each for each in REGEX if body.startswith(each)), None)
    if prefix:
        made = regex_filter(body.removeprefix(prefix), negative=negative)
    else:
        made = simple_filter(body, negative=negative)
    filters = FilterSet((made,))
    check_filters(filters)
    return filters


def text_columns(columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns whose texts are looked at: those of log text where there are some, else all that hold text.

    Log texts that are not shown are looked at as well, as filters on the command line do (a mail's own text).
    """
    shown = [column for column in columns if not column.hidden]
    logs = tuple(column.name for column in columns if column.kind is Kind.LOG)
    texts = tuple(column.name for column in shown if column.kind not in _UNREADABLE)
    return logs or texts or tuple(column.name for column in shown)


_UNREADABLE = frozenset({Kind.TIME, Kind.DURATION, Kind.NUMBER, Kind.SCORE, Kind.BYTES})
"""Kinds whose text depends on how they are shown."""


def arrange(result: Result, sort: str | None, texts: Sequence[str], progress: Progress) -> Rows:
    """The rows of a result that pass the filters typed, sorted by a column (ascending) or in their own order."""
    rows = result.rows
    narrowings = [parse_narrowing(text) for text in texts]
    filters = FilterSet(tuple(each for one in narrowings for each in one))
    columns = text_columns(result.columns)
    if filters and isinstance(rows, FilterableRows) and _are_looked_at(rows, columns):
        rows, filters = rows.filtered(filters, columns), FilterSet()
    if sort is not None:
        progress.message("sorting")
        rows = replace(result, rows=rows).sorted_by(sort)
    if filters:
        rows = _picked(rows, filters, columns, progress)
    return rows


# --- rows made of others ----------------------------------------------------------------------------------------


class ReversedRows:
    """Other rows from the last to the first."""

    def __init__(self, inner: Rows) -> None:
        self.inner = inner

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.inner)

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        import numpy as np

        end = max(0, len(self) - start)
        first = max(0, end - count)
        table = self.inner.slice(first, end - first)
        return table.take(np.arange(table.num_rows - 1, -1, -1))

    def sorted(self, column: str, *, descending: bool = False) -> Rows:
        """The rows by ``column``."""
        return self.inner.sorted(column, descending=descending)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, some at a time."""
        for start in range(0, len(self), READ_ROWS):
            yield from self.slice(start, READ_ROWS).to_batches()


class PickedRows:
    """Some of other rows, by their numbers: int64, ascending."""

    def __init__(self, inner: Rows, numbers: NDArray[np.int64]) -> None:
        self.inner = inner
        self.numbers = numbers

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.numbers)

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``: one reading for each run of neighbours."""
        import numpy as np
        import pyarrow as pa

        wanted = self.numbers[start : start + count]
        if not len(wanted):
            return self.inner.slice(0, 0)
        runs = np.split(wanted, np.flatnonzero(np.diff(wanted) != 1) + 1)
        return pa.concat_tables([self.inner.slice(int(run[0]), len(run)) for run in runs])

    def sorted(self, column: str, *, descending: bool = False) -> Rows:
        """The rows by ``column``."""
        return ArrowRows(self.slice(0, len(self))).sorted(column, descending=descending)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, some at a time."""
        for start in range(0, len(self), READ_ROWS):
            yield from self.slice(start, READ_ROWS).to_batches()


class WatchedRows:
    """Other rows, whose reading can be stopped and is counted."""

    def __init__(self, inner: Rows, progress: Progress) -> None:
        self.inner = inner
        self._progress = progress

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.inner)

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        return self.inner.slice(start, count)

    def sorted(self, column: str, *, descending: bool = False) -> Rows:
        """The rows by ``column``."""
        return WatchedRows(self.inner.sorted(column, descending=descending), self._progress)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, piece by piece."""
        for batch in self.inner.batches():
            self._progress.check()
            self._progress.advance("rows", batch.num_rows)
            yield batch


def _picked(rows: Rows, filters: FilterSet, columns: Sequence[str], progress: Progress) -> PickedRows:
    import numpy as np

    found, start = [], 0
    for batch in WatchedRows(rows, progress).batches():
        found.append(start + np.flatnonzero(passing(batch, filters, columns)))
        start += batch.num_rows
    return PickedRows(rows, np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64))


def passing(batch: pa.RecordBatch | pa.Table, filters: FilterSet, columns: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows pass all filters: one of their texts in ``columns`` matches, or, for a negative filter, none does."""
    import numpy as np

    from twsla.render.cells import canonical_array

    texts = [canonical_array(batch.column(name), Kind.TEXT) for name in columns]
    mask = np.ones(batch.num_rows, bool)
    for each in filters:
        wanted = FilterSet((replace(each, negative=False),))
        mask &= np.logical_or.reduce([arrow_mask(wanted, text) for text in texts]) ^ each.negative
    return mask


# --- where is ---------------------------------------------------------------------------------------------------


def find(
    rows: Rows, filters: FilterSet, columns: Sequence[str], start: int, progress: Progress, *, backwards: bool = False
) -> int | None:
    """Number of the nearest row from ``start`` on (before it, if ``backwards``) that passes all filters."""
    if isinstance(rows, ReversedRows):
        found = find(rows.inner, filters, columns, len(rows) - start, progress, backwards=not backwards)
        return None if found is None else len(rows) - 1 - found
    if isinstance(rows, FindableRows) and _are_looked_at(rows, columns):
        return rows.find(filters, columns, start=start, backwards=backwards)
    for first, count in _steps(len(rows), start, backwards=backwards):
        progress.check()
        hits = passing(rows.slice(first, count), filters, columns).nonzero()[0]
        if len(hits):
            return first + int(hits[-1 if backwards else 0])
    return None


def _steps(rows: int, start: int, *, backwards: bool) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each piece to look at, the nearest piece first."""
    if not backwards:
        yield from ((at, READ_ROWS) for at in range(max(0, start), rows, READ_ROWS))
        return
    for end in range(min(start, rows), 0, -READ_ROWS):
        first = max(0, end - READ_ROWS)
        yield first, end - first


@dataclass(frozen=True, slots=True)
class RecordKey:
    """Which record a row is, whatever its number."""

    ts_ns: int | None
    source: str
    offset: int
    line_no: int


def record_key(row: Mapping[str, object]) -> RecordKey | None:
    """Which record a row is; None if the row does not say so."""
    source, offset, line_no, ts = (row.get(name) for name in ("source", "offset", "line_no", "ts"))
    if not isinstance(source, str) or not isinstance(offset, int) or not isinstance(line_no, int):
        return None
    return RecordKey(ts if isinstance(ts, int) else None, source, offset, line_no)


def place_of_record(rows: Rows, key: RecordKey, progress: Progress) -> int | None:
    """Number of the row of a record; None if it is not among the rows."""
    import pyarrow.compute as pc

    if isinstance(rows, ReversedRows):
        found = place_of_record(rows.inner, key, progress)
        return None if found is None else len(rows) - 1 - found
    if isinstance(rows, PlacedRows):
        return rows.place_of_record(key.ts_ns, key.source, key.offset)
    start = 0
    for batch in WatchedRows(rows, progress).batches():
        same = pc.and_(pc.equal(batch.column("offset"), key.offset), pc.equal(batch.column("source"), key.source))
        hits = same.fill_null(False).to_numpy(zero_copy_only=False).nonzero()[0]
        if len(hits):
            return start + int(hits[0])
        start += batch.num_rows
    return None


def place_of_time(rows: Rows, column: str, ts_ns: int, progress: Progress) -> int | None:
    """Number of the row to go to for a moment: that with the first time at or after it; None if no row is that late."""
    if isinstance(rows, ReversedRows):
        found = place_of_time(rows.inner, column, ts_ns, progress)
        return None if found is None else len(rows) - 1 - found
    if isinstance(rows, TimedRows):
        place = rows.place_of_time(ts_ns)
        return place if place < len(rows) else None
    best: tuple[int, int] | None = None
    start = 0
    for batch in WatchedRows(rows, progress).batches():
        values = as_ns(batch.column(column)).fill_null(_NEVER).to_numpy(zero_copy_only=False)
        later = (values >= ts_ns).nonzero()[0]
        if len(later):
            at = int(later[values[later].argmin()])
            best = min(best or (_FOREVER, 0), (int(values[at]), start + at))
        start += batch.num_rows
    return None if best is None else best[1]


def greatest(rows: Rows, column: str, progress: Progress) -> int:
    """The largest value of a column of whole numbers; 0 where there is none."""
    import pyarrow.compute as pc

    most = 0
    for batch in rows.only([column]) if isinstance(rows, NarrowRows) else rows.batches():
        progress.check()
        most = max(most, pc.max(batch.column(column)).as_py() or 0)
    return most


def as_ns(array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column of times as int64 nanoseconds since 1970."""
    import pyarrow as pa

    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("ns", array.type.tz))
    return array.cast(pa.int64())
