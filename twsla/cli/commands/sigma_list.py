"""``twsla sigma list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.cli.bind import make_command
from twsla.sigma.loading import RuleOptions

if TYPE_CHECKING:
    from twsla.cli.bind import Call
    from twsla.model.result import Result
    from twsla.sigma.plan import Plan
    from twsla.sigma.rules import About


def sigma_list(call: Call, options: RuleOptions) -> Result:
    """List Sigma rules and what they look at.

    Rules that cannot run are listed with the reason. No store is needed.
    """
    from twsla.cli.progress import showing
    from twsla.model.result import Column, Fact, Kind, Result, ValueRows
    from twsla.sigma.loading import load_documents, plan_of

    with showing(call.environment, quiet=call.output.quiet) as progress:
        plan = plan_of(options, load_documents(options, progress))
    columns = (
        Column("level", "Level", Kind.LEVEL, sort_key="l"),
        Column("rule", "Rule", Kind.TEXT, sort_key="n", share=4),
        Column("looks_at", "Looks at", Kind.TEXT, sort_key="a", share=3),
        Column("problem", "Not run because", Kind.TEXT, sort_key="p", share=3),
        Column("status", "Status", Kind.TEXT),
        Column("logsource", "Log source", Kind.TEXT, share=2, hidden=True),
        Column("tags", "Tags", Kind.TEXT, share=2, hidden=True),
        Column("rule_id", "ID", Kind.TEXT, hidden=True),
        Column("author", "Author", Kind.TEXT, hidden=True),
        Column("path", "Rule file", Kind.TEXT, hidden=True),
    )
    rows = _rows(plan)
    return Result(
        title="Sigma rules",
        columns=columns,
        rows=ValueRows([column.name for column in columns], rows),
        facts=(
            Fact("rules", "Rules", len(plan.rules) + len(plan.correlations), Kind.COUNT),
            Fact("skipped", "Skipped", len(plan.refused), Kind.COUNT),
        ),
    )


def _rows(plan: Plan) -> list[tuple[object, ...]]:
    rows = []
    for rule in plan.rules:
        looks_at = ", ".join(dict.fromkeys(plan.scopes[number].name for number in rule.scopes)) or "every record"
        problem = "; ".join(f"not on {name}: {reason}" for name, reason in rule.skipped)
        rows.append(_row(rule.about, looks_at, problem, str(rule.logsource)))
    rows += [_row(each.about, f"detections of {', '.join(each.rules)}", "", "") for each in plan.correlations]
    rows += [_row(each.about, "", each.reason, "") for each in plan.refused]
    return sorted(rows, key=lambda row: (str(row[-1]), str(row[1])))


def _row(about: About, looks_at: str, problem: str, source: str) -> tuple[object, ...]:
    tags = " ".join(about.tags)
    return (
        about.level, about.shown, looks_at, problem, about.status, source, tags, about.id, about.author, about.path
    )  # fmt: skip


command = make_command("list", RuleOptions, sigma_list, example="twsla sigma list -s testdata/sigma/rules")
command.has_screen = True
