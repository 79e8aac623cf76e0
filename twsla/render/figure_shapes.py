"""Slices, heat maps, graphs and maps as pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from twsla.render.figure import MUTED, TEXT
from twsla.render.figure_axes import NAME_CELLS, amount_text
from twsla.render.graph_layout import columns_layout, free_names, has_two_sides, names_below, spring_layout
from twsla.render.palette import GROUPS, HEAT, NOTHING, SERIES, slice_colours
from twsla.render.ticks import number_ticks
from twsla.render.widths import width
from twsla.render.world import outlines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from twsla.render.drawings import Cells, Floats, Network, Slices, Spots
    from twsla.render.figure import Canvas

_MOST_NUMBERS = 500
"""Cells of a heat map up to which each has its number written in."""
_MOST_SLANTED = 30
"""Names below a heat map that are slanted where they do not fit; of more only some are shown."""
_MAP_NAMES = 25
LAND = "#E6E6E1"
WATER = "#F7FAFC"


def draw_slices(canvas: Canvas, drawing: Slices) -> None:
    """A pie, clockwise from the top, and beside it every slice with its value and share."""
    figure = canvas.figure
    figure.set_layout_engine("none")
    side = canvas.height * 0.82
    axes = figure.add_axes((20 / canvas.width, 0.07, side / canvas.width, 0.82))
    total = float(drawing.values.sum())
    colours = slice_colours(len(drawing.values), has_other=drawing.has_other)
    axes.pie(
        drawing.values, colors=colours, startangle=90, counterclock=False, wedgeprops={"width": 0.62, "ec": "white"}
    )
    axes.text(0, 0.06, amount_text(total, drawing.value), ha="center", va="center", size=13, weight="bold")
    axes.text(0, -0.12, canvas.text(drawing.value.title, 14), ha="center", va="center", size=9, color=MUTED)
    left = 20 + side + 40
    line = min(30.0, canvas.height * 0.84 / len(drawing.values))
    top = canvas.height * 0.48 + line * (len(drawing.values) - 1) / 2
    cells = int((canvas.width - left - 220) / 7.4)
    for place, (name, value) in enumerate(zip(drawing.names, drawing.values.tolist(), strict=True)):
        height = (top - place * line) / canvas.height
        for x, text, align, colour in (
            (left, "■", "left", colours[place]),
            (left + 24, canvas.text(name, max(8, cells)), "left", TEXT),
            (canvas.width - 95, amount_text(value, drawing.value), "right", TEXT),
            (canvas.width - 20, f"{value / total:.1%}", "right", TEXT),
        ):
            figure.text(x / canvas.width, height, text, ha=align, va="center", size=10, color=colour)


def draw_cells(canvas: Canvas, drawing: Cells) -> None:
    """A heat map: darker is more; nothing is grey, and where there is no row, white."""
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap

    axes = canvas.axes()
    values = np.ma.masked_where(~np.isfinite(drawing.values) | (drawing.values == 0), drawing.values)
    least, most = (float(values.min()), float(values.max())) if values.count() else (0.0, 1.0)
    colours = LinearSegmentedColormap.from_list("heat", HEAT)
    axes.imshow(
        np.where(drawing.values == 0, 0.0, np.nan), cmap=LinearSegmentedColormap.from_list("none", [NOTHING] * 2),
        aspect="auto", interpolation="nearest",
    )  # fmt: skip
    low = 0.0 if least > 0 else least
    image = axes.imshow(
        values, cmap=colours, aspect="auto", interpolation="nearest", vmin=low, vmax=most if most > low else low + 1
    )
    axes.spines[:].set_visible(False)
    across, down = drawing.values.shape[1], drawing.values.shape[0]
    if max(across, down) <= 120:
        axes.set_xticks(np.arange(across + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(down + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1)
        axes.tick_params(which="minor", length=0)
    _names_along(canvas, axes, drawing)
    bar = canvas.figure.colorbar(image, ax=axes, pad=0.015, aspect=30)
    ticks = number_ticks(low, max(most, low + 1), drawing.value.kind, 6)
    bar.set_ticks([tick.at for tick in ticks], labels=[tick.label for tick in ticks])
    bar.set_label(canvas.text(drawing.value.label, 40))
    bar.outline.set_visible(False)
    if across * down <= _MOST_NUMBERS:
        _numbers(canvas, axes, drawing, (low, most))


def _names_along(canvas: Canvas, axes: Axes, drawing: Cells) -> None:
    """As many names on both axes as there is room for."""
    names = [canvas.text(name, 24) for name in drawing.x.names]
    wide = max((width(name) for name in names), default=1) * 7 + 14
    room = canvas.width * 0.8 / max(1, len(names))
    upright = wide <= room or len(names) > _MOST_SLANTED
    step = max(1, math.ceil(wide / room)) if upright else 1
    places = range(0, len(names), step)
    axes.set_xticks(list(places), [names[at] for at in places])
    if not upright:
        axes.tick_params(axis="x", labelrotation=60)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    lines = [canvas.text(name, 30) for name in drawing.y.names]
    skip = max(1, -(-len(lines) * 14 // max(1, int(canvas.height * 0.75))))
    axes.set_yticks(list(range(0, len(lines), skip)), lines[::skip])
    axes.set_xlabel(canvas.text(drawing.x.label, 40))
    axes.set_ylabel(canvas.text(drawing.y.label, 40))


def _numbers(canvas: Canvas, axes: Axes, drawing: Cells, span: tuple[float, float]) -> None:
    """The value in each cell, where it fits."""
    import numpy as np

    room = canvas.width * 0.75 / max(1, drawing.values.shape[1])
    for (line, column), value in np.ndenumerate(drawing.values):
        text = amount_text(value, drawing.value) if np.isfinite(value) and value else ""
        if text and len(text) * 6.5 <= room:
            dark = (value - span[0]) > (span[1] - span[0]) * 0.5
            axes.text(column, line, text, ha="center", va="center", size=8, color="white" if dark else TEXT)


def draw_network(canvas: Canvas, drawing: Network) -> None:
    """Nodes and arrows; the more weight, the wider."""
    axes = canvas.axes()
    axes.set_axis_off()
    if has_two_sides(drawing):
        _two_columns(canvas, axes, drawing)
    else:
        _spread_out(canvas, axes, drawing)
    handles = [
        axes.scatter([], [], s=50, color=GROUPS[group], label=canvas.text(title, NAME_CELLS))
        for group, title in enumerate((*drawing.group_titles, "both"))
        if group in drawing.groups
    ]
    canvas.figure.legend(handles=handles, loc="outside right upper", fontsize=9)


def _edge_widths(weights: Floats) -> Floats:
    import numpy as np

    return np.asarray(0.6 + 4.4 * np.sqrt(weights / max(1e-9, float(weights.max()))))


def _two_columns(canvas: Canvas, axes: Axes, drawing: Network) -> None:
    """Sources on the left, targets on the right, names outside."""
    from matplotlib.patches import FancyArrowPatch

    places = columns_layout(drawing)
    widths = _edge_widths(drawing.weights)
    for source, target, wide, weight in zip(
        drawing.sources.tolist(), drawing.targets.tolist(), widths.tolist(), drawing.weights.tolist(), strict=True
    ):
        bend = (places[target][1] - places[source][1]) * 0.15
        axes.add_patch(
            FancyArrowPatch(
                places[source], places[target], arrowstyle="-|>", mutation_scale=7 + 1.5 * wide, linewidth=wide,
                shrinkA=5, shrinkB=5, alpha=0.45, color=SERIES[7], connectionstyle=f"arc3,rad={bend:.3f}",
            )
        )  # fmt: skip
        if len(drawing.weights) <= 12:
            middle = places[source] * 0.65 + places[target] * 0.35
            axes.annotate(
                amount_text(weight, drawing.weight), middle, ha="center", va="center", size=8, color=TEXT,
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85},
            )  # fmt: skip
    for place, name, group in zip(places, drawing.names, drawing.groups, strict=True):
        axes.scatter(place[0], place[1], s=46, color=GROUPS[group], zorder=3)
        axes.annotate(
            canvas.text(name, 34), place, (8 if group else -8, 0), textcoords="offset points",
            ha="left" if group else "right", va="center", size=9,
        )  # fmt: skip
    sides = [[width(canvas.text(name, 34)) for name in each] for each in drawing.sides()]
    left, right = (30 + 6.6 * max(each, default=0) for each in sides)
    middle = max(200.0, canvas.width * 0.86 - left - right)
    axes.set_xlim(-left / middle, 1 + right / middle)
    axes.set_ylim(-0.04, 1.04)


def _spread_out(canvas: Canvas, axes: Axes, drawing: Network) -> None:
    """Wherever there is room; the heaviest nodes have names, as far as these do not cover each other."""
    import numpy as np
    from matplotlib.patches import FancyArrowPatch

    places = spring_layout(drawing)
    weights = np.zeros(len(places))
    np.add.at(weights, drawing.sources, drawing.weights)
    np.add.at(weights, drawing.targets, drawing.weights)
    sizes = 18 + 260 * np.sqrt(weights / max(1e-9, float(weights.max())))
    scale = np.array([canvas.width * 0.72, canvas.height * 0.82])
    for source, target, wide in zip(
        drawing.sources.tolist(), drawing.targets.tolist(), _edge_widths(drawing.weights).tolist(), strict=True
    ):
        if source == target:
            x, y = places[source]
            axes.scatter(x, y, s=sizes[source] * 2.4, facecolors="none", edgecolors=SERIES[7], linewidths=wide)
            continue
        axes.add_patch(
            FancyArrowPatch(
                places[source], places[target], arrowstyle="-|>", mutation_scale=6 + 1.5 * wide, linewidth=wide * 0.7,
                shrinkA=float(sizes[source]) ** 0.5 / 2, shrinkB=float(sizes[target]) ** 0.5 / 2, alpha=0.4,
                color=SERIES[7], connectionstyle="arc3,rad=0.06",
            )
        )  # fmt: skip
    axes.scatter(
        places[:, 0], places[:, 1], s=sizes, c=[GROUPS[group] for group in drawing.groups], zorder=3, ec="white"
    )
    names = [canvas.text(name, 26) for name in drawing.names]
    below = names_below(drawing, places)
    rims = sizes * np.where(
        np.isin(np.arange(len(places)), drawing.sources[drawing.sources == drawing.targets]), 2.4, 1
    )
    for node in free_names(places * scale, names, weights, (np.sqrt(rims) * 0.7).tolist(), below):
        lift = rims[node] ** 0.5 / 2 + 3
        axes.annotate(
            names[node], places[node], (0, -lift if below[node] else lift), textcoords="offset points", ha="center",
            va="top" if below[node] else "bottom", size=8,
            zorder=4, bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.7},
        )  # fmt: skip
    axes.margins(0.06)


def draw_spots(canvas: Canvas, drawing: Spots) -> None:
    """A map of the world with a circle at each place, its area as large as the value."""
    import numpy as np
    from matplotlib.collections import PolyCollection

    axes = canvas.axes()
    axes.set_facecolor(WATER)
    for kind, colour in (("land", LAND), ("water", WATER)):
        rings: Any = list(outlines(kind))
        axes.add_collection(PolyCollection(rings, facecolors=colour, edgecolors="#C9C9C4", linewidths=0.5))
    axes.grid(color="#DDE3E8", linewidth=0.5)
    axes.set_xticks(range(-180, 181, 30), [degrees_text(at, "EW") for at in range(-180, 181, 30)])
    axes.set_yticks(range(-90, 91, 30), [degrees_text(at, "NS") for at in range(-90, 91, 30)])
    south = -90 if len(drawing.latitude) and drawing.latitude.min() < -58 else -60
    axes.set_xlim(-180, 180)
    axes.set_ylim(south, 86)
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    sizes = 14 + 900 * drawing.values / max(1e-9, float(drawing.values.max()))
    axes.scatter(
        drawing.longitude, drawing.latitude, s=sizes, color=SERIES[1], alpha=0.5, edgecolors="#7A2E00", linewidths=0.7
    )
    names = [
        f"{canvas.text(name, 26)} {amount_text(value, drawing.value)}"
        for name, value in zip(drawing.names, drawing.values.tolist(), strict=True)
    ]
    pixels = np.column_stack([drawing.longitude, drawing.latitude]) * (canvas.width * 0.9 / 360)
    radii = (np.sqrt(sizes) * 0.7).tolist()
    for node in free_names(pixels, names, drawing.values, radii)[:_MAP_NAMES]:
        axes.annotate(
            names[node], (drawing.longitude[node], drawing.latitude[node]), (0, sizes[node] ** 0.5 / 2 + 1),
            textcoords="offset points", ha="center", va="bottom", size=8,
        )  # fmt: skip


def degrees_text(degrees: int, signs: str) -> str:
    """``30°W`` for -30 along ``EW``."""
    return f"{abs(degrees)}°{'' if degrees == 0 or abs(degrees) == 180 else signs[degrees < 0]}"
