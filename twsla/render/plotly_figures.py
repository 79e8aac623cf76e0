"""Charts as plotly figures: plain values for JSON. The colours of text and ground are left to the theme of the page.

Axes have positions and tick texts, or are declared as categories, so that no text is taken for a number or a date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.drawings import Axis, Bars, Bins, Cells, Drawing, Network, Points, Slices, Spots

if TYPE_CHECKING:
    from twsla.render.plotly_texts import Figure


def figure_of(drawing: Drawing) -> Figure:
    """The figure of what is drawn."""
    from twsla.render import plotly_axes, plotly_shapes

    match drawing:
        case Points():
            return plotly_axes.points(drawing)
        case Bars(x=Axis(names=names)) if names:
            return plotly_axes.key_bars(drawing)
        case Bars():
            return plotly_axes.time_bars(drawing)
        case Bins():
            return plotly_axes.bins(drawing)
        case Slices():
            return plotly_shapes.slices(drawing)
        case Cells():
            return plotly_shapes.cells(drawing)
        case Network():
            return plotly_shapes.network(drawing)
        case Spots():
            return plotly_shapes.spots(drawing)
