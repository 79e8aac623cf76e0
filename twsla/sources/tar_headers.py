"""The headers of a tar archive: v7, ustar, pax and GNU, one entry after another.

Source: POSIX.1-2017 "pax - portable archive interchange", and the GNU tar manual, "Basic Tar Format" and "Storing
Sparse Files". The standard library's reader is not used: it takes a damaged header in the middle for the end of the
archive without a word, loses what it has read when its input breaks, and reads a header of any claimed size at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BLOCK_BYTES = 512
MOST_META_BYTES = 8 << 20
"""Longest extended header that is believed."""
_MOST_NS = 2**63 - 1

REGULAR, HARD_LINK, SYMLINK, CHAR_DEVICE, BLOCK_DEVICE, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
PAX, PAX_GLOBAL, PAX_SOLARIS, LONG_NAME, LONG_LINK = b"x", b"g", b"X", b"L", b"K"
GNU_SPARSE, GNU_DUMPDIR, GNU_VOLUME, GNU_CONTINUED = b"S", b"D", b"V", b"M"
META = frozenset({PAX, PAX_GLOBAL, PAX_SOLARIS, LONG_NAME, LONG_LINK})

Segments = list[tuple[int, int]]
"""Offset and length of the parts of a sparse file that are stored; the rest is zeros."""


@dataclass(frozen=True, slots=True)
class Header:
    """One 512-byte header block, as it stands."""

    name: bytes
    type: bytes
    size_bytes: int
    mtime_s: int | None
    link: bytes
    block: bytes


@dataclass(frozen=True, slots=True)
class Extension:
    """What extended headers say about the entry that follows them."""

    name: bytes | None = None
    link: bytes | None = None
    size_bytes: int | None = None
    mtime_ns: int | None = None
    sparse: tuple[tuple[bytes, bytes], ...] = ()
    """The GNU.sparse records, in order, without that prefix."""


def number(field: bytes) -> int | None:
    """A numeric header field: octal digits, or base 256 when the first bit is set; None if it is neither."""
    if field[:1] >= b"\x80":
        value = int.from_bytes(field, "big", signed=False) & ((1 << (8 * len(field) - 1)) - 1)
        return value if field[0] != 0xFF else value - (1 << (8 * len(field) - 1))
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    return int(digits, 8) if re.fullmatch(rb"[0-7]+", digits) else None


def has_valid_checksum(block: bytes) -> bool:
    """Whether a block is a tar header: the sum of its bytes (signed or not), blanks for the sum itself."""
    stored = number(block[148:156])
    blanked = block[:148] + b" " * 8 + block[156:BLOCK_BYTES]
    total = sum(blanked)
    signed = total - 256 * sum(byte > 127 for byte in blanked)
    return stored in (total, signed)


def parse_header(block: bytes) -> Header | None:
    """A header block; None if it is none, or its size makes no sense."""
    size = number(block[124:136])
    if len(block) < BLOCK_BYTES or not has_valid_checksum(block) or size is None or size < 0:
        return None
    name = block[:100].partition(b"\0")[0]
    kind = block[156:157].replace(b"\0", REGULAR)
    prefix = block[345:500].partition(b"\0")[0]
    # GNU headers ("ustar  ") keep other things where POSIX has the prefix.
    if prefix and block[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    if kind == REGULAR and name.endswith(b"/"):
        kind = DIRECTORY
    return Header(name, kind, size, number(block[136:148]), block[157:257].partition(b"\0")[0], block)


def stored_bytes(header: Header, extension: Extension) -> int:
    """How many bytes of data follow the header; links and devices have none, whatever their size field says."""
    if header.type in (HARD_LINK, SYMLINK, CHAR_DEVICE, BLOCK_DEVICE, DIRECTORY, FIFO):
        return 0
    return header.size_bytes if extension.size_bytes is None else extension.size_bytes


def parse_pax(data: bytes) -> Extension:
    r"""The records of a pax header ("30 mtime=1321711775.905143\n"); reading stops at a record that is none."""
    values: dict[bytes, bytes] = {}
    sparse = []
    position = 0
    while found := re.compile(rb"(\d{1,9}) ([^=\n]+)=").match(data, position):
        end = position + int(found[1])
        if end <= found.end() or data[end - 1 : end] != b"\n":
            break
        key, value = found[2], data[found.end() : end - 1]
        if key.startswith(b"GNU.sparse."):
            sparse.append((key.removeprefix(b"GNU.sparse."), value))
        values[key] = value
        position = end
    name = dict(sparse).get(b"name", values.get(b"path"))
    size = values.get(b"size", b"")
    return Extension(
        name=name,
        link=values.get(b"linkpath"),
        size_bytes=int(size) if re.fullmatch(rb"\d{1,19}", size) else None,
        mtime_ns=_nanoseconds(values.get(b"mtime", b"")),
        sparse=tuple(sparse),
    )


def _nanoseconds(text: bytes) -> int | None:
    """A decimal number of seconds in nanoseconds, cut; None if it is none or out of range."""
    found = re.fullmatch(rb"(-?)(\d{1,12})(?:\.(\d*))?", text)
    if not found:
        return None
    value = int(found[2]) * 1_000_000_000 + int((found[3] or b"").ljust(9, b"0")[:9])
    return in_range(-value if found[1] else value)


def in_range(ns: int) -> int | None:
    """The value if it fits into 64 bits."""
    return ns if -_MOST_NS <= ns <= _MOST_NS else None


def merged(general: Extension, own: Extension) -> Extension:
    """What holds for an entry: its own extended header before the global one."""
    return Extension(
        name=general.name if own.name is None else own.name,
        link=general.link if own.link is None else own.link,
        size_bytes=general.size_bytes if own.size_bytes is None else own.size_bytes,
        mtime_ns=general.mtime_ns if own.mtime_ns is None else own.mtime_ns,
        sparse=own.sparse,
    )
