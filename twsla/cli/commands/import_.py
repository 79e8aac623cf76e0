"""``twsla import``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.cli.bind import make_command
from twsla.errors import SourceError, UsageError
from twsla.ingest.options import ImportOptions

if TYPE_CHECKING:
    from twsla.cli.bind import Call
    from twsla.ingest.pipeline import Outcome
    from twsla.model.result import Result


def import_logs(call: Call, options: ImportOptions) -> Result:
    """Read logs into the store.

    Sources are files, directories (with everything below them), compressed files, archives, and ``-`` for standard
    input. The store is made if it is not there. Importing the same content again changes nothing. Filters and time
    range leave out what does not match; everything else is kept, dated or not.
    """
    from twsla.ingest.memory import keep_memory

    keep_memory()
    from twsla.cli.progress import showing
    from twsla.ingest.options import settings_of, used_options
    from twsla.ingest.pipeline import Pipeline
    from twsla.ingest.report import report
    from twsla.sources.files import expand

    sources, filters = split_arguments(options)
    settings = settings_of(options, call.selection, call.environment, filters)
    with showing(call.environment, quiet=call.output.quiet) as progress:
        pipeline = Pipeline(call.selection.datastore, settings, used_options(options, call.selection), progress)
        items = expand(
            sources,
            pattern=options.file_pat or None,
            exclude=options.exclude,
            password=options.password or None,
            on_problem=pipeline.problem,
            stdin=call.environment.stdin,
        )
        outcome = pipeline.run(items)
    _refuse_nothing(outcome)
    return report(outcome, call.selection.datastore, strict=options.strict)


def split_arguments(options: ImportOptions) -> tuple[list[str], tuple[str, ...]]:
    """What to read, ``-s`` first, and the simple filters among the arguments.

    Without ``-s`` every argument is a source. With it, one that neither exists nor looks like a path is a filter.

    Raises:
        UsageError: There is nothing to read.
    """
    if not options.source:
        if not options.sources:
            raise UsageError("nothing to import", hint="name files or directories, or - for standard input")
        return list(options.sources), ()
    sources: list[str] = list(options.source)
    filters: list[str] = []
    for argument in options.sources:
        (sources if _is_source(argument) else filters).append(argument)
    return sources, tuple(filters)


def _is_source(argument: str) -> bool:
    looks_like_path = os.sep in argument or "://" in argument or Path(argument).suffix != ""
    return argument == "-" or looks_like_path or os.path.lexists(argument)


def _refuse_nothing(outcome: Outcome) -> None:
    """One source, and it could not be read: that is the error, not a report of nothing."""
    if outcome.entries or outcome.unchanged or len(outcome.problems) != 1:
        return
    problem = outcome.problems[0]
    if problem.loses_data:
        raise SourceError(f"{problem.source}: {problem.sentence}", hint="nothing was imported")


command = make_command(
    "import", ImportOptions, import_logs, example="twsla import -t 2024-05-01,7d /var/log", selection=None
)
