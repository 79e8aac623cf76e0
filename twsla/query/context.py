"""Hits with their neighbours: the records before and after each hit in the same source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.query.rows import SpooledRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.query.engine import Engine


def context_rows(engine: Engine, columns: Sequence[str], before: int, after: int) -> SpooledRows:
    """Hits and neighbours by source and offset; ``hit`` is 1 for a hit, ``block`` numbers what hangs together.

    Neighbours are records that follow each other in the source, whether or not the filters or the time range take
    them in.
    """
    hits, near, result = (engine.scratch_name() for _ in range(3))
    found = engine.records()
    engine.execute(f'CREATE TABLE {hits} AS SELECT DISTINCT source, "offset" FROM ({found.sql})', found.params)  # noqa: S608
    everything = engine.records(engine.store.files, filtered=False)
    # Window functions over positions and marks only; the texts are fetched for what is left.
    engine.execute(
        f"""
        CREATE TABLE {near} AS
        WITH placed AS (
            SELECT r.source, r."offset", (h."offset" IS NOT NULL)::INT AS hit,
                   row_number() OVER (PARTITION BY r.source ORDER BY r."offset") AS place
            FROM (SELECT source, "offset" FROM ({everything.sql})) r
            LEFT JOIN {hits} h ON h.source = r.source AND h."offset" = r."offset"
            WHERE r.source IN (SELECT source FROM {hits})
        ), marked AS (
            SELECT *, max(hit) OVER (PARTITION BY source ORDER BY place
                                     ROWS BETWEEN {int(after)} PRECEDING AND {int(before)} FOLLOWING) AS near
            FROM placed
        ), chosen AS (
            SELECT *, place - lag(place, 1, -1) OVER (PARTITION BY source ORDER BY place) AS step
            FROM marked WHERE near = 1
        )
        SELECT source, "offset", hit,
               sum((step <> 1)::INT) OVER (ORDER BY source, place) AS block
        FROM chosen
        """,  # noqa: S608  # our names only
        everything.params,
    )
    names = ", ".join(f'n."{name}"' if name in {"hit", "block"} else f'r."{name}"' for name in columns)
    engine.execute(
        f"""
        CREATE TABLE {result} AS SELECT {names} FROM ({everything.sql}) r
        JOIN {near} n ON n.source = r.source AND n."offset" = r."offset"
        ORDER BY r.source, r."offset"
        """,  # noqa: S608  # our names only
        everything.params,
    )
    for name in (hits, near):
        engine.execute(f"DROP TABLE {name}")
    return SpooledRows(engine, result)
