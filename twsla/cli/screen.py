"""The interactive screen of a result: when there is one, and what it needs of the program around it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import TwslaError, UsageError

if TYPE_CHECKING:
    from twsla.cli.output import Destination
    from twsla.environment import Environment
    from twsla.model.result import Result
    from twsla.options import OutputOptions
    from twsla.progress import Progress
    from twsla.render.highlight import Mark
    from twsla.views.host import ChartKind, Services


def possible(options: OutputOptions, environment: Environment) -> bool:
    """Whether a screen can be shown: somebody sits at a terminal that can be drawn on, and asked for nothing else."""
    return (
        environment.stdin_is_terminal
        and environment.stdout_is_terminal
        and not (options.format or options.output or options.no_screen or options.chart)
        and environment.variables.get("TERM", "dumb") not in {"", "dumb"}
    )


def worthwhile(result: Result) -> bool:
    """Whether a result is more than nothing (``search -q``) or one figure (``search --count``)."""
    from twsla.model.result import ValueRows

    is_figure = isinstance(result.rows, ValueRows) and len(result.rows) <= 1 and len(result.columns) == 1
    return bool(result.columns or result.parts) and not is_figure


def show(result: Result, destination: Destination) -> None:
    """Show a result until the user has seen enough.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    from twsla.views import app

    if result.parts and not result.columns:
        from twsla.views.contents import contents

        result = contents(result)
    with tempfile.TemporaryDirectory(prefix="twsla-") as folder:
        desk = Desk(destination, Path(folder))
        colour = destination.environment.colour and not destination.options.no_color
        app.show(result, desk.services(), destination.environment, zone=destination.zone, colour=colour)


@dataclass(frozen=True, slots=True)
class Desk:
    """The program around a screen: exporters, charts, colours, marks."""

    destination: Destination
    folder: Path
    """For charts that other programs show; gone when the screen is."""

    def services(self) -> Services:
        """What the screen may ask for."""
        from twsla.views.host import Services
        from twsla.views.marks import Marks

        environment, store = self.destination.environment, self.destination.selection.datastore
        by = environment.variables.get("USER") or environment.variables.get("USERNAME") or ""
        return Services(
            save=self.save,
            chart=self.chart,
            colours=self.colours,
            now_ns=environment.now_ns,
            marks=Marks(store, by) if store.is_dir() else None,
            began=self.destination.began,
        )

    def save(
        self, result: Result, path: Path, columns: tuple[str, ...] | None, progress: Progress, *, overwrite: bool
    ) -> str:
        """Write a result to a file; gives the name of the format."""
        from twsla.export.write import write_result
        from twsla.render.shown import RenderOptions
        from twsla.views.arrange import WatchedRows

        options = self.destination.options
        chosen = tuple(options.columns.split(",")) if options.columns and columns is None else columns
        render = RenderOptions(
            zone=self.destination.zone,
            columns=chosen,
            with_source=options.with_source,
            guard_formulas=options.csv_guard,
        )
        name = self._format(result, path)
        write_result(replace(result, rows=WatchedRows(result.rows, progress)), path, name, render, overwrite=overwrite)
        return name

    def _format(self, result: Result, path: Path) -> str:
        """By the suffix; any other name is text for records, and CSV for tables, as in the original program."""
        from twsla.export.write import format_of

        try:
            return format_of(path)
        except UsageError:
            return "plain" if result.bare else "csv"

    def colours(self, text: str) -> tuple[Mark, ...]:
        """The marks of a colour list."""
        from twsla.cli.output import marks_of

        return marks_of(text, self.destination.selection)

    def chart(self, result: Result, kind: ChartKind, width: int, height: int) -> str | bytes | list[str]:
        """Show the first chart of a result: by another program, as a Sixel picture, or drawn with characters."""
        environment, options = self.destination.environment, self.destination.options
        if kind == "html":
            return self._open(result, "html")
        if kind == "picture" and options.sixel:
            from twsla.cli.charts import chart_picture

            return chart_picture(result, replace(environment, width=width, height=height), zone=self.destination.zone)
        if kind == "picture" and has_desktop(environment) and viewer(environment):
            return self._open(result, "png")
        from twsla.render.terminal_chart import chart_lines

        colour = environment.colour and not options.no_color
        zone = self.destination.zone
        return chart_lines(result, result.charts[0], zone=zone, width=width, height=height, colour=colour)

    def _open(self, result: Result, format_name: str) -> str:
        """Write the chart to a file and have the system's own program show it."""
        from twsla.export.write import write_result
        from twsla.render.shown import RenderOptions

        path = self.folder / f"chart-{len(list(self.folder.iterdir())) + 1}.{format_name}"
        write_result(result, path, format_name, RenderOptions(zone=self.destination.zone))
        command = viewer(self.destination.environment)
        if command is None:
            raise TwslaError("no program here shows files", hint=f"save the chart with s, as FILE.{format_name}")
        _start([*command, str(path)])
        return f"opened {path.name} with {command[0]}"


def has_desktop(environment: Environment) -> bool:
    """Whether pictures can be shown beside the terminal: not over ssh, and not without a display."""
    variables = environment.variables
    if variables.get("SSH_CONNECTION") or variables.get("SSH_TTY"):
        return bool(variables.get("DISPLAY")) and sys.platform not in {"win32", "darwin"}
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def viewer(environment: Environment) -> list[str] | None:
    """The command that opens a file as the desktop would; None if there is none."""
    if sys.platform == "darwin":
        return ["open"]
    if sys.platform == "win32":
        return ["rundll32", "url.dll,FileProtocolHandler"]
    return ["xdg-open"] if shutil.which("xdg-open", path=environment.variables.get("PATH")) else None


def _start(command: list[str]) -> None:
    """Start a program that must not write on our screen, nor end with us."""
    import subprocess

    try:
        subprocess.Popen(  # noqa: S603  # the system's own viewer, and a path of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name != "nt",
        )
    except OSError as error:
        raise TwslaError(f"{command[0]} cannot be started: {error.strerror or error}") from error
