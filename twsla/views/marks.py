"""Marks on the records of a screen: what is noted when a key is pressed, and where the marked records are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twsla.store.marks import Mark, MarkFile
from twsla.views.arrange import place_of_record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twsla.model.result import Rows
    from twsla.progress import Progress
    from twsla.views.arrange import RecordKey


class Marks:
    """The marks of a store, for the screens on it."""

    def __init__(self, store: Path, by: str) -> None:
        self._file = MarkFile(store)
        self._by = by
        self._marks = self._file.marks()

    @property
    def places(self) -> frozenset[tuple[str, int]]:
        """Source and offset of the marked records."""
        return frozenset(self._marks)

    def of(self, key: RecordKey) -> Mark | None:
        """The mark of a record."""
        return self._marks.get((key.source, key.offset))

    def toggle(self, key: RecordKey) -> Mark:
        """Mark a record, or take the mark with its tags and comment away. Gives what holds now."""
        mark = self.of(key)
        return self._note(replace(mark, marked=False) if mark else _fresh(key))

    def tag(self, key: RecordKey, text: str) -> Mark:
        """Give a record tags: words with blanks or commas between them."""
        tags = tuple(dict.fromkeys(text.replace(",", " ").split()))
        return self._note(replace(self.of(key) or _fresh(key), tags=tags))

    def comment(self, key: RecordKey, text: str) -> Mark:
        """Write a comment on a record."""
        return self._note(replace(self.of(key) or _fresh(key), comment=text.strip()))

    def _note(self, mark: Mark) -> Mark:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._file.add(replace(mark, at=now, by=self._by))
        self._marks = self._file.marks()
        return mark

    def keys(self) -> list[RecordKey]:
        """The marked records."""
        from twsla.views.arrange import RecordKey

        return [RecordKey(mark.ts_ns, mark.source, mark.offset, mark.line_no) for mark in self._marks.values()]


def _fresh(key: RecordKey) -> Mark:
    return Mark(key.source, key.offset, key.line_no, key.ts_ns)


def next_marked(
    rows: Rows, keys: Iterable[RecordKey], start: int, progress: Progress, *, backwards: bool
) -> int | None:
    """Number of the nearest row with a mark behind row ``start`` (before it, if ``backwards``)."""
    best: int | None = None
    for key in keys:
        progress.check()
        place = place_of_record(rows, key, progress)
        if place is None or place == start or (place < start) is not backwards:
            continue
        if best is None or (place > best) is backwards:
            best = place
    return best
