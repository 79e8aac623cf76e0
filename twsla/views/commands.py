"""Keys that open, note or take along something: details, charts, statistics, marks, saving, actions of the result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import TwslaError
from twsla.model.result import Kind, Result
from twsla.render.values import display_value
from twsla.views import state as states
from twsla.views.ansi import fragments_of
from twsla.views.cells import fit_for, pad, wrapped
from twsla.views.detail import detail_lines
from twsla.views.dialogs import Menu, Prompt, Question
from twsla.views.keys import Do, RunAction, sections
from twsla.views.pages import MOST_CHARS, whole_row
from twsla.views.seek import SEEKING, SIMPLE, check
from twsla.views.statistics import statistics_lines, summarise
from twsla.views.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.model.result import Action
    from twsla.progress import Progress
    from twsla.views.arrange import RecordKey
    from twsla.views.browse import TableView
    from twsla.views.cells import Fragments
    from twsla.views.host import ChartKind, Row
    from twsla.views.keys import Meaning
    from twsla.views.statistics import Summary


def run(view: TableView, meaning: Meaning) -> bool:
    """Do what a key asks for beyond moving; whether it is known here."""
    if isinstance(meaning, RunAction):
        view.when_arranged(lambda: run_action(view, meaning.action))
        return True
    command = {**COMMANDS, **SEEKING}.get(meaning) if isinstance(meaning, Do) else None
    if command is None:
        return False
    if meaning in ASKING:
        command(view)  # at once, so that what is typed is taken for the answer and not for keys
    else:
        view.when_arranged(lambda: command(view))
    return True


def run_action(view: TableView, action: Action) -> None:
    """What belongs to this result alone."""
    row = view.row()

    def done(answer: Result | str) -> None:
        if isinstance(answer, str):
            view.host.read(text_view(view, action.title, answer))
        elif action.replaces:
            view.host.exchange(answer)
        else:
            view.host.open(answer)

    view.host.jobs.submit(action.title, lambda progress: action.run(row, progress), done, view.fail)


def text_view(view: TableView, title: str, text: str) -> TextView:
    """Plain text in a pane."""
    shown = fit_for(text, view.host.look.encoding, keep="\n")
    return TextView(title, lambda width, height: wrapped([("", shown)], width))


# --- looking ------------------------------------------------------------------------------------------------------


class DetailView(TextView):
    """Everything about the selected row; sideways keys go to its neighbours."""

    def __init__(self, view: TableView, row: Row) -> None:
        self.parent = view
        self.row = row
        hint_keys = (("Enter", "back"), ("Left/Right", "previous/next row"), ("/", "find"), ("q", "back"))
        super().__init__(f"{view.result.title}: row {view.state.cursor + 1:,}", self._detail, hint_keys)

    def _detail(self, width: int, height: int) -> list[Fragments]:
        view = self.parent
        marks, key = view.host.services.marks, view.record()
        mark = marks.of(key) if marks and key else None
        return detail_lines(view.result.columns, self.row, view.host.look, view.paint, width, mark)

    def press(self, do: Do) -> bool:
        """As any text, but for the keys that go to the neighbours."""
        if do not in (Do.LEFT, Do.RIGHT):
            return super().press(do)
        view = self.parent
        view.change(states.select(view.state, view.state.cursor + (1 if do is Do.RIGHT else -1)))
        view.need_page()
        _with_whole_row(view, self._exchange)
        return True

    def _exchange(self, row: Row) -> None:
        self.row, self.top = row, 0
        self.title = f"{self.parent.result.title}: row {self.parent.state.cursor + 1:,}"
        self.forget()
        self.parent.host.redraw()


def open_detail(view: TableView) -> None:
    """``Enter``."""
    _with_whole_row(view, lambda row: view.host.read(DetailView(view, row)))


def _with_whole_row(view: TableView, then: Callable[[Row], None]) -> None:
    """Do something with the selected row, whose texts may have been cut for the screen."""
    row = view.row()
    if row is None:
        view.refuse("there is no row")
        return
    if not any(isinstance(value, str) and len(value) >= MOST_CHARS for value in row.values()):
        then(row)
        return
    rows, columns, number = view.rows, view.result.columns, view.state.cursor

    def done(values: tuple[object, ...] | None) -> None:
        then(row if values is None else dict(zip(view.names, values, strict=True)))

    view.host.jobs.submit("reading the row", lambda progress: whole_row(rows, columns, number), done, view.fail)


def open_context(view: TableView) -> None:
    """``z``: the records around the selected one, unfiltered."""
    row, around = view.row(), view.result.around
    if row is None or around is None:
        view.refuse("this row is no record of the store")
        return
    view.host.jobs.submit("reading the source", lambda progress: around(row, progress), view.host.open, view.fail)


def choose_columns(view: TableView) -> None:
    """``-``: which columns are shown."""

    def done(kept: list[bool | None]) -> None:
        names = tuple(name for name, on in zip(view.names, kept, strict=True) if on)
        view.natural = {}
        view.forget_page()
        view.change(states.show_columns(view.state, names))

    items = [(column.title, column.name in view.state.columns) for column in view.result.columns]
    view.host.choose(Menu("Columns", items, done))


def ask_colours(view: TableView) -> None:
    """``c``: the colour list."""

    def answer(text: str) -> str | None:
        try:
            view.host.services.colours(text)
        except TwslaError as error:
            return f"{error.message}{f' ({error.hint})' if error.hint else ''}"
        view.change(replace(view.state, colours=text))
        return None

    help_text = "filter,ip,mac,email,url,kv,regex/RE/COLOUR"
    view.host.ask(Prompt("colour: ", answer, view.state.colours, help_text, history="colour", empty=True))


def ask_marker(view: TableView) -> None:
    """``m``: a text to highlight."""

    def answer(text: str) -> str | None:
        problem = check(text) if text else None
        if problem is None:
            view.change(replace(view.state, marker=text))
        return problem

    view.host.ask(Prompt("marker: ", answer, view.state.marker, SIMPLE, history="find", empty=True))


def show_statistics(view: TableView) -> None:
    """``i``: figures, notes, statistics of the columns."""
    shown = [column for column in view.result.columns if column.name in view.state.columns]
    rows = view.rows

    def done(found: list[Summary]) -> None:
        look, result = view.host.look, view.result
        view.host.read(TextView("Statistics", lambda width, height: statistics_lines(result, found, look, width)))

    view.host.jobs.submit("reading all rows", lambda progress: summarise(rows, shown, progress), done, view.fail)


class ChartView(TextView):
    """A chart drawn with characters; sideways keys go to the result's other charts."""

    def __init__(self, view: TableView, result: Result, lines: list[str], at: int, kind: ChartKind) -> None:
        self.parent, self.result, self.at, self.kind = view, result, at, kind
        drawn = [fragments_of(line, view.host.look.encoding) for line in lines]
        keys = [("q", "back")] if len(result.charts) < 2 else [("Left/Right", "other charts"), ("q", "back")]
        super().__init__(chart_title(result, at), lambda width, height: drawn, tuple(keys))

    def press(self, do: Do) -> bool:
        """As any text, but for the keys that go to other charts."""
        if do not in (Do.LEFT, Do.RIGHT) or len(self.result.charts) < 2:
            return super().press(do)
        at = (self.at + (1 if do is Do.RIGHT else -1)) % len(self.result.charts)
        self.parent.host.leave(self)
        draw_chart(self.parent, self.result, at, self.kind)
        return True


def chart_title(result: Result, at: int) -> str:
    """What the pane of a chart is called."""
    of = f" {at + 1} of {len(result.charts)}" if len(result.charts) > 1 else ""
    return f"{result.title}: chart{of}"


def show_chart(view: TableView, kind: ChartKind) -> None:
    """``g``, ``h``, ``.``: the chart of the result, in order of time whatever the order on the screen."""
    draw_chart(view, view.shown(), 0, kind)


def draw_chart(view: TableView, result: Result, at: int, kind: ChartKind) -> None:
    """Draw one of a result's charts."""
    width, height = view.host.size()
    charted = replace(result, charts=(result.charts[at], *result.charts[:at], *result.charts[at + 1 :]))

    def work(progress: Progress) -> str | bytes | list[str]:
        return view.host.services.chart(charted, kind, width - 2, height - 3)

    def done(found: str | bytes | list[str]) -> None:
        if isinstance(found, str):
            view.say(found)
        elif isinstance(found, bytes):
            view.host.picture(chart_title(result, at), found)
        else:
            view.host.read(ChartView(view, result, found, at, kind))

    view.host.jobs.submit("drawing the chart", work, done, view.fail)


def show_help(view: TableView) -> None:
    """``?``: the keys as they are on this result."""

    def lines(width: int, height: int) -> list[Fragments]:
        found: list[Fragments] = []
        for title, entries in sections(view.keys):
            found += [[], [("class:help.group", title)]]
            for key, text in entries:
                inside = wrapped([("", text)], max(10, width - 22))
                found.append([("class:help.key", pad(key, 20)), ("", "  "), *inside[0]])
                found += [[("", " " * 22), *line] for line in inside[1:]]
        return found[1:]

    view.host.read(TextView("Keys", lines))


# --- noting -------------------------------------------------------------------------------------------------------


def _with_record(view: TableView, then: Callable[[RecordKey], None]) -> None:
    key = view.record()
    if key is None or view.host.services.marks is None:
        view.refuse("this row is no record of the store")
        return
    try:
        then(key)
    except TwslaError as error:
        view.fail(error)


def toggle_mark(view: TableView) -> None:
    """``M``."""

    def toggle(key: RecordKey) -> None:
        marks = view.host.services.marks
        assert marks is not None
        before = marks.of(key)
        if before and (before.tags or before.comment):
            view.host.confirm(Question("take the mark away, with its tags and comment?", lambda: take(key)))
            return
        view.say("marked" if marks.toggle(key).marked else "no longer marked")
        view.change(states.select(view.state, view.state.cursor + 1))

    def take(key: RecordKey) -> None:
        marks = view.host.services.marks
        assert marks is not None
        marks.toggle(key)
        view.say("no longer marked")

    _with_record(view, toggle)


def ask_tags(view: TableView) -> None:
    """``#``."""

    def ask(key: RecordKey) -> None:
        marks = view.host.services.marks
        assert marks is not None
        mark = marks.of(key)
        known = " ".join(mark.tags) if mark else ""

        def answer(text: str) -> str | None:
            return _noted(lambda: marks.tag(key, text))

        view.host.ask(Prompt("tags: ", answer, known, "words with blanks between them", history="tags", empty=True))

    _with_record(view, ask)


def ask_comment(view: TableView) -> None:
    """``+``."""

    def ask(key: RecordKey) -> None:
        marks = view.host.services.marks
        assert marks is not None
        mark = marks.of(key)

        def answer(text: str) -> str | None:
            return _noted(lambda: marks.comment(key, text))

        view.host.ask(Prompt("comment: ", answer, mark.comment if mark else "", history="comment", empty=True))

    _with_record(view, ask)


def _noted(note: Callable[[], object]) -> str | None:
    try:
        note()
    except TwslaError as error:
        return error.message
    return None


# --- taking along -------------------------------------------------------------------------------------------------


def ask_save(view: TableView) -> None:
    """``s``: what is shown, to a file."""

    def to(path: Path, overwrite: bool) -> None:
        view.when_arranged(lambda: save(view, path, overwrite=overwrite))

    def answer(text: str) -> str | None:
        path = Path(text.strip()).expanduser()
        if path.is_dir():
            return f"{path} is a directory"
        if not path.parent.is_dir():
            return f"there is no directory {path.parent}"
        if path.exists():
            view.host.confirm(Question(f"{path} exists: overwrite it?", lambda: to(path, True)))
        else:
            to(path, False)
        return None

    view.host.ask(
        Prompt(
            "save file name: ",
            answer,
            help="the suffix decides the format: .csv .json .html ...",
            paths=True,
            history="save",
        )
    )


def save(view: TableView, path: Path, *, overwrite: bool) -> None:
    """Write what is shown, as it is sorted and filtered, the columns shown."""
    result, columns = view.shown(), view.chosen_columns()

    def work(progress: Progress) -> str:
        progress.message(f"saving {path.name}")
        format_name = view.host.services.save(result, path, columns, progress, overwrite=overwrite)
        return f"{len(result.rows):,} row{'' if len(result.rows) == 1 else 's'} saved as {format_name} in {path}"

    view.host.jobs.submit("saving", work, view.say, view.fail)


def copy_row(view: TableView) -> None:
    """``y``: the text of the record, or the values of the row, to the clipboard."""

    def copy(row: Row) -> None:
        logs = [column for column in view.result.columns if column.kind is Kind.LOG]
        columns = logs or [column for column in view.result.columns if column.name in view.state.columns]
        texts = [display_value(row[column.name], column.kind, zone=view.host.look.zone) for column in columns]
        view.host.copy("\t".join(texts))

    _with_whole_row(view, copy)


ASKING = frozenset({Do.FIND, Do.FILTER, Do.FILTERS, Do.GO_TO, Do.COLUMNS, Do.COLOUR, Do.MARKER, Do.SAVE, Do.HELP})
"""Keys that ask for something first, and then do without the rows or wait for them."""
COMMANDS: dict[Do, Callable[[TableView], None]] = {
    Do.DETAIL: open_detail,
    Do.CONTEXT: open_context,
    Do.COLUMNS: choose_columns,
    Do.COLOUR: ask_colours,
    Do.MARKER: ask_marker,
    Do.STATISTICS: show_statistics,
    Do.CHART: lambda view: show_chart(view, "picture"),
    Do.CHART_HTML: lambda view: show_chart(view, "html"),
    Do.CHART_TERMINAL: lambda view: show_chart(view, "characters"),
    Do.MARK: toggle_mark,
    Do.TAG: ask_tags,
    Do.COMMENT: ask_comment,
    Do.SAVE: ask_save,
    Do.COPY: copy_row,
    Do.HELP: show_help,
}
