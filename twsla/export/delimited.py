r"""CSV (RFC 4180, with ``\n`` line ends) and TSV (backslash escapes), both UTF-8 with a header line of column names.

A missing value and an empty text are both an empty cell. In TSV a backslash, TAB, carriage return or line end inside a
cell is written ``\\``, ``\t``, ``\r``, ``\n``, so that every row is one line. Formula guards, where asked for, are put
before text cells that begin with ``=``, ``+``, ``-``, ``@``, TAB, carriage return or line end; numbers and times are
never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.cells import canonical, escape_controls, is_text, replace_chars
from twsla.render.shown import chosen_columns, pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Result
    from twsla.render.shown import RenderOptions

_TSV_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TSV_TRANSLATION = str.maketrans(_TSV_ESCAPES)
_FORMULA = "^[=+\\-@\t\r\n]"
_NEEDS_QUOTES = '[",\r\n]'


def tsv_text(text: str) -> str:
    """One cell of TSV."""
    return text.translate(_TSV_TRANSLATION)


def write_csv(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Comma-separated values, RFC 4180."""
    alone = len(chosen_columns(result, options)) == 1
    _write(result, sink, options, ",", lambda cells: _csv_cells(cells, alone=alone))


def write_tsv(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """TAB-separated values with backslash escapes."""
    _write(result, sink, options, "\t", lambda cells: replace_chars(cells, _TSV_ESCAPES))


def _write(
    result: Result, sink: BinaryIO, options: RenderOptions, separator: str, encode: Callable[[pa.Array], pa.Array]
) -> None:
    import pyarrow as pa

    from twsla.export.joined import lines

    columns = chosen_columns(result, options)
    if not columns:
        return

    def cell(texts: pa.Array, *, text: bool) -> pa.Array:
        if text and options.guard_formulas:
            texts = _guarded(texts)
        encoded = encode(texts)
        return escape_controls(encoded, keep="\t\n") if options.escape else encoded

    heads = [cell(pa.array([column.heading or column.name], pa.large_string()), text=True) for column in columns]
    sink.write(lines(heads, separator))
    for batch in pieces(result.rows):
        cells = [cell(canonical(each, batch, zone=options.zone), text=is_text(each.kind)) for each in columns]
        sink.write(lines(cells, separator))


def _guarded(texts: pa.Array) -> pa.Array:
    """Texts that no spreadsheet takes for a formula."""
    import pyarrow as pa
    import pyarrow.compute as pc

    formula = pc.match_substring_regex(texts, _FORMULA)
    if not pc.any(formula).as_py():
        return texts
    large = pa.large_string()
    guarded = pc.binary_join_element_wise(pa.scalar("'", large), texts, pa.scalar("", large))
    return pc.if_else(formula, guarded, texts)


def _csv_cells(texts: pa.Array, *, alone: bool) -> pa.Array:
    """Quoted where needed. An empty cell that is ``alone`` on its line is quoted: readers skip empty lines."""
    import pyarrow as pa
    import pyarrow.compute as pc

    quoted = pc.match_substring_regex(texts, _NEEDS_QUOTES)
    if alone:
        quoted = pc.or_(quoted, pc.equal(texts, pa.scalar("", pa.large_string())))
    if not pc.any(quoted).as_py():
        return texts
    large = pa.large_string()
    mark, nothing = pa.scalar('"', large), pa.scalar("", large)
    return pc.if_else(
        quoted, pc.binary_join_element_wise(mark, replace_chars(texts, {'"': '""'}), mark, nothing), texts
    )
