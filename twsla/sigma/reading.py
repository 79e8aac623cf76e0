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

    from twsla.query.engine import Engine, Relation
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

    def has_plain_records(self) -> bool:
        """Whether there are records whose fields, if any, are still to be read from their texts."""

    def plain_texts(self, piece: pa.RecordBatch) -> pa.Array | None:
        """The texts of these records in a piece that has a column ``text``, null for others; None if there are none."""


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
    chosen = [name for name in reader.names() if wanted.has(canonical(name))]
    needed = [*(["source"] if SOURCE in wanted.names else []), *(["text"] if TEXT in wanted.names else [])]
    if reader.has_plain_records():
        needed.append("text")
    columns = list(dict.fromkeys((*PLACE, *extra, *needed)))
    batch = Batch()
    for piece in reader.pieces(chosen, columns):
        _take(batch, piece, columns, chosen, wanted, vocabulary)
        plain = reader.plain_texts(piece)
        if plain is not None:
            for name, rows, values in parsed_fields(plain, wanted.has):
                batch.add(name, (rows + batch.size - piece.num_rows).astype("int32"), vocabulary.numbers(values))
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
    wanted: Wanted,
    vocabulary: Vocabulary,
) -> None:
    import numpy as np

    first = batch.size
    batch.size += piece.num_rows
    kept = [name for name in columns if name != "text"]
    batch.place.append(piece.select([columns.index(name) for name in kept]))
    for at, name in enumerate(names, len(columns)):
        rows, numbers = _values(piece.column(at), vocabulary)
        batch.add(canonical(name), (rows + first).astype(np.int32), numbers)
    if SOURCE in wanted.names:
        rows, numbers = _values(piece.column(columns.index("source")), vocabulary)
        batch.add(SOURCE, (rows + first).astype(np.int32), numbers)
    if TEXT in wanted.names:
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
        self._stored: dict[int, np.ndarray] = {}
        """By place of a file its rows that have stored fields."""

    def names(self) -> Sequence[str]:
        """Names of all fields."""
        from twsla.query.fields import field_names

        return field_names(self._engine)

    def pieces(self, names: Sequence[str], extra: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """One file of the store after the other."""
        from twsla.query.fields import field_batches

        return field_batches(self._engine, names, extra=extra)

    def has_plain_records(self) -> bool:
        """Whether a file of the query has records without stored fields."""
        return any(self._plain_rows(place) for place in range(len(self._engine.selected.files)))

    def plain_texts(self, piece: pa.RecordBatch) -> pa.Array | None:
        """The texts of records without stored fields."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not piece.num_rows or "text" not in piece.schema.names:
            return None
        place = int(piece.column("_file")[0].as_py())
        if not self._plain_rows(place):
            return None
        texts = piece.column("text")
        stored = self._stored[place]
        if not len(stored):
            return texts
        import numpy as np

        has = np.isin(piece.column("_row").to_numpy(zero_copy_only=False), stored)
        return pc.if_else(pa.array(~has), texts, pa.scalar(None, texts.type))

    def _plain_rows(self, place: int) -> int:
        """Number of records of a file without stored fields."""
        import numpy as np

        from twsla.model.records import COLUMNS

        entry = self._engine.selected.files[place]
        if place not in self._stored:
            if not set(entry.columns) - (set(COLUMNS) - {"fields"}):
                self._stored[place] = np.empty(0, np.int64)
            else:
                relation = _with_fields(self._engine, place)
                table = self._engine.rows("SELECT _row FROM records WHERE fields IS NOT NULL", relation=relation).table
                self._stored[place] = table["_row"].to_numpy()
        return entry.rows - len(self._stored[place])


def _with_fields(engine: Engine, place: int) -> Relation:
    """All records of a file with their fields."""
    whole, engine.fields.whole = engine.fields.whole, True
    try:
        return engine.records((engine.selected.files[place],), filtered=False, placed=True)
    finally:
        engine.fields.whole = whole
