"""A tool for every registered analysis, made from its option dataclass."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from twsla import registry
from twsla.config import setting_of
from twsla.errors import TwslaError, UsageError
from twsla.mcp.answers import DEFAULT_BYTES, DEFAULT_ROWS, SCHEMA, Answer, Page, answer_of
from twsla.mcp.paging import Cursor, read_cursor, state_of
from twsla.mcp.parameters import Parameters, is_open, parameters_of
from twsla.mcp.tools import Tool, page_properties, whole_number
from twsla.model.analysis import Analysis
from twsla.options import OutputOptions, Selection, describe
from twsla.sections import sections_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Working
    from twsla.model.result import Result
    from twsla.query.engine import Engine

_OF_OUTPUT: Final = {"sort", "columns"}
"""Output options that tools have as well."""
_DRAWING = threading.Lock()


def analysis_tools(desk: Desk) -> Iterator[Tool]:
    """A tool for each analysis of the registry, plug-ins included."""
    for name, entry in registry.COMMANDS.items():
        target = None if entry.target.startswith("twsla.cli.") else registry.load(entry)
        if isinstance(target, Analysis):
            yield analysis_tool(name, target, desk)
    if not desk.environment.plugins:
        return
    for plugin in registry.installed_plugins():
        if plugin.table == "commands" and not plugin.problem:
            target = _loaded(plugin)
            if isinstance(target, Analysis):
                yield analysis_tool(plugin.name, target, desk)


def _loaded(plugin: registry.Plugin) -> object:
    """A plug-in; None if it cannot be imported, which ``twsla plugins`` tells."""
    try:
        return registry.load_plugin(plugin)
    except TwslaError:
        return None


def analysis_tool(name: str, analysis: Analysis[Any, Any], desk: Desk) -> Tool:
    """The tool of one analysis."""
    without: set[str] = set()
    if analysis.selection is not None:
        without = {info.name for info in describe(Selection)} - set(analysis.selection)
    sections = sections_of(analysis.options, (Selection, OutputOptions), without)
    unwanted = {info.name for info in describe(OutputOptions)} - _OF_OUTPUT - _names(analysis.options)
    parameters = parameters_of(sections, without={*desk.fixed, *unwanted})
    work = _Work(name.replace(" ", "_"), analysis, parameters, closed_values(analysis.options, desk))
    limits = desk.limits
    properties = parameters.properties() | page_properties(limits.rows, limits.answer_bytes)
    properties["chart"] = {
        "type": "boolean",
        "default": False,
        "description": "Add a picture of the chart of all rows (PNG), where the answer has one.",
    }
    return Tool(
        name=work.name,
        title=analysis.summary.rstrip("."),
        description=parameters.explained(analysis.description),
        input_schema={
            "type": "object",
            "properties": properties,
            **({"required": parameters.required()} if parameters.required() else {}),
            "additionalProperties": False,
        },
        output_schema=SCHEMA,
        run=work.run,
        explain=parameters.explained,
        is_open_world=not desk.fixed.get("no_dns", False) and "no_dns" in _names(analysis.options),
    )


def _names(options: type) -> set[str]:
    return {info.name for info in describe(options)}


@dataclass(frozen=True, slots=True)
class _Work:
    """Runs one analysis."""

    name: str
    analysis: Analysis[Any, Any]
    parameters: Parameters
    closed: Mapping[str, object]
    """Values of options that clients cannot set."""

    def run(self, desk: Desk, given: Mapping[str, Any], working: Working) -> Answer:
        """One call."""
        cursor, arguments = cursor_of(given, self.name)
        asked = dict(arguments)
        page = page_of(asked, desk, row=cursor.row if cursor else 0)
        wants_chart = asked.pop("chart", None) in (True, "true")
        values = self.parameters.values(asked, others=("limit", "max_bytes", "cursor", "chart"))
        options, selection = self._options(values, desk)
        output = values.get(OutputOptions, {})
        page = replace(page, zone=_zone(selection, desk), columns=_split(output.get("columns")))
        with desk.engine(selection, damaged=self.analysis.damaged) as engine:
            working.stoppable(engine.interrupt)
            result = self.analysis.run(engine, options, working.progress)
            try:
                result = _sorted(result, str(output.get("sort", "")))
                answer, end = answer_of(result, page, desk.limits)
                if end < answer["total_rows"]:
                    answer["next_cursor"] = Cursor(self.name, arguments, end, state_of(engine.store)).text()
                _tell_change(answer, cursor, engine)
                return Answer(answer, picture=_picture(result, desk, page.zone) if wants_chart else None)
            finally:
                if result.close:
                    result.close()

    def _options(self, values: dict[type, dict[str, object]], desk: Desk) -> tuple[Any, Selection]:
        """The options and the selection of a call: what was given, what the server fixes, and defaults."""
        options = self.analysis.options(**{**values.get(self.analysis.options, {}), **self.closed})
        chosen: dict[str, Any] = {"tz": desk.scope.tz, "utc": desk.scope.utc, "datastore": desk.datastore}
        given = values.get(Selection, {})
        if given.get("tz"):
            chosen["utc"] = False
        return options, Selection(**{**chosen, **given})


def closed_values(options: type, desk: Desk) -> dict[str, object]:
    """Values of the options that clients cannot set: the server's, else those of the environment and configuration."""
    found: dict[str, object] = {}
    for info in describe(options):
        if info.name in desk.fixed:
            found[info.name] = desk.fixed[info.name]
        elif not is_open(info):
            setting = setting_of(info, desk.environment.variables, desk.config)
            if setting is not None:
                found[info.name] = setting.value
    return found


def cursor_of(given: Mapping[str, Any], tool: str) -> tuple[Cursor | None, dict[str, Any]]:
    """The cursor among the arguments, and the arguments of the call that it goes on with.

    Raises:
        UsageError: The cursor is none, or other arguments are given beside it than those it is for.
    """
    arguments = {name: value for name, value in given.items() if name != "cursor"}
    if not given.get("cursor"):
        return None, arguments
    cursor = read_cursor(given["cursor"], tool)
    size = {"limit", "max_bytes"}
    changed = [name for name, value in arguments.items() if name not in size and cursor.arguments.get(name) != value]
    if changed:
        raise UsageError(
            f"{changed[0]} is not what the cursor is for",
            hint="leave the other arguments out, or ask anew without cursor",
        )
    return cursor, {**cursor.arguments, **arguments}


def page_of(asked: dict[str, Any], desk: Desk, *, row: int = 0) -> Page:
    """The page that arguments ask for; takes them out of ``asked``."""
    limits = desk.limits
    rows = whole_number(asked, "limit", DEFAULT_ROWS, 1, limits.rows)
    size = whole_number(asked, "max_bytes", DEFAULT_BYTES, 1, limits.answer_bytes)
    for name in ("limit", "max_bytes"):
        asked.pop(name, None)
    return Page(row, rows, size, mask=desk.mask)


def _split(columns: object) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in columns.split(",")) if isinstance(columns, str) and columns else None


def _zone(selection: Selection, desk: Desk) -> str:
    from twsla.model.zones import zone_of

    return zone_of(selection, desk.environment)


def _sorted(result: Result, text: str) -> Result:
    """The result sorted as ``COLUMN`` or ``COLUMN:desc`` says.

    Raises:
        UsageError: There is no such column.
    """
    if not text:
        return result
    column, _, direction = text.partition(":")
    known = [each.name for each in result.columns]
    if column not in known or direction not in {"", "asc", "desc"}:
        raise UsageError(
            f"sort: '{text[:80]}' is no column", hint=f"write COLUMN or COLUMN:desc; columns: {', '.join(known)}"
        )
    return replace(result, rows=result.rows.sorted(column, descending=direction == "desc"))


def _tell_change(answer: dict[str, Any], cursor: Cursor | None, engine: Engine) -> None:
    if cursor is not None and cursor.store != state_of(engine.store):
        answer["notes"].append("the store has changed since the first page: rows may be missing or come twice")


def _picture(result: Result, desk: Desk, zone: str) -> bytes:
    """The first chart as a PNG.

    Raises:
        UsageError: There is none.
        TwslaError: It is too large.
    """
    if not result.charts:
        raise UsageError("this answer has no chart", hint="leave chart out")
    from twsla.mcp.masked import masked_result
    from twsla.render.png import chart_png

    with _DRAWING:  # matplotlib keeps fonts for all
        picture = chart_png(masked_result(result) if desk.mask else result, result.charts[0], zone=zone)
    if len(picture) > desk.limits.picture_bytes:
        raise TwslaError(f"the picture of the chart has {len(picture):,} bytes", hint="narrow the question")
    return picture
