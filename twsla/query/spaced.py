"""Fields of a record between white space, as SQL.

White space is that of Unicode. Where a text has none beyond ASCII, which its shape tells, RE2 can read an expression
without looking back, some fifteen times as fast.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from twsla.query.extracted import Extracted
from twsla.query.matching import MOST, if_any

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.model.extraction import Extraction
    from twsla.query.extracted import Params

_ASCII: Final = r"\t\n\v\f\r "
_BEYOND: Final = r"\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
SPACE: Final = _ASCII + _BEYOND
"""White space, inside a class of RE2; the blank can be taken out of it."""
_FEW: Final = 30
"""Up to this field one expression reaches it; for later ones the record is split, to keep RE2's program small."""


def compile_field(extraction: Extraction, params: Params) -> Extracted:
    """The field at a place from 0, or from the end, or all fields."""
    index = extraction.position
    if not extraction.all_matches and -_FEW <= index < _FEW:
        one = _by_space(lambda space: f"regexp_extract(text, {params.bind(_one(index, space))}, 1)", params)
        return dataclasses.replace(if_any(one), params=params.values)
    every = _by_space(lambda space: f"regexp_extract_all(text, {params.bind(f'[^{space}]+')})", params)
    if extraction.all_matches:
        return Extracted(every, params.values, many=True)
    return Extracted(f"({every})[{place(index)}]", params.values)


def _one(index: int, space: str) -> str:
    if index >= 0:
        return f"^[{space}]*(?:[^{space}]+[{space}]+){{{index}}}([^{space}]+)"
    return f"([^{space}]+)(?:[{space}]+[^{space}]+){{{-index - 1}}}[{space}]*$"


def _by_space(sql: Callable[[str], str], params: Params) -> str:
    beyond = params.bind(f"[{_BEYOND}]")
    narrow = either_way(f"regexp_extract(shape, {beyond}) = ''", f"regexp_extract(text, {beyond}) = ''")
    return f"CASE WHEN {narrow} THEN {sql(_ASCII)} ELSE {sql(SPACE)} END"


def either_way(on_shape: str, on_text: str) -> str:
    """SQL of a condition that the shape decides as the text does, at less cost where there is a shape."""
    return f"({on_shape} OR (shape IS NULL AND {on_text}))"


def place(index: int) -> int:
    """Of a list in SQL, where the first is 1."""
    return min(index + 1, MOST) if index >= 0 else max(index, -MOST)
