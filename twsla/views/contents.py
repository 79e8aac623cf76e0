"""The contents of a document: its parts as rows, each a screen of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.model.result import Action, Column, Kind, Result, ValueRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress

COLUMNS = (
    Column("number", "Number", Kind.COUNT, hidden=True),
    Column("part", "Part", Kind.TEXT, share=8),
    Column("rows", "Rows", Kind.COUNT),
    Column("note", "Note", Kind.TEXT, share=4),
)


def contents(document: Result) -> Result:
    """The document with its parts as rows: ``Enter`` opens one; saved as a page, it is the whole document."""

    def open_part(row: Mapping[str, object] | None, progress: Progress) -> Result:
        if row is None:
            raise UsageError("this document has no parts")
        part = document.parts[int(str(row["number"])) - 1]
        return replace(part, close=None)  # it may be opened again; the document frees it

    rows = [
        (number, part.title, len(part.rows), " ".join(note.text for note in part.notes))
        for number, part in enumerate(document.parts, start=1)
    ]
    return replace(
        document,
        columns=COLUMNS,
        rows=ValueRows(tuple(column.name for column in COLUMNS), rows),
        actions=(Action("enter", "Open", open_part),),
    )
