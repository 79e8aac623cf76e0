"""Parquet with typed columns: times as timestamp[ns, UTC], counts as integers, texts as strings; zstd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.cells import plain_array
from twsla.render.shown import chosen_columns, pieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Column, Result
    from twsla.render.shown import RenderOptions


def write_parquet(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Typed columns for other tools.

    The sink needs no position: a pipe will do.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = chosen_columns(result, options)
    schema = _schema(columns, result)
    with pa.PythonFile(_Counted(sink), mode="w") as out, pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in pieces(result.rows):
            arrays = [
                _typed(batch.column(column.name), column, held.type)
                for column, held in zip(columns, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _schema(columns: Sequence[Column], result: Result) -> pa.Schema:
    import pyarrow as pa

    empty = result.rows.slice(0, 0)
    return pa.schema([(column.name, _held_type(empty.column(column.name).type, column.kind)) for column in columns])


def _held_type(held: pa.DataType, kind: Kind) -> pa.DataType:
    """The type a column is written in: its own, without a dictionary; where it has none, that of its kind."""
    import pyarrow as pa

    if pa.types.is_dictionary(held):
        held = held.value_type
    if kind is Kind.TIME and (pa.types.is_int64(held) or pa.types.is_null(held)):
        return pa.timestamp("ns", "UTC")
    if kind is Kind.TIME and pa.types.is_timestamp(held):
        return pa.timestamp(held.unit, "UTC")
    if pa.types.is_duration(held):
        return pa.int64()
    if not pa.types.is_null(held):
        return held
    if kind in (Kind.COUNT, Kind.BYTES, Kind.DURATION):
        return pa.int64()
    return pa.float64() if kind in (Kind.NUMBER, Kind.SCORE) else pa.string()


def _typed(array: pa.Array, column: Column, held: pa.DataType) -> pa.Array:
    import pyarrow as pa

    array = plain_array(array, column.kind)
    if pa.types.is_duration(array.type):
        array = array.cast(pa.duration("ns"))
    return array if array.type == held else array.cast(held)


class _Counted:
    """A stream that only writes, and knows how much: Parquet asks for positions, pipes have none."""

    closed = False

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._written = 0

    def write(self, data: bytes) -> int:
        """Pass the bytes on."""
        self._sink.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._written

    def flush(self) -> None:
        """The sink's owner flushes it."""

    def close(self) -> None:
        """The sink's owner closes it."""

    def readable(self) -> bool:
        """No."""
        return False

    def seekable(self) -> bool:
        """No."""
        return False

    def writable(self) -> bool:
        """Yes."""
        return True
