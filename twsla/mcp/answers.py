"""A Result as the answer of a tool: typed rows, what belongs beside them, and what was cut and how to get it."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from twsla.model.result import ArrowRows, Kind

if TYPE_CHECKING:
    from twsla.mcp.desk import Limits
    from twsla.model.result import Column, Result

SOURCE_COLUMNS: Final = ("source", "line_no", "offset")
"""Which record a row is; they leave with every row that has them."""
DEFAULT_ROWS: Final = 100
DEFAULT_BYTES: Final = 100_000
_STEP_ROWS: Final = 256
_LONG_NUMBER: Final = 9
"""Digits of numbers that may be somebody's."""
_PART_ROWS: Final = 50
"""Rows of each part of a document."""

_VALUE: Final = {"type": ["string", "number", "integer", "boolean", "null", "array", "object"]}
_ROW: Final = {
    "type": "object",
    "properties": {
        "source": {"type": ["string", "null"], "description": "Where the record was read: path, archive!member, URL."},
        "line_no": {"type": ["integer", "string", "null"], "description": "Its first line there, from 1."},
        "offset": {"type": ["integer", "string", "null"], "description": "Its first byte there, from 0."},
    },
    "additionalProperties": _VALUE,
}
_PROPERTIES: Final[dict[str, Any]] = {
    "title": {"type": "string"},
    "columns": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "title": {"type": "string"},
                "kind": {"type": "string"},
                "unit": {"type": "string"},
            },
            "required": ["name", "title", "kind"],
            "additionalProperties": False,
        },
    },
    "rows": {"type": "array", "items": _ROW},
    "first_row": {"type": "integer", "minimum": 0, "description": "Number of the first row here, from 0."},
    "total_rows": {"type": "integer", "minimum": 0},
    "facts": {"type": "object", "additionalProperties": _VALUE},
    "notes": {"type": "array", "items": {"type": "string"}},
    "charts": {"type": "array", "items": {"type": "string"}, "description": "Charts that chart=true can draw."},
    "cut": {"type": "array", "items": {"type": "string"}, "description": "What was left out, and how to get it."},
    "next_cursor": {"type": ["string", "null"], "description": "Call again with this as cursor for the next rows."},
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        **_PROPERTIES,
        "parts": {"type": "array", "items": {"type": "object"}, "description": "Further answers, of the same form."},
    },
    "required": list(_PROPERTIES),
    "additionalProperties": False,
}
"""Output schema of every tool that answers with a Result."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted, and how."""

    start: int = 0
    rows: int = DEFAULT_ROWS
    most_bytes: int = DEFAULT_BYTES
    columns: tuple[str, ...] | None = None
    """Names; None: those that are not hidden. ``SOURCE_COLUMNS`` are added in any case."""
    zone: str = "UTC"
    mask: bool = False
    """Numbers that would be masked as texts are given as texts, so that they are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool gives, before it is made fit to leave."""

    structured: dict[str, Any]
    text: Any = None
    """What the text content holds as JSON; None: the same as ``structured``."""
    remark: str = ""
    """A further text content."""
    picture: bytes | None = None
    """A PNG."""


def answer_of(result: Result, page: Page, limits: Limits) -> tuple[dict[str, Any], int]:
    """The structured answer, and the number of the row after its last.

    Raises:
        UsageError: A column is named that the result has not got.
    """
    columns = _columns(result, page)
    total = len(result.rows)
    rows, cut_texts = _rows(result, columns, page, limits, total)
    end = page.start + len(rows)
    cut = []
    if end < total:
        cut.append(
            f"rows {page.start + 1:,} to {end:,} of {total:,}; call again with next_cursor, or narrow the question"
        )
    if cut_texts:
        cut.append(
            f"{cut_texts:,} texts had more than {limits.text_chars:,} characters; the sql tool gives parts: "
            "substr(text, START, LENGTH)"
        )
    answer = _frame(result, columns, page) | {
        "rows": rows,
        "first_row": page.start,
        "total_rows": total,
        "cut": cut,
    }
    if result.parts:
        part_page = replace(page, start=0, rows=_PART_ROWS, columns=None)
        answer["parts"] = [answer_of(replace(part, parts=()), part_page, limits)[0] for part in result.parts]
    return answer, end


def _frame(result: Result, columns: tuple[Column, ...], page: Page) -> dict[str, Any]:
    """Everything but rows."""
    import orjson

    from twsla.export.json_text import write_json
    from twsla.render.shown import RenderOptions

    sink = io.BytesIO()
    bare = replace(result, columns=(), rows=_NoRows(), parts=(), charts=())
    write_json(bare, sink, RenderOptions(zone=page.zone))
    said = orjson.loads(sink.getvalue())
    return {
        "title": result.title,
        "columns": [
            {
                "name": each.name,
                "title": each.title,
                "kind": each.kind.value,
                **({"unit": each.unit} if each.unit else {}),
            }
            for each in columns
        ],
        "facts": said["facts"],
        "notes": said["notes"],
        "charts": [type(chart).__name__.lower() for chart in result.charts],
        "next_cursor": None,
    }


class _NoRows(ArrowRows):
    def __init__(self) -> None:
        import pyarrow as pa

        super().__init__(pa.table({}))


def _columns(result: Result, page: Page) -> tuple[Column, ...]:
    from twsla.render.shown import RenderOptions, chosen_columns

    return chosen_columns(result, RenderOptions(columns=page.columns, with_source=True))


def _rows(
    result: Result, columns: tuple[Column, ...], page: Page, limits: Limits, total: int
) -> tuple[list[dict[str, Any]], int]:
    """The rows, until there are enough of them or of their bytes; and how many texts were cut."""
    import orjson

    found: list[dict[str, Any]] = []
    size = cut = 0
    end = min(total, page.start + page.rows)
    while columns and page.start + len(found) < end:
        start = page.start + len(found)
        step = typed_rows(result, columns, start, min(_STEP_ROWS, end - start), page.zone)
        if not step:
            break
        for row in step:
            cut += _shorten(row, limits.text_chars)
            if page.mask:
                _as_texts(row, columns)
            size += len(orjson.dumps(row)) + 1
            if size > page.most_bytes and found:
                return found, cut
            found.append(row)
    return found, cut


def _shorten(row: dict[str, Any], most: int) -> int:
    """Cut long texts; gives how many."""
    count = 0
    for name, value in row.items():
        if isinstance(value, str) and len(value) > most:
            row[name] = f"{value[:most]}…[{len(value) - most:,} more characters]"
            count += 1
    return count


def _as_texts(row: dict[str, Any], columns: tuple[Column, ...]) -> None:
    """Long numbers that may have been taken out of texts (``card::BIGINT``) as texts."""
    for each in columns:
        value = row[each.name]
        if each.kind in (Kind.COUNT, Kind.NUMBER) and each.name not in SOURCE_COLUMNS and value is not None:
            text = str(int(value) if isinstance(value, float) and value.is_integer() else value)
            if len(text) >= _LONG_NUMBER:
                row[each.name] = text


def typed_rows(result: Result, columns: tuple[Column, ...], start: int, count: int, zone: str) -> list[dict[str, Any]]:
    """Rows as JSON has them, just as ``--format jsonl`` writes them."""
    import orjson

    from twsla.export.json_text import write_jsonl
    from twsla.render.shown import RenderOptions

    sink = io.BytesIO()
    names = tuple(each.name for each in columns)
    few = replace(result, rows=ArrowRows(result.rows.slice(start, count)))
    write_jsonl(few, sink, RenderOptions(zone=zone, columns=names))
    return [orjson.loads(line) for line in sink.getvalue().splitlines()]
