"""The directory of a zip archive: the central one, or, where that is lost, the headers in front of the members.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5; Info-ZIP's extra fields for times and names.
"""

from __future__ import annotations

import calendar
import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.sources.backing import read_exactly
from twsla.sources.base import CHUNK_BYTES, ProblemKind
from twsla.sources.member import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.sources.backing import Backing
    from twsla.sources.streams import Stream

LOCAL_MARK, CENTRAL_MARK, DESCRIPTOR_MARK, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08", b"PK\x05\x06"
_END64_MARK, _LOCATOR64_MARK = b"PK\x06\x06", b"PK\x06\x07"
LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_LOCATOR64 = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_MOST_COMMENT = 65535
_FILETIME_1970 = 116_444_736_000_000_000

ENCRYPTED, DESCRIPTOR, STRONG, UTF8 = 0x1, 0x8, 0x40, 0x800
STORED = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One member, as a directory describes it."""

    name: str
    flags: int
    method: int
    crc: int | None
    """None: not checked (AES with AE-2, or a member whose directory is lost)."""
    packed_bytes: int
    size_bytes: int | None
    header_start: int
    """Where its local header is; the data follows that."""
    mtime_ns: int | None
    check_byte: int
    """What the last byte of a ZipCrypto header must be."""
    aes: tuple[int, int] | None = None
    """Strength (1, 2, 3) and version of WinZip's AES; ``method`` is then the real one."""
    unix_mode: int = 0


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the central directory is."""

    start: int
    size_bytes: int
    entries: int
    shift: int
    """What stands before the archive (a self-extracting program): to be added to every position in it."""


def find_directory(backing: Backing) -> Directory | None:
    """The central directory; None if there is none (a cut or damaged archive).

    Raises:
        Refused: the archive is a part of several.
    """
    tail_start = max(0, backing.size_bytes - _MOST_COMMENT - _END.size)
    tail = read_exactly(backing, tail_start, _MOST_COMMENT + _END.size)
    at = tail.rfind(END_MARK)
    while at >= 0:
        if len(tail) - at >= _END.size and (found := _directory(backing, tail_start + at, tail[at : at + _END.size])):
            return found
        at = tail.rfind(END_MARK, 0, at)
    return None


def _directory(backing: Backing, end_at: int, record: bytes) -> Directory | None:
    """The directory that an end record describes, if one is there."""
    _, disk, first_disk, _, entries, size, start, _ = _END.unpack(record)
    end_of_directory = end_at
    locator = read_exactly(backing, end_at - _LOCATOR64.size, _LOCATOR64.size) if end_at >= _LOCATOR64.size else b""
    if locator.startswith(_LOCATOR64_MARK):
        _, _, end64_at, _ = _LOCATOR64.unpack(locator)
        for place in (end64_at, end_at - _LOCATOR64.size - _END64.size):
            record = read_exactly(backing, place, _END64.size)
            if record.startswith(_END64_MARK) and len(record) == _END64.size:
                _, _, _, _, disk, first_disk, _, entries, size, start = _END64.unpack(record)
                end_of_directory = place
                break
    if disk != first_disk or (disk and disk not in (0xFFFF, 0xFFFFFFFF)):
        raise Refused(ProblemKind.UNSUPPORTED, "is one part of a split zip; join the parts first")
    shift = end_of_directory - size - start
    if shift < 0 or (size and read_exactly(backing, start + shift, 4) != CENTRAL_MARK):
        return None
    return Directory(start + shift, size, entries, shift)


def central_entries(backing: Backing, directory: Directory) -> Iterator[Entry]:
    """The members in the order of the central directory.

    Raises:
        Refused: an entry is damaged.
        DamagedError: the directory cannot be read.
    """
    with backing.stream(directory.start, directory.size_bytes) as stream:
        left, number = directory.size_bytes, 0
        while left >= _CENTRAL.size:
            fixed = _exactly(stream, _CENTRAL.size)
            if not fixed.startswith(CENTRAL_MARK):
                break
            fields = _CENTRAL.unpack(fixed)
            variable = _exactly(stream, sum(fields[10:13]))
            left -= len(fixed) + len(variable)
            number += 1
            yield _entry(fields, variable, directory.shift)
    # The count of an archive without zip64 records wraps at 65,536.
    if left or number & 0xFFFF != directory.entries & 0xFFFF:
        why = f"the directory names {directory.entries:,} members and holds {number:,} readable entries"
        raise Refused(ProblemKind.DAMAGED, why)


def _exactly(stream: Stream, size: int) -> bytes:
    """``size`` bytes of a stream that raises when it is too short."""
    data = stream.read(size) if size else b""
    while len(data) < size:
        part = stream.read(size - len(data))
        if not part:
            break
        data += part
    return data


def _entry(fields: tuple[int, ...], variable: bytes, shift: int) -> Entry:
    """One central entry: its unpacked fixed part, and name, extra fields and comment."""
    _, made_by, _, flags, method, time, date, crc, packed, size, name_len, extra_len, _, _, _, external, start = fields
    name, extra = variable[:name_len], _extra_fields(variable[name_len : name_len + extra_len])
    size, packed, start = _zip64(extra.get(0x0001, b""), size, packed, start)
    mtime_ns = _mtime_ns(extra, date, time)
    is_unix = made_by >> 8 in (3, 19)
    return _finished(
        Entry(
            name=_name(name, flags, extra),
            flags=flags,
            method=method,
            crc=crc,
            packed_bytes=packed,
            size_bytes=size,
            header_start=start + shift,
            mtime_ns=mtime_ns,
            check_byte=(time >> 8) & 0xFF if flags & DESCRIPTOR else crc >> 24,
            unix_mode=external >> 16 if is_unix else 0,
        ),
        extra,
    )


def local_entries(backing: Backing) -> Iterator[Entry]:
    """The members found by their local headers, from front to back.

    Their names, sizes and times are as in the directory, links and other file modes are not told.
    """
    start = find_mark(backing, LOCAL_MARK, 0)
    while start is not None:
        entry = _local_entry(backing, start)
        if entry is not None:
            yield entry
            start = data_start(backing, entry) + entry.packed_bytes
        else:
            start += len(LOCAL_MARK)
        start = find_mark(backing, LOCAL_MARK, start)


def data_start(backing: Backing, entry: Entry) -> int:
    """Where the data of a member begins: after its local header.

    Raises:
        Refused: there is no local header.
    """
    fixed = read_exactly(backing, entry.header_start, LOCAL.size)
    if len(fixed) < LOCAL.size or not fixed.startswith(LOCAL_MARK):
        raise Refused(ProblemKind.DAMAGED, f"there is no member at byte {entry.header_start:,}, where it should be")
    name_len, extra_len = LOCAL.unpack(fixed)[-2:]
    return entry.header_start + LOCAL.size + int(name_len) + int(extra_len)


def _local_entry(backing: Backing, start: int) -> Entry | None:
    """The member whose local header is at ``start``; None if that is no plausible header."""
    fixed = read_exactly(backing, start, LOCAL.size)
    if len(fixed) < LOCAL.size:
        return None
    _, version, flags, method, time, date, crc, packed, size, name_len, extra_len = LOCAL.unpack(fixed)
    variable = read_exactly(backing, start + LOCAL.size, name_len + extra_len)
    if version & 0xFF > 100 or not name_len or len(variable) < name_len + extra_len:
        return None
    extra = _extra_fields(variable[name_len:])
    size, packed, _ = _zip64(extra.get(0x0001, b""), size, packed, 0)
    if flags & DESCRIPTOR and not packed:
        crc, packed, size = _from_descriptor(backing, start + LOCAL.size + len(variable))
    return _finished(
        Entry(
            name=_name(variable[:name_len], flags, extra),
            flags=flags,
            method=method,
            crc=crc,
            packed_bytes=packed,
            size_bytes=size,
            header_start=start,
            mtime_ns=_mtime_ns(extra, date, time),
            check_byte=(time >> 8) & 0xFF if flags & DESCRIPTOR else (crc or 0) >> 24,
        ),
        extra,
    )


def _from_descriptor(backing: Backing, start: int) -> tuple[int | None, int, int | None]:
    """CRC, packed size and size from the record behind data of unknown length that begins at ``start``.

    That record is known by naming its own distance from ``start``. Without one, the data goes on to the next header.
    """
    at = find_mark(backing, DESCRIPTOR_MARK, start)
    while at is not None:
        record = read_exactly(backing, at, 24)
        for form in ("<LLL", "<LQQ"):
            if len(record) >= 4 + struct.calcsize(form):
                crc, packed, size = struct.unpack_from(form, record, 4)
                if packed == at - start:
                    return crc, packed, size
        at = find_mark(backing, DESCRIPTOR_MARK, at + len(DESCRIPTOR_MARK))
    following = find_mark(backing, LOCAL_MARK, start)
    return None, (backing.size_bytes if following is None else following) - start, None


def find_mark(backing: Backing, mark: bytes, start: int) -> int | None:
    """Where the next four-byte mark is, at ``start`` or later."""
    if start >= backing.size_bytes:
        return None
    with backing.stream(start) as stream:
        kept, position = b"", start
        while part := stream.read(CHUNK_BYTES):
            data = kept + part
            found = data.find(mark)
            if found >= 0:
                return position + found
            kept = data[-len(mark) + 1 :]
            position += len(data) - len(kept)
    return None


def _extra_fields(data: bytes) -> dict[int, bytes]:
    """Extra fields by their number; the first of each."""
    fields: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(data):
        tag, size = struct.unpack_from("<HH", data, position)
        fields.setdefault(tag, data[position + 4 : position + 4 + size])
        position += 4 + size
    return fields


def _zip64(field: bytes, size: int, packed: int, start: int) -> tuple[int, int, int]:
    """Size, packed size and position, taken from the zip64 field where they did not fit (4.5.3)."""
    values = [size, packed, start]
    position = 0
    for index, value in enumerate(values):
        if value == 0xFFFFFFFF and position + 8 <= len(field):
            (values[index],) = struct.unpack_from("<Q", field, position)
            position += 8
    return values[0], values[1], values[2]


def _name(raw: bytes, flags: int, extra: dict[int, bytes]) -> str:
    """A member's name: UTF-8 if it says so or is, else by its Unicode field, else code page 437 (appendix D)."""
    unicode_path = extra.get(0x7075, b"")
    if len(unicode_path) > 5 and struct.unpack_from("<L", unicode_path, 1)[0] == zlib.crc32(raw):
        raw, flags = unicode_path[5:], flags | UTF8
    try:
        return raw.decode("utf-8", "surrogateescape" if flags & UTF8 else "strict")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _mtime_ns(extra: dict[int, bytes], date: int, time: int) -> int | None:
    """Modification time: Unix or NTFS fields (UTC); else the DOS time, which names no zone, as if it were UTC."""
    unix, ntfs = extra.get(0x5455, b""), extra.get(0x000A, b"")
    if len(unix) >= 5 and unix[0] & 1:
        return int(struct.unpack_from("<l", unix, 1)[0]) * 1_000_000_000
    if len(ntfs) >= 16 and ntfs[4:8] == b"\x01\0\x18\0":
        return (int(struct.unpack_from("<Q", ntfs, 8)[0]) - _FILETIME_1970) * 100
    year, month, day = 1980 + (date >> 9), (date >> 5) & 15, date & 31
    if not (1 <= month <= 12 and day):
        return None
    clock = (year, month, day, time >> 11, (time >> 5) & 63, 2 * (time & 31))
    return calendar.timegm(clock) * 1_000_000_000


def _finished(entry: Entry, extra: dict[int, bytes]) -> Entry:
    """With what the AES field says, if there is one (WinZip AE-1 and AE-2)."""
    field = extra.get(0x9901, b"")
    if entry.method != 99 or len(field) < 7:
        return entry
    version, _, strength, method = struct.unpack_from("<H2sBH", field)
    return replace(entry, method=method, aes=(strength, version), crc=None if version == 2 else entry.crc)
