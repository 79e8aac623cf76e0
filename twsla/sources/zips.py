"""Reads zip archives: each member on its own, all of them also where the directory is lost.

The standard library's reader gives up a whole archive for a lost directory, and throws away up to a megabyte that it
has decompressed when a member turns out to be damaged.
"""

from __future__ import annotations

import stat
from array import array
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from twsla.sources.base import DamagedError, ProblemKind, printable
from twsla.sources.budget import Meter
from twsla.sources.compressed import DecodedStream
from twsla.sources.content import Content
from twsla.sources.decoders import CODECS, DEFLATE, DEFLATE64
from twsla.sources.magic import Shell
from twsla.sources.member import Archive, Member, Refused
from twsla.sources.packages import MissingPackage
from twsla.sources.streams import CheckedStream, PrefixedStream, Stream, WrappedStream
from twsla.sources.zip_crypto import AesStream, TraditionalStream
from twsla.sources.zip_directory import (
    ENCRYPTED,
    LOCAL,
    STORED,
    STRONG,
    Entry,
    central_entries,
    data_start,
    find_directory,
    local_entries,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.sources.backing import Backing
    from twsla.sources.zip_directory import Directory

_MOST_TIMES_READ = 4
_LZMA_METHOD = 14
_CODECS = {
    8: DEFLATE,
    9: DEFLATE64,
    12: CODECS[Shell.BZIP2],
    _LZMA_METHOD: CODECS[Shell.LZMA],
    93: CODECS[Shell.ZSTD],
    95: CODECS[Shell.XZ],
}
_METHOD_TITLES = {1: "Shrink", 6: "Implode", 98: "PPMd", 96: "JPEG", 97: "WavPack"}


def zip_members(backing: Backing, archive: Archive) -> Iterator[Member]:
    """The regular files of a zip archive in the order of its directory; they can be read at any time.

    Raises:
        Refused: part of a split archive, or too many entries.
        DamagedError: the file cannot be read.
    """
    directory = find_directory(backing)
    overlapping: set[int] = set()
    if directory is not None:
        try:
            overlapping = _overlapping(backing, directory, archive.limits.members)
        except Refused as refused:
            archive.problem(refused.kind, f"{refused.sentence}; its members are sought by their own headers")
            directory = None
    else:
        archive.problem(
            ProblemKind.DAMAGED,
            "has no directory at its end: it was cut short or damaged; its members are sought by their own headers",
        )
    if directory is None:
        yield from _members(local_entries(backing), backing, archive, overlapping)
    else:
        yield from _members(central_entries(backing, directory), backing, archive, overlapping)


def _members(entries: Iterator[Entry], backing: Backing, archive: Archive, overlapping: set[int]) -> Iterator[Member]:
    for number, entry in enumerate(entries):
        archive.count_entry()
        if entry.name.endswith(("/", "\\")) and not entry.size_bytes:
            continue
        try:
            if number in overlapping:
                why = "shares its bytes with another member, as in a decompression bomb; it is not read"
                raise Refused(ProblemKind.LIMIT, why)
            content = _content(entry, backing, archive)
        except Refused as refused:
            archive.problem(refused.kind, refused.sentence, entry.name)
        except DamagedError as error:
            archive.problem(error.kind, error.why, entry.name)
        except MissingPackage as error:
            archive.problem(ProblemKind.UNSUPPORTED, f"{error}", entry.name)
        else:
            yield Member(entry.name, content)


def _overlapping(backing: Backing, directory: Directory, most_entries: int) -> set[int]:
    """Numbers of the members that must not be read, since their bytes are those of other members.

    Those are all but the first that begin at the same place; and, once four times the archive's size has been asked
    for, all that overlap at all. (One member whose size is damaged in the directory overlaps many that are sound.)
    Reads the directory once up to ``most_entries``, so it also finds out whether that is sound.

    Raises:
        Refused: the directory is damaged.
        DamagedError: it cannot be read.
    """
    starts, ends = array("q"), array("q")
    for entry in islice(central_entries(backing, directory), most_entries):
        # The extra field of the local header is not known without reading it, so this is the least the end can be.
        ends.append(min(entry.header_start + LOCAL.size + entry.packed_bytes, backing.size_bytes))
        starts.append(min(entry.header_start, backing.size_bytes))
    found: set[int] = set()
    reached, previous, asked_for = -1, -1, 0
    for number in sorted(range(len(starts)), key=lambda each: (starts[each], each)):
        asked_for += max(0, ends[number] - starts[number])
        is_far_too_much = asked_for > _MOST_TIMES_READ * backing.size_bytes
        if starts[number] == previous or (starts[number] < reached and is_far_too_much):
            found.add(number)
        reached, previous = max(reached, ends[number]), starts[number]
    return found


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens one member."""

    entry: Entry
    backing: Backing
    start: int
    meter: Meter
    password: bytes | None

    def __call__(self) -> Stream:
        """The decrypted, decompressed and checked content.

        Raises:
            DamagedError: the password is wrong, or the file has vanished.
        """
        try:
            if self.entry.size_bytes is None:
                return _UnendedStream(self._decoded())
            return CheckedStream(self._decoded(), self.entry.size_bytes, self.entry.crc)
        except Refused as refused:
            raise DamagedError(0, refused.sentence, kind=refused.kind) from refused

    def _decoded(self) -> Stream:
        codec = _CODECS.get(self.entry.method)
        if codec is None:
            return self._packed()
        return DecodedStream(self._packed(), codec, self.meter, again=self._packed)

    def _packed(self) -> Stream:
        """The decrypted, still compressed content."""
        raw = self.backing.stream(self.start, self.entry.packed_bytes)
        if self.entry.flags & ENCRYPTED and self.password is not None:
            cipher = AesStream if self.entry.aes else TraditionalStream
            raw = cipher(raw, self.entry, self.password)
        return _with_lzma_header(raw, self.entry) if self.entry.method == _LZMA_METHOD else raw


class _UnendedStream(WrappedStream):
    """A member whose size and check sum stood behind it and are lost: nobody can tell whether it is all there."""

    def pull(self, size: int) -> bytes:
        """Read on; the end is damage."""
        data = self._inner.read(size)
        if not data:
            raise self.damaged("the record of its size and check sum is missing, so it may have been cut short")
        return data


def _content(entry: Entry, backing: Backing, archive: Archive) -> Content:
    """The content of one member.

    Raises:
        Refused: it cannot be read: a link, encrypted without password or with another, an unknown compression.
        MissingPackage: a package to decrypt it is not installed.
    """
    if stat.S_ISLNK(entry.unix_mode):
        raise Refused(
            ProblemKind.SKIPPED, f"is a symbolic link to {_link_target(entry, backing)}, which is not followed"
        )
    if stat.S_IFMT(entry.unix_mode) not in (0, stat.S_IFREG):
        raise Refused(ProblemKind.SKIPPED, "is a device or another special file")
    if entry.flags & STRONG:
        raise Refused(ProblemKind.UNSUPPORTED, "is encrypted in PKWARE's own way, which cannot be read")
    if entry.flags & ENCRYPTED and archive.password is None:
        raise Refused(ProblemKind.ENCRYPTED, "is encrypted; give its password with --password")
    if entry.method != STORED and entry.method not in _CODECS:
        title = _METHOD_TITLES.get(entry.method, f"number {entry.method}")
        raise Refused(ProblemKind.UNSUPPORTED, f"is compressed in a way that cannot be read ({title})")
    start = data_start(backing, entry)
    password = None if archive.password is None else archive.password.encode("utf-8", "surrogateescape")
    opener = _Opener(entry, backing, start, Meter(archive.budget), password)
    if entry.flags & ENCRYPTED:
        # A wrong password is said at once, not when the member is read.
        opener().close()
    plain = entry.method == STORED and not entry.flags & ENCRYPTED
    return Content(
        opener,
        entry.size_bytes,
        entry.mtime_ns,
        None if entry.mtime_ns is None else "member",
        backing=backing.section(start, entry.packed_bytes) if plain else None,
    )


def _link_target(entry: Entry, backing: Backing) -> str:
    """What a symbolic link points to, if that stands there uncompressed."""
    if entry.method != STORED or entry.flags & ENCRYPTED or entry.packed_bytes > 4096:
        return "something"
    with backing.stream(data_start(backing, entry), entry.packed_bytes) as stream:
        return printable(stream.readall().decode("utf-8", "surrogateescape"))


def _with_lzma_header(raw: Stream, entry: Entry) -> Stream:
    """Zip's LZMA data as an ".lzma" stream: the properties, the size or "unknown", the data (APPNOTE 5.8.8)."""
    head = raw.read(4)
    properties = raw.read(int.from_bytes(head[2:4], "little")) if len(head) == 4 else b""
    ends_itself = entry.flags & 2 or entry.size_bytes is None
    size = b"\xff" * 8 if ends_itself or entry.size_bytes is None else entry.size_bytes.to_bytes(8, "little")
    return PrefixedStream(properties + size, raw)
