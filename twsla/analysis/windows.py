"""What the commands about Windows events share: what must be said about records that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.analysis.bucketing import records_fact
from twsla.model.result import Fact, Kind, Note

if TYPE_CHECKING:
    from twsla.query.engine import Engine


def event_facts(engine: Engine, events: int) -> tuple[Fact, ...]:
    """How many events the answer is about, among how many records."""
    return (Fact("hits", "Hits", events, Kind.COUNT), records_fact(engine))


def event_notes(engine: Engine, events: int, wanted: str) -> tuple[Note, ...]:
    """What the reader must know about what was not there.

    Args:
        engine: Knows what its time range leaves out.
        events: How many the answer is about.
        wanted: Which ones it looks for, for a sentence.
    """
    notes = []
    if not events:
        notes.append(Note(f"there are no {wanted} among the records that were searched"))
    if outside := engine.selected.undated_rows:
        notes.append(Note(f"{outside:,} records without a time stamp are not in the time range and were not searched"))
    return tuple(notes)
