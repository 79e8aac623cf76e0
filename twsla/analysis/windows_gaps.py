"""The windows gaps analysis: where events are missing, and what was done to the logs and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.windows import event_facts, event_notes
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Pie
from twsla.model.durations import NS_PER_S, format_duration, parse_duration
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

KINDS: Final = (
    "records missing",
    "silence",
    "clock went back",
    "log cleared",
    "audit policy changed",
    "logging stopped",
    "events dropped",
    "clock set",
)
_SAID: Final = {
    "Security": {
        1100: "logging stopped",
        1101: "events dropped",
        1102: "log cleared",
        1104: "events dropped",
        1108: "events dropped",
        4616: "clock set",
        4719: "audit policy changed",
        4902: "audit policy changed",
        4906: "audit policy changed",
        4912: "audit policy changed",
    },
    "System": {1: "clock set", 104: "log cleared", 6006: "logging stopped", 6008: "logging stopped"},
    "Microsoft-Windows-Sysmon/Operational": {4: "logging stopped", 16: "audit policy changed", 255: "events dropped"},
}
"""Events that say so themselves."""
_CHANGES: Final = {8448: "success removed", 8449: "success added", 8450: "failure removed", 8451: "failure added"}
_STEPS: Final = """
SELECT *, lag(record) OVER line AS record_before, lag(ts) OVER line AS ts_before
FROM (
    SELECT ts, source, line_no, "offset", computer, channel, record FROM {events}
    WHERE record IS NOT NULL AND NOT carved
    QUALIFY row_number() OVER (PARTITION BY source, computer, channel, record, ts ORDER BY "offset") = 1
)
WINDOW line AS (PARTITION BY source, computer, channel ORDER BY record, ts)
"""
_LISTED: Final = """
WITH steps AS ({steps}), found AS (
    SELECT 'records missing' AS kind, ts_before AS ts, ts AS until, record - record_before - 1 AS missing,
        epoch_ns(ts) - epoch_ns(ts_before) AS length, computer, channel,
        'EventRecordID ' || CASE WHEN record - record_before = 2 THEN (record - 1)::VARCHAR
            ELSE (record_before + 1) || ' to ' || (record - 1) END AS detail, source, line_no, "offset"
    FROM steps WHERE record - record_before > 1
    UNION ALL
    SELECT 'silence', ts_before, ts, NULL, epoch_ns(ts) - epoch_ns(ts_before), computer, channel,
        'between EventRecordID ' || record_before || ' and ' || record, source, line_no, "offset"
    FROM steps WHERE epoch_ns(ts) - epoch_ns(ts_before) >= $silence
    UNION ALL
    SELECT 'clock went back', ts_before, ts, NULL, epoch_ns(ts_before) - epoch_ns(ts), computer, channel,
        'between EventRecordID ' || record_before || ' and ' || record, source, line_no, "offset"
    FROM steps WHERE epoch_ns(ts_before) - epoch_ns(ts) >= $tolerance
    UNION ALL
    SELECT {kind}, ts, NULL, NULL, NULL, computer, channel, {detail}, source, line_no, "offset"
    FROM {events} WHERE {kind} IS NOT NULL AND NOT (id = 1 AND provider <> 'Microsoft-Windows-Kernel-General')
)
SELECT ts, until, kind, missing, length, coalesce(computer, '') AS computer, coalesce(channel, '') AS channel, detail,
    source, line_no, "offset", 1::BIGINT AS count
FROM found ORDER BY ts NULLS LAST, computer, channel, kind, source, "offset"
"""


@dataclass(frozen=True, slots=True)
class GapsOptions:
    """What ``windows gaps`` takes besides the selection."""

    silence: str = opt(
        "--silence", default="1d", help="Tell of stretches without an event that are at least so long.", metavar="TIME"
    )
    tolerance: str = opt(
        "--tolerance", default="1m", help="Tell of steps back in time of at least so much.", metavar="TIME"
    )
    kind: str = opt("--kind", default="", choices=KINDS, help="Only this kind.")


def windows_gaps(engine: Engine, options: GapsOptions, progress: Progress) -> Result:
    """Tell where Windows events are missing, and what was done to logs, auditing and clock.

    In each log of a computer, in the order of their numbers (EventRecordID): numbers that are missing, stretches
    without an event, steps back in time. And what events say themselves: logs cleared (Security 1102, System 104),
    audit policy changed (4719, 4902, 4906, 4912, Sysmon 16), logging stopped (1100, System 6006 and 6008, Sysmon 4),
    events dropped (1101, 1104, 1108, Sysmon 255), clock set (4616, Kernel-General 1).

    Records that were left out, at import or by filters here, are missing too. Carved records are not looked at for
    numbers and times. ``until`` is the time of the event behind the gap; source, line_no and offset are its own.
    """
    from twsla.query.events import event_table, named, said
    from twsla.query.fields import field_sql
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table

    silence, tolerance = parse_duration(options.silence), parse_duration(options.tolerance)
    user = f"coalesce({said(engine, 'SubjectDomainName')} || '\\', '') || {said(engine, 'SubjectUserName')}"
    events = event_table(
        engine,
        {
            "record": f"try_cast({field_sql(engine, 'EventRecordID')} AS BIGINT)",
            "provider": field_sql(engine, "Provider_Name"),
            "carved": f"coalesce({field_sql(engine, 'carved')} = 'true', false)",
            "account": user,
            "cleared": f"coalesce({said(engine, 'UserData.Channel')}, {said(engine, 'Channel_1')})",
            "subcategory": f"coalesce({said(engine, 'SubcategoryId')}, {said(engine, 'SubcategoryGuid')})",
            "changes": _spelt_out(said(engine, "AuditPolicyChanges")),
            "previous": f"coalesce({said(engine, 'PreviousTime')}, {said(engine, 'OldTime')})",
            "new": said(engine, "NewTime"),
            "state": said(engine, "State"),
            "configuration": said(engine, "Configuration"),
        },
    )
    kinds = {f"{channel} {number}": kind for channel, known in _SAID.items() for number, kind in known.items()}
    key = "channel || ' ' || id"
    sql = _LISTED.format(
        steps=_STEPS.format(events=events), events=events, kind=named(kinds, key), detail=_detail_sql()
    )
    listed = derived_table(engine, sql, {"silence": silence, "tolerance": max(tolerance, 1)})
    if options.kind:
        listed = derived_table(engine, f"SELECT * FROM {listed} WHERE kind = $kind", {"kind": options.kind})  # noqa: S608
    ((total, logs),) = engine.execute(
        f"SELECT count(*), count(DISTINCT (source, computer, channel)) FROM {events}"  # noqa: S608  # our names
    )
    counts = dict(engine.execute(f"SELECT kind, count(*) FROM {listed} GROUP BY kind"))  # noqa: S608
    ((missing,),) = engine.execute(f"SELECT coalesce(sum(missing), 0)::BIGINT FROM {listed}")  # noqa: S608
    return Result(
        title="Gaps in Windows events",
        columns=(
            Column("ts", "Time", Kind.TIME, sort_key="t"),
            Column("until", "Until", Kind.TIME),
            Column("kind", "Kind", Kind.TEXT, share=2),
            Column("missing", "Missing", Kind.COUNT, sort_key="m"),
            Column("length", "Length", Kind.DURATION, sort_key="d", layout="duration"),
            Column("computer", "Computer", Kind.TEXT, share=2),
            Column("channel", "Channel", Kind.TEXT, share=3),
            Column("detail", "Detail", Kind.LOG, share=4),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
            Column("offset", "Offset", Kind.COUNT, hidden=True),
            Column("count", "Count", Kind.COUNT, hidden=True),
        ),
        rows=SpooledRows(engine, listed),
        facts=(
            *event_facts(engine, total),
            Fact("logs", "Logs", logs, Kind.COUNT),
            Fact("missing", "Records missing", missing, Kind.COUNT),
            *(Fact(kind.replace(" ", "_"), kind.capitalize(), counts.get(kind, 0), Kind.COUNT) for kind in KINDS[1:]),
        ),
        charts=(Bar(x="kind", y="count", split="channel"), Pie(label=("kind",), value="count")),
        notes=(*event_notes(engine, total, "Windows events"), *_notes(engine, silence)),
    )


def _spelt_out(sql: str) -> str:
    """What an audit policy change is, in words instead of the numbers of messages."""
    for number, words in _CHANGES.items():
        sql = f"replace({sql}, '%%{number}', '{words}')"
    return sql


def _detail_sql() -> str:
    """SQL for what an event says about itself; what it does not say is left out."""
    return (
        "concat_ws(' ', CASE WHEN channel = 'System' AND id = 104 THEN cleared END, "
        "CASE WHEN id = 4719 THEN concat_ws(': ', subcategory, changes) END, "
        "CASE WHEN id IN (4616, 1) THEN 'from ' || previous || ' to ' || new END, "
        "CASE WHEN id = 4 THEN state WHEN id = 16 THEN configuration END, 'by ' || account)"
    )


def _notes(engine: Engine, silence: int) -> tuple[Note, ...]:
    notes = []
    if silence < NS_PER_S:
        notes.append(Note(f"silences of {format_duration(silence)} are told of: nearly every pair of events is one"))
    if engine.query.filters:
        notes.append(Note("filters leave out events, which then count as missing: ask without them for true gaps"))
    return tuple(notes)


analysis = Analysis(
    name="windows gaps",
    options=GapsOptions,
    run=windows_gaps,
    example="twsla windows gaps --silence 12h",
)
