"""What is asked of a store, as a value: it knows nothing of SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.model.filters import FilterSet
from twsla.model.times import TimeRange

if TYPE_CHECKING:
    from twsla.model.conditions import Condition


@dataclass(frozen=True, slots=True)
class Query:
    """The records wanted: those of ``time_range`` that pass all ``filters`` and are as ``where`` says."""

    time_range: TimeRange = field(default_factory=lambda: TimeRange(None, None))
    filters: FilterSet = field(default_factory=FilterSet)
    zone: str = "UTC"
    """Zone for showing times and for reading time ranges without one."""
    ignore_case: bool = False
    """For filters that a command finds among arguments of its own."""
    where: Condition | None = None
    """On fields; None: they may be as they like."""

    @property
    def is_selective(self) -> bool:
        """Whether anything but the time range decides."""
        return bool(self.filters) or self.where is not None
