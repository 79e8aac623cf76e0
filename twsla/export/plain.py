r"""Plain text: the record texts one a line, as grep prints them; tables with TABs between cells and a header line.

In tables a backslash, TAB, carriage return or line end inside a cell is written ``\\``, ``\t``, ``\r``, ``\n``. Record
texts are written unchanged, line ends inside included, unless the destination is a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.result import ValueRows
from twsla.render.cells import canonical, canonical_value, escape_controls, escape_text
from twsla.render.shown import SOURCE_COLUMNS, bare_column, break_column, chosen_columns, pieces

if TYPE_CHECKING:
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Column, Result
    from twsla.render.shown import RenderOptions

_KEPT_IN_RECORDS = "\t\n"


def write_plain(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Texts one a line; tables TAB-separated."""
    column = bare_column(result, options)
    if isinstance(result.rows, ValueRows):
        _write_values(result, result.rows, sink, options)
    elif column is not None:
        _write_records(result, column, sink, options)
    else:
        from twsla.export.delimited import write_tsv

        write_tsv(result, sink, options)


def _write_values(result: Result, rows: ValueRows, sink: BinaryIO, options: RenderOptions) -> None:
    """A handful of values, without importing Arrow: a count must come as fast as grep's."""
    from twsla.export.delimited import tsv_text

    bare = bare_column(result, options)
    columns = (bare,) if bare is not None else chosen_columns(result, options)
    if not columns:
        return
    places = [(rows.names.index(column.name), column.kind) for column in columns]
    table = [[canonical_value(row[at], kind, zone=options.zone) for at, kind in places] for row in rows.values]
    if bare is None:
        heads = [column.heading or column.name for column in columns]
        table = [[tsv_text(cell) for cell in row] for row in [heads, *table]]
    texts = ["\t".join(row) for row in table]
    if options.escape:
        texts = [escape_text(text, keep=_KEPT_IN_RECORDS) for text in texts]
    sink.write("".join(f"{text}\n" for text in texts).encode())


def _write_records(result: Result, column: Column, sink: BinaryIO, options: RenderOptions) -> None:
    """Texts one a line; with their source ``source:line:offset:text``, ``--`` between blocks, as grep -HnbC."""
    from twsla.export.joined import glue

    known = {each.name: each for each in result.columns}
    origin = [known[name] for name in SOURCE_COLUMNS if options.with_source and name in known]
    broken = break_column(result, options)
    block = None
    for batch in pieces(result.rows):
        parts: list[str | pa.Array] = []
        if broken is not None:
            blocks = canonical(broken, batch, zone=options.zone)
            parts.append(_breaks(blocks, before=block))
            block = blocks[-1]
        for each in origin:
            parts += [_texts(each, batch, options), ":"]
        sink.write(glue([*parts, _texts(column, batch, options), "\n"]))


def _breaks(blocks: pa.Array, *, before: pa.Scalar | None) -> pa.Array:
    """``--`` and a line end for each row whose block is another than that of the row before it, else nothing.

    ``before`` is the block of the last row already written; None if there is none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    large = pa.large_string()
    previous = pa.concat_arrays([pa.array([blocks[0] if before is None else before], large), blocks[:-1]])
    return pc.if_else(pc.not_equal(blocks, previous), pa.scalar("--\n", large), pa.scalar("", large))


def _texts(column: Column, batch: pa.RecordBatch, options: RenderOptions) -> pa.Array:
    from twsla.render.highlight import paint_texts

    texts = canonical(column, batch, zone=options.zone)
    if options.colour and options.marks:
        return paint_texts(texts, options.marks)
    return escape_controls(texts, keep=_KEPT_IN_RECORDS) if options.escape else texts
