"""Bytes that can be read from any position: a part of a file on disk, or memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twsla.sources.base import CHUNK_BYTES, DamagedError
from twsla.sources.streams import ExpectingStream, FileStream, MemoryStream, Stream

if TYPE_CHECKING:
    from pathlib import Path


class Backing(Protocol):
    """A run of bytes with random access."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""

    def stream(self, start: int = 0, size: int | None = None) -> Stream:
        """``size`` bytes from ``start`` (None: up to the end); ends as damaged if there are fewer."""

    def section(self, start: int, size: int) -> Backing:
        """A part of it, cut where this ends."""


@dataclass(frozen=True, slots=True)
class FileBacking:
    """``size_bytes`` of a file on disk, from ``start``."""

    path: Path
    size_bytes: int
    start: int = 0

    def stream(self, start: int = 0, size: int | None = None) -> Stream:
        """Open the file at a position."""
        there = max(0, self.size_bytes - start)
        if size is None:
            return FileStream(self.path, self.start + start, there)
        return ExpectingStream(FileStream(self.path, self.start + start, min(size, there)), size)

    def section(self, start: int, size: int) -> FileBacking:
        """A part of it."""
        start = min(start, self.size_bytes)
        return FileBacking(self.path, min(size, self.size_bytes - start), self.start + start)


@dataclass(frozen=True, slots=True)
class MemoryBacking:
    """Bytes held in memory."""

    view: memoryview

    @property
    def size_bytes(self) -> int:
        """How many there are."""
        return len(self.view)

    def stream(self, start: int = 0, size: int | None = None) -> Stream:
        """The bytes from a position."""
        if size is None:
            return MemoryStream(self.view[start:])
        return ExpectingStream(MemoryStream(self.view[start : start + size]), size)

    def section(self, start: int, size: int) -> MemoryBacking:
        """A part of it, not copied."""
        return MemoryBacking(self.view[start : start + size])


def read_exactly(backing: Backing, start: int, size: int) -> bytes:
    """``size`` bytes from ``start``, fewer where the backing ends."""
    there = max(0, min(size, backing.size_bytes - start))
    with backing.stream(start, there) as stream:
        return stream.readall()


def hold_in_memory(stream: Stream, most_bytes: int) -> tuple[MemoryBacking | None, DamagedError | None]:
    """Read a whole stream into memory and close it.

    Returns:
        What could be read, None when it is longer than ``most_bytes``; and the error that ended it, if any.
    """
    held = bytearray()
    damage = None
    with stream:
        try:
            while part := stream.read(CHUNK_BYTES):
                held += part
                if len(held) > most_bytes:
                    return None, None
        except DamagedError as error:
            damage = error
    return MemoryBacking(memoryview(held).toreadonly()), damage
