r"""A Result as an aligned text table for eyes: display texts, one line a row, and a footer with the number of rows.

A line end inside a text is shown as ``⏎``, a TAB as ``\t``, other control characters as escapes. Column widths
come from the headings and the first rows. Where a total width is given, longer cells are cut with ``…`` and the footer
says how many were; without one nothing is cut, and a cell wider than its column moves the rest of its line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.cells import clip, display, escape_text, hostile, is_numeric, is_text, pad, replace_chars, width
from twsla.render.shown import chosen_columns, pieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Column, Result
    from twsla.render.shown import RenderOptions

GAP = "  "
SAMPLE_ROWS = 1000
"""Rows whose cells decide the widths of the columns."""
_LEAST = 4
"""Cells a text column keeps where there are too many columns for the width."""
ONE_LINE = {"\n": "⏎", "\t": "\\t", "\r": "\\r", **hostile("\n\t\r")}
"""How a text is shown that must stay on one line."""


def write_table(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Write the table as UTF-8; nothing at all if the result has no columns."""
    columns = chosen_columns(result, options)
    if not columns:
        return
    widths = column_widths(columns, _natural_widths(columns, result, options), options.width)
    limits: Sequence[int | None] = widths if options.width is not None else [None] * len(columns)
    head = _line([escape_text(column.title, keep="") for column in columns], columns, widths, limits)
    bold, plain = ("\x1b[1m", "\x1b[0m") if options.colour else ("", "")
    rule = GAP.join("-" * cells for cells in widths)
    sink.write(f"{bold}{head}{plain}\n{rule}\n".encode())

    rows = cut = 0
    for batch in pieces(result.rows):
        texts = [cell_texts(column, batch, options) for column in columns]
        if options.width is not None:
            cut += sum(width(text) > limit for column, limit in zip(texts, widths, strict=True) for text in column)
        lines = [_line(row, columns, widths, limits) for row in zip(*texts, strict=True)]
        sink.write("".join(f"{line}\n" for line in lines).encode())
        rows += batch.num_rows
    sink.write(_footer(rows, cut, options).encode())


def cell_texts(column: Column, data: pa.RecordBatch | pa.Table, options: RenderOptions) -> list[str]:
    """The display texts of a column, each on one line."""
    texts: list[str] = replace_chars(display(column, data, zone=options.zone), ONE_LINE).to_pylist()
    return texts


def _natural_widths(columns: Sequence[Column], result: Result, options: RenderOptions) -> list[int]:
    sample = result.rows.slice(0, SAMPLE_ROWS)
    cells = [cell_texts(column, sample, options) for column in columns]
    heads = [width(escape_text(column.title, keep="")) for column in columns]
    return [max(head, max(map(width, texts), default=0)) for head, texts in zip(heads, cells, strict=True)]


def column_widths(columns: Sequence[Column], natural: Sequence[int], total: int | None) -> list[int]:
    """Cells for each column, so that a line with its gaps fits in ``total``.

    Numbers, times and levels keep what they need. Text columns share the rest by ``Column.share``; what one does not
    need goes to the others. Each keeps a few cells, even where the line then grows beyond ``total``.
    """
    if total is None:
        return list(natural)
    left = total - len(GAP) * (len(columns) - 1)
    if sum(natural) <= left:
        return list(natural)
    flexible = [at for at, column in enumerate(columns) if is_text(column.kind)]
    flexible = flexible or list(range(len(columns)))
    widths = list(natural)
    left -= sum(cells for at, cells in enumerate(natural) if at not in flexible)
    while flexible:
        shares = sum(max(1, columns[at].share) for at in flexible)
        allowed = {at: max(_LEAST, left * max(1, columns[at].share) // shares) for at in flexible}
        content = [at for at in flexible if natural[at] <= allowed[at]]
        if not content:
            for at in flexible:
                widths[at] = allowed[at]
            break
        left -= sum(natural[at] for at in content)
        flexible = [at for at in flexible if at not in content]
    return widths


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], limits: Sequence[int | None]) -> str:
    parts = []
    for text, column, cell_width, limit in zip(cells, columns, widths, limits, strict=True):
        shown = text if limit is None else clip(text, limit)
        if column is columns[-1] and not is_numeric(column.kind):
            parts.append(shown)
        else:
            parts.append(pad(shown, cell_width, right=is_numeric(column.kind)))
    return GAP.join(parts)


def _footer(rows: int, cut: int, options: RenderOptions) -> str:
    footer = f"{rows:,} row{'' if rows == 1 else 's'}"
    if cut:
        footer += (
            f"; {cut:,} cell{' was' if cut == 1 else 's were'} cut with … to fit {options.width} columns"
            " (--format csv has all of it)"
        )
    return f"{footer}\n"
