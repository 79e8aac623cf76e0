r"""Blocks of a source's bytes become lines of valid UTF-8, each with the place of its original bytes.

Nothing is lost here: the raw ranges of the lines tile the block, and bytes that are no text in the source's encoding
stand in the line as ``\xNN``, the line being marked as lossy so that its original bytes are kept beside it. NUL bytes
stay in the text (U+0000): Arrow, Parquet and DuckDB keep them.
"""

from __future__ import annotations

import codecs
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.encodings import Encoding, detect_encoding, is_binary
from twsla.formats.invalid import escape_invalid
from twsla.formats.lines import Lines, find_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

__all__ = ["Decoded", "Encoding", "cut", "decode_block", "detect_encoding", "is_binary"]

_ESCAPE = "twsla.escape"


@dataclass(frozen=True, slots=True)
class Decoded:
    """One block: its lines as text, and where each stood in the raw bytes."""

    lines: Lines
    """The text. Without copy (``lines.buf`` is the raw block) where that is UTF-8 already."""
    raw_starts: np.ndarray
    """int64 (n,): first byte of each line in the raw block; 0 for the first line, byte-order mark included."""
    raw_ends: np.ndarray
    """int64 (n,): index after each line's last byte, its line end included; equals the next line's start."""
    lossy: np.ndarray
    r"""int64, ascending: the lines with bytes that could not be decoded and are written as ``\xNN``."""
    bad_bytes: int = 0
    """How many bytes these are."""


def cut(raw: bytes, encoding: Encoding) -> int:
    r"""Index after the last complete line end in ``raw``, 0 if there is none.

    ``raw`` must start on a line (so on a whole unit of the encoding). With lone ``\r`` line ends, a ``\r`` at the very
    end is not complete: a ``\n`` may follow.
    """
    if encoding.width == 1:
        after = raw.rfind(b"\n") + 1
        if encoding.line_end == "\r":
            after = max(after, raw.rfind(b"\r", 0, max(len(raw) - 1, 0)) + 1)
        return after
    import numpy as np

    units = _units(raw, encoding)
    is_end = units == 10
    if encoding.line_end == "\r":
        is_end[:-1] |= units[:-1] == 13
    found = np.flatnonzero(is_end)
    return (int(found[-1]) + 1) * encoding.width if len(found) else 0


def decode_block(raw: bytes, encoding: Encoding, *, first: bool) -> Decoded:
    """Decode whole physical lines.

    Args:
        raw: Bytes up to an index that ``cut`` gave, or up to the end of the source.
        encoding: How to read them.
        first: The block starts the source, so it may start with the encoding's byte-order mark, which is left out of
            the text (and stays in the first line's raw range).
    """
    import numpy as np

    skip = encoding.bom if first else 0
    units = _units(raw, encoding)
    found = find_lines(units, encoding.line_end)
    starts, after = _raw_ranges(found, encoding.width, len(raw))
    if not _is_text_already(raw, encoding):
        lines, lossy, bad_bytes = _converted(raw, encoding, skip, starts, after)
        return Decoded(lines, starts, after, lossy, bad_bytes)
    if skip and len(found):
        found = Lines(units, np.concatenate(([skip], starts[1:])), found.ends)
    return Decoded(found, starts, after, np.empty(0, np.int64))


def _raw_ranges(found: Lines, width: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """First byte of each line and the index after it, line end included, from its place in code units."""
    import numpy as np

    starts = found.starts * width if width > 1 else found.starts
    if size % width and (not len(starts) or found.ends[-1] < len(found.buf)):
        # A truncated unit after a line end is a line of its own; else it belongs to the unfinished last line.
        starts = np.append(starts, size - size % width)
    return starts, np.append(starts[1:], size) if len(starts) else starts.copy()


def _units(raw: bytes, encoding: Encoding) -> np.ndarray:
    """The code units of ``raw``; a truncated one at the end is left out."""
    import numpy as np

    order = ">" if encoding.name.endswith("-be") else "<"
    return np.frombuffer(raw, dtype=f"{order}u{encoding.width}", count=len(raw) // encoding.width)


def _is_text_already(raw: bytes, encoding: Encoding) -> bool:
    """Whether ``raw`` is valid UTF-8 that means the same in ``encoding``."""
    return is_utf8(raw) if encoding.name == "utf-8" else encoding.ascii and raw.isascii()


def is_utf8(raw: bytes) -> bool:
    """Whether ``raw`` is strictly valid UTF-8 (no surrogates, no overlong forms); several GB/s."""
    import numpy as np
    import pyarrow as pa

    offsets = pa.py_buffer(np.array([0, len(raw)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(raw)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _converted(
    raw: bytes, encoding: Encoding, skip: int, starts: np.ndarray, after: np.ndarray
) -> tuple[Lines, np.ndarray, int]:
    """Text, lossy lines and number of undecodable bytes of a block that is rewritten.

    As a whole if its lines come out equal, else line by line.
    """
    import numpy as np

    body = raw[skip:]
    if encoding.stateful:
        # Every line starts in ASCII (RFC 1468), whatever the line before forgot to close.
        body = body.replace(b"\r", b"\x1b(B\r").replace(b"\n", b"\x1b(B\n")
    text, places = _decode_escaping(body, encoding.name)
    if encoding.stateful and len(places):
        return _line_by_line(raw, encoding, skip, starts, after)
    bad = np.append(np.asarray(places, np.int64) + skip, len(raw))
    lossy = np.flatnonzero(bad[np.searchsorted(bad, starts)] < after)
    lines = find_lines(np.frombuffer(text, np.uint8), encoding.line_end)
    if len(lines) == len(starts):
        return lines, lossy, len(places)
    return _line_by_line(raw, encoding, skip, starts, after)


def _line_by_line(
    raw: bytes, encoding: Encoding, skip: int, starts: np.ndarray, after: np.ndarray
) -> tuple[Lines, np.ndarray, int]:
    """As ``_converted``, every line decoded by itself: slow, and right whatever the bytes are."""
    import numpy as np

    texts: list[bytes] = []
    lossy: list[int] = []
    bad_bytes = 0
    for number, (start, end) in enumerate(zip(starts.tolist(), after.tolist(), strict=True)):
        text, places = _decode_escaping(raw[max(start, skip) : end], encoding.name)
        texts.append(_without_line_end(text, encoding.line_end))
        bad_bytes += len(places)
        if len(places):
            lossy.append(number)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(sizes + 1) - 1
    buf = np.frombuffer(b"\n".join(texts), np.uint8)
    return Lines(buf, ends - sizes, ends), np.array(lossy, np.int64), bad_bytes


def _without_line_end(text: bytes, line_end: str) -> bytes:
    if text.endswith(b"\n"):
        return text[:-2] if text.endswith(b"\r\n") else text[:-1]
    return text[:-1] if line_end == "\r" and text.endswith(b"\r") else text


class _Places(threading.local):
    """Where the decoder at work in this thread met bytes that are no text."""

    def __init__(self) -> None:
        self.found: list[int] = []


_places = _Places()


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Codec error handler: undecodable bytes become ``\xNN``, and their place is noted."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    if not error.encoding.startswith("utf"):
        # EUC-JP and GB18030 take the line end along with the broken character before it.
        bad = bad[:1] + bad[1:].split(b"\n")[0].split(b"\r")[0]
    _places.found.extend(range(error.start, error.start + len(bad)))
    return "".join(f"\\x{byte:02x}" for byte in bad), error.start + len(bad)


codecs.register_error(_ESCAPE, _escape)


def _decode_escaping(raw: bytes, codec: str) -> tuple[bytes, Sequence[int] | np.ndarray]:
    r"""UTF-8 of ``raw`` with ``\xNN`` for what is no text, and the positions in ``raw`` of such bytes."""
    if codec == "utf-8":
        return escape_invalid(raw)
    _places.found = []
    text = codecs.decode(raw, codec, _ESCAPE)
    return text.encode(), _places.found
