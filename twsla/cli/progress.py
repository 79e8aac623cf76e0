"""Progress on the terminal: one line on standard error with counters, rate and a curve of the throughput.

Drawn with carriage return and blanks alone: the 80 ms that a drawing library takes to import are saved.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, deque
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from twsla.cli.stop_key import stopping
from twsla.errors import Cancelled
from twsla.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from twsla.environment import Environment

PATIENCE_S = 0.3
"""Work that takes less shows nothing."""
INTERVAL_S = 0.1
"""Between two drawings."""
SAMPLE_S = 0.5
"""One bar of the curve."""
BARS = "▁▂▃▄▅▆▇█"
UNITS = ("files", "bytes", "lines", "rows")
"""In the order shown."""
RATED = ("bytes", "rows", "lines")
"""The rate is that of the first of these that moves."""


class TerminalProgress:
    """Counts, and draws from a thread of its own. Counting takes a lock and an addition."""

    def __init__(self, environment: Environment) -> None:
        self.cancelled = False
        self.keys = ""
        """What keys do meanwhile."""
        self._environment = environment
        self._counts: Counter[str] = Counter()
        self._message = ""
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._drawn = False
        self._start = self._sampled_at = time.monotonic()
        self._sampled = 0
        self._rates: deque[float] = deque(maxlen=16)
        self._thread = threading.Thread(target=self._draw_until_done, name="progress", daemon=True)

    def advance(self, unit: str, amount: int) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[unit] += amount

    def message(self, text: str) -> None:
        """Name what is being worked on."""
        self._message = text

    def check(self) -> None:
        """Raise ``Cancelled`` after Ctrl-C."""
        if self.cancelled:
            raise Cancelled

    def start(self) -> None:
        """Begin to draw, after some patience."""
        self._thread.start()

    def stop(self, *, failed: bool = False) -> None:
        """Draw no more, and clear the line."""
        self._end()
        if self._drawn:
            self._put("")

    def _end(self) -> None:
        self._done.set()
        self._thread.join()

    def draw(self) -> None:
        """Draw the line over itself."""
        self._put(self.line())

    def _draw_until_done(self) -> None:
        pause = PATIENCE_S
        while not self._done.wait(pause):
            pause = INTERVAL_S
            self._sample()
            try:
                self.draw()
            except (OSError, ValueError):  # the terminal is gone; the work goes on
                return

    def _sample(self) -> None:
        now = time.monotonic()
        if now - self._sampled_at < SAMPLE_S and self._rates:
            return
        with self._lock:
            counted = self._counts[self._rated()]
        self._rates.append((counted - self._sampled) / max(now - self._sampled_at, 1e-9))
        self._sampled, self._sampled_at = counted, now

    def _rated(self) -> str:
        return next((unit for unit in RATED if self._counts[unit]), "bytes")

    def line(self) -> str:
        """What is shown now: ``12 s  3 files  1.2 GB  9,876 lines  139 MB/s ▁▂▅█  /var/log/auth.log``."""
        counts, unit = self._counted(), self._rated()
        parts = [f"{self._elapsed():.0f} s"]
        moved = [name for name in (*UNITS, *sorted(set(counts) - set(UNITS))) if counts.get(name)]
        parts += [si_bytes(counts[name]) if name == "bytes" else f"{counts[name]:,} {name}" for name in moved]
        if self._rates and counts.get(unit):
            rate = self._rates[-1]
            parts.append(f"{si_bytes(rate)}/s" if unit == "bytes" else f"{rate:,.0f} {unit}/s")
            if self._draws_bars():
                parts[-1] += f" {curve(list(self._rates))}"
        if self._message:
            parts.append(self._message)
        if self.keys:
            parts.append(f"({self.keys})")
        return "  ".join(parts)

    def _counted(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)

    def _elapsed(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._start

    def _draws_bars(self) -> bool:
        return (getattr(self._environment.stderr, "encoding", None) or "").lower().startswith("utf")

    def _put(self, text: str) -> None:
        from twsla.render.escape import escape_text
        from twsla.render.widths import clip, pad

        room = max(self._environment.width - 1, 10)
        shown = pad(clip(escape_text(text, keep=""), room), room)
        self._environment.stderr.write(f"\r{shown}\r" if not text else f"\r{shown}")
        self._environment.stderr.flush()
        self._drawn = True


def curve(values: list[float]) -> str:
    """Values as bars, the largest full."""
    top = max(values, default=0.0)
    if top <= 0:
        return BARS[0] * len(values)
    return "".join(BARS[min(len(BARS) - 1, max(0, int(value / top * len(BARS))))] for value in values)


def si_bytes(amount: float) -> str:
    """``1.2 GB``, decimal units."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError


@contextmanager
def showing(
    environment: Environment, *, quiet: bool, keys: bool = True, box: str | None = None
) -> Iterator[TerminalProgress | Silent]:
    """Progress of the work inside the block: on the terminal where there is one, silent otherwise.

    Ctrl-C, and ``q`` where a person can press it, is marked before ``KeyboardInterrupt`` is raised, so that threads of
    the work stop by themselves while the main thread waits for them.

    Args:
        environment: Where it is shown.
        quiet: Show nothing.
        keys: Nobody else reads standard input, so that ``q`` may stop the work.
        box: The store that is imported into; this is shown in a box.
    """
    if quiet or not environment.stderr_is_terminal:
        silent = Silent()
        with _marking_interrupts(silent):
            yield silent
        return
    progress = _of_terminal(environment, box)
    with ExitStack() as around:
        around.enter_context(_marking_interrupts(progress))
        if keys and around.enter_context(stopping(environment)):
            progress.keys = "q stops"
        progress.start()
        try:
            yield progress
        except BaseException:
            progress.stop(failed=True)
            raise
        progress.stop()


def _of_terminal(environment: Environment, box: str | None) -> TerminalProgress:
    from twsla.cli.import_box import LEAST_HEIGHT, LEAST_WIDTH, ImportBox

    is_small = environment.width < LEAST_WIDTH or environment.height < LEAST_HEIGHT
    if box is None or is_small or environment.variables.get("TERM", "dumb") in {"", "dumb"}:
        return TerminalProgress(environment)
    return ImportBox(environment, box)


@contextmanager
def _marking_interrupts(progress: TerminalProgress | Silent) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        progress.cancelled = True
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
