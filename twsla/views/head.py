"""What stands above a table: its title and figures, notes, filters. Pure, as the table itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twsla.model.durations import format_duration
from twsla.model.result import Kind
from twsla.render.values import display_value
from twsla.views.cells import cells, clip, fit_for, fitted

if TYPE_CHECKING:
    from twsla.model.result import Result
    from twsla.views.cells import Fragments
    from twsla.views.table import Picture

ROOM_FOR_MORE = 12
"""Lines a window must have before figures and notes get lines of their own."""
ROOM_FOR_HINT = 60
"""Columns it must have before the number of notes is told on the first line."""
LEAST_NAME = 12
"""Cells of a title that are shown before the number of rows gets room."""
COUNTED = frozenset({"rows", "keys", "values", "marks"})
"""Figures that the number of rows tells as well."""


def head_lines(picture: Picture, width: int, height: int) -> list[Fragments]:
    """What stands above the headings; fewer lines where rows would not have room."""
    lines = [*title_lines(picture, width, height), *note_lines(picture, width, height), *filter_lines(picture, width)]
    return lines[: max(1, height - 3)]


def title_lines(picture: Picture, width: int, height: int) -> list[Fragments]:
    """What this is, how many rows it has, its figures; those that have no room on the first line, on a second."""
    result, look = picture.result, picture.look
    dot = f" {look.signs.dot} "
    count = count_text(picture)
    name = fit_for(" > ".join((*picture.trail, result.title)), look.encoding)
    name = clip(name, max(LEAST_NAME, width - cells(count) - 4))
    notes = "" if height >= ROOM_FOR_MORE or width < ROOM_FOR_HINT else notes_hint(result)
    room = width - cells(name) - 4 - cells(notes)
    took = "" if picture.seconds is None else f" in {picture.seconds:.2f} s"
    first, rest = [f"{count}{took}"], [fit_for(text, look.encoding) for text in figures(picture)]
    while rest and (height < ROOM_FOR_MORE or cells(dot.join([*first, rest[0]])) <= room):
        first.append(rest.pop(0))
    parts = [("class:title class:title.name", f" {name}"), ("class:title", f"  {dot.join(first)} ")]
    if notes:
        parts = [*fitted(parts, max(1, width - cells(notes)), fill="class:title"), ("class:title", notes)]
    lines = [fitted(parts, width, fill="class:title")]
    below = dot.join([*figures_of_row(picture), *rest])
    if height >= ROOM_FOR_MORE and (below or has_figures_of_row(result)):
        lines.append(fitted([("class:title", f" {below}")], width, fill="class:title"))
    return lines


def count_text(picture: Picture) -> str:
    """How many rows there are, as far as is known, and of how many they are a part."""
    state, total = picture.state, picture.total
    if not state.complete:
        return f"{state.known:,}+ rows"
    if total is not None and total > state.known:
        return f"{state.known:,} of {total:,} rows"
    return f"{state.known:,} row{'' if state.known == 1 else 's'}"


def figures(picture: Picture) -> list[str]:
    """The figures of a result, without what the number of rows tells already."""
    known, zone = picture.state.known, picture.look.zone
    facts = [fact for fact in picture.result.facts if fact.name not in COUNTED or fact.value != known]
    return [f"{fact.title} {display_value(fact.value, fact.kind, zone=zone)}" for fact in facts]


def has_figures_of_row(result: Result) -> bool:
    """Whether rows have times in seconds, which people read better as minutes and days, and no column says so."""
    return bool(timed_columns(result))


def timed_columns(result: Result) -> tuple[int, ...]:
    """Places of these columns."""
    columns = result.columns
    if any(column.kind is Kind.DURATION for column in columns):
        return ()
    return tuple(at for at, column in enumerate(columns) if column.unit == "s" and not column.hidden)


def figures_of_row(picture: Picture) -> list[str]:
    """The selected row's times in seconds as people read them: ``Delta 3m0.5s``."""
    row = picture.page.row(picture.state.cursor)
    found = []
    for at in timed_columns(picture.result):
        value = row[at] if row else None
        if isinstance(value, float | int) and math.isfinite(value):
            found.append(f"{picture.result.columns[at].title} {format_duration(round(value * 1000) * 1_000_000)}")
    return found


def notes_hint(result: Result) -> str:
    """How many notes there are, and the key that shows them."""
    count = len(result.notes)
    return f"{count} note{'s' if count > 1 else ''}: i " if count else ""


def note_lines(picture: Picture, width: int, height: int) -> list[Fragments]:
    """The first note, where there is room; the others are a key away."""
    notes = picture.result.notes
    if not notes or height < ROOM_FOR_MORE:
        return []
    more = f"  (+{len(notes) - 1} more: i)" if len(notes) > 1 else ""
    text = fit_for(notes[0].text, picture.look.encoding)
    return [fitted([("class:note", f" {clip(text, width - 1 - len(more))}{more}")], width)]


def filter_lines(picture: Picture, width: int) -> list[Fragments]:
    """What narrows the rows down, and what is highlighted."""
    state, encoding = picture.state, picture.look.encoding
    line: Fragments = []
    for each in state.filters:
        style = "class:filter" if each.on else "class:filter.off"
        line += [("", " "), (style, f"& {fit_for(each.text, encoding)}"), ("", " " if each.on else " (off) ")]
    if state.marker:
        line += [("", " "), ("class:marker", fit_for(state.marker, encoding)), ("", " ")]
    if state.find:
        line += [("", " "), ("class:find", f"/ {fit_for(state.find, encoding)}"), ("", " ")]
    return [fitted(line, width)] if line else []
