"""The application with keys through a pipe: whatever is pressed, and work that takes long."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.views.piped import Piped, run
from tests.views.terminal import KEYS
from twsla.errors import Cancelled, TwslaError
from twsla.model.charts import Bar
from twsla.model.query import Query
from twsla.model.result import Action, ArrowRows, Column, Fact, Kind, Note, Result, ValueRows
from twsla.model.times import TimeRange
from twsla.query.engine import Engine
from twsla.store.store import Store
from twsla.views.browse import TableView
from twsla.views.cells import width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from twsla.progress import Progress

COLUMNS = (
    Column("ts", "Time", Kind.TIME, sort_key="t"),
    Column("text", "Log", Kind.LOG, share=4),
    Column("level", "Level", Kind.LEVEL),
    Column("count", "Count", Kind.COUNT, sort_key="c"),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)


def table(count: int) -> Result:
    """Rows of every kind, awkward ones among them."""
    texts = [
        "plain",
        "日本語 \x1b[31m error",
        'x {"a": [1, {"b": "\\n"}]}',
        "",
        "a\nb\nc",
        "w" * 500,
        "👨\u200d👩 e\u0301",
    ]
    arrow = pa.table(
        {
            "ts": pa.array([None if at % 5 == 0 else at * 10**9 for at in range(count)], pa.timestamp("ns", "UTC")),
            "text": [texts[at % len(texts)] for at in range(count)],
            "level": ["high" if at % 2 else None for at in range(count)],
            "count": [at * 37 % 11 for at in range(count)],
            "source": ["a.log"] * count,
            "line_no": list(range(1, count + 1)),
            "offset": [at * 9 for at in range(count)],
        }
    )
    action = Action("x", "Again", lambda row, progress: table(3))
    return Result(
        "Table",
        COLUMNS,
        ArrowRows(arrow),
        facts=(Fact("hits", "Hits", 12, Kind.COUNT),),
        notes=(Note("one"), Note("two")),
        actions=(action,),
        charts=(Bar("level", "count"), Bar("count", "count")),
    )


ALPHABET = sorted(
    {*KEYS, *"abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789[]-_/&!:.'\"#+?<>^"}
    - {"ctrl+c", "ctrl+z", "esc"}
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.sampled_from(ALPHABET), st.tuples(st.integers(3, 200), st.integers(2, 60))), max_size=40),
    st.sampled_from([0, 1, 7, 300]),
)
def test_no_keys_and_no_window_break_the_screen(keys: list[str | tuple[int, int]], count: int) -> None:
    async def talk(app: Piped) -> None:
        for key in keys:
            if isinstance(key, tuple):
                app.display.resize(*key)
                app.screen.app._on_resize()
            else:
                await app.press(key)
            columns, lines = app.display.size
            for view in app.screen._views:
                drawn = view.draw(columns, lines)
                assert len(drawn) == lines
                assert all(width(line) == columns for line in drawn)
                if isinstance(view, TableView):
                    view.state.check()

    run(table(count), talk, width=60, height=20)


def test_an_empty_result_can_be_looked_at() -> None:
    async def talk(app: Piped) -> None:
        await app.wait("no rows")
        await app.press("enter", "down", "G", "]", "r", "i")
        await app.wait("Columns")
        await app.press("q", "z", "M", "y", "/", "x", "enter")
        await app.wait("no 'x' below")

    run(table(0), talk)


# --- work that takes long ---------------------------------------------------------------------------------------


class SlowRows:
    """Rows that are found one by one, and counted when they are all found."""

    def __init__(self, count: int, go_on: threading.Event) -> None:
        self.found = 0
        self._count = count
        self._go_on = go_on

    def __len__(self) -> int:
        while self.found < self._count:
            assert self._go_on.wait(10)
            self.found += 1
            time.sleep(0.001)
        return self._count

    def counted(self) -> tuple[int, bool]:
        return self.found, self.found == self._count

    def read(self, start: int, count: int, *, most_chars: int | None = None) -> Iterator[list[tuple[Any, ...]]]:
        for number in range(start, min(start + count, self._count)):
            yield [(number, f"text {number}")]

    def slice(self, start: int, count: int) -> pa.Table:
        numbers = list(range(start, min(start + count, self._count)))
        return pa.table({"count": numbers, "text": [f"text {number}" for number in numbers]})

    def sorted(self, column: str, *, descending: bool = False) -> SlowRows:
        assert self._go_on.wait(10)
        return self

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self.slice(0, self._count).to_batches()


NUMBERED = (Column("count", "Count", Kind.COUNT, sort_key="c"), Column("text", "Log", Kind.LOG))


def test_the_first_page_is_there_while_the_rest_is_counted() -> None:
    go_on = threading.Event()

    async def talk(app: Piped) -> None:
        await app.wait("text 0")
        assert "+ rows" in app.lines[0]
        await app.press("pagedown")
        await app.wait("text 25")
        await app.wait("counting")
        go_on.set()
        await app.press("G")
        await app.wait("500 rows")
        await app.wait("500/500")

    run(Result("Slow", NUMBERED, SlowRows(500, go_on)), talk)


def test_quitting_while_it_counts_does_not_wait() -> None:
    go_on = threading.Event()

    async def talk(app: Piped) -> None:
        await app.wait("text 0")
        threading.Timer(0.5, go_on.set).start()  # what cannot be interrupted ends by itself
        await app.press("q")
        await app.wait(lambda: app.screen.app.is_done)

    began = time.monotonic()
    run(Result("Slow", NUMBERED, SlowRows(10**6, go_on)), talk)
    assert time.monotonic() - began < 6


@pytest.fixture
def engine(made_case: Path) -> Iterator[Engine]:
    from twsla.model.filters import FilterSet

    made = Engine(Store.open(made_case / "twsla.db"), Query(TimeRange(None, None), FilterSet(), "UTC"))
    yield made
    made.close()


def endless(engine: Engine, ended: list[BaseException]) -> Action:
    """An action that asks the database for more than it can do this week."""

    def work(row: Mapping[str, object] | None, progress: Progress) -> str:
        try:
            engine.execute(
                "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3"
            )
        except Cancelled as error:
            ended.append(error)
            raise
        return "done"

    return Action("x", "Endless", work)


def test_q_stops_a_running_query_at_once_and_the_screen_goes_on(engine: Engine) -> None:
    ended: list[BaseException] = []
    rows = ValueRows(("count", "text"), [(1, "one"), (2, "two")])
    result = Result("R", NUMBERED, rows, actions=(endless(engine, ended),), interrupt=engine.interrupt)

    async def talk(app: Piped) -> None:
        await app.press("x")
        await app.wait("Endless")
        await app.press("down")
        await app.wait("2/2")
        began = time.monotonic()
        await app.press("q")
        await app.wait(lambda: bool(ended))
        assert time.monotonic() - began < 1
        await app.wait("stopped")
        await app.press("up")
        await app.wait("1/2")

    run(result, talk)


def test_pages_are_read_while_a_query_runs(engine: Engine) -> None:
    from twsla.query.rows import RecordRows

    columns = (Column("ts", "Time", Kind.TIME), Column("text", "Log", Kind.LOG))
    rows = RecordRows(engine, ["ts", "text"])
    result = Result("R", columns, rows, actions=(endless(engine, []),), interrupt=engine.interrupt)

    async def talk(app: Piped) -> None:
        await app.press("x")
        await app.wait("Endless")
        for keys, row in ((("pagedown", "pagedown"), 41), (("home", "pagedown"), 21)):
            await app.press(*keys)
            await app.wait(f"{row}/623", 3)
            await app.wait(f"app[{row - 1}]", 3)
        await app.press("q")
        await app.wait("stopped")

    run(result, talk)


def test_sorting_that_is_stopped_leaves_the_rows_as_they_were() -> None:
    go_on = threading.Event()

    class Unsorted(ValueRows):
        def sorted(self, column: str, *, descending: bool = False) -> ArrowRows:
            assert go_on.wait(10)
            return super().sorted(column, descending=descending)

    rows = Unsorted(("count", "text"), [(2, "two"), (1, "one")])

    async def talk(app: Piped) -> None:
        await app.press("c")
        await app.wait("sorting")
        assert "Count ▲" in app.text
        await app.press("q")
        await app.wait("stopped")
        assert "▲" not in app.text
        go_on.set()
        await asyncio.sleep(0.1)
        assert app.lines[2].split()[:2] == ["2", "two"]
        await app.press("c")
        await app.wait("Count ▲")
        await app.wait(lambda: app.lines[2].split()[:2] == ["1", "one"])

    run(Result("R", NUMBERED, rows), talk)


def test_what_an_action_cannot_do_is_said(engine: Engine) -> None:
    def refuse(row: Mapping[str, object] | None, progress: Progress) -> str:
        raise TwslaError("the model is asleep", hint="wake it")

    result = Result("R", NUMBERED, ValueRows(("count", "text"), [(1, "one")]), actions=(Action("x", "Ask", refuse),))

    async def talk(app: Piped) -> None:
        await app.press("x")
        await app.wait("the model is asleep (wake it)")

    run(result, talk)


def test_a_bug_ends_the_screen_and_is_raised() -> None:
    def crash(row: Mapping[str, object] | None, progress: Progress) -> str:
        raise ZeroDivisionError

    result = Result("R", NUMBERED, ValueRows(("count", "text"), [(1, "one")]), actions=(Action("x", "Crash", crash),))

    async def talk(app: Piped) -> None:
        await app.press("x")
        await app.wait(lambda: app.screen.app.is_done)

    with pytest.raises(ZeroDivisionError):
        run(result, talk)


def test_an_action_gets_the_row_and_may_replace_the_result() -> None:
    seen: list[Mapping[str, object] | None] = []

    def mark(row: Mapping[str, object] | None, progress: Progress) -> Result:
        seen.append(row)
        marked = [(int(str(number)) * 10, text) for number, text in rows.values]
        return Result("Marked", NUMBERED, ValueRows(("count", "text"), marked), actions=(action,))

    action = Action("m", "Mark", mark, replaces=True)
    rows = ValueRows(("count", "text"), [(number, f"text {number}") for number in range(50)])

    async def talk(app: Piped) -> None:
        await app.press("G", "up", "m")
        await app.wait("Marked")
        await app.wait("49/50")
        assert "480" in app.text
        await app.press("q")
        await app.wait(lambda: app.screen.app.is_done)

    run(Result("R", NUMBERED, rows, actions=(action,)), talk)
    assert seen == [{"count": 48, "text": "text 48"}]


def test_the_result_says_where_to_begin() -> None:
    rows = ValueRows(("count", "text"), [(number, f"text {number}") for number in range(500)])

    async def talk(app: Piped) -> None:
        await app.wait("301/500")
        assert "text 295" in app.text

    run(Result("R", NUMBERED, rows, cursor=300), talk)
