"""A chart of a Result drawn with characters, for any terminal and for text files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.render.chartdata import chart_data
from twsla.render.drawings import Bars, Bins, Cells, Network, Points, Slices, Spots, is_empty
from twsla.render.widths import clip, wrap

if TYPE_CHECKING:
    from twsla.model.charts import Chart
    from twsla.model.result import Result
    from twsla.render.drawings import Drawing

LEAST_WIDTH, LEAST_HEIGHT = 24, 10
HEIGHT = 20
"""Lines of a chart with axes, where nobody says otherwise."""
_RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Sheet:
    """The space there is, and whether colours may be used."""

    width: int
    height: int
    colour: bool

    def paint(self, text: str, colour: int | None) -> str:
        """A text in a colour of the 256 of terminals; as it is where there are no colours."""
        if not self.colour or colour is None or not text:
            return text
        return f"\x1b[38;5;{colour}m{text}{_RESET}"

    def strong(self, text: str) -> str:
        """A heading."""
        return f"\x1b[1m{text}{_RESET}" if self.colour else text


def chart_lines(
    result: Result, chart: Chart, *, zone: str = "UTC", width: int = 80, height: int = HEIGHT, colour: bool = False
) -> list[str]:
    """The lines of a chart: its title, what is drawn, and what is not.

    Args:
        result: Title and rows.
        chart: Which of its charts.
        zone: In which times are shown.
        width: Columns; no line is wider.
        height: Lines that a chart with axes takes; lists take as many as they have entries.
        colour: Use ANSI colours.

    Raises:
        TwslaError: The drawing library cannot be loaded.
    """
    sheet = Sheet(max(LEAST_WIDTH, width), max(LEAST_HEIGHT, height), colour)
    drawing = chart_data(chart, result, zone=zone, intervals=4 * sheet.width)
    lines = [sheet.strong(clip(drawing.title, sheet.width))]
    if is_empty(drawing):
        return [*lines, *wrap("nothing to draw: there are no rows", sheet.width)]
    drawn = _drawn(drawing, sheet)
    if not colour:  # the drawing library counts some characters of two cells as one
        drawn = [clip(line, sheet.width) for line in drawn]
    if drawn[0] == drawing.title:  # the axis has the same name
        drawn = drawn[1:]
    return [*lines, *drawn, *(part for note in drawing.notes for part in wrap(f"({note})", sheet.width))]


def _drawn(drawing: Drawing, sheet: Sheet) -> list[str]:
    from twsla.render import terminal_axes, terminal_lists

    match drawing:
        case Points():
            return terminal_axes.points_lines(drawing, sheet)
        case Bars() if drawing.x.names:
            return terminal_lists.bars_lines(drawing, sheet)
        case Bars():
            return terminal_axes.bars_lines(drawing, sheet)
        case Bins():
            return terminal_axes.bins_lines(drawing, sheet)
        case Spots():
            return terminal_axes.spots_lines(drawing, sheet)
        case Slices():
            return terminal_lists.slices_lines(drawing, sheet)
        case Cells():
            return terminal_lists.cells_lines(drawing, sheet)
        case Network():
            return terminal_lists.network_lines(drawing, sheet)
