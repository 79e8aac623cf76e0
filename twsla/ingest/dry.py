"""The writer of a dry run: takes an import's rows and stores nothing.

What the end of an import may still correct (years, and with them the time range) needs the rows once more, so their
times are kept aside in a temporary file: a few bytes a row.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

from twsla.errors import TwslaError
from twsla.store.layout import MARKER
from twsla.store.store import load_manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq

    from twsla.store.manifest import FileEntry, Manifest

_MEMORY_BYTES = 64 << 20
"""Kept in memory up to here, on the disk beyond."""
_ROWS = 1 << 18
KEPT = ("ts", "ts_flags", "source", "offset", "breaks")
"""Columns kept: ``breaks`` are the line ends within the text."""


class DryRun:
    """In the place of an ``ImportWriter``: the same calls, and no file of the store."""

    id = "dry-run"

    def __init__(self, store: Path) -> None:
        self._store = store
        self._kept = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES))  # noqa: SIM115  # closed by abort
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        """Take rows (columns of ``record_schema``)."""
        import pyarrow.compute as pc

        breaks = pc.count_substring(table["text"], "\n")
        narrow = table.select([name for name in KEPT if name != "breaks"]).append_column("breaks", breaks)
        self._waiting.append(narrow)
        self._rows += narrow.num_rows
        if self._rows >= _ROWS:
            self._spill()

    def _spill(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).unify_dictionaries()
        self._waiting.clear()
        self._rows = 0
        try:
            if self._writer is None:
                self._writer = pq.ParquetWriter(
                    self._kept,
                    table.schema,
                    compression="zstd",
                    use_dictionary=["source", "ts_flags"],
                    column_encoding=dict.fromkeys(("ts", "offset", "breaks"), "DELTA_BINARY_PACKED"),
                )
            self._writer.write_table(table)
        except OSError as error:
            raise TwslaError(
                f"the dry run cannot keep its notes in {tempfile.gettempdir()}: {error.strerror or error}",
                hint="name another directory in the environment variable TMPDIR",
            ) from error

    def rewrite(self, sources: Collection[str], change: Callable[[pa.Table], pa.Table]) -> None:
        """Pass the times of all rows through ``change``, which counts what they come to; what it gives is dropped."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._spill()
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        self._kept.seek(0)
        for batch in pq.ParquetFile(self._kept).iter_batches(_ROWS):
            change(pa.Table.from_batches([batch]))

    def flush(self) -> None:
        """Nothing is waiting to be stored."""

    def wait(self) -> None:
        """Nothing is being written."""

    def files(self) -> tuple[FileEntry, ...]:
        """None."""
        return ()

    def commit(self, make_manifest: Callable[[tuple[Manifest, ...]], Manifest | None]) -> Manifest | None:
        """The manifest that the import would have had."""
        in_force = load_manifests(self._store) if (self._store / MARKER).exists() else ()
        manifest = make_manifest(in_force)
        self.abort()
        return manifest

    def abort(self) -> None:
        """Drop what was kept."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._kept.close()
