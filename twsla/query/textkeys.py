"""A text computed for each record from its shape wherever the shape says enough, as a piece of SQL over ``records``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.model.result import Note
    from twsla.query.engine import Engine


@dataclass(frozen=True, slots=True)
class TextKey:
    """How to say a record's normalised text or template in SQL.

    Use it as ``SELECT {expression} AS key, … FROM records {join} …``; both are our own names only, no parameters.
    """

    join: str
    """Goes behind ``FROM records``; may be empty."""
    expression: str
    """VARCHAR, never NULL."""
    notes: tuple[Note, ...] = ()
    """What the reader must know about the keys."""


def count_key(engine: Engine, key: TextKey) -> pa.Table:
    """Columns key string, count int64; the largest first, ties by key."""
    sql = f"SELECT {key.expression} AS key, count(*) AS count FROM records {key.join} GROUP BY key ORDER BY count DESC, key"  # noqa: S608, E501
    return engine.rows(sql).table
