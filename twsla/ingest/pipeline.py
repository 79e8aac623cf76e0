"""Source -> format -> filter -> store: reads sources in order, works on blocks in parallel, commits once.

One thread reads and keeps the order; a pool decodes and stamps blocks, builds columns and writes files. What is in
flight is bounded, so memory does not grow with the source.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twsla import __version__
from twsla.errors import StoreError
from twsla.ingest.building import Built, build_span
from twsla.ingest.known import Known
from twsla.ingest.reading import NotTextError, Reading, open_reading
from twsla.ingest.settle import settle
from twsla.sources.base import DamagedError, Problem, ProblemKind, digest_file, printable
from twsla.store.layout import MARKER, check_usable
from twsla.store.manifest import Manifest, SourceEntry
from twsla.store.store import load_manifests
from twsla.store.writer import ImportWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twsla.formats.text import Parsed
    from twsla.ingest.known import Match
    from twsla.ingest.settings import Settings
    from twsla.progress import Progress
    from twsla.sources.base import Item


@dataclass(slots=True)
class Outcome:
    """What an import did."""

    manifest: Manifest | None = None
    """None: nothing new was added."""
    entries: list[SourceEntry] = field(default_factory=list)
    """Sources read in this run, whether or not records of them were added."""
    problems: list[Problem] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    """A sentence for each source that is in the store already."""
    seconds: float = 0.0


class Pipeline:
    """One import run."""

    def __init__(self, store: Path, settings: Settings, options: dict[str, Any], progress: Progress) -> None:
        self.settings = settings
        self.progress = progress
        self.outcome = Outcome()
        self._options = options
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="twsla")
        self._store = store
        self._opened: ImportWriter | None = None
        self._known = Known(_known_sources(store), settings.key())
        self._parsing: deque[tuple[Reading, Future[Parsed] | None]] = deque()
        self._building: deque[tuple[Reading, Future[Built]]] = deque()
        self._readings: list[Reading] = []
        self._digests: dict[Path, tuple[int, str]] = {}

    @property
    def _writer(self) -> ImportWriter:
        """Made for the first source that can be read: a run that reads nothing makes no store."""
        if self._opened is None:
            self._opened = ImportWriter(self._store, self._pool)
        return self._opened

    def problem(self, problem: Problem) -> None:
        """Take note of something that was left out or could not be read."""
        self.outcome.problems.append(problem)

    def run(self, items: Iterable[Item]) -> Outcome:
        """Import everything; commit it, or leave the store as it was.

        Raises:
            Cancelled: The user asked to stop.
            StoreError: The store cannot be written.
        """
        began = time.monotonic()
        try:
            for item in items:
                self.progress.check()
                self._import_item(item)
            self._drain(0, 0)
            self.outcome.entries = [reading.entry for reading in self._readings]
            if self._readings:
                self._writer.flush()
                self.outcome.manifest = self._writer.commit(self._manifest)
        except BaseException:
            self._pool.shutdown(wait=True, cancel_futures=True)
            if self._opened is not None:
                self._opened.abort()
            raise
        self._pool.shutdown(wait=True)
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    # --- one source ------------------------------------------------------------------------------------------

    def _import_item(self, item: Item) -> None:
        self.progress.message(item.name)
        try:
            reading = self._open(item)
        except NotTextError as error:
            self.problem(Problem(item.name, ProblemKind.UNSUPPORTED, str(error)))
            return
        except DamagedError as error:
            self.problem(error.problem(item.name))
            return
        except OSError as error:
            self.problem(Problem(item.name, ProblemKind.UNREADABLE, error.strerror or str(error)))
            return
        if reading is None:
            return
        self._readings.append(reading)
        for block in reading.blocks(self.settings):
            self.progress.check()
            self.progress.advance("bytes", len(block.raw))
            self._parsing.append((reading, self._pool.submit(reading.text.parse, block)))
            self._drain(self.settings.workers + 1, self.settings.workers + 1)
        self._parsing.append((reading, None))
        self._known.add(reading.entry)
        self.progress.advance("files", 1)

    def _open(self, item: Item) -> Reading | None:
        """Open a source, unless its content is in the store already."""
        entry = SourceEntry(name=item.name, kind=item.kind, mtime_ns=item.mtime_ns, mtime_from=item.mtime_from)
        entry.options_key = self.settings.key()
        before = None
        if item.container_path is not None:
            entry.path = printable(str(item.container_path.resolve()))
        match = self._match(item, entry)
        if match is not None and match.state == "grown":
            before = match.entry
        elif match is not None and match.state != "new" and not self.settings.again:
            self._skip(item, match)
            return None
        entry.name = self._known.free_name(item.name)
        if before is not None:
            assert match is not None
            entry.name = before.name
        entry.renamed = entry.name != item.name
        return open_reading(item, entry, self.settings, before)

    def _match(self, item: Item, entry: SourceEntry) -> Match | None:
        if item.seekable_path is not None:
            return self._known.match_file(item.name, item.seekable_path, item.seekable_path.stat().st_size)
        if item.container_path is None:
            return None
        if item.container_path not in self._digests:
            self._digests[item.container_path] = digest_file(item.container_path)
        entry.file_bytes, entry.file_sha256 = self._digests[item.container_path]
        return self._known.match_member(item.name, entry.file_sha256)

    def _skip(self, item: Item, match: Match) -> None:
        assert match.entry is not None
        if match.state == "unchanged":
            self.outcome.unchanged.append(f"{item.name}: in the store already, unchanged")
        elif match.state == "duplicate":
            self.outcome.unchanged.append(
                f"{item.name}: the same content is in the store as {match.entry.name} (--again imports it once more)"
            )
        else:
            self.problem(
                Problem(
                    item.name,
                    ProblemKind.DUPLICATE,
                    "its content is in the store already, imported with other options: not imported again "
                    "(--again imports it once more)",
                )
            )

    # --- work in flight --------------------------------------------------------------------------------------

    def _drain(self, parsing: int, building: int) -> None:
        """Take finished work, in order, until at most so many pieces are in flight."""
        while len(self._parsing) > parsing:
            reading, future = self._parsing.popleft()
            spans = reading.text.finish() if future is None else reading.text.join(future.result())
            for span in spans:
                work = self._pool.submit(build_span, span, reading.entry.name, self.settings)
                self._building.append((reading, work))
            if future is None:
                self._finish(reading)
            while len(self._building) > building:
                self._take_built()
        while len(self._building) > building:
            self._take_built()

    def _take_built(self) -> None:
        reading, future = self._building.popleft()
        built = future.result()
        built.count_into(reading.entry)
        reading.range_pending |= built.range_pending
        self.progress.advance("lines", built.lines)
        if built.table is not None:
            self._writer.add(built.table)

    def _finish(self, reading: Reading) -> None:
        """The last block of a source has been joined; its last spans are still being built."""
        entry, text = reading.entry, reading.text
        entry.lines = text.lines - entry.start_line
        entry.lossy_lines = text.lossy_lines
        if text.long_lines:
            reading.problems.append(
                Problem(
                    entry.name,
                    ProblemKind.NOTE,
                    f"holds lines longer than 16 MiB; they are stored in pieces ({text.long_lines} more records)",
                )
            )
        for problem in reading.problems:
            self.problem(problem)
        entry.problems.extend(problem.sentence for problem in reading.problems)

    # --- the end ---------------------------------------------------------------------------------------------

    def _manifest(self, in_force: tuple[Manifest, ...]) -> Manifest | None:
        """Called while no other import can commit."""
        added = settle(self._writer, self._readings, in_force, self.settings, self.outcome)
        if not added:
            return None
        for entry in added:
            if not entry.lines_add_up:
                raise StoreError(
                    f"the lines of {entry.name} do not add up: {entry.lines:,} read, {entry.record_lines:,} stored, "
                    f"{entry.filtered_lines + entry.outside_lines:,} left out by filter or time range",
                    hint="this is a bug; nothing was added to the store",
                )
        return Manifest(
            id=self._writer.id,
            created=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            program=f"twsla {__version__}",
            options=self._options,
            sources=tuple(added),
            files=self._writer.files(),
            problems=tuple(f"{problem.source}: {problem.sentence}" for problem in self.outcome.problems),
        )


def _known_sources(store: Path) -> list[SourceEntry]:
    """The sources of a store that exists; none for one that is yet to be made.

    Raises:
        StoreError: The path is something else than a store.
    """
    check_usable(store)
    if not (store / MARKER).exists():
        return []
    return [source for manifest in load_manifests(store) for source in manifest.sources]
