"""The content of one block ("folder") of a 7z archive: its packed bytes through its chain of coders.

Source: 7zFormat.txt and Methods.txt of the 7-Zip source distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.sources.base import DamagedError, ProblemKind
from twsla.sources.compressed import DecodedStream
from twsla.sources.decoders import CODECS, DEFLATE, DEFLATE64
from twsla.sources.magic import Shell
from twsla.sources.packages import MissingPackage, optional_module
from twsla.sources.sevenzip_decoders import branch_codec, lzma2_codec
from twsla.sources.streams import PrefixedStream, Stream, WrappedStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.sources.backing import Backing
    from twsla.sources.budget import Meter
    from twsla.sources.decoders import Codec

_COPY, _LZMA, _LZMA2, _AES = b"\0", b"\3\1\1", b"\x21", b"\6\xf1\7\1"
# PPMd: the decoder that there is for Python (pyppmd 1.3) corrupts memory when its input is damaged.
_UNREAD = {b"\3\4\1": "PPMd", b"\3\3\1\x1b": "BCJ2", b"\4\xf7\x11\2": "Brotli"}
_PLAIN_CODECS = {
    b"\4\1\x08": DEFLATE,
    b"\4\1\x09": DEFLATE64,
    b"\4\2\2": CODECS[Shell.BZIP2],
    b"\4\xf7\x11\1": CODECS[Shell.ZSTD],
    b"\4\xf7\x11\4": CODECS[Shell.LZ4],
}
_BRANCH_FILTERS = {
    b"\4": "BCJDecoder",
    b"\3\3\1\3": "BCJDecoder",
    b"\3\3\2\5": "PPCDecoder",
    b"\3\3\4\1": "IA64Decoder",
    b"\3\3\5\1": "ARMDecoder",
    b"\3\3\7\1": "ARMTDecoder",
    b"\3\3\x08\5": "SparcDecoder",
}
_MOST_AES_CYCLES = 24
"""Powers of two of hashing rounds; 7-Zip writes 19 (a few tenths of a second), 24 is what it accepts."""


@dataclass(frozen=True, slots=True)
class Block:
    """Packed bytes and how to unpack them."""

    start: int
    """Position in the archive file."""
    packed_bytes: int
    coders: tuple[tuple[bytes, bytes], ...]
    """Method and properties."""
    unpacked_bytes: tuple[int, ...]
    """Output size of each coder."""
    bonds: tuple[tuple[int, int], ...]
    """(a coder, the coder that feeds it)."""
    is_chain: bool
    """Every coder has one input and one output, and one of them takes the packed bytes."""
    members: int


def block_stream(block: Block, backing: Backing, password: str | None, meter: Meter) -> Stream:
    """The unpacked bytes of a block.

    Raises:
        DamagedError: it cannot be unpacked: encrypted, an unknown coder, a missing package.
    """
    try:
        openers = [lambda: backing.stream(block.start, block.packed_bytes)]
        for number in _order(block):
            openers.append(_coder(block, number, openers[-1], password, meter))
        return openers[-1]()
    except MissingPackage as error:
        raise DamagedError(0, f"it {error}", kind=ProblemKind.UNSUPPORTED) from error


def _order(block: Block) -> list[int]:
    """Numbers of the coders, from the packed bytes to the unpacked."""
    feeds = {source: target for target, source in block.bonds}
    fed = {target for target, _ in block.bonds}
    first = [number for number in range(len(block.coders)) if number not in fed]
    if not block.is_chain or len(first) != 1:
        methods = ", ".join(method.hex() for method, _ in block.coders)
        raise DamagedError(0, f"it is packed in a way that cannot be read ({methods})", kind=ProblemKind.UNSUPPORTED)
    order = first
    while order[-1] in feeds and len(order) < len(block.coders):
        order.append(feeds[order[-1]])
    return order


def _coder(
    block: Block, number: int, source: Callable[[], Stream], password: str | None, meter: Meter
) -> Callable[[], Stream]:
    """Opens the output of one coder, given what opens its input."""
    method, properties = block.coders[number]
    size = block.unpacked_bytes[number]
    if method == _COPY:
        return source
    if method == _AES:
        key, start = _aes_key(properties, password)
        return lambda: _AesStream(source(), key, start, size)
    if method == _LZMA:
        # An ".lzma" stream is the same data behind its properties and size, and ends by itself.
        head = properties[:5] + size.to_bytes(8, "little")
        return lambda: DecodedStream(
            PrefixedStream(head, source()),
            CODECS[Shell.LZMA],
            meter,
            again=lambda: PrefixedStream(head, source()),
        )
    codec = _codec(method, properties, size)
    return lambda: DecodedStream(source(), codec, meter, again=source)


def _codec(method: bytes, properties: bytes, size: int) -> Codec:
    """The codec of a coder that needs no more than its properties."""
    if method in _PLAIN_CODECS:
        return _PLAIN_CODECS[method]
    if method == _LZMA2 and properties and properties[0] <= 40:
        bits = properties[0]
        return lzma2_codec(0xFFFFFFFF if bits == 40 else (2 | (bits & 1)) << (bits // 2 + 11))
    if method in _BRANCH_FILTERS:
        return branch_codec(_BRANCH_FILTERS[method], size)
    title = _UNREAD.get(method, f"method {method.hex()}")
    raise DamagedError(0, f"it is packed in a way that cannot be read ({title})", kind=ProblemKind.UNSUPPORTED)


def _aes_key(properties: bytes, password: str | None) -> tuple[bytes, bytes]:
    """Key and initialization vector of an AES coder."""
    if password is None:
        raise DamagedError(0, "it is encrypted; give its password with --password", kind=ProblemKind.ENCRYPTED)
    first, second = (properties + b"\0\0")[:2]
    salt_bytes = (first >> 7 & 1) + (second >> 4)
    start_bytes = (first >> 6 & 1) + (second & 15)
    cycles = first & 0x3F
    rest = properties[2:]
    if len(rest) < salt_bytes + start_bytes or (cycles > _MOST_AES_CYCLES and cycles != 0x3F):
        raise DamagedError(0, "the description of its encryption is damaged")
    salt, start = rest[:salt_bytes], rest[salt_bytes : salt_bytes + start_bytes]
    return _derived(password, salt, cycles), start.ljust(16, b"\0")


@lru_cache(maxsize=64)
def _derived(password: str, salt: bytes, cycles: int) -> bytes:
    """The key; members share theirs, and making one takes a few tenths of a second."""
    helpers = optional_module("py7zr.helpers", "py7zr")
    key: bytes = helpers.calculate_key(password.encode("utf-16-le", "surrogatepass"), cycles, salt, "sha256")
    return key


class _AesStream(WrappedStream):
    """AES-256 in CBC mode; the padding of the last block is cut off."""

    def __init__(self, inner: Stream, key: bytes, start: bytes, size: int) -> None:
        super().__init__(inner)
        module = optional_module("Cryptodome.Cipher.AES", "pycryptodomex")
        self._cipher = module.new(key, module.MODE_CBC, start)
        self._left = size
        self._encrypted = b""
        self._plain = b""

    def pull(self, size: int) -> bytes:
        """Decrypt whole blocks of 16 bytes."""
        while not self._plain and self._left:
            part = self._inner.read(max(16, size))
            if not part:
                raise self.damaged("its encrypted data ends too early")
            data = self._encrypted + part
            whole = len(data) - len(data) % 16
            self._encrypted = data[whole:]
            self._plain = self._cipher.decrypt(data[:whole])[: self._left]
            self._left -= len(self._plain)
        data, self._plain = self._plain[:size], self._plain[size:]
        return data
