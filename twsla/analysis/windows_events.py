"""The windows events analysis: how many events of each number in each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.analysis.windows import event_facts, event_notes
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Pie
from twsla.model.result import Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_COUNTED = """
SELECT coalesce(channel, '') AS channel, id, coalesce(provider, '') AS provider, count(*) AS count,
    count(DISTINCT computer) AS computers, min(ts) AS first, max(ts) AS last FROM {events}
GROUP BY ALL
"""
_LISTED = """
SELECT channel, id::VARCHAR AS id, provider, {meaning} AS meaning, count,
    round(100 * count / sum(count) OVER (), 2) AS share, computers, first, last,
    concat_ws(' ', nullif(channel, ''), id) AS event
FROM {counted} AS counted ORDER BY count DESC, channel, counted.id, provider
"""


@dataclass(frozen=True, slots=True)
class EventsOptions:
    """What ``windows events`` takes besides the selection."""

    top: int = opt("--top", default=0, help="The N most frequent only.", metavar="N")


def windows_events(engine: Engine, options: EventsOptions, progress: Progress) -> Result:
    """Count Windows events by channel and number, and tell what they mean.

    The most frequent first; the same number of another provider is a row of its own. Hidden column: channel and number
    as one text.
    """
    from twsla.errors import UsageError
    from twsla.model.windows_events import EVENTS, PROVIDER_EVENTS
    from twsla.query.events import event_table, named
    from twsla.query.fields import field_sql
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table

    if options.top < 0:
        raise UsageError(f"--top {options.top} is less than none", hint="give a number from 0 on")
    events = event_table(engine, {"provider": field_sql(engine, "Provider_Name")})
    counted = derived_table(engine, _COUNTED.format(events=events))
    by_channel, by_provider = (
        {f"{where} {number}": text for where, known in table.items() for number, text in known.items()}
        for table in (EVENTS, PROVIDER_EVENTS)
    )
    channel_key, provider_key = "channel || ' ' || id", "provider || ' ' || id"
    meaning = f"coalesce({named(by_channel, channel_key)}, {named(by_provider, provider_key)}, '')"
    limit = f" LIMIT {options.top}" if options.top else ""
    listed = derived_table(engine, _LISTED.format(meaning=meaning, counted=counted) + limit)
    ((total, channels, computers),) = engine.execute(
        f"SELECT count(*), count(DISTINCT channel), count(DISTINCT computer) FROM {events}"  # noqa: S608  # our name
    )
    return Result(
        title="Windows events",
        columns=(
            Column("channel", "Channel", Kind.TEXT, sort_key="n", share=3),
            Column("id", "Event ID", Kind.TEXT),
            Column("provider", "Provider", Kind.TEXT, sort_key="p", share=2),
            Column("meaning", "Meaning", Kind.TEXT, sort_key="m", share=3),
            Column("count", "Count", Kind.COUNT, sort_key="c"),
            Column("share", "Share", Kind.NUMBER, unit="%"),
            Column("computers", "Computers", Kind.COUNT),
            Column("first", "First", Kind.TIME, sort_key="t"),
            Column("last", "Last", Kind.TIME),
            Column("event", "Event", Kind.TEXT, hidden=True),
        ),
        rows=SpooledRows(engine, listed),
        facts=(
            *event_facts(engine, total),
            Fact("channels", "Channels", channels, Kind.COUNT),
            Fact("computers", "Computers", computers, Kind.COUNT),
        ),
        charts=(Bar(x="event", y="count"), Pie(label=("channel",), value="count")),
        notes=event_notes(engine, total, "Windows events"),
    )


analysis = Analysis(
    name="windows events",
    options=EventsOptions,
    run=windows_events,
    example="twsla windows events --top 20",
)
