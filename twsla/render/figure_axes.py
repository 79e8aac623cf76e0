"""Lines, points, bars and histograms as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twsla.model.result import Kind
from twsla.render.palette import DASHES, OTHER, series_colours
from twsla.render.ticks import number_ticks, time_ticks, zone_label
from twsla.render.values import display_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from twsla.render.drawings import Axis, Bars, Bins, Floats, Numbers, Points, Series
    from twsla.render.figure import Canvas

NAME_CELLS = 42
"""Of keys beside their bars, and of names in a legend."""
_FEW_POINTS = 80
"""Up to here each point of a line is marked."""
_MOST_NAMED = 30
"""Categories on an axis that are named."""
_TICK_PIXELS = 95
"""Least distance of two times on an axis."""


def draw_points(canvas: Canvas, drawing: Points) -> None:
    """Lines, or single points."""
    axes = canvas.axes()
    origin = _origin(drawing.x, drawing.series)
    colours = series_colours([each.is_other for each in drawing.series])
    for place, (each, colour) in enumerate(zip(drawing.series, colours, strict=True)):
        many = len(each.x) > _FEW_POINTS
        style: dict[str, Any] = {"color": colour, "label": canvas.text(each.name, NAME_CELLS)}
        if drawing.joined:
            style |= {"linewidth": 1.0 if len(each.x) > 1000 else 1.6, "linestyle": _dash(place)}
            style |= {"marker": "" if many else "o", "markersize": 4 if len(each.x) > 3 else 7}
        else:
            style |= {"linestyle": "", "marker": "o", "markersize": 4 if many else 6, "markeredgewidth": 0}
            style |= {"alpha": 0.55 if many else 0.9}
        axes.plot(_from(each.x, origin), each.y, **style)
    values = [each.y for each in drawing.series]
    if len(drawing.series) == 1 and drawing.joined and _from_zero(drawing.y, values):
        axes.fill_between(_from(drawing.series[0].x, origin), drawing.series[0].y, color=colours[0], alpha=0.12, lw=0)
    _value_axis(canvas, axes, drawing.y, values)
    _along(canvas, axes, drawing.x, drawing.series, origin)
    _legend(canvas, drawing.series)


def _dash(place: int) -> str:
    return {"solid": "-", "dash": "--"}[DASHES[place % len(DASHES)]]


def _origin(axis: Axis, series: Sequence[Series]) -> int:
    """What is subtracted from times so that floats hold what is left; 0 for numbers."""
    starts = [int(each.x[0]) for each in series if len(each.x)]
    return min(starts) if starts and axis.kind is Kind.TIME else 0


def _from(x: Numbers, origin: int) -> Floats:
    """Seconds from the origin for times, numbers as they are."""
    import numpy as np

    if x.dtype != np.int64 or not origin:
        return np.asarray(x, np.float64)
    # As unsigned numbers, because the span may be larger than an int64 holds.
    return (x.view(np.uint64) - np.uint64(origin % 2**64)).astype(np.float64) / 1e9


def _from_zero(axis: Axis, values: Sequence[Floats]) -> bool:
    """Whether the axis should begin at 0: amounts, none of them below it."""
    import numpy as np

    if axis.names or axis.kind not in (Kind.COUNT, Kind.BYTES, Kind.DURATION):
        return False
    return all(not len(each) or np.nanmin(np.append(each, np.inf)) >= 0 for each in values)


def _value_axis(canvas: Canvas, axes: Axes, axis: Axis, values: Sequence[Floats]) -> None:
    """Limits, ticks and label of the vertical axis."""
    import numpy as np

    finite = [each[np.isfinite(each)] for each in values]
    low = min((float(each.min()) for each in finite if len(each)), default=0.0)
    high = max((float(each.max()) for each in finite if len(each)), default=1.0)
    axes.grid(axis="y")
    axes.set_ylabel(canvas.text(axis.label, 40))
    if axis.names:
        _name_axis(canvas, axes, axis)
        return
    if _from_zero(axis, values):
        low = 0.0
    room = (high / 2 - low / 2) * 0.12 or abs(high) * 0.1 or 1.0
    axes.set_ylim(low if low == 0 else low - room, high + room)
    ticks = number_ticks(*axes.get_ylim(), axis.kind, max(3, canvas.height // 70))
    axes.set_yticks([tick.at for tick in ticks], [tick.label for tick in ticks])


def _name_axis(canvas: Canvas, axes: Axes, axis: Axis) -> None:
    """Categories as names, if there are few; else their numbers."""
    if len(axis.names) <= _MOST_NAMED:
        names = [canvas.text(name, 28) for name in axis.names]
        axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.5, len(axis.names) - 0.5)


def _along(canvas: Canvas, axes: Axes, axis: Axis, series: Sequence[Series], origin: int, margin: float = 0) -> None:
    """Limits, ticks and label of the horizontal axis; ``margin`` in the unit of the picture."""
    firsts = [each.x[0] for each in series if len(each.x)]
    lasts = [each.x[-1] for each in series if len(each.x)]
    if not firsts:
        return
    if axis.kind is Kind.TIME:
        _time_axis(canvas, axes, axis, (min(map(int, firsts)), max(map(int, lasts))), origin, margin)
        return
    axes.set_xlabel(canvas.text(axis.label, 60))
    if axis.names:
        shown = axis.names if len(axis.names) <= _MOST_NAMED else ()
        axes.set_xticks(range(len(shown)), [canvas.text(name, 20) for name in shown], rotation=40, ha="right")
        return
    low = min(float(each.x.min()) for each in series if len(each.x))
    high = max(float(each.x.max()) for each in series if len(each.x))
    room = (high / 2 - low / 2) * 0.05 or abs(high) * 0.1 or 1.0
    axes.set_xlim(low - room, high + room)
    ticks = number_ticks(*axes.get_xlim(), axis.kind, canvas.width // _TICK_PIXELS)
    axes.set_xticks([tick.at for tick in ticks], [tick.label for tick in ticks])


def _time_axis(canvas: Canvas, axes: Axes, axis: Axis, span: tuple[int, int], origin: int, margin: float) -> None:
    """A time axis: round times of the zone, which is named with its offsets."""
    first, last = span
    length = (last - first) / 1e9
    room = margin or length * 0.015 or 30.0
    axes.set_xlim((first - origin) / 1e9 - room, (last - origin) / 1e9 + room)
    lead = int(room * 1e9)
    low, high = max(first - lead, -(2**63)), min(last + lead, 2**63 - 1)
    ticks = time_ticks(low, high, axis.zone, max(2, int(canvas.width * 0.85) // _TICK_PIXELS))
    labels = [f"{tick.label}\n{tick.below}" if tick.below else tick.label for tick in ticks]
    axes.set_xticks([(int(tick.at) - origin) / 1e9 for tick in ticks], labels)
    zone = zone_label(first, last, axis.zone)
    axes.set_xlabel(canvas.text(f"{axis.title} ({zone})", 90))


def _legend(canvas: Canvas, series: Sequence[Series]) -> None:
    if len(series) > 1:
        canvas.figure.legend(loc="outside right upper", fontsize=9, handlelength=1.6)


def draw_bars(canvas: Canvas, drawing: Bars) -> None:
    """Bars upright at times, lying for keys."""
    if drawing.x.names:
        _draw_key_bars(canvas, drawing)
    else:
        _draw_time_bars(canvas, drawing)


def _draw_time_bars(canvas: Canvas, drawing: Bars) -> None:
    import numpy as np

    axes = canvas.axes()
    origin = _origin(drawing.x, drawing.series)
    times = drawing.series[0].x
    width = drawing.width_ns / 1e9
    left = _from(times, origin)
    least = max(float(left[-1] - left[0]), width) / canvas.width * 2.2  # so that neighbours leave no white line
    gap = 0.9 if width > 3 * least else 1.0
    under = np.zeros(len(times))
    colours = series_colours([each.is_other for each in drawing.series])
    for each, colour in zip(drawing.series, colours, strict=True):
        axes.bar(
            left, each.y, max(width * gap, least), under, align="edge", color=colour, linewidth=0, antialiased=gap < 1,
            label=canvas.text(each.name, NAME_CELLS),
        )  # fmt: skip
        under = under + each.y
    _value_axis(canvas, axes, drawing.y, [under])
    _along(canvas, axes, drawing.x, drawing.series, origin, margin=max(width, least))
    _legend(canvas, drawing.series)


def _draw_key_bars(canvas: Canvas, drawing: Bars) -> None:
    """The first key on top, its value behind the bar."""
    import numpy as np

    axes = canvas.axes()
    keys = np.arange(len(drawing.x.names))
    under = np.zeros(len(keys))
    colours = series_colours([each.is_other for each in drawing.series])
    one = len(drawing.series) == 1
    for each, colour in zip(drawing.series, colours, strict=True):
        drawn = axes.barh(keys, each.y, 0.72, under, color=colour, label=canvas.text(each.name, NAME_CELLS))
        under = under + each.y
        if one and drawing.has_rest:
            drawn[-1].set_color(OTHER)
    axes.set_yticks(keys, [canvas.text(name, NAME_CELLS) for name in drawing.x.names])
    axes.set_ylim(max(3, len(keys)) - 0.4, -0.6)
    axes.set_ylabel("")
    cut = drawing.cut_at()
    low, high = float(min(0, under.min())), cut or float(max(0, under.max()))
    room = (high - low) * 0.12 or 1.0
    axes.set_xlim(low - (room if low < 0 else 0), high + room)
    ticks = number_ticks(low, high, drawing.y.kind, 8)
    axes.set_xticks([tick.at for tick in ticks], [tick.label for tick in ticks])
    axes.set_xlabel(canvas.text(drawing.y.label, 60))
    axes.grid(axis="x")
    for key, value in zip(keys.tolist(), under.tolist(), strict=True):
        text, end = amount_text(value, drawing.y), max(value, 0)
        if value > high:  # the bar goes on beyond the edge
            text, end = f"{text} »", high
        axes.annotate(text, (end, key), (4, 0), textcoords="offset points", va="center", size=9)
    _legend(canvas, drawing.series)


def amount_text(value: float, axis: Axis) -> str:
    """A value as tables show it."""
    if axis.kind is Kind.DURATION:
        return display_value(round(value * 1e9), Kind.DURATION)
    whole = int(value) if float(value).is_integer() and abs(value) < 1e15 else value
    return display_value(whole, axis.kind) + (f" {axis.unit}" if axis.unit else "")


def draw_bins(canvas: Canvas, drawing: Bins) -> None:
    """A histogram."""
    from twsla.render.drawings import Axis

    axes = canvas.axes()
    edges = drawing.edges
    scale = 1e9 if drawing.x.kind is Kind.TIME else 1.0
    origin = float(edges[0]) if drawing.x.kind is Kind.TIME else 0.0
    places = (edges - origin) / scale
    widths = places[1:] - places[:-1]
    axes.bar(places[:-1], drawing.counts, widths, align="edge", color=series_colours([False])[0], ec="white", lw=0.7)
    _value_axis(canvas, axes, Axis("Rows", Kind.COUNT), [drawing.counts])
    for at in drawing.too_low():
        middle = float(places[at] + places[at + 1]) / 2
        text = amount_text(float(drawing.counts[at]), Axis("Rows", Kind.COUNT))
        axes.annotate(text, (middle, drawing.counts[at]), (0, 3), textcoords="offset points", ha="center", size=8)
    if drawing.x.kind is Kind.TIME:
        _time_axis(canvas, axes, drawing.x, (int(edges[0]), int(edges[-1])), int(origin), 0)
        return
    axes.set_xlabel(canvas.text(drawing.x.label, 60))
    if drawing.x.names:
        return
    ticks = number_ticks(*axes.get_xlim(), drawing.x.kind, canvas.width // _TICK_PIXELS)
    axes.set_xticks([tick.at for tick in ticks], [tick.label for tick in ticks])
