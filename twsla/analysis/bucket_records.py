"""The records of a bucket: what a screen opens from a row of a count by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.analysis.around import with_context
from twsla.analysis.search import COLUMNS
from twsla.errors import UsageError
from twsla.model.result import Action, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress
    from twsla.query.buckets import Buckets
    from twsla.query.engine import Engine


def records_action(engine: Engine, buckets: Buckets) -> Action:
    """Opens the records of the query that are in the bucket of the selected row (its column ``time``)."""

    def records(row: Mapping[str, object] | None, progress: Progress) -> Result:
        from twsla.model.times import format_time
        from twsla.query.rows import RecordRows

        if row is None:
            raise UsageError("there is no row")
        start = int(str(row["time"]))
        within = engine.within(start, end_of(buckets, start))
        result = Result(
            title=f"Records from {format_time(start, engine.query.zone)}",
            columns=COLUMNS,
            rows=RecordRows(within, [column.name for column in COLUMNS]),
            bare="text",
        )
        return with_context(result, within)

    return Action("o", "Records", records)


def end_of(buckets: Buckets, start_ns: int) -> int:
    """The last nanosecond of the bucket that begins at ``start_ns``: longer or shorter where the clock was changed."""
    later = (each for part in buckets.ranges(start_ns, start_ns + 3 * buckets.interval_ns) for each in part)
    return next(each for each in later if each > start_ns) - 1
