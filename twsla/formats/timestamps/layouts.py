"""Layouts: the text of a form with every length fixed, so that whole columns are checked and read at once.

``derive`` makes one from one matched text; it looks at the shape of digits only, so every text of that shape is of the
same layout. ``check`` and ``read`` then work on a (lines, width) matrix of bytes, eight bytes at a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps.calendar import weekday_table
from twsla.formats.timestamps.leads import FOLLOWS

if TYPE_CHECKING:
    import numpy as np

    from twsla.formats.timestamps.forms import Form

WINDOW = 96
"""Bytes read from the place of a stamp on; no form's text is longer."""

SIGNED = ("offset", "bias", "offmin", "hours")
"""Groups that begin with a sign."""
_DIGITS = re.compile(rb"[0-9]")
_ZERO = ord("0")


@dataclass(frozen=True, slots=True)
class Layout:
    """One fixed-width text of a form."""

    shape: bytes
    """The text with digits as ``0``; names of months and weekdays count as any three letters, hex digits as any."""
    fields: tuple[tuple[str, int, int], ...]
    """Group, first byte, length."""
    texts: tuple[tuple[str, str], ...]
    """Values that the text itself fixes: ``ampm``, ``zone``, ``era``."""
    follow: str
    """Key of ``FOLLOWS``."""

    @property
    def width(self) -> int:
        """Bytes of the text."""
        return len(self.shape)


@dataclass(frozen=True, slots=True)
class _Word:
    """Checks on eight bytes of the text, as masks of a little-endian integer."""

    index: int
    mask: int
    value: int
    digits: int


@lru_cache(maxsize=512)
def core_pattern(form: Form) -> re.Pattern[bytes]:
    """The form's text for Python's engine: used only to name the groups of one text."""
    return re.compile(form.core.encode())


@lru_cache(maxsize=64)
def follow_table(follow: str) -> np.ndarray:
    """Bytes that may follow, as a table, bool (256,); the end of the block (0) and of the line always may."""
    import numpy as np

    allowed = re.compile(FOLLOWS[follow].encode(), re.DOTALL)
    return np.array([byte in b"\0\r\n" or allowed.match(bytes([byte])) is not None for byte in range(256)])


def derive(form: Form, text: bytes, at: int = 0) -> Layout | None:
    """The layout of the form's text that begins at ``text[at]``; None if it is not of the form."""
    found = core_pattern(form).match(text, at)
    if found is None or (found.end() < len(text) and not follow_table(form.follow)[text[found.end()]]):
        return None
    fields, texts = [], []
    for group, value in found.groupdict().items():
        if value is None:
            continue
        if group in ("ampm", "zone", "era", "utc", "iana"):
            texts.append((group, value.decode()))
        else:
            fields.append((group, found.start(group) - at, len(value)))
    return Layout(_shape(found[0], fields), tuple(fields), tuple(texts), form.follow)


def _shape(text: bytes, fields: list[tuple[str, int, int]]) -> bytes:
    shape = bytearray(_DIGITS.sub(b"0", text))
    for group, start, length in fields:
        if group in ("mon", "wday"):
            shape[start : start + length] = b"\1" * length
        elif group == "tai":
            shape[start : start + length] = b"\2" * length
        elif group in SIGNED:
            shape[start] = 3
    return bytes(shape)


@lru_cache(maxsize=1)
def hex_table() -> np.ndarray:
    """uint8 (256,): value of a lower-case hex digit, 255 for other bytes."""
    import numpy as np

    table = np.full(256, 255, np.uint8)
    for value, digit in enumerate(b"0123456789abcdef"):
        table[digit] = value
    return table


@lru_cache(maxsize=1024)
def _words(layout: Layout) -> tuple[_Word, ...]:
    words = []
    for index in range(0, layout.width, 8):
        mask = value = digits = 0
        for shift, byte in enumerate(layout.shape[index : index + 8]):
            bits, wanted = 0xFF, byte
            if byte == _ZERO:
                digits |= 0xFF << 8 * shift
                continue
            if byte == 1:
                bits, wanted = 0xC0, 0x40  # an ASCII letter or a neighbour of them: the tables know the rest
            elif byte in (2, 3):
                bits = wanted = 0  # checked one by one
            mask |= bits << 8 * shift
            value |= wanted << 8 * shift
        words.append(_Word(index // 8, mask, value, digits))
    return tuple(words)


def matrix_width(width: int) -> int:
    """Bytes to gather for a text of ``width`` and the byte behind it: a multiple of eight."""
    return (width + 8) // 8 * 8


def check(layout: Layout, matrix: np.ndarray) -> np.ndarray:
    """Rows of ``matrix``, uint8 (n, >= matrix_width), that begin with a text of the layout: bool (n,)."""
    import numpy as np

    words = matrix.view("<u8")
    ok: np.ndarray = follow_table(layout.follow)[matrix[:, layout.width]]
    for word in _words(layout):
        column = words[:, word.index]
        if word.mask:
            ok &= (column & np.uint64(word.mask)) == np.uint64(word.value)
        if word.digits:
            ok &= _are_digits(column, word.digits)
    for group, start, length in layout.fields:
        if group == "wday":
            ok &= weekday_table()[name_index(matrix, start)] > 0
        elif group in SIGNED:
            ok &= (matrix[:, start] == ord("+")) | (matrix[:, start] == ord("-"))
        elif group == "tai":
            for place in range(start, start + length):
                ok &= hex_table()[matrix[:, place]] < 16
    return ok


def _are_digits(column: np.ndarray, mask: int) -> np.ndarray:
    """Whether the masked bytes of each 64-bit integer are ASCII digits: x ^ 0x30 is at most 9."""
    import numpy as np

    value = (column ^ np.uint64(0x3030303030303030)) & np.uint64(mask)
    over = value | (value + np.uint64(0x0606060606060606 & mask))
    digits: np.ndarray = (over & np.uint64(0xF0F0F0F0F0F0F0F0)) == 0
    return digits


def number(matrix: np.ndarray, start: int, length: int) -> np.ndarray:
    """The digits of columns ``start`` to ``start + length`` as integers, uint8, int32 or int64 by their length."""
    import numpy as np

    digits = matrix[:, start] & np.uint8(15)
    if length == 1:
        return digits
    two = digits * np.uint8(10) + (matrix[:, start + 1] & np.uint8(15))
    if length == 2:
        return two
    value: np.ndarray = two.astype(np.int32 if length <= 9 else np.int64)
    for column in range(start + 2, start + length):
        value = value * 10 + (matrix[:, column] & np.uint8(15))
    return value


def name_index(matrix: np.ndarray, start: int) -> np.ndarray:
    """Three letters from column ``start`` on as the index into the name tables, uint16 (n,)."""
    import numpy as np

    high, middle, low = (matrix[:, start + k].astype(np.uint16) & np.uint16(31) for k in range(3))
    packed: np.ndarray = high << np.uint16(10) | middle << np.uint16(5) | low
    return packed
