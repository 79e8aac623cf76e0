"""The sigma coverage analysis: what became of every rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.analysis.sigma import SELECTION, RunOptions, notes, prepared, run
from twsla.model.analysis import Analysis
from twsla.model.result import Column, Fact, Kind, Result, ValueRows
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.sigma.running import Outcome

COLUMNS = (
    Column("state", "State", Kind.TEXT, sort_key="s"),
    Column("level", "Level", Kind.LEVEL, sort_key="l"),
    Column("rule", "Rule", Kind.TEXT, sort_key="n", share=4),
    Column("scope", "Records", Kind.COUNT, sort_key="r"),
    Column("found", "Found", Kind.COUNT, sort_key="c"),
    Column("milliseconds", "Time", Kind.NUMBER, sort_key="t", unit="ms"),
    Column("looks_at", "Looks at", Kind.TEXT, share=2),
    Column("reason", "Reason", Kind.TEXT, share=4),
    Column("rule_id", "ID", Kind.TEXT, hidden=True),
    Column("path", "Rule file", Kind.TEXT, hidden=True),
)


@dataclass(frozen=True)
class CoverageOptions(RunOptions):
    """What ``sigma coverage`` takes besides the selection."""

    timing: bool = opt("--timing", default=False, help="Tell how long each condition took, and name the slowest.")


def coverage(engine: Engine, options: CoverageOptions, progress: Progress) -> Result:
    """Tell which Sigma rules had records to look at.

    Of each rule its state: *detected*, *nothing found*, *no records* of its log source in the store, *partly* if it was
    not run on some of them, *not run*, each with the reason; the records it was tried on, and what it found.
    """
    plan, reader = prepared(engine, options, progress)
    outcome = run(plan, reader, progress)
    rows = _rows(outcome)
    states: dict[str, int] = {}
    for row in rows:
        states[str(row[0])] = states.get(str(row[0]), 0) + 1
    return Result(
        title="Sigma coverage",
        columns=COLUMNS if options.timing else tuple(each for each in COLUMNS if each.name != "milliseconds"),
        rows=ValueRows([column.name for column in COLUMNS], rows),
        facts=(
            Fact("loaded", "Loaded", len(rows), Kind.COUNT),
            Fact("bound", "Bound", len(plan.rules) + len(plan.correlations), Kind.COUNT),
            Fact("in_scope", "In scope", len(outcome.active), Kind.COUNT),
            Fact("states", "States", ", ".join(f"{name} {count:,}" for name, count in sorted(states.items()))),
            Fact("records", "Records", outcome.records, Kind.COUNT),
            *_slowest(rows, timing=options.timing),
        ),
        notes=notes(outcome),
    )


def _slowest(rows: list[tuple[object, ...]], *, timing: bool) -> tuple[Fact, ...]:
    if not timing:
        return ()
    slowest = sorted(rows, key=lambda row: -float(str(row[5] or 0)))[:5]
    return (Fact("slowest", "Slowest", ", ".join(f"{row[2]} {row[5]} ms" for row in slowest if row[5])),)


def _rows(outcome: Outcome) -> list[tuple[object, ...]]:
    plan = outcome.plan
    active = set(outcome.active)
    rows: list[tuple[object, ...]] = []
    for number, rule in enumerate(plan.rules):
        records = sum(outcome.scoped.counts[scope] for scope in rule.scopes) if rule.scopes else outcome.records
        found = outcome.counts.get(number, 0)
        state = (
            "detected" if found else "partly" if rule.skipped else "nothing found" if number in active else "no records"
        )
        reason = "; ".join(f"not on {name}: {why}" for name, why in rule.skipped)
        looks_at = ", ".join(dict.fromkeys(plan.scopes[scope].name for scope in rule.scopes)) or "every record"
        took = round(1000 * outcome.seconds.get(number, 0.0), 3)
        about = rule.about
        rows.append((state, about.level, about.shown, records, found, took, looks_at, reason, about.id, about.path))
    by_key = {outcome.hits.rules[number].key: count for number, count in outcome.counts.items()}
    for each in plan.correlations:
        found = by_key.get(each.about.key, 0)
        if any(refused.about is each.about for refused in plan.refused):
            continue
        looks_at = f"detections of {', '.join(each.rules)}"
        state = "detected" if found else "nothing found"
        about = each.about
        rows.append((state, about.level, about.shown, None, found, None, looks_at, "", about.id, about.path))
    for refused in plan.refused:
        about = refused.about
        rows.append(("not run", about.level, about.shown, None, None, None, "", refused.reason, about.id, about.path))
    return sorted(rows, key=lambda row: (str(row[0]), str(row[2]), str(row[-1])))


analysis = Analysis(
    name="sigma coverage",
    options=CoverageOptions,
    run=coverage,
    example="twsla sigma coverage -s testdata/sigma/rules",
    selection=SELECTION,
)
