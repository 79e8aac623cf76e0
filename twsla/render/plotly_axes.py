"""Lines, points, bars and histograms as plotly figures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.cells import time_texts
from twsla.render.drawings import Axis, Bars, Bins, Points, Series
from twsla.render.figure_axes import amount_text
from twsla.render.palette import DASHES, OTHER, SERIES, series_colours
from twsla.render.plotly_texts import HOVER, Figure, hover_text, safe
from twsla.render.ticks import zone_label, zone_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.render.drawings import Floats, Numbers

_FEW_POINTS = 100
_MOST_NAMED = 40
_HEIGHT = 440


class _Along:
    """The horizontal axis: times as milliseconds from a whole second, so that no digit is lost."""

    def __init__(self, axis: Axis, series: Sequence[Series], width_ns: int = 0) -> None:
        self.axis = axis
        self.is_time = axis.kind is Kind.TIME
        ends = [(int(each.x[0]), int(each.x[-1])) for each in series if len(each.x)] if self.is_time else []
        self.first = min((first for first, _ in ends), default=0)
        self.last = max((last for _, last in ends), default=0) + width_ns
        self.origin_s = self.first // 10**9

    def values(self, x: Numbers) -> list[float]:
        """The positions on the axis."""
        import numpy as np

        if not self.is_time:
            return [float(value) for value in x.tolist()]
        away = x.view(np.uint64) - np.uint64(self.origin_s * 10**9 % 2**64)
        return [float(value) for value in (away / 1e6).tolist()]

    def texts(self, x: Numbers) -> list[str]:
        """What is written of each position beside the pointer."""
        import pyarrow as pa

        if self.is_time:
            texts: list[str] = time_texts(pa.array(x, pa.timestamp("ns", "UTC")), self.axis.zone).to_pylist()
            return texts
        if self.axis.names:
            return [self.axis.names[min(int(value), len(self.axis.names) - 1)] for value in x.tolist()]
        return [f"{self.axis.title} {amount_text(value, self.axis)}" for value in x.tolist()]

    def layout(self) -> Figure:
        """The axis as plotly takes it."""
        if self.is_time:
            zone = zone_label(self.first, self.last, self.axis.zone)
            return {"type": "linear", "title": {"text": safe(f"{self.axis.title} ({zone})", 90)}, "tickmode": "array"}
        return _value_axis(self.axis, ())

    def page(self) -> Figure:
        """What the page needs to write round local times at the ticks, whatever part is looked at."""
        if not self.is_time:
            return {}
        spans = zone_spans(self.first // 10**9, self.last // 10**9 + 1, self.axis.zone)
        return {"time": {"origin": self.origin_s, "spans": [[span.start_s, span.offset_s] for span in spans]}}


def _value_axis(axis: Axis, values: Sequence[Floats]) -> Figure:
    """An axis of numbers or categories."""
    layout: Figure = {"title": {"text": safe(axis.label, 60)}, "type": "linear"}
    if axis.names:
        shown = range(len(axis.names)) if len(axis.names) <= _MOST_NAMED else range(0)
        return layout | {"tickmode": "array", "tickvals": [*shown], "ticktext": [safe(axis.names[at]) for at in shown]}
    highest = max((float(each.max()) for each in values if len(each)), default=0)
    if axis.kind is Kind.COUNT:
        layout["tickformat"] = ","
        if 0 < highest <= 5:
            layout["dtick"] = 1
    elif axis.kind is Kind.BYTES:
        layout |= {"tickformat": "~s", "ticksuffix": "B"}
    elif axis.kind is Kind.DURATION:
        layout |= {"tickformat": ",~r", "ticksuffix": " s"}
    if axis.kind in (Kind.COUNT, Kind.BYTES, Kind.DURATION) and all(
        not len(each) or each.min() >= 0 for each in values
    ):
        layout["rangemode"] = "tozero"
    return layout


def points(drawing: Points) -> Figure:
    """Lines, or single points."""
    import numpy as np

    along = _Along(drawing.x, drawing.series)
    colours = series_colours([each.is_other for each in drawing.series])
    traces = []
    several = len(drawing.series) > 1
    for place, (each, colour) in enumerate(zip(drawing.series, colours, strict=True)):
        few = len(each.x) <= _FEW_POINTS
        mode = ("lines+markers" if few else "lines") if drawing.joined else "markers"
        names = [each.name] if several else []
        texts = [
            hover_text(*names, at, f"{drawing.y.title or each.name} {_amount(value, drawing.y)}")
            for at, value in zip(along.texts(each.x), each.y.tolist(), strict=True)
        ]
        traces.append(
            {
                "type": "scatter", "mode": mode, "name": safe(each.name), "x": along.values(each.x),
                "y": each.y.tolist(), "line": {"color": colour, "width": 1.5, "dash": DASHES[place % len(DASHES)]},
                "marker": {"color": colour, "size": 6, "opacity": 1 if drawing.joined else 0.6},
                "customdata": texts, "hovertemplate": HOVER, "connectgaps": False,
            }
        )  # fmt: skip
    finite = [each.y[np.isfinite(each.y)] for each in drawing.series]
    layout = {
        "xaxis": along.layout(),
        "yaxis": _value_axis(drawing.y, finite),
        "showlegend": several,
        "height": _HEIGHT,
    }
    return {"data": traces, "layout": layout, "page": along.page()}


def _amount(value: float, axis: Axis) -> str:
    if value != value:  # a gap
        return ""
    return axis.names[int(value)] if axis.names else amount_text(value, axis)


def time_bars(drawing: Bars) -> Figure:
    """Bars upright at times."""
    along = _Along(drawing.x, drawing.series, drawing.width_ns)
    colours = series_colours([each.is_other for each in drawing.series])
    several = len(drawing.series) > 1
    traces = [
        {
            "type": "bar", "name": safe(each.name), "x": along.values(each.x), "y": each.y.tolist(), "offset": 0,
            "width": drawing.width_ns / 1e6, "marker": {"color": colour, "line": {"width": 0}},
            "customdata": [
                hover_text(*([each.name] if several else []), at, f"{drawing.y.title} {amount_text(value, drawing.y)}")
                for at, value in zip(along.texts(each.x), each.y.tolist(), strict=True)
            ],
            "hovertemplate": HOVER,
        }
        for each, colour in zip(drawing.series, colours, strict=True)
    ]  # fmt: skip
    layout = {
        "xaxis": along.layout(), "yaxis": _value_axis(drawing.y, [each.y for each in drawing.series]),
        "barmode": "stack", "showlegend": several, "height": _HEIGHT,
    }  # fmt: skip
    return {"data": traces, "layout": layout, "page": along.page()}


def key_bars(drawing: Bars) -> Figure:
    """Lying bars, the first on top."""
    names = drawing.x.names
    colours = series_colours([each.is_other for each in drawing.series])
    several = len(drawing.series) > 1
    traces = []
    for each, colour in zip(drawing.series, colours, strict=True):
        amounts = [amount_text(value, drawing.y) for value in each.y.tolist()]
        shades = [
            OTHER if at == len(names) - 1 and drawing.has_rest and not several else colour for at in range(len(names))
        ]
        traces.append(
            {
                "type": "bar", "orientation": "h", "name": safe(each.name), "x": each.y.tolist(),
                "y": [*range(len(names))], "marker": {"color": shades}, "cliponaxis": False,
                "text": [] if several else [safe(amount) for amount in amounts], "textposition": "outside",
                "customdata": [
                    hover_text(name, *([each.name] if several else []), f"{drawing.y.title} {amount}")
                    for name, amount in zip(names, amounts, strict=True)
                ],
                "hovertemplate": HOVER,
            }
        )  # fmt: skip
    marks: list[Figure] = []
    along, cut = _value_axis(drawing.y, [each.y for each in drawing.series]), drawing.cut_at()
    if cut is not None:  # the bar of all other keys goes on beyond the edge, its value inside
        along["range"] = [0, cut]
        amount = safe(f"{amount_text(float(drawing.totals()[-1]), drawing.y)} »")
        marks = [
            {
                "x": cut,
                "y": len(names) - 1,
                "text": amount,
                "xanchor": "right",
                "showarrow": False,
                "font": {"color": "#1d2125"},
            }
        ]
        if not several:
            traces[0]["text"][-1] = ""
    layout = {
        "xaxis": along, "barmode": "stack", "bargap": 0.25, "annotations": marks,
        "yaxis": {
            "type": "linear", "tickmode": "array", "tickvals": [*range(len(names))],
            "ticktext": [safe(name) for name in names], "range": [max(3, len(names)) - 0.4, -0.6], "automargin": True,
            "showgrid": False, "zeroline": False,
        },
        "showlegend": several, "legend": {"traceorder": "normal"}, "height": max(220, 110 + 26 * len(names)),
    }  # fmt: skip
    return {"data": traces, "layout": layout, "page": {}}


def bins(drawing: Bins) -> Figure:
    """A histogram."""
    import numpy as np

    edges: Numbers = drawing.edges.astype(np.int64) if drawing.x.kind is Kind.TIME else drawing.edges
    along = _Along(drawing.x, [Series("", drawing.edges, edges)])
    places, texts = along.values(edges), along.texts(edges)
    amounts = drawing.counts.astype(np.int64).tolist()
    low = set(drawing.too_low())
    trace = {
        "type": "bar", "x": places[:-1], "y": amounts, "offset": 0,
        "width": [right - left for left, right in pairwise(places)],
        "marker": {"color": SERIES[0], "line": {"width": 0.5, "color": "#ffffff"}}, "textposition": "outside",
        "text": [f"{count:,}" if at in low else "" for at, count in enumerate(amounts)],
        "customdata": [
            hover_text(f"{low} – {high}", f"{count:,} rows")
            for (low, high), count in zip(pairwise(texts), amounts, strict=True)
        ],
        "hovertemplate": HOVER,
    }  # fmt: skip
    layout = {
        "xaxis": along.layout(),
        "yaxis": _value_axis(Axis("Rows", Kind.COUNT), [drawing.counts]),
        "height": _HEIGHT,
    }
    return {"data": [trace], "layout": layout | {"showlegend": False}, "page": along.page()}
