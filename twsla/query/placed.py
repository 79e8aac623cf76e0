"""Rows about single records: what was computed is kept in a scratch table, texts are read where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.query.engine import Relation
from twsla.query.rows import ordered_groups
from twsla.query.scratch import derived_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from twsla.model.filters import FilterSet
    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry

RECORD_COLUMNS = ("text", "source", "line_no", "offset")
"""What is read of a record where its row does not hold it."""
_ORDER = 'ORDER BY ts NULLS LAST, source, "offset"'


def placed_table(
    engine: Engine, columns: str, condition: str = "true", params: Mapping[str, object] | None = None
) -> str:
    """A scratch table with a row for each record of the query that meets a condition, in the order of a search.

    Args:
        engine: Gives the records.
        columns: SQL over the columns of ``records``.
        condition: SQL over the same.
        params: Of both.

    Returns:
        Its name. Besides ``columns`` it has ``_file`` and ``_row``, where the record stands (see ``files_of``).
    """
    name, base = "", 0
    for group in ordered_groups(engine.selected.files) or [()]:
        relation = engine.records(group, placed=True)
        order = _ORDER if len(group) > 1 else ""
        select = (
            f"WITH records AS NOT MATERIALIZED ({relation.sql}) "  # noqa: S608  # our own names
            f"SELECT {columns}, _file::INTEGER + {base} AS _file, _row FROM records WHERE {condition} {order}"
        )
        verb = f"INSERT INTO {name}" if name else f"CREATE TABLE {(name := engine.scratch_name())} AS"
        engine.execute(f"{verb} {select}", {**relation.params, **(params or {})})
        base += len(group)
    return name


def files_of(engine: Engine) -> tuple[FileEntry, ...]:
    """The files that ``_file`` counts."""
    return tuple(entry for group in ordered_groups(engine.selected.files) for entry in group)


class PlacedRows:
    """Rows of a scratch table with ``_file`` and ``_row``, and behind their columns those of the record."""

    judged = ("text",)
    """Columns that filters look at."""

    def __init__(self, engine: Engine, table: str, own: Sequence[str]) -> None:
        """Take a table.

        Args:
            engine: Holds it.
            table: Its name; its rows are in the order wanted.
            own: Columns to show of it; ``RECORD_COLUMNS`` that are not among them are read from the store.
        """
        self._engine = engine
        self._table = table
        self._own = tuple(own)
        self._others = tuple(name for name in RECORD_COLUMNS if name not in own)
        self._files = files_of(engine)
        self._length = int(engine.execute(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608  # our own name

    def __len__(self) -> int:
        """Number of rows."""
        return self._length

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        span = f"FROM {self._table} WHERE rowid >= {int(start)} AND rowid < {int(start + count)}"
        wanted: dict[int, list[int]] = {}
        for file, row in self._engine.execute(f"SELECT _file, _row {span}"):
            wanted.setdefault(file, []).append(row)
        found = self._engine.chosen(self._files, wanted)
        return self._engine.rows(*self._joined(f"(SELECT *, rowid AS place {span})", found)).table

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order; sorted once more, texts and all, on disk where memory does not suffice."""
        records = self._engine.records(self._files, placed=True)
        kept = f"(SELECT *, rowid AS place FROM {self._table})"  # noqa: S608  # our own name
        yield from self._engine.stream(*self._joined(kept, records))

    def only(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows in order, with these columns alone; what is not asked for is not read."""
        if not set(columns) <= set(self._own):
            yield from (batch.select(list(columns)) for batch in self.batches())
            return
        names = ", ".join(f'"{name}"' for name in columns)
        yield from self._engine.stream(f"SELECT {names} FROM {self._table} ORDER BY rowid")  # noqa: S608  # our own names

    def _joined(self, rows: str, records: Relation) -> tuple[str, dict[str, object]]:
        own = ", ".join(f'kept."{name}"' for name in self._own)
        others = ", ".join(f'found."{name}"' for name in self._others)
        sql = (
            f"SELECT {own}, {others} FROM {rows} AS kept JOIN ({records.sql}) AS found "  # noqa: S608  # our own names
            "ON found._file = kept._file AND found._row = kept._row ORDER BY kept.place"
        )
        return sql, dict(records.params)

    def sorted(self, column: str, *, descending: bool = False) -> PlacedRows:
        """The same rows by ``column``, stable, nulls last."""
        direction = "DESC" if descending else "ASC"
        if column in self._own:
            sql = f'SELECT * FROM {self._table} ORDER BY "{column}" {direction} NULLS LAST, rowid'  # noqa: S608
            return PlacedRows(self._engine, derived_table(self._engine, sql), self._own)
        records = self._engine.records(self._files, placed=True)
        sql = (
            f"SELECT kept.* FROM (SELECT *, rowid AS place FROM {self._table}) AS kept "  # noqa: S608  # our own names
            f"JOIN ({records.sql}) AS found ON found._file = kept._file AND found._row = kept._row "
            f'ORDER BY found."{column}" {direction} NULLS LAST, place'
        )
        table = derived_table(self._engine, f"SELECT * EXCLUDE (place) FROM ({sql})", records.params)  # noqa: S608
        return PlacedRows(self._engine, table, self._own)

    def filtered(self, filters: FilterSet, columns: Sequence[str] = ()) -> PlacedRows:
        """The rows whose records pass further filters; ``columns`` makes no difference, a record is its text."""
        passing = self._passing(filters)
        sql = f"SELECT * FROM {self._table} WHERE rowid IN (SELECT place FROM ({passing.sql})) ORDER BY rowid"  # noqa: S608
        return PlacedRows(self._engine, derived_table(self._engine, sql, passing.params), self._own)

    def find(
        self, filters: FilterSet, columns: Sequence[str] = (), *, start: int, backwards: bool = False
    ) -> int | None:
        """Number of the nearest row from ``start`` on (before it, if ``backwards``) whose record passes ``filters``."""
        passing = self._passing(filters)
        side, nearest = ("<", "max") if backwards else (">=", "min")
        sql = f"SELECT {nearest}(place) FROM ({passing.sql}) WHERE place {side} {int(start)}"  # noqa: S608  # ours
        found = self._engine.execute(sql, passing.params)[0][0]
        return None if found is None else int(found)

    def _passing(self, filters: FilterSet) -> Relation:
        """The numbers of rows whose records pass."""
        records = self._engine.narrowed(filters).records(self._files, placed=True)
        sql = (
            f"SELECT kept.rowid AS place FROM {self._table} AS kept JOIN ({records.sql}) AS found "  # noqa: S608  # ours
            "ON found._file = kept._file AND found._row = kept._row"
        )
        return Relation(sql, records.params)
