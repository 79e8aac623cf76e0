"""Cuts a stream of bytes into blocks of whole lines, of bounded size whatever the stream holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twsla.formats.decode import cut

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from twsla.formats.encodings import Encoding

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 4 << 20
"""A longer line is stored in pieces of this size, each a record of its own with the line's number."""


class Readable(Protocol):
    """A forward stream."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; empty at the end."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole physical lines of a source, except where a line is longer than ``MAX_LINE_BYTES``."""

    raw: bytes
    offset: int
    """Of the first byte in the decompressed source."""
    continues: bool
    """The block starts inside a line whose beginning came before: in the block before, or in an earlier import."""


def read_blocks(
    stream: Readable,
    head: bytes,
    encoding: Encoding,
    *,
    block_bytes: int = BLOCK_BYTES,
    offset: int = 0,
    continues: bool = False,
) -> Iterator[Block]:
    """Cut ``head`` (read already), at ``offset`` in the source, and the rest of ``stream`` into blocks.

    Where a line is cut for its length depends on its bytes alone, never on ``block_bytes``. Errors of ``stream.read``
    come through only after every byte read before has been given.
    """
    waiting: list[bytes] = []
    """The beginning of a line (or of lines) whose end has not come yet."""
    held = look_at = 0
    error = None
    chunks = _chunks(stream, head, min(block_bytes, MAX_LINE_BYTES))
    while True:
        try:
            chunk = next(chunks, b"")
        except Exception as caught:  # noqa: BLE001  # raised again below, after the bytes before it
            chunk, error = b"", caught
        if not chunk:
            break
        end = _usual_cut(chunk, held, encoding)
        waiting.append(chunk[:end] if end else chunk)
        held += len(waiting[-1])
        if end:
            # The usual case copies a chunk once: only what follows its last line end is carried over.
            yield Block(b"".join(waiting), offset, continues)
            offset, continues, look_at = offset + held, False, 0
            waiting, held = [chunk[end:]], len(chunk) - end
        elif held >= look_at:
            rest, offset, continues = yield from _looked_through(b"".join(waiting), offset, continues, encoding)
            waiting, held = [rest], len(rest)
            # Not at every small piece that a pipe gives: looking through all of it each time would never end.
            look_at = min(2 * held, MAX_LINE_BYTES + encoding.width + 1)
    rest, offset, continues = yield from _looked_through(b"".join(waiting), offset, continues, encoding)
    if rest:
        yield Block(rest, offset, continues)
    if error is not None:
        raise error


def _chunks(stream: Readable, head: bytes, size: int) -> Iterator[bytes]:
    """All bytes in pieces of at most ``size``, so that a line inside a piece is never too long."""
    for start in range(0, len(head), size):
        yield head[start : start + size]
    while head and (chunk := stream.read(size)):
        yield chunk


def _usual_cut(chunk: bytes, held: int, encoding: Encoding) -> int:
    """Index after the last line end of a chunk; 0 where a closer look is needed, or there is none.

    Args:
        chunk: What was read.
        held: Bytes of its first line that came before it.
        encoding: Of the source.
    """
    if encoding.width > 1 or encoding.line_end != "\n":
        return 0
    end = chunk.rfind(b"\n") + 1
    return end if end and held + chunk.find(b"\n") <= MAX_LINE_BYTES else 0


def _looked_through(
    raw: bytes, offset: int, continues: bool, encoding: Encoding
) -> Generator[Block, None, tuple[bytes, int, bool]]:
    """Give the whole lines of ``raw``, and pieces of lines that are too long.

    Returns:
        The beginning of a line that is left, its offset, and whether it continues a line.
    """
    limit = MAX_LINE_BYTES + encoding.width
    start = 0
    while True:
        window = raw[start : start + limit]
        end = start + cut(window, encoding)
        forced = end == start and len(raw) - start > limit
        if forced:
            end = start + _forced_cut(window, encoding)
        if end == start:
            return raw[start:], offset + start, continues
        yield Block(raw[start:end], offset + start, continues)
        start, continues = end, forced


def _forced_cut(raw: bytes, encoding: Encoding) -> int:
    """Where to cut a line that is too long: between characters, as far as that can be told."""
    end = MAX_LINE_BYTES - MAX_LINE_BYTES % encoding.width
    if encoding.name == "utf-8":
        for back in range(1, 4):
            if raw[end - back] & 0xC0 == 0xC0:  # a character that starts here goes on behind the cut
                return end - back
            if raw[end - back] < 0x80:
                break
    return end
