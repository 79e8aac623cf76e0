"""A table on the screen: its state, its rows, the page in sight, and what its keys set going."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.errors import TwslaError
from twsla.model.result import Kind
from twsla.views import state as states
from twsla.views.arrange import (
    ChosenRows,
    CountedRows,
    RecordKey,
    ReversedRows,
    arrange,
    greatest,
    parse_narrowing,
    place_of_record,
    record_key,
)
from twsla.views.cells import cells
from twsla.views.keys import SortBy, hints, key_map
from twsla.views.pages import Page, read_pages
from twsla.views.paint import Paint
from twsla.views.state import TableState
from twsla.views.table import Drawing, Picture, cell_text, counted_column, draw, rows_room
from twsla.views.work import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.model.result import Result, Rows
    from twsla.progress import Progress
    from twsla.views.cells import Fragments
    from twsla.views.host import Host, Row
    from twsla.views.keys import Meaning
    from twsla.views.work import Job

WAIT_S = 0.03
"""How long drawing waits for a page, so that it need not be drawn twice."""
FIRST_WAIT_S = 0.15
"""The same where there is nothing yet to look at meanwhile."""
ROW_WAIT_S = 2.0
"""How long a key that does something with the selected row waits for it."""
PATIENCE_S = 0.3
"""Work that takes less is not spoken of."""
WIDEST = 4_000
"""Cells of a text that are measured."""


class TableView:
    """One result."""

    def __init__(self, result: Result, host: Host, trail: tuple[str, ...] = ()) -> None:
        self.result = result
        self.host = host
        self.trail = trail
        self.keys = key_map(result)
        self.names = tuple(column.name for column in result.columns)
        shown = tuple(column.name for column in result.columns if not column.hidden)
        self.state = TableState(
            columns=shown or self.names, sortable=self.names, colours=result.colours, wrap=result.wrap
        )
        self.base: Rows = result.rows
        """The rows as they are filtered and sorted."""
        self.page = Page(0)
        self.natural: dict[str, int] = {}
        self.message = ""
        self.refused = False
        self.paint = Paint()
        self.drawing: Drawing | None = None
        self._applied: tuple[str | None, tuple[str, ...]] = (None, ())
        """Sort and filters of ``base``."""
        self._arranging: Job | None = None
        self._then: list[Callable[[], None]] = []
        """What waits for the rows to be sorted or filtered."""
        self._greatest = 0
        """The largest count in any row."""
        self._unfiltered: int | None = None
        """Rows without the filters typed here."""
        self._looked_at: int | None = None
        """Records that were asked for these rows."""
        self._seconds: float | None = None
        """What it took to get the rows counted; None: not known."""
        self._reading: Job | None = None
        self._wanted = (0, 0)
        self._goal = result.cursor
        """The row to select as soon as it is known to be there."""
        self._hints = tuple(hints(self.keys))
        self.repaint()
        self._count()
        self._measure()

    def renewed(self, result: Result) -> TableView:
        """A view of another result in the place of this one: the same columns, order and row."""
        made = TableView(result, self.host, self.trail)
        names = tuple(name for name in self.state.columns if name in made.names)
        made._goal = self.state.cursor
        made.natural = self.natural
        made.change(
            replace(
                made.state,
                columns=names or made.state.columns,
                wrap=self.state.wrap,
                sort=self.state.sort if self.state.sort in made.names else None,
                reverse=self.state.reverse,
                filters=self.state.filters,
            )
        )
        made._counted(made.state.known, complete=made.state.complete)
        return made

    # --- rows -------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Rows:
        """The rows as they are shown."""
        return ReversedRows(self.base) if self.state.reverse else self.base

    def _count(self) -> None:
        """Learn how many rows there are; behind the screen where that takes a while."""
        rows = self.base
        known, complete = rows.counted() if isinstance(rows, CountedRows) else (len(rows), True)
        self._counted(known, complete=complete)
        if complete:
            return

        def count(progress: Progress) -> int:
            return len(rows)

        def done(total: int) -> None:
            if rows is self.base:
                self._counted(total, complete=True)

        self.host.counts.cancel()
        self.host.counts.submit("counting", count, done, self.fail)

    def _measure(self) -> None:
        """Learn behind the screen what the rows are compared with: the largest count, the records looked at."""
        rows, place = self.result.rows, counted_column(self.result)

        def measure(progress: Progress) -> tuple[int, int | None]:
            most = greatest(rows, self.names[place], progress) if place is not None else 0
            return most, rows.looked_at() if isinstance(rows, ChosenRows) else None

        def done(found: tuple[int, int | None]) -> None:
            self._greatest, self._looked_at = max(self._greatest, found[0]), found[1]
            self.host.redraw()

        if place is not None or isinstance(rows, ChosenRows):
            self.host.counts.submit("measuring", measure, done, self.fail)

    def _counted(self, known: int, *, complete: bool) -> None:
        self.state = states.counted(self.state, known, complete=complete)
        if complete and not self._applied[1]:
            self._unfiltered = known
            if self._seconds is None and not self.trail and self.host.services.began is not None:
                self._seconds = time.monotonic() - self.host.services.began
        self._reach_goal()

    def _reach_goal(self) -> None:
        """Select the row to begin with, as soon as it is there and the window is known."""
        if self._goal and self.drawing and (self._goal < self.state.known or self.state.complete):
            self.state = states.show(self.state, self._goal)
            self._goal = 0

    def tick(self) -> bool:
        """Take note of what is known by now; whether anything is going on."""
        if not self.state.complete and isinstance(self.base, CountedRows):
            known, complete = self.base.counted()
            if not self.state.reverse:
                known = max(known, self.page.end)
            if known > self.state.known or complete:
                self._counted(known, complete=complete)
        return not self.state.complete or self.host.jobs.current is not None or self._is_reading

    @property
    def _is_reading(self) -> bool:
        return self._reading is not None and not self._reading.settled

    def need_page(self) -> None:
        """Have the rows in sight read, with some before and behind them, unless they are there or on their way."""
        state = self.state
        first, last = (
            state.top,
            min(state.top + state.height, state.known) if state.complete else state.top + state.height,
        )
        if self.page.holds(first, last) and (self.page.rows or state.complete):
            return
        if self._is_reading and self._wanted[0] <= first and last <= self._wanted[1]:
            return
        self.host.pages.cancel()
        start = max(0, first - state.height)
        count = last - start + state.height
        self._wanted = (start, start + count)
        rows, columns = self.rows, self.result.columns

        def read(progress: Progress) -> Page:
            page = Page(start)
            for page in read_pages(rows, columns, start, count):
                progress.check()
                if job.settled or not page.rows:
                    continue
                self.host.deliver(lambda page=page: self._partly(job, page))  # type: ignore[misc]  # bound at once
            return page

        job = self._reading = self.host.pages.submit("reading", read, self._got, self.fail)
        if job.finished.wait(WAIT_S if self.page.rows else FIRST_WAIT_S):
            job.settle()

    def _partly(self, job: Job, page: Page) -> None:
        if job is self._reading and not job.settled:
            self._got(page)

    def _got(self, page: Page) -> None:
        self.page = page
        for at, column in enumerate(self.result.columns):
            widest = self.natural.get(column.name, 0)
            if column.name not in self.state.columns or widest >= WIDEST:
                continue
            texts = (cell_text(row[at], column, self.host.look)[:WIDEST] for row in page.rows)
            self.natural[column.name] = max(widest, max(map(cells, texts), default=0))
        place = counted_column(self.result)
        if place is not None:
            self._greatest = max((self._greatest, *(row[place] or 0 for row in page.rows)))
        if not self.state.complete and not self.state.reverse and page.end > self.state.known:
            self._counted(page.end, complete=False)
        self.host.redraw()

    def forget_page(self) -> None:
        """What was read is no longer what is shown."""
        self.page = Page(0)
        self._reading = None

    def row(self) -> Row | None:
        """The selected row; one that is being read is waited for, as whoever asks is about to do something with it."""
        if not self.state.known:
            return None
        if self.page.row(self.state.cursor) is None:
            self.need_page()
            if self._reading is not None and self._reading.finished.wait(ROW_WAIT_S):
                self._reading.settle()
        values = self.page.row(self.state.cursor)
        return None if values is None else dict(zip(self.names, values, strict=True))

    def record(self) -> RecordKey | None:
        """Which record the selected row is."""
        row = self.row()
        return None if row is None else record_key(row)

    # --- keys -------------------------------------------------------------------------------------------------

    def press(self, meaning: Meaning) -> Meaning | None:
        """What a key does; gives what this view cannot do by itself."""
        self.message, self.refused = "", False
        before = self.state
        self.state, rest = states.press(self.state, meaning)
        self._follow(before)
        return rest

    def change(self, state: TableState) -> None:
        """Take over a new state."""
        before, self.state = self.state, state
        self._follow(before)

    def _follow(self, before: TableState) -> None:
        """Do what a change of state asks for."""
        state = self.state
        if state.arrangement != before.arrangement:
            self._arrange(keep=state.sort == before.sort)
        elif state.reverse != before.reverse:
            self.forget_page()
        if (state.marker, state.find, state.colours) != (before.marker, before.find, before.colours):
            self.repaint()

    def _arrange(self, *, keep: bool) -> None:
        """Sort and filter as the state says; ``keep`` the selected record selected."""
        if self._arranging:
            self.host.jobs.cancel(self._arranging)
        state = self.state
        wanted = (state.sort, state.active)
        if wanted == self._applied:
            return
        selected = self.record() if keep else None

        def work(progress: Progress) -> tuple[Rows, int | None]:
            rows = arrange(self.result, *wanted, progress)
            if selected is None:
                return rows, None
            shown = ReversedRows(rows) if state.reverse else rows
            return rows, place_of_record(shown, selected, progress)

        def done(found: tuple[Rows, int | None]) -> None:
            self._arranging = None
            self.base, place = found
            self._applied = wanted
            self.forget_page()
            self.state = replace(self.state, cursor=0, top=0, known=0, complete=False)
            if place is not None:
                self.state = replace(self.state, known=place + 1)
                self.state = states.show(self.state, place)
            self._count()
            waiting, self._then = self._then, []
            for then in waiting:
                then()

        def failed(error: BaseException) -> None:
            self.take_back()
            self.fail(error)

        title = "filtering" if wanted[0] == self._applied[0] else "sorting"
        self._arranging = self.host.jobs.submit(title, work, done, failed)
        if self._arranging.finished.wait(WAIT_S):
            self._arranging.settle()

    def take_back(self) -> None:
        """Undo a sorting or filtering that did not come to its end."""
        self._arranging = None
        self._then = []
        sort, active = self._applied
        filters = tuple(replace(each, on=each.text in active) for each in self.state.filters)
        self.state = replace(self.state, sort=sort, filters=filters)

    def when_arranged(self, then: Callable[[], None]) -> None:
        """Do something with the rows, as soon as they are sorted and filtered as the state says."""
        job = self._arranging
        if job is not None and job.finished.wait(WAIT_S):
            job.settle()
        if self._arranging is None:
            then()
        else:
            self._then.append(then)

    def stop(self) -> bool:
        """Stop what was asked for and is not done; whether there was anything. Counting goes on."""
        job = self.host.jobs.current
        if job is None:
            return False
        was_arranging = job is self._arranging
        self.host.jobs.cancel(job)
        if was_arranging:
            self.take_back()
        self.say("stopped")
        return True

    # --- messages ---------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Show a message until the next key."""
        self.message, self.refused = text, False
        self.host.redraw()

    def refuse(self, text: str) -> None:
        """Say why something was not done."""
        self.message, self.refused = text, True
        self.host.redraw()

    def fail(self, error: BaseException) -> None:
        """Say what went wrong, where that can be explained."""
        self.refuse(sentence(error))

    def repaint(self) -> None:
        """Take over what is to be coloured."""
        state = self.state
        try:
            self.paint = Paint(
                self.host.services.colours(state.colours) if state.colours else (),
                parse_narrowing(state.marker) if state.marker else None,
                parse_narrowing(state.find) if state.find else None,
            )
        except TwslaError as error:
            self.fail(error)

    # --- drawing ----------------------------------------------------------------------------------------------

    def draw(self, width: int, height: int) -> list[Fragments]:
        """Exactly ``height`` lines of ``width`` cells."""
        room = rows_room(self.picture(), width, height)
        if room != self.state.height:
            self.state = states.resized(self.state, room)
        if self.drawing is None and self._goal:
            self.drawing = Drawing([], 0, 1)
            self._reach_goal()
        self.need_page()
        self.drawing = draw(self.picture(), width, height)
        self.state = states.laid_out(self.state, self.drawing.top, self.drawing.fit)
        return self.drawing.lines

    def picture(self) -> Picture:
        """What there is to draw."""
        marks = self.host.services.marks
        return Picture(
            result=self.result,
            state=self.state,
            page=self.page,
            look=self.host.look,
            paint=self.paint,
            natural=self.natural,
            greatest=self._greatest,
            total=self._unfiltered if self._applied[1] else self._looked_at,
            seconds=None if self._applied[1] else self._seconds,
            marked=marks.places if marks else frozenset(),
            busy=self._busy(),
            message=self.message,
            refused=self.refused,
            trail=self.trail,
            hints=self._hints,
        )

    def _busy(self) -> str:
        host, spinner = self.host, self.host.look.signs.spinner
        job = host.jobs.current
        if job is not None and job.progress.seconds > PATIENCE_S:
            return f"{job.progress.line(spinner)}  (q stops)"
        for other in (self._reading if self._is_reading else None, host.counts.current):
            if other is not None and other.progress.seconds > PATIENCE_S:
                return other.progress.line(spinner)
        return ""

    # --- mouse ------------------------------------------------------------------------------------------------

    def click(self, x: int, y: int) -> Meaning | None:
        """Select the row under the mouse; a second time does what ``Enter`` does. A heading sorts."""
        drawing = self.drawing
        if drawing is None:
            return None
        if y == drawing.heading_line:
            name = next((name for first, last, name in drawing.headings if first <= x < last), None)
            if name is not None:
                self.press(SortBy(name))
            return None
        row = drawing.row_at[y] if y < len(drawing.row_at) else None
        if row is None:
            return None
        if row == self.state.cursor:
            return self.keys.meanings.get("enter")
        self.change(states.select(self.state, row))
        return None

    def wheel(self, rows: int) -> None:
        """Move the rows."""
        self.message = ""
        self.change(states.scroll(self.state, rows))

    # --- as it is shown -----------------------------------------------------------------------------------------

    def shown(self) -> Result:
        """The result with its rows as they are shown."""
        return replace(self.result, rows=self.rows)

    def chosen_columns(self) -> tuple[str, ...] | None:
        """The columns shown; None where nobody chose any."""
        usual = tuple(column.name for column in self.result.columns if not column.hidden)
        return None if self.state.columns == usual else self.state.columns

    def time_column(self) -> str | None:
        """The column that "go to a time" looks at."""
        times = [column for column in self.result.columns if column.kind is Kind.TIME]
        return next((column.name for column in times if not column.hidden), times[0].name if times else None)
