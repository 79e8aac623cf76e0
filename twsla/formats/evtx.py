"""Windows event logs (EVTX) as records: one a record of an event, with its fields as a column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.formats.blocks import Block
from twsla.formats.build import Span
from twsla.formats.encodings import Encoding, detect_encoding
from twsla.formats.evtx_chunks import CHUNK_BYTES, CHUNK_MAGIC, FILE_MAGIC, HEADER_BYTES
from twsla.formats.evtx_parse import CARVED, EventColumns, EvtxOptions, ParsedEvents, parse_events
from twsla.formats.timestamps.years import YearClock
from twsla.model.event_places import ALL_ODD, MOST_ODD
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from twsla.formats.blocks import Readable

_BLOCK_CHUNKS = 16
_MOST_NUMBERS = 20
"""Stretches of lost records, and places of damaged chunks, that a sentence names."""


def is_evtx(head: bytes) -> bool:
    """Whether content is an event log, by its first bytes; one whose first page is damaged, by its first chunk."""
    second = head[HEADER_BYTES : HEADER_BYTES + len(CHUNK_MAGIC)]
    return head.startswith((FILE_MAGIC, CHUNK_MAGIC)) or second == CHUNK_MAGIC


@dataclass(slots=True)
class EvtxSource:
    """One event log being read; a record counts as a line."""

    options: EvtxOptions = field(default_factory=EvtxOptions)
    encoding: Encoding = field(default_factory=lambda: detect_encoding(b"", forced="utf-8"))
    plan: None = None
    """Times are not looked for in the texts."""
    clock: YearClock = field(default_factory=lambda: YearClock(None))
    lines: int = 0
    lossy_lines: int = 0
    quoted_lines: int = 0
    pieces: list[int] = field(default_factory=list)
    held_from: int | None = None
    carved: int = 0
    """Records out of free space."""
    _odd: set[str] = field(default_factory=set)
    _carved: list[EventColumns] = field(default_factory=list)
    _keys: list[npt.NDArray[np.int64]] = field(default_factory=list)
    """Of the records that are no such ones."""
    _lost: list[int | None] = field(default_factory=list)
    _strange: list[int] = field(default_factory=list)
    _unsealed: int = 0
    _chunks: int = 0
    _partial: int = 0
    """Bytes of a chunk that the source ends within."""

    def parse(self, block: Block) -> ParsedEvents:
        """Read one block. Pure: any order, any thread."""
        return parse_events(self.options, block)

    def join(self, parsed: ParsedEvents) -> Iterator[Span]:
        """Take the next block, in order; gives its records."""
        self._lost += parsed.lost
        self._strange += parsed.strange
        self._odd |= parsed.odd
        self._unsealed += parsed.unsealed
        self._chunks += parsed.chunks
        self._partial = parsed.partial
        if parsed.carved is not None:
            self._carved.append(parsed.carved)
        if parsed.records is not None:
            self._keys.append(parsed.records.keys)
            yield self._span(parsed.records)

    def finish(self, *, hold_back: bool = False) -> Iterator[Span]:
        """What was found in free space and stands nowhere else; the records of the log itself are all given."""
        import numpy as np

        known = np.concatenate(self._keys) if self._keys else np.zeros(0, np.int64)
        for columns in self._carved:
            new = ~np.isin(columns.keys, known)
            new[np.setdiff1d(np.arange(len(new)), np.unique(columns.keys, return_index=True)[1])] = False
            known = np.concatenate((known, columns.keys[new]))
            if new.any():
                self.carved += int(new.sum())
                yield self._span(_chosen(columns, new))

    def _span(self, columns: EventColumns) -> Span:
        import numpy as np

        count = len(columns.text)
        _, offsets, data = columns.text.buffers()
        ends = np.frombuffer(offsets, np.int64)[columns.text.offset : columns.text.offset + count + 1]
        line_no = np.arange(self.lines + 1, self.lines + count + 1, dtype=np.int64)
        self.lines += count
        return Span(
            buf=np.frombuffer(data, np.uint8),
            starts=ends[:-1],
            ends=ends[1:],
            stop=int(ends[-1]),
            first_line=np.arange(count),
            ts=columns.ts,
            dated=columns.dated,
            flags=np.where(columns.dated, np.uint8(TsFlag.FRACTION), np.uint8(0)),
            line_no=line_no,
            offset=columns.offset,
            raw={},
            # Nearly every event is of a shape of its own: numbers with letters, GUIDs, hashes.
            built=(columns.text, None),
            fields=columns.fields,
        )

    @property
    def expected(self) -> int:
        """Records that the log says it holds, as far as it still does; known after the last block."""
        return self.lines - self.carved + len(self._lost)

    @property
    def odd_fields(self) -> list[str] | None:
        """Fields that are not what stands in the text at their place, sorted; None: all may be."""
        return None if ALL_ODD in self._odd or len(self._odd) > MOST_ODD else sorted(self._odd)

    def losses(self) -> tuple[str, ...]:
        """What could not be read, a sentence each, when all blocks have been joined."""
        told: list[str] = []
        if self._lost:
            numbers = sorted(number for number in self._lost if number is not None)
            unknown = len(self._lost) - len(numbers)
            which = [f"numbers {_ranges(numbers)}"] if numbers else []
            which += [f"{unknown:,} of unknown number"] if unknown else []
            told.append(f"{len(self._lost):,} of {self.expected:,} event records cannot be read ({'; '.join(which)})")
        if self._strange:
            places = ", ".join(f"{offset:,}" for offset in self._strange[:_MOST_NUMBERS])
            more = ", …" if len(self._strange) > _MOST_NUMBERS else ""
            chunks = "a chunk" if len(self._strange) == 1 else f"{len(self._strange):,} chunks"
            told.append(f"holds {chunks} in which no event can be found (at byte {places}{more})")
        if self._partial:
            told.append(f"ends within a chunk, after {self._partial:,} of its {CHUNK_BYTES:,} bytes")
        return tuple(told)

    def notes(self) -> tuple[str, ...]:
        """What else is to be told."""
        told = []
        if self._unsealed:
            chunks = f"{self._unsealed:,} of {self._chunks:,} chunks"
            told.append(
                f"the checksum of {chunks} is not that of their event records: the log was copied while it was in use, "
                "or is damaged or altered"
            )
        if self.carved:
            what = "1 record was" if self.carved == 1 else f"{self.carved:,} records were"
            told.append(
                f"{what} found in free space (field {CARVED}): left from before, perhaps with values of other events"
            )
        return tuple(told)


def evtx_blocks(stream: Readable, head: bytes) -> Iterator[Block]:
    """Cut ``head`` (read already) and the rest of ``stream`` into blocks of whole chunks.

    Errors of ``stream.read`` come through only after every byte read before has been given.
    """
    start = 0 if head.startswith(CHUNK_MAGIC) else HEADER_BYTES
    size, offset, held = start + _BLOCK_CHUNKS * CHUNK_BYTES, 0, head
    error: Exception | None = None
    while error is None:
        chunk = b""
        while len(held) < size:
            try:
                chunk = stream.read(size - len(held))
            except Exception as caught:  # noqa: BLE001  # raised again below, after the bytes before it
                error = caught
                break
            if not chunk:
                break
            held += chunk
        if not held:
            break
        yield Block(held[:size], offset, continues=False)
        offset, held, size = offset + len(held[:size]), held[size:], _BLOCK_CHUNKS * CHUNK_BYTES
    if error is not None:
        raise error


def _chosen(columns: EventColumns, keep: npt.NDArray[np.bool_]) -> EventColumns:
    import pyarrow as pa

    mask = pa.array(keep)
    return EventColumns(
        columns.text.filter(mask),
        columns.ts[keep],
        columns.dated[keep],
        columns.offset[keep],
        columns.fields.filter(mask),
        columns.keys[keep],
    )


def _ranges(numbers: list[int]) -> str:
    """``3, 7-9``; numbers ascending."""
    stretches: list[list[int]] = []
    for number in numbers:
        if stretches and number <= stretches[-1][1] + 1:
            stretches[-1][1] = number
        else:
            stretches.append([number, number])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in stretches[:_MOST_NUMBERS]]
    return ", ".join(shown) + (", …" if len(stretches) > _MOST_NUMBERS else "")
