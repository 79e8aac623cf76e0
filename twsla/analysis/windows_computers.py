"""The windows computers analysis: which computers the events come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.analysis.windows import event_facts, event_notes
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Pie
from twsla.model.result import Column, Kind, Result

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_LISTED = """
SELECT coalesce(computer, '') AS computer, count(*) AS count, round(100 * count(*) / sum(count(*)) OVER (), 2) AS share,
    count(DISTINCT channel) AS channels, count(DISTINCT (channel, id)) AS ids, count(DISTINCT source) AS sources,
    min(ts) AS first, max(ts) AS last,
    coalesce(arg_max(version, (ts, version)) FILTER (ts IS NOT NULL), '') AS system,
    coalesce(arg_max(zone, (ts, zone)) FILTER (ts IS NOT NULL), '') AS zone,
    string_agg(DISTINCT channel, '\n' ORDER BY channel) AS channel_names
FROM {events} GROUP BY 1 ORDER BY count DESC, 1
"""


@dataclass(frozen=True, slots=True)
class ComputersOptions:
    """``windows computers`` has no options of its own."""


def windows_computers(engine: Engine, options: ComputersOptions, progress: Progress) -> Result:
    """Count Windows events by computer.

    The computer with the most events first. ``system`` is the version that its last start wrote to the log (System
    6009), ``zone`` the time zone that it last named (System 6013). Hidden column: the names of the channels.
    """
    from twsla.query.events import event_table, said
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table

    version = ", ".join(said(engine, f"Data[{place}]") for place in (0, 1, 2))
    events = event_table(
        engine,
        {
            "version": f"CASE WHEN id = 6009 THEN concat_ws(' ', {version}) END",
            "zone": f"CASE WHEN id = 6013 THEN {said(engine, 'Data[6]')} END",
        },
    )
    listed = derived_table(engine, _LISTED.format(events=events))
    ((total,),) = engine.execute(f"SELECT count(*) FROM {events}")  # noqa: S608  # our name
    return Result(
        title="Windows computers",
        columns=(
            Column("computer", "Computer", Kind.OBSERVABLE, sort_key="n", share=3),
            Column("count", "Count", Kind.COUNT, sort_key="c"),
            Column("share", "Share", Kind.NUMBER, unit="%"),
            Column("channels", "Channels", Kind.COUNT),
            Column("ids", "Kinds", Kind.COUNT),
            Column("sources", "Sources", Kind.COUNT),
            Column("first", "First", Kind.TIME, sort_key="t"),
            Column("last", "Last", Kind.TIME),
            Column("system", "System", Kind.TEXT, share=2),
            Column("zone", "Zone", Kind.TEXT),
            Column("channel_names", "Channel names", Kind.LOG, hidden=True),
        ),
        rows=SpooledRows(engine, listed),
        facts=event_facts(engine, total),
        charts=(Bar(x="computer", y="count"), Pie(label=("computer",), value="count")),
        notes=event_notes(engine, total, "Windows events"),
    )


analysis = Analysis(
    name="windows computers",
    options=ComputersOptions,
    run=windows_computers,
    example="twsla windows computers",
)
