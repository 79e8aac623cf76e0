"""The physical lines of one block of text, as positions in its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_LF = 10
_CR = 13


@dataclass(frozen=True, slots=True)
class Lines:
    r"""Lines of one block; line i is ``buf[starts[i]:ends[i]]``."""

    buf: np.ndarray
    """uint8 (size,): valid UTF-8 bytes of the block."""
    starts: np.ndarray
    r"""int64 (n,), ascending: index of each line's first byte."""
    ends: np.ndarray
    r"""int64 (n,): index after each line's last byte; its line end (``\n`` or ``\r\n``) is not part of it."""

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.starts)


def find_lines(buf: np.ndarray, line_end: str = "\n") -> Lines:
    r"""Find the lines of ``buf``; bytes after the last line end are a line too, an empty ``buf`` has none.

    Args:
        buf: uint8 (size,). Other unsigned widths work as well (UTF-16, UTF-32 units); positions then count units.
        line_end: ``"\n"``: lines end in ``\n`` or ``\r\n``. ``"\r"``: a lone ``\r`` ends a line too.
    """
    import numpy as np

    after = line_boundaries(buf, line_end)
    if len(buf) and (not len(after) or after[-1] != len(buf)):
        after = np.append(after, len(buf))
    starts = np.zeros_like(after)
    starts[1:] = after[:-1]
    if not len(after):
        return Lines(buf, starts, after.copy())
    if line_end == "\n" and not (buf == _CR).any():  # half the cost, for nearly every log
        ends = after - 1
        ends[-1] += buf[-1] != _LF
        return Lines(buf, starts, ends)
    # The two steps back over the line end: "\n" (or a lone "\r"), then the "\r" before a "\n".
    last = buf[after - 1]
    is_lf = last == _LF
    ends = after - (is_lf | (last == _CR) if line_end == "\r" else is_lf)
    before = np.maximum(ends - 1, 0)
    ends -= is_lf & (ends > starts) & (buf[before] == _CR)
    return Lines(buf, starts, ends)


def line_boundaries(buf: np.ndarray, line_end: str) -> np.ndarray:
    r"""Indices after each line end of ``buf``, int64, ascending; a final ``\r`` is one if ``line_end`` is ``"\r"``."""
    import numpy as np

    is_end = buf == _LF
    if line_end == "\r":
        lone = buf == _CR
        lone[:-1] &= ~is_end[1:]
        is_end |= lone
    return np.flatnonzero(is_end) + 1
