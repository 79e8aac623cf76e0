"""How an analysis becomes a command: open the engine, run, hand the result to the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twsla.cli.bind import BoundCommand, Call, sections_of
from twsla.options import OutputOptions, Selection, describe

if TYPE_CHECKING:
    from twsla.model.analysis import Analysis
    from twsla.model.result import Result


def analysis_command(analysis: Analysis[Any, Any], name: str) -> BoundCommand:
    """The command of an analysis, with the shared options beside its own."""
    without: set[str] = set()
    if analysis.selection is not None:
        without = {info.name for info in describe(Selection)} - set(analysis.selection)
    sections = sections_of(analysis.options, (Selection, OutputOptions), without)

    def run(call: Call, options: object) -> Result:
        return run_analysis(analysis, call, options)

    return BoundCommand(name, sections, run, help=analysis.description, example=analysis.example)


def run_analysis(analysis: Analysis[Any, Any], call: Call, options: object) -> Result:
    """Run on the store and with the filters of ``call``. The engine stays open until the result is closed."""
    from contextlib import ExitStack
    from dataclasses import replace

    from twsla.cli.progress import showing
    from twsla.query.engine import open_engine

    with ExitStack() as opened:
        engine = opened.enter_context(open_engine(call.selection, call.environment))
        with showing(call.environment, quiet=call.output.quiet) as progress:
            result = analysis.run(engine, options, progress)
        if result.close:
            opened.callback(result.close)
        return replace(result, close=opened.pop_all().close)
