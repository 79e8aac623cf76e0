"""Where on a line a source has its stamps, and how to find that place on whole columns of lines.

A place looks at the line alone, never at its neighbours, so a stamp does not depend on how a source is cut into blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from twsla.formats.timestamps.tails import byte_set, is_digit, word_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa

    from twsla.formats.timestamps.bytesat import BytesAt

FEW = 64
"""So few lines are looked at one by one: RE2 and Arrow take longer to start."""
_NEAR = 64
"""Bytes of a line looked at first for a single character."""
_HEAD = 48
_ESCAPE = 27
_COLOUR = 15
"""Longest sequence of bytes that sets a colour."""
_PART = 1 << 15
_ROUNDS = 16
"""Occurrences of a field's name tried on one line."""


class Rows:
    """Lines of one block, or some of them: ``source[starts[i]:ends[i]]``."""

    def __init__(self, source: BytesAt, starts: np.ndarray, ends: np.ndarray) -> None:
        self.source = source
        self.starts = starts
        self.ends = ends

    def __len__(self) -> int:
        return len(self.starts)

    def parts(self) -> Iterator[Rows]:
        """All of them in turn, so many at a time that a few dozen bytes of each take little memory."""
        for begin in range(0, len(self), _PART):
            part = slice(begin, begin + _PART)
            yield Rows(self.source, self.starts[part], self.ends[part])

    def take(self, rows: np.ndarray) -> Rows:
        """Some of them, by index or mask."""
        return Rows(self.source, self.starts[rows], self.ends[rows])


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    import numpy as np

    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


class Place(Protocol):
    """A place on the line."""

    def find(self, rows: Rows) -> np.ndarray:
        """int64 (n,): position of the place in the block; -1 where the line does not have it."""

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A fixed byte of the line."""

    column: int

    def find(self, rows: Rows) -> np.ndarray:
        """See ``Place``."""
        import numpy as np

        positions = rows.starts + self.column
        return positions if not self.column else np.where(positions < rows.ends, positions, -1)

    def __str__(self) -> str:
        return f"column {self.column + 1}" if self.column else "the beginning of the line"


@dataclass(frozen=True, slots=True)
class Head:
    """Behind what syslog and Cisco put before a stamp, any of it or none: ``<165>1 ``, ``000123: ``, ``*``, ``.``.

    And behind what sets the colour of a terminal.
    """

    def find(self, rows: Rows) -> np.ndarray:
        """See ``Place``."""
        return _joined([self._find(part) for part in rows.parts()])

    def _find(self, rows: Rows) -> np.ndarray:
        import numpy as np

        matrix = rows.source.windows(rows.starts, _HEAD)
        line = np.arange(len(rows))
        at = _behind_colour(matrix, line) if (matrix[:, 0] == _ESCAPE).any() else _behind_priority(matrix, line)
        # A sequence number of any length, ended by a colon and a space.
        digits = np.zeros(len(rows), np.intp)
        running = np.ones(len(rows), bool)
        for _ in range(12):
            running &= is_digit(matrix[line, at + digits])
            digits += running
        numbered = (digits > 0) & (matrix[line, at + digits] == ord(":")) & (matrix[line, at + digits + 1] == 32)
        at = np.where(numbered, at + digits + 2, at)
        for _ in range(2):
            at += byte_set(b"*.% ")[matrix[line, at]]
        positions = rows.starts + at
        return np.where(positions < rows.ends, positions, -1)

    def __str__(self) -> str:
        return "behind the head of the syslog message"


def _behind_colour(matrix: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Column behind ``ESC [ 1 ; 31 m``, or behind the priority where a line has that; 0 without."""
    import numpy as np

    at = np.zeros(len(matrix), np.intp)
    running = (matrix[:, 0] == _ESCAPE) & (matrix[:, 1] == ord("["))
    for column in range(2, _COLOUR):
        closes = running & (matrix[:, column] == ord("m"))
        at[closes] = column + 1
        running &= is_digit(matrix[:, column]) | (matrix[:, column] == ord(";"))
    return np.where(at > 0, at, _behind_priority(matrix, line))


def _behind_priority(matrix: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Column behind ``<34>`` and perhaps ``1 ``; 0 without."""
    import numpy as np

    at = np.zeros(len(matrix), np.intp)
    opens = matrix[:, 0] == ord("<")
    if opens.any():
        running = opens & is_digit(matrix[:, 1])
        for column in (2, 3, 4):
            closes = running & (matrix[:, column] == ord(">"))
            at[closes] = column + 1
            running &= is_digit(matrix[:, column])
        at += 2 * ((at > 0) & is_digit(matrix[line, at]) & (matrix[line, at + 1] == 32))
    return at


@dataclass(frozen=True, slots=True)
class Behind:
    """Behind the first occurrence of a text."""

    text: bytes
    whole: bool = False
    """The text is a name: what stands before it is no letter, digit or underscore."""

    def find(self, rows: Rows) -> np.ndarray:
        """See ``Place``."""
        import numpy as np

        if len(self.text) == 1:
            return _joined([_behind_byte(part, self.text[0]) for part in rows.parts()])
        found = find_text(rows, self.text)
        for _ in range(_ROUNDS if self.whole else 0):
            before = rows.source.bytes_at(found - 1)
            again = np.flatnonzero((found > rows.starts) & word_bytes()[before])
            if not len(again):
                break
            rest = Rows(rows.source, found[again] + 1, rows.ends[again])
            found[again] = find_text(rest, self.text)
        return np.where((found >= 0) & (found + len(self.text) < rows.ends), found + len(self.text), -1)

    def __str__(self) -> str:
        return f"behind {self.text.decode('utf-8', 'replace').strip()!r}"


def _behind_byte(rows: Rows, byte: int) -> np.ndarray:
    """Most lines have it within a short window; the others are searched whole."""
    import numpy as np

    hits = rows.source.windows(rows.starts, _NEAR) == byte
    first = hits.argmax(axis=1)
    positions = rows.starts + first
    near = hits[np.arange(len(rows)), first] & (positions < rows.ends)
    positions = np.where(near, positions, -1)
    far = np.flatnonzero(~near & (rows.ends - rows.starts > _NEAR))
    if len(far):
        positions[far] = find_text(rows.take(far), bytes([byte]))
    return np.where((positions >= 0) & (positions + 1 < rows.ends), positions + 1, -1)


def find_text(rows: Rows, text: bytes) -> np.ndarray:
    """int64 (n,): position of the first ``text`` on each line, -1 where there is none. About 1 s a GB."""
    import numpy as np

    if len(rows) <= FEW:
        data = rows.source.buf
        spans = zip(rows.starts.tolist(), rows.ends.tolist(), strict=True)
        places = [(start, bytes(data[start:end]).find(text)) for start, end in spans]
        return np.array([start + place if place >= 0 else -1 for start, place in places], np.int64)
    import pyarrow.compute as pc

    found = pc.find_substring(line_array(rows), pattern=text).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where((found >= 0) & (rows.starts + found + len(text) <= rows.ends), rows.starts + found, -1)


def line_array(rows: Rows, limit: int | None = None) -> pa.LargeBinaryArray:
    """The lines as an Arrow array, at most ``limit`` bytes of each. Lines must be in order and apart, as they are.

    Without ``limit`` nothing is copied if they follow one another; an element may then reach into its line end.
    """
    import numpy as np
    import pyarrow as pa

    count = len(rows)
    starts, ends = rows.starts, rows.ends
    data = pa.py_buffer(rows.source.buf)
    if limit is None and count and bool((starts[1:] - ends[:-1] <= 2).all()):
        offsets = np.empty(count + 1, np.int64)
        offsets[:-1], offsets[-1] = starts, ends[-1]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), count, [None, pa.py_buffer(offsets), data])
    # Lines and the gaps between them, in turn; then only the lines are copied.
    both = np.empty(2 * count, np.int64)
    both[0::2] = starts
    both[1::2] = ends if limit is None else np.minimum(ends, starts + limit)
    parts = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), max(2 * count - 1, 0), [None, pa.py_buffer(both if count else np.zeros(1, np.int64)), data]
    )
    return parts.take(pa.array(np.arange(0, 2 * count, 2)))


@dataclass(frozen=True, slots=True)
class Field:
    """The n-th field, counted from 0, between single characters or runs of blanks."""

    index: int
    separator: bytes = b" "
    skip: int = 0
    """Bytes of the field before the stamp, such as a quote or bracket."""

    def find(self, rows: Rows) -> np.ndarray:
        """See ``Place``."""
        import numpy as np

        if not len(rows):
            return np.zeros(0, np.int64)
        low, high = int(rows.starts.min()), int(rows.ends.max())
        part = rows.source.buf[low:high]
        is_separator = part == self.separator[0]
        if self.separator == b" ":
            is_separator[:-1] &= ~is_separator[1:]
        where = np.flatnonzero(is_separator) + low
        if not len(where):
            return np.full(len(rows), -1, np.int64)
        nth = np.searchsorted(where, rows.starts) + self.index - 1
        positions = where[np.minimum(nth, len(where) - 1)] + 1 + self.skip
        return np.where((nth < len(where)) & (positions < rows.ends), positions, -1)

    def __str__(self) -> str:
        name = {b" ": "", b"\t": " between tabs"}.get(self.separator, f" between {self.separator.decode()!r}")
        return f"field {self.index + 1}{name}"
