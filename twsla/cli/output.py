"""Where a result goes: the one decision between file, standard output and terminal, and the sending itself."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from twsla import registry
from twsla.cli.charts import DRAWN_IN, chart_before, chart_picture, check_chart
from twsla.cli.errors import writing_stdout
from twsla.cli.limited import LimitedRows, limited
from twsla.cli.overwrite import may_overwrite
from twsla.cli.screen import possible, show, worthwhile
from twsla.errors import TwslaError, UsageError
from twsla.model.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twsla.environment import Environment
    from twsla.model.result import Result
    from twsla.options import OutputOptions, Selection
    from twsla.render.highlight import Mark
    from twsla.render.shown import RenderOptions

BINARY = frozenset({"parquet", "png", "html"})
"""Formats that nobody can read in a terminal."""
HOLDS_NOTES = frozenset({"json", "html", "png"})
"""Formats that carry facts and notes inside, so that they are not said again on standard error."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Decided before the work begins."""

    environment: Environment
    selection: Selection
    options: OutputOptions
    format: str | None
    """None: plain, or on a terminal whichever of plain and table suits the result."""
    path: Path | None
    """None: standard output."""
    zone: str
    sort: tuple[str, bool] | None
    """Column, and whether descending."""
    overwrite: bool = False
    """The file may take the place of another."""
    screen: bool = False
    """A result that is worth it is shown on a screen."""
    began: float = field(default_factory=time.monotonic)
    """When the work began, as ``time.monotonic`` has it."""

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads the output as it comes."""
        return self.path is None and self.environment.stdout_is_terminal


def decide(
    options: OutputOptions, environment: Environment, selection: Selection, *, screen: bool = False
) -> Destination:
    """Where the answer will go, and how; ``screen`` where the command's results have one.

    Raises:
        UsageError: An output option cannot be used.
        TwslaError: The file cannot be written where it is wanted.
    """
    if options.limit is not None and options.limit < 0:
        raise UsageError(f"--limit {options.limit} is less than none", hint="give a number of rows")
    path = None if options.output is None or str(options.output) == "-" else options.output
    format_name = _format(options, path, environment)
    check_chart(options, format_name)
    overwrite = False
    if path is not None:
        _check_place(path)
        overwrite = may_overwrite(path, environment, force=options.force)
    destination = Destination(
        environment,
        selection,
        options,
        format_name,
        path,
        zone_of(selection, environment),
        _sort(options.sort),
        overwrite,
        screen and possible(options, environment),
    )
    if format_name in BINARY and destination.on_terminal:
        raise UsageError(f"{format_name} is not for a terminal", hint=f"write it to a file: -o FILE.{format_name}")
    return destination


def _format(options: OutputOptions, path: Path | None, environment: Environment) -> str | None:
    if options.format:
        if registry.find("exporters", options.format, plugins=environment.plugins) is None:
            from difflib import get_close_matches

            near = get_close_matches(options.format.lower(), registry.EXPORTERS, 1)
            known = f"formats: {', '.join(registry.EXPORTERS)}"
            hint = f"did you mean {near[0]}? {known}" if near else known
            raise UsageError(f"there is no format '{options.format}'", hint=hint)
        return options.format
    if path is None:
        return None
    from twsla.export.write import format_of

    return format_of(path)


def _check_place(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise TwslaError(f"cannot write {path}: there is no directory {folder}", hint="create it, or name another one")
    if path.is_dir():
        raise TwslaError(f"cannot write {path}: it is a directory", hint="name a file")


def _sort(text: str) -> tuple[str, bool] | None:
    if not text:
        return None
    column, colon, direction = text.rpartition(":")
    if not colon:
        return text, False
    if direction not in {"asc", "desc"} or not column:
        raise UsageError(f"--sort {text}: '{direction}' is not a direction", hint="write COLUMN, or COLUMN:desc")
    return column, direction == "desc"


def send(result: Result, destination: Destination) -> None:
    """Sort, limit and write a result; then facts and notes on standard error.

    Raises:
        UsageError: A column is named that the result has not got.
        TwslaError: The output cannot be written.
        BrokenPipeError: Whoever read standard output has gone.
    """
    shaped = _shape(result, destination)
    if destination.screen and worthwhile(result):
        show(shaped, destination)
        _tell(replace(result, facts=()), shaped, destination, "screen")
        return
    name, render = _rendering(shaped, destination)
    if name == "plain" and isinstance(shaped.rows, LimitedRows) and not render.with_source and not render.marks:
        shaped = replace(shaped, rows=shaped.rows.without_arrow())
    before = _chart(shaped, destination, name, render)
    if destination.path is not None:
        _write(shaped, destination.path, name, render, overwrite=destination.overwrite, before=before)
    elif destination.on_terminal:
        with _pager(destination.environment) as stream:
            _write(shaped, stream, name, render, before=before)
    else:
        with writing_stdout(destination.environment) as stdout:
            _write(shaped, stdout, name, render, before=before)
    _tell(result, shaped, destination, name)


def _chart(result: Result, destination: Destination, name: str, render: RenderOptions) -> bytes:
    """The chart to write before the rows, if one is asked for; a Sixel picture is written at once, past the pager."""
    options, environment = destination.options, destination.environment
    if name not in DRAWN_IN or not (options.sixel and options.chart and result.charts and destination.on_terminal):
        return chart_before(result, options, environment, render)
    environment.stdout.write(chart_picture(result, environment, zone=render.zone))
    environment.stdout.flush()
    return b""


def _write(
    result: Result,
    to: Path | BinaryIO,
    name: str,
    render: RenderOptions,
    *,
    overwrite: bool = False,
    before: bytes = b"",
) -> None:
    from twsla.export.write import write_result

    write_result(result, to, name, render, overwrite=overwrite, before=before)


def _shape(result: Result, destination: Destination) -> Result:
    """The result with its rows sorted and limited as asked for."""
    rows = result.rows
    if destination.sort is not None:
        column, descending = destination.sort
        known = [each.name for each in result.columns]
        if column not in known:
            raise UsageError(f"this result has no column '{column}' to sort by", hint=f"columns: {', '.join(known)}")
        rows = result.sorted_by(column, descending=descending)
    if destination.options.limit is not None:
        rows = limited(rows, destination.options.limit)
    return replace(result, rows=rows)


def _rendering(result: Result, destination: Destination) -> tuple[str, RenderOptions]:
    """The format's name, and how cells become text there."""
    from twsla.render.shown import RenderOptions, bare_column

    options, environment = destination.options, destination.environment
    terminal = destination.on_terminal
    colour = terminal and environment.colour and not options.no_color
    columns = tuple(name.strip() for name in options.columns.split(",")) if options.columns else None
    name = destination.format
    render = RenderOptions(
        zone=destination.zone,
        columns=columns,
        colour=colour,
        with_source=options.with_source,
        guard_formulas=options.csv_guard,
        escape=terminal,
        marks=marks_of(result.colours, destination.selection) if colour and result.colours else (),
    )
    if name is None and result.parts:
        name = "md"
    if name is None:
        name = "table" if terminal and bare_column(result, render) is None and result.columns else "plain"
    if terminal and name == "table":
        render = replace(render, width=environment.width)
    return name, render


def marks_of(colours: str, selection: Selection) -> tuple[Mark, ...]:
    """What a colour list colours in log texts, given the filters of the command line."""
    from twsla.model.filters import parse_filters
    from twsla.model.patterns import OBSERVABLES
    from twsla.render.highlight import parse_colours

    filters = parse_filters(
        simple=selection.filter,
        regex="",
        inverted="",
        arguments=selection.filters,
        ignore_case=selection.ignore_case,
    )
    return parse_colours(
        colours,
        OBSERVABLES,
        regex_filter=selection.regex,
        filters=[each.re2 for each in filters.filters if not each.negative],
    )


def _tell(whole: Result, shown: Result, destination: Destination, name: str) -> None:
    """Facts, notes and truncations, on standard error.

    A truncation is told even under ``--quiet``: an answer with something left out must not look like the whole one.
    """
    from twsla.render.notes import note_lines

    lines: list[str] = []
    if name not in HOLDS_NOTES or destination.path is not None:
        if not destination.options.quiet:
            lines += note_lines(replace(whole, notes=()), zone=destination.zone)
        lines += [f"twsla: note: {line}" for line in note_lines(replace(whole, facts=()), zone=destination.zone)]
    if destination.options.chart and not whole.charts:
        lines.append("twsla: note: this result has no chart to draw")
    limit = destination.options.limit
    if limit is not None and (total := len(whole.rows)) > limit:
        lines.append(f"twsla: note: {len(shown.rows):,} of {total:,} rows are shown; more with a higher --limit")
    if lines:
        with writing_stdout(destination.environment) as stdout:
            stdout.flush()
        destination.environment.stderr.write("".join(f"{line}\n" for line in lines))


@contextmanager
def _pager(environment: Environment) -> Iterator[BinaryIO]:
    """The terminal by way of the user's pager, where a person can press keys; the terminal itself otherwise.

    ``less`` is asked to end by itself when everything fits on the screen and to let colours through. All control
    characters of log texts are escaped before they get here.
    """
    command = _pager_command(environment)
    if command is None:
        yield environment.stdout
        environment.stdout.flush()
        return
    import subprocess

    variables = {"LESS": "-RFX", **environment.variables}
    pager = subprocess.Popen(command, stdin=subprocess.PIPE, env=variables)  # noqa: S603  # the user's own pager
    assert pager.stdin is not None
    try:
        try:
            yield pager.stdin  # type: ignore[misc]  # a buffered writer
        finally:
            pager.stdin.close()
    except BrokenPipeError:  # the reader left the pager before the end
        pass
    finally:
        _await_pager(pager)


def _await_pager(pager: object) -> None:
    """Wait for the pager to end; it handles Ctrl-C itself."""
    while True:
        try:
            pager.wait()  # type: ignore[attr-defined]
        except KeyboardInterrupt:
            continue
        return


def _pager_command(environment: Environment) -> list[str] | None:
    if not environment.stdin_is_terminal or environment.variables.get("TERM") == "dumb":
        return None
    import shlex
    import shutil

    command = shlex.split(environment.variables.get("PAGER", "less"), posix=os.name != "nt")
    if not command or command == ["cat"] or shutil.which(command[0]) is None:
        return None
    return command
