"""A GitHub-flavoured Markdown table: canonical texts, with everything escaped that would be taken for markup.

Line ends inside a cell become ``<br>``, control characters visible escapes, and addresses of web pages are broken up so
that nothing in a report about an attack is a link to the attacker.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.render.cells import canonical, hostile, is_numeric, replace_chars
from twsla.render.shown import chosen_columns, pieces

if TYPE_CHECKING:
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Result
    from twsla.render.shown import RenderOptions

_VISIBLE = hostile("\n")
"""First, so that the backslashes of these escapes are escaped in their turn."""
_MARKUP = {
    "\\": "\\\\",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    **{char: f"\\{char}" for char in "`*_[]~|$"},
    "\n": "<br>",
}
_LINKS = (("://", ":&#47;/"), ("(?i)(www)[.]", "\\1&#46;"))
"""What GitHub turns into links; as entities they look the same and stay text."""
_INDENT = "^((?:&nbsp;)*) "
"""Blanks at the beginning of a cell would be dropped, and with them the levels of a tree."""
_MOST_INDENT = 200


def write_markdown(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """A Markdown table.

    A result with parts becomes a document: for the whole and for each part title, facts, notes and rows. Otherwise
    nothing is written if the result has no columns.
    """
    if not result.parts:
        _write_table(result, sink, options)
        return
    _write_section(result, sink, options, "#")
    for part in result.parts:
        _write_section(part, sink, replace(options, columns=None), "##")


def _write_section(result: Result, sink: BinaryIO, options: RenderOptions, level: str) -> None:
    import pyarrow as pa

    from twsla.render.values import canonical_value

    def escaped(text: str) -> str:
        cell: str = markdown_cells(pa.array([text], pa.large_string()))[0].as_py()
        return cell

    lines = [f"{level} {escaped(result.title)}", ""]
    for fact in result.facts:
        value = canonical_value(fact.value, fact.kind, zone=options.zone)
        lines.append(f"- {escaped(fact.title)}: {escaped(value)}")
    if result.facts:
        lines.append("")
    for note in result.notes:
        lines += [f"> {escaped(note.text)}", ""]
    sink.write("".join(f"{line}\n" for line in lines).encode())
    _write_table(result, sink, options)
    if result.columns:
        sink.write(b"\n")


def _write_table(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    import pyarrow as pa

    from twsla.export.joined import glue

    columns = chosen_columns(result, options)
    if not columns:
        return
    heads = markdown_cells(pa.array([column.title for column in columns], pa.large_string())).to_pylist()
    rules = ["---:" if is_numeric(column.kind) else "---" for column in columns]
    sink.write(f"| {' | '.join(heads)} |\n| {' | '.join(rules)} |\n".encode())
    for batch in pieces(result.rows):
        parts: list[str | pa.Array] = []
        for column in columns:
            parts += [" | ", markdown_cells(canonical(column, batch, zone=options.zone))]
        sink.write(glue(["| ", *parts[1:], " |\n"]))


def markdown_cells(texts: pa.Array) -> pa.Array:
    """Each text as the content of a table cell."""
    import pyarrow.compute as pc

    cells = replace_chars(replace_chars(texts, _VISIBLE), _MARKUP)
    for pattern, entity in _LINKS:
        if pc.any(pc.match_substring_regex(cells, pattern)).as_py():
            cells = pc.replace_substring_regex(cells, pattern, entity)
    for _ in range(_MOST_INDENT):
        if not pc.any(pc.match_substring_regex(cells, _INDENT)).as_py():
            break
        cells = pc.replace_substring_regex(cells, _INDENT, "\\1&nbsp;")
    return cells
