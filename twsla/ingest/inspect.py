"""Looks at sources as an import would read them, and stores nothing."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.formats.blocks import Block
from twsla.formats.evtx import EvtxSource
from twsla.formats.lines import line_boundaries
from twsla.ingest.chronicle import Course
from twsla.ingest.look import Look
from twsla.ingest.reading import NotTextError, open_reading
from twsla.sources.base import DamagedError, Problem, ProblemKind
from twsla.store.manifest import SourceEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    import numpy as np
    import numpy.typing as npt

    from twsla.formats.encodings import Encoding
    from twsla.formats.text import Parsed, TextSource
    from twsla.formats.timestamps.model import StampPlan
    from twsla.formats.timestamps.years import YearClock, YearVerdict
    from twsla.ingest.chronicle import Correct
    from twsla.ingest.reading import Reading
    from twsla.ingest.settings import Settings
    from twsla.progress import Progress
    from twsla.sources.base import Item

MOST_SILENCES, MOST_STEPS = 5, 3


@dataclass(slots=True)
class Inspected:
    """One source, looked at."""

    entry: SourceEntry
    """As an import would fill it in, as far as that is known before the store is."""
    encoding: Encoding
    plan: StampPlan | None
    look: Look
    settings: Settings
    """Those of this source."""
    cut_short: bool = False
    """Only its first lines were looked at."""
    verdict: YearVerdict | None = None
    course: Course = field(default_factory=lambda: Course(None, None, (), (), 0))


@dataclass(slots=True)
class Inspector:
    """Looks at sources one after another."""

    settings: Settings
    progress: Progress
    take: Callable[[Inspected], None]
    """Gets each source that was looked at; it holds the first lines of it, so it should not be kept."""
    most_lines: int | None = None
    """Of each source; None: all."""
    problems: list[Problem] = field(default_factory=list)

    def problem(self, problem: Problem) -> None:
        """Take note of something that could not be read."""
        self.problems.append(problem)

    def run(self, items: Iterable[Item]) -> None:
        """Look at everything.

        Raises:
            Cancelled: The user asked to stop.
        """
        with ThreadPoolExecutor(self.settings.workers, thread_name_prefix="twsla") as pool:
            for item in items:
                self.progress.check()
                self.progress.message(item.name)
                reading = self._open(item)
                if reading is not None:
                    self.take(self._look(reading, pool))
                    self.progress.advance("files", 1)

    def _open(self, item: Item) -> Reading | None:
        entry = SourceEntry(name=item.name, kind=item.kind, mtime_ns=item.mtime_ns, mtime_from=item.mtime_from)
        try:
            return open_reading(item, entry, self.settings)
        except NotTextError as error:
            self.problem(Problem(item.name, ProblemKind.UNSUPPORTED, str(error)))
        except DamagedError as error:
            self.problem(error.problem(item.name))
        except OSError as error:
            self.problem(Problem(item.name, ProblemKind.UNREADABLE, error.strerror or str(error)))
        return None

    def _look(self, reading: Reading, pool: ThreadPoolExecutor) -> Inspected:
        text = reading.text
        if isinstance(text, EvtxSource):
            return self._look_at_events(reading, text)
        settings = self.settings.of(reading.item.name)
        seen = Inspected(reading.entry, text.encoding, text.plan, Look(text.encoding), settings)
        waiting: deque[Future[Parsed]] = deque()
        for block in self._blocks(reading, seen):
            self.progress.check()
            waiting.append(pool.submit(text.parse, block))
            if len(waiting) > self.settings.workers:
                self._join(text, seen.look, waiting.popleft().result())
        while waiting:
            self._join(text, seen.look, waiting.popleft().result())
        for span in text.finish():
            seen.look.span(span)
        seen.look.quoted_lines = text.quoted_lines
        reading.problems += (Problem(reading.entry.name, ProblemKind.NOTE, note) for note in text.notes())
        self.problems += reading.problems
        reading.entry.problems += [problem.sentence for problem in reading.problems]
        seen.verdict = text.clock.finish(whole=not seen.cut_short)
        seen.course = seen.look.chronicle.finish(
            _correction(text.clock, seen.verdict), most_silences=MOST_SILENCES, most_steps=MOST_STEPS
        )
        return seen

    def _look_at_events(self, reading: Reading, text: EvtxSource) -> Inspected:
        settings = self.settings.of(reading.item.name)
        seen = Inspected(reading.entry, text.encoding, None, Look(text.encoding), settings)
        look = seen.look
        with closing(reading.blocks(self.settings)) as blocks:
            for block in blocks:
                self.progress.check()
                seen.cut_short = self.most_lines is not None and text.lines >= self.most_lines
                if seen.cut_short:
                    break
                for span in text.join(text.parse(block)):
                    look.span(span)
                look.bytes += len(block.raw)
                look.lines = text.lines
                self.progress.advance("bytes", len(block.raw))
        reading.problems += (Problem(reading.entry.name, ProblemKind.DAMAGED, loss) for loss in text.losses())
        reading.problems += (Problem(reading.entry.name, ProblemKind.NOTE, note) for note in text.notes())
        self.problems += reading.problems
        reading.entry.problems += [problem.sentence for problem in reading.problems]
        seen.course = look.chronicle.finish(
            lambda ts, flags: (ts, flags == flags), most_silences=MOST_SILENCES, most_steps=MOST_STEPS
        )
        return seen

    def _join(self, text: TextSource, look: Look, parsed: Parsed) -> None:
        look.block(parsed)
        for span in text.join(parsed):
            look.span(span)
        self.progress.advance("bytes", len(parsed.block.raw))
        self.progress.advance("lines", len(parsed.decoded.lines))

    def _blocks(self, reading: Reading, seen: Inspected) -> Iterator[Block]:
        """The blocks of the source, as far as it is to be looked at."""
        left = self.most_lines
        with closing(reading.blocks(self.settings)) as blocks:
            for block in blocks:
                if left is None:
                    yield block
                    continue
                if not left:
                    seen.cut_short = True
                    return
                ends = _line_ends(block.raw, reading.text.encoding)
                end = int(ends[left - 1]) if len(ends) >= left else len(block.raw)
                yield Block(block.raw[:end], block.offset, block.continues)
                seen.cut_short = end < len(block.raw)
                if seen.cut_short:
                    return
                left -= len(ends)


def _line_ends(raw: bytes, encoding: Encoding) -> npt.NDArray[np.int64]:
    """Index after each line end."""
    import numpy as np

    order = ">" if encoding.name.endswith("-be") else "<"
    units = np.frombuffer(raw, f"{order}u{encoding.width}", len(raw) // encoding.width)
    after: npt.NDArray[np.int64] = line_boundaries(units, encoding.line_end) * encoding.width
    return after


def _correction(clock: YearClock, verdict: YearVerdict) -> Correct:
    """Times as they are once the whole source has told its years."""
    import numpy as np

    def correct(
        ts: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        moved, valid, _ = clock.corrected(ts, np.ones(len(ts), bool), flags, verdict)
        return moved, valid

    return correct
