"""What of a Result is written, and how: the options every surface shares, the columns chosen, the rows in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from twsla.model.result import Column, Result, Rows
    from twsla.render.highlight import Mark

SOURCE_COLUMNS = ("source", "line_no", "offset")
PIECE_ROWS = 1 << 16
PIECE_BYTES = 16 << 20
"""Rows are turned into text in pieces of about this size, so that memory does not grow with the result."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a Result becomes text."""

    zone: str = "UTC"
    """IANA name or offset of the zone in which times are written."""
    columns: tuple[str, ...] | None = None
    """Names of the columns to write, in this order, hidden ones included; None for all that are not hidden."""
    width: int | None = None
    """Terminal cells a line of a table may take; None for as many as it needs."""
    colour: bool = False
    """The destination shows ANSI colours."""
    with_source: bool = False
    """Write where each record comes from as well, source, line number, offset, whatever the columns."""
    guard_formulas: bool = False
    """Put ``'`` before text cells of CSV and TSV that a spreadsheet would take for a formula."""
    escape: bool = False
    """The destination is a terminal: show control characters as visible escapes."""
    marks: tuple[Mark, ...] = ()
    """What to colour in the texts of plain output, where ``colour`` is set."""


def chosen_columns(result: Result, options: RenderOptions) -> tuple[Column, ...]:
    """The columns to write, in order.

    Raises:
        UsageError: a name in ``options.columns`` is none of the result's, or is given twice.
    """
    if options.columns is None:
        extra = SOURCE_COLUMNS if options.with_source else ()
        return tuple(column for column in result.columns if not column.hidden or column.name in extra)
    known = {column.name: column for column in result.columns}
    added = [name for name in SOURCE_COLUMNS if options.with_source and name in known and name not in options.columns]
    for place, name in enumerate(options.columns):
        if name not in known:
            raise UsageError(f"this result has no column {name!r}", hint=f"columns: {', '.join(known) or 'none'}")
        if name in options.columns[:place]:
            raise UsageError(f"column {name!r} is named twice", hint="name each column once")
    return tuple(known[name] for name in (*options.columns, *added))


def bare_column(result: Result, options: RenderOptions) -> Column | None:
    """The one column plain output prints without a header; None where the result has none or columns were chosen."""
    if result.bare is None or options.columns is not None:
        return None
    return next((column for column in result.columns if column.name == result.bare), None)


def break_column(result: Result, options: RenderOptions) -> Column | None:
    """The column whose change plain output of the bare column marks with a line ``--``."""
    if result.bare_break is None or bare_column(result, options) is None:
        return None
    return next((column for column in result.columns if column.name == result.bare_break), None)


def pieces(rows: Rows, only: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """All rows in order, in record batches of at most ``PIECE_ROWS`` rows and about ``PIECE_BYTES``.

    ``only`` names the columns that are needed, so that rows which can leave the others unread do so.
    """
    batches: Callable[[Sequence[str]], Iterator[pa.RecordBatch]] | None = getattr(rows, "only", None)
    for batch in rows.batches() if only is None or batches is None else batches(only):
        if not batch.num_rows:
            continue
        row_bytes = max(1, batch.nbytes // batch.num_rows)
        step = max(1, min(PIECE_ROWS, PIECE_BYTES // row_bytes))
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)
