"""Slices, heat maps, graphs and maps as plotly figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.figure_axes import amount_text
from twsla.render.graph_layout import columns_layout, free_names, has_two_sides, names_below, spring_layout
from twsla.render.palette import GROUPS, HEAT, NOTHING, SERIES, slice_colours
from twsla.render.plotly_texts import HOVER, NAME_CELLS, Figure, hover_text, safe, unique_names
from twsla.render.widths import clip
from twsla.render.world import outlines

if TYPE_CHECKING:
    from twsla.render.drawings import Cells, Floats, Network, Slices, Spots

_WIDTHS = (0.8, 1.6, 2.6, 4.0)
"""Of edges, in pixels: plotly has one width a line."""
_NAMED_NODES = 60
_MOST_NEIGHBOURS = 15
_SIDES = ("middle left", "middle right", "top center", "bottom center")
"""Where a node's name stands: of sources and targets in columns; else above or below."""
_EDGE = "#8C8C8C"


def slices(drawing: Slices) -> Figure:
    """A pie, clockwise from the top."""
    values = drawing.values.tolist()
    total = sum(values)
    trace = {
        "type": "pie", "labels": unique_names(drawing.names), "values": values, "sort": False, "direction": "clockwise",
        "hole": 0.38, "textinfo": "percent", "textposition": "inside",
        "marker": {"colors": slice_colours(len(values), has_other=drawing.has_other), "line": {"width": 1}},
        "customdata": [
            hover_text(name, f"{drawing.value.title} {amount_text(value, drawing.value)} ({value / total:.1%})")
            for name, value in zip(drawing.names, values, strict=True)
        ],
        "hovertemplate": HOVER,
    }  # fmt: skip
    middle = {
        "text": f"{safe(amount_text(total, drawing.value))}<br>{safe(drawing.value.title, 14)}", "x": 0.5, "y": 0.5,
        "showarrow": False, "xref": "paper", "yref": "paper",
    }  # fmt: skip
    return {"data": [trace], "layout": {"annotations": [middle], "showlegend": True, "height": 440}, "page": {}}


def cells(drawing: Cells) -> Figure:
    """A heat map."""
    import numpy as np

    across, down = unique_names(drawing.x.names), unique_names(drawing.y.names)
    least = np.nanmin(drawing.values, initial=np.inf, where=np.isfinite(drawing.values))
    stops = [[(place / (len(HEAT) - 1)) or 1e-6, colour] for place, colour in enumerate(HEAT)]
    unit = f" {safe(drawing.value.unit)}" if drawing.value.unit else ""
    trace = {
        "type": "heatmap", "x": across, "y": down, "z": drawing.values.tolist(), "xgap": 1 if len(across) < 120 else 0,
        "ygap": 1 if len(down) < 120 else 0, "hoverongaps": False,
        "colorscale": [[0, NOTHING if least >= 0 else HEAT[0]], *stops],
        "colorbar": {
            "title": {"text": safe(drawing.value.label, 30), "side": "right"}, "thickness": 16, "outlinewidth": 0,
        },
        "hovertemplate": f"%{{x}} · %{{y}}<br>{safe(drawing.value.title)} %{{z:,}}{unit}<extra></extra>",
    }  # fmt: skip
    if least >= 0:
        trace["zmin"] = 0
    layout = {
        "xaxis": {"type": "category", "title": {"text": safe(drawing.x.label)}, "automargin": True, "showgrid": False},
        "yaxis": {
            "type": "category", "title": {"text": safe(drawing.y.label)}, "autorange": "reversed", "automargin": True,
            "showgrid": False,
        },
        "height": min(1400, max(320, 150 + 20 * len(down))),
    }  # fmt: skip
    return {"data": [trace], "layout": layout, "page": {}}


def network(drawing: Network) -> Figure:
    """Nodes and arrows."""
    import numpy as np

    two_sides = has_two_sides(drawing)
    places = columns_layout(drawing) if two_sides else spring_layout(drawing)
    weights = np.zeros(len(places))
    np.add.at(weights, drawing.sources, drawing.weights)
    np.add.at(weights, drawing.targets, drawing.weights)
    below = names_below(drawing, places)
    named = set(np.argsort(-weights, kind="stable")[:_NAMED_NODES].tolist())
    neighbours = _neighbours(drawing)
    sizes = 9 + 14 * np.sqrt(weights / max(1e-9, float(weights.max())))
    traces = [*_edges(drawing, places, sizes), *_rings(drawing, places, sizes)]
    for group, title in enumerate((*drawing.group_titles, "both")):
        mine = [node for node, of in enumerate(drawing.groups) if of == group]
        if mine:
            sides = [_SIDES[group] if two_sides else _SIDES[2 + bool(below[node])] for node in mine]
            traces.append(
                {
                    "type": "scatter", "mode": "markers+text", "name": safe(title), "cliponaxis": False,
                    "x": places[mine, 0].tolist(), "y": places[mine, 1].tolist(),
                    "text": [safe(drawing.names[node], 34) if two_sides or node in named else "" for node in mine],
                    "textposition": sides, "textfont": {"size": 11}, "customdata": [neighbours[node] for node in mine],
                    "hovertemplate": HOVER,
                    "marker": {
                        "color": GROUPS[group], "size": sizes[mine].tolist(), "opacity": 1, "line": {"width": 1},
                    },
                }
            )  # fmt: skip
    margin = 0.35 if two_sides else 0.06
    hidden = {"visible": False, "type": "linear"}
    layout = {
        "xaxis": hidden | {"range": [-margin, 1 + margin]}, "yaxis": hidden | {"range": [-0.06, 1.06]},
        "dragmode": "pan", "showlegend": True,
        "height": max(320, 90 + 24 * max(map(len, drawing.sides()))) if two_sides else 720,
    }  # fmt: skip
    return {"data": traces, "layout": layout, "page": {"zoom": True}}


def _edges(drawing: Network, places: Floats, sizes: Floats) -> list[Figure]:
    """Lines with arrow heads that end at the rim of their node, in a few widths."""
    import numpy as np

    share = np.sqrt(drawing.weights / max(1e-9, float(drawing.weights.max())))
    classes = np.minimum((share * len(_WIDTHS)).astype(np.int64), len(_WIDTHS) - 1)
    traces: list[Figure] = []
    for place, wide in enumerate(_WIDTHS):
        mine = np.flatnonzero((classes == place) & (drawing.sources != drawing.targets))
        starts, ends = places[drawing.sources[mine]], places[drawing.targets[mine]]
        if len(mine):
            xs, ys = (
                [
                    value
                    for pair in zip(starts[:, at].tolist(), ends[:, at].tolist(), strict=True)
                    for value in (*pair, None)
                ]
                for at in (0, 1)
            )
            traces.append(
                {
                    "type": "scatter", "mode": "lines+markers", "x": xs, "y": ys, "hoverinfo": "skip",
                    "showlegend": False, "opacity": 0.75, "line": {"color": _EDGE, "width": wide},
                    "marker": {
                        "symbol": "arrow", "angleref": "previous", "size": [0, 8 + 1.5 * wide, 0] * len(mine),
                        "standoff": np.repeat(sizes[drawing.targets[mine]] / 2, 3).tolist(), "opacity": 1,
                        "color": _EDGE,
                    },
                }
            )  # fmt: skip
    return traces


def _rings(drawing: Network, places: Floats, sizes: Floats) -> list[Figure]:
    """Rings around the nodes that have an edge to themselves."""
    nodes = drawing.sources[drawing.sources == drawing.targets]
    if not len(nodes):
        return []
    ring = {
        "type": "scatter", "mode": "markers", "x": places[nodes, 0].tolist(), "y": places[nodes, 1].tolist(),
        "hoverinfo": "skip", "showlegend": False,
        "marker": {"symbol": "circle-open", "size": (sizes[nodes] + 8).tolist(), "color": _EDGE, "line": {"width": 2}},
    }  # fmt: skip
    return [ring]


def _neighbours(drawing: Network) -> list[str]:
    """For each node its name and what it is joined to, the heaviest first."""
    lines: list[list[str]] = [[name] for name in drawing.names]
    for source, target, weight in zip(
        drawing.sources.tolist(), drawing.targets.tolist(), drawing.weights.tolist(), strict=True
    ):
        amount = amount_text(weight, drawing.weight)
        lines[source].append(f"→ {clip(drawing.names[target], NAME_CELLS)} ({amount})")
        lines[target].append(f"← {clip(drawing.names[source], NAME_CELLS)} ({amount})")
    most = _MOST_NEIGHBOURS + 1
    return [hover_text(*each[:most], *([f"and {len(each) - most} more"] if len(each) > most else [])) for each in lines]


def spots(drawing: Spots) -> Figure:
    """A map with circles, drawn from our own outlines: plotly's maps load theirs from the network."""
    import numpy as np

    values = drawing.values.tolist()
    pixels = np.column_stack([drawing.longitude, drawing.latitude]) * 3.2
    named = set(free_names(pixels, [clip(name, 24) for name in drawing.names], drawing.values, [12.0] * len(values)))
    sizes = 7 + 38 * np.sqrt(drawing.values / max(1e-9, float(drawing.values.max())))
    spots = {
        "type": "scatter", "mode": "markers+text", "x": drawing.longitude.tolist(), "y": drawing.latitude.tolist(),
        "marker": {"size": sizes.tolist(), "color": SERIES[1], "opacity": 0.75, "line": {"width": 1}},
        "text": [safe(name, 24) if place in named else "" for place, name in enumerate(drawing.names)],
        "textposition": "top center", "textfont": {"size": 11},
        "customdata": [
            hover_text(name, f"{drawing.value.title} {amount_text(value, drawing.value)}")
            for name, value in zip(drawing.names, values, strict=True)
        ],
        "hovertemplate": HOVER,
    }  # fmt: skip
    south = -90 if values and drawing.latitude.min() < -58 else -60
    layout = {
        "xaxis": {"type": "linear", "range": [-180, 180], "ticksuffix": "°", "dtick": 30, "zeroline": False},
        "yaxis": {
            "type": "linear", "range": [south, 86], "ticksuffix": "°", "dtick": 30, "zeroline": False,
            "scaleanchor": "x",
        },
        "dragmode": "pan", "showlegend": False, "height": 600,
    }  # fmt: skip
    return {"data": [*_land(), spots], "layout": layout, "page": {"zoom": True}}


def _land() -> list[Figure]:
    traces = []
    for kind in ("land", "water"):
        xs: list[float | None] = []
        ys: list[float | None] = []
        for ring in outlines(kind):
            for values, at in ((xs, 0), (ys, 1)):
                values += [*ring[:, at].tolist(), float(ring[0, at]), None]
        traces.append(
            {
                "type": "scatter", "mode": "lines", "x": xs, "y": ys, "fill": "toself", "hoverinfo": "skip",
                "line": {"width": 0.5, "color": "#A8A8A2"}, "showlegend": False, "name": kind,
            }
        )  # fmt: skip
    return traces
