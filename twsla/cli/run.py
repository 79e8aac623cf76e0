"""How an analysis becomes a command: open the engine, run, hand the result to the output."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING, Any

from twsla.cli.bind import BoundCommand, Call
from twsla.errors import UsageError
from twsla.options import OutputOptions, Selection, describe
from twsla.sections import sections_of

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

    command = BoundCommand(name, sections, run, help=analysis.description, example=analysis.example)
    command.has_screen = True
    return command


def run_analysis(analysis: Analysis[Any, Any], call: Call, options: object) -> Result:
    """Run on the store and with the filters of ``call``. The engine stays open until the result is closed."""
    from contextlib import ExitStack

    from twsla.analysis.around import with_context
    from twsla.cli.progress import showing
    from twsla.query.engine import open_engine

    for given in (call.selection, call.output, options):
        refuse_invalid_text(given)
    with ExitStack() as opened:
        engine = opened.enter_context(open_engine(call.selection, call.environment, damaged=analysis.damaged))
        with showing(call.environment, quiet=call.output.quiet) as progress:
            result = analysis.run(engine, options, progress)
        if result.close:
            opened.callback(result.close)
        result = with_context(result, engine)
        return replace(result, close=opened.pop_all().close, interrupt=engine.interrupt)


def refuse_invalid_text(given: object) -> None:
    """No text of a question may hold bytes that are not UTF-8: records are, so nothing could match or be written.

    Raises:
        UsageError: One does.
    """
    for info in describe(type(given)) if is_dataclass(given) else ():
        value = getattr(given, info.name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and text != text.encode("utf-8", "replace").decode():
                name = info.metavar if info.positional else info.long
                raise UsageError(f"{name} {text!r} is not valid UTF-8", hint="records are; leave out what is not text")
