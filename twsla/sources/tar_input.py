"""Where in a tar archive its reader stands: looks ahead, skips cheaply, and remembers why the bytes ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from twsla.sources.base import CHUNK_BYTES, DamagedError, ProblemKind
from twsla.sources.tar_headers import BLOCK_BYTES, parse_header

if TYPE_CHECKING:
    from twsla.sources.content import Content
    from twsla.sources.streams import Stream


class TarInput:
    """The bytes of an archive from front to back; ``position`` is the next byte's."""

    def __init__(self, content: Content) -> None:
        self._backing = content.backing
        self._stream: Stream = content.backing.stream() if content.backing else content.open()
        self._ahead = b""
        self.position = 0
        self.error: DamagedError | None = None
        """Why there are no more bytes, if it is not the end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def why_ended(self) -> str:
        """Part of a sentence."""
        return self.error.why if self.error else "the archive ends"

    def kind(self) -> ProblemKind:
        """The kind of problem that the end is."""
        return self.error.kind if self.error else ProblemKind.DAMAGED

    def _look(self, size: int) -> bytes:
        """All bytes at hand, at least ``size`` if there are so many."""
        parts, there = [self._ahead], len(self._ahead)
        while there < size and self.error is None:
            try:
                part = self._stream.read(CHUNK_BYTES)
            except DamagedError as error:
                self.error = error
                break
            if not part:
                break
            parts.append(part)
            there += len(part)
        self._ahead = b"".join(parts)
        return self._ahead

    def _drop(self, size: int) -> None:
        self._ahead = self._ahead[size:]
        self.position += size

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer at the end."""
        data = self._look(size)[:size]
        self._drop(len(data))
        return data

    def some(self, size: int) -> bytes:
        """Between 1 and ``size`` of the next bytes; none at the end."""
        if self._ahead:
            return self.take(min(size, len(self._ahead)))
        data = b""
        if self.error is None:
            try:
                data = self._stream.read(size)
            except DamagedError as error:
                self.error = error
        self.position += len(data)
        return data

    def skip_to(self, position: int) -> bool:
        """Go forward to a position; False if the end comes before, or it lies behind."""
        left = position - self.position
        if self._backing is not None and left > len(self._ahead):
            self._stream.close()
            self.position = min(position, self._backing.size_bytes)
            self._stream, self._ahead = self._backing.stream(self.position), b""
            return self.position == position
        while left > 0 and (data := self.some(min(left, CHUNK_BYTES))):
            left -= len(data)
        return left == 0

    def skip_zero_blocks(self) -> int:
        """Pass whole blocks of zeros; how many."""
        blocks = 0
        while data := self._look(BLOCK_BYTES):
            passed = (len(data) - len(data.lstrip(b"\0"))) // BLOCK_BYTES
            self._drop(passed * BLOCK_BYTES)
            blocks += passed
            if len(data) >= (passed + 1) * BLOCK_BYTES or not passed:
                break
        return blocks

    def find_header(self) -> bool:
        """Go to the next block that is a ustar, pax or GNU header; False, and at the end, if there is none."""
        while len(data := self._look(BLOCK_BYTES)) >= BLOCK_BYTES:
            whole = len(data) - len(data) % BLOCK_BYTES
            mark = data.find(b"ustar", 0, whole)
            while mark >= 0:
                start = mark - 257
                if start >= 0 and start % BLOCK_BYTES == 0 and parse_header(data[start : start + BLOCK_BYTES]):
                    self._drop(start)
                    return True
                mark = data.find(b"ustar", mark + 1, whole)
            self._drop(whole)
        self._drop(len(self._ahead))
        return False
