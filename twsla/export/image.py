"""PNG: a result's chart as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.shown import chosen_columns

if TYPE_CHECKING:
    from typing import BinaryIO

    from twsla.model.result import Result
    from twsla.render.shown import RenderOptions


def write_png(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """A picture of the chart.

    Raises:
        UsageError: The result has none.
    """
    from twsla.render.png import chart_png, first_chart

    chosen_columns(result, options)
    sink.write(chart_png(result, first_chart(result), zone=options.zone))
