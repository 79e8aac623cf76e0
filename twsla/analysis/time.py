"""The time analysis: how far apart records are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import records_fact, undated_notes
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Histogram, Line
from twsla.model.result import Action, Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress
    from twsla.query.engine import Engine

_OWN: Final = ("ts", "diff", "delta")


@dataclass(frozen=True, slots=True)
class TimeOptions:
    """What ``time`` takes besides the selection."""

    period: bool = opt("--period", default=False, help="Periods with which records come again, the clearest first.")


def time(engine: Engine, options: TimeOptions, progress: Progress) -> Result:
    """List records with the time between them.

    Diff is the time from the first record to this one, Delta the time since the one before, both in seconds; mean,
    median, mode and standard deviation are those of Delta. ``--sort delta:desc`` lists the longest silences first. On
    a screen ``m`` marks a record, from which Diff is then measured.

    ``--period`` looks for what comes again and again: the correlation of the number of records with itself some time
    later (1: always the same; 0: no relation).
    """
    from twsla.query.placed import placed_table
    from twsla.query.scratch import derived_table, drop_table

    if options.period:
        from twsla.analysis.periods import periods

        return periods(engine)
    found = placed_table(engine, "ts, epoch_ns(ts) AS ns", "ts IS NOT NULL")
    # Without an order of its own, the window is that of the table, and nothing has to be held.
    changes = derived_table(engine, f"SELECT *, (ns - lag(ns) OVER ())::DOUBLE / 1e9 AS gap FROM {found}")  # noqa: S608
    drop_table(engine, found)
    return _from_mark(engine, changes, None)


def _from_mark(engine: Engine, changes: str, mark_ns: int | None, marked: tuple[str, int] | None = None) -> Result:
    """The records with the time from a marked one, known by source and offset; None: from the first."""
    from twsla.query.placed import PlacedRows
    from twsla.query.scratch import derived_table, drop_table
    from twsla.query.totals import undated_matches

    if mark_ns is None:
        mark_ns = int(engine.execute(f"SELECT coalesce(min(ns), 0) FROM {changes}")[0][0])  # noqa: S608  # our own name
    table = derived_table(
        engine,
        f"SELECT ts, (ns::HUGEINT - {mark_ns})::DOUBLE / 1e9 AS diff, coalesce(gap, 0) AS delta, _file, _row "  # noqa: S608  # our own name
        f"FROM {changes}",
    )
    rows = PlacedRows(engine, table, _OWN)

    def mark(row: Mapping[str, object] | None, progress: Progress) -> Result:
        if row is None:
            raise UsageError("no record is selected", hint="choose one first")
        return _from_mark(engine, changes, int(str(row["ts"])), (str(row["source"]), int(str(row["offset"]))))

    return Result(
        title="Time",
        columns=(
            Column("ts", "Time", Kind.TIME, sort_key="t", heading="Time"),
            Column("text", "Log", Kind.LOG, share=8, heading="Log"),
            Column("diff", "Diff", Kind.NUMBER, sort_key="d", heading="Diff", unit="s"),
            Column("delta", "Delta", Kind.NUMBER, sort_key="l", heading="Delta", unit="s"),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
            Column("offset", "Offset", Kind.COUNT, hidden=True),
        ),
        rows=rows,
        facts=(Fact("hits", "Hits", len(rows), Kind.COUNT), records_fact(engine), *_statistics(engine, changes)),
        charts=(Line(x="ts", y=("delta",)), Histogram("delta")) if len(rows) else (),
        notes=undated_notes(engine, undated_matches(engine)),
        actions=(Action("m", "Mark", mark, replaces=True),),
        reference=marked,
        close=lambda: drop_table(engine, table),
    )


def _statistics(engine: Engine, changes: str) -> list[Fact]:
    """Mean, median, modes and standard deviation of the time between records; nothing for less than two."""
    from twsla.query.statistics import summarize

    summary = summarize(engine, changes, "gap")
    if summary is None:
        return []
    modes = [0.0]
    if summary.mode is not None:
        most = f"SELECT gap, count(*) AS n FROM {changes} WHERE gap IS NOT NULL GROUP BY gap"  # noqa: S608  # our own
        found = engine.execute(f"SELECT gap FROM ({most}) WHERE n = (SELECT max(n) FROM ({most})) ORDER BY gap")  # noqa: S608
        modes = [row[0] for row in found]
    mode = modes[0] if len(modes) == 1 else str(modes)
    return [
        Fact("mean", "Mean", summary.mean, Kind.NUMBER),
        Fact("median", "Median", summary.percentiles[50], Kind.NUMBER),
        Fact("mode", "Mode", mode, Kind.NUMBER if len(modes) == 1 else Kind.TEXT),
        Fact("std_dev", "StdDev", summary.variance**0.5, Kind.NUMBER),
        Fact("longest", "Longest", summary.greatest, Kind.NUMBER),
    ]


analysis = Analysis(
    name="time", options=TimeOptions, run=time, example="twsla time --sort delta:desc --limit 5 'Failed password'"
)
