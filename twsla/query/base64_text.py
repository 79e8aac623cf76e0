"""Text that is hidden in base64: found, decoded as often as it takes, and told apart from what only looks like it."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE: Final = r"[A-Za-z0-9+/_-]{16,}={0,2}"
"""What may be base64, in an expression of Python and of RE2."""
_PIECE: Final = re.compile(PIECE)
_MOST_BYTES: Final = 4 << 20
"""Of what a compressed stream unpacks to."""
_MOST_DEPTH: Final = 6
_MOST_INNER: Final = 50
"""Pieces of base64 looked at in a decoded text."""
_HEX: Final = re.compile(r"[0-9A-Fa-f]+|[a-z]+|[A-Z]+|[0-9]+")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a piece of base64 holds."""

    how: str
    """The steps: ``base64, utf-16le``; ``base64, gzip, utf-8``."""
    text: str
    """Of a program, a sentence about it."""
    depth: int
    """How many times base64 was inside base64 before it."""
    encoded: str


def find_base64(text: str, least: int = 16, depth: int = 0) -> Iterator[Decoded]:
    """Every piece of base64 in a text that holds text or a program, and what is in these again.

    Args:
        text: To look through.
        least: Characters that a piece has at the least.
        depth: Of ``text`` itself.
    """
    for count, match in enumerate(_PIECE.finditer(text)):
        if depth and count >= _MOST_INNER:
            return
        if len(match[0]) >= least and (found := decode(match[0])) is not None:
            how, inner = found
            yield Decoded(how, inner, depth, match[0])
            if depth < _MOST_DEPTH:
                yield from find_base64(inner, least, depth + 1)


def decode(piece: str) -> tuple[str, str] | None:
    """The steps and the text of one piece; None: it holds none."""
    bare = piece.rstrip("=")
    if _HEX.fullmatch(bare) or len(bare) % 4 == 1:
        return None
    try:
        data = base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    steps = ["base64"]
    if (unpacked := _unpacked(data)) is not None:
        name, data = unpacked
        steps.append(name)
    if data.startswith(b"MZ") and b"PE\0\0" in data[:1024]:
        return ", ".join(steps), f"[a Windows program of {len(data):,} bytes]"
    text = _text(data)
    if text is None:
        return None
    encoding, decoded = text
    return ", ".join([*steps, encoding]), decoded


def _unpacked(data: bytes) -> tuple[str, bytes] | None:
    for name, begins, bits in (("gzip", b"\x1f\x8b", 31), ("zlib", b"\x78", 15), ("deflate", b"", -15)):
        if not data.startswith(begins) or len(data) < 8:
            continue
        unpacker = zlib.decompressobj(bits)
        try:
            unpacked = unpacker.decompress(data, _MOST_BYTES)
        except zlib.error:
            continue
        # A stream without a header is only taken for one if all of it makes sense.
        if unpacked and (begins or (unpacker.eof and not unpacker.unused_data and len(unpacked) > len(data))):
            return name, unpacked
    return None


def _text(data: bytes) -> tuple[str, str] | None:
    """Encoding and text, where bytes are one."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data, is_wide = (data[2:], True) if data[:1] == b"\xff" else (b"", False)
    else:
        is_wide = len(data) >= 4 and data[1::2].count(0) * 10 >= len(data[1::2]) * 7
    if is_wide:
        text = data[: len(data) // 2 * 2].decode("utf-16-le", "replace").rstrip("\0")
        return ("utf-16le", text) if _is_readable(text) else None
    try:
        text = data.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return ("utf-8", text) if _is_readable(text) else None


def _is_readable(text: str) -> bool:
    """Whether it is for reading: no controls, and mostly what is on a keyboard."""
    if len(text) < 4 or _CONTROLS.search(text):
        return False
    return sum(character.isascii() for character in text) * 2 >= len(text)
