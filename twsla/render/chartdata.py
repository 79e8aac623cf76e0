"""From a chart, which names columns, and a Result, which has the rows, to what is drawn: one place for every surface.

Rows are read in pieces and never all held. Whatever is not drawn is said in the drawing's notes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.model.charts import Bar, Chart, Graph, Heatmap, Histogram, Line, Pie, Places, Scatter
from twsla.model.result import Kind
from twsla.render.chart_values import column_of, label_text

if TYPE_CHECKING:
    from twsla.model.result import Result
    from twsla.render.drawings import Drawing

INTERVALS = 1_000
"""Intervals of the time axis of a long series, where nothing else is asked for: about the columns of a picture."""


def chart_data(chart: Chart, result: Result, *, zone: str = "UTC", intervals: int = INTERVALS) -> Drawing:
    """What is drawn for a chart.

    Args:
        chart: One of the result's, or any that names its columns.
        result: Its rows are read once or a few times, piece by piece.
        zone: In which times are shown.
        intervals: Series with more than four points for each are thinned out; at least the columns of pixels.

    Raises:
        UndrawableError: The chart names a column that the result has not got, or there are too many keys.
    """
    drawing = _read(chart, result, zone, intervals)
    return replace(drawing, title=label_text(chart.title or result.title))


def _read(chart: Chart, result: Result, zone: str, intervals: int) -> Drawing:
    from twsla.render import chart_keys, chart_series
    from twsla.render.chart_cells import heatmap_cells

    window = chart_series.Window(zone, intervals)
    match chart:
        case Line():
            return chart_series.line_points(chart, result, window)
        case Scatter():
            return chart_series.scatter_points(chart, result, window)
        case Bar() if column_of(result, chart.x).kind is Kind.TIME:
            return chart_series.time_bars(chart, result, window)
        case Bar():
            return chart_keys.key_bars(chart, result, window)
        case Pie():
            return chart_keys.pie_slices(chart, result, window)
        case Histogram():
            return chart_keys.histogram_bins(chart, result, window)
        case Heatmap():
            return heatmap_cells(chart, result, window)
        case Graph():
            return chart_keys.graph_network(chart, result, window)
        case Places():
            return chart_keys.map_spots(chart, result, window)
