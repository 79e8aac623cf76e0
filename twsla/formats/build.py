"""From lines in a block to record columns: joins lines, strips line ends, computes shapes. No Python per record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.select import select
from twsla.formats.shape import shapes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_NEWLINE = 10


@dataclass(slots=True)
class Span:
    """Consecutive lines of one source, grouped into records, not yet built."""

    buf: npt.NDArray[np.uint8]
    """Valid UTF-8."""
    starts: npt.NDArray[np.int64]
    """(lines,) index in ``buf`` of each line's first byte."""
    ends: npt.NDArray[np.int64]
    """(lines,) index after each line's last byte, line end excluded."""
    stop: int
    """Index in ``buf`` after the last line's line end."""
    first_line: npt.NDArray[np.int64]
    """(records,) index of each record's first line; the first is 0."""
    ts: npt.NDArray[np.int64]
    """(records,) ns UTC; meaningless where not ``dated``."""
    dated: npt.NDArray[np.bool_]
    flags: npt.NDArray[np.uint8]
    line_no: npt.NDArray[np.int64]
    offset: npt.NDArray[np.int64]
    raw: dict[int, bytes]
    """Original bytes of the records (by index) whose decoding lost something."""
    built: tuple[pa.LargeStringArray, pa.DictionaryArray | None] | None = None
    """Texts and shapes, where they were made when the lines were found, while these were in the processor's cache."""
    continues: bool = False
    """The first line is the rest of a line that was counted before."""
    fields: pa.MapArray | None = None
    """(records,) names and values, of structured records."""

    @property
    def records(self) -> int:
        """Number of records."""
        return len(self.first_line)

    @property
    def lines(self) -> int:
        """Number of physical lines, the rest of one included."""
        return len(self.starts)

    def raw_lines(self) -> bytes:
        """All lines, as they stand in the buffer."""
        return bytes(self.buf[int(self.starts[0]) : self.stop])

    def last_lines(self) -> npt.NDArray[np.int64]:
        """(records,) index of each record's last line."""
        import numpy as np

        return np.append(self.first_line[1:], self.lines) - 1

    def line_counts(self) -> npt.NDArray[np.int64]:
        """(records,) physical lines that begin in each record."""
        import numpy as np

        counts = np.diff(np.append(self.first_line, self.lines))
        counts[0] -= self.continues
        return counts


def build(span: Span, source: str) -> pa.Table:
    """Make the record columns of a span with at least one record: ``record_schema``, and ``fields`` if it has them."""
    import numpy as np
    import pyarrow as pa

    from twsla.model.records import fields_field, record_schema

    schema = record_schema()
    records = span.records
    texts, shape = span.built or text_columns(span.buf, span.starts, span.ends, span.stop, span.last_lines())
    raw = pa.nulls(records, pa.large_binary())
    if span.raw:
        raw = pa.array([span.raw.get(index) for index in range(records)], pa.large_binary())
    columns = [
        pa.array(span.ts, pa.int64(), mask=~span.dated).cast(schema.field("ts").type),
        pa.array(span.flags, pa.uint8()),
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(records, np.int32)), pa.array([source], pa.string())),
        pa.array(span.line_no),
        pa.array(span.offset),
        texts,
        raw,
        pa.nulls(records, schema.field("shape").type) if shape is None else shape,
    ]
    table = pa.table(columns, schema=schema)
    return table if span.fields is None else table.append_column(fields_field(), span.fields)


def text_columns(
    buf: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    stop: int,
    last_lines: npt.NDArray[np.int64],
) -> tuple[pa.LargeStringArray, pa.DictionaryArray | None]:
    """Texts and shapes of records.

    Args:
        buf: As in ``Span``.
        starts: As in ``Span``.
        ends: As in ``Span``.
        stop: As in ``Span``.
        last_lines: (records,) index of each record's last line.
    """
    region, ends = _one_newline_each(buf, starts, ends, stop)
    return _texts(region, ends[last_lines]), shapes(region, last_lines)


def _texts(region: npt.NDArray[np.uint8], newlines: npt.NDArray[np.int64]) -> pa.LargeStringArray:
    """The records of ``region`` as strings; ``newlines`` (records,) are the positions of the newlines between them."""
    import numpy as np
    import pyarrow as pa

    keep = np.ones(len(region), bool)
    keep[newlines] = False
    offsets = np.empty(len(newlines) + 1, np.int64)
    offsets[0] = 0
    offsets[1:] = newlines - np.arange(len(newlines))
    return pa.LargeStringArray.from_buffers(len(newlines), pa.py_buffer(offsets), pa.py_buffer(select(region, keep)))


def _one_newline_each(
    buf: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], stop: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    r"""The bytes of the lines with exactly one ``\n`` behind each line, and the positions of those newlines."""
    import numpy as np

    first = int(starts[0])
    region, starts, ends = buf[first:stop], starts - first, ends - first
    gaps = np.append(starts[1:], len(region)) - ends
    if gaps[-1] == 0:
        region, gaps[-1] = np.append(region, np.uint8(_NEWLINE)), 1
    if (gaps == 1).all():
        if (region[ends] != _NEWLINE).any():  # lone carriage returns as line ends
            region = region.copy()
            region[ends] = _NEWLINE
        return region, ends
    # Of a line end of two or more bytes only the last stays.
    keep = np.ones(len(region), bool)
    extra = gaps - 1
    for width in range(1, int(extra.max()) + 1):
        keep[ends[extra >= width] + width - 1] = False
    region = select(region, keep)
    ends = ends - np.append(0, np.cumsum(extra)[:-1])
    if (region[ends] != _NEWLINE).any():
        region = region.copy()
        region[ends] = _NEWLINE
    return region, ends
