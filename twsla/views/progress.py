"""How work behind a screen tells what it is doing, and learns that it should stop."""

from __future__ import annotations

import threading
import time
from collections import Counter

from twsla.errors import Cancelled


class ScreenProgress:
    """Counts; the screen asks for its line while it is drawn. Safe from any thread."""

    def __init__(self, title: str) -> None:
        self.cancelled = False
        self._title = title
        self._message = ""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def advance(self, unit: str, amount: int) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[unit] += amount

    def message(self, text: str) -> None:
        """Name what is being worked on."""
        self._message = text

    def check(self) -> None:
        """Raise ``Cancelled`` after somebody pressed ``q``."""
        if self.cancelled:
            raise Cancelled

    @property
    def seconds(self) -> float:
        """Since the work began."""
        return time.monotonic() - self._began

    def line(self, spinner: str) -> str:
        """What is shown now: ``/ sorting  1,234 rows  2 s``."""
        with self._lock:
            counts = dict(self._counts)
        sign = spinner[int(self.seconds * 10) % len(spinner)]
        parts = [f"{sign} {self._message or self._title}"]
        parts += [f"{amount:,} {unit}" for unit, amount in sorted(counts.items()) if unit != "bytes"]
        if self.seconds >= 1:
            parts.append(f"{self.seconds:.0f} s")
        return "  ".join(parts)
