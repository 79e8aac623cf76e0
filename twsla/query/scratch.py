"""Scratch tables: answers too large to hold, kept in the engine's database, which spills them to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.query.engine import Engine, Relation


def scratch_table(
    engine: Engine, select: str, params: Mapping[str, object] | None = None, *, relation: Relation | None = None
) -> str:
    """Keep the rows of a query over ``records``, in its order.

    Args:
        engine: Holds the table.
        select: Begins with SELECT.
        params: Of the query.
        relation: What ``records`` stands for; default: the records of the engine's query.

    Returns:
        The name of the table.
    """
    name = engine.scratch_name()
    relation = relation or engine.records()
    records = f"WITH records AS NOT MATERIALIZED ({relation.sql})"
    engine.execute(f"CREATE TABLE {name} AS {records} {select}", {**relation.params, **(params or {})})
    return name


def derived_table(engine: Engine, select: str, params: Mapping[str, object] | None = None) -> str:
    """Keep the rows of a query over scratch tables, in its order; gives the name of the new table."""
    name = engine.scratch_name()
    engine.execute(f"CREATE TABLE {name} AS {select}", params)
    return name


def drop_table(engine: Engine, name: str) -> None:
    """Free a table."""
    engine.execute(f"DROP TABLE {name}")
