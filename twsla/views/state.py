"""The state of a table on a screen, and what keys and events make of it: pure functions, no terminal.

What holds after every step (``TableState.check`` says it in code): the selected row is one that is known to be there,
it is on the screen, and the screen begins at a row that is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.views.keys import Do, Meaning, RunAction, SortBy

if TYPE_CHECKING:
    from collections.abc import Callable

SCROLL_CELLS = 8
"""Cells that one key press scrolls sideways."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A filter put on the rows shown, as it was typed."""

    text: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class TableState:
    """Where one is in a table, and how it is looked at."""

    known: int = 0
    """Rows that are known to be there."""
    complete: bool = False
    """There are no more than the known ones."""
    cursor: int = 0
    """The selected row; 0 where there is none."""
    top: int = 0
    """The first row on the screen."""
    left: int = 0
    """Cells scrolled off at the left."""
    height: int = 1
    """Lines for rows."""
    fit: int = 1
    """Rows that are on the screen: ``height``, or fewer where rows take several lines."""
    sort: str | None = None
    """Column; None: the order of the result."""
    reverse: bool = False
    columns: tuple[str, ...] = ()
    """Shown, in order."""
    sortable: tuple[str, ...] = ()
    """All columns that can be sorted by, in order."""
    wrap: bool = False
    pretty: bool = False
    """Records that are JSON are shown indented."""
    find: str = ""
    marker: str = ""
    colours: str = ""
    filters: tuple[Narrowing, ...] = ()
    at_end: bool = False
    """Stay on the last row while more are found."""

    def check(self) -> None:
        """Raise AssertionError unless the state makes sense."""
        assert self.height >= 1
        assert 1 <= self.fit <= self.height
        assert 0 <= self.top <= self.cursor
        assert self.cursor < max(1, self.known)
        assert self.cursor - self.top < self.height
        assert self.left >= 0
        assert self.known >= 0

    @property
    def arrangement(self) -> tuple[object, ...]:
        """What decides which rows there are, and in which order."""
        return self.sort, self.active

    @property
    def active(self) -> tuple[str, ...]:
        """The filters that are on."""
        return tuple(each.text for each in self.filters if each.on)


Outcome = tuple[TableState, Meaning | None]
"""The new state, and what it leaves to be done by whoever has rows, files and a terminal; None: nothing."""


def press(state: TableState, meaning: Meaning) -> Outcome:
    """What a key does."""
    if isinstance(meaning, SortBy):
        return sort_by(state, meaning.column), None
    if isinstance(meaning, RunAction):
        return state, meaning
    moved = _move(state, meaning)
    if moved is not None:
        return moved, None
    look = _LOOKS.get(meaning)
    return (look(state), None) if look else (state, meaning)


def _move(state: TableState, do: Do) -> TableState | None:
    page = max(1, state.fit - 1)
    steps = {
        Do.DOWN: 1,
        Do.UP: -1,
        Do.PAGE_DOWN: page,
        Do.PAGE_UP: -page,
        Do.HALF_DOWN: max(1, state.fit // 2),
        Do.HALF_UP: -max(1, state.fit // 2),
    }
    if do in (Do.DOWN, Do.UP):
        return select(state, state.cursor + steps[do])
    if do in steps:
        return turn(state, steps[do])
    if do is Do.TOP:
        return select(state, 0)
    if do is Do.BOTTOM:
        return replace(select(state, state.known - 1), at_end=not state.complete)
    return None


_LOOKS: dict[Do, Callable[[TableState], TableState]] = {
    Do.RIGHT: lambda state: replace(state, left=state.left + SCROLL_CELLS),
    Do.LEFT: lambda state: replace(state, left=max(0, state.left - SCROLL_CELLS)),
    Do.LINE_START: lambda state: replace(state, left=0),
    Do.REVERSE: lambda state: _to_top(replace(state, reverse=not state.reverse)),
    Do.SORT_NEXT: lambda state: _sort_beside(state, 1),
    Do.SORT_PREVIOUS: lambda state: _sort_beside(state, -1),
    Do.WRAP: lambda state: replace(state, wrap=not state.wrap, left=0),
    Do.PRETTY: lambda state: replace(state, pretty=not state.pretty, left=0),
    Do.PLAIN: lambda state: replace(state, pretty=False, wrap=False, left=0),
    Do.FILTERS_OFF: lambda state: switch_filters(state),
}
"""Keys that change how one looks at the rows."""


def select(state: TableState, row: int) -> TableState:
    """Select a row, or the nearest there is, and bring it onto the screen."""
    cursor = max(0, min(row, state.known - 1))
    top = min(state.top, cursor)
    if cursor - top >= state.fit:
        top = cursor - state.fit + 1
    return replace(state, cursor=cursor, top=max(0, top), at_end=False)


def turn(state: TableState, rows: int) -> TableState:
    """Move screen and selection together, as pages are turned."""
    last_top = max(0, state.known - state.fit)
    top = max(0, min(state.top + rows, last_top))
    if top == state.top:  # there is no page to turn: go to its end
        return select(state, state.cursor + rows)
    return select(replace(state, top=top, cursor=top), state.cursor + (top - state.top))


def scroll(state: TableState, rows: int) -> TableState:
    """Move the screen; the selection stays on its row as long as that is on the screen (mouse wheel)."""
    top = max(0, min(state.top + rows, max(0, state.known - state.fit)))
    cursor = max(top, min(state.cursor, top + state.fit - 1, max(0, state.known - 1)))
    return replace(state, top=min(top, cursor), cursor=cursor, at_end=False)


def show(state: TableState, row: int) -> TableState:
    """Select a row that was looked for; one that is not on the screen comes to a third of its height."""
    if state.top <= row < state.top + state.fit:
        return select(state, row)
    cursor = max(0, min(row, state.known - 1))
    top = max(0, min(cursor - state.fit // 3, max(0, state.known - state.fit)))
    return select(replace(state, top=min(top, cursor), cursor=cursor), cursor)


def sort_by(state: TableState, column: str) -> TableState:
    """Sort by a column, ascending; by the one it is sorted by: the other way round."""
    if state.sort == column:
        return _to_top(replace(state, reverse=not state.reverse))
    return _to_top(replace(state, sort=column, reverse=False))


def _sort_beside(state: TableState, step: int) -> TableState:
    names = [name for name in state.sortable if name in state.columns]
    if not names:
        return state
    at = names.index(state.sort) + step if state.sort in names else (0 if step > 0 else -1)
    return sort_by(replace(state, sort=None), names[at % len(names)])


def _to_top(state: TableState) -> TableState:
    return replace(state, cursor=0, top=0, at_end=False)


def add_filter(state: TableState, text: str) -> TableState:
    """One filter more, switched on; one that is there already is switched on again."""
    others = tuple(each for each in state.filters if each.text != text)
    return replace(state, filters=(*others, Narrowing(text)))


def switch_filter(state: TableState, at: int) -> TableState:
    """Switch one filter on or off."""
    each = state.filters[at]
    return replace(state, filters=(*state.filters[:at], replace(each, on=not each.on), *state.filters[at + 1 :]))


def drop_filter(state: TableState, at: int) -> TableState:
    """Take one filter away."""
    return replace(state, filters=(*state.filters[:at], *state.filters[at + 1 :]))


def switch_filters(state: TableState) -> TableState:
    """All filters off; if they are, all on."""
    on = not state.active
    return replace(state, filters=tuple(replace(each, on=on) for each in state.filters))


def show_columns(state: TableState, columns: tuple[str, ...]) -> TableState:
    """Show these columns; none at all makes no sense and changes nothing."""
    return replace(state, columns=columns, left=0) if columns else state


# --- events -----------------------------------------------------------------------------------------------------


def counted(state: TableState, known: int, *, complete: bool) -> TableState:
    """So many rows are there, as far as is known."""
    state = replace(state, known=known, complete=complete)
    if state.at_end:
        return replace(select(state, known - 1), at_end=not complete)
    return select(state, state.cursor)


def resized(state: TableState, height: int) -> TableState:
    """The window has so many lines for rows."""
    height = max(1, height)
    return _settle(replace(state, height=height, fit=height))


def laid_out(state: TableState, top: int, fit: int) -> TableState:
    """Drawing found that the screen begins at ``top`` and holds ``fit`` rows, the selected one among them."""
    return replace(state, top=top, fit=max(1, min(fit, state.height)))


def _settle(state: TableState) -> TableState:
    """Bring the selected row onto the screen again, and fill the screen."""
    at_end = state.at_end
    top = min(state.top, max(0, state.known - state.fit))
    return replace(select(replace(state, top=min(top, state.cursor)), state.cursor), at_end=at_end)
