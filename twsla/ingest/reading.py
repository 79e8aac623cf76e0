"""One source being read: opened, understood from its first block, and counted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.formats.blocks import Block, read_blocks
from twsla.formats.decode import cut, decode_block, detect_encoding, is_binary
from twsla.formats.evtx import EvtxSource, evtx_blocks, is_evtx
from twsla.formats.evtx_parse import EvtxOptions
from twsla.formats.multiline import evident
from twsla.formats.text import TextSource
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.years import YearClock, source_time
from twsla.ingest.lookahead import Ahead, look_ahead
from twsla.ingest.watching import Watched
from twsla.model.mail import looks_like_mail
from twsla.sources.base import DamagedError, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from twsla.formats.blocks import Readable
    from twsla.formats.encodings import Encoding
    from twsla.formats.event_documents import Reader
    from twsla.formats.fields.forms import SourceFields
    from twsla.formats.timestamps.model import StampPlan
    from twsla.ingest.settings import Settings
    from twsla.sources.base import Item
    from twsla.sources.streams import Stream
    from twsla.store.manifest import SourceEntry

SAMPLE_BYTES = 256 << 10
"""How much of a source decides its form of time stamps."""
_EVENT_BYTES = 512
"""In so many a line has to come to an event in XML, behind what syslog writes."""
HEAD_BYTES = 4 << 20
"""How much of it decides its encoding."""


class NotTextError(Exception):
    """The content is no text in any encoding."""

    def __str__(self) -> str:
        return "is no text in any encoding (--input-format text reads it all the same)"


@dataclass(slots=True)
class Reading:
    """A source on its way into the store."""

    item: Item
    entry: SourceEntry
    text: TextSource | EvtxSource
    opened: _Opened
    head: bytes
    digest: hashlib._Hash
    problems: list[Problem] = field(default_factory=list)
    fields: SourceFields | None = None
    """Reads the fields of its records; None: they have none, or the format brings them."""
    range_pending: bool = False
    """The time range can only be applied when the years are known for certain."""
    _end: int = 0
    """Offset after the last whole line."""

    @property
    def is_growing(self) -> bool:
        """Whether the last record may be half written; known after the last block."""
        watched = self.opened.watched
        return watched is not None and watched.is_growing and not isinstance(self.text, EvtxSource)

    def blocks(self, settings: Settings) -> Generator[Block]:
        """All blocks of the source; keeps count and hash; a damaged stream ends early with a problem."""
        try:
            last = yield from self._but_the_last(settings)
            self.entry.sha256 = self.digest.hexdigest()
            self._look_again()
            if last is not None:
                yield from self._last(last)
        finally:
            if not self.is_growing:
                self.opened.stream.close()

    def _but_the_last(self, settings: Settings) -> Generator[Block, None, Block | None]:
        last = None
        try:
            for block in self._cut_up(settings):
                if last is not None:
                    yield last
                last = block
        except DamagedError as error:
            self.problems.append(error.problem(self.entry.name))
        except OSError as error:
            self._unreadable(error)
        return last

    def _unreadable(self, error: OSError) -> None:
        reason = f"cannot be read on after {self.entry.bytes:,} bytes: {error.strerror or error}"
        self.problems.append(Problem(self.entry.name, ProblemKind.UNREADABLE, reason))

    def _look_again(self) -> None:
        entry, watched = self.entry, self.opened.watched
        try:
            if watched is not None:
                self.problems += watched.look_again(entry.name, entry.start_offset + entry.bytes, entry.sha256)
        except OSError as error:
            self._unreadable(error)
        if watched is not None and watched.is_growing and isinstance(self.text, EvtxSource):
            why = "was written to while it was read: what came since is left for the next import"
            self.problems.append(Problem(entry.name, ProblemKind.SKIPPED, why))

    def _cut_up(self, settings: Settings) -> Iterator[Block]:
        entry, encoding = self.entry, self.text.encoding
        if isinstance(self.text, EvtxSource):
            yield from evtx_blocks(_Hashing(self.opened.source, self.digest, entry), self.head)
            return
        offset, head, continues = entry.start_offset, self.head, self.opened.mid_line
        if lead := -offset % encoding.width:
            # The part imported before ended within a character.
            yield Block(head[:lead], offset, continues=True)
            offset, head, continues = offset + lead, head[lead:], True
        yield from read_blocks(
            _Hashing(self.opened.source, self.digest, entry),
            head,
            encoding,
            block_bytes=settings.block_bytes,
            offset=offset,
            continues=continues,
        )

    def _last(self, block: Block) -> Iterator[Block]:
        """The last block; without a line at its end that is not complete, where the file goes on growing."""
        self._end = block.offset + len(block.raw)
        if self.is_growing:
            end = cut(block.raw, self.text.encoding)
            self._end = block.offset + end
            block = Block(block.raw[:end], block.offset, block.continues)
        if block.raw:
            yield block

    def leave_rest(self) -> None:
        """Of a file that goes on growing: take back what was held back. Call it when all records are joined."""
        watched, entry = self.opened.watched, self.entry
        assert watched is not None
        total = entry.start_offset + entry.bytes
        end = self._end if self.text.held_from is None else self.text.held_from
        try:
            sha256, of_all = watched.digests(end, total)
        except OSError as error:
            self._unreadable(error)
            return
        finally:
            self.opened.stream.close()
        if of_all != entry.sha256:
            self.problems.append(watched.written_over(entry.name))
        entry.bytes, entry.sha256 = end - entry.start_offset, sha256
        why = f"was written to while it was read, and is imported up to byte {end:,}"
        if left := total - end:
            why += f"; {left:,} bytes more may be a part of a record: they are left for the next import"
        self.problems.append(Problem(entry.name, ProblemKind.SKIPPED if left else ProblemKind.NOTE, why))


@dataclass(slots=True)
class _Opened:
    """An open source, and what was imported of it before."""

    stream: Stream
    source: Readable
    """What is read: the stream, or what was in the file when it was opened."""
    watched: Watched | None
    """None: nothing that others can write to while it is read."""
    before: bytes = b""
    """The beginning of the part imported before."""
    mid_line: bool = False
    """That part ended within a line."""


class _Hashing:
    """A stream that hashes and counts what is read from it."""

    def __init__(self, stream: Readable, digest: hashlib._Hash, entry: SourceEntry) -> None:
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
    opened, digest = _open(item, entry), hashlib.sha256()
    problems: list[Problem] = []
    if before is not None:
        _skip(opened, digest, before)
        entry.start_offset, entry.start_line = before.start_offset + before.bytes, before.start_line + before.lines
    head = _read_head(opened, entry, problems)
    digest.update(head)
    entry.bytes += len(head)
    # What a file that has grown is was decided on its beginning, and is decided on it again.
    first = (opened.before + head)[:HEAD_BYTES]
    if settings.format == "evtx" or (settings.format is None and is_evtx(first)):
        return Reading(item, entry, _evtx_source(entry, settings), opened, head, digest, problems)
    if _is_events(first, settings):
        entry.format = "events"
    elif _is_mail(first[:SAMPLE_BYTES], item, settings):
        entry.format = "mail"
    elif settings.encoding is None and settings.format is None and is_binary(first[:SAMPLE_BYTES]):
        opened.stream.close()
        raise NotTextError
    encoding = detect_encoding(first, forced=settings.encoding)
    made = {"mail": _mail_source, "events": _event_lines}.get(entry.format, _text_source)
    text = made(first, encoding, item, entry, settings, before)
    entry.encoding, entry.encoding_reason = encoding.name, encoding.why
    fields = _fields(first[:SAMPLE_BYTES], encoding, entry, settings) if entry.format == "text" else None
    return Reading(item, entry, text, opened, head, digest, problems, fields)


def _fields(sample: bytes, encoding: Encoding, entry: SourceEntry, settings: Settings) -> SourceFields | None:
    """What reads the fields of a source that begins like that."""
    from twsla.formats.fields.forms import SAMPLE_LINES, SourceFields, choose, named

    if settings.fields == "off":
        return None
    end = cut(sample, encoding) or len(sample)
    lines = decode_block(sample[:end], encoding, first=True).lines
    texts = [
        bytes(lines.buf[start:stop]).decode()
        for start, stop in zip(lines.starts[:SAMPLE_LINES].tolist(), lines.ends[:SAMPLE_LINES].tolist(), strict=True)
    ]
    form = choose(texts) if settings.fields == "auto" else named(settings.fields)
    if form is None:
        return None
    entry.fields = form.name
    names = next((found for text in texts if form.headed and (found := form.headed.names(text))), ())
    return SourceFields(form, names)


def _is_mail(sample: bytes, item: Item, settings: Settings) -> bool:
    """Whether it is to be read as mail: the user says so, or its beginning does and the user asks for nothing else."""
    if settings.format is not None:
        return settings.format == "mail"
    return not _is_told(settings) and looks_like_mail(sample, item.name)


def _is_events(first: bytes, settings: Settings) -> bool:
    """The same of Windows events that other tools have written."""
    if settings.format is not None:
        return settings.format == "events"
    return not _is_told(settings) and _first_event(first) is not None


def _is_told(settings: Settings) -> bool:
    """Whether the user says how records begin or where their times stand."""
    return bool(settings.multiline.mode != "auto" or settings.stamps.form or settings.stamps.field)


def _evtx_source(entry: SourceEntry, settings: Settings) -> EvtxSource:
    entry.format, entry.encoding, entry.encoding_reason, entry.multiline = "evtx", "", "binary", "event"
    entry.stamp_form, entry.fields = None if settings.no_timestamps else "System.TimeCreated", "evtx"
    entry.zone, entry.zone_reason = "UTC", "events are dated in UTC"
    return EvtxSource(EvtxOptions(settings.summary, settings.no_timestamps, settings.carve))


def _first_event(first: bytes, encoding: Encoding | None = None) -> Reader | None:
    """What reads a source's lines, where its beginning is a Windows event as other tools write them."""
    looks_so = first[:4].strip().startswith((b"{", b"[", b"\xef\xbb\xbf", b"\xff\xfe", b"Reco"))
    if encoding is None and not looks_so and b"<Event" not in first[:_EVENT_BYTES]:
        return None
    from twsla.formats.event_documents import reader_of

    encoding = encoding or detect_encoding(first[:SAMPLE_BYTES])
    lines = decode_block(first[: _end_of_line(first, 3)], encoding, first=True).lines
    for start, end in zip(lines.starts[:3].tolist(), lines.ends[:3].tolist(), strict=True):
        text = bytes(lines.buf[start:end]).decode("utf-8").strip()
        if text and text != "[":
            return reader_of(text)
    return None


def _end_of_line(first: bytes, number: int) -> int:
    """Where a line ends, or a megabyte."""
    end = 0
    for _ in range(number):
        found = first.find(b"\n", end, 4 * SAMPLE_BYTES)
        if found < 0:
            return 4 * SAMPLE_BYTES
        end = found + 1
    return end + 1  # of UTF-16 the other half


def _event_lines(
    first: bytes,
    encoding: Encoding,
    item: Item,
    entry: SourceEntry,
    settings: Settings,
    before: SourceEntry | None,
) -> TextSource:
    from twsla.formats.event_documents import read_json
    from twsla.formats.event_lines import STAMPS, EventLines

    entry.zone, entry.zone_reason = settings.stamps.zone, settings.zone_reason
    entry.stamp_form = None if settings.no_timestamps else STAMPS
    entry.multiline = "off"
    return EventLines(
        encoding,
        _first_event(first, encoding) or read_json,
        settings.stamps.zone,
        first_line=entry.start_line,
        dating=not settings.no_timestamps,
    )


def _mail_source(
    first: bytes,
    encoding: Encoding,
    item: Item,
    entry: SourceEntry,
    settings: Settings,
    before: SourceEntry | None,
) -> TextSource:
    from twsla.formats.mail import STAMPS, MailSource

    entry.zone, entry.zone_reason = settings.stamps.zone, settings.zone_reason
    entry.stamp_form = None if settings.no_timestamps else STAMPS
    entry.multiline = "message"
    return MailSource(
        encoding,
        settings.stamps.zone,
        first_line=entry.start_line,
        whole=before is None,
        dating=not settings.no_timestamps,
    )


def _text_source(
    first: bytes,
    encoding: Encoding,
    item: Item,
    entry: SourceEntry,
    settings: Settings,
    before: SourceEntry | None,
) -> TextSource:
    plan = _plan(first[:SAMPLE_BYTES], encoding, entry, settings)
    multiline = evident(first, settings.multiline)
    entry.multiline = multiline.mode
    return TextSource(
        encoding,
        plan,
        _clock(item, entry, encoding, plan, settings),
        multiline,
        first_line=entry.start_line,
        seen_stamp=before is not None and plan is not None and bool(plan.forms),
    )


def _open(item: Item, entry: SourceEntry) -> _Opened:
    stream = item.open()
    if item.seekable_path is None:
        return _Opened(stream, stream, None)
    watched = Watched(stream, item.seekable_path)
    entry.mtime_ns = watched.mtime_ns
    return _Opened(stream, watched, watched)


def _read_head(opened: _Opened, entry: SourceEntry, problems: list[Problem]) -> bytes:
    """The first bytes, as many however they come: what is decided on them must not depend on pipes and packings."""
    parts: list[bytes] = []
    size = 0
    try:
        while size < HEAD_BYTES and (part := opened.source.read(HEAD_BYTES - size)):
            parts.append(part)
            size += len(part)
    except DamagedError as error:
        if not parts:
            problems.append(error.problem(entry.name))
        opened.source = _Broken(error)
    return b"".join(parts)


class _Broken:
    """What is left of a stream after its last readable byte."""

    def __init__(self, error: DamagedError) -> None:
        self._error = error

    def read(self, size: int, /) -> bytes:
        raise self._error


def _skip(opened: _Opened, digest: hashlib._Hash, before: SourceEntry) -> None:
    """Read what was imported before, once more.

    Raises:
        DamagedError: It is not the same any more.
    """
    left = total = before.start_offset + before.bytes
    chunk = b""
    while left and (more := opened.source.read(min(left, 1 << 20))):
        chunk = more
        digest.update(chunk)
        left -= len(chunk)
        if len(opened.before) < HEAD_BYTES:
            opened.before += chunk
    opened.before = opened.before[:HEAD_BYTES]
    if digest.hexdigest() != before.sha256:
        opened.stream.close()
        raise DamagedError(0, "was written over while it was opened; import it again")
    opened.mid_line = total > 0 and not chunk.endswith((b"\n", b"\r", b"\n\0", b"\n\0\0\0"))


def _plan(sample: bytes, encoding: Encoding, entry: SourceEntry, settings: Settings) -> StampPlan | None:
    if settings.no_timestamps:
        return None
    end = cut(sample, encoding) or len(sample)
    plan = choose(decode_block(sample[:end], encoding, first=True).lines, settings.stamps)
    if plan.forms:
        entry.stamp_form, entry.stamp_example = "; ".join(plan.places), plan.example
    entry.problems.extend(plan.problems)
    return plan


def _clock(item: Item, entry: SourceEntry, encoding: Encoding, plan: StampPlan | None, settings: Settings) -> YearClock:
    """What finds the years and dates that the source's stamps leave out."""
    from_file = item.mtime_from == "file"
    file_mtime = entry.mtime_ns if from_file else None
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
    try:
        ahead = look_ahead(item.seekable_path, encoding, plan)
    except OSError:  # the name is another's by now; what was opened can still be read
        ahead = Ahead()
    return YearClock(
        written,
        zone=settings.stamps.zone,
        year=settings.year,
        tail_hint_ns=ahead.last_ns,
        turns_hint=ahead.turns,
        leap_hint=ahead.leap_turn,
    )
