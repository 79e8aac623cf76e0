"""What follows the seconds of a stamp: fraction, AM or PM, zone. Read on whole columns, the same for every form.

It looks at the bytes behind the text of a form, so the layouts need not multiply by every length of fraction and every
zone. Anything that is none of these is left alone: it belongs to the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps.model import NO_OFFSET
from twsla.formats.timestamps.reading import signed_minutes
from twsla.formats.timestamps.zones import ABBREVIATIONS

if TYPE_CHECKING:
    import numpy as np

    from twsla.formats.timestamps.bytesat import BytesAt

_FRACTION_WINDOW = 32
_ZONE_WINDOW = 16
_LETTERS = 5
"""Letters of the longest zone abbreviation."""
_NARROW_SPACE = (0xE2, 0x80, 0xAF)
"""U+202F, which newer Windows and Java print before AM and PM."""


@dataclass(slots=True)
class Tail:
    """What was found behind n texts."""

    nanos: np.ndarray
    """int64 (n,)."""
    fraction: np.ndarray
    """bool (n,): a fraction is written."""
    half: np.ndarray
    """uint8 (n,): 0, 1 for AM, 2 for PM."""
    offset_s: np.ndarray
    """int32 (n,): ``NO_OFFSET`` where no zone is written."""
    end: np.ndarray
    """int64 (n,): position behind it."""


def read_tail(source: BytesAt, end: np.ndarray, kinds: str) -> Tail:
    """Read on at ``end``, int64 (n,); ``kinds`` as in ``Form.tail``."""
    import numpy as np

    count = len(end)
    tail = Tail(
        np.zeros(count, np.int64),
        np.zeros(count, bool),
        np.zeros(count, np.uint8),
        np.full(count, NO_OFFSET, np.int32),
        end.copy(),
    )
    if not kinds or not count:
        return tail
    near = source.windows(end, 8)
    if "f" in kinds or "c" in kinds:
        near = _read_fraction(source, near, tail, kinds)
    if "a" in kinds:
        near = _read_half(source, near, tail)
    if "z" in kinds:
        _read_zone(source, near, tail)
    if "m" in kinds:
        _read_minutes(source, tail)
    return tail


def is_digit(column: np.ndarray) -> np.ndarray:
    import numpy as np

    return (column - np.uint8(48)) < 10


@lru_cache(maxsize=1)
def _powers() -> np.ndarray:
    import numpy as np

    return np.array([10 ** (9 - min(digits, 9)) for digits in range(_FRACTION_WINDOW + 1)], np.int64)


@lru_cache(maxsize=16)
def byte_set(members: bytes) -> np.ndarray:
    import numpy as np

    table = np.zeros(256, bool)
    table[list(members)] = True
    return table


@lru_cache(maxsize=1)
def word_bytes() -> np.ndarray:
    """bool (256,): letters, digits, underscore."""
    import numpy as np

    return np.array([byte < 128 and (chr(byte).isalnum() or byte == 95) for byte in range(256)])


def _read_fraction(source: BytesAt, near: np.ndarray, tail: Tail, kinds: str) -> np.ndarray:
    """``.003``, ``,003`` (unless a comma follows: then it is a column of a CSV) and ``:003``; gives the next bytes."""
    import numpy as np

    marks = b".," if "c" not in kinds else b".,:"
    rows = np.flatnonzero(byte_set(marks)[near[:, 0]] & is_digit(near[:, 1]))
    if not len(rows):
        return near
    matrix = source.windows(tail.end[rows], _FRACTION_WINDOW)
    value, digits = _leading_digits(matrix)
    mark = matrix[:, 0]
    after = matrix[np.arange(len(rows)), np.minimum(digits + 1, _FRACTION_WINDOW - 1)]
    good = np.where(mark == ord(","), after != ord(","), True)
    good &= np.where(mark == ord(":"), (digits == 3) & (after != ord(":")), True)
    if not good.all():
        rows, value, digits = rows[good], value[good], digits[good]
    tail.nanos[rows] = value * _powers()[digits]
    tail.fraction[rows] = True
    tail.end[rows] += digits + 1
    return source.windows(tail.end, 8)


def _leading_digits(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Value of the first nine digits from column 1 on, and how many digits there are; int64 (n,) both."""
    import numpy as np

    running = np.ones(len(matrix), bool)
    value = np.zeros(len(matrix), np.int64)
    digits = np.zeros(len(matrix), np.int64)
    for column in range(1, matrix.shape[1]):
        running &= is_digit(matrix[:, column])
        if not running.any():
            break
        digits += running
        if column <= 9:
            value = np.where(running, value * 10 + (matrix[:, column] & np.uint8(15)), value)
    return value, digits


def _read_half(source: BytesAt, near: np.ndarray, tail: Tail) -> np.ndarray:
    """AM or PM, perhaps behind a space; gives the next bytes."""
    import numpy as np

    first = near[:, 0]
    rows = np.flatnonzero(byte_set(b" aApP\xe2")[first])
    if not len(rows):
        return near
    matrix = near[rows]
    gap = (matrix[:, 0] == 32).astype(np.intp)
    gap[np.all(matrix[:, :3] == np.array(_NARROW_SPACE, np.uint8), axis=1)] = 3
    line = np.arange(len(rows))
    letter, m, after = (matrix[line, gap + k] for k in range(3))
    letter, m = letter | np.uint8(32), m | np.uint8(32)
    good = (m == ord("m")) & ((letter == ord("a")) | (letter == ord("p"))) & ~word_bytes()[after]
    if not good.any():
        return near
    tail.half[rows[good]] = np.where(letter[good] == ord("p"), 2, 1)
    tail.end[rows[good]] += gap[good] + 2
    return source.windows(tail.end, 8)


def _read_zone(source: BytesAt, near: np.ndarray, tail: Tail) -> None:
    """``Z``, ``+09``, ``+0900``, ``+09:00``, `` +0900``, `` UTC``, `` (JST)``, `` GMT+0900``."""
    import numpy as np

    first, second = near[:, 0], near[:, 1]
    signs = byte_set(b"+-")
    spaced = first == 32
    letters = byte_set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZz(")
    rows = np.flatnonzero(signs[first] | letters[first] | (spaced & (signs[second] | letters[second])))
    if not len(rows):
        return
    matrix = source.windows(tail.end[rows], _ZONE_WINDOW)
    gap = spaced[rows].astype(np.intp)
    gap += matrix[np.arange(len(rows)), gap] == ord("(")
    signed = signs[matrix[np.arange(len(rows)), gap]]
    if signed.any():
        at = rows[signed]
        _read_offset(matrix[signed], gap[signed], at, tail)
    if not signed.all():
        _read_abbreviation(matrix[~signed], gap[~signed], rows[~signed], tail)


def _read_offset(matrix: np.ndarray, gap: np.ndarray, rows: np.ndarray, tail: Tail) -> None:
    """A sign at column ``gap`` and digits; behind a space only with minutes, or before `` [`` as PostgreSQL has it."""
    import numpy as np

    line = np.arange(len(rows))
    column = [matrix[line, gap + k] for k in range(8)]
    digit = [is_digit(byte) for byte in column]
    hours = digit[1] & digit[2]
    colon = column[3] == ord(":")
    joined = hours & digit[3] & digit[4] & ~digit[5]
    parted = hours & colon & digit[4] & digit[5] & ~digit[6]
    # Behind a minus and two digits, ":05:" is more of a clock, not the minutes of an offset.
    parted &= ~((column[6] == ord(":")) & digit[7])
    alone = hours & ~digit[3] & ~(colon & digit[4])
    alone &= (gap == 0) | ((column[3] == 32) & (column[4] == ord("[")))
    alone &= ~word_bytes()[column[3]]
    after = np.where(joined, column[5], column[6])
    full = (joined | parted) & ~((gap > 0) & word_bytes()[after])
    tens = np.where(joined, column[3], column[4]) & np.uint8(15)
    ones = np.where(joined, column[4], column[5]) & np.uint8(15)
    minutes = np.where(full, tens * np.uint8(10) + ones, 0)
    hour = (column[1] & np.uint8(15)) * np.uint8(10) + (column[2] & np.uint8(15))
    found = full | alone
    bad = ~found | (hour > 14) | (minutes > 59)
    tail.offset_s[rows] = signed_minutes(column[0], hour.astype(np.int32) * 60 + minutes, bad)
    tail.end[rows] += np.where(bad, 0, gap + np.where(alone, 3, np.where(joined, 5, 6)))


@lru_cache(maxsize=1)
def _abbreviations() -> tuple[np.ndarray, np.ndarray]:
    """Packed names, int64 ascending, and their seconds east, int32."""
    import numpy as np

    names = {_pack(name): seconds for name, seconds in ABBREVIATIONS.items() if len(name) <= _LETTERS}
    keys = np.array(sorted(names), np.int64)
    return keys, np.array([names[int(key)] for key in keys], np.int32)


def _pack(name: str) -> int:
    packed = 0
    for letter in name:
        packed = packed << 5 | ord(letter) & 31
    return packed


def _read_abbreviation(matrix: np.ndarray, gap: np.ndarray, rows: np.ndarray, tail: Tail) -> None:
    import numpy as np

    line = np.arange(len(rows))
    running = np.ones(len(rows), bool)
    packed = np.zeros(len(rows), np.int64)
    length = np.zeros(len(rows), np.intp)
    for step in range(_LETTERS + 1):
        byte = matrix[line, gap + step]
        # A lower-case z is the Z of RFC 3339, which allows it.
        running &= (byte >= 65) & (byte <= 90) if step else ((byte >= 65) & (byte <= 90)) | (byte == ord("z"))
        packed = np.where(running, packed << 5 | (byte & np.uint8(31)), packed)
        length += running
    after = matrix[line, gap + length]
    keys, seconds = _abbreviations()
    index = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
    # A single letter behind a space is a word of the message.
    known = (keys[index] == packed) & ~word_bytes()[after] & (length <= _LETTERS) & ((length > 1) | (gap == 0))
    if not known.any():
        return
    found = rows[known]
    tail.offset_s[found] = seconds[index[known]]
    tail.end[found] += (gap + length)[known]
    # UTC+09:00 and GMT+0900: the offset is what counts.
    utc = known & (seconds[index] == 0) & (length >= 2) & byte_set(b"+-")[after] & (gap + length + 8 <= _ZONE_WINDOW)
    if utc.any():
        shifted = Tail(
            tail.nanos, tail.fraction, tail.half, np.full(len(rows), NO_OFFSET, np.int32), np.zeros(len(rows))
        )
        _read_offset_at(matrix[utc], (gap + length)[utc], np.flatnonzero(utc), shifted)
        good = np.flatnonzero(utc & (shifted.offset_s != NO_OFFSET))
        tail.offset_s[rows[good]] = shifted.offset_s[good]
        tail.end[rows[good]] += shifted.end[good].astype(np.int64)


def _read_offset_at(matrix: np.ndarray, at: np.ndarray, rows: np.ndarray, tail: Tail) -> None:
    """``_read_offset`` for a sign at column ``at`` that follows a name directly."""
    import numpy as np

    columns = np.arange(8)
    _read_offset(matrix[np.arange(len(rows))[:, None], at[:, None] + columns], np.zeros(len(rows), np.intp), rows, tail)


def _read_minutes(source: BytesAt, tail: Tail) -> None:
    """DB2's ``+540``: minutes east, three digits."""
    import numpy as np

    matrix = source.windows(tail.end, 8)
    good = byte_set(b"+-")[matrix[:, 0]] & ~is_digit(matrix[:, 4])
    for column in (1, 2, 3):
        good &= is_digit(matrix[:, column])
    good &= tail.offset_s == NO_OFFSET
    rows = np.flatnonzero(good)
    if len(rows):
        digits = (matrix[rows, 1:4] & np.uint8(15)).astype(np.int32)
        minutes = digits @ np.array([100, 10, 1], np.int32)
        tail.offset_s[rows] = signed_minutes(matrix[rows, 0], minutes, minutes > 14 * 60)
        tail.end[rows] += 4
