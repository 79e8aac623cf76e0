"""Records that stand behind later ones: a server that writes the time a request began when the request has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.query.scratch import scratch_table

if TYPE_CHECKING:
    from twsla.query.engine import Engine

_LATE = """
SELECT source, "offset", (before::HUGEINT - ns)::DOUBLE / 1e9 AS delay_s
FROM (
    SELECT source, "offset", ns, lag(ns) OVER (PARTITION BY source ORDER BY "offset") AS before
    FROM (SELECT source, "offset", epoch_ns(ts) AS ns FROM records WHERE ts IS NOT NULL)
)
WHERE before > ns
"""


def late_records(engine: Engine) -> str:
    """A scratch table of the records that are earlier than the dated record before them in their source.

    Columns: source, offset; delay_s DOUBLE, how many seconds earlier, more than 0. Filters and time range are left
    aside: the record before is that of the source, whether it matches or not.
    """
    return scratch_table(engine, _LATE, relation=engine.records(engine.store.files, filtered=False))
