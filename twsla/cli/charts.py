"""``--chart`` and ``--sixel``: the chart of a result before its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.errors import UsageError

if TYPE_CHECKING:
    from twsla.environment import Environment
    from twsla.model.result import Result
    from twsla.options import OutputOptions
    from twsla.render.shown import RenderOptions

DRAWN_IN = frozenset({"plain", "table"})
"""Formats that a chart can stand before: those for reading."""


def check_chart(options: OutputOptions, format_name: str | None) -> None:
    """Raise if a chart is wanted where it would spoil the data.

    Raises:
        UsageError: So it is.
    """
    if options.chart and format_name is not None and format_name not in DRAWN_IN:
        raise UsageError(
            f"--chart draws before plain text and tables, not in {format_name}",
            hint="leave it out (--no-chart), or write the chart itself: -o FILE.png, -o FILE.html",
        )


def chart_before(result: Result, options: OutputOptions, environment: Environment, render: RenderOptions) -> bytes:
    """What is written before the rows: the first chart with characters, and an empty line; nothing if none is wanted.

    Raises:
        TwslaError: It cannot be drawn.
    """
    if not options.chart or not result.charts:
        return b""
    from twsla.render.terminal_chart import HEIGHT, chart_lines

    height = min(HEIGHT, max(10, environment.height - 6)) if render.escape else HEIGHT
    lines = chart_lines(
        result, result.charts[0], zone=render.zone, width=environment.width, height=height, colour=render.colour
    )
    return "".join(f"{line}\n" for line in [*lines, ""]).encode()


def chart_picture(result: Result, environment: Environment, *, zone: str) -> bytes:
    """The first chart as a Sixel picture that fits the terminal, and a line end.

    Raises:
        TwslaError: It cannot be drawn.
    """
    from twsla.render.png import chart_pixels
    from twsla.render.sixel import picture_size, sixel, window_pixels

    size = picture_size(window_pixels(environment.stdout, environment.width, environment.height))
    return sixel(chart_pixels(result, result.charts[0], zone=zone, size=size)) + b"\n"
