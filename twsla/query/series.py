"""The values of an extraction in order of time, with the change from each to the next; kept in a scratch table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.query.numbers import Scale, parsed, scale_of
from twsla.query.rows import ordered_groups
from twsla.query.scratch import derived_table, drop_table
from twsla.query.spooled import SpooledRows

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.query.enrich import Lookup
    from twsla.query.keys import Keys

EXAMPLES = 3
"""Of values that are no numbers."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of records. The table holds, in order of time, undated ones last in the order of their import:

    ``ts``; ``value`` VARCHAR, as it stands in the text; ``number`` DOUBLE, comparable with the others, NULL if it is
    not; ``delta`` DOUBLE, the difference to the number before, and ``ps`` DOUBLE, the same per second: 0 for the first
    number and for no time between, NULL without a number or a time; ``source``, ``line_no``, ``offset``.
    """

    engine: Engine
    table: str
    scale: Scale
    values: int
    numbers: int
    dated: int
    """Values of records with a time stamp."""
    separated: int
    """Numbers written with commas between groups of digits."""
    units: dict[str, int]
    """How many numbers are written in each unit."""

    def rows(self) -> SeriesRows:
        """All of it."""
        return SeriesRows(self.engine, self.table)

    def mean(self) -> float | None:
        """Of the numbers; None if there are none."""
        found = self.engine.execute(f"SELECT avg(number) FROM {self.table}")[0][0]  # noqa: S608  # our own name
        return None if found is None else float(found)

    def not_numbers(self) -> list[tuple[str, int]]:
        """The most frequent values that are no numbers like the others, and how often they occur."""
        sql = (
            f"SELECT value, count(*) AS count FROM {self.table} WHERE number IS NULL "  # noqa: S608  # our own name
            f"GROUP BY value ORDER BY count DESC, value LIMIT {EXAMPLES}"
        )
        return [(str(value), int(count)) for value, count in self.engine.execute(sql)]


class SeriesRows(SpooledRows):
    """Rows of a series: values are sorted as the numbers they are, behind them as texts those that are none."""

    def sorted(self, column: str, *, descending: bool = False) -> SeriesRows:
        """The same rows by ``column``, stable, nulls last."""
        direction = "DESC" if descending else "ASC"
        columns = ("number", "value") if column == "value" else (column,)
        order = ", ".join(f'"{name}" {direction} NULLS LAST' for name in columns)
        table = derived_table(self._engine, f"SELECT * FROM {self._table} ORDER BY {order}, rowid")  # noqa: S608
        return SeriesRows(self._engine, table)


def make_series(engine: Engine, keys: Keys, lookup: Lookup | None, progress: Progress) -> Series:
    """Take a value out of each record that has one.

    Args:
        engine: Gives the records.
        keys: One extraction.
        lookup: What is known about addresses, to be written behind each value.
        progress: Told about addresses.
    """
    written = _written(engine, keys)
    if lookup is not None:
        written = _with_info(engine, written, lookup, progress)
    counts = engine.execute(
        f"SELECT unit, count(*) FROM {written} WHERE written IS NOT NULL GROUP BY unit ORDER BY unit"  # noqa: S608
    )
    units = {str(unit): int(count) for unit, count in counts}
    scale = scale_of(units)
    values, dated, separated, incomplete = engine.execute(
        f"SELECT count(*), count(ts), count(*) FILTER (written IS NOT NULL AND contains(value, ',')), "  # noqa: S608
        f"count(*) FILTER (ts IS NULL OR ({scale.sql()}) IS NULL) FROM {written}"
    )[0]
    ignore_nulls, order = (" IGNORE NULLS", "ORDER BY place") if incomplete else ("", "")
    changes = _CHANGES.format(number=scale.sql(), written=written, ignore_nulls=ignore_nulls, order=order)
    table = derived_table(engine, changes)
    drop_table(engine, written)
    numbers = sum(units.get(name, 0) for name in scale.units)
    return Series(engine, table, scale, values, numbers, dated, separated, units)


def _written(engine: Engine, keys: Keys) -> str:
    """A scratch table of the values as they are written, in order: ts, source, line_no, offset, value, written, unit.

    Group after group of files, so that the whole is never sorted.
    """
    groups = ordered_groups(engine.selected.files) or [()]
    source = _source_type(engine)
    columns = ("ts", f"source::{source} AS source", "line_no", '"offset"')
    (many,) = keys.many
    name = ""
    for group in groups:
        relation = engine.records(group)
        select = keys.select(*columns, place=True)
        values = f"(SELECT * EXCLUDE (k0), k0 AS value FROM ({select}) WHERE k0 IS NOT NULL)"  # noqa: S608  # ours
        order = f'ORDER BY ts NULLS LAST, source, "offset"{", place" if many else ""}' if len(group) > 1 else ""
        kept = f'SELECT ts, source, line_no, "offset", value, written, unit FROM ({parsed(values)}) {order}'  # noqa: S608
        statement = f"WITH records AS NOT MATERIALIZED ({relation.sql}) {kept}"
        verb = f"INSERT INTO {name}" if name else f"CREATE TABLE {(name := engine.scratch_name())} AS"
        engine.execute(f"{verb} {statement}", {**relation.params, **keys.params})
    return name


def _source_type(engine: Engine) -> str:
    """The type of the column with the sources: one that holds each name once, where all names are known."""
    files = engine.selected.files
    names = sorted({name for entry in files for name in entry.sources})
    if not names or not all(entry.sources for entry in files):
        return "VARCHAR"
    made = engine.scratch_name()
    engine.execute(f"CREATE TYPE {made} AS ENUM (SELECT unnest($names::VARCHAR[]))", {"names": names})
    return made


def _with_info(engine: Engine, written: str, lookup: Lookup, progress: Progress) -> str:
    """The values with what is known about them: ``192.0.2.1(JP)``."""
    from twsla.query.enrich import enriched_table

    addresses = f"SELECT value FROM {written} GROUP BY value ORDER BY count(*) DESC, value"  # noqa: S608  # ours
    known = enriched_table(engine, addresses, lookup, progress)
    told = (
        # What has no name is given as "192.0.2.1(unknown)" already.
        "CASE WHEN starts_with(known.value, given.value || '(') THEN known.value "
        "WHEN coalesce(known.value, '') = '' THEN given.value ELSE concat(given.value, '(', known.value, ')') END"
    )
    table = derived_table(
        engine,
        f"SELECT given.* REPLACE ({told} AS value, NULL::DOUBLE AS written) "  # noqa: S608  # our own names
        f"FROM {written} AS given LEFT JOIN {known} AS known ON known.ip = given.value ORDER BY given.rowid",
    )
    drop_table(engine, written)
    drop_table(engine, known)
    return table


_CHANGES = """
SELECT ts, value, number,
    CASE WHEN used IS NULL THEN NULL WHEN before IS NULL THEN 0 ELSE used - before END AS delta,
    CASE WHEN used IS NULL THEN NULL WHEN before IS NULL OR ns = before_ns THEN 0
        ELSE (used - before) / ((ns::HUGEINT - before_ns)::DOUBLE / 1e9) END AS ps,
    source, line_no, "offset"
FROM (
    SELECT *, lag(used{ignore_nulls}) OVER ({order}) AS before,
        lag(CASE WHEN used IS NOT NULL THEN ns END{ignore_nulls}) OVER ({order}) AS before_ns
    FROM (
        SELECT *, CASE WHEN ts IS NOT NULL THEN number END AS used, epoch_ns(ts) AS ns
        FROM (SELECT *, rowid AS place, {number} AS number FROM {written})
    )
)
"""
"""Where every row has a number and a time, the one before is the row before, and DuckDB needs not hold the whole."""
