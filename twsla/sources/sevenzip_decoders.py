"""Decoders that only 7z archives need, with the interface of all others."""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING

from twsla.sources.decoders import Codec, Decoder, usual_errors
from twsla.sources.packages import optional_module

if TYPE_CHECKING:
    from collections.abc import Callable


def lzma2_codec(dictionary_bytes: int) -> Codec:
    """Bare LZMA2 data."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary_bytes}]

    def make(memory_bytes: int) -> Decoder:
        _within(dictionary_bytes, memory_bytes)
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)

    return Codec("LZMA2", make, usual_errors)


def branch_codec(decoder: str, size: int) -> Codec:
    """A filter for the branches of machine code, by its class in package ``bcj``: ``size`` bytes in and out."""

    def make(_: int) -> Decoder:
        return _BranchDecoder(getattr(optional_module("bcj", "pybcj"), decoder)(size).decode, size)

    return Codec("BCJ", make, usual_errors, least_bytes=1 << 16)


def _within(wanted_bytes: int, memory_bytes: int) -> None:
    """Raise what lzma says of its own limit."""
    if wanted_bytes > memory_bytes:
        raise MemoryError("Memory usage limit exceeded")


class _BranchDecoder:
    """A filter that gives as much as it gets, but for a few bytes that it holds back until it knows how to go on."""

    unused_data = b""

    def __init__(self, decode: Callable[[bytes], bytes], size: int) -> None:
        self._decode = decode
        self._left = size
        self._ready = b""

    @property
    def eof(self) -> bool:
        """Whether all has been given."""
        return not self._ready and self._left == 0

    @property
    def needs_input(self) -> bool:
        """Whether more output needs more input."""
        return not self._ready and self._left > 0

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Feed ``data``; at most ``max_length`` (positive) bytes of output."""
        if data:
            fresh = self._decode(data)[: self._left]
            self._left -= len(fresh)
            self._ready += fresh
        out, self._ready = self._ready[:max_length], self._ready[max_length:]
        return out
