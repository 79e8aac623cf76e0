"""The records of a query as batches of values: for each field its rows and the numbers of their values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from twsla.sigma.names import SOURCE, TEXT, canonical
from twsla.sigma.postings import Postings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy as np
    import pyarrow as pa

    from twsla.query.engine import Engine
    from twsla.sigma.vocabulary import Vocabulary

BATCH_ROWS: Final = 1 << 17
"""Small pieces are put together up to this many."""
PLACE: Final = ("_file", "_row", "ts")

Part = tuple["np.ndarray", "np.ndarray"]
"""Rows, and the numbers of their values."""


class Reader(Protocol):
    """Where records come from."""

    def names(self) -> Sequence[str]:
        """Names of all fields."""

    def pieces(self, names: Sequence[str], extra: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Records with the columns ``extra``, then those of ``names``: dictionary<int32, string>, null for none."""


@dataclass(slots=True)
class Batch:
    """Some records."""

    size: int = 0
    fields: dict[str, list[Part]] = field(default_factory=dict)
    """By canonical name."""
    place: list[pa.RecordBatch] = field(default_factory=list)
    """The columns ``PLACE`` and further ones that were asked for, in order of rows."""

    def postings(self, names: Collection[str] | None = None) -> dict[str, Postings]:
        """The values by canonical name, of all fields or of some."""
        wanted = self.fields if names is None else [name for name in self.fields if name in names]
        return {name: Postings(self.fields[name]) for name in wanted}

    def add(self, name: str, rows: np.ndarray, numbers: np.ndarray) -> None:
        """Values of a field."""
        if len(rows):
            self.fields.setdefault(name, []).append((rows, numbers))


def read_batches(
    reader: Reader, wanted: Collection[str] | None, vocabulary: Vocabulary, extra: Sequence[str] = ()
) -> Iterator[Batch]:
    """All records with the fields wanted.

    Args:
        reader: Gives them.
        wanted: Canonical names; ``_source`` and ``_text`` among them; None for all fields of records.
        vocabulary: Numbers the values; a new one may take its place between two batches.
        extra: Further columns of the store to keep with the rows.
    """
    chosen = [name for name in reader.names() if wanted is None or canonical(name) in wanted]
    columns = list(dict.fromkeys((*PLACE, *extra, *(["source"] if wanted and SOURCE in wanted else []))))
    if wanted and TEXT in wanted and "text" not in columns:
        columns.append("text")
    batch = Batch()
    for piece in reader.pieces(chosen, columns):
        _take(batch, piece, columns, chosen, wanted or (), vocabulary)
        if batch.size >= BATCH_ROWS:
            yield batch
            batch = Batch()
    if batch.size:
        yield batch


def _take(
    batch: Batch,
    piece: pa.RecordBatch,
    columns: Sequence[str],
    names: Sequence[str],
    wanted: Collection[str],
    vocabulary: Vocabulary,
) -> None:
    import numpy as np

    first = batch.size
    batch.size += piece.num_rows
    batch.place.append(piece.select(list(range(len(columns)))))
    for at, name in enumerate(names, len(columns)):
        rows, numbers = _values(piece.column(at), vocabulary)
        batch.add(canonical(name), (rows + first).astype(np.int32), numbers)
    if SOURCE in wanted:
        rows, numbers = _values(piece.column(columns.index("source")), vocabulary)
        batch.add(SOURCE, (rows + first).astype(np.int32), numbers)
    if TEXT in wanted:
        rows, numbers = _texts(piece.column(columns.index("text")), vocabulary)
        batch.add(TEXT, (rows + first).astype(np.int32), numbers)


def _texts(column: pa.Array, vocabulary: Vocabulary) -> Part:
    """Texts, without those that are JSON: of these the values count."""
    import numpy as np
    import pyarrow.compute as pc

    rows = np.flatnonzero(pc.invert(pc.starts_with(column, "{")).to_numpy(zero_copy_only=False))
    encoded = column.take(rows).dictionary_encode()
    numbers = vocabulary.numbers(encoded.dictionary.to_pylist())
    return rows, numbers[encoded.indices.to_numpy(zero_copy_only=False)] if len(rows) else np.empty(0, np.int32)


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    import pyarrow as pa

    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _values(column: pa.Array, vocabulary: Vocabulary) -> Part:
    """Rows that have a value, and its number."""
    import numpy as np

    column = _encoded(column)
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    numbers = vocabulary.numbers(column.dictionary.to_pylist())
    rows = np.flatnonzero(codes >= 0)
    return rows, numbers[codes[rows]] if len(numbers) else np.empty(0, np.int32)


class StoreReader:
    """The records of an engine's query with the fields that the store has of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def names(self) -> Sequence[str]:
        """Names of all fields."""
        from twsla.query.fields import field_names

        return field_names(self._engine)

    def pieces(self, names: Sequence[str], extra: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """One file of the store after the other."""
        from twsla.query.fields import field_batches

        return field_batches(self._engine, names, extra=extra)
