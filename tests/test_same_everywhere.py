"""One result, every format: each registered command's example and a result of every awkward value, cell by cell."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt

from tests.analysis.commands import answered
from tests.conftest import ROOT
from tests.render import charted
from twsla import registry
from twsla.export.write import write_result
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Line, Pie
from twsla.model.result import Kind
from twsla.render.chartdata import chart_data
from twsla.render.drawings import Bars, Points, Slices
from twsla.render.escape import escape_text
from twsla.render.html import MOST_ROWS
from twsla.render.shown import RenderOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twsla.model.result import Result

ANALYSES = [name for name, entry in registry.COMMANDS.items() if isinstance(registry.load(entry), Analysis)]
Cells = list[list[str]]


# --- reading each format back: the heading, then the rows --------------------------------------------------------


def read_csv(data: bytes) -> Cells:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def read_tsv(data: bytes) -> Cells:
    lines = data.decode().removesuffix("\n").split("\n")
    return [[_without_backslashes(cell) for cell in line.split("\t")] for line in lines]


def _without_backslashes(cell: str) -> str:
    text, at = "", 0
    while at < len(cell):
        if cell[at] == "\\":
            text += {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}[cell[at + 1]]
            at += 2
        else:
            text += cell[at]
            at += 1
    return text


def read_markdown(data: bytes) -> Cells:
    """By a reader of Markdown; line ends and control characters are shown there, so tests compare without them."""
    tokens = MarkdownIt("js-default", {"html": True}).enable("table").parse(data.decode())
    cells = False
    rows: Cells = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        cells = token.type in ("td_open", "th_open") or (cells and token.type == "inline")
        if token.type == "inline" and cells:
            rows[-1].append("".join(child.content if child.type == "text" else "\n" for child in token.children or ()))
    return rows


class _Table(HTMLParser):
    """The cells of the page; the exact text where the cell has one behind it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: Cells = []
        self._exact: str | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._exact = dict(attrs).get("title")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False
            self.rows[-1][-1] = self.rows[-1][-1] if self._exact is None else self._exact

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def read_html(data: bytes) -> Cells:
    table = _Table()
    table.feed(re.sub("<script.*?</script>", "", data.decode(), flags=re.DOTALL))
    return table.rows


Typed = tuple[list[str], list[list[Any]]]


def read_json(data: bytes) -> Typed:
    document = json.loads(data)
    names = [column["name"] for column in document["columns"]]
    return names, [[row[name] for name in names] for row in document["rows"]]


def read_jsonl(data: bytes) -> Typed:
    rows = [json.loads(line) for line in data.decode().splitlines()]
    names = list(rows[0]) if rows else []
    return names, [[row[name] for name in names] for row in rows]


def read_parquet(data: bytes) -> Typed:
    table = pq.read_table(io.BytesIO(data))
    columns = []
    for name in table.column_names:
        column = table[name]
        columns.append(
            column.cast(pa.int64()).to_pylist() if pa.types.is_timestamp(column.type) else column.to_pylist()
        )
    return table.column_names, [list(row) for row in zip(*columns, strict=True)]


AS_TEXT: dict[str, Callable[[bytes], Cells]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "md": read_markdown,
    "html": read_html,
}
TYPED: dict[str, Callable[[bytes], Typed]] = {"json": read_json, "jsonl": read_jsonl, "parquet": read_parquet}
NOT_COMPARED = {
    "plain": "the TSV, or the bare texts",
    "table": "display texts, for eyes",
    "png": "a picture; its points are compared below",
}


def test_every_format_is_compared_or_says_why_not() -> None:
    assert set(registry.EXPORTERS) == {*AS_TEXT, *TYPED, *NOT_COMPARED}


# --- comparing ---------------------------------------------------------------------------------------------------


def compare(written: dict[str, bytes], kinds: list[str]) -> None:
    """All formats against CSV for texts and JSON for values, and these two against each other."""
    texts = {name: read(written[name])[1:] for name, read in AS_TEXT.items()}
    values = {name: read(written[name])[1] for name, read in TYPED.items()}
    assert texts["tsv"] == texts["csv"]
    for name, kept in (("md", "\n"), ("html", "\t\n")):  # read by people: control characters are escaped there
        expected = [[escape_text(text, keep=kept) for text in row] for row in texts["csv"]]
        assert texts[name] == (expected[:MOST_ROWS] if name == "html" else expected), name
    assert values["jsonl"] == values["json"]
    assert len(values["parquet"]) == len(values["json"]) == len(texts["csv"])
    for row, typed, exact in zip(texts["csv"], values["json"], values["parquet"], strict=True):
        for kind, text, value, held in zip(kinds, row, typed, exact, strict=True):
            assert is_same(kind, text, value), (kind, text, value)
            assert kind == "time" or is_equal(value, held), (kind, value, held)


def is_same(kind: str, text: str, value: Any) -> bool:
    """Whether a canonical text and a value of JSON say the same."""
    if value is None:
        return text in {"", "NaN", "Infinity", "-Infinity"}
    if kind in {"time", "duration"} and text != str(value):
        return bool(text)  # a layout for people: 2024/05/06 10:00, 3m0s
    if isinstance(value, bool):
        return text == str(value).lower()
    if isinstance(value, float):
        return float(text) == value
    return json.loads(text) == value if isinstance(value, (list, dict)) else text == str(value)


def is_equal(value: Any, held: Any) -> bool:
    """Whether values of JSON and of Parquet are the same; JSON has no NaN and no infinities."""
    if isinstance(held, float) and (held != held or abs(held) == float("inf")):
        return value is None
    return bool(value == held)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everywhere") / "case.db"
    answered("import", "-d", folder, ROOT / "testdata" / "logs")
    return folder


@pytest.mark.parametrize("name", ANALYSES)
def test_every_commands_example_is_the_same_in_every_format(name: str, store: Path, tmp_path: Path) -> None:
    target = registry.load(registry.COMMANDS[name])
    assert isinstance(target, Analysis)
    words = shlex.split(target.example.splitlines()[0])[1:]

    def write(format_name: str) -> bytes:
        path = tmp_path / f"out.{format_name}"
        answered(*words, "-d", store, "--format", format_name, "-o", path, "--force")
        return path.read_bytes()

    document = json.loads(write("json"))
    if "parts" in document:
        compare_parts(document["parts"], write("html"))
        return
    written = {format_name: write(format_name) for format_name in (*AS_TEXT, *TYPED)}
    compare(written, [column["kind"] for column in document["columns"]])
    check_charts(document, written["html"])


def compare_parts(parts: list[dict[str, Any]], page: bytes) -> None:
    """A document of several tables: the page has them all, with all their rows."""
    tables = [part for part in parts if part["columns"]]
    assert len(read_html(page)) == sum(1 + min(MOST_ROWS, len(part["rows"])) for part in tables)


def check_charts(document: dict[str, Any], page: bytes) -> None:
    """What the page draws adds up to what the rows hold."""
    data = page.decode().partition('id="charts">')[2].partition("</script>")[0]
    figures = json.loads(data) if data else []
    kinds = {column["name"]: column["kind"] for column in document["columns"]}
    drawn = [chart for chart in document["charts"] if document["rows"]]
    if len(figures) != len(drawn):
        return  # one says that there is nothing to draw
    for chart, figure in zip(drawn, figures, strict=True):
        name = {"bar": "y", "pie": "value"}.get(chart["type"])
        if name is None or kinds.get(chart[name]) != "count":
            continue
        values = [row[chart[name]] or 0 for row in document["rows"]]
        lying = {"h": "x"}
        shown = [trace.get("values") or trace[lying.get(trace.get("orientation"), "y")] for trace in figure["data"]]
        assert sum(map(sum, shown)) == sum(values), chart


# --- results of our own ------------------------------------------------------------------------------------------


def all_formats(value: Result) -> dict[str, bytes]:
    written = {}
    for name in (*AS_TEXT, *TYPED):
        sink = io.BytesIO()
        write_result(value, sink, name, RenderOptions(zone="Asia/Tokyo"))
        written[name] = sink.getvalue()
    return written


@pytest.mark.parametrize(
    "name", [name for name in charted.every_kind() if name not in {"line-long", "bars-many", "empty"}]
)
def test_charted_results_are_the_same_in_every_format(name: str) -> None:
    value = charted.every_kind()[name]

    compare(all_formats(value), [column.kind.value for column in value.columns if not column.hidden])


@pytest.mark.parametrize("name", charted.every_kind())
def test_the_points_of_a_chart_are_the_values_of_the_rows(name: str) -> None:
    value = charted.every_kind()[name]
    (chart, *_), table = value.charts, value.rows.slice(0, len(value.rows))
    drawing = chart_data(chart, value)

    match chart, drawing:
        case Line(split=None), Points() if not drawing.notes:
            for column, series in zip(chart.y, drawing.series, strict=True):
                scale = 1e9 if value.columns[1].kind is Kind.DURATION else 1
                assert series.y.tolist() == pytest.approx([v / scale for v in table[column].to_pylist()], rel=1e-12)
        case ((Bar(y=column) | Line(y=(column,))), (Bars() | Points())) if not drawing.notes:
            assert sum(float(each.y.sum()) for each in drawing.series) == sum(table[column].to_pylist())
        case Pie(), Slices():
            assert drawing.values.sum() == sum(v for v in table[chart.value].to_pylist() if v > 0)
        case _:
            pass
