"""The sigma explain analysis: why a rule detects what it does, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.analysis.sigma import SELECTION, RunOptions, prepared
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.result import Column, Fact, Kind, Note, Result, ValueRows

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.sigma.explaining import Explained
    from twsla.sigma.plan import Plan

COLUMNS = (
    Column("kind", "What", Kind.TEXT),
    Column("part", "Part", Kind.TEXT, share=2),
    Column("text", "Condition", Kind.TEXT, share=6),
    Column("records", "Records", Kind.COUNT, sort_key="r"),
)


@dataclass(frozen=True)
class ExplainOptions(RunOptions):
    """What ``sigma explain`` takes besides the selection."""


def explain_rule(engine: Engine, options: ExplainOptions, progress: Progress) -> Result:
    """Tell why a Sigma rule detects what it does.

    The rule is named by ``--rule``, or by a rule file that holds no other. Of the records that its log source means
    (*scope*) it tells how many have each *field* that the rule asks about, for how many each *part* of the rule and
    each *value* in it is true, and how many more would be found without each part that *excludes* records.
    """
    from twsla.sigma.explaining import explain, parts_of
    from twsla.sigma.loading import placeholder_values

    plan, reader = prepared(engine, options, progress)
    number = _the_rule(plan)
    rule = plan.rules[number]
    parts = parts_of(rule, placeholder_values(options.expand))
    if parts is None:
        raise UsageError(f"the rule {rule.about.path} was changed while it was read", hint="run it again")
    explained = explain(plan, number, parts, reader, progress)
    notes = [Note(f"not run on {name}: {reason}") for name, reason in rule.skipped]
    notes += [Note(f"the filter '{name}' was joined to the rule") for name in rule.filters]
    return Result(
        title=f"Sigma: {rule.about.shown}",
        columns=COLUMNS,
        rows=ValueRows([column.name for column in COLUMNS], _rows(explained)),
        facts=(
            Fact("rule", "Rule", rule.about.shown),
            Fact("rule_id", "ID", rule.about.key),
            Fact("level", "Level", rule.about.level),
            Fact("logsource", "Log source", str(rule.logsource)),
            Fact("scope", "In scope", explained.records, Kind.COUNT),
            Fact("found", "Found", explained.found, Kind.COUNT),
        ),
        notes=tuple(notes),
    )


def _the_rule(plan: Plan) -> int:
    if not plan.rules:
        if plan.refused:
            raise UsageError(f"the rule '{plan.refused[0].about.shown}' is not run: {plan.refused[0].reason}")
        raise UsageError("a correlation rule cannot be explained", hint="explain the rules it refers to")
    if len(plan.rules) > 1:
        raise UsageError(f"which of {len(plan.rules):,} rules?", hint="name one with --rule, by id, title or file name")
    return 0


def _rows(explained: Explained) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("scope", name, "", count) for name, count in explained.scopes]
    if not explained.scopes:
        rows.append(("scope", "every record", "", explained.records))
    for name, count in explained.fields:
        said = "no record has it" if not count and explained.records else ""
        rows.append(("field", name, said, count))
    for name, count, negated in explained.parts:
        rows.append(("part", name, "negated" if negated else "", count))
        rows.extend(("value", name, text, found) for part, text, found in explained.leaves if part == name)
    rows.extend(("excludes", name, "found without it", count) for name, count in explained.removed)
    rows.extend(("condition", "", condition, explained.found) for condition in explained.conditions)
    return rows


analysis = Analysis(
    name="sigma explain",
    options=ExplainOptions,
    run=explain_rule,
    example="twsla sigma explain -s testdata/sigma/rules --rule ssh_root",
    selection=SELECTION,
)
