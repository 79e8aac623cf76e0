r"""Replacing characters in many texts at once, and the characters of hostile text that must not reach a terminal.

Log text may hold terminal control sequences, and marks that make a line read differently from what it is. Those
characters are shown as visible escapes: ``\x1b``, ``\x9b``, ``\u202e``, ``\r``. The escape is for eyes: a backslash in
the text is not doubled, so where the exact text matters use a format that keeps it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
"""C0 (with NUL, ESC, line ends and TAB), DEL and C1."""
_DIRECTION = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks, embeddings, overrides and isolates of the bidirectional algorithm: they reorder what is seen."""
_LINE_ENDS = (0x2028, 0x2029)
"""LINE and PARAGRAPH SEPARATOR."""

_PIECE_BYTES = 1 << 17

HOSTILE: Mapping[str, str] = {
    chr(code): f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in (*_CONTROLS, *_DIRECTION, *_LINE_ENDS)
} | {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
"""Every character that is shown escaped, and its escape."""


@lru_cache(maxsize=16)
def hostile(keep: str = "\t") -> dict[str, str]:
    """``HOSTILE`` without the characters in ``keep``."""
    return {char: shown for char, shown in HOSTILE.items() if char not in keep}


def escape_text(text: str, *, keep: str = "\t") -> str:
    """One text with its hostile characters visible; ``keep`` names those left as they are."""
    if text.isascii() and text.isprintable():
        return text
    return valid_text(text).translate(_translation(keep))


def valid_text(text: str) -> str:
    r"""The text with lone surrogates as ``\udcff``: UTF-8 cannot hold them, and names of files may have them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=16)
def _translation(keep: str) -> dict[int, str]:
    return {ord(char): shown for char, shown in hostile(keep).items()}


def escape_controls(array: pa.Array, *, keep: str = "\t") -> pa.Array:
    r"""Texts with their hostile characters visible; ``keep`` names those left as they are (TAB, or TAB and ``\n``).

    Takes and gives ``string`` or ``large_string``; nulls stay null.
    """
    return replace_chars(array, hostile(keep))


def replace_chars(array: pa.Array, replacements: Mapping[str, str]) -> pa.Array:
    """Replace each character by its text, in the order given; an array that holds none of them is returned as it is.

    A replacement must not hold a character that is replaced later. The cost is one look at the bytes, and one more
    pass for each of the characters that does occur.
    """
    import pyarrow.compute as pc

    for char in _occurring(array, replacements):
        array = pc.replace_substring(array, char, replacements[char])
    return array


def text_bytes(array: pa.Array) -> NDArray[np.uint8]:
    """The UTF-8 bytes of all texts of a ``string`` or ``large_string`` array, one after the other, without a copy."""
    import numpy as np
    import pyarrow as pa

    if not len(array):
        return np.empty(0, np.uint8)
    _, ends, data = array.buffers()
    if data is None:
        return np.empty(0, np.uint8)
    index = np.frombuffer(ends, np.int64 if pa.types.is_large_string(array.type) else np.int32)
    first, last = int(index[array.offset]), int(index[array.offset + len(array)])
    return np.frombuffer(data, np.uint8)[first:last]


def _occurring(array: pa.Array, replacements: Mapping[str, str]) -> list[str]:
    """The keys of ``replacements`` that occur in the array, in their order."""
    import numpy as np

    data = text_bytes(array)
    encoded = {char.encode(): char for char in replacements}
    places = _places(data, sorted({key[0] for key in encoded}))
    if not len(places):
        return []
    leads = set(np.flatnonzero(np.bincount(data[places], minlength=256)).tolist())
    found: set[str] = set()
    longer: dict[tuple[int, int], set[bytes]] = {}
    for key, char in encoded.items():
        if key[0] not in leads:
            continue
        if len(key) == 1:
            found.add(char)
        else:
            longer.setdefault((key[0], len(key)), set()).add(key)
    for (lead, length), keys in longer.items():
        seen = _sequences(data, places[data[places] == lead], length)
        found.update(encoded[key] for key in keys & seen)
    return [char for char in replacements if char in found]


def _places(data: NDArray[np.uint8], leads: list[int]) -> NDArray[np.intp]:
    """Where any of the bytes ``leads`` (ascending) stands.

    Neighbouring bytes are compared as one range, on pieces that fit a processor's cache: 1.4 GB/s, where a look-up
    table of 256 entries gives 0.3 GB/s.
    """
    import numpy as np

    ranges: list[tuple[int, int]] = []
    for lead in leads:
        start = ranges.pop()[0] if ranges and ranges[-1][1] == lead - 1 else lead
        ranges.append((start, lead))
    found = []
    for start in range(0, len(data), _PIECE_BYTES):
        piece = data[start : start + _PIECE_BYTES]
        wanted = np.zeros(len(piece), np.bool_)
        for low, high in ranges:
            wanted |= (piece - np.uint8(low)) <= np.uint8(high - low)
        found.append(np.flatnonzero(wanted) + start)
    return np.concatenate(found) if found else np.empty(0, np.intp)


def _sequences(data: NDArray[np.uint8], places: NDArray[np.intp], length: int) -> set[bytes]:
    """The distinct byte sequences of ``length`` (2 or 3) that start at ``places``."""
    import numpy as np

    places = places[places + length <= len(data)]
    code: NDArray[np.uint32] = np.zeros(len(places), np.uint32)
    for step in range(length):
        code = (code << np.uint32(8)) | data[places + step]
    return {int(each).to_bytes(length, "big") for each in np.unique(code)}
