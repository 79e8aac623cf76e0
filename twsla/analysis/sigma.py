"""The sigma analysis: which records Sigma rules detect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.options import OF_RECORDS, opt
from twsla.sigma.loading import RuleOptions

if TYPE_CHECKING:
    from twsla.model.result import Note, Result
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.sigma.plan import Plan
    from twsla.sigma.reading import Reader
    from twsla.sigma.running import Outcome

SELECTION = OF_RECORDS
"""What Sigma commands take of the selection: they look at records, not at detections."""


@dataclass(frozen=True)
class RunOptions(RuleOptions):
    """Which rules, and what records are taken for. A base of the options of those Sigma commands that run rules."""

    sigma_config: str = opt(
        "-c",
        "--sigma-config",
        default="",
        help="Names of fields by this configuration: 'windows', or a file. The log sources of rules then do not count.",
        metavar="windows|FILE",
    )
    grok_pattern: str = opt(
        "-x", "--grok-pat", default="", help="Fields are what this grok pattern captures.", metavar="PATTERN"
    )
    grok: str = opt(
        "-g", "--grok", default="", help="Grok definitions: 'full', or a file of your own.", metavar="full|FILE"
    )


@dataclass(frozen=True)
class SigmaOptions(RunOptions):
    """What ``sigma`` takes besides the selection."""

    by_rule: bool = opt("--by-rule", default=False, help="Count the detections of each rule instead of listing them.")
    no_save: bool = opt("--no-save", default=False, help="Do not keep the detections for --on detections.")


def sigma(engine: Engine, options: SigmaOptions, progress: Progress) -> Result:
    """Detect threats with Sigma rules.

    Every rule is tried on the records that its log source means, and every rule that is true for a record gives a
    detection. Rules that cannot run (no values for a placeholder, a log source that is not known) are counted in a
    note; ``twsla sigma coverage`` lists each with its reason.

    The detections are kept beside the store, in ``STORE.case/detections``, in place of those of the last run: other
    commands look at them with ``--on detections``.
    """
    from twsla.analysis.sigma_result import listed
    from twsla.sigma.detections import DetectionsWriter

    plan, reader = prepared(engine, options, progress)
    outcome = run(plan, reader, progress)
    progress.message("Keeping detections")
    writer = DetectionsWriter(engine.store.path, keep=not options.no_save)
    writer.write(engine, outcome.hits, told(outcome, options))
    return listed(engine, outcome, writer, notes(outcome, writer.problem), by_rule=options.by_rule)


def prepared(engine: Engine, options: RunOptions, progress: Progress) -> tuple[Plan, Reader]:
    """The rules bound, and where the records come from.

    Raises:
        UsageError: An option cannot be used.
    """
    from twsla.sigma.configs import configured, everything
    from twsla.sigma.loading import load_documents
    from twsla.sigma.logsources import load_mapping
    from twsla.sigma.plan import Planner
    from twsla.sigma.reading import StoreReader

    if options.grok and not options.grok_pattern:
        raise UsageError("-g names grok definitions, but there is no pattern", hint="give one with -x")
    reader: Reader = StoreReader(engine)
    scope = configured(options.sigma_config) if options.sigma_config else None
    if options.grok_pattern:
        from twsla.sigma.grok import GrokReader

        reader = GrokReader(engine, options.grok_pattern, options.grok or "default")
        scope = scope or everything("grok")
    documents = load_documents(options, progress)
    return Planner(load_mapping(options.mapping), scope).build(documents), reader


def run(plan: Plan, reader: Reader, progress: Progress) -> Outcome:
    """Run the rules."""
    from twsla.sigma.running import run_plan

    return run_plan(plan, reader, progress)


def told(outcome: Outcome, options: RuleOptions) -> dict[str, object]:
    """What is kept about a run beside its detections."""
    from datetime import UTC, datetime

    return {
        "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "sha256": outcome.plan.sha256,
        "rules": [str(path) for path in options.rules],
        "loaded": len(outcome.plan.rules) + len(outcome.plan.correlations),
        "refused": len(outcome.plan.refused),
        "records": outcome.records,
        "matched": outcome.hit_records,
        "detections": sum(len(each) for each in outcome.hits.numbers),
    }


def notes(outcome: Outcome, problem: str = "") -> tuple[Note, ...]:
    """What must not be missed about a run."""
    from collections import Counter

    from twsla.model.result import Note

    found = []
    plan = outcome.plan
    reasons = {
        "invalid": "cannot be read",
        "unsupported": "need values that were not given",
        "unmapped": "are about log sources that are not known",
        "fields": "exclude records by fields that these do not have",
        "duplicate": "have the id of another rule",
        "reference": "refer to rules that cannot run",
    }
    kinds = Counter(each.kind for each in plan.refused)
    if kinds:
        listed = "; ".join(f"{count:,} {reasons[kind]}" for kind, count in kinds.most_common())
        found.append(Note(f"{len(plan.refused):,} rules were not run: {listed}; 'twsla sigma coverage' names them"))
    everywhere = sum(rule.everywhere for rule in plan.rules)
    if everywhere:
        found.append(Note(f"{everywhere:,} rules name no log source and were tried on every record"))
    if outcome.hidden:
        found.append(Note(f"{outcome.hidden:,} detections that only serve a correlation rule are not listed"))
    if outcome.undated:
        found.append(Note(f"{outcome.undated:,} records without a time stamp are in no correlation"))
    if problem:
        found.append(Note(problem))
    return tuple(found)


analysis = Analysis(
    name="sigma",
    options=SigmaOptions,
    run=sigma,
    example="twsla sigma -s testdata/sigma/rules --level medium",
    selection=SELECTION,
)
