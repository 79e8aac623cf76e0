"""What a reader must know beside the rows, as lines for standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.escape import escape_text
from twsla.render.values import display_value

if TYPE_CHECKING:
    from twsla.model.result import Result


def note_lines(result: Result, *, zone: str = "UTC") -> list[str]:
    """The facts (``title: value``, display text), then the notes, one a line; control characters made visible."""
    facts = [f"{fact.title}: {display_value(fact.value, fact.kind, zone=zone)}" for fact in result.facts]
    return [escape_text(line, keep="") for line in (*facts, *(note.text for note in result.notes))]
