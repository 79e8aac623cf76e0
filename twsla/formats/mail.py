"""Mail: message files and mbox files become one record for each message, headers and body.

A message's time is that of the Date field of its own header block, else that of the first Received field that has a
date (marked as of another form), else it has none: nothing in a body, or in a message inside a message, dates a record.
Every physical line belongs to a record, as in any text source, of which this is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from twsla.formats.decode import decode_block
from twsla.formats.multiline import Multiline
from twsla.formats.text import Parsed, TextSource, no_stamps
from twsla.formats.timestamps.moves import zoned
from twsla.formats.timestamps.years import YearClock
from twsla.model.mail import SEPARATOR, Moment, date_of_received, is_field, parse_date
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from twsla.formats.blocks import Block
    from twsla.formats.build import Span
    from twsla.formats.encodings import Encoding
    from twsla.formats.lines import Lines

STAMPS: Final = "Date field of each message"
_FROM: Final = b"From "
_LINE_BYTES: Final = 600
"""Of a header line, what is looked at; and of its end."""
_MOST_RECEIVED: Final = 100
_MESSAGE: Final = Multiline("start", "From ")
"""A record begins at a mark; which lines have one is found here, not by the expression."""


@dataclass(slots=True)
class _Message:
    """What is known of a message; its header may not be complete."""

    offset: int
    ts_ns: int = 0
    flags: int = 0
    dated: bool = False
    in_header: bool = True
    lines: int = 0
    """Of the header, so far."""
    name: str = ""
    """Of the field that is being read, lower case, if it matters."""
    value: str = ""
    received: list[str] = field(default_factory=list)
    by_received: bool = False


class MailSource(TextSource):
    """One message file or mbox being read."""

    def __init__(
        self, encoding: Encoding, zone: str, *, first_line: int = 0, whole: bool = True, dating: bool = True
    ) -> None:
        """Set up for one source.

        Args:
            encoding: Of its bytes.
            zone: Of dates that name none.
            first_line: Physical lines in the part imported earlier.
            whole: Reading begins at the source's beginning, so the first line begins a message.
            dating: False: no message has a time.
        """
        super().__init__(encoding, None, YearClock(None, zone=zone), _MESSAGE, first_line=first_line)
        self._zone = zone
        self._dating = dating
        self._first = whole
        self._after_empty = True
        self._messages: list[_Message] = []
        self._by_received = 0

    def parse(self, block: Block) -> Parsed:
        """Decode one block, and find the lines that may separate messages. Pure: any order, any thread."""
        import numpy as np

        decoded = decode_block(block.raw, self.encoding, first=block.offset == 0)
        lines = decoded.lines
        found = np.zeros(len(lines), bool)
        found[_beginning_with(lines, _FROM)] = True
        for line in np.flatnonzero(found).tolist():
            found[line] = SEPARATOR.match(_line(lines, line).encode()) is not None
        return Parsed(block, decoded, no_stamps(len(lines)), found, None)

    def join(self, parsed: Parsed) -> Iterator[Span]:
        """Take the next block, in order; gives the messages that are complete now."""
        if not len(parsed.decoded.lines):
            return
        begins = self._begins(parsed)
        self._read_headers(parsed, begins)
        for span in super().join(replace(parsed, marks=begins)):
            self._date(span)
            yield span
        if self._open is not None:
            self._forget_before(int(self._open.offset[0]))

    def finish(self, *, hold_back: bool = False) -> Iterator[Span]:
        """The messages still open at the end of the source."""
        for message in self._messages[-1:]:
            self._end_header(message)
        for span in super().finish(hold_back=hold_back):
            self._date(span)
            yield span
        if self.held_from is not None:
            held = [message for message in self._messages if message.offset >= self.held_from]
            self._by_received -= sum(message.by_received for message in held)

    def notes(self) -> tuple[str, ...]:
        """Sentences about all that was read."""
        if not self._by_received:
            return ()
        count = self._by_received
        who = "1 message has" if count == 1 else f"{count:,} messages have"
        return (f"{who} no Date that can be read, and the time of the first Received field that has one",)

    def _begins(self, parsed: Parsed) -> npt.NDArray[np.bool_]:
        """(lines,) which lines begin a message: separators behind an empty line."""
        import numpy as np

        lines = parsed.decoded.lines
        empty = lines.ends == lines.starts
        assert parsed.marks is not None
        begins: npt.NDArray[np.bool_] = parsed.marks & np.append(self._after_empty, empty[:-1])
        begins[0] |= self._first
        begins[0] &= not parsed.block.continues
        self._first, self._after_empty = False, bool(empty[-1])
        return begins

    def _read_headers(self, parsed: Parsed, begins: npt.NDArray[np.bool_]) -> None:
        import numpy as np

        lines, count = parsed.decoded.lines, len(begins)
        empty = np.flatnonzero(lines.ends == lines.starts)
        first = np.flatnonzero(begins)
        offsets = parsed.decoded.raw_starts + parsed.block.offset
        stops = np.append(first, count)
        if self._messages and self._messages[-1].in_header:
            self._read_header(self._messages[-1], lines, int(parsed.block.continues), int(stops[0]), empty)
        for place, start in enumerate(first.tolist()):
            message = _Message(int(offsets[start]))
            self._messages.append(message)
            self._read_header(message, lines, start, int(stops[place + 1]), empty)
            if place + 1 < len(first):
                self._end_header(message)

    def _read_header(
        self, message: _Message, lines: Lines, start: int, stop: int, empty: npt.NDArray[np.int64]
    ) -> None:
        """Read the header lines of a message from ``start`` on, up to ``stop`` or the first of the ``empty`` lines."""
        import numpy as np

        place = int(np.searchsorted(empty, start))
        end = min(stop, int(empty[place])) if place < len(empty) else stop
        for number in range(start, end):
            self._header_line(message, _line(lines, number))
            if not message.in_header:
                return
        if end < len(lines):
            self._end_header(message)

    def _header_line(self, message: _Message, line: str) -> None:
        message.lines += 1
        if line[0] in " \t" and message.lines > 1:
            if message.name == "date":
                message.value = (message.value + " " + line.strip())[:_LINE_BYTES]
            elif message.name:
                message.value = (message.value + " " + line.strip())[-_LINE_BYTES:]
            return
        if self._end_field(message):
            message.in_header = False
        elif is_field(line):
            name, _, value = line.partition(":")
            name = name.strip().lower()
            message.name, message.value = (name, value) if name in ("date", "received") else ("", "")
        elif not (line.startswith(">From ") or (message.lines == 1 and line.startswith("From "))):
            self._end_header(message)

    def _end_field(self, message: _Message) -> bool:
        """Take the field that was read; gives whether the rest of the header tells nothing more."""
        if message.name == "date" and self._dating:
            self._set(message, parse_date(message.value))
        elif message.name == "received" and len(message.received) < _MOST_RECEIVED:
            message.received.append(message.value)
        message.name = message.value = ""
        return message.dated

    def _end_header(self, message: _Message) -> None:
        if not message.in_header:
            return
        message.in_header = False
        if self._end_field(message) or not self._dating:
            return
        for value in message.received:
            if self._set(message, date_of_received(value)):
                message.flags |= TsFlag.OTHER_FORM
                message.by_received = True
                self._by_received += 1
                return

    def _set(self, message: _Message, moment: Moment | None) -> bool:
        """Date a message; False where there is nothing to date it by."""
        if moment is None:
            return False
        message.dated = True
        if moment.ns is not None:
            message.ts_ns = moment.ns
            return True
        import numpy as np

        ts_ns, skipped = zoned(np.array([moment.wall_ns], np.int64), self._zone)
        message.ts_ns = int(ts_ns[0])
        message.flags = int(TsFlag.ZONE_ASSUMED) | (int(TsFlag.SKIPPED_TIME) if skipped[0] else 0)
        return True

    def _date(self, span: Span) -> None:
        """Give each record the time of the message that it is, or is a piece of."""
        import numpy as np

        if not self._messages:
            return
        table = np.array([message.offset for message in self._messages], np.int64)
        place = np.searchsorted(table, span.offset, side="right") - 1
        known = place >= 0
        dated = np.array([message.dated for message in self._messages], bool)[place] & known
        span.ts = np.where(dated, np.array([message.ts_ns for message in self._messages], np.int64)[place], 0)
        span.flags = np.where(dated, np.array([message.flags for message in self._messages], np.uint8)[place], 0)
        span.flags = span.flags.astype(np.uint8)
        span.dated = dated

    def _forget_before(self, offset: int) -> None:
        """Keep only the messages whose records are still to come."""
        while len(self._messages) > 1 and self._messages[1].offset <= offset:
            del self._messages[0]


def _beginning_with(lines: Lines, text: bytes) -> npt.NDArray[np.int64]:
    """The numbers of the lines that begin with a text."""
    import numpy as np

    found = np.flatnonzero(lines.ends - lines.starts >= len(text))
    for place, byte in enumerate(text):
        found = found[lines.buf[lines.starts[found] + place] == byte]
    return found


def _line(lines: Lines, number: int) -> str:
    """A line; of a very long one its beginning and its end."""
    start, end = int(lines.starts[number]), int(lines.ends[number])
    if end - start > 2 * _LINE_BYTES:
        cut = bytes(lines.buf[start : start + _LINE_BYTES]) + b" " + bytes(lines.buf[end - _LINE_BYTES : end])
        return cut.decode("utf-8", "replace")
    return bytes(lines.buf[start:end]).decode("utf-8", "replace")
