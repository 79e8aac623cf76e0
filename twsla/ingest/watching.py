"""Files that are written to, cut or replaced while they are read: what is taken of them, and what is told.

A file is read up to the size that it had when it was opened. If it is longer by then, its last record may be half
written: it is left for the next import, which goes on there, so that both together are what one import of the finished
file would have been.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from twsla.sources.base import CHUNK_BYTES, Problem, ProblemKind

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.sources.streams import Stream


class Watched:
    """A plain file on disk, read as it was when it was opened."""

    def __init__(self, stream: Stream, path: Path) -> None:
        """Remember size and times; ``stream`` is the open file."""
        self._stream = stream
        self._path = path
        self._opened = os.fstat(stream.fileno())
        self._left = self._opened.st_size
        self.is_growing = False
        """Bytes have come after those that were read; known when the end was reached."""

    @property
    def mtime_ns(self) -> int:
        """When it was last written to, before it was opened."""
        return self._opened.st_mtime_ns

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes of those that were there at the beginning; files of /proc tell no size beforehand."""
        if not self._opened.st_size:
            return self._stream.read(size)
        chunk = self._stream.read(min(size, self._left)) if self._left else b""
        self._left -= len(chunk)
        return chunk

    def look_again(self, name: str, read_bytes: int, sha256: str) -> list[Problem]:
        """At the end: what has happened to the file meanwhile, and to its name.

        Args:
            name: Of the source.
            read_bytes: From its beginning.
            sha256: Of these.
        """
        now = os.fstat(self._stream.fileno())
        problems = []
        if (now.st_size, now.st_mtime_ns) != (self._opened.st_size, self._opened.st_mtime_ns):
            problem = self._changed(now.st_size, name, read_bytes, sha256)
            problems += [problem] if problem else []
        if self._is_replaced(now):
            why = "another file has taken its name while it was read; the one that was opened is what was read"
            problems.append(Problem(name, ProblemKind.NOTE, why))
        return problems

    def _changed(self, size: int, name: str, read_bytes: int, sha256: str) -> Problem | None:
        if size < read_bytes or self._left:
            why = f"was cut to {size:,} bytes while it was read; what was read before is kept ({read_bytes:,} bytes)"
            return Problem(name, ProblemKind.DAMAGED, why)
        if self.digests(read_bytes, read_bytes)[1] != sha256:
            return self.written_over(name)
        self.is_growing = size > self._opened.st_size
        return None

    def written_over(self, name: str) -> Problem:
        """What is told of a file whose bytes are no longer those that were read."""
        why = "was written over while it was read; what was read is kept, and may be of two states: import it again"
        return Problem(name, ProblemKind.DAMAGED, why)

    def _is_replaced(self, opened: os.stat_result) -> bool:
        try:
            return not os.path.samestat(opened, self._path.stat())
        except OSError:
            return True

    def digests(self, part: int, total: int) -> tuple[str, str]:
        """SHA-256 of the first ``part`` and of the first ``total`` bytes, as they are now."""
        hashed, at, of_part = hashlib.sha256(), 0, ""
        while True:
            if at == part:
                of_part = hashed.hexdigest()
            end = part if at < part else total
            chunk = self._stream_at(at, min(CHUNK_BYTES, end - at))
            if not chunk:
                return of_part, hashed.hexdigest()
            hashed.update(chunk)
            at += len(chunk)

    def _stream_at(self, offset: int, size: int) -> bytes:
        descriptor = self._stream.fileno()
        if hasattr(os, "pread"):
            return os.pread(descriptor, size, offset)
        before = os.lseek(descriptor, 0, os.SEEK_CUR)  # Windows
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)
