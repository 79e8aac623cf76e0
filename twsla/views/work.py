"""Threads beside the screen: each does one thing after the other, and what nobody waits for any more is stopped.

A DuckDB connection does one thing at a time, and the engine gives each thread one of its own. So a screen has two such
threads: one reads the pages that are in sight, and drops those that were scrolled past; the other counts, sorts,
filters, finds, saves and runs actions. What they find is delivered to the thread of the screen, which alone changes
anything that is drawn.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twsla.errors import Cancelled, TwslaError
from twsla.views.progress import ScreenProgress

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.progress import Progress

    Deliver = Callable[[Callable[[], None]], None]
    """Has something called by the thread of the screen, soon."""
    Interrupt = Callable[[int], None]
    """Stops the statement that a thread (its ``ident``) has running in the database."""

PATIENCE_S = 2.0
"""How long closing waits for work that cannot be interrupted."""


@dataclass(eq=False)
class Job:
    """A piece of work."""

    run: Callable[[Progress], Any]
    done: Callable[[Any], None]
    """Gets what ``run`` gives; called by the thread of the screen, unless the job was cancelled."""
    failed: Callable[[BaseException], None]
    """Gets what ``run`` raises, likewise; not a cancellation."""
    progress: ScreenProgress
    finished: threading.Event = field(default_factory=threading.Event)
    settled: bool = False
    """``done`` or ``failed`` was called, or will not be."""
    _answer: Any = None
    _error: BaseException | None = None

    def work(self) -> None:
        """Do it; called by the worker's thread."""
        try:
            self.progress.check()
            self._answer = self.run(self.progress)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the thread of the screen has to know
            self._error = error
        self.finished.set()

    def settle(self) -> None:
        """Hand over what was found, once; called by the thread of the screen after ``finished``."""
        if self.settled:
            return
        self.settled = True
        if self.progress.cancelled or isinstance(self._error, Cancelled):
            return
        if self._error is not None:
            self.failed(self._error)
        else:
            self.done(self._answer)


class Worker:
    """One thread and its queue."""

    def __init__(self, name: str, deliver: Deliver, interrupt: Interrupt) -> None:
        self._deliver = deliver
        self._interrupt = interrupt
        self._jobs: deque[Job] = deque()
        self._current: Job | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def current(self) -> Job | None:
        """What it is doing, or is about to do."""
        with self._changed:
            return self._current or (self._jobs[0] if self._jobs else None)

    def submit(
        self,
        title: str,
        run: Callable[[Progress], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> Job:
        """Do something as soon as what was submitted before is done."""
        job = Job(run, done, failed, ScreenProgress(title))
        with self._changed:
            if self._closed:
                job.settled = True
            else:
                self._jobs.append(job)
                self._changed.notify()
        return job

    def cancel(self, job: Job | None = None) -> None:
        """Stop a job, or whatever there is to do. What it would have delivered is dropped."""
        with self._changed:
            for each in [job] if job else [*self._jobs, *([self._current] if self._current else [])]:
                each.progress.cancelled = True
                if each in self._jobs:
                    self._jobs.remove(each)
                    each.settled = True
                if each is self._current:
                    # Under the lock, so that it cannot hit the job that comes next.
                    self._interrupt(self._thread.ident or 0)

    def insist(self) -> None:
        """Stop once more what was to be stopped and goes on: an interrupt between two statements is lost."""
        with self._changed:
            if self._current and self._current.progress.cancelled:
                self._interrupt(self._thread.ident or 0)

    def close(self) -> bool:
        """Stop everything; whether the thread has ended. It may not, in a library that cannot be interrupted."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        waited = 0.0
        while self._thread.is_alive() and waited < PATIENCE_S:
            self.cancel()
            self._thread.join(0.02)
            waited += 0.02
        return not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job = self._current = self._jobs.popleft()
            job.work()
            with self._changed:
                self._current = None
            self._deliver(job.settle)


def sentence(error: BaseException) -> str:
    """What went wrong, for the line at the bottom.

    Raises:
        BaseException: the error itself, where it is none that can be explained.
    """
    if isinstance(error, TwslaError):
        return f"{error.message}{f' ({error.hint})' if error.hint else ''}"
    raise error
