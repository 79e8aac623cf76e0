"""Source -> format -> filter -> store: decides what is read by whom, and commits once.

Large files, archives and pipes are read here, their blocks shared out among threads (``reader``); small files go to
processes in batches (``batches``).
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from twsla import __version__
from twsla.errors import StoreError
from twsla.ingest.batches import WINDOW_BYTES, Batches, Task, Window, is_large_log, is_small
from twsla.ingest.dry import DryRun
from twsla.ingest.known import Known
from twsla.ingest.reader import Finished, Reader
from twsla.ingest.settle import settle
from twsla.sources.base import DamagedError, Problem, ProblemKind, digest_file
from twsla.store.layout import MARKER, check_usable
from twsla.store.manifest import Manifest, SourceEntry
from twsla.store.store import load_manifests
from twsla.store.writer import ImportWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

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
        self._opened: ImportWriter | DryRun | None = None
        self._known = Known(_known_sources(store))
        self._reader = Reader(settings, self._pool, settings.workers + 1, self._add, self.problem, progress)
        self._batches = Batches(settings, progress)
        self._window = Window()
        self._finished: list[Finished] = []
        self._order: dict[str, int] = {}
        """Names of the sources in the order in which they were given."""
        self._digests: dict[Path, tuple[int, str]] = {}

    @property
    def _writer(self) -> ImportWriter | DryRun:
        """Made for the first source that can be read: a run that reads nothing makes no store."""
        if self._opened is None:
            self._opened = DryRun(self._store) if self.settings.dry_run else ImportWriter(self._store, self._pool)
        return self._opened

    @property
    def _staging(self) -> ImportWriter:
        writer = self._writer
        assert isinstance(writer, ImportWriter)
        return writer

    def _add(self, table: pa.Table) -> None:
        self._writer.add(table)

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
            self._share_out()
            self._take_batches(0)
            self._batches.close()
            self._reader.drain()
            self._finished += self._reader.finished
            self._finished.sort(key=lambda finished: self._order[finished.entry.name])
            self.outcome.entries = [finished.entry for finished in self._finished]
            if self._finished:
                self._writer.flush()
                self.outcome.manifest = self._writer.commit(self._manifest)
        except BaseException:
            self._batches.close()
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
        task = self._task(item)
        if task is None:
            return
        self._order[task.entry.name] = len(self._order)
        if not is_small(item):
            self._share_out()
            self._read(task)
            return
        self._known.expect(task.entry, item.size_bytes or 0)
        self._window.add(task)
        if self._window.bytes >= WINDOW_BYTES:
            self._share_out()

    def _read(self, task: Task) -> None:
        large = is_large_log(task.item) and not self.settings.dry_run and self._have_processes()
        processes = self._batches.executor if large else None
        self._reader.read(task.item, task.entry, task.before, processes=processes)
        self._known.add(task.entry)

    def _share_out(self) -> None:
        """Have the small files collected so far read: by processes, or here when they are few."""
        window, self._window = self._window, Window()
        if not window.pays or self.settings.dry_run or not self._have_processes():
            for task in window.tasks:
                self._read(task)
            return
        batches = window.batches(self.settings.workers)
        self._take_batches(len(batches))
        for batch in batches:
            self._batches.submit(self._staging, batch)

    def _have_processes(self) -> bool:
        if self._batches.running:
            return True
        self._reader.drain()
        self._writer.wait()
        return self._batches.start()

    def _take_batches(self, running: int) -> None:
        for done in self._batches.take(running):
            self._finished += done.finished
            self.outcome.problems += done.problems
            self._staging.adopt(done.files)

    def _task(self, item: Item) -> Task | None:
        """What to read of a source; None where its content is in the store already."""
        try:
            return self._new_content(item)
        except DamagedError as error:
            self.problem(error.problem(item.name))
        except OSError as error:
            self.problem(Problem(item.name, ProblemKind.UNREADABLE, error.strerror or str(error)))
        return None

    def _new_content(self, item: Item) -> Task | None:
        entry = SourceEntry(name=item.name, kind=item.kind, mtime_ns=item.mtime_ns, mtime_from=item.mtime_from)
        entry.options_key = self.settings.of(item.name).key()
        before = None
        if item.container_path is not None:
            entry.path = str(item.container_path.resolve())
        match = self._match(item, entry)
        if match is not None and match.state == "grown":
            before = match.entry
        elif match is not None and match.state != "new" and not self.settings.again:
            self._skip(item, match)
            return None
        entry.name = self._known.free_name(item.name)
        if before is not None:
            entry.name = before.name
        entry.renamed = entry.name != item.name
        return Task(item, entry, before)

    def _match(self, item: Item, entry: SourceEntry) -> Match | None:
        key = entry.options_key
        if item.seekable_path is not None:
            return self._known.match_file(item.name, item.seekable_path, item.seekable_path.stat().st_size, key)
        if item.container_path is None:
            return None
        if item.container_path not in self._digests:
            self._digests[item.container_path] = digest_file(item.container_path)
        entry.file_bytes, entry.file_sha256 = self._digests[item.container_path]
        return self._known.match_member(item.name, entry.file_sha256, key)

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
                    ProblemKind.SKIPPED,
                    "its content is in the store already, imported with other options: not imported again "
                    "(--again imports it once more)",
                )
            )

    # --- the end ---------------------------------------------------------------------------------------------

    def _manifest(self, in_force: tuple[Manifest, ...]) -> Manifest | None:
        """Called while no other import can commit."""
        added = settle(self._writer, self._finished, in_force, self.settings, self.outcome)
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
