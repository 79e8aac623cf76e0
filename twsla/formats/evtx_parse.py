"""Blocks of an event log as columns: what a process of its own can do, and hand over without a copy a record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from twsla.formats.evtx_chunks import CHUNK_BYTES, CHUNK_MAGIC, HEADER_BYTES, read_chunk
from twsla.formats.evtx_json import read_event, sharpen, summary_of, text_of_strings
from twsla.model.event_places import ALL_ODD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.blocks import Block
    from twsla.formats.evtx_chunks import Chunk, Event

CARVED = "carved"
"""Field of records that were found in free space; its value is ``true``."""
_RECORD_HEAD = 24


@dataclass(frozen=True, slots=True)
class EvtxOptions:
    """How events are to be read."""

    summary: bool = False
    """Texts are one-line summaries."""
    no_timestamps: bool = False
    carving: bool = False
    """Records in the free space of chunks are read too; they come last."""


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Some events; all columns are (records,)."""

    text: pa.LargeStringArray
    ts: npt.NDArray[np.int64]
    """ns UTC; 0 where not ``dated``."""
    dated: npt.NDArray[np.bool_]
    offset: npt.NDArray[np.int64]
    """Byte of the source at which each record begins."""
    fields: pa.MapArray
    keys: npt.NDArray[np.int64]
    """The same number for the same event; empty where nobody asks."""


@dataclass(frozen=True, slots=True)
class ParsedEvents:
    """The events of one block."""

    records: EventColumns | None
    carved: EventColumns | None
    """Events out of free space."""
    lost: list[int | None]
    """Numbers of records that cannot be read."""
    strange: list[int]
    """Offsets of what should be chunks and is none."""
    unsealed: int
    """Chunks whose checksum is wrong."""
    chunks: int
    partial: int
    """Bytes of a chunk that the block ends within."""
    odd: frozenset[str] = frozenset()
    """Fields that are not what stands in the text at their place."""


class _Record(NamedTuple):
    """One event, ready for its columns."""

    text: bytes
    ts: int | None
    offset: int
    fields: Mapping[str, str]

    @property
    def key(self) -> int:
        """Its number alone is not enough, as a cleared log begins with 1 again."""
        same = f"{self.fields.get('EventRecordID')}\0{self.ts}\0{self.fields.get('Channel')}"
        digest = hashlib.blake2b(same.encode("utf-8", "replace"), digest_size=8).digest()
        return int.from_bytes(digest, "little", signed=True)


def parse_events(options: EvtxOptions, block: Block) -> ParsedEvents:
    """Read one block. Pure: any order, any thread, any process."""
    records: list[_Record] = []
    carved: list[_Record] = []
    lost: list[int | None] = []
    strange: list[int] = []
    odd: set[str] = {ALL_ODD} if options.summary else set()
    chunks = unsealed = 0
    raw, first = block.raw, chunk_start(block)
    for start in range(first, len(raw), CHUNK_BYTES):
        bytes_ = raw[start : start + CHUNK_BYTES]
        chunk = read_chunk(bytes_)
        chunks += bool(chunk.events or chunk.lost)
        unsealed += not chunk.sealed
        lost += chunk.lost
        if chunk.strange:
            strange.append(block.offset + start)
        for event in chunk.events:
            record = _record(options, event, bytes_, block.offset + start, odd)
            if record is None:
                lost.append(None)
            else:
                records.append(record)
        if options.carving:
            carved += _carved(options, bytes_, chunk, block.offset + start, odd)
    partial = (len(raw) - first) % CHUNK_BYTES
    found, left = _columns(records, keyed=options.carving), _columns(carved, keyed=options.carving)
    return ParsedEvents(found, left, lost, strange, unsealed, chunks, partial, frozenset(odd))


def chunk_start(block: Block) -> int:
    """Where the first chunk of a block begins: behind the header of the file, if that is there."""
    return 0 if block.offset or block.raw.startswith(CHUNK_MAGIC) else HEADER_BYTES


def _record(options: EvtxOptions, event: Event, chunk: bytes, offset: int, odd: set[str]) -> _Record | None:
    """Text, time and fields of an event; None: it is nested beyond all measure."""
    inner = _event(event.document)
    ts = sharpen(inner, chunk[event.at + _RECORD_HEAD : event.at + event.size])
    try:
        fields, body = read_event(inner, odd)
        text = summary_of(fields, ts) if options.summary else text_of_strings(body)
    except (RecursionError, TypeError):  # the latter is what orjson says of it
        return None
    return _Record(text.encode(), None if options.no_timestamps else ts, offset + event.at, fields)


def _event(document: dict[str, Any]) -> dict[str, Any]:
    event = document.get("Event")
    return event if isinstance(event, dict) else document


def _carved(options: EvtxOptions, raw: bytes, chunk: Chunk, offset: int, odd: set[str]) -> Iterator[_Record]:
    from twsla.formats.evtx_carve import carve

    for event in carve(raw, chunk):
        record = _record(options, event, raw, offset, odd)
        if record is not None:
            yield record._replace(fields={**record.fields, CARVED: "true"})


def _columns(records: Sequence[_Record], *, keyed: bool) -> EventColumns | None:
    import numpy as np
    import pyarrow as pa

    if not records:
        return None
    texts, stamps, offsets, fields = zip(*records, strict=True)
    ends = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=ends[1:])
    text = pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
    return EventColumns(
        text,
        np.array([ts or 0 for ts in stamps], np.int64),
        np.array([ts is not None for ts in stamps], bool),
        np.array(offsets, np.int64),
        fields_column(fields),
        np.array([record.key for record in records] if keyed else [], np.int64),
    )


def fields_column(fields: Sequence[Mapping[str, str]]) -> pa.MapArray:
    """Names and values as a column: (records,) map<string, string>."""
    import numpy as np
    import pyarrow as pa

    offsets = np.zeros(len(fields) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, fields), np.int32, len(fields)), out=offsets[1:])
    names = list(chain.from_iterable(fields))
    values = list(chain.from_iterable(each.values() for each in fields))
    return pa.MapArray.from_arrays(pa.array(offsets), pa.array(names, pa.string()), pa.array(values, pa.string()))
