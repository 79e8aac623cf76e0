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
from twsla.model.zones import ABBREVIATIONS

if TYPE_CHECKING:
    import numpy as np

TAIL_WIDTH = 44
"""Bytes needed behind the text of a form: a fraction and a zone."""
_MOST_DIGITS = 26
"""Digits of a fraction; nine of them count."""
_FEW_ROWS = 64
_SHORT_RUNS = 0.7
"""Runs are not worth their bookkeeping if there are more than this share of the lines."""
_LETTERS = 5
"""Letters of the longest zone abbreviation."""
_LETTER_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(slots=True)
class Tail:
    """What was found behind n texts; None where no line has it."""

    nanos: np.ndarray | None = None
    """int64 (n,)."""
    fraction: np.ndarray | bool = False
    """bool (n,): a fraction is written."""
    half: np.ndarray | None = None
    """uint8 (n,): 0, 1 for AM, 2 for PM."""
    offset_s: np.ndarray | None = None
    """int32 (n,): ``NO_OFFSET`` where no zone is written."""


@dataclass(slots=True)
class _Cursor:
    """A position in each row of a matrix: the same column for all, or one for each."""

    matrix: np.ndarray
    column: int | np.ndarray

    def byte(self, ahead: int) -> np.ndarray:
        """uint8 (n,): the byte so far behind the position."""
        import numpy as np

        if isinstance(self.column, int):
            return self.matrix[:, self.column + ahead]
        bytes_ahead: np.ndarray = self.matrix[np.arange(len(self.matrix)), self.column + ahead]
        return bytes_ahead

    def step(self, bytes_ahead: np.ndarray) -> None:
        """Move on by so many bytes, int64 (n,)."""
        import numpy as np

        ahead = int(bytes_ahead[0])
        if isinstance(self.column, int) and bool((bytes_ahead == ahead).all()):
            self.column += ahead
        else:
            self.column = np.asarray(self.column + bytes_ahead)

    def take(self, rows: np.ndarray) -> _Cursor:
        """The cursor of some rows."""
        if len(rows) == len(self.matrix):
            return self
        return _Cursor(self.matrix[rows], self.column if isinstance(self.column, int) else self.column[rows])


def read_tail(matrix: np.ndarray, width: int, kinds: str) -> Tail:
    """Read on behind a text of ``width`` bytes.

    Args:
        matrix: uint8 (n, >= width + TAIL_WIDTH).
        width: Of the text of the form.
        kinds: As in ``Form.tail``.
    """
    tail = Tail()
    if not kinds or not len(matrix):
        return tail
    cursor = _Cursor(matrix, width)
    if "f" in kinds or "c" in kinds:
        _read_fraction(cursor, tail, colon="c" in kinds)
    if "a" in kinds:
        _read_half(cursor, tail)
    if "z" in kinds:
        _read_zone(cursor, tail)
    if "m" in kinds:
        _read_minutes(cursor, tail)
    return tail


def runs(matrix: np.ndarray, width: int, kinds: str) -> np.ndarray | None:
    """Where runs of equal stamps begin, int64 ascending; None if they are too short to pay.

    Only as many bytes are compared as can decide: three behind the text where no tail can begin there, or ten behind
    one with an offset after a space. Any other tail is left to be read line by line.

    Args:
        matrix: As for ``read_tail``.
        width: Of the text of the form.
        kinds: As in ``Form.tail``.
    """
    import numpy as np

    if len(matrix) < _FEW_ROWS or "m" in kinds:
        return None
    # The first line tells which; the others are checked below.
    reach = 10 if kinds and matrix[0, width] == 32 and matrix[0, width + 1] in b"+-" else 3 if kinds else 1
    first = np.flatnonzero(_differs(matrix.view("<u8"), width + reach))
    if len(first) > _SHORT_RUNS * len(matrix):
        return None
    if kinds and not _is_decided(matrix[first], width, reach):
        return None
    return first


def _differs(words: np.ndarray, length: int) -> np.ndarray:
    """Rows, bool (n,), whose first ``length`` bytes are not those of the row before."""
    import numpy as np

    new = np.ones(len(words), bool)
    for index in range((length + 7) // 8):
        changed = words[1:, index] ^ words[:-1, index]
        if length < 8 * (index + 1):
            changed &= np.uint64((1 << 8 * (length - 8 * index)) - 1)
        if index:
            new[1:] |= changed != 0
        else:
            new[1:] = changed != 0
    return new


def _is_decided(matrix: np.ndarray, width: int, reach: int) -> bool:
    """Whether ``reach`` bytes behind the text say all there is to say about the tail of every row."""
    first, second, third = (matrix[:, width + ahead] for ahead in range(3))
    spaced = first == 32
    signed = spaced & byte_set(b"+-")[second]
    plain = spaced & ~signed & (second != ord("(")) & ~_begins_name(second, third)
    plain &= third | 32 != ord("m")  # " pm"
    return bool((plain | (signed if reach == 10 else False)).all())


def is_digit(column: np.ndarray) -> np.ndarray:
    """Which bytes, uint8, are ASCII digits."""
    import numpy as np

    digits: np.ndarray = (column - np.uint8(48)) < 10
    return digits


@lru_cache(maxsize=1)
def _powers() -> np.ndarray:
    import numpy as np

    return np.array([10 ** (9 - min(digits, 9)) for digits in range(_MOST_DIGITS + 1)], np.int64)


@lru_cache(maxsize=32)
def byte_set(members: bytes) -> np.ndarray:
    """The bytes as a table, bool (256,)."""
    import numpy as np

    table = np.zeros(256, bool)
    table[list(members)] = True
    return table


@lru_cache(maxsize=1)
def word_bytes() -> np.ndarray:
    """Letters, digits and underscore as a table, bool (256,)."""
    import numpy as np

    return np.array([byte < 128 and (chr(byte).isalnum() or byte == 95) for byte in range(256)])


def _read_fraction(cursor: _Cursor, tail: Tail, *, colon: bool) -> None:
    """``.003``, ``,003`` (unless a comma follows: then it is a column of a CSV) and ``:003``; never ``,1.2.3.4``."""
    import numpy as np

    rows = np.flatnonzero(byte_set(b".,:" if colon else b".,")[cursor.byte(0)] & is_digit(cursor.byte(1)))
    if not len(rows):
        return
    here = cursor.take(rows)
    value, digits = _leading_digits(here)
    mark = here.byte(0)
    here = _Cursor(here.matrix, here.column)
    here.step(digits + 1)
    after = here.byte(0)
    bad = (mark == ord(",")) & (after == ord(","))
    bad |= (after == ord(".")) & is_digit(here.byte(1))
    bad |= (mark == ord(":")) & ((digits != 3) | (after == ord(":")))
    nanos = np.where(bad, 0, value * _powers()[digits])
    ahead = np.where(bad, 0, digits + 1)
    if len(rows) == len(cursor.matrix):
        tail.nanos, tail.fraction = nanos, ~bad
        cursor.step(ahead)
        return
    every = np.zeros((2, len(cursor.matrix)), np.int64)
    every[0, rows], every[1, rows] = nanos, ahead
    tail.nanos, tail.fraction = every[0], every[1] > 0
    cursor.step(every[1])


def _leading_digits(cursor: _Cursor) -> tuple[np.ndarray, np.ndarray]:
    """Value of the first nine digits behind a mark, and how many digits there are; int64 (n,) both."""
    import numpy as np

    count = len(cursor.matrix)
    digits = np.zeros(count, np.int64)
    value = np.zeros(count, np.int64)
    running = np.ones(count, bool)
    for ahead in range(1, _MOST_DIGITS + 1):
        digit = cursor.byte(ahead) - np.uint8(48)
        running &= digit < 10
        if not running.any():
            break
        digits += running
        if ahead <= 9:
            value = value * 10 + digit if running.all() else np.where(running, value * 10 + digit, value)
    return value, digits


def _read_half(cursor: _Cursor, tail: Tail) -> None:
    """AM or PM, also ``p.m.`` and ``p. m.``, perhaps behind a space, also the narrow one of newer Windows and Java."""
    import numpy as np

    first = cursor.byte(0)
    maybe = (first == 32) & byte_set(b"mM.")[cursor.byte(2)]
    maybe |= byte_set(b"aApP\xc2\xe2")[first]
    rows = np.flatnonzero(maybe)
    if not len(rows):
        return
    taken = cursor.take(rows)
    here = _Cursor(taken.matrix, taken.column)
    width = _space(here)
    here.step(width)
    letter = here.byte(0) | np.uint8(32)
    here.step(np.ones(len(rows), np.int64))
    dotted = (here.byte(0) == ord(".")).astype(np.int64)
    here.step(dotted)
    middle = _space(here) * dotted
    here.step(middle)
    good = (here.byte(0) | np.uint8(32) == ord("m")) & ((letter == ord("a")) | (letter == ord("p")))
    here.step(np.ones(len(rows), np.int64))
    good &= ~word_bytes()[here.byte(0)]
    width += 2 + dotted + middle + (dotted & (here.byte(0) == ord(".")))
    if good.any():
        tail.half = np.zeros(len(cursor.matrix), np.uint8)
        tail.half[rows[good]] = np.where(letter[good] == ord("p"), 2, 1)
        ahead = np.zeros(len(cursor.matrix), np.int64)
        ahead[rows[good]] = width[good]
        cursor.step(ahead)


def _space(cursor: _Cursor) -> np.ndarray:
    """Bytes of the space at the position, int64 (n,): plain, without break (U+00A0), or narrow (U+202F); 0 for none."""
    import numpy as np

    first, second = cursor.byte(0), cursor.byte(1)
    size: np.ndarray = (first == 32).astype(np.int64)
    size[(first == 0xC2) & (second == 0xA0)] = 2
    size[(first == 0xE2) & (second == 0x80) & (cursor.byte(2) == 0xAF)] = 3
    return size


@lru_cache(maxsize=1)
def _name_starts() -> np.ndarray:
    """First two letters of the zone abbreviations, packed, as a table, bool (1024,)."""
    import numpy as np

    table = np.zeros(1 << 10, bool)
    table[[_pack(name[:2]) for name in ABBREVIATIONS if len(name) > 1]] = True
    return table


def _begins_name(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    import numpy as np

    upper = byte_set(_LETTER_BYTES)
    packed = (first & np.uint8(31)).astype(np.uint16) << np.uint16(5) | (second & np.uint8(31))
    begins: np.ndarray = upper[first] & upper[second] & _name_starts()[packed]
    return begins


def _read_zone(cursor: _Cursor, tail: Tail) -> None:
    """``Z``, ``+09``, ``+0900``, ``+09:00``, `` +0900``, `` UTC``, `` (JST)``, `` GMT+0900``."""
    import numpy as np

    first, second = cursor.byte(0), cursor.byte(1)
    offset = np.full(len(first), NO_OFFSET, np.int32)
    zulu = (first | np.uint8(32) == ord("z")) & ~word_bytes()[second]
    offset[zulu] = 0
    ahead = zulu.astype(np.int64)
    if not zulu.all():
        signs, spaced = byte_set(b"+-"), first == 32
        rows = np.flatnonzero(signs[first] | (spaced & signs[second]))
        if len(rows):
            _read_offset(cursor.take(rows), rows, offset, ahead)
        third = cursor.byte(2)
        rows = np.flatnonzero(signs[first] & (third == ord(":")) & (offset == NO_OFFSET))
        if len(rows):
            _read_hours(cursor.take(rows), rows, offset, ahead)
        named = _begins_name(first, second) | (spaced & _begins_name(second, third))
        opened = spaced & byte_set(b"([")[second]
        if opened.any():
            named |= opened & (second == ord("(")) & _begins_name(third, cursor.byte(3))
            rows = np.flatnonzero(opened & signs[third])
            if len(rows):
                _read_bracketed(cursor.take(rows), rows, offset, ahead)
        rows = np.flatnonzero(named & ~zulu)
        if len(rows):
            _read_abbreviation(cursor.take(rows), rows, offset, ahead)
    tail.offset_s = offset
    cursor.step(ahead)


def _read_offset(cursor: _Cursor, rows: np.ndarray, offset: np.ndarray, ahead: np.ndarray) -> None:
    """A sign, perhaps behind a space, and digits; without minutes behind a space only before `` [``, as in PostgreSQL.

    What it finds goes into entries ``rows`` of ``offset`` and ``ahead``.
    """
    import numpy as np

    gap = (cursor.byte(0) == 32).astype(np.int64)
    here = _Cursor(cursor.matrix, cursor.column)
    here.step(gap)
    column = [here.byte(k) for k in range(8)]
    digit = [is_digit(byte) for byte in column]
    hours = digit[1] & digit[2]
    colon = column[3] == ord(":")
    joined = hours & digit[3] & digit[4] & ~digit[5]
    parted = hours & colon & digit[4] & digit[5] & ~digit[6]
    # Behind hours and minutes, a further ":05" makes it a clock.
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
    bad = ~(full | alone) | (hour > 14) | (minutes > 59)
    offset[rows] = signed_minutes(column[0], hour.astype(np.int32) * 60 + minutes, bad)
    ahead[rows] = np.where(bad, 0, gap + np.where(alone, 3, np.where(joined, 5, 6)))


def _read_bracketed(cursor: _Cursor, rows: np.ndarray, offset: np.ndarray, ahead: np.ndarray) -> None:
    """`` (+0900)`` and `` [+09:00]``: hours and minutes, and a bracket behind them; see ``_read_offset``."""
    import numpy as np

    here = _Cursor(cursor.matrix, cursor.column)
    here.step(np.full(len(rows), 2, np.int64))
    inside, width = np.full(len(offset), NO_OFFSET, np.int32), np.zeros(len(offset), np.int64)
    _read_offset(here, rows, inside, width)
    here.step(width[rows])
    good = rows[(width[rows] >= 5) & byte_set(b")]")[here.byte(0)]]
    offset[good] = inside[good]
    ahead[good] = width[good] + 3


def _read_hours(cursor: _Cursor, rows: np.ndarray, offset: np.ndarray, ahead: np.ndarray) -> None:
    """One digit, as in ``UTC+9``, ``GMT-3:30`` and ``22:14:15+9:00``; see ``_read_offset``."""
    import numpy as np

    column = [cursor.byte(k) for k in range(6)]
    parted = (column[2] == ord(":")) & is_digit(column[3]) & is_digit(column[4])
    parted &= ~is_digit(column[5]) & (column[5] != ord(":"))
    alone = ~word_bytes()[column[2]] & ~((column[2] == ord(":")) & is_digit(column[3]))
    minutes = np.where(parted, (column[3] & np.uint8(15)) * np.uint8(10) + (column[4] & np.uint8(15)), 0)
    good = is_digit(column[1]) & (parted | alone) & (minutes <= 59)
    east = (column[1] & np.uint8(15)).astype(np.int32) * 60 + minutes
    offset[rows] = signed_minutes(column[0], east, ~good)
    ahead[rows] = np.where(good, np.where(parted, 5, 2), 0)


@lru_cache(maxsize=1)
def _abbreviations() -> tuple[np.ndarray, np.ndarray]:
    """Packed names, int64 ascending, and their seconds east, int32."""
    import numpy as np

    names = {_pack(name): seconds for name, seconds in ABBREVIATIONS.items() if 2 <= len(name) <= _LETTERS}
    keys = np.array(sorted(names), np.int64)
    return keys, np.array([names[int(key)] for key in keys], np.int32)


def _pack(name: str) -> int:
    packed = 0
    for letter in name:
        packed = packed << 5 | ord(letter) & 31
    return packed


def _read_abbreviation(cursor: _Cursor, rows: np.ndarray, offset: np.ndarray, ahead: np.ndarray) -> None:
    """A name, perhaps behind a space and a bracket; UTC and GMT perhaps with an offset behind them."""
    import numpy as np

    gap = (cursor.byte(0) == 32).astype(np.int64)
    here = _Cursor(cursor.matrix, cursor.column)
    here.step(gap)
    gap += here.byte(0) == ord("(")
    here = _Cursor(cursor.matrix, cursor.column)
    here.step(gap)
    upper = byte_set(_LETTER_BYTES)
    running = np.ones(len(rows), bool)
    packed = np.zeros(len(rows), np.int64)
    length = np.zeros(len(rows), np.int64)
    for step in range(_LETTERS + 1):
        byte = here.byte(step)
        running &= upper[byte]
        packed = np.where(running, packed << 5 | (byte & np.uint8(31)), packed)
        length += running
    here.step(length)
    keys, seconds = _abbreviations()
    index = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
    known = (keys[index] == packed) & ~word_bytes()[here.byte(0)] & (length <= _LETTERS)
    offset[rows[known]] = seconds[index[known]]
    ahead[rows[known]] = (gap + length)[known]
    utc = np.flatnonzero(known & (seconds[index] == 0) & byte_set(b"+-")[here.byte(0)])
    if len(utc):
        more = np.full(len(offset), NO_OFFSET, np.int32)
        further = np.zeros(len(offset), np.int64)
        _read_offset(here.take(utc), rows[utc], more, further)
        short = utc[more[rows[utc]] == NO_OFFSET]
        if len(short):
            _read_hours(here.take(short), rows[short], more, further)
        good = rows[utc][more[rows[utc]] != NO_OFFSET]
        offset[good] = more[good]
        ahead[good] += further[good]


def _read_minutes(cursor: _Cursor, tail: Tail) -> None:
    """DB2's ``+540``: minutes east, three digits."""
    import numpy as np

    good = byte_set(b"+-")[cursor.byte(0)] & ~is_digit(cursor.byte(4))
    for ahead in (1, 2, 3):
        good &= is_digit(cursor.byte(ahead))
    if tail.offset_s is None:
        tail.offset_s = np.full(len(good), NO_OFFSET, np.int32)
    good &= tail.offset_s == NO_OFFSET
    rows = np.flatnonzero(good)
    if len(rows):
        here = cursor.take(rows)
        digits = [(here.byte(ahead) & np.uint8(15)).astype(np.int32) for ahead in (1, 2, 3)]
        minutes = digits[0] * 100 + digits[1] * 10 + digits[2]
        tail.offset_s[rows] = signed_minutes(here.byte(0), minutes, minutes > 14 * 60)
