"""The one shape of a log record: column names, their types and meanings, and the time-stamp flags."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("ts", "ts_flags", "source", "line_no", "offset", "text", "raw", "shape", "fields")
"""Columns of every store file, in this order; those of ``OPTIONAL`` may be absent from a file."""
OPTIONAL = frozenset({"raw", "shape", "fields"})
FIELD_PREFIX = "field_"
"""What the names of columns for single fields begin with; behind it stands the field's name, as its source has it."""


class TsFlag(IntFlag):
    """How a record's time stamp came about; column ``ts_flags`` (uint8). 0 = all of it was on the line."""

    YEAR_ASSUMED = 1
    """The line names no year: it was inferred from the source (see the source's year rule)."""
    ZONE_ASSUMED = 2
    """The line names no zone: the source's zone was used."""
    ROLLED_OVER = 4
    """The assumed year differs from that of the source's first line: a turn of the year was passed."""
    FRACTION = 8
    """The stamp carries a fraction of a second (so .000 was written, not implied)."""
    DATE_ASSUMED = 16
    """The line names only a time of day: the date was inferred."""
    OTHER_FORM = 32
    """The line does not fit the form chosen for its source; its left-most stamp of any form was used."""
    SKIPPED_TIME = 64
    """The assumed zone's clock never showed this time (it was put forward): evidence that the zone is another."""


def record_schema() -> pa.Schema:
    r"""The Arrow schema of record batches in the import pipeline (``COLUMNS`` without ``fields``, in order).

    ``ts`` timestamp[ns, UTC] null if undated; ``ts_flags`` uint8; ``source`` string;
    ``line_no`` int64, 1-based number of the record's first physical line; ``offset`` int64, byte offset of the
    record in the decompressed source; ``text`` string, valid UTF-8, line ends inside as ``\n``, none at the end;
    ``raw`` binary, null unless decoding lost something; ``shape`` dictionary<int32, string>, null until computed.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("ts", pa.timestamp("ns", tz="UTC")),
            ("ts_flags", pa.uint8()),
            ("source", pa.dictionary(pa.int32(), pa.string())),
            ("line_no", pa.int64()),
            ("offset", pa.int64()),
            ("text", pa.large_string()),
            ("raw", pa.large_binary()),
            ("shape", pa.dictionary(pa.int32(), pa.large_string())),
        ]
    )


def fields_field() -> pa.Field:
    """The Arrow field of ``fields``: names and values of a structured record; the last column where there are any."""
    import pyarrow as pa

    return pa.field("fields", pa.map_(pa.string(), pa.string()))


def field_column(name: str) -> str:
    """The name of the column that a field may have of its own in a store file."""
    return FIELD_PREFIX + name


def field_of(column: str) -> str | None:
    """The field that a column of a store file holds; None: it is one of ``COLUMNS``."""
    return column.removeprefix(FIELD_PREFIX) if column.startswith(FIELD_PREFIX) else None
