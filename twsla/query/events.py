"""Windows events among the records, as SQL over ``records``: which they are, and what their fields hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.query.fields import field_sql
from twsla.query.scratch import scratch_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twsla.query.engine import Engine, Relation

PLACE = 'ts, source, line_no, "offset"'
"""Where a record stands, for the columns that let a screen show what is around it."""


def said(engine: Engine, name: str) -> str:
    """SQL for the value of a field; NULL also where Windows writes that there is none: nothing, or a hyphen."""
    return f"nullif(nullif(trim({field_sql(engine, name)}), ''), '-')"


def event_table(
    engine: Engine,
    columns: Mapping[str, str],
    *,
    ids: Collection[int] = (),
    where: str = "true",
    params: Mapping[str, object] | None = None,
    relation: Relation | None = None,
) -> str:
    """Keep the events of the query in a scratch table: ts, source, line_no, offset, id, channel, computer, and more.

    Args:
        engine: Holds the table.
        columns: Further columns, with the SQL that gives them.
        ids: Numbers of the events; none: all of them.
        where: What else must hold.
        params: Values bound in ``columns`` and ``where``.
        relation: What ``records`` stands for, made after the fields in ``columns`` were asked for; default: the records
            of the engine's query.

    Returns:
        The name of the table. Its rows are in no order.
    """
    wanted = f"id IN ({', '.join(map(str, ids))})" if ids else "id IS NOT NULL"
    system = {
        "id": f"try_cast({field_sql(engine, 'EventID')} AS INTEGER)",
        "channel": field_sql(engine, "Channel"),
        "computer": field_sql(engine, "Computer"),
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in {**system, **columns}.items())
    sql = f"SELECT {PLACE}, {listed} FROM records WHERE {wanted} AND {where}"  # noqa: S608  # our names and numbers
    return scratch_table(engine, sql, params, relation=relation)


def named(values: Mapping[str, str], key: str) -> str:
    """SQL that gives the value of a key in a table of ours; NULL for others."""
    pairs = ", ".join(f"{_text(name)}: {_text(value)}" for name, value in values.items())
    return f"(MAP {{{pairs}}})[{key}]"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
