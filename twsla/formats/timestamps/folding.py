"""Full-width digits and separators of Japanese and Chinese texts as ASCII, so that every form is known in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.formats.lines import Lines

if TYPE_CHECKING:
    import numpy as np

_FIRST, _LAST = 0x88, 0x9A
"""Last byte of ``（`` (U+FF08) and of ``：`` (U+FF1A), between which the digits lie too."""
_TO_ASCII = 0x60
"""From the last byte of a full-width character to its ASCII brother."""
_TABLE = {0xFF00 + byte - 0x80: byte - _TO_ASCII for byte in range(_FIRST, _LAST + 1)} | {0x3000: 0x20}


def folded(lines: Lines) -> Lines:
    """The same lines with ``０``-``９``, ``／：－．，（）`` and the wide space as ASCII, and their new positions.

    Each line's result depends on that line alone. Lines without such characters cost next to nothing.
    """
    buf = lines.buf
    if not len(buf) or buf.max() < 0xE3:
        return lines
    data = buf.tobytes()
    if b"\xef\xbc" not in data and b"\xe3\x80\x80" not in data:
        return lines
    return _folded(lines)


def folded_text(text: str) -> str:
    """The same of one text."""
    return text.translate(_TABLE)


def _folded(lines: Lines) -> Lines:
    import numpy as np

    buf = lines.buf
    first, second, third = buf[:-2], buf[1:-1], buf[2:]
    wide = (first == 0xEF) & (second == 0xBC) & (third >= _FIRST) & (third <= _LAST)
    space = (first == 0xE3) & (second == 0x80) & (third == 0x80)
    at = np.flatnonzero(wide | space)
    if not len(at):
        return lines
    new = buf.copy()
    new[at] = np.where(space[at], np.uint8(32), buf[at + 2] - np.uint8(_TO_ASCII))
    kept = np.ones(len(buf), bool)
    kept[at + 1] = kept[at + 2] = False
    return Lines(new[kept], _moved(lines.starts, at), _moved(lines.ends, at))


def _moved(positions: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Where ``positions`` lie when two bytes less follow each of ``at``, both int64 ascending."""
    import numpy as np

    return positions - 2 * np.searchsorted(at, positions)
