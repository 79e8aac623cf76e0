"""Calls at work: in threads, so many at once, each with a time limit, its own progress, and a way to be stopped."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from twsla.errors import Cancelled, TwslaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twsla.mcp.desk import Limits

T = TypeVar("T")
Report = "Callable[[float, str], Awaitable[None]]"
_TICK_S = 0.25
"""Between two looks at a call."""
_REPORT_S = 0.5
"""Between two progress notifications."""
_AGAIN_S = 0.1
"""A call that is to stop is stopped again and again: between two statements there is nothing to interrupt."""
_PATIENCE_S = 5.0
"""A call that does not stop by then goes on in its thread, and the client is answered."""


class Work:
    """One call: what it is doing, and how it is stopped."""

    def __init__(self) -> None:
        self.progress = self
        self.done = threading.Event()
        self._stop: Callable[[], None] | None = None
        self._stopped = False
        self._counts: Counter[str] = Counter()
        self._message = ""
        self._lock = threading.Lock()
        self._began = time.monotonic()

    # --- as the work sees it: twsla.progress.Progress ---------------------------------------------------------

    def advance(self, unit: str, amount: int) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[unit] += amount

    def message(self, text: str) -> None:
        """Name what is being worked on."""
        self._message = text

    def check(self) -> None:
        """Raise ``Cancelled`` when the call is to stop."""
        if self._stopped:
            raise Cancelled

    def stoppable(self, stop: Callable[[], None]) -> None:
        """Name a function that stops what runs now."""
        self._stop = stop
        self.check()

    # --- as the server sees it --------------------------------------------------------------------------------

    def said(self) -> tuple[float, str]:
        """Seconds since the work began, and what is going on."""
        with self._lock:
            counts = [f"{amount:,} {unit}" for unit, amount in self._counts.items() if amount]
        return time.monotonic() - self._began, ", ".join([*([self._message] if self._message else []), *counts])

    def stop(self) -> None:
        """Stop the work as soon as it can; returns at once."""
        if self._stopped:
            return
        self._stopped = True
        threading.Thread(target=self._keep_stopping, name="twsla-stop", daemon=True).start()

    def _keep_stopping(self) -> None:
        while not self.done.wait(_AGAIN_S):
            if self._stop is not None:
                self._stop()


class Calls:
    """All calls of a server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.parallel, thread_name_prefix="twsla-call")
        self._running: set[Work] = set()

    async def run(
        self,
        function: Callable[[Work], T],
        *,
        seconds: float | None = None,
        report: Callable[[float, str], Awaitable[None]] | None = None,
    ) -> T:
        """Run a function in a thread, when it is its turn.

        Args:
            function: Is given the call.
            seconds: How long it may work; waiting does not count. None: as the limits say.
            report: Is told from time to time how long it has worked and what it does.

        Raises:
            TwslaError: It took too long, too many are waiting already, or what the function raises.
        """
        if len(self._running) >= self._limits.parallel + self._limits.waiting:
            raise TwslaError(
                f"the server is busy: {len(self._running):,} calls are at work or waiting", hint="ask again later"
            )
        work = Work()
        started = threading.Event()
        future = asyncio.wrap_future(self._threads.submit(_run, function, work, started))
        self._running.add(work)

        def ended(future: asyncio.Future[T]) -> None:
            self._running.discard(work)
            _ = future.cancelled() or future.exception()  # looked at, even where nobody waits any more

        future.add_done_callback(ended)
        try:
            return await self._watched(future, work, started, seconds or self._limits.seconds, report)
        except asyncio.CancelledError:  # by the client, or because it has gone
            work.stop()
            raise

    async def _watched(
        self,
        future: asyncio.Future[T],
        work: Work,
        started: threading.Event,
        seconds: float,
        report: Callable[[float, str], Awaitable[None]] | None,
    ) -> T:
        began = reported = time.monotonic()
        expired = False
        while True:
            done, _ = await asyncio.wait({future}, timeout=_TICK_S)
            now = time.monotonic()
            if not started.is_set():
                began = now
            if done:
                if expired and isinstance(future.exception(), Cancelled):
                    raise _too_long(seconds)
                return future.result()
            if now - began > seconds:
                expired = True
                work.stop()
            if now - began > seconds + _PATIENCE_S:
                raise _too_long(seconds)
            if report is not None and now - reported >= _REPORT_S and started.is_set():
                reported = now
                await report(*work.said())

    def close(self) -> None:
        """Stop everything, and wait for nothing."""
        for work in list(self._running):
            work.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _run(function: Callable[[Work], T], work: Work, started: threading.Event) -> T:
    started.set()
    try:
        work.check()
        return function(work)
    finally:
        work.done.set()


def _too_long(seconds: float) -> TwslaError:
    return TwslaError(
        f"the call was stopped after {seconds:g} seconds",
        hint="narrow the time range or the filters, or ask for less",
    )
