"""Rows kept in a scratch table, for results that are made once and paged: any page in a millisecond or two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.model.times import TimeRange
from twsla.query.where import compile_where

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from twsla.model.filters import FilterSet
    from twsla.query.engine import Engine


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

    def filtered(self, filters: FilterSet, columns: Sequence[str]) -> SpooledRows:
        """The rows that pass all filters: one of their texts in ``columns`` matches, or none does."""
        name = self._engine.scratch_name()
        passing, params = self._passing(filters, columns)
        sql = f"CREATE TABLE {name} AS SELECT * FROM {self._table} WHERE {passing} ORDER BY rowid"  # noqa: S608
        self._engine.execute(sql, params)
        return SpooledRows(self._engine, name)

    def find(self, filters: FilterSet, columns: Sequence[str], *, start: int, backwards: bool = False) -> int | None:
        """Number of the nearest row from ``start`` on (before it, if ``backwards``) that passes all filters."""
        passing, params = self._passing(filters, columns)
        side, nearest = ("<", "max") if backwards else (">=", "min")
        sql = f"SELECT {nearest}(rowid) FROM {self._table} WHERE rowid {side} $start AND {passing}"  # noqa: S608
        value = self._engine.execute(sql, {**params, "start": start})[0][0]
        return None if value is None else int(value)

    def _passing(self, filters: FilterSet, columns: Sequence[str]) -> tuple[str, dict[str, object]]:
        """A condition on rows, with its parameters."""
        conditions, params = ["true"], dict[str, object]()
        for each in filters:
            where = compile_where([replace(each, negative=False)], TimeRange(None, None), shape=False)
            names = [f"p{len(params) + place}" for place in range(len(where.params))]
            params.update(zip(names, where.params, strict=True))
            matches = where.sql
            for name in names:
                matches = matches.replace("?", f"${name}", 1)
            one_of = " UNION ALL ".join(
                f'SELECT number FROM (SELECT rowid AS number, "{column}"::VARCHAR AS text FROM {self._table}) '  # noqa: S608
                f"WHERE {matches}"
                for column in columns
            )
            conditions.append(f"rowid {'NOT ' if each.negative else ''}IN ({one_of})")
        return " AND ".join(conditions), params

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order."""
        yield from self._engine.stream(f"SELECT * FROM {self._table} ORDER BY rowid")  # noqa: S608

    def only(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows in order, with these columns alone; the others are not read."""
        names = ", ".join(f'"{name}"' for name in columns)
        yield from self._engine.stream(f"SELECT {names} FROM {self._table} ORDER BY rowid")  # noqa: S608  # our own names
