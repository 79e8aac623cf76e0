"""What is asked of a store, as a value: it knows nothing of SQL."""

from __future__ import annotations

from dataclasses import dataclass, field

from twsla.model.filters import FilterSet
from twsla.model.times import TimeRange


@dataclass(frozen=True, slots=True)
class Query:
    """The records wanted: those of ``time_range`` that pass all ``filters``."""

    time_range: TimeRange = field(default_factory=lambda: TimeRange(None, None))
    filters: FilterSet = field(default_factory=FilterSet)
    zone: str = "UTC"
    """Zone for showing times and for reading time ranges without one."""
    ignore_case: bool = False
    """For filters that a command finds among arguments of its own."""
