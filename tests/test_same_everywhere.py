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

from tests.analysis.commands import answered, twsla
from tests.cli import mails
from tests.conftest import ROOT, SHARED
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
from twsla.store.marks import Mark, MarkFile

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
    **dict.fromkeys(("timesketch", "navigator", "sarif"), "for detections alone, which have tests of their own"),
}


def test_every_format_is_compared_or_says_why_not() -> None:
    assert set(registry.EXPORTERS) == {*AS_TEXT, *TYPED, *NOT_COMPARED}


# --- comparing ---------------------------------------------------------------------------------------------------


def compare(written: dict[str, bytes], kinds: list[str]) -> None:
    """All formats against CSV for texts and JSON for values, and these two against each other."""
    texts = {name: read(written[name])[1:] for name, read in AS_TEXT.items()}
    texts["md"] = [[re.sub("^\xa0+", lambda indent: " " * len(indent[0]), text) for text in row] for row in texts["md"]]
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


LATE = """\
2024-05-06 06:00:00 GET /a \x1b[31mred\x07 \u202egpj.exe =HYPERLINK("http://evil.example") <script>alert(1)</script>
2024-05-06 06:00:09 GET /b @SUM(1+1) | pipe \\ back\ttab
2024-05-06 06:00:02 GET /c late by seven seconds from 203.0.113.77
"""
"""Steps back in time, and what terminals, spreadsheets and browsers would obey."""
OTHER_WORDS = {
    "search": "search -t 2024-05-06,1d --with-source --limit 50",
    "email search": "email search --columns ts,from,subject,sender_ip",
    "verify": "verify",
    "marks": "marks",
    "windows logons": "windows logons --by user,computer,address",
    "windows processes": "windows processes --limit 50",
    "windows base64": "windows base64",
    "windows scripts": "windows scripts",
    "windows gaps": "windows gaps --silence 1s",
}
"""Where the example of a command finds nothing in these records."""
WINDOWS = ("tutto_malseclogon", "scriptblockLog_4104", "discovery_sysmon_1_iis")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everywhere")
    store = folder / "case.db"
    (folder / "late.log").write_text(LATE)
    for name, text in (("a.eml", mails.EXAMPLE), ("b.eml", mails.JAPANESE)):
        (folder / name).write_bytes(text)
    answered("import", "-d", store, ROOT / "testdata" / "logs", folder / "late.log", folder / "a.eml", folder / "b.eml")
    marks = MarkFile(store)
    at = json.loads(answered("search", "-d", store, "--with-source", "--limit", "1", "--format", "jsonl").text)
    marks.add(Mark(at["source"], at["offset"], at["line_no"], None, tags=("c2",), comment="=cmd() <b>note</b>"))
    return store


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of event logs: logons, processes, scripts."""
    if not SHARED.is_dir():
        pytest.skip("the shared collection of event logs is not beside the project")
    store = tmp_path_factory.mktemp("windows") / "case.db"
    logs = SHARED / "data" / "evtx" / "EVTX-ATTACK-SAMPLES"
    answered("import", "-d", store, *(next(logs.rglob(f"*{name}*.evtx")) for name in WINDOWS))
    return store


@pytest.mark.parametrize("name", ANALYSES)
def test_every_commands_example_is_the_same_in_every_format(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    target = registry.load(registry.COMMANDS[name])
    assert isinstance(target, Analysis)
    words = shlex.split(OTHER_WORDS.get(name, target.example.splitlines()[0].removeprefix("twsla ")))
    store = request.getfixturevalue("windows" if name.startswith("windows") else "store")

    def write(format_name: str, code: int = 0) -> bytes:
        path = tmp_path / f"out.{format_name}"
        done = twsla(*words, "-d", store, "--format", format_name, "-o", path, "--force")
        assert done.code == code, done.err
        return path.read_bytes() if code == 0 else done.err.encode()

    document = json.loads(write("json"))
    if "parts" in document:
        compare_parts(document["parts"], write("html"))
        return
    assert document["rows"], "rows that are none are the same everywhere"
    written = {format_name: write(format_name) for format_name in (*AS_TEXT, *TYPED)}
    compare(written, [column["kind"] for column in document["columns"]])
    check_charts(document, written["html"])
    check_plain(document, write("plain"), written["tsv"])
    check_table(document, write("table"))
    if document["charts"]:
        assert write("png").startswith(b"\x89PNG\r\n")
    else:
        assert b"chart" in write("png", code=2)
    hostile = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
    for format_name in ("md", "html"):
        assert not hostile.search(re.sub("<script.*?</script>", "", written[format_name].decode(), flags=re.DOTALL))


def check_plain(document: dict[str, Any], plain: bytes, tsv: bytes) -> None:
    """Plain output is the TSV, or of searches the texts as they are."""
    if plain == tsv:
        return
    texts = [row.get("text") for row in document["rows"]]
    if None in texts:
        assert read_tsv(plain)[1:] == read_tsv(tsv)[1:]
        return
    kept = [line for line in plain.decode().split("\n") if line]
    assert all(line.endswith(text.split("\n")[-1]) for line, text in zip(kept[-1:], texts[-1:], strict=True))
    assert plain.count(b"\n") == sum(text.count("\n") + 1 for text in texts)


def check_table(document: dict[str, Any], table: bytes) -> None:
    """Rows for eyes: as many lines, each with all the counts of its row."""
    counts = [column["name"] for column in document["columns"] if column["kind"] == "count"]
    lines = table.decode().splitlines()[2:-1]
    assert len(lines) >= len(document["rows"])
    for line, row in zip(lines, document["rows"], strict=False):
        for name in counts:
            assert row[name] is None or f"{row[name]:,}" in line, (name, line)


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
