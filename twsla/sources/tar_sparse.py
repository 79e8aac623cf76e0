"""Sparse files in tar archives: their maps, in GNU's four forms, and their content with the holes filled in.

Source: GNU tar manual, "Storing Sparse Files" (old GNU format, pax formats 0.0, 0.1 and 1.0).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twsla.sources.streams import Stream, WrappedStream
from twsla.sources.tar_headers import BLOCK_BYTES, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.sources.tar_headers import Segments

_MOST_SEGMENTS = 1_000_000


def old_map(block: bytes, take: Callable[[int], bytes]) -> tuple[Segments, int] | None:
    """The map in a header of type S and the blocks after it, and the real size; None if it makes no sense."""
    segments = _entries(block[386:482])
    real_size = number(block[483:495])
    more = block[482:483]
    while segments is not None and more not in (b"\0", b"") and len(segments) < _MOST_SEGMENTS:
        block = take(BLOCK_BYTES)
        further = _entries(block[:504])
        segments = None if further is None else segments + further
        more = block[504:505]
    return None if segments is None or real_size is None else (segments, real_size)


def _entries(table: bytes) -> Segments | None:
    """Pairs of 12-byte fields, up to the first empty one."""
    segments = []
    for start in range(0, len(table) - 23, 24):
        if not table[start]:
            break
        offset, length = number(table[start : start + 12]), number(table[start + 12 : start + 24])
        if offset is None or length is None:
            return None
        segments.append((offset, length))
    return segments


def pax_map(records: tuple[tuple[bytes, bytes], ...], take: Callable[[int], bytes]) -> tuple[Segments, int] | None:
    """The map in pax records (0.0, 0.1) or at the start of the data (1.0), and the real size; None if senseless."""
    values = dict(records)
    real_size = values.get(b"realsize", values.get(b"size", b""))
    if values.get(b"major") == b"1":
        numbers = _leading_numbers(take)
    elif b"map" in values:
        numbers = _numbers(values[b"map"].split(b","))
    else:
        numbers = _numbers([value for key, value in records if key in (b"offset", b"numbytes")])
    if numbers is None or len(numbers) % 2 or not re.fullmatch(rb"\d{1,19}", real_size):
        return None
    return list(zip(numbers[::2], numbers[1::2], strict=True)), int(real_size)


def _numbers(texts: list[bytes]) -> list[int] | None:
    texts = [text for text in texts if text]
    if not all(re.fullmatch(rb"\d{1,19}", text) for text in texts):
        return None
    return [int(text) for text in texts]


def _leading_numbers(take: Callable[[int], bytes]) -> list[int] | None:
    """Lines of decimal numbers: how many pairs, then the pairs; padded to a block."""
    text = take(BLOCK_BYTES)
    found = re.match(rb"(\d{1,7})\n", text)
    if not found or int(found[1]) > _MOST_SEGMENTS:
        return None
    wanted = 1 + 2 * int(found[1])
    parts, lines = [text], text.count(b"\n")
    while lines < wanted and len(text) == BLOCK_BYTES:
        text = take(BLOCK_BYTES)
        parts.append(text)
        lines += text.count(b"\n")
    numbers = _numbers(b"".join(parts).split(b"\n")[1:wanted])
    return numbers if numbers is not None and len(numbers) == wanted - 1 else None


def is_sound(segments: Segments, stored_bytes: int, real_size: int) -> bool:
    """Whether the map is in order, fits into the real size, and tells where every stored byte belongs."""
    position = 0
    for offset, length in segments:
        if offset < position or length < 0:
            return False
        position = offset + length
    return position <= real_size and sum(length for _, length in segments) == stored_bytes


class SparseStream(WrappedStream):
    """The stored parts at their places, zeros between them."""

    def __init__(self, stored: Stream, segments: Segments, real_size: int) -> None:
        super().__init__(stored)
        self._segments = [*segments, (real_size, 0)]
        self._next = 0

    def pull(self, size: int) -> bytes:
        """The rest of a hole or of a stored part."""
        while self._next < len(self._segments):
            offset, length = self._segments[self._next]
            if self.delivered < offset:
                return bytes(min(size, offset - self.delivered))
            if left := offset + length - self.delivered:
                return self._inner.read(min(size, left))
            self._next += 1
        return b""
