"""The compressions that can be read, their decoders all with the interface of those in the standard library."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twsla.sources.base import CHUNK_BYTES
from twsla.sources.magic import Shell
from twsla.sources.packages import optional_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_STEP_BYTES = 64 << 10


class Decoder(Protocol):
    """The interface that bz2, lzma, zstd and lz4 decoders share."""

    @property
    def eof(self) -> bool:
        """Whether the end mark was passed."""

    @property
    def needs_input(self) -> bool:
        """Whether more output needs more input."""

    @property
    def unused_data(self) -> bytes:
        """Input after the end mark."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Feed ``data``; at most ``max_length`` bytes of output."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One compression."""

    title: str
    make: Callable[[int], Decoder]
    """A fresh decoder that uses at most so many bytes of memory for its window.

    Raises ``MissingPackage``.
    """
    errors: Callable[[], tuple[type[Exception], ...]]
    """What its decoder raises on damaged input."""
    step_bytes: int = _STEP_BYTES
    """Most output asked of the decoder at once: what a damage costs where the input cannot be read again."""
    least_bytes: int = 1
    """Least output worth asking for: more than one byte where what a call decodes does not depend on it."""
    keeps_all: bool = False
    """Whether the decoder gives every byte before a damage; of others, reading again gets them."""
    warning: str = ""
    """What else to say of a damage."""
    shell: Shell | None = None
    """Set where several streams may follow one another."""


class InflateDecoder:
    """zlib with the interface of the other decoders, which gives every byte before a damage."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)
        self._pending = b""
        self._full = False
        self._error: zlib.error | None = None

    @property
    def eof(self) -> bool:
        """Whether the end mark was passed."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """Input after the end mark."""
        return self._zlib.unused_data

    @property
    def needs_input(self) -> bool:
        """Whether more output needs more input."""
        return not (self._pending or self._full or self._error or self.eof)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Feed ``data``; at most ``max_length`` (positive) bytes of output.

        Raises:
            zlib.error: at the damage, when all output before it has been given.
        """
        if self._error:
            raise self._error
        data = self._pending + data
        before = self._zlib.copy()
        try:
            out = self._zlib.decompress(data, max_length)
        except zlib.error as error:
            self._error = error
            out = _inflate_up_to_error(before, data, max_length)
            if not out:
                raise
        self._pending = self._zlib.unconsumed_tail
        self._full = len(out) == max_length
        return out


class Inflate64Decoder:
    """The decoder of package ``inflate64`` with the interface of the others.

    It cannot be told how much to give at once, and 64 KiB may come out of three bytes; so it is fed little. Nor does
    it tell where in its input the end mark was.
    """

    _PIECE_BYTES = 256

    def __init__(self, _: int) -> None:
        """Begin.

        Raises:
            MissingPackage: inflate64 is not installed.
        """
        self._inflater = optional_module("inflate64", "inflate64").Inflater()
        self._input = b""
        self._output = b""

    @property
    def eof(self) -> bool:
        """Whether the end mark was passed."""
        return bool(self._inflater.eof) and not self._output

    @property
    def unused_data(self) -> bytes:
        """Never known."""
        return b""

    @property
    def needs_input(self) -> bool:
        """Whether more output needs more input."""
        return not (self._input or self._output or self._inflater.eof)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Feed ``data``; at most ``max_length`` (positive) bytes of output."""
        self._input += data
        fed = 0
        while fed < len(self._input) and not self._output and not self._inflater.eof:
            self._output = self._inflater.inflate(self._input[fed : fed + self._PIECE_BYTES])
            fed += self._PIECE_BYTES
        self._input = self._input[fed:]
        out, self._output = self._output[:max_length], self._output[max_length:]
        return out


def _inflate_up_to_error(state: zlib._Decompress, data: bytes, max_length: int) -> bytes:
    """The output up to an error, sought in ever smaller calls: zlib drops what a call produced before it."""
    out = b""
    size = len(data)
    while size and data and len(out) < max_length:
        attempt = state.copy()
        try:
            out += attempt.decompress(data[:size], max_length - len(out))
        except zlib.error:
            size //= 2
            continue
        data = attempt.unconsumed_tail + data[size:]
        state = attempt
    # Several symbols may stand in the byte with the error.
    data = data[:1]
    try:
        while len(out) < max_length and (part := state.decompress(data, 1)):
            out += part
            data = state.unconsumed_tail
    except zlib.error:
        pass
    return out


def _gzip(_: int) -> Decoder:
    return InflateDecoder(31)


def _deflate(_: int) -> Decoder:
    return InflateDecoder(-15)


def _bzip2(_: int) -> Decoder:
    return bz2.BZ2Decompressor()


def _xz(memory_bytes: int) -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory_bytes)


def _lzma_alone(memory_bytes: int) -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=memory_bytes)


def _zstd_module() -> ModuleType:
    """The ``compression.zstd`` of Python 3.14, or what brings it to older ones."""
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    return optional_module(name, "backports.zstd")


def _zstd(memory_bytes: int) -> Decoder:
    zstd = _zstd_module()
    window = {zstd.DecompressionParameter.window_log_max: memory_bytes.bit_length() - 1}
    decoder: Decoder = zstd.ZstdDecompressor(options=window)
    return decoder


def _lz4(_: int) -> Decoder:
    decoder: Decoder = optional_module("lz4.frame", "lz4").LZ4FrameDecompressor()
    return decoder


def usual_errors() -> tuple[type[Exception], ...]:
    """What the decoders of the standard library, and most others, raise on damaged input."""
    return (OSError, ValueError, RuntimeError, EOFError, MemoryError, zlib.error, lzma.LZMAError)


def _zstd_errors() -> tuple[type[Exception], ...]:
    return (*usual_errors(), _zstd_module().ZstdError)


CODECS = {
    Shell.GZIP: Codec("gzip", _gzip, usual_errors, CHUNK_BYTES, keeps_all=True, shell=Shell.GZIP),
    Shell.BZIP2: Codec(
        "bzip2",
        _bzip2,
        usual_errors,
        # A block of up to 900 kB is checked only when all of it has been given.
        warning="; what came from its last block, up to 900 kB, may be garbled",
        shell=Shell.BZIP2,
    ),
    Shell.XZ: Codec("xz", _xz, usual_errors, shell=Shell.XZ),
    Shell.LZMA: Codec("lzma", _lzma_alone, usual_errors),
    Shell.ZSTD: Codec("zstd", _zstd, _zstd_errors, shell=Shell.ZSTD),
    Shell.LZ4: Codec("lz4", _lz4, usual_errors, shell=Shell.LZ4),
}
DEFLATE64 = Codec("deflate64", Inflate64Decoder, usual_errors, least_bytes=_STEP_BYTES)
DEFLATE = Codec("deflate", _deflate, usual_errors, CHUNK_BYTES, keeps_all=True)
