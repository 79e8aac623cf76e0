"""The delay analysis: records that came late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import records_fact, undated_notes
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Histogram, Scatter
from twsla.model.result import Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_FOUND: Final = """
SELECT found.ts, late.delay_s AS delay, found._file, found._row
FROM ({records}) AS found JOIN {late} AS late USING (source, "offset")
ORDER BY delay DESC, found.ts, source, "offset"
"""


@dataclass(frozen=True, slots=True)
class DelayOptions:
    """What ``delay`` takes besides the selection."""

    time_pos: int = opt(
        "-q",
        "--time-pos",
        default=0,
        help="Against the N-th further time stamp in the record; 0: against the record before it.",
        metavar="N",
    )


def delay(engine: Engine, options: DelayOptions, progress: Progress) -> Result:
    """List records that came late, the latest first.

    Without ``-q``, Delay is how many seconds the time of a record lies before that of the record before it in its
    source: a server that writes a line when a request ends, with the time at which it began, shows slow requests so.
    With ``-q 1`` it is the time from the second stamp in the record to its own, with ``-q 2`` from the third, and so
    on, in the order in which they stand in the text; it may be negative.
    """
    from twsla.analysis.lateness import inner_delays, order_delays
    from twsla.query.placed import PlacedRows, files_of
    from twsla.query.scratch import derived_table
    from twsla.query.totals import undated_matches

    if options.time_pos < 0:
        raise UsageError(f"-q {options.time_pos} names no time stamp", hint="give 0, 1, 2 …")
    late = inner_delays(engine, options.time_pos, "", progress) if options.time_pos else order_delays(engine)
    records = engine.records(files_of(engine), placed=True)
    table = derived_table(engine, _FOUND.format(records=records.sql, late=late.table), records.params)
    rows = PlacedRows(engine, table, ("ts", "delay"))
    mean, longest = engine.execute(f"SELECT avg(delay), max(delay) FROM {table}")[0]  # noqa: S608  # our own name
    facts = [Fact("hits", "Hits", len(rows), Kind.COUNT), records_fact(engine)]
    if len(rows):
        facts += [Fact("mean", "Mean", mean, Kind.NUMBER), Fact("longest", "Longest", longest, Kind.NUMBER)]
    return Result(
        title="Delay",
        columns=(
            Column("ts", "Time", Kind.TIME, sort_key="t", heading="Time"),
            Column("text", "Log", Kind.LOG, share=8, heading="Log"),
            Column("delay", "Delay", Kind.NUMBER, sort_key="d", heading="Delay", unit="s"),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
            Column("offset", "Offset", Kind.COUNT, hidden=True),
        ),
        rows=rows,
        facts=tuple(facts),
        charts=(Scatter(x="ts", y="delay"), Histogram("delay")) if len(rows) else (),
        notes=(*late.notes, *undated_notes(engine, undated_matches(engine))),
    )


analysis = Analysis(name="delay", options=DelayOptions, run=delay, example="twsla delay --limit 10")
