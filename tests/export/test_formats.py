"""What each format does to its cells."""

from __future__ import annotations

import csv
import io
import json
import math
import random
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from twsla.export.json_text import chart_value, dumps
from twsla.export.write import FORMATS, RenderOptions, write_result
from twsla.model.charts import Bar, Line
from twsla.model.result import ArrowRows, Column, Kind, Result
from twsla.render.escape import HOSTILE, escape_text
from twsla.render.highlight import Mark
from twsla.render.shown import PIECE_ROWS

TEXTS = st.lists(
    st.text(
        st.one_of(st.sampled_from(',";\t\n\r\\ |=+-@\'<&`[]_*\x00\x1b\u202e日"'), st.characters(codec="utf-8")),
        max_size=8,
    ),
    min_size=1,
    max_size=6,
)


def result(texts: list[Any], *, bare: bool = False, **more: pa.Array) -> Result:
    columns = [Column("text", "Text", Kind.LOG)]
    columns += [Column(name, name, Kind.COUNT if name == "line_no" else Kind.TEXT, hidden=True) for name in more]
    rows = ArrowRows(pa.table({"text": pa.array(texts, pa.string()), **more}))
    return Result(
        "T", tuple(columns), rows, bare="text" if bare else None, bare_break="block" if "block" in more else None
    )


def pair(texts: list[str]) -> Result:
    """Two columns with the same texts: one would hide what happens at separators."""
    columns = (Column("text", "Text", Kind.LOG), Column("again", "Again", Kind.TEXT))
    return Result("T", columns, ArrowRows(pa.table({"text": texts, "again": texts})))


def written(value: Result, name: str, **options: Any) -> str:
    sink = io.BytesIO()
    write_result(value, sink, name, RenderOptions(**options))
    return sink.getvalue().decode()


@given(TEXTS)
def test_csv_is_what_the_csv_module_reads(texts: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(written(pair(texts), "csv"), newline="")))

    assert rows == [["text", "again"], *([text, text] for text in texts)]


@given(TEXTS)
def test_csv_is_what_the_csv_module_writes(texts: list[str]) -> None:
    texts = [text.replace("\r", "") for text in texts]  # which that module leaves without quotes
    expected = io.StringIO(newline="")
    csv.writer(expected, lineterminator="\n").writerows([["text"], *([text] for text in texts)])

    assert written(result(texts), "csv") == expected.getvalue()


@given(TEXTS)
def test_tsv_reads_back(texts: list[str]) -> None:
    lines = written(pair(texts), "tsv").removesuffix("\n").split("\n")

    rows = [[unescaped(cell) for cell in line.split("\t")] for line in lines]
    assert rows == [["text", "again"], *([text, text] for text in texts)]


def unescaped(cell: str) -> str:
    parts = iter(cell)
    return "".join(
        {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}[next(parts)] if char == "\\" else char for char in parts
    )


@given(TEXTS)
def test_json_reads_back(texts: list[str]) -> None:
    assert [row["text"] for row in json.loads(written(result(texts), "json"))["rows"]] == texts
    lines = written(pair(texts), "jsonl").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == [{"text": text, "again": text} for text in texts]


def set_in(text: str) -> str:
    """A cell keeps the blanks at its beginning, as blanks that do not break, and drops those at its end."""
    rest = text.lstrip(" ")
    blanks = len(text) - len(rest)
    return "\xa0" * blanks + rest.rstrip() if blanks else rest.strip()


@given(TEXTS)
def test_markdown_renders_as_the_text(texts: list[str]) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(written(pair(texts), "md"))
    cells = [token for token, before in zip(tokens[1:], tokens, strict=False) if before.type == "td_open"]

    shown = [
        "".join(part.content if part.type == "text" else part.type + part.content for part in cell.children or ())
        for cell in cells
    ]
    marked = [set_in(escape_text(text, keep="\n").replace("\n", "html_inline<br>")) for text in texts for _ in range(2)]
    assert [text.replace("text_special", "") for text in shown] == marked


def test_markdown_breaks_links_up() -> None:
    page = written(result(["see http://evil.example/x and WWW.evil.example"]), "md")

    assert "http://" not in page
    assert "www." not in page.lower()
    assert "http:&#47;/evil.example/x and WWW&#46;evil.example" in page


@pytest.mark.parametrize("start", list("=+-@\t\r\n"))
@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_formulas_are_guarded_in_texts_only(start: str, name: str) -> None:
    columns = (Column("text", "T", Kind.OBSERVABLE), Column("n", "N", Kind.COUNT))
    value = Result("T", columns, ArrowRows(pa.table({"text": [f"{start}1", "ok"], "n": [-1, 2]})))

    guarded = written(value, name, guard_formulas=True)
    plain = written(value, name)

    assert guarded.replace("'", "", 1) == plain
    assert guarded.count("'") == 1


@given(TEXTS)
def test_plain_texts_are_written_unchanged(texts: list[str]) -> None:
    assert written(result(texts, bare=True), "plain") == "".join(f"{text}\n" for text in texts)


@pytest.mark.parametrize("name", ["plain", "table", "csv", "tsv", "json", "jsonl", "md"])
@given(texts=TEXTS)
def test_nothing_hostile_reaches_a_terminal(name: str, texts: list[str]) -> None:
    for value in (pair(texts), result(texts, bare=True)):
        assert not set(written(value, name, escape=True)) & (set(HOSTILE) - {"\n", "\t"})


def test_plain_texts_with_their_source() -> None:
    places = {"source": pa.array(["x.log", "y.log"]), "line_no": pa.array([7, 1234]), "offset": pa.array([90, 10**6])}
    value = result(["a", "b\nc"], bare=True, **places)

    assert written(value, "plain", with_source=True) == "x.log:7:90:a\ny.log:1234:1000000:b\nc\n"
    csv = 'text,source,line_no,offset\na,x.log,7,90\n"b\nc",y.log,1234,1000000\n'
    assert written(value, "csv", with_source=True) == csv
    assert written(value, "csv", with_source=True, columns=("text",)) == csv
    assert written(value, "csv", with_source=True, columns=("offset",)).startswith("offset,source,line_no\n90,x.log,7")
    assert written(value, "plain") == "a\nb\nc\n"


def test_a_line_stands_between_blocks_of_context() -> None:
    value = result(["a", "b", "c", "d"], bare=True, block=pa.array([1, 1, 2, 3]))

    assert written(value, "plain") == "a\nb\n--\nc\n--\nd\n"
    assert written(value, "csv") == "text\na\nb\nc\nd\n"


def test_blocks_go_on_over_the_edge_of_a_piece() -> None:
    count = PIECE_ROWS + 2
    value = result(["a"] * count, bare=True, block=pa.array([1] * (count - 1) + [2]))

    assert written(value, "plain") == "a\n" * (count - 1) + "--\na\n"


def test_plain_texts_are_coloured_for_a_terminal_with_colour_only() -> None:
    value = result(["a fail\x1b"], bare=True)
    marks = (Mark("fail", "38;5;9"),)

    assert written(value, "plain", marks=marks, colour=True, escape=True) == "a \x1b[38;5;9mfail\x1b[0m\\x1b\n"
    assert written(value, "plain", marks=marks) == "a fail\x1b\n"


@pytest.mark.parametrize("name", FORMATS)
def test_pieces_do_not_show(name: str) -> None:
    rng = random.Random(7)
    texts = [rng.choice(["plain", 'quo"te', "new\nline", "", "日本", None]) for _ in range(PIECE_ROWS + 100)]
    charts = (Bar("text", "line_no"),)
    whole = replace(result(texts, line_no=pa.array(range(len(texts)))), charts=charts)
    table = whole.rows.slice(0, len(texts))
    split = pa.concat_tables([table.slice(0, 10), table.slice(10, 0), table.slice(10)])

    def rows(value: Result) -> object:
        sink = io.BytesIO()
        write_result(value, sink, name, RenderOptions(columns=("text", "line_no")))
        return pq.read_table(io.BytesIO(sink.getvalue())) if name == "parquet" else sink.getvalue()

    assert rows(whole) == rows(Result("T", whole.columns, ArrowRows(split), charts=charts))


def test_json_without_rows_and_columns_is_still_an_object() -> None:
    value = Result("T", (), ArrowRows(pa.table({})))

    assert json.loads(written(value, "json")) == {
        "title": "T",
        "columns": [],
        "rows": [],
        "facts": {},
        "charts": [],
        "notes": [],
    }


def test_a_parquet_column_without_values_has_the_type_of_its_kind() -> None:
    kinds = [Kind.TIME, Kind.COUNT, Kind.SCORE, Kind.LOG]
    columns = tuple(Column(kind.value, kind.value, kind) for kind in kinds)
    rows = ArrowRows(pa.table({kind.value: pa.nulls(1) for kind in kinds}))
    sink = io.BytesIO()

    write_result(Result("T", columns, rows), sink, "parquet", RenderOptions())

    schema = pq.read_schema(io.BytesIO(sink.getvalue()))
    assert schema.types == [pa.timestamp("ns", "UTC"), pa.int64(), pa.float64(), pa.string()]


def test_json_of_values_never_holds_what_json_has_no_word_for() -> None:
    assert (
        dumps({"a": [math.nan, math.inf, -0.0, "\x9b\u202e\x00"]}) == '{"a":[null,null,-0.0,"\\u009b\\u202e\\u0000"]}'
    )


def test_a_chart_is_its_type_and_fields() -> None:
    assert chart_value(Line("ts", ("count", "mean"))) == {
        "type": "line",
        "x": "ts",
        "y": ["count", "mean"],
        "split": None,
        "title": "",
        "step_ns": None,
    }
