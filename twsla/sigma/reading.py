"""The records of a query as batches of values: for each field its rows and the numbers of their values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from twsla.sigma.names import SOURCE, TEXT, canonical
from twsla.sigma.parsing import parsed_fields
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

_EVENTS: Final = "channel"
"""The field that Windows events have, and no others: of these the text says nothing that their fields do not."""
_FEW: Final = 5_000

Part = tuple["np.ndarray", "np.ndarray"]
"""Rows, and the numbers of their values."""


class Reader(Protocol):
    """Where records come from."""

    def names(self) -> Sequence[str]:
        """Names of all fields."""

    def pieces(self, names: Sequence[str], extra: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Records with the columns ``extra``, then those of ``names``: dictionary<int32, string>, null for none."""

    def texts(self, piece: pa.RecordBatch, rows: np.ndarray) -> pa.Array | None:
        """The texts of some rows of a piece, as long as it, null for others; None if texts do not count."""


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read of records."""

    names: frozenset[str]
    """Canonical names of fields; ``_source`` and ``_text`` among them."""
    every: bool = False
    """All fields there are."""

    def has(self, name: str) -> bool:
        """Whether a field is wanted, by canonical name."""
        return self.every or name in self.names


def read_batches(reader: Reader, wanted: Wanted, vocabulary: Vocabulary, extra: Sequence[str] = ()) -> Iterator[Batch]:
    """All records with the fields wanted.

    Args:
        reader: Gives them.
        wanted: Which fields.
        vocabulary: Numbers the values.
        extra: Further columns of the store to keep with the rows.
    """
    chosen = [name for name in reader.names() if wanted.has(canonical(name)) or canonical(name) == _EVENTS]
    columns = list(dict.fromkeys((*PLACE, *extra, *(["source"] if SOURCE in wanted.names else []))))
    batch = Batch()
    for piece in reader.pieces(chosen, columns):
        _take(batch, piece, reader, columns, chosen, wanted, vocabulary)
        if batch.size >= BATCH_ROWS:
            yield batch
            batch = Batch()
    if batch.size:
        yield batch


def _take(
    batch: Batch,
    piece: pa.RecordBatch,
    reader: Reader,
    columns: Sequence[str],
    names: Sequence[str],
    wanted: Wanted,
    vocabulary: Vocabulary,
) -> None:
    import numpy as np

    first = batch.size
    batch.size += piece.num_rows
    batch.place.append(piece.select(list(range(len(columns)))))
    bare = np.ones(piece.num_rows, bool)
    no_event = np.ones(piece.num_rows, bool)
    for at, name in enumerate(names, len(columns)):
        rows, numbers = _values(piece.column(at), vocabulary)
        bare[rows] = False
        if canonical(name) == _EVENTS:
            no_event[rows] = False
        batch.add(canonical(name), (rows + first).astype(np.int32), numbers)
    if SOURCE in wanted.names:
        rows, numbers = _values(piece.column(columns.index("source")), vocabulary)
        batch.add(SOURCE, (rows + first).astype(np.int32), numbers)
    others = np.flatnonzero(no_event)
    texts = reader.texts(piece, others) if len(others) else None
    if texts is None:
        return
    if TEXT in wanted.names:
        rows, numbers = _texts(texts, vocabulary)
        batch.add(TEXT, (rows + first).astype(np.int32), numbers)
    for name, rows, values in parsed_fields(texts, wanted.has):
        kept = bare[rows]
        numbers = vocabulary.numbers(values)[kept]
        batch.add(name, (rows[kept] + first).astype(np.int32), numbers)


def _texts(column: pa.Array, vocabulary: Vocabulary) -> Part:
    """Texts, without those that are JSON: of these the values count."""
    import numpy as np
    import pyarrow.compute as pc

    plain = pc.invert(pc.starts_with(column, "{")).fill_null(False)
    rows = np.flatnonzero(plain.to_numpy(zero_copy_only=False))
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

    def texts(self, piece: pa.RecordBatch, rows: np.ndarray) -> pa.Array:
        """The texts of some rows, read for them alone where they are few."""
        import numpy as np
        import pyarrow as pa

        entry = self._engine.selected.files[int(piece.column("_file")[0].as_py())]
        wanted = piece.column("_row").to_numpy(zero_copy_only=False)[rows]
        few = len(wanted) <= _FEW
        relation = (
            self._engine.chosen((entry,), {0: wanted.tolist()})
            if few
            else self._engine.records((entry,), filtered=False, placed=True)
        )
        table = self._engine.rows("SELECT _row, text FROM records", relation=relation).table.combine_chunks()
        found = table["_row"].to_numpy()
        order = np.argsort(found)
        places = order[np.searchsorted(found, wanted, sorter=order)]
        at = np.full(piece.num_rows, -1, np.int64)
        at[rows] = places
        indices = pa.array(at, mask=at < 0)
        return table["text"].combine_chunks().cast(pa.large_string()).take(indices)
