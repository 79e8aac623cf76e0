"""Tells by its first bytes whether content is compressed or an archive."""

from __future__ import annotations

import re
from enum import Enum

from twsla.sources.tar_headers import BLOCK_BYTES, parse_header

HEAD_BYTES = 1024
"""How many first bytes ``sniff`` wants (fewer are judged as they are)."""


class Shell(Enum):
    """What content is wrapped in; the value is the word for it in messages."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZMA = "lzma"
    ZSTD = "zstd"
    LZ4 = "lz4"
    TAR = "tar"
    ZIP = "zip"
    SEVENZIP = "7z"


COMPRESSIONS = frozenset({Shell.GZIP, Shell.BZIP2, Shell.XZ, Shell.LZMA, Shell.ZSTD, Shell.LZ4})

_STARTS = (
    (re.compile(rb"\x1f\x8b\x08[\x00-\x1f]", re.DOTALL), Shell.GZIP),
    # The block or end-of-stream mark after the level tells a bzip2 stream from text that begins with "BZh".
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), Shell.BZIP2),
    (re.compile(rb"\xfd7zXZ\x00"), Shell.XZ),
    (re.compile(rb"(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)", re.DOTALL), Shell.ZSTD),
    (re.compile(rb"\x04\x22\x4d\x18"), Shell.LZ4),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06|\x06\x06|(?:00|\x07\x08)PK\x03\x04)"), Shell.ZIP),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), Shell.SEVENZIP),
)
_LZMA_ALONE = re.compile(rb"\x5d\x00\x00..(?:\xff{8}|.{5}\x00{3})", re.DOTALL)

_UNSUPPORTED = (
    (re.compile(rb"Rar!\x1a\x07"), "RAR"),
    (re.compile(rb"MSCF\x00{4}"), "CAB"),
    (re.compile(rb"\x1f\x9d"), "compress (.Z)"),
    (re.compile(rb"LZIP\x01"), "lzip"),
    (re.compile(rb"\x02\x21\x4c\x18"), "legacy LZ4"),
    # The whole header is matched, since a text log may well begin with the date 070701.
    (re.compile(rb"07070[12][0-9A-Fa-f]{104}|070707[0-7]{70}"), "cpio"),
)

_SUFFIXES = {
    "gz": Shell.GZIP,
    "tgz": Shell.GZIP,
    "bz2": Shell.BZIP2,
    "tbz": Shell.BZIP2,
    "tbz2": Shell.BZIP2,
    "xz": Shell.XZ,
    "txz": Shell.XZ,
    "lzma": Shell.LZMA,
    "zst": Shell.ZSTD,
    "zstd": Shell.ZSTD,
    "tzst": Shell.ZSTD,
    "lz4": Shell.LZ4,
    "tar": Shell.TAR,
    "zip": Shell.ZIP,
    "7z": Shell.SEVENZIP,
}


def promised(name: str) -> Shell | None:
    """What the suffix of a file name promises."""
    return _SUFFIXES.get(name.rpartition(".")[2].lower()) if "." in name else None


def sniff(head: bytes, name: str) -> Shell | None:
    """What the content is wrapped in, judged by its first ``HEAD_BYTES`` bytes.

    The name only decides where content cannot: a bare LZMA stream has no mark of its own, and an empty tar is zeros.
    """
    for start, shell in _STARTS:
        if start.match(head):
            return shell
    if head[:1] > b"\0" and parse_header(head[:BLOCK_BYTES]):
        return Shell.TAR
    expected = promised(name)
    if expected is Shell.LZMA and _LZMA_ALONE.match(head):
        return Shell.LZMA
    if expected is Shell.TAR and len(head) >= BLOCK_BYTES and not head.strip(b"\0"):
        return Shell.TAR
    return None


def unsupported(head: bytes) -> str | None:
    """The name of a packing that is recognised but cannot be read, or None."""
    return next((title for start, title in _UNSUPPORTED if start.match(head)), None)
