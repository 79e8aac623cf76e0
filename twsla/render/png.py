"""A chart of a Result as a PNG picture, and as pixels for terminals that show pictures."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.render.chartdata import chart_data
from twsla.render.drawings import Axis, Bars, Bins, Cells, Drawing, Network, Points, Series, Slices, Spots, is_empty
from twsla.render.figure import MUTED, drawn_canvas, pixels_of, png_of
from twsla.render.graph_layout import has_two_sides
from twsla.render.notes import note_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from twsla.model.charts import Chart
    from twsla.model.result import Result
    from twsla.render.figure import Canvas

SIZE = (1200, 600)
"""Pixels, where the chart needs no more."""
_SHAPE = {Slices: (1000, 520), Network: (1200, 860), Spots: (1200, 590)}


def first_chart(result: Result) -> Chart:
    """The chart that is drawn where one is wanted.

    Raises:
        UsageError: The result has none.
    """
    if not result.charts and not len(result.rows):
        raise UsageError(
            f"'{result.title}' has no rows, so there is no picture to draw",
            hint="look for something else, or elsewhere",
        )
    if not result.charts:
        raise UsageError(
            f"'{result.title}' has no chart, so there is no picture to draw",
            hint="write its rows in another format: csv, json, parquet, html …",
        )
    return result.charts[0]


def chart_png(result: Result, chart: Chart, *, zone: str = "UTC", size: tuple[int, int] | None = None) -> bytes:
    """A chart as a PNG file.

    Args:
        result: Title, rows, facts and notes.
        chart: Which of its charts.
        zone: In which times are shown.
        size: Width and height in pixels; None: as the chart needs.
    """
    drawing = chart_data(chart, result, zone=zone)
    with _canvas(result, drawing, zone, size or size_for(drawing)) as canvas:
        _draw(canvas, drawing)
        return png_of(canvas.figure)


def chart_pixels(result: Result, chart: Chart, *, zone: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A chart as (height, width, 3) bytes: red, green, blue."""
    drawing = chart_data(chart, result, zone=zone)
    with _canvas(result, drawing, zone, size) as canvas:
        _draw(canvas, drawing)
        return pixels_of(canvas.figure)


def _canvas(result: Result, drawing: Drawing, zone: str, size: tuple[int, int]) -> AbstractContextManager[Canvas]:
    return drawn_canvas(texts_of(drawing), size, drawing.title, caption(result, drawing, zone))


def size_for(drawing: Drawing) -> tuple[int, int]:
    """The pixels that a chart is best drawn in."""
    match drawing:
        case Bars(x=Axis(names=names)) if names:
            return (1200, max(240, 130 + 30 * len(names)))
        case Cells(y=Axis(names=names)):
            return (1200, min(1600, max(420, 170 + 26 * len(names))))
        case Network() if has_two_sides(drawing):
            return (1000, max(280, 120 + 26 * max(map(len, drawing.sides()))))
        case _:
            return _SHAPE.get(type(drawing), SIZE)


def caption(result: Result, drawing: Drawing, zone: str) -> str:
    """Facts of the result, what is not drawn, and the notes that a reader must not miss."""
    from dataclasses import replace

    facts = " · ".join(note_lines(replace(result, notes=()), zone=zone))
    notes = note_lines(replace(result, facts=()), zone=zone)
    return " · ".join(part for part in (facts, *(f"{note}." for note in (*drawing.notes, *notes))) if part)


def texts_of(drawing: Drawing) -> Iterator[str]:
    """All texts in a drawing, so that fonts can be chosen for them."""
    for field in fields(drawing):
        value = getattr(drawing, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, str):
                yield each
            elif isinstance(each, Axis):
                yield from (each.title, each.unit, *each.names)
            elif isinstance(each, Series):
                yield each.name


def _draw(canvas: Canvas, drawing: Drawing) -> None:
    from twsla.render import figure_axes, figure_shapes

    if is_empty(drawing):
        _say_empty(canvas.figure)
        return
    match drawing:
        case Points():
            figure_axes.draw_points(canvas, drawing)
        case Bars():
            figure_axes.draw_bars(canvas, drawing)
        case Bins():
            figure_axes.draw_bins(canvas, drawing)
        case Slices():
            figure_shapes.draw_slices(canvas, drawing)
        case Cells():
            figure_shapes.draw_cells(canvas, drawing)
        case Network():
            figure_shapes.draw_network(canvas, drawing)
        case Spots():
            figure_shapes.draw_spots(canvas, drawing)


def _say_empty(figure: Figure) -> None:
    figure.text(0.5, 0.5, "nothing to draw: there are no rows", ha="center", va="center", size=12, color=MUTED)
