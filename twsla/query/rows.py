"""Rows of a search: found file by file in order of time, and paged where they lie in the store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from twsla.model.result import ValueRows
from twsla.query.engine import Relation
from twsla.query.record_index import NATURAL_ORDER, RecordIndex, after, at_time, before, number_of, that_is
from twsla.query.spooled import SpooledRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from twsla.model.filters import FilterSet
    from twsla.query.engine import Engine
    from twsla.query.record_index import Condition
    from twsla.store.manifest import FileEntry

__all__ = ["RecordRows", "SortedRecordRows", "SpooledRows", "count_records", "ordered_groups"]

AHEAD = 2_000
"""Hits of a group of files that are found again rather than indexed: the first pages, small values of ``--limit``."""
FILES_AT_ONCE = 32
"""Files whose hits are counted by one query: enough to keep processors busy, few enough to tell how it goes."""
INDEXED_ROWS = 20_000_000
"""Indexes are kept up to so many hits (240 MB)."""
_ORDER = 'ORDER BY ts NULLS LAST, source, "offset"'


class RecordRows:
    """The records of the engine's query by ts, source, offset; undated ones last, in the order of their import.

    Nothing is read before rows are asked for. The first rows come from the first files alone, any others from the files
    they are in; what is kept is where hits stand, never their texts. Usable from several threads at once.
    """

    def __init__(self, engine: Engine, columns: Sequence[str]) -> None:
        self._engine = engine
        self._columns = tuple(columns)
        self._list = column_list(columns)
        self._groups = ordered_groups(engine.selected.files)
        time_range = engine.query.time_range
        self._whole = not engine.query.is_selective and time_range.start_ns is None and time_range.end_ns is None
        self._counts: dict[int, int] = {}
        if self._whole:
            self._counts = {at: sum(entry.rows for entry in group) for at, group in enumerate(self._groups)}
        self._indexes: OrderedDict[int, RecordIndex] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[int, threading.Lock] = {}

    # --- how many ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Number of matching records, counted once."""
        return sum(self._count(at) for at in range(len(self._groups)))

    def looked_at(self) -> int:
        """How many records there are in the time range, filters aside."""
        from twsla.query.totals import records_in_range

        return records_in_range(self._engine)

    def counted(self) -> tuple[int, bool]:
        """How many are known so far without any work, and whether these are all."""
        known = 0
        for at in range(len(self._groups)):
            if at not in self._counts:
                return known, False
            known += self._counts[at]
        return known, True

    def _count(self, at: int) -> int:
        """Hits in a group; the next groups are counted along."""
        if at not in self._counts:
            groups, files = [at], list(self._groups[at])
            for later in range(at + 1, len(self._groups)):
                if later in self._counts or len(files) + len(self._groups[later]) > FILES_AT_ONCE:
                    break
                groups.append(later)
                files += self._groups[later]
            found = self._engine.records(files, placed=True)
            sql = f"SELECT _file, count(*) FROM ({found.sql}) GROUP BY _file"  # noqa: S608  # our names only
            hits: dict[int, int] = dict(self._engine.execute(sql, found.params))
            places = iter(range(len(files)))
            for each in groups:
                self._counts[each] = sum(hits.get(next(places), 0) for _ in self._groups[each])
        return self._counts[at]

    # --- pages ------------------------------------------------------------------------------------------------

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        import pyarrow as pa

        found: list[pa.RecordBatch] = []
        left = count
        for at, skipped in self._groups_from(start):
            batches = self._batches_of(at, skipped, left)
            found += batches
            left -= sum(batch.num_rows for batch in batches)
            if left <= 0:
                break
        return pa.Table.from_batches(found) if found else self._empty()

    def first(self, count: int) -> ValueRows:
        """The first rows as Python values (times in ns), without the 0.3 s that importing Arrow takes."""
        return ValueRows(self._columns, [row for rows in self.read(0, count) for row in rows])

    def read(self, start: int, count: int, *, most_chars: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
        """At most ``count`` rows from ``start`` as Python values (times in ns), some at a time, as they are found.

        ``most_chars`` cuts the texts.
        """
        left = count
        names = value_list(self._columns, most_chars)
        for at, skipped in self._groups_from(start):
            rows = self._values_of(names, at, skipped, left)
            yield rows
            left -= len(rows)
            if left <= 0:
                return

    def _groups_from(self, start: int) -> Iterator[tuple[int, int]]:
        """Groups that may hold rows from ``start`` on, with the number of their hits before it."""
        skipped = start
        for at in range(len(self._groups)):
            known = self._count(at) if skipped else self._counts.get(at)
            if known is None or skipped < known:
                yield at, skipped
                skipped = 0
            else:
                skipped -= known

    def _values_of(self, names: str, at: int, skipped: int, count: int) -> list[tuple[Any, ...]]:
        if self._is_far(at, skipped + count):
            with self._index(at) as index:
                return index.values(names, skipped, count)
        sql, relation = self._found_again(names, at, skipped, count)
        return self._engine.fetch(sql, relation=relation)

    def _batches_of(self, at: int, skipped: int, count: int) -> list[pa.RecordBatch]:
        if self._is_far(at, skipped + count):
            with self._index(at) as index:
                return list(index.batches(self._list, skipped, count))
        sql, relation = self._found_again(self._list, at, skipped, count)
        return list(self._engine.stream(sql, relation=relation))

    def _in_place(self, at: int) -> bool:
        """Whether the rows of a group are those of one file: in order, and DuckDB skips what is not asked for."""
        return self._whole and len(self._groups[at]) == 1

    def _is_far(self, at: int, end: int) -> bool:
        """Whether rows up to ``end`` of a group are better read by an index."""
        return end > AHEAD and not self._in_place(at)

    def _found_again(self, names: str, at: int, skipped: int = 0, count: int | None = None) -> tuple[str, Relation]:
        group = self._groups[at]
        order = _ORDER if len(group) > 1 else ""
        limit = "" if count is None else f"LIMIT {int(count)} OFFSET {int(skipped)}"
        return f"SELECT {names} FROM records {order} {limit}", self._engine.records(group)  # noqa: S608

    def _index(self, at: int) -> RecordIndex:
        """The index of a group, made if it is not there; the one used longest ago goes when there are too many."""
        with self._lock:
            building = self._building.setdefault(at, threading.Lock())
        with building:
            with self._lock:
                if at in self._indexes:
                    self._indexes.move_to_end(at)
                    return self._indexes[at]
            group = self._groups[at]
            made = RecordIndex(self._engine, group, NATURAL_ORDER if len(group) > 1 else None)
            with self._lock:
                self._counts[at] = made.length
                self._indexes[at] = made
                while len(self._indexes) > 1 and sum(each.length for each in self._indexes.values()) > INDEXED_ROWS:
                    self._indexes.popitem(last=False)[1].drop()
            return made

    # --- all of them ------------------------------------------------------------------------------------------

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order; memory does not grow with their number."""
        for at in range(len(self._groups)):
            sql, relation = self._found_again(self._list, at)
            yield from self._engine.stream(sql, relation=relation)

    def sorted(self, column: str, *, descending: bool = False) -> SortedRecordRows:
        """The same rows by ``column``, stable, nulls last."""
        files = [entry for group in self._groups for entry in group]
        return SortedRecordRows(self._engine, self._columns, files, column, descending=descending)

    def filtered(self, filters: FilterSet, columns: Sequence[str] = ()) -> RecordRows:
        """The rows whose records pass further filters; ``columns`` makes no difference, a record is its text."""
        return RecordRows(self._engine.narrowed(filters), self._columns)

    def _empty(self) -> pa.Table:
        return self._engine.rows(f"SELECT {self._list} FROM records LIMIT 0").table  # noqa: S608  # our names only

    # --- where is ---------------------------------------------------------------------------------------------

    def find(
        self, filters: FilterSet, columns: Sequence[str] = (), *, start: int, backwards: bool = False
    ) -> int | None:
        """Number of the nearest row from ``start`` on (before it, if ``backwards``) whose record passes ``filters``."""
        narrowed = self._engine.narrowed(filters)
        bases, base = [], 0
        for at in range(len(self._groups)):
            if backwards and base >= start:
                break
            size = self._count(at)
            bases.append(base)
            if not backwards and base + size > start:
                found = self._place(at, narrowed, after(max(0, start - base)))
                if found is not None:
                    return base + found
            base += size
        for at in reversed(range(len(bases))) if backwards else ():
            found = self._place(at, narrowed, before(start - bases[at]))
            if found is not None:
                return bases[at] + found
        return None

    def place_of_time(self, ts_ns: int) -> int:
        """Number of the first row at or after a moment; that of the first undated row, or of rows, if there is none."""
        base = 0
        for at, group in enumerate(self._groups):
            if any(entry.max_ts is None for entry in group):
                return base
            if any(entry.max_ts is not None and entry.max_ts >= ts_ns for entry in group):
                found = self._place(at, self._engine, at_time(ts_ns))
                if found is not None:
                    return base + found
            base += self._count(at)
        return base

    def place_of_record(self, ts_ns: int | None, source: str, offset: int) -> int | None:
        """Number of the row of a record; None if it is not among the rows.

        The time tells where to look; without one, undated records are looked at first, then all others.
        """
        likely = [any(_may_hold(entry, ts_ns) for entry in group) for group in self._groups]
        for wanted in (True, False) if ts_ns is None else (True,):
            base = 0
            for at, is_likely in enumerate(likely):
                if is_likely is wanted:
                    found = self._place(at, self._engine, that_is(source, offset))
                    if found is not None:
                        return base + found
                base += self._count(at)
        return None

    def _place(self, at: int, engine: Engine, condition: Condition) -> int | None:
        """The number, within a group, of the record that an engine (this one or a narrowed one) finds there."""
        found = engine.records(self._groups[at], placed=True)
        if self._in_place(at):
            return number_of(engine, Relation(f"SELECT *, _row AS number FROM ({found.sql})", found.params), condition)  # noqa: S608
        if engine is not self._engine and not engine.execute(f"SELECT 1 FROM ({found.sql}) LIMIT 1", found.params):  # noqa: S608
            return None  # most groups hold nothing of what is looked for, and need no index
        with self._index(at) as index:
            return number_of(engine, index.numbered(found), condition)


class SortedRecordRows:
    """The records of the engine's query by one column; ties in the order of a search, nulls last."""

    def __init__(
        self, engine: Engine, columns: Sequence[str], files: Sequence[FileEntry], column: str, *, descending: bool
    ) -> None:
        self._engine = engine
        self._columns = tuple(columns)
        self._files = tuple(files)
        self._order = f'"{column}" {"DESC" if descending else "ASC"} NULLS LAST, {NATURAL_ORDER}'
        self._index = RecordIndex(engine, files, self._order)

    def __len__(self) -> int:
        """Number of rows."""
        return self._index.length

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        import pyarrow as pa

        batches = list(self._index.batches(column_list(self._columns), start, count))
        if batches:
            return pa.Table.from_batches(batches)
        return self._engine.rows(f"SELECT {column_list(self._columns)} FROM records LIMIT 0").table  # noqa: S608

    def read(self, start: int, count: int, *, most_chars: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
        """At most ``count`` rows from ``start`` as Python values (times in ns); ``most_chars`` cuts the texts."""
        yield self._index.values(value_list(self._columns, most_chars), start, count)

    def sorted(self, column: str, *, descending: bool = False) -> SortedRecordRows:
        """The same rows by another column; ties in the order of a search."""
        return SortedRecordRows(self._engine, self._columns, self._files, column, descending=descending)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order: sorted once more, texts and all, on disk where memory does not suffice."""
        sql = f"SELECT {column_list(self._columns)} FROM records ORDER BY {self._order}"  # noqa: S608  # our names only
        yield from self._engine.stream(sql, relation=self._engine.records(self._files, placed=True))

    def find(
        self, filters: FilterSet, columns: Sequence[str] = (), *, start: int, backwards: bool = False
    ) -> int | None:
        """As ``RecordRows.find``."""
        return self._place(self._engine.narrowed(filters), before(start) if backwards else after(start))

    def place_of_record(self, ts_ns: int | None, source: str, offset: int) -> int | None:
        """Number of the row of a record; None if it is not among the rows."""
        return self._place(self._engine, that_is(source, offset))

    def _place(self, engine: Engine, condition: Condition) -> int | None:
        found = engine.records(self._files, placed=True)
        return number_of(engine, self._index.numbered(found), condition)


def column_list(columns: Sequence[str]) -> str:
    """Columns as a SELECT has them."""
    return ", ".join(f'"{name}"' for name in columns)


def value_list(columns: Sequence[str], most_chars: int | None = None) -> str:
    """Columns as a SELECT for Python values has them: the time in nanoseconds, as DuckDB's own type needs pytz."""
    special = {"ts": 'epoch_ns("ts")'}
    if most_chars is not None:
        special["text"] = f'"text"[:{int(most_chars)}]'
    return ", ".join(special.get(name, f'"{name}"') for name in columns)


def _may_hold(entry: FileEntry, ts_ns: int | None) -> bool:
    if ts_ns is None or entry.min_ts is None or entry.max_ts is None:
        return ts_ns is None and entry.min_ts is None
    return entry.min_ts <= ts_ns <= entry.max_ts


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
