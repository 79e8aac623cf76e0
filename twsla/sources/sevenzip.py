"""Reads 7z archives member by member in bounded memory; the header is read by package py7zr.

py7zr's own extraction gives whole megabytes of output more than asked for and drops what it has when a block turns out
to be damaged, so the blocks ("folders") are decoded by the streams that all other packings use.
"""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.sources.backing import read_exactly
from twsla.sources.base import CHUNK_BYTES, DamagedError, ProblemKind
from twsla.sources.budget import Meter
from twsla.sources.content import Content, OneShot
from twsla.sources.in_turn import InTurnStream
from twsla.sources.member import Archive, Member, Refused
from twsla.sources.packages import MissingPackage, optional_module
from twsla.sources.sevenzip_coders import Block, block_stream
from twsla.sources.streams import CheckedStream, MemoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from py7zr import SevenZipFile
    from py7zr.py7zr import ArchiveFile

    from twsla.sources.backing import Backing
    from twsla.sources.streams import Stream

_SIGNATURE_BYTES = 32
_FILETIME_1970 = 116_444_736_000_000_000
_DIRECTORY, _UNIX = 0x10, 0x8000


def sevenzip_members(backing: Backing, archive: Archive) -> Iterator[Member]:
    """The regular files of a 7z archive, in its order; those that share a block must be read in their turn.

    Raises:
        Refused: the header is damaged or encrypted, py7zr is not installed, or there are too many entries.
    """
    try:
        package = optional_module("py7zr", "py7zr")
    except MissingPackage as error:
        raise Refused(ProblemKind.UNSUPPORTED, f"is a 7z archive, which {error}") from error
    blocks, files = _contents(backing, package, archive)
    run: _Run | None = None
    for file in files:
        archive.count_entry()
        if not file.block:
            yield Member(file.name, _content(file, OneShot(MemoryStream(b""))))
            continue
        block = blocks[file.block - 1]
        if block.members == 1:
            yield from _alone(file, block, backing, archive)
            continue
        if run is None or run.block is not block:
            run = _Run(block, backing, archive)
        yield from _in_turn(file, run, archive)


@dataclass(frozen=True, slots=True)
class _File:
    """A regular file, as the header has it."""

    name: str
    block: int
    """Number of its block from 1; 0: it is empty."""
    size_bytes: int
    crc: int | None
    mtime_ns: int | None
    special: bool
    """A link, device or socket."""


class _Run:
    """The decompressed bytes of one block, from front to back."""

    def __init__(self, block: Block, backing: Backing, archive: Archive) -> None:
        self.block = block
        self.position = 0
        self.error: DamagedError | None = None
        self._stream: Stream = MemoryStream(b"")
        try:
            self._stream = block_stream(block, backing, archive.password, Meter(archive.budget))
        except DamagedError as error:
            self.error = error

    def some(self, size: int) -> bytes:
        """Between 1 and ``size`` of the next bytes; none at the end."""
        data = b""
        if self.error is None:
            try:
                data = self._stream.read(size)
            except DamagedError as error:
                self.error = error
        self.position += len(data)
        return data

    def skip_to(self, position: int) -> None:
        """Go forward to a position, or to the end."""
        while self.position < position and self.some(min(CHUNK_BYTES, position - self.position)):
            pass

    def why_ended(self) -> str:
        """Part of a sentence."""
        return self.error.why if self.error else "its block ends"

    def kind(self) -> ProblemKind:
        """The kind of problem that the end is."""
        return self.error.kind if self.error else ProblemKind.DAMAGED


def _in_turn(file: _File, run: _Run, archive: Archive) -> Iterator[Member]:
    """A member of a block with several, and the way past it."""
    if run.error is not None:
        before = "its block is broken before it: " if run.position else ""
        archive.problem(run.kind(), f"{before}{run.why_ended()}", file.name)
        return
    end = run.position + file.size_bytes
    if not file.special:
        yield Member(file.name, _content(file, OneShot(_checked(file, InTurnStream(run, file.size_bytes)))))
    else:
        _skip_special(file, archive)
    run.skip_to(end)


def _alone(file: _File, block: Block, backing: Backing, archive: Archive) -> Iterator[Member]:
    """A member with a block of its own: it can be read at any time."""
    if file.special:
        _skip_special(file, archive)
        return
    meter = Meter(archive.budget)
    try:
        block_stream(block, backing, archive.password, meter).close()
    except DamagedError as error:
        archive.problem(error.kind, error.why, file.name)
        return
    yield Member(
        file.name, _content(file, lambda: _checked(file, block_stream(block, backing, archive.password, meter)))
    )


def _skip_special(file: _File, archive: Archive) -> None:
    archive.problem(ProblemKind.SKIPPED, "is a link, a device or another special file", file.name)


def _checked(file: _File, stream: Stream) -> Stream:
    return CheckedStream(stream, file.size_bytes, file.crc)


def _content(file: _File, opener: Callable[[], Stream]) -> Content:
    return Content(opener, file.size_bytes, file.mtime_ns, None if file.mtime_ns is None else "member")


def _contents(backing: Backing, package: ModuleType, archive: Archive) -> tuple[list[Block], list[_File]]:
    """The blocks and the files that are no directories.

    Raises:
        Refused: the header cannot be read.
    """
    with _BackingFile(backing) as file:
        try:
            opened: SevenZipFile = package.SevenZipFile(file, "r", password=archive.password)
            return _blocks(opened), _files(opened)
        except package.exceptions.PasswordRequired as error:
            why = "is encrypted, names included; give its password with --password"
            raise Refused(ProblemKind.ENCRYPTED, why) from error
        except package.exceptions.UnsupportedCompressionMethodError as error:
            raise Refused(ProblemKind.UNSUPPORTED, "has a header packed in a way that cannot be read") from error
        except DamagedError:
            raise
        except Exception as error:
            hint = ", or the password does not open it" if archive.password is not None else ""
            why = f"has a header that cannot be read: it was cut short or damaged{hint} ({_reason(error)})"
            raise Refused(ProblemKind.DAMAGED, why) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _blocks(opened: SevenZipFile) -> list[Block]:
    """All blocks; their packed bytes stand one after another."""
    streams = getattr(opened.header, "main_streams", None)
    if streams is None:
        return []
    pack, blocks, number = streams.packinfo, [], 0
    position = _SIGNATURE_BYTES + pack.packpos
    for folder, members in zip(
        streams.unpackinfo.folders, streams.substreamsinfo.num_unpackstreams_folders, strict=True
    ):
        count = max(1, len(folder.packed_indices))
        packed = sum(pack.packsizes[number : number + count])
        bonds = [(bond.incoder, bond.outcoder) for bond in folder.bindpairs]
        coders = [(coder["method"], coder["properties"] or b"") for coder in folder.coders]
        simple = count == 1 and all(coder["numinstreams"] == coder["numoutstreams"] == 1 for coder in folder.coders)
        blocks.append(Block(position, packed, tuple(coders), tuple(folder.unpacksizes), tuple(bonds), simple, members))
        position += packed
        number += count
    return blocks


def _files(opened: SevenZipFile) -> list[_File]:
    """All files that are no directories."""
    streams = getattr(opened.header, "main_streams", None)
    folders = [] if streams is None else streams.unpackinfo.folders
    numbers = {id(folder): number for number, folder in enumerate(folders, 1)}
    info = getattr(opened.header, "files_info", None)
    is_file = iter([] if info is None else info.emptyfiles)
    files = []
    for entry in opened.files:
        named_file = next(is_file, None) if entry.emptystream else True
        attributes = entry.file_properties().get("attributes")
        # Without content an entry is a directory unless it is marked as a file; some writers use attributes alone.
        is_directory = not named_file if attributes is None else bool(attributes & _DIRECTORY)
        if not is_directory:
            block = 0 if entry.emptystream else numbers[id(entry.folder)]
            files.append(_file(entry, block, attributes or 0))
    return files


def _file(entry: ArchiveFile, block: int, attributes: int) -> _File:
    written = entry.lastwritetime
    mode = attributes >> 16 if attributes & _UNIX else 0
    return _File(
        name=entry.filename,
        block=block,
        size_bytes=entry.uncompressed,
        crc=entry.crc32,
        mtime_ns=None if written is None else (int(written) - _FILETIME_1970) * 100,
        special=stat.S_IFMT(mode) not in (0, stat.S_IFREG),
    )


class _BackingFile(io.RawIOBase):
    """A backing as the seekable file that py7zr wants."""

    def __init__(self, backing: Backing) -> None:
        super().__init__()
        self._backing = backing
        self._position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._backing.size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._backing.size_bytes - self._position)
        data = read_exactly(self._backing, self._position, left if size is None or size < 0 else min(size, left))
        self._position += len(data)
        return data
