"""Windows event logs (EVTX) as records: one a record of an event, with its fields as a column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from twsla.formats.blocks import Block
from twsla.formats.build import Span
from twsla.formats.encodings import Encoding, detect_encoding
from twsla.formats.evtx_chunks import CHUNK_BYTES, CHUNK_MAGIC, FILE_MAGIC, HEADER_BYTES, read_chunk
from twsla.formats.evtx_json import fields_of, sharpen, summary_of, text_of
from twsla.formats.timestamps.years import YearClock
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.blocks import Readable
    from twsla.formats.evtx_chunks import Chunk, Event

CARVED = "carved"
"""Field of records that were found in free space; its value is ``true``."""
_BLOCK_CHUNKS = 16
_RECORD_HEAD = 24
_MOST_NUMBERS = 20
"""Stretches of lost records, and places of damaged chunks, that a sentence names."""


def is_evtx(head: bytes) -> bool:
    """Whether content is an event log, by its first bytes; one whose first page is damaged, by its first chunk."""
    second = head[HEADER_BYTES : HEADER_BYTES + len(CHUNK_MAGIC)]
    return head.startswith((FILE_MAGIC, CHUNK_MAGIC)) or second == CHUNK_MAGIC


@dataclass(frozen=True, slots=True)
class ParsedEvents:
    """The events of one block."""

    block: Block
    records: list[_Record]
    lost: list[int | None]
    """Numbers of records that cannot be read."""
    strange: list[int]
    """Offsets of what should be chunks and is none."""
    unsealed: int
    """Chunks whose checksum is wrong."""
    chunks: int
    carved: list[_Record]
    """Events out of free space."""


class _Record(NamedTuple):
    """One event, ready for its columns."""

    text: bytes
    ts: int | None
    offset: int
    fields: Mapping[str, str]

    @property
    def key(self) -> int:
        """The same of the same event; its number alone is not enough, as a cleared log begins with 1 again."""
        return hash((self.fields.get("EventRecordID"), self.ts, self.fields.get("Channel")))


@dataclass(slots=True)
class EvtxSource:
    """One event log being read; a record counts as a line."""

    summary: bool = False
    """Texts are one-line summaries."""
    no_timestamps: bool = False
    carving: bool = False
    """Records in the free space of chunks are read too; they come last."""
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
    _carved: list[_Record] = field(default_factory=list)
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
        records: list[_Record] = []
        carved: list[_Record] = []
        lost: list[int | None] = []
        strange: list[int] = []
        chunks = unsealed = 0
        raw = block.raw
        for start in range(_chunk_start(block), len(raw), CHUNK_BYTES):
            bytes_ = raw[start : start + CHUNK_BYTES]
            chunk = read_chunk(bytes_)
            chunks += bool(chunk.events or chunk.lost)
            unsealed += not chunk.sealed
            lost += chunk.lost
            if chunk.strange:
                strange.append(block.offset + start)
            for event in chunk.events:
                record = self._record(event, bytes_, block.offset + start)
                if record is None:
                    lost.append(None)
                else:
                    records.append(record)
            if self.carving:
                carved += self._carved_of(bytes_, chunk, block.offset + start)
        return ParsedEvents(block, records, lost, strange, unsealed, chunks, carved)

    def _record(self, event: Event, chunk: bytes, offset: int) -> _Record | None:
        """Text, time and fields of an event; None: it is nested beyond all measure."""
        inner = _event(event.document)
        ts = sharpen(inner, chunk[event.at + _RECORD_HEAD : event.at + event.size])
        try:
            fields = fields_of(inner)
            text = summary_of(fields, ts) if self.summary else text_of(inner)
        except (RecursionError, TypeError):  # the latter is what orjson says of it
            return None
        return _Record(text.encode(), None if self.no_timestamps else ts, offset + event.at, fields)

    def _carved_of(self, raw: bytes, chunk: Chunk, offset: int) -> Iterator[_Record]:
        from twsla.formats.evtx_carve import carve

        for event in carve(raw, chunk):
            record = self._record(event, raw, offset)
            if record is not None:
                yield record._replace(fields={**record.fields, CARVED: "true"})

    def join(self, parsed: ParsedEvents) -> Iterator[Span]:
        """Take the next block, in order; gives its records."""
        import numpy as np

        self._lost += parsed.lost
        self._strange += parsed.strange
        self._unsealed += parsed.unsealed
        self._chunks += parsed.chunks
        self._carved += parsed.carved
        self._partial = (len(parsed.block.raw) - _chunk_start(parsed.block)) % CHUNK_BYTES
        if self.carving:
            self._keys.append(np.array([record.key for record in parsed.records], np.int64))
        if parsed.records:
            yield self._span(parsed.records)

    def finish(self, *, hold_back: bool = False) -> Iterator[Span]:
        """What was found in free space and stands nowhere else; the records of the log itself are all given."""
        import numpy as np

        if not self._carved:
            return
        known = np.isin(np.array([record.key for record in self._carved], np.int64), np.concatenate(self._keys))
        found: dict[int, _Record] = {}
        for record, is_known in zip(self._carved, known.tolist(), strict=True):
            if not is_known:
                found.setdefault(record.key, record)
        self.carved = len(found)
        if found:
            yield self._span(list(found.values()))

    def _span(self, records: list[_Record]) -> Span:
        import numpy as np

        count = len(records)
        texts = [record.text for record in records]
        sizes = np.fromiter(map(len, texts), np.int64, count)
        ends = np.cumsum(sizes + 1) - 1
        dated = np.array([record.ts is not None for record in records], bool)
        line_no = np.arange(self.lines + 1, self.lines + count + 1, dtype=np.int64)
        self.lines += count
        return Span(
            buf=np.frombuffer(b"\n".join(texts) + b"\n", np.uint8),
            starts=ends - sizes,
            ends=ends,
            stop=int(ends[-1]) + 1,
            first_line=np.arange(count),
            ts=np.array([record.ts or 0 for record in records], np.int64),
            dated=dated,
            flags=np.where(dated, np.uint8(TsFlag.FRACTION), np.uint8(0)),
            line_no=line_no,
            offset=np.array([record.offset for record in records], np.int64),
            raw={},
            fields=fields_column([record.fields for record in records]),
        )

    @property
    def expected(self) -> int:
        """Records that the log says it holds, as far as it still does; known after the last block."""
        return self.lines - self.carved + len(self._lost)

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


def _chunk_start(block: Block) -> int:
    return 0 if block.offset or block.raw.startswith(CHUNK_MAGIC) else HEADER_BYTES


def _event(document: dict[str, Any]) -> dict[str, Any]:
    event = document.get("Event")
    return event if isinstance(event, dict) else document


def fields_column(fields: list[Mapping[str, str]]) -> pa.MapArray:
    """Names and values as a column: (records,) map<string, string>."""
    import numpy as np
    import pyarrow as pa

    offsets = np.zeros(len(fields) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, fields), np.int32, len(fields)), out=offsets[1:])
    names = [name for each in fields for name in each]
    values = [value for each in fields for value in each.values()]
    return pa.MapArray.from_arrays(pa.array(offsets), pa.array(names, pa.string()), pa.array(values, pa.string()))


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
