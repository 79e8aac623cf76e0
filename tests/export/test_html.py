"""The page: complete in itself, nothing in it runs or connects that is not ours, and it shows what the rows hold."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.browser import needs_browser, opened
from tests.render import charted
from twsla.errors import UsageError
from twsla.export.write import write_result
from twsla.model.charts import Bar, Line
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result, ValueRows
from twsla.render import html as page_module
from twsla.render.chartdata import chart_data
from twsla.render.html import MOST_ROWS
from twsla.render.plotly_figures import figure_of
from twsla.render.shown import RenderOptions
from twsla.render.ticks import time_ticks, zone_spans

if TYPE_CHECKING:
    from pathlib import Path

CASES = charted.every_kind()
VOID = {"meta", "input", "br"}


@dataclass
class Page(HTMLParser):
    """What a browser would find in the page."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    scripts: list[tuple[dict[str, str], str]] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    titles: list[list[str]] = field(default_factory=list)
    text: str = ""
    stack: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "script":
            self.scripts.append((values, ""))
        elif tag == "tr":
            self.cells.append([])
            self.titles.append([])
        elif tag in ("td", "th"):
            self.cells[-1].append("")
            self.titles[-1].append(values.get("title", ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag, "every element is closed where it should be"

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif "td" in self.stack or "th" in self.stack:
            self.cells[-1][-1] += data
        elif "style" not in self.stack:
            self.text += data

    def json(self, name: str) -> Any:
        return json.loads(next(text for attrs, text in self.scripts if name in (attrs.get("id"), attrs.get("class"))))


def source(value: Result, **options: Any) -> str:
    sink = io.BytesIO()
    write_result(value, sink, "html", RenderOptions(**options))
    return sink.getvalue().decode()


def parsed(value: Result, **options: Any) -> Page:
    page = Page()
    page.feed(source(value, **options))
    page.close()
    assert page.stack == []
    return page


def without_charts(value: Result) -> Result:
    return replace(value, charts=())


# --- nothing runs or connects that is not ours -------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_policy_names_the_scripts_by_their_hashes_and_forbids_everything_else(name: str) -> None:
    page = parsed(CASES[name])

    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    running = [text for attrs, text in page.scripts if attrs.get("type") != "application/json"]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in running]
    assert len(running) == (1 if name == "empty" else 2)
    assert policy == (
        f"default-src 'none'; script-src {' '.join(hashes)}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", CASES)
def test_no_element_loads_anything_and_none_has_an_event_handler(name: str) -> None:
    page = parsed(CASES[name])

    assert {tag for tag, _ in page.tags} <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "div", "dt", "dd", "ul", "li", "section",
        "p", "span", "input", "table", "thead", "tbody", "tr", "th", "td", "button", "script", "footer",
    }  # fmt: skip
    names = {name for _, attrs in page.tags for name in attrs}
    assert not names & {"src", "href", "action", "style", "srcdoc", "data"}
    assert not {name for name in names if name.startswith("on")}


def test_the_library_is_in_the_page_once_and_only_where_there_are_charts() -> None:
    with_two = source(charted.pairs())

    assert with_two.count("plotly.js v") == 1
    assert "plotly" not in source(without_charts(charted.pairs())).lower().replace("window.plotly", "").replace(
        "plotly.", ""
    ).replace("with plotly", "").replace("plotly_", "").replace("plotly's", "").replace("plotlyserverurl", "")
    assert len(source(without_charts(charted.pairs()))) < 20_000


def test_plotly_is_told_to_send_nothing_anywhere() -> None:
    text = source(charted.counts())

    assert 'showSendToCloud: false, plotlyServerURL: "", topojsonURL: ""' in text
    assert re.search(r'modeBarButtons: \[\["toImage"\], \.\.\.moves\]', text)


TEXTS = st.one_of(
    st.sampled_from(charted.HOSTILE),
    st.text(
        st.one_of(st.sampled_from("<>&\"'/!-\\`=;: \n\t\x00\u2028\u202e]"), st.characters(codec="utf-8")), max_size=30
    ),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS)
def test_any_text_is_text(texts: list[str], title: str) -> None:
    """Parsed back, the page has its own elements and no others, and the cells hold the texts."""
    columns = (Column("text", title, Kind.LOG), Column("n", "N", Kind.COUNT))
    rows = ArrowRows(pa.table({"text": texts, "n": list(range(len(texts)))}))
    facts = (Fact("fact", title, texts[0]),)
    value = Result(title, columns, rows, facts=facts, notes=(Note(texts[0]),))

    page = parsed(value)

    plain = parsed(
        replace(value, title="x", columns=(Column("text", "x", Kind.LOG), columns[1]), facts=(Fact("f", "x", "y"),))
    )
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert len(page.cells) == len(texts) + 1
    for (shown, _), text in zip(page.cells[1:], texts, strict=True):
        # Parsers join and normalise line ends and cannot hold NUL; all else is there, control characters visible.
        assert shown.replace("\\r", "") == charted_text(text)


def charted_text(text: str) -> str:
    """Control characters made visible, by the rule and not by our function."""
    shown = ""
    for char in text:
        code = ord(char)
        if char in "\t\n":
            shown += char
        elif char == "\r":
            shown += ""
        elif code < 0x20 or 0x7F <= code < 0xA0:
            shown += f"\\x{code:02x}"
        elif code in (0x61C, 0x200E, 0x200F, 0x2028, 0x2029) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
            shown += f"\\u{code:04x}"
        else:
            shown += char
    return shown


def test_texts_inside_figures_are_escaped_for_plotly() -> None:
    """Plotly takes HTML in labels: in the figures no ``<`` stands but in the folds and the boxes of our own."""
    for name in ("keys-hostile", "pie-hostile", "graph-hostile"):
        value = CASES[name]
        figure = figure_of(chart_data(value.charts[0], value))

        texts = list(_texts(figure))
        assert any("&lt;script&gt;" in text for text in texts), name
        assert not [text for text in texts if re.search("<(?!br>|extra></extra>|/extra>)", text)], name


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


# --- what is shown -----------------------------------------------------------------------------------------------


def test_the_table_shows_display_texts_with_the_exact_ones_behind_them() -> None:
    columns = (Column("n", "N", Kind.COUNT), Column("size", "Size", Kind.BYTES), Column("text", "Text", Kind.TEXT))
    rows = ValueRows(("n", "size", "text"), [(1234567, 1_500_000, "a"), (None, None, None)])

    page = parsed(Result("T", columns, rows))

    assert page.cells == [["N", "Size", "Text"], ["1,234,567", "1.5 MB", "a"], ["", "", ""]]
    assert page.titles[1] == ["1234567", "1500000", ""]


def test_facts_and_notes_are_blocks() -> None:
    page = parsed(charted.count_bars())

    assert "Hits" in page.text
    assert "31 records have no time stamp" in page.text


def test_times_are_in_the_zone_of_the_result_which_is_named() -> None:
    page = parsed(charted.counts(2), zone="Asia/Tokyo")

    assert page.cells[1][0] == "2024-05-06T09:00:00+09:00"
    assert "Times: Asia/Tokyo." in page.text
    (figure,) = page.json("charts")
    assert figure["layout"]["xaxis"]["title"]["text"] == "Time (Asia/Tokyo, UTC+09:00)"
    assert figure["data"][0]["customdata"][0] == "2024-05-06T09:00:00+09:00<br>Count 10"


def test_hidden_columns_stay_hidden_and_columns_can_be_chosen() -> None:
    value = Result(
        "T",
        (Column("a", "A", Kind.TEXT), Column("h", "H", Kind.TEXT, hidden=True)),
        ValueRows(("a", "h"), [("x", "y")]),
    )

    assert parsed(value).cells == [["A"], ["x"]]
    assert parsed(value, columns=("h", "a")).cells == [["H", "A"], ["y", "x"]]
    with pytest.raises(UsageError):
        source(value, columns=("nosuch",))


def test_more_rows_than_a_page_holds_are_cut_with_both_numbers() -> None:
    count = MOST_ROWS + 5
    value = Result("T", (Column("n", "N", Kind.COUNT),), ArrowRows(pa.table({"n": list(range(count))})))

    page = parsed(value)

    assert len(page.cells) == MOST_ROWS + 1
    assert f"The first {MOST_ROWS:,} of {count:,} rows; all are in CSV, JSON and Parquet." in page.text


def test_rows_with_very_long_texts_are_cut_and_said() -> None:
    value = Result("T", (Column("t", "T", Kind.LOG),), ArrowRows(pa.table({"t": ["x" * 4001, "y" * 4000]})))

    page = parsed(value)

    assert page.cells[1][0] == "x" * 4000 + " … (1 more characters)"
    assert page.cells[2][0] == "y" * 4000
    assert "1 long cell is cut after 4,000 characters." in page.text


def test_a_page_is_no_larger_than_browsers_bear() -> None:
    texts = [f"{number:06}" + "x" * 3900 for number in range(4800)]
    value = Result("T", (Column("t", "T", Kind.LOG),), ArrowRows(pa.table({"t": texts})))

    page = parsed(value)

    assert 3800 < len(page.cells) < 4200
    assert f"The first {len(page.cells) - 1:,} of 4,800 rows" in page.text


def test_ranks_sort_as_the_rows_do() -> None:
    table = pa.table({"n": [10, 9, None, 9], "t": ["b", None, "a", "B"], "l": [["x"], [], None, ["a"]]})
    columns = (Column("n", "N", Kind.COUNT), Column("t", "T", Kind.TEXT), Column("l", "L", Kind.TEXT))

    ranks = parsed(Result("T", columns, ArrowRows(table))).json("ranks")

    assert ranks[0] == [2, 1, None, 1]
    assert [rank is None for rank in ranks[1]] == [False, True, False, False]
    order = sorted(range(4), key=lambda row: (ranks[1][row] is None, ranks[1][row] or 0))
    assert ArrowRows(table).sorted("t").table["t"].to_pylist() == [table["t"][row].as_py() for row in order]


def test_a_chart_that_cannot_be_drawn_says_so_in_its_place() -> None:
    value = replace(charted.counts(), charts=(Line("nosuch", ("count",)), Line("time", ("count",), title="Good")))

    page = parsed(value)

    assert "names a column 'nosuch' that it has not got." in page.text
    assert len(page.json("charts")) == 1
    assert [attrs["id"] for tag, attrs in page.tags if tag == "div" and "id" in attrs] == ["chart0"]


def test_no_rows_and_no_columns_are_still_a_page() -> None:
    assert "0 rows." in parsed(without_charts(charted.empty(Line("time", ("count",))))).text
    assert "<h1>T</h1>" in source(Result("T", (), ValueRows((), ())))
    assert "Nothing to draw: there are no rows." in parsed(CASES["empty"]).text


# --- figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CASES if name != "empty"])
def test_figures_are_valid_plotly(name: str) -> None:
    import plotly.graph_objects as go

    value = CASES[name]
    figure = figure_of(chart_data(value.charts[0], value))

    go.Figure(data=figure["data"], layout=figure["layout"])  # raises ValueError for what plotly does not know


def test_a_line_in_the_page_has_the_values_of_the_rows() -> None:
    value = charted.counts(300)
    table = value.rows.slice(0, 300)

    figure = figure_of(chart_data(value.charts[0], value))

    (trace,) = figure["data"]
    origin = figure["page"]["time"]["origin"]
    assert trace["y"] == table["count"].to_pylist()
    assert [round(x * 1e6) + origin * 10**9 for x in trace["x"]] == table["time"].cast("int64").to_pylist()


def test_times_far_apart_keep_their_nanoseconds() -> None:
    stamps = [-9_223_372_036_854_775_806, 0, 9_223_372_036_854_775_806]
    value = charted.result("T", [Bar("time", "count")], [charted.TIME, charted.COUNT], time=stamps, count=[1, 2, 3])

    figure = figure_of(chart_data(value.charts[0], value))

    assert len(figure["data"][0]["x"]) == 3
    assert np.isfinite(figure["data"][0]["x"]).all()
    assert figure["data"][0]["customdata"][2].startswith("2262-04-11T23:47:16.854775806Z")


# --- in a browser ------------------------------------------------------------------------------------------------


@needs_browser
@pytest.mark.parametrize(
    "name",
    [
        "line-over-summer-time",
        "lines",
        "keys-hostile",
        "pie-hostile",
        "heat",
        "graph-hostile",
        "places",
        "histogram",
        "scatter",
        "bars-stacked",
    ],
)
def test_a_browser_draws_it_and_complains_about_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(source(CASES[name], zone="Europe/Berlin"), "utf-8")

    found = opened(path)

    assert found.console == []
    assert "main-svg" in found.dom
    page = Drawn()
    page.feed(re.sub(r"<script.*?</script>", "", found.dom, flags=re.DOTALL))
    assert not {tag for tag, _ in page.tags} & {"img", "iframe", "form", "object", "embed", "link", "base"}
    assert {attrs["class"].split()[0] for tag, attrs in page.tags if tag == "a"} <= {"modebar-btn"}
    names = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in names if name.startswith("on")}
    links = [value for _, attrs in page.tags for key, value in attrs.items() if key.endswith("href")]
    assert all(link.startswith("data:image/png;base64,") for link in links)  # a heat map's cells
    if "hostile" in name:
        assert "<script>alert(1)</script>" in page.drawn


@dataclass
class Drawn(HTMLParser):
    """What is in a page that has been drawn, and the texts inside its pictures."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    drawn: str = ""
    inside: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = self.inside or tag == "svg"

    def handle_data(self, data: str) -> None:
        self.drawn += data if self.inside else ""


@needs_browser
def test_an_intruder_in_the_page_does_not_run(tmp_path: Path) -> None:
    """Even if escaping failed, the policy would hold."""
    text = source(charted.counts(3))
    intruder = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    path = tmp_path / "page.html"
    path.write_text(text.replace("</h1>", f"</h1>{intruder}"), "utf-8")

    found = opened(path)

    assert "<title>Count</title>" in found.dom
    assert len([line for line in found.console if "Content Security Policy" in line or "violates" in line]) >= 2


@needs_browser
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_the_pages_ticks_are_those_of_the_pictures(zone: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    asked: list[list[Any]] = []
    wanted: list[list[list[Any]]] = []
    for span_s in [*(10.0 ** rng.uniform(0, 9.3, 40)), 4 * 86_400, 40 * 86_400]:
        origin = int(rng.integers(0, 2_000_000_000))
        low, high = 0, int(span_s * 10**9)
        spans = zone_spans(origin, origin + int(span_s) + 1, zone)
        asked.append([low / 1e6, high / 1e6, {"origin": origin, "spans": [[s.start_s, s.offset_s] for s in spans]}, 9])
        ticks = time_ticks(origin * 10**9, origin * 10**9 + high, zone, 9)
        wanted.append(
            [[round(t.at) - origin * 10**9, f"{t.label}<br>{t.below}" if t.below else t.label] for t in ticks]
        )
    script = page_module._resource("page.js")
    path = tmp_path / "ticks.html"
    path.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body><pre id=out></pre><script>{script}</script><script>"
        f"const ticks = {json.dumps(asked)}.map((each) => twslaTimeTicks(...each));"
        "document.getElementById('out').textContent = JSON.stringify(ticks);</script>",
        "utf-8",
    )

    dom = opened(path).dom

    answer = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert answer is not None
    given = json.loads(answer[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    for got, expected, question in zip(given, wanted, asked, strict=True):
        assert got["ticktext"] == [label for _, label in expected], question
        assert np.allclose(got["tickvals"], [at / 1e6 for at, _ in expected], atol=1e-3)
