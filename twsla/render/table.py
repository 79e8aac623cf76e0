r"""A Result as an aligned text table for eyes: display texts, one line a row, and a footer with the number of rows.

A line end inside a text is shown as ``⏎``, a TAB as ``\t``, other control characters as escapes. Column widths
come from the headings and the first rows. Where a total width is given, longer cells are cut with ``…`` and the footer
says how many were; without one nothing is cut, and a cell wider than its column moves the rest of its line.
"""

from __future__ import annotations

from itertools import chain
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
ONE_LINE = {**hostile(""), "\n": "⏎"}
"""How a text is shown that must stay on one line."""


def write_table(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Aligned columns for reading.

    Nothing at all is written if the result has no columns.
    """
    columns = chosen_columns(result, options)
    if not columns:
        return
    heads = [escape_text(column.title, keep="") for column in columns]
    batches = pieces(result.rows)
    first = next(batches, None)
    widths = _natural_widths(columns, heads, first, options)
    widths = column_widths(columns, widths, options.width)
    limits: Sequence[int | None] = widths if options.width is not None else [None] * len(columns)
    bold, plain = ("\x1b[1m", "\x1b[0m") if options.colour else ("", "")
    rule = GAP.join("-" * cells for cells in widths)
    sink.write(f"{bold}{_line(heads, columns, widths, limits)}{plain}\n{rule}\n".encode())

    rows = cut = 0
    for batch in chain([first] if first is not None else [], batches):
        texts = [cell_texts(column, batch, options) for column in columns]
        if options.width is not None:
            cut += sum(width(text) > limit for column, limit in zip(texts, widths, strict=True) for text in column)
        lines = [_line(row, columns, widths, limits) for row in zip(*texts, strict=True)]
        sink.write("".join(f"{line}\n" for line in lines).encode())
        rows += batch.num_rows
    sink.write(_footer(rows, cut, options).encode())


def _natural_widths(
    columns: Sequence[Column], heads: Sequence[str], first: pa.RecordBatch | None, options: RenderOptions
) -> list[int]:
    """What the headings and the first rows need."""
    widths = [width(head) for head in heads]
    if first is not None:
        sample = first.slice(0, SAMPLE_ROWS)
        cells = [cell_texts(column, sample, options) for column in columns]
        widths = [max(head, *map(width, texts)) for head, texts in zip(widths, cells, strict=True)]
    return widths


def cell_texts(column: Column, data: pa.RecordBatch | pa.Table, options: RenderOptions) -> list[str]:
    """The display texts of a column, each on one line."""
    texts: list[str] = replace_chars(display(column, data, zone=options.zone), ONE_LINE).to_pylist()
    return texts


def column_widths(columns: Sequence[Column], natural: Sequence[int], total: int | None) -> list[int]:
    """Cells for each column, so that a line with its gaps fits in ``total``.

    Numbers and times keep what they need if they can. Each text column keeps a few cells and they share the rest by
    ``Column.share``; what one does not need goes to the others. Where even a few cells each are too many, the line is
    longer than ``total``.
    """
    if total is None:
        return list(natural)
    left = total - len(GAP) * (len(columns) - 1)
    if sum(natural) <= left:
        return list(natural)
    widths = list(natural)
    flexible = [at for at, column in enumerate(columns) if is_text(column.kind)]
    rigid = sum(natural) - sum(natural[at] for at in flexible)
    if left - rigid >= _LEAST * len(flexible):
        left -= rigid
    else:
        flexible = list(range(len(columns)))
    least = [min(cells, _LEAST) for cells in natural]
    while flexible:
        shares = sum(max(1, columns[at].share) for at in flexible)
        spare = max(0, left - sum(least[at] for at in flexible))
        allowed = {at: least[at] + spare * max(1, columns[at].share) // shares for at in flexible}
        content = [at for at in flexible if natural[at] <= allowed[at]]
        if not content:
            over = max(0, left - sum(allowed.values()))
            for place, at in enumerate(flexible):
                widths[at] = allowed[at] + (place < over)
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
