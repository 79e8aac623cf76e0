"""One source being read: opened, understood from its first block, and counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.formats.blocks import read_blocks
from twsla.formats.decode import cut, decode_block, detect_encoding, is_binary
from twsla.formats.text import TextSource
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.years import YearClock, source_time
from twsla.ingest.lookahead import look_ahead
from twsla.sources.base import DamagedError, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Generator

    from twsla.formats.blocks import Block
    from twsla.formats.encodings import Encoding
    from twsla.formats.timestamps.model import StampPlan
    from twsla.ingest.settings import Settings
    from twsla.sources.base import Item
    from twsla.sources.streams import Stream
    from twsla.store.manifest import SourceEntry

SAMPLE_BYTES = 256 << 10
"""How much of a source decides its encoding and its form of time stamps."""


class NotTextError(Exception):
    """The content is no text in any encoding."""

    def __str__(self) -> str:
        return "is no text in any encoding (--input-format text reads it all the same)"


@dataclass(slots=True)
class Reading:
    """A source on its way into the store."""

    item: Item
    entry: SourceEntry
    text: TextSource
    stream: Stream
    head: bytes
    digest: hashlib._Hash
    problems: list[Problem] = field(default_factory=list)
    range_pending: bool = False
    """The time range can only be applied when the years are known for certain."""

    def blocks(self, settings: Settings) -> Generator[Block]:
        """All blocks of the source; keeps count and hash; a damaged stream ends early with a problem."""
        entry = self.entry
        stream = _Hashing(self.stream, self.digest, entry)
        blocks = read_blocks(
            stream, self.head, self.text.encoding, block_bytes=settings.block_bytes, offset=entry.start_offset
        )
        try:
            yield from blocks
        except DamagedError as error:
            self.problems.append(error.problem(entry.name))
        except OSError as error:
            reason = f"cannot be read on after {entry.bytes:,} bytes: {error.strerror or error}"
            self.problems.append(Problem(entry.name, ProblemKind.UNREADABLE, reason))
        finally:
            self.stream.close()
        entry.sha256 = self.digest.hexdigest()


class _Hashing:
    """A stream that hashes and counts what is read from it."""

    def __init__(self, stream: Stream, digest: hashlib._Hash, entry: SourceEntry) -> None:
        self._stream, self._digest, self._entry = stream, digest, entry

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(size)
        self._digest.update(chunk)
        self._entry.bytes += len(chunk)
        return chunk


def open_reading(item: Item, entry: SourceEntry, settings: Settings, before: SourceEntry | None = None) -> Reading:
    """Open a source and decide, from its first bytes, how to read it.

    Args:
        item: The source.
        entry: Its entry for the manifest; what is decided is noted there.
        settings: What the user asked for.
        before: The part of this file that is in the store already; reading goes on behind it.

    Raises:
        NotTextError: It is no text.
        DamagedError, OSError: It cannot be opened.
    """
    entry.overrides = settings.said_of(item.name)
    settings = settings.of(item.name)
    stream = item.open()
    digest = hashlib.sha256()
    problems: list[Problem] = []
    if before is not None:
        _skip(stream, digest, before)
        entry.start_offset, entry.start_line = before.start_offset + before.bytes, before.start_line + before.lines
    try:
        head = stream.read(settings.block_bytes)
        while head and len(head) < min(SAMPLE_BYTES, settings.block_bytes) and (more := stream.read(SAMPLE_BYTES)):
            head += more
    except DamagedError as error:
        # What could be read was given before; the error comes again when reading goes on.
        head = b""
        problems.append(error.problem(entry.name))
    digest.update(head)
    entry.bytes += len(head)
    sample = head[:SAMPLE_BYTES]
    if settings.encoding is None and settings.format is None and is_binary(sample):
        stream.close()
        raise NotTextError
    encoding = detect_encoding(head, forced=settings.encoding)
    plan = _plan(sample, encoding, entry, settings)
    text = TextSource(
        encoding,
        plan,
        _clock(item, entry, encoding, plan, settings),
        settings.multiline,
        first_line=entry.start_line,
    )
    entry.encoding, entry.encoding_reason = encoding.name, encoding.why
    entry.multiline = settings.multiline.mode
    return Reading(item, entry, text, stream, head, digest, problems)


def _skip(stream: Stream, digest: hashlib._Hash, before: SourceEntry) -> None:
    left = before.start_offset + before.bytes
    while left and (chunk := stream.read(min(left, 1 << 20))):
        digest.update(chunk)
        left -= len(chunk)


def _plan(sample: bytes, encoding: Encoding, entry: SourceEntry, settings: Settings) -> StampPlan | None:
    if settings.no_timestamps:
        return None
    end = cut(sample, encoding) or len(sample)
    plan = choose(decode_block(sample[:end], encoding, first=entry.start_offset == 0).lines, settings.stamps)
    if plan.forms:
        entry.stamp_form, entry.stamp_example = "; ".join(plan.places), plan.example
    entry.problems.extend(plan.problems)
    return plan


def _clock(item: Item, entry: SourceEntry, encoding: Encoding, plan: StampPlan | None, settings: Settings) -> YearClock:
    """What finds the years and dates that the source's stamps leave out."""
    from_file = item.mtime_from == "file"
    file_mtime = item.mtime_ns if from_file else None
    if file_mtime is None and item.container_path is not None:
        file_mtime = item.container_path.stat().st_mtime_ns
    written = source_time(
        item.name,
        None if from_file else item.mtime_ns,
        file_mtime,
        now_ns=settings.now_ns if item.kind == "stream" else None,
    )
    entry.zone, entry.zone_reason = settings.stamps.zone, settings.zone_reason
    if plan is None or item.seekable_path is None or plan.year_known:
        return YearClock(written, zone=settings.stamps.zone, year=settings.year)
    ahead = look_ahead(item.seekable_path, encoding, plan)
    return YearClock(
        written,
        zone=settings.stamps.zone,
        year=settings.year,
        tail_hint_ns=ahead.last_ns,
        turns_hint=ahead.turns,
        leap_hint=ahead.leap_turn,
    )
