"""Decoders that only 7z archives need, with the interface of all others."""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING, Protocol

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


def ppmd_codec(order: int, model_bytes: int, size: int) -> Codec:
    """PPMd variant H, which has no end mark: ``size`` bytes come out."""

    def make(memory_bytes: int) -> Decoder:
        _within(model_bytes, memory_bytes)
        decoder: _Ppmd = optional_module("pyppmd", "pyppmd").Ppmd7Decoder(order, model_bytes)
        return _Sized(decoder.decode, lambda: decoder.needs_input, lambda: decoder.eof, size)

    return Codec("PPMd", make, usual_errors)


def branch_codec(decoder: str, size: int) -> Codec:
    """A filter for the branches of machine code, by its class in package ``bcj``: ``size`` bytes in and out."""

    def make(_: int) -> Decoder:
        decode: Callable[[bytes], bytes] = getattr(optional_module("bcj", "pybcj"), decoder)(size).decode
        return _Sized(lambda data, _: decode(data), lambda: True, lambda: False, size)

    return Codec("BCJ", make, usual_errors)


class _Ppmd(Protocol):
    needs_input: bool
    eof: bool

    def decode(self, data: bytes, length: int) -> bytes: ...


def _within(wanted_bytes: int, memory_bytes: int) -> None:
    """Raise what lzma says of its own limit."""
    if wanted_bytes > memory_bytes:
        raise MemoryError("Memory usage limit exceeded")


class _Sized:
    """A decoder that does not know its end, or gives more than asked for."""

    unused_data = b""

    def __init__(
        self, decode: Callable[[bytes, int], bytes], needs: Callable[[], bool], ended: Callable[[], bool], size: int
    ) -> None:
        self._decode, self._needs, self._ended = decode, needs, ended
        self._left = size
        self._ready = b""

    @property
    def eof(self) -> bool:
        """Whether all has been given."""
        return not self._ready and (self._left == 0 or self._ended())

    @property
    def needs_input(self) -> bool:
        """Whether more output needs more input."""
        return not self._ready and self._left > 0 and not self._ended() and self._needs()

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Feed ``data``; at most ``max_length`` (positive) bytes of output."""
        if not self._ready and self._left:
            self._ready = self._decode(data, min(max_length, self._left))[: self._left]
            self._left -= len(self._ready)
        out, self._ready = self._ready[:max_length], self._ready[max_length:]
        return out
