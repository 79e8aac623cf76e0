"""JSON objects, one a record: members are fields, those of inner objects with a dot between the names.

Texts are as they are, numbers in their shortest decimal form, ``true`` and ``false``, arrays as compact JSON; null is
no value. Objects with the same members are read together: their values become columns without Python for each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from twsla.formats.fields.columns import add, most_names, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.fields.columns import Columns

_BLOCK_RECORDS = 1 << 14
"""About as many as a block holds."""
_AT_ONCE = 2048
"""Records that are objects of Python at one time: as many as the processor's caches hold."""
_DEEPEST = 16
"""Objects further down are texts."""


def is_json(line: str) -> bool:
    """Whether a line is an object."""
    import orjson

    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def read_json(texts: pa.Array) -> Columns:
    """The fields of records: (records,) strings. What is no object has none."""
    import pyarrow as pa

    parts = [_read_some(texts.slice(start, _AT_ONCE)) for start in range(0, len(texts), _AT_ONCE)]
    if len(parts) == 1:
        return parts[0]
    sizes = [min(_AT_ONCE, len(texts) - start) for start in range(0, len(texts), _AT_ONCE)]
    kind = pa.dictionary(pa.int32(), pa.string())
    columns: Columns = {}
    for name in dict.fromkeys(name for part in parts for name in part):
        pieces = [part[name] if name in part else pa.nulls(size, kind) for part, size in zip(parts, sizes, strict=True)]
        columns[name] = pa.chunked_array(pieces, kind).unify_dictionaries().combine_chunks()
    return columns


def _read_some(texts: pa.Array) -> Columns:
    import numpy as np
    import orjson

    loads = orjson.loads
    groups: dict[tuple[str, ...], tuple[list[int], list[dict[str, Any]]]] = {}
    for row, text in enumerate(texts.to_pylist()):
        try:
            document = loads(text)
        except orjson.JSONDecodeError:
            continue
        if document.__class__ is dict:
            group = groups.get(signature := tuple(document))
            if group is None:
                group = groups[signature] = ([], [])
            group[0].append(row)
            group[1].append(document)
    columns: Columns = {}
    for rows, documents in groups.values():
        _add_members(columns, "", np.array(rows, np.int64), documents, len(texts), 0)
    return columns


def _add_members(
    columns: Columns, prefix: str, rows: npt.NDArray[np.int64], documents: list[dict[str, Any]], count: int, depth: int
) -> None:
    """Take the members of objects that have the same names in the same order."""
    for name, values in zip(documents[0], zip(*map(dict.values, documents), strict=True), strict=True):
        full = prefix + name
        if full not in columns and len(columns) >= most_names(_BLOCK_RECORDS):
            continue
        kinds = set(map(type, values))
        if dict in kinds and depth < _DEEPEST:
            inner = [place for place, value in enumerate(values) if value.__class__ is dict]
            _add_inner(columns, f"{full}.", rows[inner], [values[place] for place in inner], count, depth + 1)
            values = tuple(None if value.__class__ is dict else value for value in values)
            kinds.remove(dict)
        column = texts_of(values, kinds - {type(None)})
        if column.null_count < len(column):
            add(columns, full, spread(column, None if len(column) == count else rows, count))


def _add_inner(
    columns: Columns, prefix: str, rows: npt.NDArray[np.int64], documents: list[dict[str, Any]], count: int, depth: int
) -> None:
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, document in enumerate(documents):
        groups.setdefault(tuple(document), []).append(place)
    for places in groups.values():
        _add_members(columns, prefix, rows[places], [documents[place] for place in places], count, depth)


def texts_of(values: Sequence[Any], kinds: set[type]) -> pa.Array:
    """(values,) strings, null for None.

    Args:
        values: As JSON has them.
        kinds: Types of those that are not None.
    """
    import pyarrow as pa

    if kinds == {str}:
        return pa.array(values, pa.string())
    if kinds in ({int}, {bool}):
        try:
            return pa.array(values).cast(pa.string())
        except (pa.ArrowInvalid, OverflowError):  # more than 64 bits
            pass
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    import orjson

    if value is None or value.__class__ is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return decimal(value)
    return orjson.dumps(value).decode()


def decimal(number: float) -> str:
    """A number in its shortest decimal form without exponent: ``60``, ``0.00000015``."""
    text = repr(number)
    if text.endswith(".0"):
        return text[:-2]
    if "e" not in text or not math.isfinite(number):
        return text
    sign = "-" if text.startswith("-") else ""
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(power)
    digits = whole + fraction
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[:point]}.{digits[point:]}"
