"""What a server was started with: the store, what clients may reach, and how much one call may cost."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.model.times import TimeRange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from twsla.config import Config
    from twsla.environment import Environment
    from twsla.model.query import Query
    from twsla.options import Selection
    from twsla.query.engine import Engine

MEMORY_BYTES = 1600 << 20
"""Shared out among the calls that run at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may cost."""

    seconds: float = 60.0
    """Work; a call that takes longer is stopped and says so."""
    import_seconds: float = 3600.0
    """The same of an import."""
    rows: int = 10_000
    """Rows of one answer."""
    answer_bytes: int = 4_000_000
    """The most that ``max_bytes`` may allow."""
    text_chars: int = 4_000
    """Characters of one text; longer ones are cut."""
    parallel: int = 4
    """Calls that work at once; others wait."""
    waiting: int = 200
    """Calls that may wait."""
    picture_bytes: int = 3_000_000
    """Of the picture of a chart."""

    @property
    def memory(self) -> str:
        """What one call's database may take, as DuckDB writes sizes."""
        return f"{max(200, (MEMORY_BYTES >> 20) // self.parallel)}MB"


@dataclass(frozen=True, slots=True)
class Desk:
    """Shared by all calls, and never changed: what a call does leaves nothing behind for another."""

    environment: Environment
    scope: Selection
    """The store, and filters and a time range that hold for every call beside the call's own."""
    fixed: Mapping[str, object] = field(default_factory=dict)
    """Values of options, by field name, that clients can neither see nor set."""
    import_roots: tuple[Path, ...] = ()
    """Directories, links resolved, below which files may be imported; none: nothing can be imported."""
    mask: bool = False
    """Personal data leaves masked."""
    limits: Limits = field(default_factory=Limits)
    config: Config | None = None
    """The configuration file; it and the environment give the options that clients cannot set."""

    @property
    def datastore(self) -> Path:
        """The store's directory."""
        return self.scope.datastore

    def now(self) -> Environment:
        """The environment with the present time: relative time ranges end with the call, not the server's start."""
        return replace(self.environment, now_ns=time.time_ns())

    def allowed(self, wanted: Query) -> Query:
        """A query within the scope of the server.

        Raises:
            UsageError: Its time range lies outside of it.
        """
        from twsla.model.filters import FilterSet
        from twsla.query.engine import query_of

        scope = query_of(self.scope, self.now())
        time_range = _within(wanted.time_range, scope.time_range)
        return replace(wanted, time_range=time_range, filters=FilterSet((*scope.filters, *wanted.filters)))

    def engine(self, selection: Selection, *, damaged: bool = False) -> AbstractContextManager[Engine]:
        """An engine of the call's own, with a bounded database; entering it raises as ``open_engine`` does."""
        from twsla.query.engine import open_engine

        return open_engine(selection, self.now(), damaged=damaged, within=self.allowed, memory=self.limits.memory)


def _within(wanted: TimeRange, scope: TimeRange) -> TimeRange:
    """The part of a time range that lies in another."""
    starts = [each.start_ns for each in (wanted, scope) if each.start_ns is not None]
    ends = [each.end_ns for each in (wanted, scope) if each.end_ns is not None]
    start, end = max(starts, default=None), min(ends, default=None)
    if start is not None and end is not None and start > end:
        raise UsageError(
            "the time range lies outside of the one this server was started for",
            hint="leave time_range out to see what there is",
        )
    return TimeRange(start, end)
