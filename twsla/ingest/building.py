"""Builds the columns of a span and leaves out what the user's filters and time range leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.build import Span, build
from twsla.query.where import arrow_mask

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.fields.forms import Read
    from twsla.ingest.settings import Settings
    from twsla.model.times import TimeRange
    from twsla.store.manifest import SourceEntry


@dataclass(slots=True)
class Built:
    """Rows ready for the store, and the counts of a span."""

    table: pa.Table | None
    lines: int = 0
    records: int = 0
    record_lines: int = 0
    undated: int = 0
    filtered_records: int = 0
    filtered_lines: int = 0
    outside_records: int = 0
    outside_lines: int = 0
    other_form: int = 0
    min_ts: int | None = None
    max_ts: int | None = None
    range_pending: bool = False

    def count_into(self, entry: SourceEntry) -> None:
        """Add these counts to those of the source."""
        entry.records += self.records
        entry.record_lines += self.record_lines
        entry.undated += self.undated
        entry.filtered_records += self.filtered_records
        entry.filtered_lines += self.filtered_lines
        entry.outside_records += self.outside_records
        entry.outside_lines += self.outside_lines
        entry.other_form += self.other_form
        if self.min_ts is not None and self.max_ts is not None:
            entry.min_ts = self.min_ts if entry.min_ts is None else min(entry.min_ts, self.min_ts)
            entry.max_ts = self.max_ts if entry.max_ts is None else max(entry.max_ts, self.max_ts)


def build_span(span: Span, source: str, settings: Settings, fields: Read | None = None) -> Built:
    """Columns of the records that stay; any thread.

    Args:
        span: Consecutive records.
        source: Name for the ``source`` column.
        settings: The user's filters and time range.
        fields: Reads the fields of their texts; None: they have none, or the span brings them.
    """
    import numpy as np

    from twsla.model.records import TsFlag, field_column

    table = build(span, source)
    line_counts = span.line_counts()
    keep = np.ones(span.records, bool)
    built = Built(None, lines=int(line_counts.sum()))
    if settings.filters:
        keep = arrow_mask(settings.filters, table["text"])
        built.filtered_records = int((~keep).sum())
        built.filtered_lines = int(line_counts[~keep].sum())
    if settings.time_range.start_ns is not None or settings.time_range.end_ns is not None:
        if (span.flags & (TsFlag.YEAR_ASSUMED | TsFlag.DATE_ASSUMED)).any():
            # Years are certain only at the end of the source; the range is applied then.
            built.range_pending = True
        else:
            inside = in_range(span.ts, span.dated, settings.time_range)
            outside = keep & ~inside
            built.outside_records, built.outside_lines = int(outside.sum()), int(line_counts[outside].sum())
            keep &= inside
    if not keep.all():
        table = table.filter(keep)
    built.records, built.record_lines = int(keep.sum()), int(line_counts[keep].sum())
    built.undated = int((keep & ~span.dated).sum())
    built.other_form = int((span.flags[keep] & TsFlag.OTHER_FORM != 0).sum())
    dated = span.ts[keep & span.dated]
    if len(dated):
        built.min_ts, built.max_ts = int(dated.min()), int(dated.max())
    if fields is not None and table.num_rows:
        for name, column in fields(table["text"].combine_chunks()).items():
            table = table.append_column(field_column(name), column)
    built.table = table if table.num_rows else None
    return built


def in_range(ts: npt.NDArray[np.int64], dated: npt.NDArray[np.bool_], time_range: TimeRange) -> npt.NDArray[np.bool_]:
    """(records,) which are dated and inside the range, both ends included."""
    inside = dated.copy()
    if time_range.start_ns is not None:
        inside &= ts >= time_range.start_ns
    if time_range.end_ns is not None:
        inside &= ts <= time_range.end_ns
    return inside
