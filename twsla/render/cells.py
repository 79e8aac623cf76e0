r"""The only place where a column of values becomes text: canonical (lossless) and display (for eyes).

Both are functions from Arrow to Arrow, so that sixty rows on a screen and ten million in a file run the same code.
The texts, by ``Kind`` (and by the Arrow type, where a column holds something else than its kind says):

    kind                      canonical                              display
    TIME                      2024-05-01T12:00:00.123456789Z         the same
    COUNT                     1234567                                1,234,567
    NUMBER                    1234.5  0.00012  1e+20  NaN            1,234.5  0.00012  1e+20  NaN
    SCORE                     0.8231947                              0.823
    DURATION                  3723500000000 (nanoseconds)            1h2m3.5s
    BYTES                     1536000                                1.5 MB
    TEXT LOG OBSERVABLE LEVEL the text                               the text

A missing value is the empty text in both. Lists, structures and maps are compact JSON. Bytes are UTF-8, with ``\xNN``
for those that are not, for the backslash and for hostile characters: the text gives them back. Text is not escaped
here: ``escape_controls`` does that where a terminal or a reader needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.escape import escape_controls, escape_text, hostile, replace_chars, text_bytes
from twsla.render.timetext import clock_texts, time_text, time_texts
from twsla.render.values import canonical_value, display_value, float_text
from twsla.render.widths import clip, pad, width, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from twsla.model.result import Column

__all__ = [
    "canonical",
    "canonical_array",
    "canonical_value",
    "clip",
    "display",
    "display_array",
    "display_value",
    "escape_controls",
    "escape_text",
    "hostile",
    "is_numeric",
    "is_text",
    "laid_out",
    "pad",
    "plain_array",
    "replace_chars",
    "text_bytes",
    "time_text",
    "time_texts",
    "width",
    "wrap",
]

_DISPLAY_DIFFERS = frozenset({Kind.COUNT, Kind.NUMBER, Kind.SCORE, Kind.DURATION, Kind.BYTES})
_TEXT_KINDS = frozenset({Kind.TEXT, Kind.LOG, Kind.OBSERVABLE, Kind.LEVEL})


def is_numeric(kind: Kind) -> bool:
    """Whether the column is a number: right-aligned where columns are aligned."""
    return kind in _DISPLAY_DIFFERS


def is_text(kind: Kind) -> bool:
    """Whether the column holds free text, which may be hostile."""
    return kind in _TEXT_KINDS


def canonical(column: Column, data: pa.RecordBatch | pa.Table, *, zone: str = "UTC") -> pa.Array:
    """The lossless texts of one column: ``large_string``, no nulls, as many as ``data`` has rows.

    A column with a layout has the texts of that, here as in ``display``.
    """
    if column.layout:
        return laid_out(column, data.column(column.name), zone=zone)
    return canonical_array(data.column(column.name), column.kind, zone=zone)


def display(column: Column, data: pa.RecordBatch | pa.Table, *, zone: str = "UTC") -> pa.Array:
    """The texts for eyes of one column: ``large_string``, no nulls, as many as ``data`` has rows."""
    if column.layout:
        return laid_out(column, data.column(column.name), zone=zone)
    return display_array(data.column(column.name), column.kind, zone=zone)


def laid_out(column: Column, array: pa.Array | pa.ChunkedArray, *, zone: str = "UTC") -> pa.Array:
    """The texts of a column with a layout: ``large_string``, no nulls."""
    if column.kind is Kind.TIME and column.layout != "duration":
        return clock_texts(plain_array(array, Kind.TIME), zone, seconds=column.layout == "second")
    return display_array(array, column.kind, zone=zone)


def plain_array(array: pa.Array | pa.ChunkedArray, kind: Kind) -> pa.Array:
    """One contiguous array of a plain type: chunks joined, dictionaries decoded, TIME as a zoned timestamp."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if kind is not Kind.TIME:
        return array
    if pa.types.is_int64(array.type):
        return array.view(pa.timestamp("ns", "UTC"))
    if pa.types.is_timestamp(array.type) and array.type.tz is None:
        return array.view(pa.timestamp(array.type.unit, "UTC"))
    return array


def canonical_array(array: pa.Array | pa.ChunkedArray, kind: Kind, *, zone: str = "UTC") -> pa.Array:
    """The lossless texts of an array of any Arrow type: ``large_string``, no nulls."""
    import pyarrow as pa

    array = plain_array(array, kind)
    held, large = array.type, pa.large_string()
    if pa.types.is_timestamp(held):
        return time_texts(array, zone if held.tz is not None else None)
    if pa.types.is_duration(held):
        array, held = array.cast(pa.duration("ns")).view(pa.int64()), pa.int64()
    if pa.types.is_floating(held):
        texts = _float_texts(array)
    elif pa.types.is_nested(held) or pa.types.is_binary(held) or pa.types.is_large_binary(held):
        texts = _each(array, lambda value: canonical_value(value, kind, zone=zone))
    elif pa.types.is_decimal(held):
        texts = _each(array, lambda value: f"{value:f}")
    else:
        texts = array.cast(large)
    return texts.fill_null("") if texts.null_count else texts


def display_array(array: pa.Array | pa.ChunkedArray, kind: Kind, *, zone: str = "UTC") -> pa.Array:
    """The texts for eyes of an array of any Arrow type: ``large_string``, no nulls. Each distinct number costs once."""
    import pyarrow as pa

    array = plain_array(array, kind)
    if pa.types.is_duration(array.type):
        array = array.cast(pa.duration("ns")).view(pa.int64())
    if kind not in _DISPLAY_DIFFERS or not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        return canonical_array(array, kind, zone=zone)
    coded = array.dictionary_encode()
    texts = pa.array([display_value(value, kind) for value in coded.dictionary.to_pylist()], pa.large_string())
    return texts.take(coded.indices).fill_null("")


def _float_texts(array: pa.Array) -> pa.Array:
    """As ``float_text``; Arrow's own text is the same but for the choice of exponents and the names of NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = array.cast(pa.float64())
    texts = array.cast(pa.large_string())
    size = pc.abs(array)
    ordinary = pc.and_(pc.and_(pc.greater_equal(size, 1e-4), pc.less(size, 1e9)), pc.is_finite(array))
    special = pc.invert(pc.or_(ordinary, pc.equal(texts, pa.scalar("0", pa.large_string())))).fill_null(False)
    if not pc.any(special).as_py():
        return texts
    return pc.replace_with_mask(texts, special, _each(array.filter(special), float_text))


def _each(array: pa.Array, text: Callable[..., str]) -> pa.Array:
    """Python per value: for types that are rare in results."""
    import pyarrow as pa

    return pa.array([None if value is None else text(value) for value in array.to_pylist()], pa.large_string())
