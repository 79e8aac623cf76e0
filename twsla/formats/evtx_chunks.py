r"""Event records out of the chunks of an EVTX file, and an account of those that cannot be read.

A file is a header of 4 KiB and chunks of 64 KiB; a chunk has a header of 512 bytes and the records, each of which
begins with ``**\0\0``, its size, its number and the time it was written, and ends with its size once more. Chunks share
nothing, so each is read by itself: damage in one does not reach the others. What a record holds (binary XML) is read by
the package ``evtx``; where records stand is found here, so that each has its offset and none is missing unnoticed.

Source: Metz, "Windows XML Event Log (EVTX) format" (libevtx documentation).
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK_BYTES = 64 << 10
HEADER_BYTES = 4 << 10
FILE_MAGIC, CHUNK_MAGIC, _RECORD_MAGIC = b"ElfFile\0", b"ElfChnk\0", b"**\0\0"
_FIRST = 512
"""Where the first record of a chunk stands."""
_RECORD = struct.Struct("<4sIQQ")
_LEAST_RECORD = _RECORD.size + 4
_FILE_HEADER = struct.pack("<8sQQQIHHHH", FILE_MAGIC, 0, 0, 1, 128, 1, 3, HEADER_BYTES, 1).ljust(HEADER_BYTES, b"\0")
_MARK = 1 << 62
"""Number given to a record that is read alone."""


class Event(NamedTuple):
    """One record that was read."""

    at: int
    """Byte of the chunk where it begins."""
    size: int
    document: dict[str, Any]
    """Its JSON, as the package ``evtx`` gives it."""


@dataclass(slots=True)
class Chunk:
    """What became of one chunk."""

    events: list[Event] = field(default_factory=list)
    """In the order in which they stand there."""
    lost: list[int | None] = field(default_factory=list)
    """Numbers of the records that cannot be read; None where that is lost too."""
    sealed: bool = True
    """The checksum of its records is right."""
    strange: bool = False
    """It is neither a chunk nor empty."""


class Place(NamedTuple):
    """Where a record stands."""

    at: int
    size: int
    number: int | None
    """None: what should be its beginning is damaged."""


class _Header(NamedTuple):
    first: int
    last: int
    free: int
    """Where the free space begins."""
    valid: bool
    """Its checksum is right."""
    records_crc: int

    def records(self, numbers: Sequence[int]) -> int:
        """How many records it says there are; 0 for a chunk not yet used, or where it cannot be right.

        Args:
            numbers: Those of records seen, ascending; a header whose checksum is wrong has to fit them.
        """
        count = self.last - self.first + 1
        if not self.first or not 0 < count <= CHUNK_BYTES // _LEAST_RECORD:
            return 0
        fits = all(self.first <= number <= self.last for number in numbers)
        return count if self.valid or fits else 0


def _header(chunk: bytes) -> _Header:
    first, last = struct.unpack_from("<QQ", chunk, 8)
    free, crc = struct.unpack_from("<II", chunk, 48)
    (own,) = struct.unpack_from("<I", chunk, 124)
    valid = chunk[:8] == CHUNK_MAGIC and zlib.crc32(chunk[128:_FIRST], zlib.crc32(chunk[:120])) == own
    return _Header(first, last, free, valid, crc)


def read_chunk(raw: bytes) -> Chunk:
    """Read every record of one chunk, of a damaged or truncated one too.

    Args:
        raw: Its bytes: 64 KiB, fewer only at the end of a file that was cut.
    """
    result = Chunk()
    if not raw.startswith(CHUNK_MAGIC) and not raw.strip(b"\0"):
        return result
    chunk = raw.ljust(CHUNK_BYTES, b"\0")
    header = _header(chunk)
    places = _places(chunk, header, len(raw))
    numbers = [place.number for place in places if place.number is not None]
    ends_there = bool(places) and places[-1].at + places[-1].size == header.free
    is_chunk = chunk.startswith(CHUNK_MAGIC)
    expected = header.records(numbers) if header.valid or (is_chunk and not ends_there) else 0
    if not places and not expected:
        result.strange = not is_chunk or len(raw) < CHUNK_BYTES
        return result
    whole = [place for place in places if place.at + place.size <= len(raw)]
    read = _read(chunk, whole)
    for place in whole:
        document = read.get(place.at) or read_alone(chunk, place)
        if document is not None:
            result.events.append(Event(place.at, place.size, document))
    result.lost = _lost(places, {event.at for event in result.events}, header, expected)
    within = _FIRST <= header.free <= len(raw)
    result.sealed = within and zlib.crc32(chunk[_FIRST : header.free]) == header.records_crc
    return result


def _lost(places: Sequence[Place], read: set[int], header: _Header, expected: int) -> list[int | None]:
    """Numbers of the records that were not read: those that stand there, and those only the header knows of."""
    unread = [place.number for place in places if place.at not in read]
    seen = {place.number for place in places}
    unseen = [number for number in range(header.first, header.first + expected) if number not in seen]
    lost: list[int | None] = [number for number in unread if number is not None]
    between = _between(places, read)
    if not expected:
        return [*lost, *between]
    missing = max(0, max(expected, len(seen - {None})) - len(read) - len(lost))
    lost += unseen[:missing]
    return lost + [None] * (missing - len(unseen[:missing]))


def _between(places: Sequence[Place], read: set[int]) -> list[int | None]:
    """Numbers of the records where the beginnings are damaged, by those around them."""
    lost: list[int | None] = []
    last = None
    for index, place in enumerate(places):
        if place.number is not None:
            last = place.number
        elif place.at not in read:
            after = places[index + 1].number if index + 1 < len(places) else None
            lost += [None] if last is None or after is None else list(range(last + 1, after))
    return lost


def _places(chunk: bytes, header: _Header, size: int) -> list[Place]:
    """Where the records of a chunk stand: up to its free space, and those behind it that go on with the numbers."""
    stop = header.free if header.valid and _FIRST <= header.free <= CHUNK_BYTES else CHUNK_BYTES
    places: list[Place] = []
    at, last = _FIRST, None
    while at + _LEAST_RECORD <= size:
        place = _place(chunk, at, size)
        if place is None:
            if at >= stop or at == header.free:
                break
            found = _next(chunk, at, min(stop, size), last, header.last if header.valid else None)
            if found is None and (not header.valid or not chunk[at:stop].strip(b"\0")):
                break
            place = Place(at, (found or min(stop, size)) - at, None)
        elif (at >= stop or not header.valid) and _is_old(chunk, place, last, size):
            break
        places.append(place)
        if place.number is not None:
            last = place.number if last is None or last < place.number < last + CHUNK_BYTES else last + 1
        elif last is not None:
            last = None
        at += place.size
    return places


def _is_old(chunk: bytes, place: Place, last: int | None, size: int) -> bool:
    """Whether a record is what an earlier use of the space has left there: the numbers do not go on."""
    if last is None or place.number == last + 1:
        return False
    end = place.at + place.size
    after = _place(chunk, end, size) if end + _LEAST_RECORD <= size else None
    return after is None or after.number != last + 2


def _place(chunk: bytes, at: int, size: int) -> Place | None:
    """The record at a byte; one that the file ends within is longer than the chunk's bytes that are there."""
    magic, length, number, _ = _RECORD.unpack_from(chunk, at)
    if magic != _RECORD_MAGIC or not _LEAST_RECORD <= length <= CHUNK_BYTES - at:
        return None
    end = at + length
    is_whole = chunk[end - 4 : end] == chunk[at + 4 : at + 8]
    goes_on = chunk[end : end + 4] in {_RECORD_MAGIC, b"\0\0\0\0", b""}
    return Place(at, length, number) if is_whole or goes_on or end > size else None


def _next(chunk: bytes, gap: int, stop: int, last: int | None, most: int | None) -> int | None:
    """Where the next whole record begins, behind one whose beginning is damaged.

    Args:
        chunk: All of it.
        gap: Where the damaged one stands.
        stop: Where the records end.
        last: Number of the record before it.
        most: Number of the last record.
    """
    at = chunk.find(_RECORD_MAGIC, gap + 1, stop)
    while at >= 0 and at + _LEAST_RECORD <= stop:
        _, length, number, _ = _RECORD.unpack_from(chunk, at)
        end = at + length
        is_whole = length >= _LEAST_RECORD and end <= stop and chunk[end - 4 : end] == chunk[at + 4 : at + 8]
        goes_on = last is None or last + 2 <= number <= last + 1 + (at - gap) // _LEAST_RECORD
        if is_whole and goes_on and (most is None or number <= most):
            return at
        at = chunk.find(_RECORD_MAGIC, at + 1, stop)
    return None


def _read(chunk: bytes, places: Sequence[Place]) -> dict[int, dict[str, Any]]:
    """JSON of the records by where they stand; without those that cannot be read this way."""
    if not places:
        return {}
    first = next((place.number for place in places if place.number is not None), 0)
    last = next((place.number for place in reversed(places) if place.number is not None), 0)
    by_number: dict[int, list[Place]] = {}
    for place in places:
        if place.number is not None:
            by_number.setdefault(place.number, []).append(place)
    found: dict[int, dict[str, Any]] = {}
    for number, document in _parsed(_headed(chunk, first, last, places[-1].at + places[-1].size), len(places)):
        if waiting := by_number.get(number):
            found[waiting.pop(0).at] = document
    return found


def read_alone(chunk: bytes, place: Place, *, strict: bool = True) -> dict[str, Any] | None:
    """JSON of one record, read from a copy of its chunk that holds no other: the space before it is one record.

    Args:
        chunk: All of it.
        place: Where the record stands.
        strict: False takes names with control characters in them too.
    """
    copy = bytearray(_headed(chunk, _MARK - 1, _MARK, place.at + place.size))
    if place.at > _FIRST:
        before = place.at - _FIRST
        if before < _LEAST_RECORD:
            return None
        _RECORD.pack_into(copy, _FIRST, _RECORD_MAGIC, before, _MARK - 1, 0)
    _RECORD.pack_into(copy, place.at, _RECORD_MAGIC, place.size, _MARK, 0)
    return next((document for number, document in _parsed(bytes(copy), 2, strict=strict) if number == _MARK), None)


def _headed(chunk: bytes, first: int, last: int, free: int) -> bytes:
    """The chunk with a header that tells of the records there are.

    Without its tables of names and templates, which save a sixth of the time: where damage has made a chain of names
    a ring, the package never comes to its end.
    """
    return b"".join(
        (
            CHUNK_MAGIC,
            struct.pack("<QQQQI", first, last, first, last, 128),
            chunk[44:48],
            struct.pack("<I", free),
            chunk[52:128],
            bytes(_FIRST - 128),
            chunk[_FIRST:],
        )
    )


def _parsed(chunk: bytes, records: int, *, strict: bool = True) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and JSON of what the package reads in a chunk."""
    import json

    import orjson
    from evtx import PyEvtxParser

    failures = 0
    try:
        parser = PyEvtxParser(io.BytesIO(_FILE_HEADER + chunk), 1).records_json()
    except BaseException as error:
        if _is_failure(error):
            return
        raise
    while failures <= records:
        try:
            record = next(parser)
            if record is None:
                continue
            document = orjson.loads(record["data"]) if strict else json.loads(record["data"], strict=False)
        except StopIteration:
            return
        except BaseException as error:
            if not _is_failure(error):
                raise
            failures += 1
            continue
        if isinstance(document, dict):
            yield record["event_record_id"], document


def _is_failure(error: BaseException) -> bool:
    """Whether an error is what the package says of bytes that it cannot read: a panic of its own is no Exception."""
    return isinstance(error, (OSError, RuntimeError, ValueError)) or type(error).__name__ == "PanicException"
