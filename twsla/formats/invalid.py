r"""UTF-8 with bytes in it that are not: what is valid stays, every other byte becomes ``\xNN``; whole blocks at once.

Python's own decoder calls a handler for each such byte, which makes hostile input a hundred times slower than text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Unicode 16, table 3-7, well-formed byte sequences: first bytes, and the bytes that may follow them at once.
_SEQUENCES = (
    (0xC2, 0xDF, 0x80, 0xBF, 2),
    (0xE0, 0xE0, 0xA0, 0xBF, 3),
    (0xE1, 0xEC, 0x80, 0xBF, 3),
    (0xED, 0xED, 0x80, 0x9F, 3),
    (0xEE, 0xEF, 0x80, 0xBF, 3),
    (0xF0, 0xF0, 0x90, 0xBF, 4),
    (0xF1, 0xF3, 0x80, 0xBF, 4),
    (0xF4, 0xF4, 0x80, 0x8F, 4),
)


_PIECE_BYTES = 1 << 18
"""Bytes worked on at a time: the positions of the bytes above 127 alone take eight times as much."""


def escape_invalid(raw: bytes) -> tuple[bytes, npt.NDArray[np.int64]]:
    r"""``raw`` with ``\xNN`` for each byte that is not part of valid UTF-8, and the positions of those in ``raw``."""
    import numpy as np

    texts: list[bytes] = []
    places: list[npt.NDArray[np.int64]] = []
    start = 0
    while start < len(raw):
        end = _boundary(raw, start + _PIECE_BYTES)
        text, bad = _escaped(raw[start:end])
        texts.append(text)
        if len(bad):
            places.append(bad + start)
        start = end
    if not places:
        return raw, np.empty(0, np.int64)
    return b"".join(texts), np.concatenate(places)


def _boundary(raw: bytes, near: int) -> int:
    """An index at or a little before ``near`` where no valid sequence of ``raw`` is cut apart."""
    if near >= len(raw):
        return len(raw)
    # A sequence has at most three bytes 10xxxxxx, behind a byte of another kind.
    return next((near - back for back in range(4) if raw[near - back] & 0xC0 != 0x80), near)


def _escaped(raw: bytes) -> tuple[bytes, npt.NDArray[np.int64]]:
    import numpy as np

    buf = np.frombuffer(raw, np.uint8)
    high = np.flatnonzero(buf >= 0x80)
    bad = high[~_is_valid(buf, high)]
    if not len(bad):
        return raw, bad
    size = np.ones(len(buf), np.int64)
    size[bad] = 4
    end = np.cumsum(size)
    text = np.empty(int(end[-1]), np.uint8)
    text[end - 1] = buf
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    place = end[bad]
    text[place - 4], text[place - 3] = 0x5C, 0x78  # \x
    text[place - 2], text[place - 1] = digits[buf[bad] >> 4], digits[buf[bad] & 15]
    return text.tobytes(), bad


def _is_valid(buf: npt.NDArray[np.uint8], high: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of the bytes above 127, at the positions ``high``, belong to a well-formed sequence."""
    import numpy as np

    count = len(high)
    # A sequence's bytes are all above 127, so they are neighbours in ``high`` too; what is missing behind it is 0.
    place = np.concatenate((high, np.full(3, -1)))
    byte = np.concatenate((buf[high], np.zeros(3, np.uint8)))
    behind = [np.where(place[step : count + step] == high + step, byte[step : count + step], 0) for step in (1, 2, 3)]
    continues = [(following & 0xC0) == 0x80 for following in behind]
    length = np.zeros(count + 3, np.int8)
    for first, last, low, upper, size in _SEQUENCES:
        starts = (byte[:count] >= first) & (byte[:count] <= last) & (behind[0] >= low) & (behind[0] <= upper)
        for step in range(1, size - 1):
            starts &= continues[step]
        length[:count][starts] = size
    valid = length > 0
    for step in (1, 2, 3):
        valid[step:] |= length[:-step] > step
    return valid[:count]
