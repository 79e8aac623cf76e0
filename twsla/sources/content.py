"""Content on its way to becoming items: something that can be looked into and opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.errors import SourceError
from twsla.sources.budget import Budget, Meter
from twsla.sources.compressed import DecodedStream, gzip_mtime_ns
from twsla.sources.decoders import CODECS
from twsla.sources.magic import HEAD_BYTES, Shell
from twsla.sources.streams import Peekable, Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twsla.sources.backing import Backing
    from twsla.sources.base import MtimeOrigin


class OneShot:
    """Opens a stream that exists only once, after having looked at its beginning."""

    def __init__(self, stream: Stream) -> None:
        self.stream = Peekable(stream)
        self._opened = False

    def __call__(self) -> Stream:
        """The stream.

        Raises:
            SourceError: it has been handed out already.
        """
        if self._opened:
            raise SourceError("this stream can be read only once", hint="save it as a file first")
        self._opened = True
        return self.stream


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes with what is known about them."""

    open: Callable[[], Stream]
    """A ``OneShot`` for content that can be read only once."""
    size_bytes: int | None = None
    mtime_ns: int | None = None
    mtime_from: MtimeOrigin | None = None
    path: Path | None = None
    """The plain file on disk that this is, from its first to its last byte."""
    backing: Backing | None = None
    """The same bytes with random access, where that costs nothing."""

    @property
    def sequential(self) -> bool:
        """Whether it can be read only once, in its turn."""
        return isinstance(self.open, OneShot)

    def head(self) -> bytes:
        """The first bytes, fewer if it is shorter or breaks before; nothing is read away.

        Raises:
            DamagedError: it cannot be opened.
        """
        if isinstance(self.open, OneShot):
            return self.open.stream.peek(HEAD_BYTES)
        with Peekable(self.open()) as stream:
            return stream.peek(HEAD_BYTES)

    def decoded(self, shell: Shell, head: bytes, budget: Budget, note: Callable[[str], None]) -> Content:
        """The decompressed content of this one."""
        codec, meter, source = CODECS[shell], Meter(budget), self.open
        if isinstance(source, OneShot):
            inner: Callable[[], Stream] = OneShot(DecodedStream(source(), codec, meter, note=note))
        else:

            def inner() -> Stream:
                return DecodedStream(source(), codec, meter, again=source, note=note)

        plain = replace(self, open=inner, size_bytes=None, path=None, backing=None)
        written_ns = gzip_mtime_ns(head) if shell is Shell.GZIP else None
        return plain if written_ns is None else replace(plain, mtime_ns=written_ns, mtime_from="gzip header")
