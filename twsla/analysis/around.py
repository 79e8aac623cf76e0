"""The records around one in its source, whatever the filters: what a screen shows as the context of a row."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from twsla.analysis.search import COLUMNS
from twsla.errors import TwslaError
from twsla.model.result import Column, Kind, Note, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress
    from twsla.query.engine import Engine

REACH_LINES = 1_000
"""Lines before and after the record."""
WIDER = 10
"""So many times more, when the context of the context is asked for."""
SHOWN = (Column("line_no", "Line", Kind.COUNT), *(column for column in COLUMNS if column.name != "line_no"))
_NEIGHBOURS = """
SELECT {names} FROM records WHERE source = $source AND line_no BETWEEN $first AND $last ORDER BY "offset"
"""


def around(engine: Engine, row: Mapping[str, object], progress: Progress, *, reach: int = REACH_LINES) -> Result:
    """The records of the row's source within ``reach`` lines of it, in the order of the source.

    Raises:
        TwslaError: the row does not say which record it is.
    """
    source, line_no, offset = row.get("source"), row.get("line_no"), row.get("offset")
    if not isinstance(source, str) or not isinstance(line_no, int):
        raise TwslaError("this row is no record of the store")
    progress.message("reading the source")
    names = ", ".join(f'"{column.name}"' for column in SHOWN)
    relation = engine.records(engine.store.files, filtered=False)
    params = {"source": source, "first": line_no - reach, "last": line_no + reach}
    rows = engine.rows(_NEIGHBOURS.format(names=names), params, relation=relation)
    offsets = rows.table.column("offset").to_pylist()
    return Result(
        title=f"Around line {line_no:,} of {source}",
        columns=SHOWN,
        rows=rows,
        notes=(Note(f"the records of {source} within {reach:,} lines, whatever the filters; z once more: wider"),),
        cursor=offsets.index(offset) if offset in offsets else 0,
        around=partial(around, engine, reach=reach * WIDER),
    )


def with_context(result: Result, engine: Engine) -> Result:
    """The result, able to show the context of its rows where these are records."""
    names = {column.name for column in result.columns}
    if result.around is not None or not names.issuperset({"source", "line_no", "offset"}):
        return result
    return replace(result, around=partial(around, engine))
