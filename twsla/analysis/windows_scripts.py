"""The windows scripts analysis: PowerShell scripts, put together again from their parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import records_fact
from twsla.analysis.windows import event_notes
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Scatter
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_PARTS: Final = """
SELECT computer, script, part, arg_min({{'text': text, 'total': total}}, (ts, source, "offset")) AS said,
    lag(part, 1, 0) OVER (PARTITION BY computer, script ORDER BY part) AS before
FROM {events} GROUP BY computer, script, part
"""
_MISSING: Final = """
CASE WHEN {last} - {first} = 1 THEN '' WHEN {last} - {first} = 2 THEN ({first} + 1)::VARCHAR
    ELSE ({first} + 1) || '-' || ({last} - 1) END
"""
_TEXTS: Final = """
SELECT computer, script, max(said.total) AS total, count(*) AS parts, max(part) AS last_part,
    string_agg(CASE WHEN part - before > 1 THEN '\n[part ' || {missing} || ' is missing]\n' ELSE '' END
        || coalesce(said.text, ''), '' ORDER BY part) AS text,
    string_agg({missing}, ', ' ORDER BY part) FILTER (part - before > 1) AS missing
FROM ({parts}) GROUP BY computer, script
"""
_ORIGINS: Final = """
SELECT computer, script, min(ts) AS ts, arg_min(path, (ts, source, "offset")) AS path,
    arg_min(account, (ts, source, "offset")) AS account,
    min(try_cast(level AS INTEGER)) AS level,
    arg_min({{'source': source, 'line_no': line_no, 'offset': "offset"}}, (part, ts, source, "offset")) AS place
FROM {events} GROUP BY computer, script
"""
_LISTED: Final = """
SELECT origins.ts, coalesce(computer, '') AS computer, coalesce(account, '') AS user,
    CASE WHEN level = 3 THEN 'suspicious' ELSE '' END AS flag,
    parts || '/' || coalesce(greatest(total, last_part), last_part) AS parts,
    concat_ws(', ', missing, CASE WHEN total > last_part THEN {tail} END) AS missing,
    length(text)::BIGINT AS chars, coalesce(path, '') AS path,
    text || CASE WHEN total > last_part THEN '\n[part ' || {tail} || ' is missing]' ELSE '' END AS script,
    coalesce(script, '') AS script_id, sha256(text) AS sha256,
    place.source AS source, place.line_no AS line_no, place."offset" AS "offset"
FROM ({texts}) AS texts JOIN ({origins}) AS origins USING (computer, script)
ORDER BY origins.ts NULLS LAST, computer, script_id
"""


@dataclass(frozen=True, slots=True)
class ScriptsOptions:
    """What ``windows scripts`` takes besides the selection."""

    incomplete: bool = opt("--incomplete", default=False, help="Only scripts of which parts are missing.")


def windows_scripts(engine: Engine, options: ScriptsOptions, progress: Progress) -> Result:
    """Put PowerShell scripts together again from the parts in which they were logged (event 4104).

    A row for each script: when its first part was logged, where, by whom, how many of its parts are there, which are
    missing (also named in the text where they would be), and the text. ``suspicious`` is what Windows itself says. A
    filter that matches one part gives the whole script, as far as its parts are in the time range.

    Hidden columns: script_id, sha256 (of the text as it was put together), source, line_no, offset.
    """
    from twsla.query.events import event_table, said
    from twsla.query.fields import field_sql
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table, drop_table

    script = f"coalesce({said(engine, 'ScriptBlockId')}, source || ':' || \"offset\")"
    columns = {
        "script": script,
        "part": f"coalesce(try_cast({said(engine, 'MessageNumber')} AS INTEGER), 1)",
        "total": f"try_cast({said(engine, 'MessageTotal')} AS INTEGER)",
        "text": field_sql(engine, "ScriptBlockText"),
        "path": said(engine, "Path"),
        "account": said(engine, "Security_UserID"),
        "level": said(engine, "Level"),
    }
    events = event_table(engine, columns, ids=(4104,))
    if engine.query.filters:
        asked = events
        same = f"{script} IN (SELECT script FROM {asked})"  # noqa: S608  # our name
        events = event_table(engine, columns, ids=(4104,), where=same, relation=engine.unfiltered().records())
        drop_table(engine, asked)
    parts = _PARTS.format(events=events)
    texts = _TEXTS.format(parts=parts, missing=_MISSING.format(first="before", last="part"))
    tail = _MISSING.format(first="last_part", last="(total + 1)")
    listed = derived_table(engine, _LISTED.format(texts=texts, origins=_ORIGINS.format(events=events), tail=tail))
    drop_table(engine, events)
    if options.incomplete:
        listed = derived_table(engine, f"SELECT * FROM {listed} WHERE missing <> ''")  # noqa: S608  # our name
    rows = SpooledRows(engine, listed)
    ((incomplete, flagged),) = engine.execute(
        f"SELECT count(*) FILTER (missing <> ''), count(*) FILTER (flag <> '') FROM {listed}"  # noqa: S608
    )
    notes = list(event_notes(engine, len(rows), "PowerShell script blocks (event 4104)"))
    if incomplete:
        notes.append(Note(f"{incomplete:,} of {len(rows):,} scripts are not whole: parts of them are missing"))
    return Result(
        title="PowerShell scripts",
        columns=(
            Column("ts", "Time", Kind.TIME, sort_key="t"),
            Column("computer", "Computer", Kind.TEXT, share=2),
            Column("user", "User", Kind.TEXT, share=2),
            Column("flag", "Flag", Kind.TEXT),
            Column("parts", "Parts", Kind.TEXT),
            Column("missing", "Missing", Kind.TEXT),
            Column("chars", "Characters", Kind.COUNT, sort_key="c"),
            Column("path", "Path", Kind.TEXT, share=2),
            Column("script", "Script", Kind.LOG, share=8),
            Column("script_id", "Script ID", Kind.TEXT, hidden=True),
            Column("sha256", "SHA-256", Kind.TEXT, hidden=True),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
            Column("offset", "Offset", Kind.COUNT, hidden=True),
        ),
        rows=rows,
        facts=(
            Fact("scripts", "Scripts", len(rows), Kind.COUNT),
            records_fact(engine),
            Fact("incomplete", "Not whole", incomplete, Kind.COUNT),
            Fact("suspicious", "Suspicious", flagged, Kind.COUNT),
        ),
        charts=(Bar(x="computer", y="chars"), Scatter(x="ts", y="chars")),
        notes=tuple(notes),
    )


analysis = Analysis(
    name="windows scripts",
    options=ScriptsOptions,
    run=windows_scripts,
    example="twsla windows scripts --incomplete",
)
