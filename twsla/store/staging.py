"""Rows of one import on their way into sorted Parquet files that no reader knows of yet."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twsla.model.records import field_of
from twsla.store import layout, shapecounts
from twsla.store.fieldcolumns import MAP, arrange
from twsla.store.manifest import FileEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from concurrent.futures import Executor, Future
    from pathlib import Path

    import numpy as np
    import pyarrow as pa

FILE_ROWS = 1 << 20
FILE_TEXT_BYTES = 64 << 20
ROW_GROUP_ROWS = 1 << 20
"""One row group a file, so that a shape is looked at once: half the time of counting with four."""
PAGE_BYTES = 4 << 20
"""Larger pages than the usual 1 MiB give zstd more to look back on: texts 4 % smaller, scans as fast."""
MAX_SHAPE_SHARE = 0.25
"""A file with more shapes than this share of its rows goes without the shape column: it would not pay."""
ZSTD_LEVEL = 3
_DELTA = "DELTA_BINARY_PACKED"
# Delta lengths keep the texts of a page side by side: 2 % smaller and a quarter faster to scan than PLAIN.
_ENCODINGS = {"ts": _DELTA, "line_no": _DELTA, "offset": _DELTA, "text": "DELTA_LENGTH_BYTE_ARRAY"}
_DICTIONARIES = ["source", "shape", "ts_flags"]
_FIELDS = ["fields.key_value.key", "fields.key_value.value"]
"""Names, and most values, come again and again."""


@dataclass(slots=True)
class _Buffer:
    """Rows waiting to fill a file."""

    tables: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def add(self, table: pa.Table) -> None:
        self.tables.append(table)
        self.rows += table.num_rows
        self.bytes += table.nbytes

    @property
    def is_full(self) -> bool:
        return self.rows >= FILE_ROWS or self.bytes >= FILE_TEXT_BYTES + self.rows * 32


class Staging:
    """Files of one import, written by one process.

    Raises (everywhere): StoreError when they cannot be written.
    """

    def __init__(self, store: Path, identifier: str, pool: Executor, *, first: int = 0, max_writes: int = 2) -> None:
        """Write nothing yet.

        Args:
            store: The store's directory.
            identifier: Of the import; files are named after it.
            pool: Writes the files.
            first: Number of the first file. Readers take undated records in the order of these numbers.
            max_writes: Files being written at once.
        """
        self.store = store
        self.id = identifier
        self._pool = pool
        self._max_writes = max_writes
        self._number = first
        self._dated = _Buffer()
        self._undated = _Buffer()
        self._pending: deque[Future[FileEntry]] = deque()
        self._files: list[FileEntry] = []

    def add(self, table: pa.Table) -> None:
        """Take rows (columns of ``record_schema``) in any order; blocks while too many files are being written."""
        dated, undated = _split_undated(table)
        for rows, buffer in ((dated, self._dated), (undated, self._undated)):
            if rows is None:
                continue
            buffer.add(rows)
            if buffer.is_full:
                self._flush(buffer)

    def _flush(self, buffer: _Buffer) -> None:
        if not buffer.rows:
            return
        while len(self._pending) >= self._max_writes:
            self._collect()
        tables, undated = buffer.tables, buffer is self._undated
        buffer.tables, buffer.rows, buffer.bytes = [], 0, 0
        self._pending.append(self._pool.submit(self._write, tables, self._number, undated))
        self._number += 1

    def _collect(self) -> None:
        done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
        for future in done:
            self._pending.remove(future)
            self._files.append(future.result())

    def _write(self, tables: list[pa.Table], number: int, undated: bool) -> FileEntry:
        """Sort and write one file. ``tables`` is emptied, so that memory is not held twice."""
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyarrow.fs import LocalFileSystem

        # Rows without fields get nulls only beside rows that have some.
        table = pa.concat_tables(tables, promote_options="default").unify_dictionaries()
        tables.clear()
        arranged = arrange(_without_useless_columns(_sorted(table, undated=undated)))
        table = arranged.table
        own = [name for name in table.column_names if field_of(name) is not None]
        first, last = (None, None) if undated else _ends(table)
        month = layout.UNDATED if first is None else f"{datetime.fromtimestamp(first // 10**9, UTC):%Y-%m}"
        shapes, counts = shapecounts.encode(table["shape"]) if "shape" in table.column_names else (0, b"")
        if shapes:
            table = table.replace_schema_metadata({shapecounts.KEY: counts})
        relative = f"{layout.RECORDS}/{month}/{self.id}-{number:06d}.parquet"
        path = self.store / relative
        try:
            _claim(path)
            pq.write_table(
                table,
                layout.plain_path(path),
                filesystem=LocalFileSystem(),
                compression="zstd",
                compression_level=ZSTD_LEVEL,
                row_group_size=ROW_GROUP_ROWS,
                data_page_size=PAGE_BYTES,
                # Queries prune by ts, and by shape never being null; those of text cost a sixth of the writing.
                write_statistics=[name for name in ("ts", "shape") if name in table.column_names],
                use_dictionary=[
                    *(name for name in _DICTIONARIES if name in table.column_names),
                    *own,
                    *(_FIELDS if MAP in table.column_names else ()),
                ],
                column_encoding={name: kind for name, kind in _ENCODINGS.items() if name in table.column_names},
            )
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            size = path.stat().st_size
        except OSError as error:
            raise layout.cannot_write(self.store, error) from error
        return FileEntry(
            path=relative,
            rows=table.num_rows,
            bytes=size,
            sha256=digest,
            columns=tuple(table.column_names),
            min_ts=first,
            max_ts=last,
            sources=tuple(sorted(table["source"].combine_chunks().dictionary_decode().unique().to_pylist())),
            shapes=shapes,
            field_names=arranged.names,
        )

    def rewrite(self, sources: Collection[str], change: Callable[[pa.Table], pa.Table]) -> None:
        """Pass every row written so far of these sources through ``change`` (other years, rows to drop).

        ``change`` gets whole staged files and must leave the rows of other sources alone.
        """
        import pyarrow.parquet as pq
        from pyarrow.fs import LocalFileSystem

        self.flush()
        wanted = set(sources)
        touched = [entry for entry in self._files if wanted & set(entry.sources)]
        self._files = [entry for entry in self._files if not wanted & set(entry.sources)]
        for entry in touched:
            path = self.store / entry.path
            table = pq.read_table(layout.plain_path(path), partitioning=None, filesystem=LocalFileSystem())
            table = _with_all_columns(change(table))
            path.unlink()
            self.add(table)
        self.flush()

    def flush(self) -> None:
        """Write out everything taken so far."""
        self._flush(self._dated)
        self._flush(self._undated)
        self.wait()

    def wait(self) -> None:
        """Let what is being written be finished."""
        while self._pending:
            self._collect()

    def files(self) -> tuple[FileEntry, ...]:
        """Everything written, in order of their names. Call ``flush`` first."""
        return tuple(sorted(self._files, key=lambda entry: entry.path.rpartition("/")[2]))

    def adopt(self, files: Collection[FileEntry]) -> None:
        """Take over files that another process wrote for this import."""
        self._files.extend(files)

    def reserve(self, count: int) -> int:
        """Keep the next numbers for another process; gives the first. Undated rows taken so far are written before."""
        self._flush(self._undated)
        first = self._number
        self._number += count
        return first

    def cancel(self) -> None:
        """Wait for what is being written; nothing more will be."""
        # Not for what is cancelled: wait() never ends for a future whose pool was shut down before it began.
        wait([future for future in self._pending if not future.cancel()])
        self._pending.clear()


def _claim(path: Path) -> None:
    """Make a file, so that no other import takes its directory for empty and removes it."""
    for attempts_left in range(9, -1, -1):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.touch()
        except FileNotFoundError:  # it was removed just now
            if not attempts_left:
                raise
        else:
            return


def _split_undated(table: pa.Table) -> tuple[pa.Table | None, pa.Table | None]:
    import pyarrow.compute as pc

    nulls = table["ts"].null_count
    if nulls == 0:
        return (table if table.num_rows else None), None
    if nulls == table.num_rows:
        return None, table
    valid = pc.is_valid(table["ts"])
    return table.filter(valid), table.filter(pc.invert(valid))


def _ends(table: pa.Table) -> tuple[int, int]:
    return table["ts"][0].value, table["ts"][-1].value


def _sorted(table: pa.Table, *, undated: bool) -> pa.Table:
    """Rows by ts, source (as text), offset; undated rows by source, offset in the order of reading."""
    import numpy as np
    import pyarrow as pa

    if undated:
        return table
    ts = table["ts"].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
    source = _source_ranks(table)
    offset = table["offset"].combine_chunks().to_numpy(zero_copy_only=False)
    if source[0] == source[-1] and (source == source[0]).all() and (offset[1:] > offset[:-1]).all():
        # One source in the order of its offsets: a stable sort by time keeps ties in that order.
        if (ts[1:] >= ts[:-1]).all():
            return table
        order = np.argsort(ts, kind="stable")
    else:
        order = np.lexsort((offset, source, ts))
    return table.combine_chunks().take(pa.array(order))


def _source_ranks(table: pa.Table) -> np.ndarray[Any, Any]:
    """(rows,) int32: the rank of each row's source among the sources in text order."""
    import numpy as np

    column = table["source"].combine_chunks()
    if hasattr(column, "chunks"):
        column = column.chunk(0)
    names = column.dictionary.to_pylist()
    ranks = np.empty(len(names), np.int32)
    for rank, position in enumerate(sorted(range(len(names)), key=names.__getitem__)):
        ranks[position] = rank
    ranked: np.ndarray[Any, Any] = ranks[column.indices.to_numpy(zero_copy_only=False)]
    return ranked


def _without_useless_columns(table: pa.Table) -> pa.Table:
    """Leave out ``raw`` where nothing was undecodable, and ``shape`` where there are too many to pay."""
    if table["raw"].null_count == table.num_rows:
        table = table.drop_columns(["raw"])
    shape = table["shape"]
    if shape.null_count or len(shape.chunk(0).dictionary) > max(64, MAX_SHAPE_SHARE * table.num_rows):
        table = table.drop_columns(["shape"])
    return table


def _with_all_columns(table: pa.Table) -> pa.Table:
    """A staged file's table with the columns it was written without, as nulls, in the order of the schema."""
    import pyarrow as pa

    from twsla.model.records import fields_field, record_schema

    schema = record_schema()
    for item in table.schema:
        if field_of(item.name) is not None:
            schema = schema.append(item)
    if MAP in table.column_names:
        schema = schema.append(fields_field())
    columns = [
        table[item.name].cast(item.type) if item.name in table.column_names else pa.nulls(table.num_rows, item.type)
        for item in schema
    ]
    return pa.table(columns, schema=schema)
