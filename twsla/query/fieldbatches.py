"""Reads fields of one store file as dictionary columns, by Arrow: DuckDB would write every value out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.records import field_column, record_schema
from twsla.query.engine import damaged
from twsla.query.totals import is_cut
from twsla.store.fieldcolumns import split_map
from twsla.store.layout import plain_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry

_MAP = "fields"
_PLACES = ("_file", "_row")


def read_batch(
    engine: Engine,
    place: int,
    entry: FileEntry,
    names: Sequence[str],
    asked: Sequence[tuple[str, ...]],
    extra: Sequence[str],
) -> pa.RecordBatch:
    """The records of the engine's query in one file; see ``twsla.query.fields.field_batches``.

    Args:
        engine: Its query decides which records.
        place: Of the file in ``engine.selected.files``.
        entry: The file.
        names: Of the columns for fields.
        asked: For each of them the fields that are meant, the best first.
        extra: Further columns, which come before them.
    """
    import numpy as np
    import pyarrow as pa

    rows = _passing(engine, entry)
    count = entry.rows if rows is None else len(rows)
    own = {field_column(name) for several in asked for name in several} & set(entry.columns)
    rest = {name for several in asked for name in several if field_column(name) not in own}
    from_map = [_MAP] if rest and _MAP in entry.columns else []
    read = [each for each in extra if each not in _PLACES and each in entry.columns]
    table = _read(engine, entry, {*read, *own, *from_map}, own | {"source"})
    if rows is not None:
        table = table.take(rows)
    fields = {each: _one(table[each]) for each in own}
    if from_map:
        split = split_map(_one(table[_MAP]), rest)
        fields |= {field_column(name): column for name, column in split.items()}
    columns: list[pa.Array] = []
    for each in extra:
        if each == "_file":
            columns.append(pa.array(np.full(count, place, np.int32)))
        elif each == "_row":
            columns.append(pa.array(np.arange(count, dtype=np.int64) if rows is None else rows))
        else:
            columns.append(
                _one(table[each]) if each in entry.columns else pa.nulls(count, record_schema().field(each).type)
            )
    columns += [
        _first([fields[column] for fitting in each if (column := field_column(fitting)) in fields], count)
        for each in asked
    ]
    return pa.RecordBatch.from_arrays(columns, names=[*extra, *names])


def _passing(engine: Engine, entry: FileEntry) -> pa.Array | None:
    """Row numbers of the records that pass the query, ascending; None: all do."""
    if not engine.query.is_selective and not is_cut(engine, entry):
        return None
    relation = engine.records((entry,), placed=True)
    table = engine.rows("SELECT _row FROM records ORDER BY _row", relation=relation).table
    return _one(table["_row"])


def _read(engine: Engine, entry: FileEntry, columns: set[str], dictionaries: set[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = plain_path(engine.store.path / entry.path)
    try:
        with pq.ParquetFile(path, read_dictionary=sorted(dictionaries & columns)) as file:
            # By number: a name with a dot in it would also be a path to Arrow.
            schema = file.schema
            numbers = [at for at in range(len(schema)) if schema.column(at).path.split(".key_value.")[0] in columns]
            return file.reader.read_all(numbers, use_threads=True)
    except (OSError, pa.ArrowException) as error:
        raise damaged(engine.store.path, error) from error


def _one(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    if not column.num_chunks:
        return pa.array([], column.type)
    return column.unify_dictionaries().combine_chunks()


def _first(columns: Sequence[pa.DictionaryArray], count: int) -> pa.DictionaryArray:
    """(count,) the first value that there is; nulls where there is none, or no column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not columns:
        empty = pa.array([], pa.string())
        return pa.DictionaryArray.from_arrays(pa.nulls(count, pa.int32()), empty)
    if len(columns) == 1:
        return columns[0]
    merged = pc.coalesce(*(column.dictionary_decode() for column in columns))
    return merged.dictionary_encode()
