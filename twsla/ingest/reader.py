"""Reads sources one after another into rows: blocks in parallel, records in order.

The thread that calls ``read`` reads the bytes and keeps the order; a pool decodes and stamps blocks and builds columns.
What is in flight is bounded, so memory does not grow with the source.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twsla.errors import TwslaError
from twsla.formats.blocks import MAX_LINE_BYTES
from twsla.formats.evtx import EvtxSource
from twsla.formats.evtx_parse import parse_events
from twsla.ingest.building import Built, build_span
from twsla.ingest.reading import NotTextError, Reading, open_reading
from twsla.sources.base import DamagedError, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from twsla.formats.blocks import Block
    from twsla.formats.timestamps.years import YearClock
    from twsla.ingest.settings import Settings
    from twsla.progress import Progress
    from twsla.sources.base import Item
    from twsla.store.manifest import SourceEntry


@dataclass(slots=True)
class Finished:
    """A source whose rows are all staged."""

    entry: SourceEntry
    clock: YearClock
    """Knows what the whole source says about its years."""
    range_pending: bool
    """The time range can only be applied now that the years are known for certain."""
    pieces: Sequence[int] = ()
    """Offsets of the records that continue a line."""


class Inline(Executor):
    """Does the work at once, in the thread that asks for it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call ``fn``; its exception is in the future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  # as every executor does
            future.set_exception(error)
        return future


@dataclass(slots=True)
class Reader:
    """Reads sources for one writer."""

    settings: Settings
    pool: Executor
    ahead: int
    """Blocks in flight."""
    add: Callable[[pa.Table], None]
    """Takes finished rows."""
    on_problem: Callable[[Problem], None]
    progress: Progress
    finished: list[Finished] = field(default_factory=list)
    """In the order of reading; complete after ``drain``."""
    _parsing: deque[tuple[Reading, Future[Any] | None]] = field(default_factory=deque)
    _building: deque[tuple[Reading, Future[Built] | None]] = field(default_factory=deque)

    def read(
        self, item: Item, entry: SourceEntry, before: SourceEntry | None = None, *, processes: Executor | None = None
    ) -> None:
        """Read one source to its end; its last rows may still be on their way.

        Args:
            item: The source.
            entry: Its entry for the manifest, filled in while it is read.
            before: The part of this file that is in the store already; reading goes on behind it.
            processes: To read the blocks of a Windows event log, which Python does, one thread at a time.
        """
        try:
            reading = open_reading(item, entry, self.settings, before)
        except NotTextError as error:
            self.on_problem(Problem(item.name, ProblemKind.UNSUPPORTED, str(error)))
            return
        except DamagedError as error:
            self.on_problem(error.problem(item.name))
            return
        except OSError as error:
            self.on_problem(Problem(item.name, ProblemKind.UNREADABLE, error.strerror or str(error)))
            return
        for block in reading.blocks(self.settings):
            self.progress.check()
            self.progress.advance("bytes", len(block.raw))
            self._parsing.append((reading, self._submit(reading, block, processes)))
            self._take(self.ahead)
        self._parsing.append((reading, None))
        self._take(self.ahead)
        self.progress.advance("files", 1)

    def _submit(self, reading: Reading, block: Block, processes: Executor | None) -> Future[Any]:
        text = reading.text
        if processes is not None and isinstance(text, EvtxSource):
            with told():
                return processes.submit(parse_events, text.options, block)
        return self.pool.submit(text.parse, block)

    def drain(self) -> None:
        """Finish what is in flight."""
        self._take(0)

    def _take(self, ahead: int) -> None:
        """Take finished work, in order, until at most so many pieces are in flight."""
        while len(self._parsing) > ahead:
            reading, future = self._parsing.popleft()
            text = reading.text
            with told():
                parsed = None if future is None else future.result()
            spans = text.finish(hold_back=reading.is_growing) if parsed is None else text.join(parsed)
            for span in spans:
                fields = None if reading.fields is None else reading.fields.reader(span.raw_lines)
                work = self.pool.submit(build_span, span, reading.entry.name, self.settings, fields)
                self._building.append((reading, work))
            if future is None:
                self._building.append((reading, None))
            self._take_built(ahead)
        self._take_built(ahead)

    def _take_built(self, ahead: int) -> None:
        while len(self._building) > ahead:
            reading, future = self._building.popleft()
            if future is None:
                self._finish(reading)
                continue
            built = future.result()
            built.count_into(reading.entry)
            reading.range_pending |= built.range_pending
            self.progress.advance("lines", built.lines)
            if built.table is not None:
                self.add(built.table)

    def _finish(self, reading: Reading) -> None:
        """All rows of a source have been built."""
        entry, text = reading.entry, reading.text
        if reading.is_growing:
            reading.leave_rest()
        entry.lines = text.lines - entry.start_line
        entry.lossy_lines, entry.quoted_lines = text.lossy_lines, text.quoted_lines
        if isinstance(text, EvtxSource):
            entry.expected, entry.carved, entry.odd_fields = text.expected, text.carved, text.odd_fields
        if text.pieces:
            reading.problems.append(Problem(entry.name, ProblemKind.NOTE, _pieces_told(reading)))
        reading.problems += (Problem(entry.name, ProblemKind.DAMAGED, loss) for loss in text.losses())
        reading.problems += (Problem(entry.name, ProblemKind.NOTE, note) for note in text.notes())
        for problem in reading.problems:
            self.on_problem(problem)
        entry.problems.extend(problem.sentence for problem in reading.problems)
        self.finished.append(Finished(entry, text.clock, reading.range_pending, text.pieces))


@contextmanager
def told() -> Iterator[None]:
    """A process that is gone, as an error of ours."""
    try:
        yield
    except BrokenExecutor as error:
        raise TwslaError(
            "a process that read files was ended from outside; nothing was added to the store",
            hint="the system may be short of memory: see its log, and import fewer files at once",
        ) from error


def _pieces_told(reading: Reading) -> str:
    """What is told of a source with records that are a part of a line only."""
    entry, told = reading.entry, []
    rest = sum(offset < entry.start_offset + 4 for offset in reading.text.pieces) if reading.opened.mid_line else 0
    if rest:
        told.append(f"goes on within line {entry.start_line:,}: the rest of it is a record of its own")
    if more := len(reading.text.pieces) - rest:
        told.append(
            f"holds lines longer than {MAX_LINE_BYTES >> 20} MiB; they are stored in pieces ({more:,} more records)"
        )
    return "; ".join(told)
