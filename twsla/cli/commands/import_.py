"""``twsla import``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twsla import registry
from twsla.cli.bind import make_command
from twsla.errors import IncompleteError, SourceError, UsageError
from twsla.ingest.options import ImportOptions, SourceOptions
from twsla.options import OF_RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from twsla.cli.bind import Call
    from twsla.environment import Environment
    from twsla.ingest.pipeline import Outcome
    from twsla.ingest.settings import Settings
    from twsla.model.result import Result
    from twsla.options import OutputOptions
    from twsla.sources.base import Item, Problem


def import_logs(call: Call, options: ImportOptions) -> Result:
    """Read logs into the store.

    Sources are files, directories (with everything below them), compressed files, archives, and ``-`` for standard
    input. The store is made if it is not there. Importing the same content again changes nothing. Filters and time
    range leave out what does not match; everything else is kept, dated or not.
    """
    from twsla.ingest.memory import keep_memory

    keep_memory()
    if options.ml_inspect:
        from twsla.cli.commands.inspect import inspect_sources
        from twsla.ingest.options import InspectOptions, shared_values

        return inspect_sources(call, InspectOptions(**shared_values(options)))
    from twsla.cli.progress import showing
    from twsla.ingest.options import settings_of, used_options
    from twsla.ingest.pipeline import Pipeline
    from twsla.ingest.report import report

    sources, filters = split_arguments(options)
    settings = settings_of(options, call.selection, call.environment, filters)
    unmatched = Unmatched(settings)
    box, keys = str(call.selection.datastore), "-" not in sources
    with showing(call.environment, quiet=call.output.quiet, keys=keys, box=box) as progress:
        pipeline = Pipeline(call.selection.datastore, settings, used_options(options, call.selection), progress)
        outcome = pipeline.run(unmatched.watch(items_of(sources, options, call.environment, pipeline.problem)))
    outcome.problems += unmatched.problems()
    _refuse_nothing(outcome, strict=options.strict)
    return report(
        outcome,
        call.selection.datastore,
        strict=options.strict,
        dry_run=options.dry_run,
        whole=options.report is not None,
    )


def prepare(call: Call, options: SourceOptions) -> tuple[Call, SourceOptions]:
    """``--format text`` means the input, ``--report json`` is an output format with all columns.

    Raises:
        UsageError: Two formats are asked for that contradict each other.
    """
    output = call.output
    if output.format and registry.find("exporters", output.format, plugins=call.environment.plugins) is None:
        options, output = _input_format(options, output)
    if isinstance(options, ImportOptions) and options.report is not None:
        if output.format not in {"", "json"}:
            raise UsageError(
                f"--report json and --format {output.format} contradict each other", hint="give one of them"
            )
        from twsla.ingest.report import COLUMNS

        shown = output.columns or ("" if options.ml_inspect else ",".join(column.name for column in COLUMNS))
        output = replace(output, format="json", columns=shown)
    return replace(call, output=output), options


def _input_format(options: SourceOptions, output: OutputOptions) -> tuple[SourceOptions, OutputOptions]:
    """``--format`` as ``--input-format``, where it names one; else as it is, and refused later."""
    from twsla.ingest.overrides import input_formats

    if output.format not in input_formats():
        return options, output
    if options.input_format not in {"", output.format}:
        raise UsageError(
            f"--input-format {options.input_format} and --format {output.format} contradict each other",
            hint="give one of them",
        )
    return replace(options, input_format=output.format), replace(output, format="")


def items_of(
    sources: Sequence[str], options: SourceOptions, environment: Environment, on_problem: Callable[[Problem], None]
) -> Iterator[Item]:
    """The items of the sources that the user named."""
    from twsla.sources.files import expand

    return expand(
        sources,
        pattern=options.file_pat or None,
        exclude=options.exclude,
        password=options.password or None,
        within=options.within,
        on_problem=on_problem,
        stdin=environment.stdin,
    )


class Unmatched:
    """The ``--for`` patterns that no source has matched so far."""

    def __init__(self, settings: Settings) -> None:
        self._left = list(settings.overrides)

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; takes note of what they match."""
        for item in items:
            self._left = [override for override in self._left if not override.matches(item.name)]
            yield item

    def problems(self) -> list[Problem]:
        """What to tell about those left."""
        from twsla.sources.base import Problem, ProblemKind, printable

        sentence = "no source has a name that matches this --for: it had no effect"
        return [Problem(printable(str(override)), ProblemKind.NOTE, sentence) for override in self._left]


def split_arguments(options: SourceOptions) -> tuple[list[str], tuple[str, ...]]:
    """What to read, ``-s`` first, and the simple filters among the arguments.

    Without ``-s`` every argument is a source. With it, one that neither exists nor looks like a path is a filter.

    Raises:
        UsageError: There is nothing to read.
    """
    if not options.source:
        if not options.sources:
            verb = "import" if isinstance(options, ImportOptions) else "inspect"
            raise UsageError(f"nothing to {verb}", hint="name files or directories, or - for standard input")
        return list(options.sources), ()
    sources: list[str] = list(options.source)
    filters: list[str] = []
    for argument in options.sources:
        (sources if _is_source(argument) else filters).append(argument)
    return sources, tuple(filters)


def _is_source(argument: str) -> bool:
    looks_like_path = os.sep in argument or "://" in argument or Path(argument).suffix != ""
    return argument == "-" or looks_like_path or os.path.lexists(argument)


def _refuse_nothing(outcome: Outcome, *, strict: bool) -> None:
    """One source, and it could not be read: that is the error, not a report of nothing."""
    if outcome.entries or outcome.unchanged or len(outcome.problems) != 1:
        return
    problem = outcome.problems[0]
    if problem.loses_data:
        kind = IncompleteError if strict else SourceError
        raise kind(f"{problem.source}: {problem.sentence}", hint="nothing was imported")


command = make_command(
    "import",
    ImportOptions,
    import_logs,
    example="twsla import -t 2024-05-01,7d /var/log",
    selection=OF_RECORDS,
    prepare=prepare,
)
