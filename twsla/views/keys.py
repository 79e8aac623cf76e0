"""The keys: one table for what they do, for the line of hints, the help screen and the page in the documentation.

A key of the result itself (``Action.key``, ``Column.sort_key``) wins over the table's, as each command of the original
program had letters of its own; every function that can lose a letter this way has another key that no result takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.model.result import Action, Column, Result


class Do(Enum):
    """What a key can do."""

    DOWN = "down"
    UP = "up"
    PAGE_DOWN = "page down"
    PAGE_UP = "page up"
    HALF_DOWN = "half page down"
    HALF_UP = "half page up"
    TOP = "top"
    BOTTOM = "bottom"
    RIGHT = "right"
    LEFT = "left"
    LINE_START = "line start"
    DETAIL = "detail"
    SORT_NEXT = "sort by next"
    SORT_PREVIOUS = "sort by previous"
    REVERSE = "reverse"
    COLUMNS = "columns"
    WRAP = "wrap"
    PRETTY = "pretty"
    PLAIN = "plain"
    FIND = "find"
    FIND_NEXT = "find next"
    FIND_PREVIOUS = "find previous"
    FILTER = "filter"
    FILTERS = "filters"
    FILTERS_OFF = "filters off"
    GO_TO = "go to"
    CONTEXT = "context"
    ERROR_NEXT = "next error"
    ERROR_PREVIOUS = "previous error"
    WARNING_NEXT = "next warning"
    WARNING_PREVIOUS = "previous warning"
    MARK = "mark"
    MARK_NEXT = "next mark"
    MARK_PREVIOUS = "previous mark"
    TAG = "tag"
    COMMENT = "comment"
    MARKER = "marker"
    COLOUR = "colour"
    CHART = "chart"
    CHART_HTML = "chart in browser"
    CHART_TERMINAL = "chart in terminal"
    STATISTICS = "statistics"
    SAVE = "save"
    COPY = "copy"
    HELP = "help"
    MOUSE = "mouse"
    SUSPEND = "suspend"
    REDRAW = "redraw"
    BACK = "back"
    QUIT = "quit"
    INTERRUPT = "interrupt"


class Needs(Enum):
    """What a result must have for a key to make sense."""

    CHARTS = "a chart"
    LOG = "log texts"
    TIME = "times"
    RECORD = "records"


@dataclass(frozen=True, slots=True)
class Binding:
    """One line of the table."""

    do: Do
    keys: tuple[str, ...]
    """The first is the one shown."""
    hint: str
    """Two words, for the line of hints."""
    help: str
    group: str
    needs: Needs | None = None


_MOVE, _VIEW, _SEEK, _MARKS, _OUT, _END = "Moving", "Looking", "Finding", "Marking", "Taking along", "Leaving"

TABLE: tuple[Binding, ...] = (
    Binding(Do.DOWN, ("down", "j", "ctrl+n"), "down", "Next row.", _MOVE),
    Binding(Do.UP, ("up", "k", "ctrl+p"), "up", "Previous row.", _MOVE),
    Binding(Do.PAGE_DOWN, ("pagedown", "space", "f", "ctrl+f"), "page", "Next page.", _MOVE),
    Binding(Do.PAGE_UP, ("pageup", "b", "ctrl+b"), "page back", "Previous page.", _MOVE),
    Binding(Do.HALF_DOWN, ("ctrl+d", "d"), "half page", "Half a page on.", _MOVE),
    Binding(Do.HALF_UP, ("ctrl+u", "u"), "half page back", "Half a page back.", _MOVE),
    Binding(Do.TOP, ("home", "g", "<"), "top", "First row.", _MOVE),
    Binding(Do.BOTTOM, ("end", "G", ">"), "end", "Last row.", _MOVE),
    Binding(Do.RIGHT, ("right", "l"), "right", "Scroll to the right.", _MOVE),
    Binding(Do.LEFT, ("left", "h"), "left", "Scroll to the left.", _MOVE),
    Binding(Do.LINE_START, ("0", "^"), "line start", "Back to the beginning of the lines.", _MOVE),
    Binding(Do.DETAIL, ("enter",), "detail", "Everything about the row; again to come back.", _VIEW),
    Binding(
        Do.CONTEXT, ("z",), "context", "The records around this one in its source, unfiltered.", _VIEW, Needs.RECORD
    ),
    Binding(Do.SORT_NEXT, ("]",), "sort by next", "Sort by the next column to the right.", _VIEW),
    Binding(Do.SORT_PREVIOUS, ("[",), "sort by previous", "Sort by the next column to the left.", _VIEW),
    Binding(Do.REVERSE, ("r", "R"), "reverse", "Reverse the order of the rows.", _VIEW),
    Binding(Do.COLUMNS, ("-",), "columns", "Choose which columns are shown.", _VIEW),
    Binding(Do.WRAP, ("ctrl+w", "_"), "wrap", "Wrap long lines, or do not.", _VIEW),
    Binding(Do.PRETTY, ("p", "P"), "pretty", "Show records that are JSON indented.", _VIEW, Needs.LOG),
    Binding(Do.PLAIN, ("d", "D"), "as it is", "Show records as they are again.", _VIEW, Needs.LOG),
    Binding(
        Do.COLOUR,
        ("c", "C"),
        "colour",
        "What to colour: filter, ip, mac, email, url, kv, regex/RE/COLOUR.",
        _VIEW,
        Needs.LOG,
    ),
    Binding(Do.MARKER, ("m", "H"), "marker", "Highlight a text: a simple filter, or regex:RE.", _VIEW),
    Binding(Do.STATISTICS, ("i", "I"), "statistics", "Figures, notes, and statistics of the columns.", _VIEW),
    Binding(
        Do.CHART, ("g", "V"), "chart", "Draw the chart: in a viewer, by Sixel, or in the terminal.", _VIEW, Needs.CHARTS
    ),
    Binding(
        Do.CHART_HTML, ("h", "B"), "chart in browser", "Open the interactive chart in the browser.", _VIEW, Needs.CHARTS
    ),
    Binding(Do.CHART_TERMINAL, (".",), "chart here", "Draw the chart with characters.", _VIEW, Needs.CHARTS),
    Binding(Do.FIND, ("/",), "find", "Find a text: a simple filter, or regex:RE.", _SEEK),
    Binding(Do.FIND_NEXT, ("n",), "next", "Next row with that text.", _SEEK),
    Binding(Do.FIND_PREVIOUS, ("N",), "previous", "Previous row with that text.", _SEEK),
    Binding(Do.FILTER, ("&",), "filter", "Keep only rows with a text; ^TEXT leaves them out. Filters add up.", _SEEK),
    Binding(Do.FILTERS, ("tab",), "filters", "Turn filters on and off, or remove them.", _SEEK),
    Binding(Do.FILTERS_OFF, ("!",), "filters off/on", "All filters off, and on again; the row stays selected.", _SEEK),
    Binding(Do.GO_TO, ("t", "T", ":"), "go to", "Go to a time, a row number or a percentage.", _SEEK),
    Binding(
        Do.ERROR_NEXT,
        ("e", "ctrl+e"),
        "next error",
        "Next record with a word such as error or fatal.",
        _SEEK,
        Needs.LOG,
    ),
    Binding(Do.ERROR_PREVIOUS, ("E",), "previous error", "Previous one.", _SEEK, Needs.LOG),
    Binding(Do.WARNING_NEXT, ("w",), "next warning", "Next record with a word such as warning.", _SEEK, Needs.LOG),
    Binding(Do.WARNING_PREVIOUS, ("W",), "previous warning", "Previous one.", _SEEK, Needs.LOG),
    Binding(
        Do.MARK,
        ("M", "insert"),
        "mark",
        "Mark the record, or take the mark away. Marks are kept.",
        _MARKS,
        Needs.RECORD,
    ),
    Binding(Do.MARK_NEXT, ("'",), "next mark", "Next marked record.", _MARKS, Needs.RECORD),
    Binding(Do.MARK_PREVIOUS, ('"',), "previous mark", "Previous marked record.", _MARKS, Needs.RECORD),
    Binding(Do.TAG, ("#",), "tag", "Tags of the record, with blanks between them.", _MARKS, Needs.RECORD),
    Binding(Do.COMMENT, ("+",), "comment", "A comment on the record.", _MARKS, Needs.RECORD),
    Binding(
        Do.SAVE,
        ("s", "ctrl+s", "S"),
        "save",
        "Save what is shown; the suffix of the file name decides the format.",
        _OUT,
    ),
    Binding(Do.COPY, ("y",), "copy", "Copy the record to the terminal's clipboard.", _OUT),
    Binding(Do.HELP, ("?", "f1"), "keys", "These keys.", _END),
    Binding(Do.MOUSE, ("f2",), "mouse", "Leave the mouse to the terminal, for selecting text, and back.", _END),
    Binding(Do.SUSPEND, ("ctrl+z",), "suspend", "Suspend the program.", _END),
    Binding(Do.REDRAW, ("ctrl+l",), "redraw", "Draw the screen again.", _END),
    Binding(Do.BACK, ("q", "esc"), "quit", "Stop what is running; else leave this view; else quit.", _END),
    Binding(Do.QUIT, ("Q",), "quit all", "Quit, from whatever view.", _END),
    Binding(Do.INTERRUPT, ("ctrl+c",), "interrupt", "Quit with exit code 130.", _END),
)
"""Later lines win where two name a key and both make sense."""

KEYS_OF_TEXT: dict[str, Do] = {
    key: binding.do
    for binding in TABLE
    if binding.needs is None and binding.do not in (Do.SORT_NEXT, Do.SORT_PREVIOUS, Do.REVERSE, Do.GO_TO)
    for key in binding.keys
}
"""The keys of a pane of text."""
GROUPS = tuple(dict.fromkeys(binding.group for binding in TABLE))
HINTS = (Do.DETAIL, Do.FIND, Do.FILTER, Do.SAVE, Do.REVERSE, Do.CHART, Do.MARK, Do.HELP, Do.BACK)
"""On the line of hints, in this order, before the result's own."""


@dataclass(frozen=True, slots=True)
class SortBy:
    """Sort by a column; reverse if it is sorted by it."""

    column: str


@dataclass(frozen=True, slots=True)
class RunAction:
    """Something that belongs to the result."""

    action: Action


Meaning = Do | SortBy | RunAction


@dataclass(frozen=True, slots=True)
class KeyMap:
    """What each key does on one result."""

    meanings: dict[str, Meaning]
    sorts: tuple[Column, ...] = ()
    actions: tuple[Action, ...] = ()

    def letters_of(self, column: Column) -> str:
        """The letters that sort by a column: an action may have taken one."""
        return "".join(key for key in column.sort_key or "" if self.meanings.get(key) == SortBy(column.name))

    def keys_of(self, do: Do) -> tuple[str, ...]:
        """The keys that are left for a function, the one to show first."""
        return tuple(
            key for binding in TABLE if binding.do is do for key in binding.keys if self.meanings.get(key) is do
        )


def key_map(result: Result) -> KeyMap:
    """The keys of a result: the table's, then its columns', then its actions'."""
    has = needs_met(result)
    meanings: dict[str, Meaning] = {}
    for binding in TABLE:
        if binding.needs is None or binding.needs in has:
            meanings.update(dict.fromkeys(binding.keys, binding.do))
    sorts = tuple(column for column in result.columns if column.sort_key)
    meanings.update({key: SortBy(column.name) for column in sorts for key in column.sort_key or ""})
    meanings.update({action.key: RunAction(action) for action in result.actions})
    return KeyMap(meanings, sorts, result.actions)


RECORD_COLUMNS = ("source", "line_no", "offset")
"""What a row must tell to be a record of the store."""


def needs_met(result: Result) -> set[Needs]:
    """What a result has that keys ask for."""
    from twsla.model.result import Kind

    kinds = {column.kind for column in result.columns}
    names = {column.name for column in result.columns}
    return {
        *([Needs.CHARTS] if result.charts else []),
        *([Needs.LOG] if Kind.LOG in kinds else []),
        *([Needs.TIME] if Kind.TIME in kinds else []),
        *([Needs.RECORD] if names.issuperset(RECORD_COLUMNS) else []),
    }


def hints(keys: KeyMap) -> Iterator[tuple[str, str]]:
    """Key and two words for the line of hints: the result's own first."""
    for action in keys.actions:
        yield shown(action.key), action.title
    letters = [letters[0] for column in keys.sorts if (letters := keys.letters_of(column))]
    if letters:
        yield "/".join(letters), "sort"
    texts = {binding.do: binding.hint for binding in TABLE}
    for do in HINTS:
        if found := keys.keys_of(do):
            yield shown(found[0]), texts[do]


def sections(keys: KeyMap) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The help screen: headings, each with (keys, sentence) lines; only what has a key on this result."""
    own = [(shown(action.key), f"{action.title}.") for action in keys.actions]
    own += [
        (" ".join(letters), f"Sort by {column.title}; again to reverse.")
        for column in keys.sorts
        if (letters := keys.letters_of(column))
    ]
    if own:
        yield "This result", own
    for group in GROUPS:
        lines = [
            (" ".join(map(shown, found)), binding.help)
            for binding in TABLE
            if binding.group == group and (found := keys.keys_of(binding.do))
        ]
        if lines:
            yield group, lines


_NAMES = {
    "down": "Down",
    "up": "Up",
    "left": "Left",
    "right": "Right",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "enter": "Enter",
    "esc": "Esc",
    "space": "Space",
    "tab": "Tab",
    "insert": "Ins",
}


def shown(key: str) -> str:
    """A key as people write it: ``Ctrl-D``, ``PgDn``, ``F1``."""
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _NAMES.get(key, key)
