r"""JSON (one object) and JSON lines (one row object a line), UTF-8.

Numbers are numbers with all their digits, times are RFC 3339 strings, a missing value, NaN and infinities are null.
Control characters, and those that reorder text, are written as ``\uXXXX``, so that the file can be looked at in a
terminal; reading it back gives the text unchanged.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.escape import HOSTILE
from twsla.render.shown import chosen_columns, pieces
from twsla.render.values import canonical_value, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Column, Fact, Result
    from twsla.render.shown import RenderOptions

_HOSTILE_ESCAPES = {char: f"\\u{ord(char):04x}" for char in HOSTILE}
_SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_STRING_ESCAPES = {**_SHORT_ESCAPES, **{char: code for char, code in _HOSTILE_ESCAPES.items() if char >= " "}} | {
    char: code for char, code in _HOSTILE_ESCAPES.items() if char < " " and char not in _SHORT_ESCAPES
}
_HOSTILE_TRANSLATION = str.maketrans(_HOSTILE_ESCAPES)


def dumps(value: object) -> str:
    """Compact JSON of a Python value, hostile characters escaped, NaN and infinities null."""
    return json_text(value).translate(_HOSTILE_TRANSLATION)


def write_jsonl(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """One JSON object a row."""
    columns = chosen_columns(result, options)
    if columns:
        for batch in pieces(result.rows):
            sink.write(_objects(columns, batch, options, before="", after="\n"))


def write_json(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """One object with rows, facts, charts and notes.

    Each row is on a line of its own. A result with parts has them as ``parts``, each such an object.
    """
    _write_object(result, sink, options)
    sink.write(b"\n")


def _write_object(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    columns = chosen_columns(result, options)
    heads = [{"name": column.name, "kind": column.kind.value} for column in columns]
    sink.write(f'{{"title":{dumps(result.title)},\n"columns":{dumps(heads)},\n"rows":['.encode())
    separator = "\n"
    for block in _row_blocks(result, columns, options):
        sink.write(separator.encode())
        sink.write(block)
        separator = ",\n"
    facts = ",".join(f"{dumps(fact.name)}:{_fact(fact, options)}" for fact in result.facts)
    charts = ",".join(dumps(chart_value(chart)) for chart in result.charts)
    notes = dumps([note.text for note in result.notes])
    sink.write(f'],\n"facts":{{{facts}}},\n"charts":[{charts}],\n"notes":{notes}'.encode())
    for number, part in enumerate(result.parts):
        sink.write(b",\n" if number else b',\n"parts":[\n')
        _write_object(part, sink, replace(options, columns=None))
    sink.write(b"]}" if result.parts else b"}")


def _row_blocks(result: Result, columns: Sequence[Column], options: RenderOptions) -> Iterator[memoryview]:
    """The row objects of each piece with ``,`` and a line end between them."""
    if columns:
        for batch in pieces(result.rows):
            yield _objects(columns, batch, options, before=",\n", after="")[2:]


def _objects(
    columns: Sequence[Column], batch: pa.RecordBatch, options: RenderOptions, *, before: str, after: str
) -> memoryview:
    from twsla.export.joined import glue

    parts: list[str | pa.Array] = []
    lead = f"{before}{{"
    for column in columns:
        parts += [f"{lead}{dumps(column.name)}:", json_array(batch.column(column.name), column.kind, zone=options.zone)]
        lead = ","
    return glue([*parts, f"}}{after}"])


def json_array(array: pa.Array, kind: Kind, *, zone: str = "UTC") -> pa.Array:
    """The JSON text of each value: ``large_string``, no nulls (a missing value is the text ``null``)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from twsla.render.cells import canonical_array, plain_array, replace_chars

    array = plain_array(array, kind)
    texts = canonical_array(array, kind, zone=zone)
    shown = array.is_valid()
    held, large = array.type, pa.large_string()
    if pa.types.is_floating(held):
        shown = pc.and_(shown, pc.is_finite(array).fill_null(False))
    elif pa.types.is_nested(held):
        texts = replace_chars(texts, _HOSTILE_ESCAPES)
    elif not (_is_number(held) or pa.types.is_boolean(held)):
        mark = pa.scalar('"', large)
        texts = pc.binary_join_element_wise(mark, replace_chars(texts, _STRING_ESCAPES), mark, pa.scalar("", large))
    if pc.all(shown).as_py():
        return texts
    return pc.if_else(shown, texts, pa.scalar("null", large))


def _is_number(held: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_integer(held) or types.is_decimal(held) or types.is_duration(held))


def _fact(fact: Fact, options: RenderOptions) -> str:
    value = fact.value
    if value is None or (fact.kind is not Kind.TIME and isinstance(value, (bool, int, float, list, tuple, dict))):
        return dumps(value)
    return dumps(canonical_value(value, fact.kind, zone=options.zone))


def chart_value(chart: object) -> object:
    """A chart as JSON has it: its type in lower case, and its fields; enumerations by their values."""
    if is_dataclass(chart) and not isinstance(chart, type):
        return {"type": type(chart).__name__.lower()} | _members(chart)
    return _member(chart)


def _members(value: object) -> dict[str, object]:
    assert is_dataclass(value)
    return {each.name: _member(getattr(value, each.name)) for each in fields(value)}


def _member(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return _members(value)
    if isinstance(value, (list, tuple)):
        return [_member(each) for each in value]
    return value
