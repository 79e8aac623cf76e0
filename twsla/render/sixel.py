"""Pixels as Sixel, the picture format that terminals show in line: at most 256 colours, six lines of pixels at a time.

Source: DEC STD 070, "Video Systems Reference Manual", chapter 9, "Sixel Graphics Extension".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """(height, width, 3): red, green, blue."""

COLOURS = 256
_FREQUENT = 64
"""Colours taken because they are frequent."""
_CELL = (8, 16)
"""Pixels of a character, where the terminal does not tell: about the least that is in use, so that it fits."""
_LEAST_RUN = 4
"""Equal sixels from which a count is shorter than repeating."""


def sixel(pixels: Pixels) -> bytes:
    """The control sequence that draws a picture where the cursor is, and leaves the cursor below it."""
    height, width = pixels.shape[:2]
    palette, places = _quantised(pixels)
    parts = [f'\x1bP0;1;0q"1;1;{width};{height}'.encode()]
    for number, colour in enumerate(palette.tolist()):
        red, green, blue = ((value * 100 + 127) // 255 for value in colour)
        parts.append(f"#{number};2;{red};{green};{blue}".encode())
    parts += [_band(places[top : top + 6]) for top in range(0, height, 6)]
    return b"".join([*parts, b"\x1b\\"])


def _quantised(pixels: Pixels) -> tuple[Pixels, NDArray[np.int64]]:
    """At most 256 colours, (n, 3), and for each pixel the number of the one nearest to it, (height, width).

    Charts have few colours but for the edges of letters. Where they are too many, the most frequent are taken as they
    are, and then always the one that is farthest from all taken, so that none is far from what it is shown as.
    """
    import numpy as np

    flat = pixels.reshape(-1, 3).astype(np.int64)
    codes, inverse, counts = np.unique(flat @ np.array([1 << 16, 1 << 8, 1]), return_inverse=True, return_counts=True)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    nearest, away = np.zeros(len(codes), np.int64), np.full(len(codes), np.iinfo(np.int64).max)
    frequent = np.argsort(-counts, kind="stable")[:_FREQUENT].tolist()
    palette: list[NDArray[np.int64]] = []
    while len(palette) < COLOURS and away.max():
        taken = frequent.pop(0) if frequent else int(away.argmax())
        distance = ((colours - colours[taken]) ** 2).sum(axis=1)
        nearest = np.where(distance < away, len(palette), nearest)
        away = np.minimum(away, distance)
        palette.append(colours[taken])
    return np.array(palette, np.uint8), nearest[inverse].reshape(pixels.shape[:2])


def _band(places: NDArray[np.int64]) -> bytes:
    """Six lines of pixels: each colour in turn over the whole width."""
    import numpy as np

    bits = (1 << np.arange(len(places)))[:, None]
    parts = []
    for number in np.unique(places).tolist():
        columns = ((places == number) * bits).sum(axis=0)
        parts.append(f"#{number}".encode() + _runs(columns))
    return b"$".join(parts) + b"-"


def _runs(columns: NDArray[np.int64]) -> bytes:
    """One line of sixels, each the sum of its bits plus 63 as a character; equal ones counted; none at the end."""
    import numpy as np

    used = np.flatnonzero(columns)
    columns = columns[: used[-1] + 1]
    starts = np.flatnonzero(np.concatenate([[True], columns[1:] != columns[:-1]]))
    lengths = np.diff(np.append(starts, len(columns)))
    parts = []
    for value, length in zip(columns[starts].tolist(), lengths.tolist(), strict=True):
        sign = chr(value + 63)
        parts.append(f"!{length}{sign}" if length >= _LEAST_RUN else sign * length)
    return "".join(parts).encode()


def window_pixels(stream: BinaryIO, columns: int, lines: int) -> tuple[int, int]:
    """Width and height of the terminal behind a stream in pixels; where it does not tell, from its characters."""
    try:
        import fcntl
        import struct
        import termios

        told = struct.unpack("HHHH", fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8)))
    except (ImportError, OSError, ValueError):
        told = (0, 0, 0, 0)
    return told[2] or columns * _CELL[0], told[3] or lines * _CELL[1]


def picture_size(window: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a chart that fits a window, with a line to spare for the prompt."""
    width = max(320, min(1200, window[0] - _CELL[0]))
    return width, max(240, min(width * 6 // 10, window[1] - 3 * _CELL[1]))
