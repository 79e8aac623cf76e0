"""The five tools of earlier versions: their names, both generations of their parameters, their answers.

Their text content is the JSON those versions gave; the structured content holds the same and what was missing there:
where each record is from, what was cut, and how to go on. Import is in ``importing``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError
from twsla.mcp.analyses import cursor_of
from twsla.mcp.answers import Answer, Page, answer_of
from twsla.mcp.paging import Cursor, state_of
from twsla.mcp.tools import CURSOR, Tool, whole_number
from twsla.options import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Working
    from twsla.model.result import Result
    from twsla.query.engine import Engine

UNITS: Final = ("time", "ip", "email", "mac", "host", "domain", "country", "loc", "word", "field", "normalize")
_BYTES: Final = 1_000_000
"""Of an answer, where ``max_bytes`` does not say otherwise: earlier versions had no limit."""
_TEXT: Final = {"type": "string"}
_FILTERS: Final[dict[str, Any]] = {
    "filter": {**_TEXT, "description": "Only records that match this regular expression (RE2); empty: all."},
    "start": {**_TEXT, "description": "From when: 2024-05-01, 2024/5/1 10:30, -1h, -1d, today, yesterday."},
    "end": {**_TEXT, "description": "Until when; or how long from start: 1d."},
    "not": {**_TEXT, "description": "Only records that do not match this regular expression."},
    "simple_filters": {
        "type": "array",
        "items": _TEXT,
        "description": "Simple filters (* and ? as in file names, #IP, ^ in front: must not match); all must hold.",
    },
    "tz": {**_TEXT, "description": "Time zone of times, such as Asia/Tokyo."},
    "filter_log_content": {**_TEXT, "description": "Older name of filter."},
    "time_range": {**_TEXT, "description": "Older form of start and end: START,END or START,PERIOD."},
}
_PAGE: Final[dict[str, Any]] = {
    "max_bytes": {"type": "integer", "minimum": 1000, "default": _BYTES, "description": "Bytes of the answer."},
    "cursor": CURSOR,
}
_CUT: Final[dict[str, Any]] = {
    "total": {"type": "integer", "minimum": 0},
    "notes": {"type": "array", "items": _TEXT},
    "cut": {"type": "array", "items": _TEXT},
    "next_cursor": {"type": ["string", "null"]},
}
_OLDER: Final = {
    "filter_log_content": "filter",
    "limit_log_count": "limit",
    "count_unit": "unit",
    "extract_pattern": "pattern",
    "error_top_n": "top_n",
}
"""Parameters of versions before 1.22 by the names they have since."""


def classic_tools(desk: Desk) -> Iterator[Tool]:
    """Four of the five; the fifth imports."""
    limits = desk.limits
    limit = {"type": "integer", "default": 100, "description": f"Records; at least 1, at most {limits.rows:,}."}
    yield _tool(
        "search_log",
        "Search logs",
        "List the texts of the records that match, in order of time. The structured answer adds the time and the "
        "source of each. (search has more: simple filters, context, columns.)",
        {"limit": limit, "limit_log_count": {**limit, "description": "Older name of limit."}},
        _listed("records", {"text": _TEXT, "ts": _nullable("string"), **_REFERENCE}),
        _search,
    )
    unit = {"type": "string", "enum": list(UNITS), "default": "time", "description": "What is counted."}
    top = {"type": "integer", "default": 10, "description": "The so many with the most records; not for time."}
    yield _tool(
        "count_log",
        "Count logs",
        "Count the records in each interval of time, or with each address, word, field and so on. (count has more: "
        "regular expressions, JSON, grok, several values, charts.)",
        {
            "unit": unit,
            "unit_pos": {"type": "integer", "default": 1, "description": "Which of several in a record, from 1 to 10."},
            "top_n": top,
            "interval": {
                "type": "integer",
                "default": 0,
                "description": "Seconds of an interval; 0: as suits the range.",
            },
            "count_unit": {**unit, "description": "Older name of unit."},
        },
        _listed("counts", {"Key": _TEXT, "Count": {"type": "integer"}}),
        _count,
    )
    yield _tool(
        "extract_data_from_log",
        "Extract data from logs",
        "List a value of each record with its time. (extract has more: changes, statistics, charts.)",
        {
            "pattern": {**_TEXT, "description": "ip, mac, email, number …, or a regular expression with a group."},
            "pos": {"type": "integer", "default": 1, "description": "Which of several in a record, from 1 to 100."},
            "limit": {**limit, "default": limits.rows, "description": "Values of this answer."},
            "extract_pattern": {**_TEXT, "description": "Older name of pattern."},
        },
        _listed("values", {"Time": _nullable("string"), "Value": _TEXT, **_REFERENCE}),
        _extract,
    )
    number = {"type": "integer", "minimum": 0}
    pattern = _rows_of({"Pattern": _TEXT, "Count": number, "Example": _TEXT})
    yield _tool(
        "get_log_summary",
        "Summarize logs",
        "Tell how many records, errors and warnings there are, from when to when, and the most frequent patterns of "
        "errors. (summary has more: sources, rare patterns, addresses.)",
        {
            "top_n": {"type": "integer", "default": 10, "description": "Patterns of errors, from 10 to 1000."},
            "error_words": {
                **_TEXT,
                "description": "Words of errors, with commas between; default: as levels are told.",
            },
            "warning_words": {**_TEXT, "description": "Words of warnings, with commas between."},
            "error_top_n": {"type": "integer", "description": "Older name of top_n, from 1."},
        },
        {
            "type": "object",
            "properties": {
                "Total": number,
                "Errors": number,
                "Warnings": number,
                "TimeRange": _nullable("string"),
                "TopNErrorPattern": pattern,
            },
            "required": ["Total", "Errors", "Warnings", "TimeRange", "TopNErrorPattern"],
            "additionalProperties": False,
        },
        _summary,
        pages=False,
    )


def _nullable(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


_REFERENCE: Final = {"source": _TEXT, "line_no": {"type": "integer"}, "offset": {"type": "integer"}}


def _rows_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "array", "items": row}


def _listed(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    whole = {name: _rows_of(properties), **_CUT}
    return {"type": "object", "properties": whole, "required": list(whole), "additionalProperties": False}


def _tool(
    name: str,
    title: str,
    description: str,
    own: dict[str, Any],
    output: dict[str, Any],
    function: Callable[[_Call], Answer],
    *,
    pages: bool = True,
) -> Tool:
    properties = {**own, **_FILTERS, **(_PAGE if pages else {})}

    def run(desk: Desk, given: Mapping[str, Any], working: Working) -> Answer:
        cursor, arguments = cursor_of(given, name)
        for each in arguments:
            if each not in properties:
                known = f"parameters: {', '.join(properties)}"
                raise UsageError(f"this tool has no parameter '{each[:80]}'", hint=known)
        asked = {_OLDER.get(each, each): value for each, value in arguments.items() if value not in (None, "")}
        with desk.engine(_selection(asked, desk)) as engine:
            working.stoppable(engine.interrupt)
            return function(_Call(name, desk, engine, working, asked, arguments, cursor.row if cursor else 0))

    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return Tool(name, title, description, schema, output, run)


class _Call:
    """One call at work."""

    def __init__(
        self,
        tool: str,
        desk: Desk,
        engine: Engine,
        working: Working,
        asked: dict[str, Any],
        arguments: dict[str, Any],
        start: int,
    ) -> None:
        self.tool = tool
        self.desk = desk
        self.engine = engine
        self.working = working
        self.asked = asked
        """Arguments by their present names, without empty ones."""
        self.arguments = arguments
        self.start = start

    def number(self, name: str, default: int, least: int, most: int, *, outside: int | None = None) -> int:
        """A number; one out of bounds becomes the nearest bound, or ``outside``, as it did in earlier versions."""
        value = whole_number(self.asked, name, default, -(2**63), 2**63)
        if least <= value <= most:
            return value
        return min(max(value, least), most) if outside is None else outside

    def option(self, name: str) -> Any:
        """A value that the server fixes for options of this name."""
        return self.desk.fixed.get(name)

    def address_options(self) -> dict[str, Any]:
        """What the server fixes about addresses."""
        names = ("geoip", "resolver", "no_dns")
        return {name: self.desk.fixed[name] for name in names if name in self.desk.fixed}

    def page(self, result: Result, rows: int, columns: tuple[str, ...]) -> dict[str, Any]:
        """The rows of a result from where the call begins, with ``next_cursor``."""
        size = self.number("max_bytes", _BYTES, 1, self.desk.limits.answer_bytes)
        page = Page(self.start, rows, size, columns, self.engine.query.zone)
        answer, end = answer_of(result, page, self.desk.limits)
        if end < answer["total_rows"]:
            answer["next_cursor"] = Cursor(self.tool, self.arguments, end, state_of(self.engine.store)).text()
        return answer

    def answer(self, name: str, answer: dict[str, Any], rows: list[dict[str, Any]], text: Any) -> Answer:
        """The answer of a tool that lists."""
        structured = {
            name: rows,
            "total": answer["total_rows"],
            "notes": answer["notes"],
            "cut": answer["cut"],
            "next_cursor": answer["next_cursor"],
        }
        remark = "" if not answer["cut"] else f"note: {'; '.join(answer['cut'])}. next_cursor: {answer['next_cursor']}"
        return Answer(structured, text=text, remark=remark)


def _search(call: _Call) -> Answer:
    from twsla.analysis.search import SearchOptions, search

    limit = call.number("limit", 100, 1 if "limit_log_count" in call.arguments else 100, call.desk.limits.rows)
    result = search(call.engine, SearchOptions(), call.working.progress)
    answer = call.page(result, limit, ("ts", "text"))
    rows = answer["rows"]
    return call.answer("records", answer, rows, [row["text"] for row in rows])


def _count(call: _Call) -> Answer:
    from twsla.analysis.count import CountOptions, count

    unit = str(call.asked.get("unit", "time"))
    unit = unit if unit in UNITS else "time"
    if unit == "time":
        interval = call.number("interval", 0, 0, 86_400 * 366)
        result = count(call.engine, CountOptions(interval=str(interval) if interval else ""), call.working.progress)
        result = replace(result, columns=tuple(each for each in result.columns if each.name in {"time", "count"}))
        answer = call.page(result, call.desk.limits.rows, ("time", "count"))
        counts = [{"Key": _minute(row["time"]), "Count": row["count"]} for row in answer["rows"]]
        return call.answer("counts", answer, counts, counts)
    position = call.number("unit_pos", 1, 1, 10, outside=1)
    top = call.number("top_n", 10, 1, call.desk.limits.rows, outside=10)
    whole = {"word": (), "normalize": (), "field": (position - 1,)}
    options = CountOptions(extract=(unit,), position=whole.get(unit, (position,)), top=top, **call.address_options())
    result = count(call.engine, options, call.working.progress)
    answer = call.page(result, top, ("key", "count"))
    counts = [{"Key": str(row["key"]), "Count": row["count"]} for row in answer["rows"]]
    return call.answer("counts", answer, counts, counts)


def _minute(text: str) -> str:
    """``2024-05-06T10:30:00+09:00`` as earlier versions wrote it: ``2024/05/06 10:30``."""
    return text[:16].replace("-", "/").replace("T", " ")


def _extract(call: _Call) -> Answer:
    from twsla.analysis.extract import ExtractOptions, extract

    pattern = str(call.asked.get("pattern", ""))
    if not pattern:
        raise UsageError("pattern is missing", hint="ip, mac, email, number, or a regular expression with a group")
    options = ExtractOptions(
        extract=(pattern,), position=(call.number("pos", 1, 1, 100, outside=1),), **call.address_options()
    )
    result = extract(call.engine, options, call.working.progress)
    limit = call.number("limit", call.desk.limits.rows, 1, call.desk.limits.rows)
    answer = call.page(result, limit, ("ts", "value"))
    text = [{"Time": row["ts"], "Value": row["value"]} for row in answer["rows"]]
    reference = ("source", "line_no", "offset")
    rows = [
        {**short, **{name: row[name] for name in reference}} for short, row in zip(text, answer["rows"], strict=True)
    ]
    return call.answer("values", answer, rows, text)


def _summary(call: _Call) -> Answer:
    from twsla.mcp.levels import summary_of

    top = call.number("top_n", 10, 1 if "error_top_n" in call.arguments else 10, 1000, outside=10)
    found = summary_of(
        call.engine, top, _words(call.asked.get("error_words")), _words(call.asked.get("warning_words")), call.working
    )
    return Answer(found)


def _words(text: Any) -> tuple[str, ...]:
    return tuple(word.strip() for word in str(text or "").split(",") if word.strip())


def _selection(asked: dict[str, Any], desk: Desk) -> Selection:
    """The selection of a call: a regular expression, simple filters, a time range."""
    simple = asked.get("simple_filters") or []
    filters = tuple(str(each) for each in (simple if isinstance(simple, list) else [simple]))
    tz = str(asked.get("tz", ""))
    return Selection(
        datastore=desk.datastore,
        time_range=_time_range(asked, desk),
        regex=str(asked.get("filter", "")),
        inverted=str(asked.get("not", "")),
        tz=tz or desk.scope.tz,
        utc=desk.scope.utc and not tz,
        filters=filters,
    )


def _time_range(asked: dict[str, Any], desk: Desk) -> str:
    """``start`` and ``end`` as one range; ``-1h`` is an hour ago, as an end too where there is no other start."""
    if asked.get("time_range"):
        return str(asked["time_range"])
    start, end = str(asked.get("start", "")).strip(), str(asked.get("end", "")).strip()
    is_relative = start.startswith("-")
    if is_relative:
        start = _moment(start, desk)
    if end.startswith("-") and (is_relative or not start):
        end = _moment(end, desk)
    return f"{start},{end}" if start or end else ""


def _moment(text: str, desk: Desk) -> str:
    from twsla.model.times import parse_time_range
    from twsla.render.timetext import time_text

    start_ns = parse_time_range(text, now_ns=desk.now().now_ns, zone="UTC").start_ns
    assert start_ns is not None
    return time_text(start_ns, "UTC")
