"""Lines, points, upright bars, histograms and maps with characters, drawn by plotext."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from twsla.errors import TwslaError
from twsla.model.result import Kind
from twsla.render.drawings import Axis, Series
from twsla.render.figure_axes import amount_text
from twsla.render.palette import TERMINAL_OTHER, terminal_series
from twsla.render.terminal_lists import legend_lines
from twsla.render.ticks import Tick, number_ticks, time_ticks, zone_label
from twsla.render.timetext import time_text
from twsla.render.widths import clip, width
from twsla.render.world import outlines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.render.drawings import Bars, Bins, Floats, Numbers, Points, Spots
    from twsla.render.terminal_chart import Sheet

_DOTS = "braille"
_BLOCK = "⣿"
"""Of single points, where they are few: one of eight dots is easily overlooked."""
_LETTERS = "abcdefghijklmnop"
"""Of lines, where there are no colours."""
_MOST_NAMES = 20
_LISTED_SPOTS = 10
_ONE_PICTURE = Lock()
"""The library draws on one figure that belongs to the process."""


def _library() -> Any:
    """plotext; importing it costs 0.1 s.

    Raises:
        TwslaError: It cannot be loaded: it has a compiled part that not every system has.
    """
    try:
        import plotext
    except (ImportError, OSError) as error:
        raise TwslaError(
            "charts cannot be drawn with characters: the library plotext does not load",
            hint=f"install it anew (pip install --force-reinstall plotext), or write a picture: -o FILE.png ({error})",
        ) from error
    return plotext


class _Picture:
    """The figure while it is drawn on."""

    def __init__(self, sheet: Sheet, height: int) -> None:
        self.sheet = sheet
        self.library = _library()
        self.library.terminal.limit(False, False)
        self.figure = self.library.figure
        self.figure.clear()
        self.figure.theme("simple" if sheet.colour else "colorless")
        self.figure.plot_size(sheet.width, max(6, height))

    def marker(self, symbol: str, colour: int) -> Any:
        """How points are drawn."""
        return self.library.marker(symbol, colour if self.sheet.colour else None)

    def line(self, x: Floats, y: Floats, symbol: str, colour: int, *, joined: bool) -> None:
        """One series."""
        signal = self.figure.signal(x.tolist(), y.tolist(), marker=self.marker(symbol, colour))
        self.figure.draw(signal.lines(joined))

    def limits(self, axis: str, side: str, low: float, high: float, ticks: Sequence[tuple[float, str]]) -> None:
        """What an axis spans, and its ticks."""
        ruler = self.figure.ruler(axis, side)
        ruler.lim(low, high)
        ruler.ticks([at for at, _ in ticks], [label for _, label in ticks])

    def lines(self) -> list[str]:
        """What was drawn."""
        text: str = self.figure.build().string(colorless=not self.sheet.colour)
        found = [line.rstrip() for line in text.split("\n")]
        while found and not found[-1].removesuffix("\x1b[0m").strip():
            found.pop()
        return found


def points_lines(drawing: Points, sheet: Sheet) -> list[str]:
    """Lines, or single points."""
    colours = terminal_series([each.is_other for each in drawing.series])
    several = len(drawing.series) > 1 and not sheet.colour
    signs = _LETTERS[: len(colours)] if several else "━" * len(colours)
    head = _legend(drawing.series, colours, signs, drawing.y, sheet)
    with _ONE_PICTURE:
        picture = _Picture(sheet, sheet.height - len(head) - 2)
        origin = _origin(drawing.x, drawing.series)
        few = not drawing.joined and sum(len(each.x) for each in drawing.series) <= sheet.width
        dots = _BLOCK if few else _DOTS
        for each, colour, sign in zip(drawing.series, colours, signs, strict=True):
            for x, y in _unbroken(_from(each.x, origin), each.y):
                picture.line(x, y, sign if several else dots, colour, joined=drawing.joined and len(x) > 1)
        _value_axis(picture, drawing.y, [each.y for each in drawing.series])
        foot = _along(picture, drawing.x, drawing.series, origin)
        return [*head, *picture.lines(), *foot]


def bars_lines(drawing: Bars, sheet: Sheet) -> list[str]:
    """Bars at times; stacked ones as lines, one for each part, because a character has one colour."""
    from twsla.render.drawings import Points

    if len(drawing.series) > 1:
        return points_lines(Points(drawing.title, drawing.x, drawing.y, drawing.series, joined=True), sheet)
    each = drawing.series[0]
    return _columns(drawing.x, each.x, each.y, drawing.y, drawing.width_ns, sheet)


def bins_lines(drawing: Bins, sheet: Sheet) -> list[str]:
    """A histogram."""
    import numpy as np

    lefts: Numbers = drawing.edges[:-1]
    step: float = float(drawing.edges[1] - drawing.edges[0])
    if drawing.x.kind is Kind.TIME:
        lefts = lefts.astype(np.int64)
    return _columns(drawing.x, lefts, drawing.counts, Axis("Rows", Kind.COUNT), step, sheet)


def _columns(x: Axis, lefts: Numbers, heights: Floats, y: Axis, step: float, sheet: Sheet) -> list[str]:
    """Upright bars: every column of characters as high as the highest bar that begins in it or reaches over it."""
    import numpy as np

    series = [Series("", heights, lefts)]
    colour = terminal_series([False])[0]
    with _ONE_PICTURE:
        picture = _Picture(sheet, sheet.height - 3)
        origin = _origin(x, series)
        starts = _from(lefts, origin)
        wide = step / 1e9 if x.kind is Kind.TIME else step
        low, high = float(starts[0]), float(starts[-1]) + wide
        dots = 2 * (sheet.width - 8)
        places = low + (np.arange(dots) + 0.5) * (high - low) / dots
        bar = np.clip(np.searchsorted(starts, places, side="right") - 1, 0, len(starts) - 1)
        shown = np.where(places < starts[bar] + max(wide, (high - low) / dots), heights[bar], 0.0)
        dot = np.clip(((starts - low) / (high - low) * dots).astype(np.int64), 0, dots - 1)
        np.maximum.at(shown, dot, heights)
        filled = shown > 0
        if filled.any():
            signal = picture.figure.signal(
                places[filled].tolist(), shown[filled].tolist(), marker=picture.marker(_DOTS, colour)
            )
            picture.figure.draw(signal.fillx())
        _value_axis(picture, y, [heights], from_zero=True)
        foot = _along(picture, x, series, origin, extra=wide)
        return [clip(y.label, sheet.width), *picture.lines(), *foot]


def _legend(series: Sequence[Series], colours: Sequence[int], signs: Sequence[str], y: Axis, sheet: Sheet) -> list[str]:
    """What is on the vertical axis; of several series, which colour is which."""
    if len(series) == 1:
        return [clip(y.label or series[0].name, sheet.width)]
    return legend_lines([each.name for each in series], colours, signs, sheet)


def _origin(axis: Axis, series: Sequence[Series]) -> int:
    starts = [int(each.x[0]) for each in series if len(each.x)]
    return min(starts) if starts and axis.kind is Kind.TIME else 0


def _from(x: Numbers, origin: int) -> Floats:
    import numpy as np

    if x.dtype != np.int64 or not origin:
        return np.asarray(x, np.float64)
    return (x.view(np.uint64) - np.uint64(origin % 2**64)).astype(np.float64) / 1e9


def _unbroken(x: Floats, y: Floats) -> list[tuple[Floats, Floats]]:
    """The stretches of a line between its gaps."""
    import numpy as np

    gaps = np.flatnonzero(np.isnan(y))
    parts = zip(np.split(x, gaps), np.split(y, gaps), strict=True)
    whole = [(xs[np.isfinite(ys)], ys[np.isfinite(ys)]) for xs, ys in parts]
    return [(xs, ys) for xs, ys in whole if len(xs)]


def _value_axis(picture: _Picture, axis: Axis, values: Sequence[Floats], *, from_zero: bool = False) -> None:
    import numpy as np

    if axis.names:
        ticks = [(float(at), clip(name, 16)) for at, name in enumerate(axis.names[:_MOST_NAMES])]
        picture.limits("y", "left", -0.5, len(axis.names) - 0.5, ticks)
        return
    finite = [each[np.isfinite(each)] for each in values]
    low = min((float(each.min()) for each in finite if len(each)), default=0.0)
    high = max((float(each.max()) for each in finite if len(each)), default=1.0)
    if from_zero or (low >= 0 and axis.kind in (Kind.COUNT, Kind.BYTES, Kind.DURATION)):
        low = min(0.0, low)
    if low == high:
        low, high = low - (abs(low) or 1) * 0.5, high + (abs(high) or 1) * 0.5
    most = max(2, (picture.sheet.height - 4) // 4)
    picture.limits("y", "left", low, high, [(tick.at, tick.label) for tick in number_ticks(low, high, axis.kind, most)])


def _along(picture: _Picture, axis: Axis, series: Sequence[Series], origin: int, extra: float = 0) -> list[str]:
    """Sets the horizontal axis; gives the line below it."""
    low = min(float(_from(each.x, origin).min()) for each in series if len(each.x))
    high = max(float(_from(each.x, origin).max()) for each in series if len(each.x)) + extra
    if low == high:
        room = 30.0 if axis.kind is Kind.TIME else (abs(low) or 1) * 0.5
        low, high = low - room, high + room
    most = max(2, picture.sheet.width // 13)
    label = axis.label
    ticks: list[tuple[float, str]]
    if axis.kind is Kind.TIME:
        first, last = (origin + int(low * 1e9), origin + int(high * 1e9))
        first, last = max(first, -(2**63)), min(last, 2**63 - 1)
        found = time_ticks(first, last, axis.zone, most)
        ticks = [((int(tick.at) - origin) / 1e9, text) for tick, text in zip(found, one_line(found), strict=True)]
        days = list(dict.fromkeys(time_text(at, axis.zone)[:10] for at in (first, last)))
        label = f"{axis.title} ({zone_label(first, last, axis.zone)}), {' to '.join(days)}"
    elif axis.names:
        ticks = [(float(at), clip(name, 10)) for at, name in enumerate(axis.names[:_MOST_NAMES])]
    else:
        ticks = [(tick.at, tick.label) for tick in number_ticks(low, high, axis.kind, most)]
    picture.limits("x", "lower", low, high, ticks)
    text = clip(label, picture.sheet.width)
    return [" " * ((picture.sheet.width - width(text)) // 2) + text]


def one_line(ticks: Sequence[Tick]) -> list[str]:
    """Times in one line each: where the date changes, the date; a change of the offset with its time."""
    texts = []
    for place, tick in enumerate(ticks):
        below = tick.below.split(" ")[-1] if place else ""
        if not below or len(tick.label) == 7:
            texts.append(tick.label)
        elif below[:1] in "+-" and below[1:3].isdigit() and len(below) == 6:
            texts.append(f"{tick.label} {below}")
        else:
            texts.append(below[5:] if tick.label in ("00:00", "00:00:00") and len(below) == 10 else tick.label)
    return texts


def spots_lines(drawing: Spots, sheet: Sheet) -> list[str]:
    """A map of dots, and the largest places by name."""
    import numpy as np

    south = -90.0 if drawing.latitude.min() < -58 else -58.0
    with _ONE_PICTURE:
        picture = _Picture(sheet, min(sheet.height + 4, max(10, sheet.width // 4)))
        for ring in outlines("land"):
            closed = np.vstack([ring, ring[:1]])
            inside = closed[:, 1] >= south
            if inside.all():
                picture.line(closed[:, 0], closed[:, 1], _DOTS, TERMINAL_OTHER, joined=True)
        colour = terminal_series([False, False])[1]
        picture.line(drawing.longitude, drawing.latitude, "●", colour, joined=False)
        picture.limits("x", "lower", -180, 180, [(float(at), f"{at}°") for at in range(-180, 181, 60)])
        picture.limits("y", "left", south, 84, [(float(at), f"{at}°") for at in range(-60, 61, 30)])
        lines = picture.lines()
    largest = zip(drawing.names[:_LISTED_SPOTS], drawing.values.tolist(), strict=False)
    return [*lines, *(clip(f"● {name}: {amount_text(value, drawing.value)}", sheet.width) for name, value in largest)]
