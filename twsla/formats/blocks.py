"""Cuts a stream of bytes into blocks of whole lines, of bounded size whatever the stream holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twsla.formats.decode import cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.formats.encodings import Encoding

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 16 << 20
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
    """The block starts inside a line whose first piece was the last line of the block before."""


def read_blocks(
    stream: Readable, head: bytes, encoding: Encoding, *, block_bytes: int = BLOCK_BYTES, offset: int = 0
) -> Iterator[Block]:
    """Cut ``head`` (read already) and the rest of ``stream`` into blocks.

    Errors of ``stream.read`` come through only after every byte read before has been given.
    """
    pending, continues = b"", False
    chunk, error = head, None
    while chunk:
        # The usual case copies a chunk once: only what follows its last line end is carried over.
        end = cut(chunk, encoding) if encoding.width == 1 and encoding.line_end == "\n" else 0
        if end:
            raw, pending = b"".join((pending, memoryview(chunk)[:end])), chunk[end:]
            yield Block(raw, offset, continues)
            offset, continues = offset + len(raw), False
        else:
            pending += chunk
            end = cut(pending, encoding)
            forced = not end and len(pending) >= MAX_LINE_BYTES
            if forced:
                end = _forced_cut(pending, encoding)
            if end:
                yield Block(pending[:end], offset, continues)
                pending, offset, continues = pending[end:], offset + end, forced
        try:
            chunk = stream.read(block_bytes)
        except Exception as caught:  # noqa: BLE001  # raised again below, after the bytes before it
            chunk, error = b"", caught
    yield from _last(pending, offset, continues, encoding)
    if error is not None:
        raise error


def _last(raw: bytes, offset: int, continues: bool, encoding: Encoding) -> Iterator[Block]:
    """What is left at the end of the stream: a line without a line end, after lines that were not complete before."""
    while len(raw) > MAX_LINE_BYTES and not cut(raw[:MAX_LINE_BYTES], encoding):
        end = _forced_cut(raw, encoding)
        yield Block(raw[:end], offset, continues)
        raw, offset, continues = raw[end:], offset + end, True
    if raw:
        yield Block(raw, offset, continues)


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
