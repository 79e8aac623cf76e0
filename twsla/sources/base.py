"""What a source gives: items with a name and a stream of bytes, and the problems met on the way."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from twsla.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twsla.sources.streams import Stream

CHUNK_BYTES = 1 << 20
"""How much is read from disk, and asked of a decoder, at a time."""

ItemKind = Literal["file", "stream", "member"]
MtimeOrigin = Literal["file", "member", "gzip header"]


class ProblemKind(StrEnum):
    """What went wrong with a source; see ``Problem.loses_data``."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    LIMIT = "limit"
    SKIPPED = "skipped"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    NOTE = "note"


_LOSSY = {
    ProblemKind.MISSING,
    ProblemKind.UNREADABLE,
    ProblemKind.DAMAGED,
    ProblemKind.ENCRYPTED,
    ProblemKind.UNSUPPORTED,
    ProblemKind.LIMIT,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was left out, or that the reader of the import report should know."""

    source: str
    """The printable name of what it is about: a path, ``archive!member``, ``-``."""
    kind: ProblemKind
    sentence: str
    """What happened, without the source's name, without a full stop."""

    @property
    def loses_data(self) -> bool:
        """Whether bytes that were asked for could not be delivered.

        False for what is left out by rule (links, devices, the same file named twice), for empty directories and
        archives, and for notes.
        """
        return self.kind in _LOSSY

    @property
    def leaves_out(self) -> bool:
        """Whether something is not in the store, be it by rule, that no filter of the user's left out."""
        return self.loses_data or self.kind is ProblemKind.SKIPPED


class DamagedError(SourceError):
    """A stream cannot be read on; raised after every readable byte before the damage has been delivered."""

    def __init__(self, kept_bytes: int, why: str, *, kind: ProblemKind = ProblemKind.DAMAGED) -> None:
        """Keep the facts.

        Args:
            kept_bytes: How many bytes the stream delivered before.
            why: What is wrong and where, as part of a sentence.
            kind: DAMAGED, or UNREADABLE (the system refuses), LIMIT (a limit ended it), ENCRYPTED (wrong password).
        """
        super().__init__(f"{why}; {kept_bytes:,} bytes before that were read" if kept_bytes else why)
        self.kept_bytes = kept_bytes
        self.why = why
        self.kind = kind

    def problem(self, source: str) -> Problem:
        """The same, as a problem of the item named ``source``."""
        return Problem(source, self.kind, self.message)


@dataclass(frozen=True, slots=True)
class Limits:
    """What hostile input may cost."""

    depth: int = 5
    """Archives and compressions inside one another (a compressed tar counts as one)."""
    members: int = 1_000_000
    """Entries of one archive."""
    ratio: int = 1000
    """Decompressed bytes per byte of the outermost file, once ``ratio_floor_bytes`` have come out of it."""
    ratio_floor_bytes: int = 100 << 20
    total_bytes: int | None = None
    """Decompressed bytes of one outermost file; None: no limit but the ratio."""
    memory_bytes: int = 256 << 20
    """A nested zip or 7z held in memory, and the dictionary of one decoder."""


@dataclass(slots=True)
class Item:
    """One named stream of bytes, decompressed; what they mean is not known here."""

    name: str
    """Printable, valid UTF-8: the path as given joined with what is below it, ``archive!member``, or ``-``."""
    container: str | None
    """Printable name of the outermost file (the item's own, when it is a file); None for a stream."""
    container_path: Path | None
    """The outermost file on disk, for ``digest_file``; None for a stream."""
    kind: ItemKind
    size_bytes: int | None
    """Size of the decompressed content, where it is known beforehand."""
    mtime_ns: int | None
    mtime_from: MtimeOrigin | None
    seekable_path: Path | None
    """The file on disk whose content this is as it stands; None for anything decompressed."""
    sequential: bool
    """True: must be opened, once, and read to the end before the next item is asked for (tar in gzip, 7z, pipes);
    the rest is lost to a reader that comes later. False: may be opened any number of times, in any thread."""
    open: Callable[[], Stream]
    """A fresh stream of the content; reading it, like opening it, may raise ``DamagedError``."""


_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(name: str) -> str:
    r"""A file or member name as text that is valid UTF-8 and safe to print.

    Bytes that were no UTF-8 (surrogate escapes) and control characters become ``\xNN``; characters that reorder or
    hide text become ``\uNNNN``. Everything else, the backslash included, stays.
    """
    return _UNPRINTABLE.sub(_escape, name)


def digest_file(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hexadecimal) of a file as it lies on disk, in one streaming pass.

    Raises:
        OSError: the file cannot be opened or read.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
