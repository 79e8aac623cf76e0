"""Where the records of a search stand, in their order: any page of it in some milliseconds, whatever the order.

The index is a scratch table of two numbers a record (file, row in the file), not a copy of the records: 4.5 million
records are indexed by time in 0.7 s, by their text in 1.5 s, and take 50 MB.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from twsla.query.engine import Relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry

NATURAL_ORDER = 'ts NULLS LAST, CASE WHEN ts IS NULL THEN _file ELSE 0 END, source, "offset"'
"""As searches list records, for files in order: by time, then by where they come from; undated ones file by file."""


class RecordIndex:
    """Records of some files of the engine's query, numbered from 0 in an order."""

    def __init__(self, engine: Engine, files: Sequence[FileEntry], order: str | None) -> None:
        self._engine = engine
        self._files = tuple(files)
        self._table = engine.scratch_name()
        self._lock = threading.Lock()
        self._users = 0
        self._dropped = False
        found = engine.records(files, placed=True)
        ordered = f"ORDER BY {order}" if order else ""
        # ``rowid`` counts the rows of a table in the order they came in.
        body = f"SELECT _file, _row FROM ({found.sql}) {ordered}"  # noqa: S608  # our names only
        engine.execute(f"CREATE TABLE {self._table} AS {body}", found.params)
        self.length = int(engine.execute(f"SELECT count(*) FROM {self._table}")[0][0])  # noqa: S608

    def __enter__(self) -> Self:
        """Use it; it is not freed before the block ends."""
        with self._lock:
            self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            free = self._dropped and not self._users
        if free:
            self._free()

    def drop(self) -> None:
        """Free it as soon as nobody uses it."""
        with self._lock:
            self._dropped = True
            free = not self._users
        if free:
            self._free()

    def _free(self) -> None:
        self._engine.execute(f"DROP TABLE IF EXISTS {self._table}")

    def batches(self, names: str, start: int, count: int) -> Iterator[pa.RecordBatch]:
        """Records by their number; ``names`` is the list of a SELECT."""
        relation = self._relation(start, count)
        return self._engine.stream(self._page(names, start, count), relation=relation)

    def values(self, names: str, start: int, count: int) -> list[tuple[Any, ...]]:
        """Records by their number as Python values."""
        relation = self._relation(start, count)
        return self._engine.fetch(self._page(names, start, count), relation=relation)

    def _relation(self, start: int, count: int) -> Relation:
        wanted: dict[int, list[int]] = {}
        keys = f"SELECT _file, _row FROM {self._table} WHERE {_between(start, count)}"  # noqa: S608
        for file, row in self._engine.execute(keys):
            wanted.setdefault(file, []).append(row)
        return self._engine.chosen(self._files, wanted)

    def _page(self, names: str, start: int, count: int) -> str:
        keys = f"SELECT rowid AS _place, _file, _row FROM {self._table} WHERE {_between(start, count)}"  # noqa: S608
        return f"SELECT {names} FROM records JOIN ({keys}) USING (_file, _row) ORDER BY _place"  # noqa: S608

    def numbered(self, found: Relation) -> Relation:
        """Records of the index's files, as ``Engine.records(files, placed=True)`` gives them, with their ``number``."""
        sql = f"SELECT i.rowid AS number, r.* FROM {self._table} i JOIN ({found.sql}) r USING (_file, _row)"  # noqa: S608
        return Relation(sql, found.params)


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition on numbered records: on ``number`` and the columns of ``records``; values bound by name."""

    sql: str
    params: Mapping[str, object]
    last: bool = False
    """The last record it is true of is wanted, not the first."""


def after(start: int) -> Condition:
    """Any record from ``start`` on."""
    return Condition("number >= $start", {"start": start})


def before(start: int) -> Condition:
    """Any record before ``start``, the last of them."""
    return Condition("number < $start", {"start": start}, last=True)


def at_time(ts_ns: int) -> Condition:
    """The first record of a moment or later."""
    return Condition("epoch_ns(ts) >= $ts", {"ts": ts_ns})


def that_is(source: str, offset: int) -> Condition:
    """The record at a place of a source."""
    return Condition('source = $source AND "offset" = $offset', {"source": source, "offset": offset})


def number_of(engine: Engine, numbered: Relation, condition: Condition) -> int | None:
    """The number of the record wanted; None if there is none."""
    nearest = "max" if condition.last else "min"
    sql = f"SELECT {nearest}(number) FROM ({numbered.sql}) WHERE {condition.sql}"  # noqa: S608  # values are bound
    value = engine.execute(sql, {**numbered.params, **condition.params})[0][0]
    return None if value is None else int(value)


def _between(start: int, count: int) -> str:
    return f"rowid >= {int(start)} AND rowid < {int(start + count)}"
