"""Values that the shape of a record tells: worked out once a shape, and joined.

An expression that takes no digits finds in a shape what it finds in every text of that shape. Joining by a dictionary
column costs next to nothing, where an expression over 4.9 million sshd texts takes two seconds of processor time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from twsla.query.extracted import PIECE
from twsla.query.scratch import scratch_table

if TYPE_CHECKING:
    from twsla.query.engine import Engine
    from twsla.query.extracted import Extracted

_MOST_SHAPES: Final = 1 << 14


def by_shape(engine: Engine, one: Extracted) -> Extracted:
    """The same extraction by a table of the most frequent shapes; the text of records with other shapes is looked at.

    Args:
        engine: Tells what shapes the time range has.
        one: ``shape_only``, with one value at most.
    """
    if not any("shape" in entry.columns for entry in engine.selected.files):
        return one
    shapes = (
        "SELECT shape, shape AS text FROM records WHERE shape IS NOT NULL "  # noqa: S608  # our own number
        f"GROUP BY shape ORDER BY count(*) DESC, shape LIMIT {_MOST_SHAPES}"
    )
    value = f"CASE WHEN {one.where} THEN {one.expression} END"
    values = f"SELECT shape AS of_shape, {value} AS of_value FROM ({shapes})"  # noqa: S608  # our own names
    table = scratch_table(engine.unfiltered(), values, one.params)
    return replace(
        one,
        expression=f"CASE WHEN {table}.of_shape IS NULL THEN {one.expression} ELSE {table}.of_value END",
        where=f"CASE WHEN {table}.of_shape IS NULL THEN {one.where} ELSE {table}.of_value IS NOT NULL END",
        shape_only=False,
        rough="",
        refined=PIECE,
        join=f"LEFT JOIN {table} ON records.shape = {table}.of_shape",
    )
