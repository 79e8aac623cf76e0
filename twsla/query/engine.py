"""Runs SQL over a store with a query's filters and time range applied, as a relation called ``records``."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from twsla.errors import Cancelled, StoreError, TwslaError, UsageError
from twsla.model.filters import FilterSet, parse_filters
from twsla.model.query import Query
from twsla.model.records import COLUMNS
from twsla.model.times import TimeRange, parse_time_range
from twsla.model.zones import zone_of
from twsla.query.database import MEMORY_LIMIT, Database
from twsla.query.fields import FieldColumns, meant
from twsla.query.where import check_filters, compile_where
from twsla.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa
    from _duckdb import DuckDBPyConnection

    from twsla.environment import Environment
    from twsla.model.result import ArrowRows
    from twsla.options import Selection
    from twsla.store.manifest import FileEntry
    from twsla.store.store import Selected

BATCH_ROWS = 1 << 16
_OPTIONAL = {"raw": "NULL::BLOB", "shape": "NULL::VARCHAR"}
_ALWAYS = tuple(name for name in COLUMNS if name != "fields")


@dataclass(frozen=True, slots=True)
class Relation:
    """A piece of SQL that stands for rows, with the values bound to its ``$name`` parameters."""

    sql: str
    params: Mapping[str, object]


class Engine:
    """One store, one query, one DuckDB (made when first needed); usable from several threads at once."""

    def __init__(
        self, store: Store, query: Query, database: Database | None = None, fields: FieldColumns | None = None
    ) -> None:
        self.store = store
        self.query = query
        self.fields = fields or FieldColumns()
        self.selected: Selected = store.select(query.time_range)
        self._database = database or Database()

    def narrowed(self, filters: FilterSet) -> Engine:
        """An engine on the same database, for records that pass further filters as well. Closing one closes both."""
        query = replace(self.query, filters=FilterSet((*self.query.filters, *filters)))
        return Engine(self.store, query, self._database, self.fields)

    def within(self, start_ns: int, end_ns: int) -> Engine:
        """An engine on the same database, for the records from one moment to another. Closing one closes both."""
        given = self.query.time_range
        start = start_ns if given.start_ns is None else max(start_ns, given.start_ns)
        end = end_ns if given.end_ns is None else min(end_ns, given.end_ns)
        query = replace(self.query, time_range=TimeRange(start, end))
        return Engine(self.store, query, self._database, self.fields)

    def unfiltered(self) -> Engine:
        """An engine on the same database, without the filters: records of the time range that are as ``where`` says.

        Closing one closes both.
        """
        return Engine(self.store, replace(self.query, filters=FilterSet()), self._database, self.fields)

    @property
    def memory(self) -> str:
        """What the database may take, as DuckDB writes sizes."""
        return self._database.memory

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self.store.path, self.memory)

    def isolated(self) -> Engine:
        """An engine for the same records on a database of its own: closed by itself, interrupted with this one."""
        return Engine(self.store, self.query, self._database.isolated())

    def stopping(self, stop: Callable[[], object]) -> AbstractContextManager[None]:
        """While inside, what interrupts the calling thread calls ``stop`` too: work that is not DuckDB's ends so."""
        return self._database.stopping(stop)

    @property
    def connection(self) -> DuckDBPyConnection:
        """The connection of the calling thread; UTC."""
        return self._database.connection()

    def close(self) -> None:
        """Free everything."""
        self._database.close()

    def file_paths(self, files: Iterable[FileEntry]) -> list[str]:
        """Paths of store files as DuckDB takes them."""
        root = self._database.readable(self.store.path)
        return [f"{root}/{entry.path}" for entry in files]

    # --- relations -------------------------------------------------------------------------------------------

    def records(
        self, files: Sequence[FileEntry] | None = None, *, filtered: bool = True, placed: bool = False
    ) -> Relation:
        """The ``records`` relation as a SELECT: the columns of the store, the query's filters applied.

        Of fields it has what was asked for by ``twsla.query.fields``.

        Args:
            files: Only these files; default: all that the time range leaves.
            filtered: False gives every record of those files.
            placed: Add where each record stands: ``_file``, the place of its file in ``files``, and ``_row`` in it.
        """
        params: dict[str, object] = {}
        return Relation(self._records(files, params, filtered=filtered, placed=placed), params)

    def _records(
        self, files: Sequence[FileEntry] | None, params: dict[str, object], *, filtered: bool, placed: bool
    ) -> str:
        """The SELECT of ``records``; its values go into ``params``."""
        files = self.selected.files if files is None else files
        parts: list[str] = []
        for columns, places in self._by_columns(files).items():
            names = ", ".join(f'"{name}"' if name in columns else f'{_OPTIONAL[name]} AS "{name}"' for name in _ALWAYS)
            names = ", ".join((names, *self.fields.select(columns, params)))
            if placed:
                names += f", {_file_place(places)} AS _file, file_row_number AS _row"
            condition = self._condition(columns, params) if filtered else "true"
            listed = ", ".join(map(_quoted, self.file_paths(files[place] for place in places)))
            # Paths are quoted literals, names are ours, every value of the user's is a parameter. A directory called
            # ``source=x`` would otherwise, as Hive has it, say what is in the column.
            read = f"read_parquet([{listed}], hive_partitioning = false)"
            parts.append(f"SELECT {names} FROM {read} WHERE {condition}")  # noqa: S608
        if not parts:
            names = ", ".join(("*", *self.fields.empty(), *(["0 AS _file", "0::BIGINT AS _row"] if placed else [])))
            parts.append(f"SELECT {names} FROM ({_EMPTY})")  # noqa: S608
        return " UNION ALL ".join(parts)

    def chosen(self, files: Sequence[FileEntry], rows: Mapping[int, Sequence[int]]) -> Relation:
        """Records by where they stand: for places of files in ``files`` the row numbers wanted; ``placed``, any order.

        A few dozen neighbouring rows of a file of 500,000 take 6 ms, scattered ones 40 ms.
        """
        parts = []
        params: dict[str, object] = {}
        for place, numbers in rows.items():
            records = self._records((files[place],), params, filtered=False, placed=True)
            listed = ", ".join(map(str, numbers))
            within = f"_row BETWEEN {min(numbers)} AND {max(numbers)} AND _row IN ({listed})"
            parts.append(f"SELECT * REPLACE ({place} AS _file) FROM ({records}) WHERE {within}")  # noqa: S608
        return Relation(" UNION ALL ".join(parts), params) if parts else self.records((), placed=True)

    def _by_columns(self, files: Sequence[FileEntry]) -> dict[frozenset[str], list[int]]:
        """The places in ``files`` of those that have the same columns, as far as these matter."""
        groups: dict[frozenset[str], list[int]] = {}
        compared = self._compared()
        for place, entry in enumerate(files):
            groups.setdefault(self.fields.relevant(entry, compared), []).append(place)
        return groups

    def _compared(self) -> set[str]:
        """The fields that the query's condition is about."""
        if self.query.where is None:
            return set()
        names = self.fields.names(self)
        asked = [each.name for each in self.query.where.comparisons() if not each.built_in]
        return {field for name in asked for field in meant(name, names)}

    def _condition(self, columns: frozenset[str], params: dict[str, object]) -> str:
        where = compile_where(self.query.filters, self.query.time_range, shape="shape" in columns)
        pieces = where.sql.split("?")
        text = pieces[0]
        for value, piece in zip(where.params, pieces[1:], strict=True):
            name = f"w{len(params)}"
            params[name] = value
            text += f"${name}{piece}"
        if self.query.where is not None:
            from twsla.query.conditions import compile_condition

            on_fields = compile_condition(self.query.where, self.fields.names(self), columns, params)
            text = f"{text} AND {on_fields}" if text and text != "TRUE" else on_fields
        return text or "true"

    # --- running ---------------------------------------------------------------------------------------------

    def fetch(
        self, sql: str, params: Mapping[str, object] | None = None, *, relation: Relation | None = None
    ) -> list[tuple[Any, ...]]:
        """Run SQL over ``records`` and give the rows as Python values. For small answers; imports no Arrow."""
        statement, values = self._statement(sql, params, relation)
        with self._translated():
            return self.connection.execute(statement, values).fetchall()

    def rows(
        self, sql: str, params: Mapping[str, object] | None = None, *, relation: Relation | None = None
    ) -> ArrowRows:
        """Run SQL over ``records`` and hold the answer as an Arrow table: aggregates, up to some 100,000 rows."""
        import pyarrow as pa

        from twsla.model.result import ArrowRows

        with self._translated():
            return ArrowRows(pa.Table.from_batches(*self._reader(sql, params, relation)))

    def stream(
        self, sql: str, params: Mapping[str, object] | None = None, *, relation: Relation | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Run SQL over ``records`` and give the answer piece by piece, in bounded memory."""
        batches, _ = self._reader(sql, params, relation)
        with self._translated():
            yield from batches

    def _reader(
        self, sql: str, params: Mapping[str, object] | None, relation: Relation | None = None
    ) -> tuple[Iterator[pa.RecordBatch], pa.Schema]:
        import duckdb  # noqa: F401  # gives the connection its relational and Arrow methods

        statement, values = self._statement(sql, params, relation)
        with self._translated():
            reader = self.connection.sql(statement, params=values or None).to_arrow_reader(BATCH_ROWS)
        return reader, reader.schema

    def _statement(
        self, sql: str, params: Mapping[str, object] | None, relation: Relation | None
    ) -> tuple[str, dict[str, object]]:
        relation = relation or self.records()
        head = f"WITH records AS NOT MATERIALIZED ({relation.sql})"
        body = sql.strip()
        joined = f"{head}, {body[4:]}" if body[:5].upper().split() == ["WITH"] else f"{head} {body}"
        return joined, {**relation.params, **(params or {})}

    def execute(self, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run SQL that does not look at ``records`` (scratch tables)."""
        with self._translated():
            return self.connection.execute(sql, dict(params or {})).fetchall()

    def scratch_name(self) -> str:
        """A table name not used yet in this database."""
        return self._database.scratch_name()

    def interrupt(self, thread: int | None = None) -> None:
        """Stop the statements that run, or that of one thread (its ``ident``); they raise ``Cancelled``.

        Callable from any thread.
        """
        self._database.interrupt(thread)


def query_of(selection: Selection, environment: Environment) -> Query:
    """The query that the shared options describe.

    Raises:
        UsageError: A zone, time range or expression cannot be read.
    """
    zone = zone_of(selection, environment)
    filters = parse_filters(
        simple=selection.filter,
        regex=selection.regex,
        inverted=selection.inverted,
        arguments=selection.filters,
        ignore_case=selection.ignore_case,
    )
    check_filters(filters)
    time_range = parse_time_range(selection.time_range, now_ns=environment.now_ns, zone=zone)
    where = None
    if selection.where:
        from twsla.model.conditions import parse_condition

        where = parse_condition(selection.where, now_ns=environment.now_ns, zone=zone)
    return Query(time_range, filters, zone, selection.ignore_case, where)


@contextmanager
def open_engine(
    selection: Selection,
    environment: Environment,
    *,
    damaged: bool = False,
    within: Callable[[Query], Query] | None = None,
    memory: str = MEMORY_LIMIT,
) -> Iterator[Engine]:
    """The engine for a command's shared options.

    Args:
        selection: The shared options.
        environment: For the local zone and the clock.
        damaged: Open without the imports whose manifests cannot be read.
        within: Makes of the query that is asked for the one that is allowed.
        memory: What its database may take, as DuckDB writes sizes.

    Raises:
        UsageError: The options cannot be understood; the store was not opened.
        StoreError: There is no usable store.
    """
    query = query_of(selection, environment)
    if within is not None:
        query = within(query)
    engine = Engine(_opened(selection, damaged=damaged), query, Database(memory))
    try:
        if query.where is not None:
            from twsla.query.conditions import check_condition

            check_condition(engine, query.where)
        yield engine
    finally:
        engine.close()


def _opened(selection: Selection, *, damaged: bool) -> Store:
    """The store that is meant: that of the records, or the one beside it with what was detected in them."""
    if selection.on == "records":
        return Store.open(selection.datastore, damaged=damaged)
    from twsla.store.layout import check_marker
    from twsla.store.marks import detections_path

    check_marker(selection.datastore)
    path = detections_path(selection.datastore)
    if not path.exists():
        raise StoreError(
            f"nothing was detected in {selection.datastore} so far",
            hint="run 'twsla sigma -s RULES' before --on detections",
        )
    return Store.open(path)


_EMPTY = (
    "SELECT NULL::TIMESTAMPTZ_NS AS ts, 0::UTINYINT AS ts_flags, '' AS source, 0::BIGINT AS line_no, "
    "0::BIGINT AS \"offset\", '' AS text, NULL::BLOB AS raw, NULL::VARCHAR AS shape WHERE false"
)


def _file_place(places: Sequence[int]) -> str:
    """SQL for the place in a list of files, where only those at ``places`` are read."""
    if list(places) == list(range(len(places))):
        return "file_index::INTEGER"
    return f"({list(places)}::INTEGER[])[file_index::BIGINT + 1]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def translated(store: Path, memory: str = MEMORY_LIMIT) -> Iterator[None]:
    """DuckDB's errors as ours; ``memory`` is what it was allowed to take."""
    import _duckdb

    try:
        yield
    except _duckdb.InterruptException as error:
        raise Cancelled from error
    except _duckdb.OutOfMemoryException as error:
        raise _too_large(memory, error) from error
    except _duckdb.IOException as error:
        if "No space left" in str(error):
            hint = "make room there, or name another directory in the environment variable TMPDIR"
            raise TwslaError(f"there is no room for temporary files: {first_line(error)}", hint=hint) from error
        raise damaged(store, error) from error
    except OSError as error:
        if (found := _of_stream(error, memory)) is None:
            raise
        raise found from error
    except _duckdb.OutOfRangeException as error:
        raise UsageError(f"the query cannot be computed: {first_line(error)}") from error
    except _duckdb.Error as error:
        if _PARQUET.search(str(error)):
            raise damaged(store, error) from error
        raise TwslaError(f"the query on {store} cannot be run: {first_line(error)}") from error


def _of_stream(error: OSError, memory: str) -> TwslaError | None:
    """What DuckDB's error is that came by way of an Arrow stream; None: it is none of those."""
    text = str(error)
    if text.startswith("INTERRUPT Error"):
        return Cancelled()
    return _too_large(memory, error) if text.startswith("Out of Memory Error") else None


def _too_large(memory: str, error: Exception) -> TwslaError:
    return TwslaError(
        f"the query needs more memory than {memory}: {first_line(error)}",
        hint="narrow the time range (-t) or the filters",
    )


_PARQUET = re.compile("parquet|TProtocolException|Out of buffer|don't know what type|magic bytes", re.IGNORECASE)
"""What DuckDB says of damaged files, in errors of several kinds: nearly always their names."""


def damaged(store: Path, error: Exception) -> StoreError:
    """The error for a file of the store that cannot be read."""
    return StoreError(
        f"a file of the store {store} cannot be read: {first_line(error)}", hint="'twsla verify' tells what is wrong"
    )


def first_line(error: Exception) -> str:
    """The first line of DuckDB's message; the rest is its stack of types."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
