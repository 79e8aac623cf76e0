"""``twsla sigma test``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.cli.bind import make_command
from twsla.errors import UsageError
from twsla.options import arg
from twsla.sigma.loading import RuleOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.cli.bind import Call
    from twsla.model.result import Result
    from twsla.progress import Progress
    from twsla.sigma.testing import Case, Verdict


@dataclass(frozen=True)
class SigmaTestOptions(RuleOptions):
    """What ``sigma test`` takes."""

    tests: tuple[str, ...] = arg("TEST", help="Directories with info.yml files beside files of events.")


def sigma_test(call: Call, options: SigmaTestOptions) -> Result:
    """Try Sigma rules on events with known answers.

    A test is an ``info.yml`` as SigmaHQ's regression data has it: ids of rules (``rule_metadata``), and files of events
    with the least number of records that each rule must find (``regression_tests_info``, ``match_count``; 1 if that is
    not said, 0 for none at all). The files are read by themselves: no store is needed. The exit code is 1 if one fails.
    """
    import tempfile

    from twsla.cli.progress import showing
    from twsla.sigma.testing import find_cases

    if not options.tests:
        raise UsageError("no tests are named", hint="give a directory with info.yml files")
    cases = find_cases([Path(each) for each in options.tests])
    with (
        showing(call.environment, quiet=call.output.quiet) as progress,
        tempfile.TemporaryDirectory(prefix="twsla-") as folder,
    ):
        verdicts = _tried(call, options, cases, Path(folder) / "events.db", progress)
    return _result(verdicts)


def _tried(
    call: Call, options: SigmaTestOptions, cases: Sequence[Case], store: Path, progress: Progress
) -> list[Verdict]:
    from dataclasses import replace

    from twsla.ingest.pipeline import Pipeline
    from twsla.ingest.settings import Settings
    from twsla.options import Selection
    from twsla.query.engine import open_engine
    from twsla.sigma.loading import load_documents, plan_of
    from twsla.sigma.reading import StoreReader
    from twsla.sigma.testing import judge
    from twsla.sources.files import expand

    # The tests say which rules count, whatever their level or status.
    documents = load_documents(replace(options, status=options.status or _ANY), progress)
    plan = plan_of(options, documents)
    paths = dict.fromkeys(case.path for case in cases if case.path.exists())
    settings = Settings(again=True, now_ns=call.environment.now_ns)
    pipeline = Pipeline(store, settings, {}, progress)
    pipeline.run(expand([str(path) for path in paths], on_problem=pipeline.problem, stdin=call.environment.stdin))
    with open_engine(Selection(datastore=store), call.environment) as engine:
        return judge(cases, plan, StoreReader(engine), progress)


_ANY = ("", "stable", "test", "experimental", "deprecated", "unsupported")


def _result(verdicts: Sequence[Verdict]) -> Result:
    from twsla.model.result import Column, Fact, Kind, Result, ValueRows

    columns = (
        Column("passed", "Result", Kind.TEXT, sort_key="r"),
        Column("rule", "Rule", Kind.TEXT, share=4),
        Column("expected", "Expected", Kind.TEXT),
        Column("found", "Found", Kind.COUNT, sort_key="c"),
        Column("problem", "Problem", Kind.TEXT, share=2),
        Column("rule_id", "ID", Kind.TEXT, share=2),
        Column("file", "Events", Kind.TEXT, share=2),
        Column("info", "Test", Kind.TEXT, hidden=True),
    )
    rows = [
        (
            "passed" if each.passed else "FAILED",
            each.title,
            _expected(each.case),
            each.found,
            each.problem,
            each.rule,
            str(each.case.path),
            str(each.case.info),
        )
        for each in sorted(verdicts, key=lambda each: (each.passed, str(each.case.info), each.rule))
    ]
    failed = sum(not each.passed for each in verdicts)
    return Result(
        title="Sigma tests",
        columns=columns,
        rows=ValueRows([column.name for column in columns], rows),
        facts=(
            Fact("passed", "Passed", len(verdicts) - failed, Kind.COUNT),
            Fact("failed", "Failed", failed, Kind.COUNT),
        ),
        exit_code=1 if failed else 0,
    )


def _expected(case: Case) -> str:
    if case.most is None:
        return f"{case.least} or more"
    return str(case.least) if case.least == case.most else f"{case.least} to {case.most}"


command = make_command(
    "test",
    SigmaTestOptions,
    sigma_test,
    example="twsla sigma test -s testdata/sigma/rules testdata/sigma/tests",
)
command.has_screen = True
