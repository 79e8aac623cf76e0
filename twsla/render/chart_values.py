"""Columns of a Result as what charts are drawn from: numbers, times and names, read piece by piece."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.cells import display_array, is_text, plain_array
from twsla.render.drawings import LABEL_CHARACTERS, Axis, UndrawableError
from twsla.render.escape import escape_text
from twsla.render.shown import pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from twsla.model.result import Column, Result
    from twsla.render.drawings import Floats, Numbers

MOST_NAMES = 10_000
"""Different names that are told apart on an axis."""
EMPTY_NAME = "(empty)"
_MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE = re.compile(f"({_MARKS}{{3}}){_MARKS}+")
"""More than three marks on one letter: they would be drawn over everything above and below."""
_NS_PER_S = 1e9
_LARGEST = 1e150
"""Of numbers: sums and squares of more could not be told from infinity. What is not a number compares as larger."""


def column_of(result: Result, name: str) -> Column:
    """The column that a chart names.

    Raises:
        UndrawableError: The result has no such column.
    """
    for column in result.columns:
        if column.name == name:
            return column
    raise UndrawableError(f"the chart of '{result.title}' names a column '{name}' that it has not got")


def axis_of(column: Column, zone: str) -> Axis:
    """The axis of a column. Durations are drawn in seconds."""
    title = label_text(column.title)
    return Axis(title, column.kind, "" if column.kind is Kind.DURATION else label_text(column.unit), zone)


def label_text(text: str) -> str:
    """A text on one line with its control characters visible, cut where it is far too long for a label."""
    if len(text) > LABEL_CHARACTERS:
        text = text[: LABEL_CHARACTERS - 1] + "…"
    if not text.isascii():
        text = _PILE.sub(r"\1…", text)
    return escape_text(text.replace("\n", "⏎"), keep="")


def label_texts(array: pa.Array | pa.ChunkedArray, kind: Kind, zone: str) -> list[str]:
    """The display texts of values as labels; a missing value and an empty text get a name."""
    return [label_text(text) or EMPTY_NAME for text in display_array(array, kind, zone=zone).to_pylist()]


def is_additive(column: Column) -> bool:
    """Whether the sum over several rows means something: counts and bytes, not scores or measurements."""
    return column.kind in (Kind.COUNT, Kind.BYTES)


def columns_read(result: Result, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """All rows in pieces, with the columns named."""
    for name in names:
        column_of(result, name)
    wanted = list(dict.fromkeys(names))
    for piece in pieces(result.rows, only=wanted):
        yield piece.select(wanted)


class Reader:
    """One column of successive pieces as numbers."""

    def __init__(self, column: Column, zone: str) -> None:
        self.column = column
        self.axis = axis_of(column, zone)
        self._codes: dict[str, int] = {}
        self._is_category = is_text(column.kind)

    @property
    def is_time(self) -> bool:
        """Whether its numbers are nanoseconds since 1970 UTC."""
        return self.column.kind is Kind.TIME

    def finished_axis(self) -> Axis:
        """The axis, with the names of its categories as far as they have been read."""
        return Axis(
            self.axis.title, self.axis.kind, self.axis.unit, self.axis.zone, tuple(name for name in self._codes)
        )

    def read(self, batch: pa.RecordBatch) -> tuple[Numbers, NDArray[np.bool_]]:
        """The values, and which of them can be drawn (not missing, finite, a name that can be told apart)."""
        array = batch.column(self.column.name)
        if self._is_category:
            return self._categories(array)
        if self.is_time:
            return time_values(array)
        return number_values(array, self.column.kind)

    def _categories(self, array: pa.Array) -> tuple[Floats, NDArray[np.bool_]]:
        """The place of each name in the order of first appearance: 0, 1, 2 …"""
        import numpy as np

        coded = plain_array(array, self.column.kind).dictionary_encode()
        texts = label_texts(coded.dictionary, self.column.kind, self.axis.zone)
        places = np.array([self._place(text) for text in texts] or [-1], dtype=np.float64)
        indices = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        values = places[indices]
        known = coded.is_valid().to_numpy(zero_copy_only=False)
        return values, known & (values >= 0)

    def _place(self, text: str) -> int:
        place = self._codes.get(text)
        if place is None:
            if len(self._codes) >= MOST_NAMES:
                return -1
            place = self._codes[text] = len(self._codes)
        return place


class Missing:
    """Rows that are not drawn, by the column that is the reason."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def read(self, reader: Reader, batch: pa.RecordBatch) -> tuple[Numbers, NDArray[np.bool_]]:
        """As the reader reads; what cannot be drawn is counted."""
        values, known = reader.read(batch)
        self.add(reader.column, len(known) - int(known.sum()))
        return values, known

    def add(self, column: Column, count: int) -> None:
        """Further rows without a value in this column."""
        if count:
            what = label_text(column.title) if is_text(column.kind) or column.kind is Kind.TIME else ""
            what = what or f"a number in {label_text(column.title)}"
            self._counts[what] = self._counts.get(what, 0) + count

    def notes(self) -> tuple[str, ...]:
        """A sentence for each reason."""
        return tuple(
            f"{count:,} row{' without' if count == 1 else 's without'} {what} {'is' if count == 1 else 'are'} not drawn"
            for what, count in self._counts.items()
        )


def time_values(array: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Times as nanoseconds, and which there are; those outside the years 1678 to 2261 do not fit and are not."""
    import numpy as np
    import pyarrow as pa

    array = plain_array(array, Kind.TIME)
    known = array.is_valid().to_numpy(zero_copy_only=False)
    if not pa.types.is_timestamp(array.type):
        return np.zeros(len(array), np.int64), np.zeros(len(array), np.bool_)
    values = array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    factor = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[array.type.unit]
    most = (2**63 - 1) // factor
    fits = (values >= -most) & (values <= most)
    return np.where(fits, values, 0) * factor, known & fits


def number_values(array: pa.Array, kind: Kind) -> tuple[Floats, NDArray[np.bool_]]:
    """Numbers as float64, and which can be drawn. Durations become seconds; what is no number is missing."""
    import numpy as np
    import pyarrow as pa

    array = plain_array(array, kind)
    if pa.types.is_duration(array.type):
        array = array.cast(pa.duration("ns")).view(pa.int64())
    try:
        values = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = np.full(len(array), np.nan)
    if kind is Kind.DURATION:
        values = values / _NS_PER_S
    return values, np.abs(values) <= _LARGEST


def rows_at(result: Result, names: Sequence[str], wanted: Sequence[int]) -> pa.Table:
    """The rows with these numbers, in that order."""
    import numpy as np
    import pyarrow as pa

    ascending = np.unique(np.asarray(wanted, np.int64))
    found, start = [], 0
    for piece in columns_read(result, names):
        low, high = np.searchsorted(ascending, [start, start + piece.num_rows])
        if high > low:
            found.append(pa.Table.from_batches([piece]).take(pa.array(ascending[low:high] - start)))
        start += piece.num_rows
        if high == len(ascending):
            break
    if not found:
        return result.rows.slice(0, 0).select(list(dict.fromkeys(names)))
    table = pa.concat_tables(found)
    return table.take(pa.array(np.searchsorted(ascending, np.asarray(wanted, np.int64))))
