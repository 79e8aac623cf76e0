"""Keys that look for something: find, filter, go to, next error, marks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.errors import TwslaError
from twsla.views import state as states
from twsla.views.arrange import find, parse_narrowing, place_of_time, text_columns
from twsla.views.dialogs import Menu, Prompt, parse_place
from twsla.views.keys import Do
from twsla.views.marks import next_marked
from twsla.views.paint import ERROR_RE2, WARNING_RE2

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.progress import Progress
    from twsla.views.browse import TableView

SIMPLE = "a simple filter (* ? $ #IP), or regex:RE"


def ask_find(view: TableView) -> None:
    """``/``: the next row, from the selected one on, that holds a text."""

    def answer(text: str) -> str | None:
        problem = check(text)
        if problem is None:
            view.change(replace(view.state, find=text))
            view.when_arranged(lambda: _find(view, text, view.state.cursor, backwards=False))
        return problem

    view.host.ask(Prompt("find: ", answer, help=SIMPLE, history="find"))


def check(text: str) -> str | None:
    """What is wrong with an expression."""
    try:
        parse_narrowing(text)
    except TwslaError as error:
        return error.message
    return None


def find_next(view: TableView, *, backwards: bool) -> None:
    """``n`` and ``N``: the next row with what was searched for last, or with the marker."""
    text = view.state.find or view.state.marker
    if not text:
        view.refuse("nothing was searched for yet: / asks for a text")
        return
    _find(view, text, view.state.cursor + (not backwards), backwards=backwards)


def find_level(view: TableView, expression: str, *, backwards: bool) -> None:
    """``e`` and ``w``: the next row with a word that names a level."""
    _find(view, f"regex:{expression}", view.state.cursor + (not backwards), backwards=backwards, what="such a level")


def _find(view: TableView, text: str, start: int, *, backwards: bool, what: str = "") -> None:
    rows, columns, filters = view.rows, text_columns(view.result.columns), parse_narrowing(text)

    def work(progress: Progress) -> int | None:
        return find(rows, filters, columns, start, progress, backwards=backwards)

    _go(view, "finding", work, f"no {what or repr(text)} {'above' if backwards else 'below'}")


def _go(view: TableView, title: str, work: Callable[[Progress], int | None], otherwise: str) -> None:
    """Select the row that some work finds."""

    def done(row: int | None) -> None:
        if row is None:
            view.refuse(otherwise)
            return
        known = max(view.state.known, row + 1)
        view.change(states.show(replace(view.state, known=known), row))
        view.host.redraw()

    view.host.jobs.submit(title, work, done, view.fail)


# --- filters --------------------------------------------------------------------------------------------------


def ask_filter(view: TableView) -> None:
    """``&``: only rows with a text."""

    def answer(text: str) -> str | None:
        problem = check(text)
        if problem is None:
            view.change(states.add_filter(view.state, text))
        return problem

    view.host.ask(Prompt("filter: ", answer, help=f"{SIMPLE}; ^ before it leaves out", history="find"))


def choose_filters(view: TableView) -> None:
    """``Tab``: filters on, off, or away."""
    filters = view.state.filters
    if not filters:
        view.refuse("there is no filter: & adds one")
        return

    def done(kept: list[bool | None]) -> None:
        pairs = [(each, on) for each, on in zip(filters, kept, strict=True) if on is not None]
        view.change(replace(view.state, filters=tuple(replace(each, on=bool(on)) for each, on in pairs)))

    items = [(each.text, each.on) for each in filters]
    view.host.choose(Menu("Filters", items, done, removable=True))


# --- going --------------------------------------------------------------------------------------------------------


def ask_place(view: TableView) -> None:
    """``:``: a row, a percentage, a time."""
    column = view.time_column()

    def answer(text: str) -> str | None:
        selected = view.row()
        stamp = selected.get(column) if selected and column else None
        try:
            place = parse_place(
                text,
                cursor=view.state.cursor,
                known=view.state.known,
                row_ts_ns=stamp if isinstance(stamp, int) else None,
                now_ns=view.host.services.now_ns,
                zone=view.host.look.zone,
            )
        except TwslaError as error:
            return error.message
        row, ts_ns = place.row, place.ts_ns
        if row is not None:
            view.when_arranged(lambda: go_to_row(view, row))
        elif column is None:
            return "these rows have no times"
        elif ts_ns is not None:
            view.when_arranged(lambda: _go_to_time(view, column, ts_ns, text))
        return None

    view.host.ask(Prompt("go to: ", answer, help="1234, +500, 50%, 10:30, 2024-05-01 10:30", history="place"))


def go_to_row(view: TableView, row: int) -> None:
    """Select a row by its number, counting on where that is not known yet."""
    if row < view.state.known or view.state.complete:
        view.change(states.show(view.state, row))
        return
    rows = view.rows
    _go(view, "counting", lambda progress: min(row, max(0, len(rows) - 1)), "")


def _go_to_time(view: TableView, column: str, ts_ns: int, text: str) -> None:
    rows = view.rows

    def work(progress: Progress) -> int | None:
        return place_of_time(rows, column, ts_ns, progress)

    _go(view, "going", work, f"no row at {text} or later")


def go_to_mark(view: TableView, *, backwards: bool) -> None:
    """``'``: the next marked record."""
    marks = view.host.services.marks
    keys = marks.keys() if marks else []
    if not keys:
        view.refuse("no record is marked: M marks one")
        return
    rows, start = view.rows, view.state.cursor

    def work(progress: Progress) -> int | None:
        return next_marked(rows, keys, start, progress, backwards=backwards)

    _go(view, "looking for marks", work, f"no marked record {'above' if backwards else 'below'}")


SEEKING: dict[Do, Callable[[TableView], None]] = {
    Do.FIND: ask_find,
    Do.FIND_NEXT: lambda view: find_next(view, backwards=False),
    Do.FIND_PREVIOUS: lambda view: find_next(view, backwards=True),
    Do.FILTER: ask_filter,
    Do.FILTERS: choose_filters,
    Do.GO_TO: ask_place,
    Do.ERROR_NEXT: lambda view: find_level(view, ERROR_RE2, backwards=False),
    Do.ERROR_PREVIOUS: lambda view: find_level(view, ERROR_RE2, backwards=True),
    Do.WARNING_NEXT: lambda view: find_level(view, WARNING_RE2, backwards=False),
    Do.WARNING_PREVIOUS: lambda view: find_level(view, WARNING_RE2, backwards=True),
    Do.MARK_NEXT: lambda view: go_to_mark(view, backwards=False),
    Do.MARK_PREVIOUS: lambda view: go_to_mark(view, backwards=True),
}
