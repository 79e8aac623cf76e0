"""Bars of keys, slices, heat maps and graphs with characters: one line for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twsla.render.figure_axes import amount_text
from twsla.render.palette import TERMINAL_HEAT, TERMINAL_OTHER, terminal_series
from twsla.render.widths import clip, pad, width, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.render.drawings import Axis, Bars, Cells, Network, Slices
    from twsla.render.terminal_chart import Sheet

_EIGHTHS = " ▏▎▍▌▋▊▉"
_MOST_TURNED = 62
"""Columns of a heat map that become lines where they would not fit as columns: two months of days."""
_SHADES = "·░▒▓█"
_PARTS = "█▓▒░▚▞▌▐"
"""Of stacked bars, where there are no colours."""


def bar_text(value: float, most: float, cells: int) -> str:
    """A bar of up to ``cells`` cells, exact to an eighth; something is seen of all above 0, and that one goes on."""
    if value > most > 0:
        return "█" * (cells - 1) + "»"
    eighths = 0 if most <= 0 or value <= 0 else max(1, round(value / most * cells * 8))
    full, part = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[part] if part else "")


def bars_lines(drawing: Bars, sheet: Sheet) -> list[str]:
    """The keys with their bars and values, the first on top."""
    totals = drawing.totals().tolist()
    amounts = [amount_text(total, drawing.y) for total in totals]
    if len(drawing.series) > 1:
        return _stacked(drawing, totals, amounts, sheet)
    colours = [terminal_series([False])[0]] * len(totals)
    if drawing.has_rest:
        colours[-1] = TERMINAL_OTHER
    return _listed(drawing.x.names, totals, amounts, colours, sheet, most=drawing.cut_at())


def _columns(names: Sequence[str], amounts: Sequence[str], sheet: Sheet) -> tuple[int, int, int]:
    """Cells for the names, the values and the bars."""
    values = max(map(width, amounts), default=1)
    room = max(8, (sheet.width - values) // 2 - 2)
    named = min(max(map(width, names), default=1), room)
    return named, values, max(1, sheet.width - named - values - 2)


def _listed(
    names: Sequence[str],
    totals: Sequence[float],
    amounts: Sequence[str],
    colours: Sequence[int],
    sheet: Sheet,
    *,
    most: float | None = None,
) -> list[str]:
    """A line for each; a bar longer than ``most`` is cut and marked."""
    named, values, cells = _columns(names, amounts, sheet)
    most = most or max(totals, default=0)
    return [
        f"{pad(clip(name, named), named)} {pad(amount, values, right=True)} "
        f"{sheet.paint(bar_text(total, most, cells), colour)}".rstrip()
        for name, total, amount, colour in zip(names, totals, amounts, colours, strict=True)
    ]


def _stacked(drawing: Bars, totals: Sequence[float], amounts: Sequence[str], sheet: Sheet) -> list[str]:
    """Bars of several parts, each in its colour or, without colours, in its own character."""
    named, values, cells = _columns(drawing.x.names, amounts, sheet)
    colours = terminal_series([each.is_other for each in drawing.series])
    signs = "█" * len(colours) if sheet.colour else [_PARTS[place % len(_PARTS)] for place in range(len(colours))]
    most = drawing.cut_at() or max(totals, default=0) or 1
    lines = legend_lines([each.name for each in drawing.series], colours, signs, sheet)
    for at, name in enumerate(drawing.x.names):
        bar, before = "", 0.0
        for each, colour, sign in zip(drawing.series, colours, signs, strict=True):
            ends = [round(max(0, min(1, part / most)) * cells) for part in (before, before + float(each.y[at]))]
            bar += sheet.paint(sign * max(0, ends[1] - ends[0]), colour)
            before += float(each.y[at])
        lines.append(f"{pad(clip(name, named), named)} {pad(amounts[at], values, right=True)} {bar}".rstrip())
    return lines


def legend_lines(names: Sequence[str], colours: Sequence[int], signs: Sequence[str], sheet: Sheet) -> list[str]:
    """What each colour or character stands for, in as few lines as fit."""
    lines, used = [""], 0
    for name, colour, sign in zip(names, colours, signs, strict=True):
        text = clip(name, max(4, sheet.width - 4))
        cells = width(text) + 2
        if used and used + 2 + cells > sheet.width:
            lines.append("")
            used = 0
        lines[-1] += f"{'  ' if used else ''}{sheet.paint(sign, colour)} {text}"
        used += cells + (2 if used else 0)
    return lines


def slices_lines(drawing: Slices, sheet: Sheet) -> list[str]:
    """Every slice as a bar with its value and share."""
    values = drawing.values.tolist()
    total = sum(values)
    amounts = [f"{amount_text(value, drawing.value)} {value / total:>6.1%}" for value in values]
    colours = [terminal_series([False])[0]] * len(values)
    if drawing.has_other:
        colours[-1] = TERMINAL_OTHER
    return _listed(drawing.names, values, amounts, colours, sheet)


def cells_lines(drawing: Cells, sheet: Sheet) -> list[str]:
    """A heat map: darker is more. It is turned where it is wider than the sheet and would fit so."""
    import numpy as np

    table, across, down = drawing.values, drawing.x, drawing.y
    if _room(down, sheet) < 2 * len(across.names) <= 2 * _MOST_TURNED and 2 * len(down.names) <= _room(across, sheet):
        table, across, down = table.T, down, across
    named = sheet.width - 1 - _room(down, sheet)
    room = _room(down, sheet)
    group = max(1, math.ceil(len(across.names) / room))
    widest = min(11, max(map(width, across.names), default=1) + 1)
    cell = max(1, min(widest, room // max(1, math.ceil(len(across.names) / group))))
    starts = range(0, len(across.names), group)
    table = np.where(np.isnan(table), -np.inf, table)
    most = float(table.max(initial=0))
    lines = [f"{' ' * named} {_heads([across.names[at] for at in starts], cell)}"]
    for line, name in enumerate(down.names):
        parts = [float(table[line, at : at + group].max()) for at in starts]
        lines.append(f"{pad(clip(name, named), named)} {_shaded(parts, most, cell, sheet)}".rstrip())
    scale = "".join(sheet.paint(sign * 2, colour) for sign, colour in _scale())
    lines.append(f"0 {scale} {clip(f'{amount_text(most, drawing.value)} {drawing.value.title}', sheet.width - 13)}")
    if group > 1:
        lines += wrap(f"(each column is the highest of {group})", sheet.width)
    return [line.rstrip() for line in lines]


def _room(lines: Axis, sheet: Sheet) -> int:
    """Cells beside the names of the lines."""
    return sheet.width - 1 - min(max(map(width, lines.names), default=1), max(6, sheet.width // 3))


def _scale() -> list[tuple[str, int]]:
    """From the least above 0 to the most: a character and its colour."""
    return [*zip(_SHADES, TERMINAL_HEAT, strict=True)]


def _shaded(values: Sequence[float], most: float, cell: int, sheet: Sheet) -> str:
    steps = _scale()
    text = ""
    for value in values:
        if value <= 0 or most <= 0:
            text += " " * cell
            continue
        sign, colour = steps[min(len(steps) - 1, int(value / most * len(steps)))]
        text += sheet.paint(sign * cell, colour)
    return text


def _heads(names: Sequence[str], cell: int) -> str:
    """Names above their columns, as many as do not run into each other."""
    line = ""
    for place, name in enumerate(names):
        at = place * cell
        if width(line) <= at and (not line or width(line) < at or cell > width(name)):
            line = pad(line, at) + clip(name, max(cell, len(names) * cell - at))
    return line


def network_lines(drawing: Network, sheet: Sheet) -> list[str]:
    """The edges, the heaviest first."""
    names = [
        f"{drawing.names[source]} → {drawing.names[target]}"
        for source, target in zip(drawing.sources.tolist(), drawing.targets.tolist(), strict=True)
    ]
    weights = drawing.weights.tolist()
    amounts = [amount_text(weight, drawing.weight) for weight in weights]
    shown = min(len(names), max(20, sheet.height))
    colours = [terminal_series([False])[0]] * shown
    lines = _listed(names[:shown], weights[:shown], amounts[:shown], colours, sheet)
    if shown == len(names):
        return lines
    return [*lines, *wrap(f"({shown:,} of {len(names):,} edges are listed)", sheet.width)]
