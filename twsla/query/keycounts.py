"""Counts of values, kept in a scratch table until it is said how they are to be listed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.query.scratch import derived_table, drop_table, scratch_table

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.buckets import Buckets
    from twsla.query.engine import Engine, Relation
    from twsla.query.enrich import Lookup
    from twsla.query.keys import Keys


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """A row for each combination of values, with ``count``, how many records have it."""

    engine: Engine
    table: str
    names: tuple[str, ...]
    """Columns of the values: VARCHAR, NULL where records have none."""
    timed: bool = False
    """There is a column ``bucket``: where it begins in nanoseconds, NULL for undated records."""
    placed: bool = False
    """There are columns ``latitude`` and ``longitude`` (degrees, NULL where unknown)."""

    @property
    def _list(self) -> str:
        return ", ".join(self.names)

    @property
    def _complete(self) -> str:
        """The rows that have all values, as SQL; undated ones too."""
        conditions = " AND ".join(f"{name} IS NOT NULL" for name in self.names)
        return f"(SELECT * FROM {self.table} WHERE {conditions})"  # noqa: S608  # our own names

    @property
    def _found(self) -> str:
        """The rows to be listed, as SQL."""
        return f"(SELECT * FROM {self._complete} WHERE bucket IS NOT NULL)" if self.timed else self._complete  # noqa: S608

    @property
    def _totals(self) -> str:
        """Columns of the values and ``total``, the largest first, as SQL."""
        return (
            f"SELECT {self._list}, sum(count)::BIGINT AS total FROM {self._found} "  # noqa: S608
            f"GROUP BY {self._list} ORDER BY total DESC, {self._list}"
        )

    def records(self) -> int:
        """How many records were asked for values, if each can give but one."""
        return self._sum(self.table)

    def undated(self) -> int:
        """How many have values, but no time to list them at."""
        return self._sum(f"{self._complete} WHERE bucket IS NULL") if self.timed else 0

    def _sum(self, rows: str) -> int:
        return int(self.engine.execute(f"SELECT coalesce(sum(count), 0)::BIGINT FROM {rows}")[0][0])  # noqa: S608

    def largest(self, top: int | None = None) -> tuple[int, int]:
        """How many combinations are listed, and how many records they are; the ``top`` most frequent only."""
        limit = "" if top is None else f" LIMIT {int(top)}"
        sql = f"SELECT count(*), coalesce(sum(total), 0)::BIGINT FROM ({self._totals}{limit})"  # noqa: S608
        keys, hits = self.engine.execute(sql)[0]
        return int(keys), int(hits)

    def with_info(self, place: int, lookup: Lookup, progress: Progress) -> KeyCounts:
        """What is known about addresses in the place of the addresses; what is equal then counts together."""
        from twsla.query.enrich import enriched_table

        name = self.names[place]
        # The most frequent first: names are asked for in this order until the time for it is over.
        addresses = f"SELECT {name} FROM {self.table} GROUP BY {name} ORDER BY sum(count) DESC, {name}"  # noqa: S608
        known = enriched_table(self.engine, addresses, lookup, progress)
        kept = [f"counts.{each}" for each in (*self.names, *(["bucket"] if self.timed else [])) if each != name]
        columns = ", ".join(
            (
                *kept,
                f"known.value AS {name}",
                "sum(count)::BIGINT AS count",
                # One place for each value: of several that it may stand for, that of the first address.
                "arg_min(known.latitude, known.ip) AS latitude",
                "arg_min(known.longitude, known.ip) AS longitude",
            )
        )
        table = derived_table(
            self.engine,
            f"SELECT {columns} FROM {self.table} AS counts "  # noqa: S608  # our own names
            f"LEFT JOIN {known} AS known ON known.ip = counts.{name} GROUP BY {', '.join([*kept, 'known.value'])}",
        )
        drop_table(self.engine, self.table)
        drop_table(self.engine, known)
        return replace(self, table=table, placed=len(self.names) == 1 and not self.timed)

    def listed(self, titles: tuple[str, ...], top: int | None = None) -> str:
        """A scratch table in the order of the answer.

        Args:
            titles: Names of its columns for the values; ``time`` stands before them if counts are over time, ``count``
                behind them, then ``latitude`` and ``longitude`` where there are any.
            top: Only the combinations that are the most frequent over all.
        """
        named = ", ".join(f"{name} AS {title}" for name, title in zip(self.names, titles, strict=True))
        limit = "" if top is None else f" LIMIT {int(top)}"
        if not self.timed:
            where = ", latitude, longitude" if self.placed else ""
            sql = (
                f"SELECT {named}, count{where} FROM {self._found} "  # noqa: S608  # our own names
                f"ORDER BY count DESC, {self._list}{limit}"
            )
            return derived_table(self.engine, sql)
        kept = "" if top is None else f" SEMI JOIN ({self._totals}{limit}) USING ({self._list})"
        return derived_table(
            self.engine,
            f"SELECT make_timestamp_ns(bucket)::TIMESTAMPTZ_NS AS time, {named}, count "  # noqa: S608  # our own names
            f"FROM {self._found} AS found{kept} ORDER BY bucket, count DESC, {self._list}",
        )


def count_keys(
    engine: Engine, keys: Keys, buckets: Buckets | None, relation: Relation, *, complete: bool = False
) -> KeyCounts:
    """Count the values of records; in each bucket, if there are any.

    Args:
        engine: Holds the counts.
        keys: The values.
        buckets: Of time; None: over all of it.
        relation: What ``records`` stands for.
        complete: Only records with all values are asked for; ``records`` of the counts says nothing then.
    """
    select = keys.counted(complete=complete) if buckets is None else _over_time(keys, buckets)
    table = scratch_table(engine, select, keys.params, relation=relation)
    return KeyCounts(engine, table, keys.names, timed=buckets is not None)


def _over_time(keys: Keys, buckets: Buckets) -> str:
    bucket = f"CASE WHEN ns IS NOT NULL THEN {buckets.sql('ns')} END"
    values = keys.select("epoch_ns(ts) AS ns")
    return f"SELECT {bucket} AS bucket, {', '.join(keys.names)}, count(*) AS count FROM ({values}) GROUP BY ALL"  # noqa: S608
