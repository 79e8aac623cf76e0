"""Rows of a search: found file by file in order of time, spooled to a scratch table when they are paged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.result import ValueRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry

PAGE_LIMIT = 100_000
"""Rows from the start that are found again rather than spooled: the first pages, and ``--limit``."""
_ORDER = 'ORDER BY ts NULLS LAST, source, "offset"'


class RecordRows:
    """The records of the engine's query by ts, source, offset; undated ones last, in the order of their import.

    Nothing is read before rows are asked for. The first rows come from the first files alone.
    """

    def __init__(self, engine: Engine, columns: Sequence[str]) -> None:
        self._engine = engine
        self._columns = tuple(columns)
        self._list = ", ".join(f'"{name}"' for name in columns)
        self._length: int | None = None
        self._spooled: SpooledRows | None = None

    def __len__(self) -> int:
        """Number of matching records: one counting query, once."""
        if self._length is None:
            self._length = count_records(self._engine)
        return self._length

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        import pyarrow as pa

        if self._spooled is None and start + count > PAGE_LIMIT:
            self._spooled = self.spool()
        if self._spooled is not None:
            return self._spooled.slice(start, count)
        found = list(self._stream(start + count))
        if not found:
            return pa.Table.from_batches([], self._schema()).slice(0, 0)
        return pa.Table.from_batches(found).slice(start, count)

    def first(self, count: int) -> ValueRows:
        """The first rows as Python values (times in ns), without the 0.3 s that importing Arrow takes."""
        names = [f'epoch_ns("{name}")' if name == "ts" else f'"{name}"' for name in self._columns]
        values: list[tuple[object, ...]] = []
        for group in ordered_groups(self._engine.selected.files):
            limit = count - len(values)
            sql = f"SELECT {', '.join(names)} FROM records {_order_of(group)} LIMIT {limit}"  # noqa: S608
            values += self._engine.fetch(sql, relation=self._engine.records(group))
            if len(values) >= count:
                break
        return ValueRows(self._columns, values)

    def sorted(self, column: str, *, descending: bool = False) -> SpooledRows:
        """The same rows by ``column``, stable, nulls last."""
        return self.spool().sorted(column, descending=descending)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order; memory does not grow with their number."""
        if self._spooled is not None:
            yield from self._spooled.batches()
        else:
            yield from self._stream(None)

    def spool(self) -> SpooledRows:
        """Copy the rows to a scratch table, in order."""
        engine = self._engine
        name = engine.scratch_name()
        groups = ordered_groups(engine.selected.files)
        for index, group in enumerate(groups or [()]):
            relation = engine.records(group)
            verb = f"CREATE TABLE {name} AS" if index == 0 else f"INSERT INTO {name}"
            body = f"SELECT {self._list} FROM ({relation.sql}) {_order_of(group)}"  # noqa: S608  # our names only
            engine.execute(f"{verb} {body}", relation.params)
        return SpooledRows(engine, name)

    def _stream(self, limit: int | None) -> Iterator[pa.RecordBatch]:
        left = limit
        for group in ordered_groups(self._engine.selected.files):
            sql = f"SELECT {self._list} FROM records {_order_of(group)}"  # noqa: S608  # our names only
            if left is not None:
                sql += f" LIMIT {left}"
            for batch in self._engine.stream(sql, relation=self._engine.records(group)):
                yield batch
                left = None if left is None else left - batch.num_rows
            if left is not None and left <= 0:
                return

    def _schema(self) -> pa.Schema:
        return self._engine.rows(f"SELECT {self._list} FROM records LIMIT 0").table.schema  # noqa: S608


class SpooledRows:
    """Rows in a scratch table of the engine's connection: any page in a millisecond or two."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine = engine
        self._table = table
        self._length = int(engine.execute(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608  # our own name

    def __len__(self) -> int:
        """Number of rows."""
        return self._length

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        sql = f"SELECT * FROM {self._table} WHERE rowid >= $first AND rowid < $last ORDER BY rowid"  # noqa: S608
        return self._engine.rows(sql, {"first": start, "last": start + count}).table

    def sorted(self, column: str, *, descending: bool = False) -> SpooledRows:
        """The same rows by ``column``, stable, nulls last."""
        name = self._engine.scratch_name()
        order = f'"{column}" {"DESC" if descending else "ASC"} NULLS LAST, rowid'
        self._engine.execute(f"CREATE TABLE {name} AS SELECT * FROM {self._table} ORDER BY {order}")  # noqa: S608
        return SpooledRows(self._engine, name)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order."""
        yield from self._engine.stream(f"SELECT * FROM {self._table} ORDER BY rowid")  # noqa: S608


def count_records(engine: Engine) -> int:
    """How many records match; rows are only read of files whose manifest and footer do not tell."""
    from twsla.query.shapes import count_by_shape

    known, others = count_by_shape(engine)
    if not others:
        return known
    return known + int(engine.fetch("SELECT count(*) FROM records", relation=engine.records(others))[0][0])


def ordered_groups(files: Sequence[FileEntry]) -> list[tuple[FileEntry, ...]]:
    """Files in order of time, in groups whose time ranges do not touch each other; undated files last.

    Reading group after group, each sorted, gives the whole in order without sorting the whole.
    """
    dated = sorted((entry for entry in files if entry.min_ts is not None), key=lambda entry: (entry.min_ts, entry.path))
    groups: list[list[FileEntry]] = []
    for entry in dated:
        if groups and not _all_follow(entry, groups[-1]):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    undated = sorted((entry for entry in files if entry.min_ts is None), key=lambda entry: entry.path)
    return [*map(tuple, groups), *((entry,) for entry in undated)]


def _all_follow(entry: FileEntry, group: Sequence[FileEntry]) -> bool:
    """Whether every record of a file comes after all those of a group."""
    return all(_follows(entry, earlier) for earlier in group)


def _follows(entry: FileEntry, earlier: FileEntry) -> bool:
    assert entry.min_ts is not None
    assert earlier.max_ts is not None
    if entry.min_ts != earlier.max_ts:
        return entry.min_ts > earlier.max_ts
    # A source cut within one second: what was written later stands later in the source.
    names = entry.path.rpartition("/")[2], earlier.path.rpartition("/")[2]
    return len(entry.sources) == 1 and entry.sources == earlier.sources and names[0] > names[1]


def _order_of(group: Sequence[FileEntry]) -> str:
    """A single file is in order as it is; DuckDB keeps the order of a scan."""
    return "" if len(group) <= 1 else _ORDER
