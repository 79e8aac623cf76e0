"""Every key of the table does what the table says, in the real application with keys through a pipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from tests.views.piped import Piped, run, save_nothing
from twsla.model.charts import Bar
from twsla.model.result import ArrowRows, Column, Kind, Note, Result
from twsla.views.browse import TableView
from twsla.views.host import Services
from twsla.views.keys import TABLE, Do, Needs
from twsla.views.marks import Marks
from twsla.views.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from twsla.progress import Progress

ROWS = 300
LOG = (
    Column("ts", "Time", Kind.TIME),
    Column("text", "Log", Kind.LOG, share=4),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)
TABLED = (Column("name", "Name", Kind.TEXT), Column("count", "Count", Kind.COUNT))


def records() -> Result:
    """Records: the seventh of ten has an error, the eighth a warning, the ninth JSON; each is wider than the screen."""
    said = {6: "an error", 7: "a warning", 8: '{"a":{"b":1}}'}
    texts = [f"row {at} {'wide ' * 30}{said.get(at % 10, 'nothing')}" for at in range(ROWS)]
    stamps = pa.array([at * 10**9 for at in range(ROWS)], pa.timestamp("ns", "UTC"))
    numbers = list(range(ROWS))
    arrow = pa.table(
        {
            "ts": stamps,
            "text": texts,
            "source": ["a.log"] * ROWS,
            "line_no": numbers,
            "offset": [at * 9 for at in numbers],
        }
    )
    return Result("Records", LOG, ArrowRows(arrow), notes=(Note("one"),), around=around)


def around(row: Mapping[str, object], progress: Progress) -> Result:
    return replace(records(), title=f"Around {row['line_no']}")


def counts() -> Result:
    """A table without log texts, with two charts."""
    arrow = pa.table({"name": [f"n{at}" for at in range(ROWS)], "count": [at * 7 % 100 for at in range(ROWS)]})
    return Result("Counts", TABLED, ArrowRows(arrow), charts=(Bar("name", "count"), Bar("name", "count")))


@dataclass
class Case:
    """What a key is pressed after, and what holds afterwards."""

    holds: Callable[[Piped], bool]
    before: tuple[str, ...] = ()
    result: Callable[[], Result] = records


def table(app: Piped) -> TableView:
    (view,) = (each for each in app.screen._views[-1:] if isinstance(each, TableView))
    return view


def cursor(row: int) -> Callable[[Piped], bool]:
    return lambda app: table(app).state.cursor == row


def pane(text: str) -> Callable[[Piped], bool]:
    """A pane of text is on top, and has a line with a text."""
    return lambda app: isinstance(app.screen._views[-1], TextView) and text in app.text


def prompt(label: str) -> Callable[[Piped], bool]:
    return lambda app: app.lines[-1].strip() == label.strip()


def noted(app: Piped) -> int:
    marks = app.screen.services.marks
    assert marks is not None
    return len(marks.places)


IN_SIGHT = 20
"""Rows of records on 24 lines: less title, note, headings and status."""
FIND = ("/", *"an error", "enter")
CASES: dict[Do, Case] = {
    Do.DOWN: Case(cursor(1)),
    Do.UP: Case(cursor(1), ("down", "down")),
    Do.PAGE_DOWN: Case(cursor(IN_SIGHT - 1)),
    Do.PAGE_UP: Case(cursor(0), ("pagedown",)),
    Do.HALF_DOWN: Case(cursor(10), result=counts),
    Do.HALF_UP: Case(cursor(0), ("ctrl+d",)),
    Do.TOP: Case(cursor(0), ("end",)),
    Do.BOTTOM: Case(cursor(ROWS - 1)),
    Do.RIGHT: Case(lambda app: table(app).state.left > 0 and "…" in app.lines[3]),
    Do.LEFT: Case(lambda app: table(app).state.left == 8, ("right", "right")),
    Do.LINE_START: Case(lambda app: table(app).state.left == 0, ("right", "right", "right")),
    Do.DETAIL: Case(pane("Offset")),
    Do.CONTEXT: Case(lambda app: "Records > Around 0" in app.lines[0]),
    Do.SORT_NEXT: Case(lambda app: "Time ▲" in app.text),
    Do.SORT_PREVIOUS: Case(lambda app: "Log ▲" in app.text),
    Do.REVERSE: Case(lambda app: "row 299" in app.lines[3]),
    Do.COLUMNS: Case(lambda app: "[x] Time" in app.text and "[ ] Source" in app.text),
    Do.WRAP: Case(lambda app: table(app).state.wrap and sum("wide" in line for line in app.lines[3:7]) == 4),
    Do.PRETTY: Case(lambda app: '"b": 1' in app.text, (":", "9", "enter")),
    Do.PLAIN: Case(lambda app: not table(app).state.pretty and '"b": 1' not in app.text, (":", "9", "enter", "p")),
    Do.FIND: Case(prompt("find:")),
    Do.FIND_NEXT: Case(cursor(16), FIND),
    Do.FIND_PREVIOUS: Case(cursor(16), (*FIND, "n", "n", "up")),
    Do.FILTER: Case(prompt("filter:")),
    Do.FILTERS: Case(lambda app: "[x] an error" in app.text, ("&", *"an error", "enter")),
    Do.FILTERS_OFF: Case(
        lambda app: "an error (off)" in app.text and f"{ROWS} rows" in app.text, ("&", *"an error", "enter")
    ),
    Do.GO_TO: Case(prompt("go to:")),
    Do.ERROR_NEXT: Case(cursor(6)),
    Do.ERROR_PREVIOUS: Case(cursor(296), ("end",)),
    Do.WARNING_NEXT: Case(cursor(7)),
    Do.WARNING_PREVIOUS: Case(cursor(297), ("end",)),
    Do.MARK: Case(lambda app: noted(app) == 1 and app.lines[3].startswith("●") and table(app).state.cursor == 1),
    Do.MARK_NEXT: Case(cursor(2), ("down", "down", "M", "home")),
    Do.MARK_PREVIOUS: Case(cursor(2), ("down", "down", "M", "end")),
    Do.TAG: Case(prompt("tags:")),
    Do.COMMENT: Case(prompt("comment:")),
    Do.MARKER: Case(prompt("marker:")),
    Do.COLOUR: Case(prompt("colour:")),
    Do.CHART: Case(pane("a chart of picture"), result=counts),
    Do.CHART_HTML: Case(pane("a chart of html"), result=counts),
    Do.CHART_TERMINAL: Case(pane("a chart of characters"), result=counts),
    Do.STATISTICS: Case(pane("Notes")),
    Do.SAVE: Case(prompt("save file name:")),
    Do.COPY: Case(lambda app: "sent to the terminal" in app.text),
    Do.HELP: Case(pane("Moving")),
    Do.MOUSE: Case(lambda app: "left to the terminal" in app.text and not app.screen._mouse),
    Do.REDRAW: Case(cursor(0)),
    Do.BACK: Case(lambda app: len(app.screen._views) == 1, ("enter",)),
    Do.QUIT: Case(lambda app: app.screen.app.is_done, ("enter",)),
    Do.INTERRUPT: Case(lambda app: app.screen.app.is_done),
}
ELSEWHERE = {Do.SUSPEND}
"""Tested with a shell that has job control."""


def test_there_is_a_case_for_every_function() -> None:
    assert set(CASES) | ELSEWHERE == set(Do)


@pytest.mark.parametrize(
    ("do", "key"),
    [
        pytest.param(binding.do, key, id=f"{binding.do.name.lower()}-{key}")
        for binding in TABLE
        if binding.do in CASES
        for key in binding.keys
    ],
)
def test_a_key_does_what_the_table_says(do: Do, key: str, tmp_path: Path) -> None:
    case = CASES[do]
    result = case.result()
    (binding,) = (binding for binding in TABLE if binding.do is do)
    if key not in {name for name, meaning in _meanings(result).items() if meaning is do}:
        # Another function has the letter here; where it has not, it must do this.
        result = counts() if case.result is records else records()
        if binding.needs in (Needs.LOG, Needs.RECORD) or key not in _meanings(result):
            pytest.fail(f"{key} never means {do}")
    services = Services(
        save_nothing, lambda _, kind, *size: [f"a chart of {kind}"], lambda text: (), 0, Marks(tmp_path, "me")
    )

    async def talk(app: Piped) -> None:
        await app.wait("/300")
        for before in case.before:
            await app.press(before)
            await settled(app)
        await app.press(key)
        await app.wait(lambda: case.holds(app), 10)

    if do is Do.INTERRUPT:
        with pytest.raises(KeyboardInterrupt):
            run(result, talk, services=services)
    else:
        run(result, talk, services=services)


async def settled(app: Piped) -> None:
    """Until nothing that a key asked for is going on."""
    await app.wait(lambda: app.screen.jobs.current is None and app.screen.pages.current is None)


def _meanings(result: Result) -> dict[str, object]:
    from twsla.views.keys import key_map

    return dict(key_map(result).meanings)
