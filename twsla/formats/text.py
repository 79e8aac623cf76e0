"""Text sources: blocks of bytes become records, with lines joined, stamped and placed.

``TextSource.parse`` is pure and runs in any thread, block by block; ``TextSource.join`` takes the parsed blocks in
order, resolves years and decides where records begin; ``build`` makes their columns, again in any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.formats.blocks import Block
from twsla.formats.build import Span, text_columns
from twsla.formats.decode import decode_block
from twsla.formats.multiline import Multiline, limit_records, marks, record_starts
from twsla.formats.timestamps.stamp import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.decode import Decoded
    from twsla.formats.encodings import Encoding
    from twsla.formats.timestamps.model import StampPlan, Stamps
    from twsla.formats.timestamps.years import YearClock


@dataclass(frozen=True, slots=True)
class Parsed:
    """One block after decoding and stamping."""

    block: Block
    decoded: Decoded
    stamps: Stamps
    marks: npt.NDArray[np.bool_] | None
    """(lines,) whether the multi-line expression matches; None where there is none."""
    built: tuple[pa.LargeStringArray, pa.DictionaryArray | None] | None
    """Texts and shapes where every line seems to be a record of its own."""


class TextSource:
    """One text source being read: how it is understood, and what is carried from block to block."""

    def __init__(
        self,
        encoding: Encoding,
        plan: StampPlan | None,
        clock: YearClock,
        multiline: Multiline,
        *,
        first_line: int = 0,
        seen_stamp: bool = False,
        start_offset: int = 0,
    ) -> None:
        self.encoding = encoding
        self.plan = plan
        """None: time stamps are not looked for."""
        self.clock = clock
        self.multiline = multiline
        self.lines = first_line
        """Physical lines seen, the part imported earlier included."""
        self.lossy_lines = 0
        self.pieces: list[int] = []
        """Offsets of the records that continue a line; the line is counted where it begins."""
        self.held_from: int | None = None
        """Offset of the last record, where it was held back."""
        self.quoted_lines = 0
        """Lines that quote a stamp in their text and belong to the record before."""
        self._start_offset = start_offset
        self._seen_stamp = seen_stamp
        self._after_separator = True
        self._open: Span | None = None
        """The last span: its last record may go on in the next block."""
        self._open_raw = b""
        """The original bytes of that last record."""

    def parse(self, block: Block) -> Parsed:
        """Decode and stamp one block. Pure: any order, any thread."""
        import numpy as np

        decoded = decode_block(block.raw, self.encoding, first=block.offset == 0)
        stamps = stamp(decoded.lines, self.plan) if self.plan is not None else no_stamps(len(decoded.lines.starts))
        mode, lines = self.multiline.mode, decoded.lines
        built = None
        if len(lines) and (mode == "off" or (mode == "auto" and stamps.valid.all() and not stamps.quoted.any())):
            built = text_columns(lines.buf, lines.starts, lines.ends, len(lines.buf), np.arange(len(lines)))
        return Parsed(block, decoded, stamps, marks(lines, self.multiline), built)

    def join(self, parsed: Parsed) -> Iterator[Span]:
        """Take the next block, in order; gives the records that are complete now."""
        import numpy as np

        lines = parsed.decoded.lines
        count = len(lines.starts)
        if not count:
            return
        ts, valid, flags = self._resolve(parsed)
        offsets = parsed.decoded.raw_starts + parsed.block.offset
        line_no = np.arange(self.lines + 1, self.lines + count + 1, dtype=np.int64)
        if parsed.block.continues:
            line_no -= 1
            self.pieces.append(parsed.block.offset)
        is_start = record_starts(self.multiline, valid, parsed.marks, line_no, self._seen_stamp, self._after_separator)
        if parsed.marks is not None:
            self._after_separator = bool(parsed.marks[-1])
        if parsed.block.continues:
            is_start[0] = True
        if self._open is None:
            is_start[0] = True
        limit_records(is_start, offsets, *self._open_extent())
        self._seen_stamp = self._seen_stamp or bool(valid.any())
        self.lossy_lines += len(parsed.decoded.lossy)
        self.lines = int(line_no[-1])

        lead = int(np.argmax(is_start)) if is_start.any() else count
        if lead and self._open is not None:
            whole = self._span(parsed, slice(0, lead), is_start, ts, valid, flags, line_no, offsets)
            yield from self._extend(whole, parsed, lead)
        if lead == count:
            return
        if self._open is not None:
            yield self._open
        self._open = self._span(parsed, slice(lead, count), is_start, ts, valid, flags, line_no, offsets)
        first = lead + int(self._open.first_line[-1])
        self._open_raw = parsed.block.raw[int(parsed.decoded.raw_starts[first]) :]
        if self.multiline.mode == "off":
            yield self._open
            self._open = None

    def finish(self, *, hold_back: bool = False) -> Iterator[Span]:
        """The records still open at the end of the source; ``hold_back``: without the last, which may go on."""
        given, self._open = self._open, None
        if given is not None and hold_back:
            given, last = split_last(given)
            self._forget(last)
        if given is not None:
            yield given

    def losses(self) -> tuple[str, ...]:
        """What could not be read, a sentence each: of text, everything can."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about all that was read; call it at the end."""
        return ()

    def _forget(self, last: Span) -> None:
        """Count nothing of the last record."""
        self.held_from = int(last.offset[0])
        self.lines -= int(last.line_counts().sum())
        if last.continues:
            self.pieces.remove(self.held_from)
        parsed = self.parse(Block(self._open_raw, self.held_from, last.continues))
        self.lossy_lines -= len(parsed.decoded.lossy)
        self.quoted_lines -= int((parsed.stamps.quoted & parsed.stamps.valid)[1:].sum())

    def _resolve(self, parsed: Parsed) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.uint8]]:
        resolved = self.clock.assign(self._own(parsed))
        if parsed.block.continues:
            # The rest of a line that was cut for its length: what looks like a stamp there is not the line's.
            resolved.valid[0] = False
            resolved.flags[0] = 0
        return resolved.ts_ns, resolved.valid, resolved.flags

    def _own(self, parsed: Parsed) -> Stamps:
        """The block's stamps without those that its lines quote, which then belong to the record before."""
        import numpy as np

        stamps = parsed.stamps
        if self.multiline.mode != "auto" or not stamps.quoted.any():
            return stamps
        quoted = stamps.quoted & stamps.valid
        quoted[0] &= not parsed.block.continues
        if not self._seen_stamp:
            # The first stamp of a source dates its record, wherever it stands: there is no record before.
            quoted[int(np.argmax(stamps.valid))] = False
        self.quoted_lines += int(quoted.sum())
        return replace(stamps, valid=stamps.valid & ~quoted)

    def _open_extent(self) -> tuple[int, int]:
        """Lines of the open record so far, and its offset."""
        if self._open is None:
            return 0, 0
        return self._open.lines - int(self._open.first_line[-1]), int(self._open.offset[-1])

    def _span(
        self,
        parsed: Parsed,
        part: slice,
        is_start: npt.NDArray[np.bool_],
        ts: npt.NDArray[np.int64],
        valid: npt.NDArray[np.bool_],
        flags: npt.NDArray[np.uint8],
        line_no: npt.NDArray[np.int64],
        offsets: npt.NDArray[np.int64],
    ) -> Span:
        """The lines of ``part`` as records; the first line begins one."""
        import numpy as np

        lines = parsed.decoded.lines
        begins = is_start[part].copy()
        begins[0] = True
        first_line = np.flatnonzero(begins)
        stamped = first_line
        if self.multiline.first_stamp_counts:
            stamped = _first_valid(valid[part], first_line)
        end = part.stop
        return Span(
            buf=lines.buf,
            starts=lines.starts[part],
            ends=lines.ends[part],
            stop=int(lines.starts[end]) if end < len(lines.starts) else len(lines.buf),
            first_line=first_line,
            ts=ts[part][stamped],
            dated=valid[part][stamped],
            flags=flags[part][stamped],
            line_no=line_no[part][first_line],
            offset=offsets[part][first_line],
            raw=_lossy_records(parsed, part, first_line),
            built=parsed.built if len(first_line) == len(lines) else None,
            continues=parsed.block.continues and part.start == 0,
        )

    def _extend(self, lead: Span, parsed: Parsed, count: int) -> Iterator[Span]:
        """Append lines to the open record; the records before it are complete."""
        import numpy as np

        opened = self._open
        assert opened is not None
        before, last = split_last(opened)
        if before is not None:
            yield before
        raw = self._open_raw + parsed.block.raw[: int(parsed.decoded.raw_ends[count - 1])]
        begin, lead_begin = int(last.starts[0]), int(lead.starts[0])
        old, new = last.buf[begin : last.stop], lead.buf[lead_begin : lead.stop]
        if len(old) and int(last.ends[-1]) == last.stop:
            old = np.append(old, np.uint8(10))
        shift = len(old) - lead_begin
        dated = bool(last.dated[0]) or not self.multiline.first_stamp_counts
        chosen = last if dated else lead
        self._open = Span(
            buf=np.concatenate((old, new)),
            starts=np.concatenate((last.starts - begin, lead.starts + shift)),
            ends=np.concatenate((last.ends - begin, lead.ends + shift)),
            stop=len(old) + len(new),
            first_line=np.zeros(1, np.int64),
            ts=chosen.ts[:1],
            dated=chosen.dated[:1],
            flags=chosen.flags[:1],
            line_no=last.line_no,
            offset=last.offset,
            raw={0: _without_line_end(raw)} if last.raw or lead.raw else {},
            continues=last.continues,
        )
        self._open_raw = raw


def split_last(span: Span) -> tuple[Span | None, Span]:
    """All records of a span but the last (None if there is only one), and the last."""
    import numpy as np

    if span.records == 1:
        return None, span
    cut = int(span.first_line[-1])
    raw = {index: value for index, value in span.raw.items() if index < span.records - 1}
    before = Span(
        span.buf,
        span.starts[:cut],
        span.ends[:cut],
        int(span.starts[cut]),
        span.first_line[:-1],
        span.ts[:-1],
        span.dated[:-1],
        span.flags[:-1],
        span.line_no[:-1],
        span.offset[:-1],
        raw,
        continues=span.continues,
    )
    last_raw = span.raw.get(span.records - 1)
    last = Span(
        span.buf,
        span.starts[cut:],
        span.ends[cut:],
        span.stop,
        np.zeros(1, np.int64),
        span.ts[-1:],
        span.dated[-1:],
        span.flags[-1:],
        span.line_no[-1:],
        span.offset[-1:],
        {} if last_raw is None else {0: last_raw},
    )
    return before, last


def _first_valid(valid: npt.NDArray[np.bool_], first_line: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(records,) the first stamped line of each record; its first line where none is stamped."""
    import numpy as np

    count = len(valid)
    index = np.where(valid, np.arange(count), count)
    found = np.minimum.reduceat(index, first_line)
    return np.where(found < count, found, first_line)


def _lossy_records(parsed: Parsed, part: slice, first_line: npt.NDArray[np.int64]) -> dict[int, bytes]:
    """Original bytes, by record, of the records with a line that lost something in decoding."""
    import numpy as np

    decoded = parsed.decoded
    lossy = decoded.lossy[(decoded.lossy >= part.start) & (decoded.lossy < part.stop)] - part.start
    if not len(lossy):
        return {}
    records = np.unique(np.searchsorted(first_line, lossy, side="right") - 1)
    last_line = np.append(first_line[1:], part.stop - part.start) - 1
    return {
        int(record): _without_line_end(
            parsed.block.raw[
                int(decoded.raw_starts[part.start + first_line[record]]) : int(
                    decoded.raw_ends[part.start + last_line[record]]
                )
            ]
        )
        for record in records
    }


def _without_line_end(raw: bytes) -> bytes:
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def no_stamps(count: int) -> Stamps:
    """For ``count`` lines without any stamp."""
    import numpy as np

    from twsla.formats.timestamps.model import NO_OFFSET, Stamps

    return Stamps(
        wall_ns=np.zeros(count, np.int64),
        offset_s=np.full(count, NO_OFFSET, np.int32),
        valid=np.zeros(count, bool),
        needs_year=np.zeros(count, bool),
        needs_date=np.zeros(count, bool),
        flags=np.zeros(count, np.uint8),
        quoted=np.zeros(count, bool),
    )
