"""Many small files: read in batches by processes of their own.

A small file is mostly decisions (which encoding, which form of time stamps), made in Python, and threads take turns
with Python. Large files are the other way round: their blocks are shared out among threads (``reader``).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from twsla.ingest.reader import Finished, Inline, Reader, told
from twsla.progress import Silent
from twsla.sources.streams import FileStream
from twsla.store.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twsla.ingest.settings import Settings
    from twsla.progress import Progress
    from twsla.sources.base import Item, Problem
    from twsla.store.manifest import FileEntry, SourceEntry

SMALL_BYTES = 16 << 20
"""Larger files are worth the work of all processors."""
EVENT_LOG_BYTES = 64 << 20
"""The same of Windows event logs, of which a process can read as much in the same time as several can of text."""
LARGE_LOG_BYTES = 8 << 20
"""A Windows event log that is read alone is shared out among processes from this size on."""
WINDOW_BYTES = 128 << 20
"""So much is collected before it is shared out evenly."""
_LEAST_BATCH_BYTES = 4 << 20
"""A batch becomes a file of the store; small ones would slow down every query."""
_LEAST_FILES = 8
"""Fewer are read before processes have started."""
_FILES_OF_A_BATCH = 64
"""Numbers kept for the store files of a batch; lines of a byte each would need 50."""


@dataclass(frozen=True, slots=True)
class Task:
    """One small file to read."""

    item: Item
    entry: SourceEntry
    before: SourceEntry | None


@dataclass(slots=True)
class Done:
    """What reading a batch gave."""

    finished: list[Finished]
    problems: list[Problem]
    files: tuple[FileEntry, ...]
    counts: dict[str, int]
    """What to tell the progress."""


def _sendable(item: Item) -> Item:
    """The same plain file; what opens it needs its path only, and nothing that cannot be sent to a process."""
    assert item.seekable_path is not None
    return replace(item, open=partial(FileStream, item.seekable_path))


def is_small(item: Item) -> bool:
    """Whether an item can be read by another process, and is too small to be read by several."""
    most = EVENT_LOG_BYTES if item.name.lower().endswith(".evtx") else SMALL_BYTES
    return item.seekable_path is not None and (item.size_bytes or 0) <= most


def is_large_log(item: Item) -> bool:
    """Whether an item is a Windows event log whose blocks are worth processes of their own."""
    return item.name.lower().endswith(".evtx") and (item.size_bytes or 0) >= LARGE_LOG_BYTES


@dataclass(slots=True)
class Window:
    """Small files that wait to be shared out."""

    tasks: list[Task] = field(default_factory=list)
    bytes: int = 0

    def add(self, task: Task) -> None:
        """Take one more."""
        self.tasks.append(task)
        self.bytes += task.item.size_bytes or 0

    @property
    def pays(self) -> bool:
        """Whether there is enough for several processes."""
        return len(self.tasks) >= _LEAST_FILES

    def batches(self, workers: int) -> list[list[Task]]:
        """Runs of consecutive files of about the same size, two for each worker where that is not too little."""
        size = max(_LEAST_BATCH_BYTES, self.bytes // (2 * workers))
        batches: list[list[Task]] = [[]]
        taken = 0
        for task in self.tasks:
            if batches[-1] and taken >= size:
                batches.append([])
                taken = 0
            batches[-1].append(task)
            taken += task.item.size_bytes or 0
        return batches


class Batches:
    """The processes, and what they are doing."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._pool: ProcessPoolExecutor | None = None
        self._running: deque[Future[Done]] = deque()
        self._refused = False

    @property
    def running(self) -> bool:
        """Whether the processes have been started."""
        return self._pool is not None

    def start(self) -> bool:
        """Start the processes; False where the system has none to give (a container, a limit).

        No other thread may be at work: on Linux they are copies of this process.
        """
        if self._refused:
            return False
        # What they need is imported once, before they are made.
        import pyarrow.compute
        import pyarrow.parquet  # noqa: F401

        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        try:
            pool = ProcessPoolExecutor(
                self._settings.workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),)
            )
            with told():
                pool.submit(os.getpid).result()
        except (OSError, ImportError, NotImplementedError):
            for process in multiprocessing.active_children():
                process.terminate()
            self._refused = True
            return False
        self._pool = pool
        return True

    @property
    def executor(self) -> Executor | None:
        """The processes, once they have been started."""
        return self._pool

    def submit(self, writer: Staging, tasks: Sequence[Task]) -> None:
        """Hand out one batch."""
        assert self._pool is not None
        first = writer.reserve(_FILES_OF_A_BATCH)
        work = [replace(task, item=_sendable(task.item)) for task in tasks]
        with told():
            self._running.append(self._pool.submit(read_batch, writer.store, writer.id, first, self._settings, work))

    def take(self, running: int) -> list[Done]:
        """What has been read, in the order of handing out, until at most so many batches are running."""
        done = []
        while len(self._running) > running:
            self._progress.check()
            future = self._running[0]
            if not wait([future], timeout=0.1).done:
                continue
            self._running.popleft()
            with told():
                batch = future.result()
            for unit, amount in batch.counts.items():
                self._progress.advance(unit, amount)
            done.append(batch)
        return done

    def close(self) -> None:
        """End the processes; what they are doing is finished first, what is waiting is not begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def read_batch(store: Path, identifier: str, first: int, settings: Settings, tasks: Sequence[Task]) -> Done:
    """Read files into staged files of an import; runs in a process of its own, one thread.

    Args:
        store: The store's directory.
        identifier: Of the import.
        first: Number of the first staged file.
        settings: As for the whole import.
        tasks: What to read, in order.
    """
    inline, counts = Inline(), _Counts()
    problems: list[Problem] = []
    staging = Staging(store, identifier, inline, first=first)
    reader = Reader(settings, inline, 0, staging.add, problems.append, counts)
    for task in tasks:
        reader.read(task.item, task.entry, task.before)
    reader.drain()
    staging.flush()
    return Done(reader.finished, problems, staging.files(), counts.amounts)


class _Counts(Silent):
    """Adds up what the parent's progress is told when the batch is done."""

    def __init__(self) -> None:
        super().__init__()
        self.amounts: dict[str, int] = {}

    def advance(self, unit: str, amount: int) -> None:
        self.amounts[unit] = self.amounts.get(unit, 0) + amount


def _begin(parent: int) -> None:
    """In a new process: the parent alone minds Ctrl-C, and it takes us with it when it is killed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed before that
            os._exit(1)
