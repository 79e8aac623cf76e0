"""What one source looks like while it is read: its lines, stamps and records, counted block by block."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twsla.ingest.chronicle import Chronicle
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twsla.formats.build import Span
    from twsla.formats.encodings import Encoding
    from twsla.formats.lines import Lines
    from twsla.formats.text import Parsed

MOST_EXAMPLES = 3
MOST_OTHERS = 500
"""Lines with a stamp of another form that are looked at one by one."""
SHOWN_BYTES = 160
"""Of a line shown as an example."""
SAMPLE_LINES = 20_000
"""First lines of a source on which suggestions are tried out."""


@dataclass(frozen=True, slots=True)
class Example:
    """A line of the source."""

    line: int
    """Its number, from 1."""
    text: str
    """Its beginning."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A line that may be in another encoding."""

    line: int
    raw: bytes
    """Its beginning, as it stands in the source."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The first lines of a source."""

    lines: Lines
    own: npt.NDArray[np.bool_]
    """(lines,) with a stamp of the source's own at its place."""
    begins: npt.NDArray[np.bool_]
    """(lines,) with a stamp that begins a record, the source's own or another."""


@dataclass(slots=True)
class LineEnds:
    r"""How the lines end."""

    lf: int = 0
    crlf: int = 0
    cr: int = 0
    open: int = 0
    """Lines without a line end: the last one of a source, if any."""


@dataclass(slots=True)
class Look:
    """One source."""

    encoding: Encoding
    lines: int = 0
    bytes: int = 0
    ends: LineEnds = field(default_factory=LineEnds)
    longest_bytes: int = 0
    longest_line: int = 0
    bad_bytes: int = 0
    lossy_lines: int = 0
    first_lossy: int | None = None
    doubtful: Doubtful | None = None
    """The first undecodable line, else the first that is not ASCII."""
    pieces: int = 0
    """Records more than there would be if no line were cut for its length."""
    empty_lines: int = 0
    own_lines: int = 0
    """With a stamp of the source's own form at its place."""
    other_lines: int = 0
    """With a stamp of another form, or elsewhere."""
    quoted_lines: int = 0
    """Of these, the ones that go on with the record before."""
    examples: list[Example] = field(default_factory=list)
    others: list[Example] = field(default_factory=list)
    bare: list[Example] = field(default_factory=list)
    """Lines without any stamp, the empty ones left out."""
    sample: Sample | None = None
    records: int = 0
    undated: int = 0
    undated_examples: list[Example] = field(default_factory=list)
    longest_record: int = 0
    """Lines."""
    longest_record_line: int = 0
    zone_assumed: int = 0
    """Records whose stamp names no zone."""
    skipped_times: int = 0
    """Records with a time that the assumed zone's clock never showed."""
    year_assumed: int = 0
    date_assumed: int = 0
    chronicle: Chronicle = field(default_factory=Chronicle)
    _open_bytes: int = 0
    """Bytes of a line that goes on in the next block."""

    def block(self, parsed: Parsed) -> None:
        """Take the next block's lines."""
        import numpy as np

        decoded, stamps = parsed.decoded, parsed.stamps
        count = len(decoded.lines)
        self.bytes += len(parsed.block.raw)
        if not count:
            return
        before = self.lines - parsed.block.continues
        number = np.arange(before + 1, before + count + 1)
        self._count_bytes(parsed, number)
        filled = decoded.lines.ends > decoded.lines.starts
        other = stamps.valid & ((stamps.flags & TsFlag.OTHER_FORM) != 0)
        own = stamps.valid & ~other
        bare = filled & ~own & ~other
        if parsed.block.continues:
            # The rest of a line that was cut for its length.
            own[0] = other[0] = bare[0] = False
            filled[0] = True
            self.pieces += 1
        self.lines = int(number[-1])
        self.own_lines += int(own.sum())
        self.other_lines += int(other.sum())
        self.empty_lines += int((~filled).sum())
        self._note_doubt(parsed, number)
        self.bad_bytes += decoded.bad_bytes
        self.lossy_lines += len(decoded.lossy)
        _keep(self.examples, MOST_EXAMPLES, decoded.lines, own, number)
        _keep(self.others, MOST_OTHERS, decoded.lines, other, number)
        _keep(self.bare, MOST_EXAMPLES, decoded.lines, bare, number)
        if self.sample is None:
            self.sample = _sample(decoded.lines, own, stamps.valid & ~stamps.quoted)

    def _count_bytes(self, parsed: Parsed, number: npt.NDArray[np.int64]) -> None:
        """Line ends, and the longest line."""
        import numpy as np

        width = self.encoding.width
        order = ">" if self.encoding.name.endswith("-be") else "<"
        raw = parsed.block.raw
        units = np.frombuffer(raw, f"{order}u{width}", len(raw) // width)
        start, stop = parsed.decoded.raw_starts // width, np.minimum(parsed.decoded.raw_ends // width, len(units))
        last = units[np.maximum(stop - 1, 0)]
        second = units[np.maximum(stop - 2, 0)]
        is_lf = (stop > start) & (last == 10)
        is_crlf = is_lf & (stop - start >= 2) & (second == 13)
        is_cr = (stop > start) & (last == 13) & (self.encoding.line_end == "\r")
        ends = self.ends
        ends.crlf += int(is_crlf.sum())
        ends.lf += int((is_lf & ~is_crlf).sum())
        ends.cr += int(is_cr.sum())
        ends.open = int(not (is_lf[-1] or is_cr[-1]))
        size = (stop - start - is_lf - is_crlf - is_cr) * width
        if parsed.block.continues:
            size[0] += self._open_bytes
        longest = int(np.argmax(size))
        if size[longest] > self.longest_bytes:
            self.longest_bytes, self.longest_line = int(size[longest]), int(number[longest])
        self._open_bytes = int(size[-1]) if ends.open else 0

    def _note_doubt(self, parsed: Parsed, number: npt.NDArray[np.int64]) -> None:
        import numpy as np

        decoded, raw = parsed.decoded, parsed.block.raw
        at: int | None = None
        if self.first_lossy is None and len(decoded.lossy):
            at = int(decoded.lossy[0])
            self.first_lossy = int(number[at])
        elif self.doubtful is None and not raw.isascii():
            high = int(np.argmax(np.frombuffer(raw, np.uint8) > 127))
            at = int(np.searchsorted(decoded.raw_starts, high, side="right")) - 1
        if at is not None:
            start, end = int(decoded.raw_starts[at]), int(decoded.raw_ends[at])
            self.doubtful = Doubtful(int(number[at]), raw[start : min(end, start + SHOWN_BYTES)])

    def span(self, span: Span) -> None:
        """Take the next records, as the import would store them."""
        import numpy as np

        self.records += span.records
        counts = span.line_counts()
        longest = int(np.argmax(counts))
        if counts[longest] > self.longest_record:
            self.longest_record, self.longest_record_line = int(counts[longest]), int(span.line_no[longest])
        self.undated += int((~span.dated).sum())
        for record in np.flatnonzero(~span.dated)[: MOST_EXAMPLES - len(self.undated_examples)].tolist():
            at = int(span.first_line[record])
            text = _shown(span.buf, int(span.starts[at]), int(span.ends[at]))
            self.undated_examples.append(Example(int(span.line_no[record]), text))
        flags = span.flags[span.dated]
        self.zone_assumed += int(((flags & TsFlag.ZONE_ASSUMED) != 0).sum())
        self.skipped_times += int(((flags & TsFlag.SKIPPED_TIME) != 0).sum())
        self.year_assumed += int(((flags & TsFlag.YEAR_ASSUMED) != 0).sum())
        self.date_assumed += int(((flags & TsFlag.DATE_ASSUMED) != 0).sum())
        self.chronicle.add(span.ts[span.dated], span.line_no[span.dated], flags)


def _keep(
    examples: list[Example], most: int, lines: Lines, wanted: npt.NDArray[np.bool_], number: npt.NDArray[np.int64]
) -> None:
    import numpy as np

    examples += (
        Example(int(number[at]), _shown(lines.buf, int(lines.starts[at]), int(lines.ends[at])))
        for at in np.flatnonzero(wanted)[: most - len(examples)].tolist()
    )


def _shown(buf: npt.NDArray[np.uint8], start: int, end: int) -> str:
    text = bytes(buf[start : min(end, start + SHOWN_BYTES)]).decode("utf-8", "ignore")
    return text if end - start <= SHOWN_BYTES else f"{text}…"


def _sample(lines: Lines, own: npt.NDArray[np.bool_], begins: npt.NDArray[np.bool_]) -> Sample:
    few = slice(0, SAMPLE_LINES)
    return Sample(replace(lines, starts=lines.starts[few], ends=lines.ends[few]), own[few], begins[few])
