"""Forward byte streams: the one class a reader sees, and the plain ones (file, part of a file, pipe, memory)."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO

from twsla.sources.base import CHUNK_BYTES, DamagedError, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from twsla.sources.budget import Budget


class Stream(io.RawIOBase):
    """A readable stream that delivers every readable byte before it raises ``DamagedError``.

    Subclasses implement ``pull``; ``delivered`` counts what a reader has been given.
    """

    def __init__(self) -> None:
        super().__init__()
        self.delivered = 0

    def pull(self, size: int) -> bytes:
        """Between 1 and ``size`` bytes, or none at the end. May raise only when it has no byte to give."""
        raise NotImplementedError

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; all there is if negative.

        Returns:
            The bytes; none at the end.

        Raises:
            DamagedError: no further byte can be read. (Reading everything at once raises it too: the bytes before
                the damage are then only to be had by reading again in pieces.)
        """
        if size is None or size < 0:
            return self.readall()
        if size == 0:
            return b""
        data = self.pull(size)
        self.delivered += len(data)
        return data

    def readall(self) -> bytes:
        """All bytes up to the end."""
        parts = []
        while part := self.read(CHUNK_BYTES):
            parts.append(part)
        return b"".join(parts)

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer`` from the front; the number of bytes written, 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """Always."""
        return True

    def damaged(self, why: str, kind: ProblemKind = ProblemKind.DAMAGED) -> DamagedError:
        """The error that ends this stream here."""
        return DamagedError(self.delivered, why, kind=kind)


def system_reason(error: OSError) -> str:
    """What the system says, without number and path: "permission denied"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


class FileStream(Stream):
    """A file on disk, or at most ``size`` bytes of it from ``start``."""

    def __init__(self, path: Path, start: int = 0, size: int | None = None) -> None:
        """Open the file.

        Raises:
            DamagedError: it cannot be opened.
        """
        super().__init__()
        try:
            self._file = io.FileIO(path, "rb")
            if start:
                self._file.seek(start)
        except OSError as error:
            kind = ProblemKind.MISSING if isinstance(error, FileNotFoundError) else ProblemKind.UNREADABLE
            raise self.damaged(system_reason(error), kind) from error
        self._left = size

    def pull(self, size: int) -> bytes:
        """Read from the file."""
        want = size if self._left is None else min(size, self._left)
        if want == 0:
            return b""
        try:
            data = self._file.read(want) or b""
        except OSError as error:
            why = f"byte {self.delivered:,} cannot be read: {system_reason(error)}"
            raise self.damaged(why, ProblemKind.UNREADABLE) from error
        if self._left is not None:
            self._left -= len(data)
        return data

    def fileno(self) -> int:
        """The open file's descriptor."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file."""
        if not self.closed and hasattr(self, "_file"):
            self._file.close()
        super().close()


class PipeStream(Stream):
    """Standard input, a named pipe: gives what is there, as soon as it is there; closing leaves the pipe open."""

    def __init__(self, pipe: BinaryIO) -> None:
        super().__init__()
        self._read: Callable[[int], bytes | None] = getattr(pipe, "read1", None) or pipe.read

    def pull(self, size: int) -> bytes:
        """Read what is there."""
        try:
            return self._read(size) or b""
        except (OSError, ValueError) as error:
            reason = system_reason(error) if isinstance(error, OSError) else str(error)
            raise self.damaged(f"byte {self.delivered:,} cannot be read: {reason}", ProblemKind.UNREADABLE) from error


class MemoryStream(Stream):
    """Bytes at hand."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        super().__init__()
        self._view = memoryview(data)

    def pull(self, size: int) -> bytes:
        """Copy from memory."""
        return bytes(self._view[self.delivered : self.delivered + size])


class WrappedStream(Stream):
    """Another stream, read and closed by this one."""

    def __init__(self, inner: Stream) -> None:
        super().__init__()
        self._inner = inner

    def pull(self, size: int) -> bytes:
        """Read from inside."""
        return self._inner.read(size)

    def close(self) -> None:
        """Close what is inside."""
        self._inner.close()
        super().close()


class PrefixedStream(WrappedStream):
    """Bytes at hand, then another stream."""

    def __init__(self, head: bytes, rest: Stream) -> None:
        super().__init__(rest)
        self._head = MemoryStream(head)

    def pull(self, size: int) -> bytes:
        """From the one, then from the other."""
        return self._head.read(size) or self._inner.read(size)


class ExpectingStream(WrappedStream):
    """A stream that must not end before ``size`` bytes."""

    def __init__(self, inner: Stream, size: int) -> None:
        super().__init__(inner)
        self._size = size

    def pull(self, size: int) -> bytes:
        """Read; an early end is damage."""
        data = self._inner.read(size)
        if not data and self.delivered < self._size:
            raise self.damaged(f"{self._size - self.delivered:,} of {self._size:,} bytes are missing at the end")
        return data


class CheckedStream(WrappedStream):
    """Compares size and CRC-32 with what an archive says of them, when the end is reached; None is not compared."""

    def __init__(self, inner: Stream, size_bytes: int | None, crc: int | None) -> None:
        super().__init__(inner)
        self._wanted_bytes = size_bytes
        self._wanted_crc = crc
        self._crc = 0

    def pull(self, size: int) -> bytes:
        """Read on and check."""
        data = self._inner.read(size)
        if data:
            self._crc = zlib.crc32(data, self._crc)
        elif self._wanted_bytes is not None and self.delivered != self._wanted_bytes:
            raise self.damaged(f"the size should be {self._wanted_bytes:,} bytes")
        elif self._wanted_crc is not None and self._crc != self._wanted_crc:
            raise self.damaged("the content does not match its check sum (CRC-32)")
        return data


class Peekable(WrappedStream):
    """A stream whose first bytes can be looked at before they are read."""

    def __init__(self, inner: Stream) -> None:
        super().__init__(inner)
        self._head = b""
        self._error: DamagedError | None = None

    def peek(self, size: int) -> bytes:
        """Up to ``size`` of the bytes to come, fewer if the stream ends or breaks before; reads nothing away."""
        try:
            while len(self._head) < size and (more := self._inner.read(size - len(self._head))):
                self._head += more
        except DamagedError as error:
            self._error = error
        return self._head[:size]

    def pull(self, size: int) -> bytes:
        """What was peeked at first, then the rest."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        if self._error:
            raise self._error
        return self._inner.read(size)


class CountedStream(WrappedStream):
    """Passes an outermost stream through and counts it for its budget."""

    def __init__(self, inner: Stream, budget: Budget) -> None:
        super().__init__(inner)
        self._budget = budget

    def pull(self, size: int) -> bytes:
        """Read and count."""
        data = self._inner.read(size)
        self._budget.raw_read(len(data))
        return data
