"""What the store holds already: tells new content from content imported before, grown or moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from twsla.store.verify import digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twsla.store.manifest import SourceEntry

State = Literal["new", "unchanged", "duplicate", "other options", "grown"]


@dataclass(frozen=True, slots=True)
class Match:
    """How content relates to what is known."""

    state: State
    entry: SourceEntry | None = None
    """The source it was found to be."""


class Known:
    """The sources of the store and of this run."""

    def __init__(self, entries: Iterable[SourceEntry]) -> None:
        self._by_size: dict[int, list[SourceEntry]] = {}
        self._by_file: dict[str, list[SourceEntry]] = {}
        self._names: dict[str, list[SourceEntry]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: SourceEntry) -> None:
        """Take note of a source that has been read."""
        self._by_size.setdefault(entry.start_offset + entry.bytes, []).append(entry)
        self._names.setdefault(_plain_name(entry), []).append(entry)
        if entry.file_sha256:
            self._by_file.setdefault(entry.file_sha256, []).append(entry)

    def expect(self, entry: SourceEntry, size: int) -> None:
        """Take note of a source that another process is going to read: its name is taken."""
        self._names.setdefault(_plain_name(entry), []).append(replace(entry, bytes=size))

    def match_content(self, name: str, size: int, sha256: str, key: str) -> Match:
        """Content read to its end; ``key`` is that of the settings it would be imported with."""
        found = [entry for entry in self._by_size.get(size, ()) if entry.sha256 == sha256]
        if not found:
            return Match("new")
        same = next((entry for entry in found if _plain_name(entry) == name), None)
        entry = same or found[0]
        if entry.options_key != key:
            return Match("other options", entry)
        return Match("unchanged" if same else "duplicate", entry)

    def match_file(self, name: str, path: Path, size: int, key: str) -> Match:
        """A plain file, before it is read: hashed only where a known source has its size or its name."""
        if not size:
            # All empty files are alike: only the same one is known.
            empty = [entry for entry in self._names.get(name, ()) if entry.start_offset + entry.bytes == 0]
            return Match("unchanged", empty[0]) if empty else Match("new")
        if size in self._by_size:
            match = self.match_content(name, size, digest(path, size)[1], key)
            if match.state != "new":
                return match
        # An event log grows in place: its header is written again, and so may be its older chunks.
        for entry in reversed(self._names.get(name, ())):
            before = entry.start_offset + entry.bytes
            if (
                entry.kind == "file"
                and entry.format != "evtx"
                and before < size
                and digest(path, before)[1] == entry.sha256
            ):
                return Match("grown" if entry.options_key == key or not before else "other options", entry)
        return Match("new")

    def match_member(self, name: str, container_sha256: str, key: str) -> Match:
        """A member of an archive (or a compressed file), by the archive's own hash."""
        suffix = name.partition("!")[2]
        for entry in self._by_file.get(container_sha256, ()):
            if _plain_name(entry).partition("!")[2] == suffix:
                if entry.options_key != key:
                    return Match("other options", entry)
                return Match("unchanged" if _plain_name(entry) == name else "duplicate", entry)
        return Match("new")

    def free_name(self, name: str) -> str:
        """``name``, or with ``#2``, ``#3`` … behind it when other content was imported under it."""
        taken = {entry.name for entry in self._names.get(name, ())}
        if name not in taken:
            return name
        number = 2
        while f"{name}#{number}" in taken:
            number += 1
        return f"{name}#{number}"


def _plain_name(entry: SourceEntry) -> str:
    """The name as given, without the ``#2`` that told rewritten files apart."""
    head, mark, number = entry.name.rpartition("#")
    return head if mark and number.isdecimal() and entry.renamed else entry.name
