"""Windows events that other tools have written as text, one a line: each line is a record with the event's fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.formats.evtx_json import instant
from twsla.formats.evtx_parse import fields_column
from twsla.formats.multiline import Multiline
from twsla.formats.text import TextSource
from twsla.formats.timestamps.moves import zoned
from twsla.formats.timestamps.years import YearClock
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.formats.build import Span
    from twsla.formats.encodings import Encoding
    from twsla.formats.event_documents import Fields, Reader
    from twsla.formats.text import Parsed

STAMPS: Final = "time of each event"
_ZONED: Final = re.compile(r"(?:Z|UTC|[+-]\d\d:?\d\d)$")
_EPOCH: Final = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?")


class EventLines(TextSource):
    """One source of such lines being read."""

    def __init__(
        self, encoding: Encoding, read: Reader, zone: str, *, first_line: int = 0, dating: bool = True
    ) -> None:
        """Set up for one source.

        Args:
            encoding: Of its bytes.
            read: What reads a line.
            zone: Of times that name none.
            first_line: Physical lines in the part imported earlier.
            dating: False: no event has a time.
        """
        super().__init__(encoding, None, YearClock(None, zone=zone), Multiline("off"), first_line=first_line)
        self._read_line = read
        self._zone = zone
        self._dating = dating
        self._strange = 0

    def join(self, parsed: Parsed) -> Iterator[Span]:
        """Take the next block, in order; gives its lines as records, with fields and times."""
        for span in super().join(parsed):
            self._fill(span)
            yield span

    def notes(self) -> tuple[str, ...]:
        """How many lines are no events."""
        if not self._strange:
            return ()
        what = "1 line is no event" if self._strange == 1 else f"{self._strange:,} lines are no events"
        return (f"{what}: stored without fields and time",)

    def _fill(self, span: Span) -> None:
        import numpy as np

        fields: list[Fields] = []
        empty = 0
        for record, first in enumerate(span.first_line.tolist()):
            text = bytes(span.buf[span.starts[first] : span.ends[first]]).decode("utf-8")
            found = self._read_line(text)
            if found is None:
                fields.append({})
                empty += not text.strip(" []")
                continue
            fields.append(found[0])
            moment = _moment(found[1], self._zone) if self._dating and found[1] else None
            if moment is not None:
                span.ts[record], span.flags[record] = moment
                span.dated[record] = True
        self._strange += sum(not each for each in fields) - empty
        span.fields = fields_column(fields)
        span.ts = np.where(span.dated, span.ts, 0)


def _moment(text: str, zone: str) -> tuple[int, int] | None:
    """Nanoseconds UTC and flags of a time as an event says it."""
    import numpy as np

    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        fraction = epoch[2] or ""
        return int(epoch[1]) * 10**9 + int(fraction.ljust(9, "0")), int(TsFlag.FRACTION) if fraction else 0
    ns = instant(text)
    if ns is None:
        return None
    flags = int(TsFlag.FRACTION) if "." in text else 0
    if _ZONED.search(text):
        return ns, flags
    ts_ns, skipped = zoned(np.array([ns], np.int64), zone)
    return int(ts_ns[0]), flags | int(TsFlag.ZONE_ASSUMED) | (int(TsFlag.SKIPPED_TIME) if skipped[0] else 0)
