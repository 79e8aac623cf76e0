"""``twsla inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.cli.bind import make_command
from twsla.cli.commands.import_ import Unmatched, items_of, prepare, split_arguments
from twsla.errors import UsageError
from twsla.ingest.options import InspectOptions

if TYPE_CHECKING:
    from twsla.cli.bind import Call
    from twsla.model.result import Result

_NO_EFFECT = "filters and time range have no effect on an inspection"


def inspect_sources(call: Call, options: InspectOptions) -> Result:
    """Tell how sources would be understood, and store nothing.

    Reads each source as an import would and tells its format, encoding, time stamps, zone, years, first and last time,
    silences, steps back of its clock and undated lines, options for records of several lines that can be pasted, and
    which other options would change what. No store is needed or made.
    """
    from twsla.ingest.memory import keep_memory

    keep_memory()
    from dataclasses import replace
    from functools import partial

    from twsla.cli.progress import showing
    from twsla.ingest.findings import Report
    from twsla.ingest.inspect import Inspector
    from twsla.ingest.options import settings_of
    from twsla.model.zones import zone_of
    from twsla.render.timetext import time_text

    if options.lines is not None and options.lines < 1:
        raise UsageError(f"--lines {options.lines} is no number of lines", hint="give 1 or more")
    sources, filters = split_arguments(options)
    settings = settings_of(options, replace(call.selection, time_range=""), call.environment, ())
    report = Report(partial(time_text, zone=zone_of(call.selection, call.environment)))
    unmatched = Unmatched(settings)
    with showing(call.environment, quiet=call.output.quiet) as progress:
        inspector = Inspector(settings, progress, report.take, options.lines)
        inspector.run(unmatched.watch(items_of(sources, options, call.environment, inspector.problem)))
    inspector.problems += unmatched.problems()
    chosen = call.selection
    has_filters = filters or chosen.time_range or chosen.filter or chosen.regex or chosen.inverted
    return report.result(inspector.problems, notes=(_NO_EFFECT,) if has_filters else ())


command = make_command(
    "inspect",
    InspectOptions,
    inspect_sources,
    example="twsla inspect /var/log/syslog",
    selection=("tz", "utc"),
    prepare=prepare,
)
