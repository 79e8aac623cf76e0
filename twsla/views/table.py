"""A table drawn as lines: title, headings, the rows in sight, status. Pure: the same picture gives the same lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twsla.model.result import Kind
from twsla.render.cells import is_numeric, is_text
from twsla.render.table import column_widths
from twsla.render.values import display_value
from twsla.views.cells import cells, clip, cut, fit_for, fitted, key_hints, pad, styled, wrapped
from twsla.views.cells import width as width_of
from twsla.views.head import head_lines
from twsla.views.json_text import find_json, pretty
from twsla.views.paint import level_style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.model.result import Column, Result
    from twsla.views.cells import Fragments
    from twsla.views.pages import Page
    from twsla.views.paint import Paint
    from twsla.views.state import TableState
    from twsla.views.style import Signs

GAP = 2
"""Cells between columns."""
GUTTER = 2
"""Cells before the first column, for the sign of a mark."""
LEAST_TEXT = 8
"""Cells a text column needs; where they are not left, the table is wider than the screen and scrolls as a whole."""
WIDE_TEXT = 32
"""Cells a text column gets at most in a table that is wider than the screen."""
LEAST_BAR = 10
"""Cells that a bar needs; where they are not left behind the columns, there are none."""
LAST_HINTS = 2
"""Hints that are shown before the others get room: how to see all keys, and how to leave."""


@dataclass(frozen=True, slots=True)
class Look:
    """How texts are shown here."""

    zone: str
    encoding: str
    signs: Signs


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that a table's drawing depends on."""

    result: Result
    state: TableState
    page: Page
    look: Look
    paint: Paint
    natural: dict[str, int]
    """Cells that the texts seen so far need, by column."""
    greatest: int = 0
    """The largest count among the rows, as far as is known: that of a full bar."""
    total: int | None = None
    """Rows there would be without filters."""
    seconds: float | None = None
    """What the answer took, until all its rows were counted."""
    marked: frozenset[tuple[str, int]] = frozenset()
    """Source and offset of marked records."""
    busy: str = ""
    """What is being worked on."""
    message: str = ""
    refused: bool = False
    """The message says why something was not done."""
    trail: tuple[str, ...] = ()
    """Titles of the results this one was opened from."""
    hints: tuple[tuple[str, str], ...] = ()
    """Keys and what they do, the most important first."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lines for the screen, and where the rows are among them."""

    lines: list[Fragments]
    top: int
    """Number of the first row drawn."""
    fit: int
    """Rows that are on the screen as a whole."""
    row_at: tuple[int | None, ...] = ()
    """For each line, the number of the row it belongs to."""
    headings: tuple[tuple[int, int, str], ...] = ()
    """Cells from, to, and the column, of each heading."""
    heading_line: int = 0


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns side by side."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    main: int | None
    """Place of the column whose text is scrolled sideways and wrapped; None: the table scrolls as a whole."""
    bar: int = 0
    """Cells behind the columns for a bar as long as the count; 0: there is no count, or no room."""


def shown_columns(picture: Picture) -> tuple[Column, ...]:
    """The columns to draw, in order."""
    known = {column.name: column for column in picture.result.columns}
    return tuple(known[name] for name in picture.state.columns)


def cell_text(value: Any, column: Column, look: Look) -> str:
    """A value as one line, fit for the terminal."""
    text = display_value(value, column.kind, zone=look.zone)
    return fit_for(text.replace("\n", "⏎") if "\n" in text else text, look.encoding)


def arrange_columns(picture: Picture, width: int) -> Columns:
    """How wide each column is."""
    columns = shown_columns(picture)
    natural = [max(picture.natural.get(column.name, 0), heading_cells(column)) for column in columns]
    flexible = [at for at, column in enumerate(columns) if is_text(column.kind)]
    total = width - GUTTER
    needed = sum(natural) - sum(max(0, natural[at] - LEAST_TEXT) for at in flexible) + GAP * (len(columns) - 1)
    if needed > total:
        widths = [min(size, WIDE_TEXT) if at in flexible else size for at, size in enumerate(natural)]
        return Columns(columns, tuple(widths), None)
    widths = column_widths(columns, natural, total)
    main = max(flexible, key=lambda at: (columns[at].kind is Kind.LOG, columns[at].share, natural[at]), default=None)
    left = total - sum(widths) - GAP * len(columns)
    has_bar = left >= LEAST_BAR and counted_column(picture.result) is not None
    return Columns(columns, tuple(widths), main, left if has_bar else 0)


def counted_column(result: Result) -> int | None:
    """Place of the column that bars are drawn of; None: there are none."""
    places = (at for at, column in enumerate(result.columns) if column.name == "count" and column.kind is Kind.COUNT)
    return next(places, None)


def heading_cells(column: Column) -> int:
    """Cells of a heading, with room for the sign of its order."""
    return cells(column.title) + 2


def draw(picture: Picture, width: int, height: int) -> Drawing:
    """The whole view in exactly ``height`` lines of ``width`` cells."""
    columns = arrange_columns(picture, width)
    head = head_lines(picture, width, height)
    heading, places = heading_line(picture, columns, width)
    room = max(1, height - len(head) - 2)
    body, top, fit, row_at = draw_rows(picture, columns, width, room)
    lines = [*head, heading, *body, status_line(picture, width)]
    return Drawing(
        lines=lines[: height - 1] + lines[-1:] if len(lines) > height else lines,
        top=top,
        fit=fit,
        row_at=(*(None for _ in head), None, *row_at, None),
        headings=places,
        heading_line=len(head),
    )


def rows_room(picture: Picture, width: int, height: int) -> int:
    """Lines that are left for rows."""
    return max(1, height - len(head_lines(picture, width, height)) - 2)


# --- rows ---------------------------------------------------------------------------------------------------------


def draw_rows(
    picture: Picture, columns: Columns, width: int, room: int
) -> tuple[list[Fragments], int, int, list[int | None]]:
    """Lines of rows, the first row drawn, how many rows are there as a whole, and the row of each line."""
    state = picture.state
    if not state.known:
        empty = "" if picture.busy or not state.complete else "  no rows"
        return [fitted([("", empty)], width), *(blank(width) for _ in range(room - 1))], 0, 1, [None] * room
    top = first_row(picture, columns, width, room)
    lines: list[Fragments] = []
    row_at: list[int | None] = []
    fit = 0
    number = top
    while len(lines) < room and number < state.known:
        drawn = draw_row(picture, columns, width, number, room)
        space = room - len(lines)
        fit += len(drawn) <= space
        lines += drawn[:space]
        row_at += [number] * min(space, len(drawn))
        number += 1
    missing = room - len(lines)
    return [*lines, *(blank(width) for _ in range(missing))], top, max(1, fit), [*row_at, *([None] * missing)]


def first_row(picture: Picture, columns: Columns, width: int, room: int) -> int:
    """The row to begin with, so that the selected one is on the screen as a whole."""
    state = picture.state
    if not (state.wrap or state.pretty):
        return state.top
    used = len(draw_row(picture, columns, width, state.cursor, room))
    top = state.cursor
    while top > state.top:
        used += len(draw_row(picture, columns, width, top - 1, room))
        if used > room:
            break
        top -= 1
    return top


def draw_row(picture: Picture, columns: Columns, width: int, number: int, room: int) -> list[Fragments]:
    """One row as lines: one, or several where its main text is wrapped."""
    state = picture.state
    values = picture.page.row(number)
    base = "class:selected" if number == state.cursor else ""
    if values is None:
        return [fitted([(base, "  ...")], width, fill=base)]
    row = dict(zip((column.name for column in picture.result.columns), values, strict=True))
    blocks = [
        main_lines(picture, column, row[column.name], size, room)
        if at == columns.main and (state.wrap or state.pretty)
        else [cell(picture, column, row[column.name], size, base, state.left if at == columns.main else 0)]
        for at, (column, size) in enumerate(zip(columns.columns, columns.widths, strict=True))
    ]
    gutter = fitted(gutter_of(picture, row), GUTTER)
    pan = state.left if columns.main is None else 0
    lines = []
    for place in range(max(map(len, blocks), default=1)):
        line: Fragments = []
        ground = base if place == 0 else ""
        for at, (block, size) in enumerate(zip(blocks, columns.widths, strict=True)):
            line += [(ground, " " * GAP)] if at else []
            line += block[place] if place < len(block) else [(ground, " " * size)]
        if columns.bar and place == 0:
            line += bar_of(picture, values, columns.bar)
        fill = "" if columns.bar else ground
        lines.append([*(gutter if place == 0 else [(base, " " * GUTTER)]), *cut(line, pan, width - GUTTER, fill)])
    return lines


def bar_of(picture: Picture, values: Sequence[Any], size: int) -> Fragments:
    """A bar as long as the row's count, in at most ``size`` cells behind a gap."""
    at = counted_column(picture.result)
    value = values[at] if at is not None else None
    if not value or picture.greatest <= 0:
        return []
    signs = picture.look.signs.bar
    parts = max(1, min(int(value), picture.greatest) * size * len(signs) // picture.greatest)
    whole, rest = divmod(parts, len(signs))
    return [("", " " * GAP), ("class:bar", signs[-1] * whole + (signs[rest - 1] if rest else ""))]


def gutter_of(picture: Picture, row: dict[str, Any]) -> Fragments:
    """The signs of a mark, and of the record that the others are measured from."""
    place, signs = (row.get("source"), row.get("offset")), picture.look.signs
    shown = [("class:marked", signs.mark)] if place in picture.marked else [("", " ")]
    return [*shown, ("class:reference", signs.reference)] if place == picture.result.reference else shown


def cell(picture: Picture, column: Column, value: Any, size: int, base: str, left: int) -> Fragments:
    """A value in exactly ``size`` cells."""
    text = cell_text(value, column, picture.look)
    if column.kind is Kind.LOG:
        return fitted(styled(text, picture.paint.of(text), base), size, left=left, fill=base)
    style = level_style(text) if column.kind is Kind.LEVEL else ""
    spans = picture.paint.of(text, plain=True) if is_text(column.kind) else []
    parts = styled(text, spans, f"{base} {style}".strip())
    return fitted(parts, size, left=left, right=is_numeric(column.kind), fill=base)


def main_lines(picture: Picture, column: Column, value: Any, size: int, room: int) -> list[Fragments]:
    """The text that is wrapped, as lines of exactly ``size`` cells; what is more than the screen is counted.

    It keeps its colours when the row is selected: reversed, a block of them would be hard to read.
    """
    text = fit_for(display_value(value, column.kind, zone=picture.look.zone), picture.look.encoding, keep="\n")
    found = find_json(text) if picture.state.pretty else None
    if found:
        before = text[: found[0]]
        parts = [styled(before, picture.paint.of(before))] if before.strip() else []
        parts += pretty(text[slice(*found)])
    else:
        parts = [styled(text, picture.paint.of(text))]
    lines = [line for part in parts for line in wrapped(part, size)]
    if len(lines) > room:
        more = f"... {len(lines) - room + 1:,} more lines: Enter"
        lines = [*lines[: room - 1], [("class:faint", more)]]
    return [fitted(line, size) for line in lines]


# --- around the rows ----------------------------------------------------------------------------------------------


def heading_line(picture: Picture, columns: Columns, width: int) -> tuple[Fragments, tuple[tuple[int, int, str], ...]]:
    """The headings, and where each stands."""
    state, signs = picture.state, picture.look.signs
    line: Fragments = []
    places = []
    at = 0
    for column, size in zip(columns.columns, columns.widths, strict=True):
        is_sorted = column.name == state.sort
        sign = f" {signs.down if state.reverse else signs.up}" if is_sorted else ""
        title = clip(fit_for(column.title, picture.look.encoding), size - cells(sign)) + sign
        style = "class:heading.sorted" if is_sorted else "class:heading"
        line += [("class:heading", " " * GAP)] if at else []
        at += GAP if at else 0
        line.append((style, pad(title, size, right=is_numeric(column.kind))))
        places.append((at, at + size, column.name))
        at += size
    pan = state.left if columns.main is None else 0
    shown = cut(line, pan, width - GUTTER, "class:heading")
    moved = [(max(0, first - pan) + GUTTER, last - pan + GUTTER, name) for first, last, name in places if last > pan]
    more = sum(columns.widths) + GAP * (len(columns.widths) - 1) - pan > width - GUTTER
    if more:
        shown = [*cut(shown, 0, width - GUTTER - 1, "class:heading"), ("class:heading.sorted", ">")]
    return [("class:heading.sorted", "< " if pan else "  "), *shown], tuple(moved)


def status_line(picture: Picture, width: int) -> Fragments:
    """Where one is; a message, what is running, or the keys."""
    state = picture.state
    here = f" {state.cursor + 1:,}" if state.known else " 0"
    here += f"/{state.known:,}{'' if state.complete else '+'}"
    if state.complete and state.known:
        here += f"  {100 * (state.cursor + 1) // state.known}%"
    parts: Fragments = [("class:status.place", f"{here}  ")]
    if picture.message:
        style = "class:refusal" if picture.refused else "class:message"
        parts.append((style, fit_for(picture.message, picture.look.encoding)))
    elif picture.busy:
        parts.append(("class:busy", fit_for(picture.busy, picture.look.encoding)))
    else:
        room = width - width_of(parts)
        last = key_hints(picture.hints[-LAST_HINTS:], room)
        first = key_hints(picture.hints[:-LAST_HINTS], room - width_of(last) - GAP)
        parts += [*first, ("", " " * GAP if first else ""), *last]
    return fitted(parts, width)


def blank(width: int) -> Fragments:
    """An empty line."""
    return [("", " " * width)]
