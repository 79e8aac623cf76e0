"""Whatever the rows hold, every chart is drawn on every surface."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.render.charted import HOSTILE, result
from twsla.export.write import write_result
from twsla.model.charts import Bar, Graph, Heatmap, Histogram, Line, Pie, Places, Scatter
from twsla.model.result import Column, Kind, Result
from twsla.render.png import chart_png
from twsla.render.shown import RenderOptions
from twsla.render.terminal_chart import chart_lines
from twsla.render.widths import width

COLUMNS = (
    Column("time", "Time", Kind.TIME),
    Column("key", "Key", Kind.LOG),
    Column("other", "Other", Kind.TEXT),
    Column("count", "Count", Kind.COUNT),
    Column("number", "Number", Kind.NUMBER, unit="%"),
    Column("delay", "Delay", Kind.DURATION),
    Column("size", "Size", Kind.BYTES),
)
CHARTS: tuple[Any, ...] = (
    Line("time", ("number", "count")),
    Line("time", ("delay",), step_ns=60_000_000_000),
    Line("number", ("count",)),
    Line("time", ("count",), split="key"),
    Line("time", ("number",), split="key"),
    Line("time", ("key",)),
    Line("key", ("count",)),
    Bar("time", "count"),
    Bar("time", "number"),
    Bar("time", "size", split="key"),
    Bar("key", "count", top=2),
    Bar("key", "number", split="other", top=2),
    Bar("count", "delay"),
    Pie(("key", "other"), "number", top=2),
    Histogram("number"),
    Histogram("time"),
    Histogram("key"),
    Scatter("time", "delay"),
    Scatter("number", "number"),
    Heatmap("time", "key", "count"),
    Heatmap("count", "number", "size"),
    Graph("key", "other", "count"),
    Graph("key", "other", "number"),
    Places("number", "count", "key", "count"),
)

ROW = st.tuples(
    st.one_of(st.none(), st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 10**10)),
    st.one_of(st.none(), st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=8)),
    st.one_of(st.none(), st.sampled_from(["a", "b", ""])),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 20)),
    st.one_of(st.none(), st.floats(), st.floats(-100, 100)),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 10**10)),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
)
ROWS = st.lists(ROW, max_size=12)
OFTEN = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SELDOM = settings(OFTEN, max_examples=4)


def made(rows: list[tuple[Any, ...]], chart: Any) -> Result:
    values = {column.name: [row[place] for row in rows] for place, column in enumerate(COLUMNS)}
    return result("Any", [chart], COLUMNS, **values)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: repr(chart)[:40])
@OFTEN
@given(ROWS)
def test_with_characters(chart: Any, rows: list[tuple[Any, ...]]) -> None:
    for line in chart_lines(made(rows, chart), chart, zone="Europe/Berlin", width=60):
        assert width(line) <= 60


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: repr(chart)[:40])
@OFTEN
@given(ROWS)
def test_in_a_page(chart: Any, rows: list[tuple[Any, ...]]) -> None:
    sink = io.BytesIO()
    write_result(made(rows, chart), sink, "html", RenderOptions(zone="Asia/Kolkata"))

    figures = sink.getvalue().partition(b'id="charts">')[2].partition(b"</script>")[0]
    json.loads(
        figures or b"[]", parse_constant=pytest.fail
    )  # NaN and Infinity are no JSON; as texts they may stand there


@pytest.mark.slow
@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: repr(chart)[:40])
@SELDOM
@given(ROWS)
def test_as_a_picture(chart: Any, rows: list[tuple[Any, ...]]) -> None:
    assert chart_png(made(rows, chart), chart, zone="Europe/Berlin").startswith(b"\x89PNG")
