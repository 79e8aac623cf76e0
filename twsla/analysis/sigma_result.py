"""Detections as a Result: a row each, or a row for each rule, with a summary in the facts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from twsla.model.charts import Heatmap, Pie
from twsla.model.result import Action, Column, Fact, Kind, Result
from twsla.sigma.attack import TACTICS, tactics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twsla.model.result import Note
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.sigma.detections import DetectionsWriter
    from twsla.sigma.running import Outcome

COLUMNS: Final = (
    Column("level", "Level", Kind.LEVEL, sort_key="l", heading="Level"),
    Column("ts", "Time", Kind.TIME, sort_key="t", heading="Time"),
    Column("rule", "Rule", Kind.TEXT, sort_key="n", share=3, heading="Rule"),
    Column("tags", "Tags", Kind.TEXT, share=2, heading="Tags"),
    Column("rule_id", "ID", Kind.TEXT, hidden=True, heading="ID"),
    Column("computer", "Computer", Kind.TEXT, sort_key="o", heading="Computer"),
    Column("text", "Log", Kind.LOG, share=5, heading="Log"),
    Column("channel", "Channel", Kind.TEXT, hidden=True),
    Column("event_id", "Event", Kind.TEXT, hidden=True),
    Column("record_id", "Record", Kind.TEXT, hidden=True),
    Column("count", "Count", Kind.COUNT, hidden=True),
    Column("group", "Group", Kind.TEXT, hidden=True),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.COUNT, hidden=True),
    Column("path", "Rule file", Kind.TEXT, hidden=True),
    Column("date", "Date", Kind.TEXT, hidden=True),
    Column("hour", "Hour", Kind.COUNT, hidden=True),
    Column("one", "Detections", Kind.COUNT, hidden=True),
)
BY_RULE: Final = (
    Column("level", "Level", Kind.LEVEL, sort_key="l", heading="Level"),
    Column("rule", "Rule", Kind.TEXT, sort_key="n", share=4, heading="Rule"),
    Column("tags", "Tags", Kind.TEXT, share=3, heading="Tags"),
    Column("count", "Count", Kind.COUNT, sort_key="c", heading="Count"),
    Column("rule_id", "ID", Kind.TEXT, hidden=True, heading="ID"),
    Column("first", "First", Kind.TIME, hidden=True),
    Column("last", "Last", Kind.TIME, hidden=True),
    Column("computers", "Computers", Kind.COUNT, hidden=True),
    Column("path", "Rule file", Kind.TEXT, hidden=True),
)
_QUARTER_NS: Final = 900_000_000_000
_GRAVEST: Final = ("critical", "high", "medium", "low", "informational")
_TOP: Final = 10


def listed(
    engine: Engine, outcome: Outcome, writer: DetectionsWriter, notes: Sequence[Note], *, by_rule: bool
) -> Result:
    """The detections of a run, which ``writer`` has written."""
    from twsla.query.spooled import SpooledRows

    detections = detections_engine(writer, engine)
    table = detections_table(detections)
    facts = (*_run_facts(outcome), *summary_facts(detections, table))

    def close() -> None:
        detections.close()
        if not writer.kept:
            writer.discard()

    counted = counted_by_rule(detections, table, facts, tuple(notes))
    if by_rule:
        return replace(counted, close=close)
    return Result(
        title="Sigma",
        columns=COLUMNS,
        rows=SpooledRows(detections, table),
        facts=facts,
        charts=(Heatmap(x="date", y="hour", value="one", title="Detections"),),
        notes=tuple(notes),
        actions=(Action("c", "by rule", lambda row, progress: counted),),
        close=close,
    )


def detections_engine(writer: DetectionsWriter, engine: Engine) -> Engine:
    """An engine on what was written, for all of it."""
    from twsla.model.filters import FilterSet
    from twsla.model.times import TimeRange
    from twsla.query.engine import Engine as AnyEngine
    from twsla.store.store import Store

    query = replace(engine.query, time_range=TimeRange(None, None), filters=FilterSet())
    return AnyEngine(Store.open(writer.path), query)


def detections_table(engine: Engine) -> str:
    """The name of a table with the detections that an engine on them selects, as rows of ``COLUMNS``."""
    from twsla.query.scratch import scratch_table

    return scratch_table(engine, _select(engine), {})


def _select(engine: Engine) -> str:
    """The detections as rows of ``COLUMNS``, in order of time."""
    from twsla.query.fields import field_sql
    from twsla.sigma.detections import head_sql

    names = field_sql
    level, title, tags, rule_id, path, count, group = (
        names(engine, f"sigma.{name}") for name in ("level", "title", "tags", "id", "path", "count", "group")
    )
    computer = f"coalesce({names(engine, 'Computer')}, {names(engine, 'hostname')}, {names(engine, 'host')})"
    head = head_sql(level, title, count, group)
    places = _local_quarters(engine)
    return f"""
    SELECT coalesce({level}, '') AS level, ts, {title} AS rule, coalesce({tags}, '') AS tags, {rule_id} AS rule_id,
           {computer} AS computer, substr(text, length({head}) + 1) AS text, {names(engine, "Channel")} AS channel,
           {names(engine, "EventID")} AS event_id, {names(engine, "EventRecordID")} AS record_id,
           try_cast({count} AS DOUBLE)::BIGINT AS count, {group} AS "group", source, line_no, "offset", {path} AS path,
           p.date, p.hour, 1::BIGINT AS one
    FROM records LEFT JOIN {places} p ON p.quarter = epoch_ns(ts) // {_QUARTER_NS}
    ORDER BY ts NULLS LAST, source, "offset", rule, rule_id
    """  # noqa: S608  # our own names, and columns that stand for fields


def _local_quarters(engine: Engine) -> str:
    """A table that tells date and hour of every quarter of an hour in which there are detections."""
    from datetime import UTC, datetime, timedelta

    from twsla.model.moments import find_zone

    quarters = [
        int(quarter)
        for (quarter,) in engine.fetch(
            f"SELECT DISTINCT epoch_ns(ts) // {_QUARTER_NS} FROM records WHERE ts IS NOT NULL"  # noqa: S608  # a number
        )
    ]
    zone = find_zone(engine.query.zone)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    local = [(epoch + timedelta(seconds=quarter * 900)).astimezone(zone) for quarter in quarters]
    table = engine.scratch_name()
    engine.execute(
        f"CREATE TABLE {table} AS SELECT unnest($quarters::BIGINT[]) AS quarter, unnest($dates::VARCHAR[]) AS date, "
        "unnest($hours::BIGINT[]) AS hour",
        {"quarters": quarters, "dates": [f"{at:%Y/%m/%d}" for at in local], "hours": [at.hour for at in local]},
    )
    return table


def counted_by_rule(engine: Engine, table: str, facts: tuple[Fact, ...], notes: tuple[Note, ...] = ()) -> Result:
    """The detections of a table with a row for each rule, the most frequent first."""
    from twsla.query.scratch import derived_table
    from twsla.query.spooled import SpooledRows

    select = (
        "SELECT min(level) AS level, min(rule) AS rule, min(tags) AS tags, "  # noqa: S608  # our own name
        "count(*) AS count, rule_id, min(ts) AS first, max(ts) AS last, "
        "count(DISTINCT computer) AS computers, min(path) AS path "
        f"FROM {table} GROUP BY rule_id ORDER BY count DESC, rule, rule_id"
    )
    rows = SpooledRows(engine, derived_table(engine, select))

    def of_rule(row: Mapping[str, object] | None, progress: Progress) -> Result:
        wanted = str(row["rule_id"]) if row else ""
        chosen = derived_table(engine, f"SELECT * FROM {table} WHERE rule_id = $wanted", {"wanted": wanted})  # noqa: S608
        title = f"Sigma: {row['rule'] if row else ''}"
        return Result(title, COLUMNS, SpooledRows(engine, chosen), charts=(Heatmap(x="date", y="hour", value="one"),))

    return Result(
        title="Sigma rules",
        columns=BY_RULE,
        rows=rows,
        facts=facts,
        charts=(Pie(label=("level", "rule"), value="count"),),
        notes=notes,
        actions=(Action("c", "detections", of_rule),),
    )


# --- summary -------------------------------------------------------------------------------------------------------


def _run_facts(outcome: Outcome) -> tuple[Fact, ...]:
    plan = outcome.plan
    return (
        Fact("records", "Records", outcome.records, Kind.COUNT),
        Fact("matched", "Matched", outcome.hit_records, Kind.COUNT),
        Fact("rules", "Rules", len(plan.rules) + len(plan.correlations), Kind.COUNT),
        Fact("skipped", "Skipped", len(plan.refused), Kind.COUNT),
    )


def summary_facts(engine: Engine, table: str) -> tuple[Fact, ...]:
    """What a list of detections comes to: levels, rules, computers, days, tactics."""

    def counted(sql: str) -> str:
        rows = engine.execute(sql)
        return ", ".join(f"{name} {count:,}" for name, count in rows)

    total = int(engine.execute(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608  # our own name, here and below
    levels = {
        name: (count, rules)
        for name, count, rules in engine.execute(
            f"SELECT level, count(*), count(DISTINCT rule_id) FROM {table} GROUP BY level"  # noqa: S608
        )
    }
    by_level = ", ".join(
        f"{name or 'none'} {levels[name][0]:,} ({levels[name][1]:,} rules)"
        for name in (*_GRAVEST, "")
        if name in levels
    )

    def top(column: str, order: str = "count(*) DESC, 1") -> str:
        where = f"FROM {table} WHERE {column} IS NOT NULL AND {column} <> ''"
        return counted(f"SELECT {column}, count(*) {where} GROUP BY 1 ORDER BY {order} LIMIT {_TOP}")

    facts = [
        Fact("detections", "Detections", total, Kind.COUNT),
        Fact("levels", "Levels", by_level),
        Fact("top_rules", "Top rules", top("rule")),
        Fact("top_computers", "Top computers", top("computer")),
        Fact("top_days", "Top days", top("date")),
        Fact("tactics", "Tactics", _tactics(engine, table)),
    ]
    return tuple(fact for fact in facts if fact.value != "")


def _tactics(engine: Engine, table: str) -> str:
    found: dict[str, int] = {}
    rows: list[tuple[Any, ...]] = engine.execute(f"SELECT tags, count(*) FROM {table} GROUP BY tags")  # noqa: S608
    for tags, count in rows:
        for tactic in tactics(str(tags).split()):
            found[tactic] = found.get(tactic, 0) + count
    return ", ".join(f"{tactic} {found[tactic]:,}" for tactic in TACTICS if tactic in found)
