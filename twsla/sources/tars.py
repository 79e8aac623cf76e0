"""Reads tar archives forward, member by member, past damaged headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from twsla.sources.base import ProblemKind, printable
from twsla.sources.content import Content, OneShot
from twsla.sources.in_turn import InTurnStream
from twsla.sources.member import Archive, Member
from twsla.sources.tar_headers import (
    BLOCK_BYTES,
    BLOCK_DEVICE,
    CHAR_DEVICE,
    DIRECTORY,
    FIFO,
    GNU_CONTINUED,
    GNU_DUMPDIR,
    GNU_SPARSE,
    GNU_VOLUME,
    HARD_LINK,
    LONG_LINK,
    LONG_NAME,
    META,
    MOST_META_BYTES,
    PAX_GLOBAL,
    SYMLINK,
    Extension,
    Header,
    in_range,
    merged,
    parse_header,
    parse_pax,
    stored_bytes,
)
from twsla.sources.tar_input import TarInput
from twsla.sources.tar_sparse import SparseStream, is_sound, old_map, pax_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.sources.backing import Backing
    from twsla.sources.base import MtimeOrigin
    from twsla.sources.tar_headers import Segments

_OTHERS = {CHAR_DEVICE: "device", BLOCK_DEVICE: "device", FIFO: "named pipe"}


def tar_members(content: Content, archive: Archive) -> Iterator[Member]:
    """The regular files of a tar archive, in its order; what is left out, and why, is reported to ``archive``.

    Where the archive has random access, members can be read at any time; otherwise each only in its turn.
    """
    with TarInput(content) as source:
        yield from _Tar(source, content.backing, archive).members()


@dataclass(slots=True)
class _Entry:
    """A header with all that its extended headers say."""

    header: Header
    extension: Extension
    name: str
    size_bytes: int
    """Bytes stored after the header."""
    mtime_ns: int | None


@dataclass(slots=True)
class _Tar:
    """One archive being read."""

    source: TarInput
    backing: Backing | None
    archive: Archive
    pax: Extension = field(default_factory=Extension)
    """The global extended header."""

    def members(self) -> Iterator[Member]:
        """All regular files."""
        while (entry := self._next_entry()) is not None:
            self.archive.count_entry()
            start = self.source.position
            content = self._content(entry)
            end = start + entry.size_bytes + -entry.size_bytes % BLOCK_BYTES
            if content is not None:
                yield Member(entry.name, content)
            if not self.source.skip_to(end) and self.source.position < start + entry.size_bytes:
                label = printable(entry.name)
                why = f"{self.source.why_ended()}, inside the member {label}; what follows is lost"
                self.archive.problem(self.source.kind(), why)
                return

    def _next_entry(self) -> _Entry | None:
        """The next entry that is not about another; None at the end, after reporting what was wrong with it."""
        own, name, link = Extension(), None, None
        while (header := self._next_header()) is not None:
            size = stored_bytes(header, Extension())
            if header.type not in META:
                extension = merged(self.pax, own)
                if name is not None or link is not None:
                    extension = merged(extension, Extension(name, link, None, None, extension.sparse))
                return _entry(header, extension)
            data = self._meta(size)
            if header.type == LONG_NAME:
                name = data.rstrip(b"\0")
            elif header.type == LONG_LINK:
                link = data.rstrip(b"\0")
            elif header.type == PAX_GLOBAL:
                self.pax = merged(self.pax, parse_pax(data))
            else:
                own = parse_pax(data)
        return None

    def _meta(self, size: int) -> bytes:
        """The data of an extended header; nothing, and a problem, if it is absurdly long."""
        start = self.source.position
        data = self.source.take(size) if size <= MOST_META_BYTES else b""
        if size > MOST_META_BYTES:
            why = f"the extended header at byte {start:,} claims {size:,} bytes; it is ignored"
            self.archive.problem(ProblemKind.DAMAGED, why)
        self.source.skip_to(start + size + -size % BLOCK_BYTES)
        return data

    def _next_header(self) -> Header | None:
        """The next header, past zeros and damage."""
        zeros = self.source.skip_zero_blocks()
        start = self.source.position
        block = self.source.take(BLOCK_BYTES)
        if len(block) == BLOCK_BYTES and (header := parse_header(block)):
            return header
        if len(block) == BLOCK_BYTES:
            return self._resume(start)
        if self.source.error:
            why = f"{self.source.why_ended()} at byte {self.source.position:,}; what follows is lost"
            self.archive.problem(self.source.kind(), why)
        elif block.strip(b"\0"):
            self.archive.problem(ProblemKind.DAMAGED, f"ends inside a header, at byte {self.source.position:,}")
        elif not zeros:
            self.archive.problem(ProblemKind.DAMAGED, f"has no end mark at byte {start:,}: it may have been cut short")
        return None

    def _resume(self, start: int) -> Header | None:
        """Look for the next header after bytes that are none."""
        found = self.source.find_header()
        size = self.source.position - start
        then = "the next header follows" if found else "no further header follows"
        why = f"{size:,} bytes at byte {start:,} are not a tar header and were passed over; {then}"
        self.archive.problem(ProblemKind.DAMAGED, why)
        return self._next_header() if found else None

    def _content(self, entry: _Entry) -> Content | None:
        """The content of a regular file; None, and where it matters a problem, for anything else."""
        kind, name = entry.header.type, entry.name
        if kind in (DIRECTORY, GNU_DUMPDIR, GNU_VOLUME):
            return None
        if kind in (SYMLINK, HARD_LINK):
            target = printable((entry.extension.link or entry.header.link).decode("utf-8", "surrogateescape"))
            what = "symbolic" if kind == SYMLINK else "hard"
            self.archive.problem(ProblemKind.SKIPPED, f"is a {what} link to {target}, which is not followed", name)
            return None
        if kind in _OTHERS:
            self.archive.problem(ProblemKind.SKIPPED, f"is a {_OTHERS[kind]}", name)
            return None
        if kind == GNU_CONTINUED:
            self.archive.problem(ProblemKind.NOTE, f"{printable(name)} continues a file that begins in another volume")
        if kind == GNU_SPARSE or entry.extension.sparse:
            return self._sparse(entry)
        return self._plain(entry, entry.size_bytes)

    def _plain(self, entry: _Entry, size: int) -> Content:
        """The next ``size`` bytes."""
        start, mtime = self.source.position, entry.mtime_ns
        origin: MtimeOrigin | None = None if mtime is None else "member"
        if self.backing is None:
            return Content(OneShot(InTurnStream(self.source, size)), size, mtime, origin)
        section = self.backing.section(start, size)
        return Content(partial(self.backing.stream, start, size), size, mtime, origin, backing=section)

    def _sparse(self, entry: _Entry) -> Content | None:
        """The content of a sparse file; None, and a problem, if its map is damaged or it is nearly all holes."""
        start = self.source.position
        if entry.header.type == GNU_SPARSE:
            found = old_map(entry.header.block, self.source.take)
            stored = entry.size_bytes
            entry.size_bytes += self.source.position - start
        else:
            found = pax_map(entry.extension.sparse, self.source.take)
            stored = entry.size_bytes - (self.source.position - start)
        if found is None or not is_sound(found[0], stored, found[1]):
            self.archive.problem(ProblemKind.DAMAGED, "the map of this sparse file is damaged", entry.name)
            return None
        segments, real_size = found
        limits = self.archive.limits
        if real_size - stored > limits.ratio_floor_bytes and real_size > limits.ratio * stored:
            why = f"is a sparse file of {real_size:,} bytes, of which only {stored:,} are not holes; it is not read"
            self.archive.problem(ProblemKind.LIMIT, why, entry.name)
            return None
        return _with_holes(self._plain(entry, stored), segments, real_size)


def _with_holes(stored: Content, segments: Segments, real_size: int) -> Content:
    """The content of a sparse file whose stored parts are given."""
    opened = stored.open
    if isinstance(opened, OneShot):
        sparse = OneShot(SparseStream(opened(), segments, real_size))
        return Content(sparse, real_size, stored.mtime_ns, stored.mtime_from)
    return Content(lambda: SparseStream(opened(), segments, real_size), real_size, stored.mtime_ns, stored.mtime_from)


def _entry(header: Header, extension: Extension) -> _Entry:
    name = header.name if extension.name is None else extension.name
    mtime_ns = extension.mtime_ns
    if mtime_ns is None and header.mtime_s is not None:
        mtime_ns = in_range(header.mtime_s * 1_000_000_000)
    return _Entry(header, extension, name.decode("utf-8", "surrogateescape"), stored_bytes(header, extension), mtime_ns)
