r"""Words of a record, and its pairs of key and value, as SQL.

A pair is ``key=value`` without white space around the sign. A value in quotes ends at the closing quote, and a
backslash makes a quote inside plain. One without quotes ends at white space, at one of ``, ; &``, or at a bracket,
unless it is a pair of brackets without white space in it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from twsla.model.filters import quoted
from twsla.query.extracted import PIECE, Extracted, refined_list, refined_one
from twsla.query.matching import compile_match
from twsla.query.regexes import shape_of
from twsla.query.spaced import SPACE

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.query.extracted import Params

_SHORTEST: Final = 2
_LONGEST: Final = 50
"""Bytes of a word."""
_SPACE_NOT_BLANK: Final = SPACE.replace(" ", "")
_TRIMMED: Final = ".,!?;:()[]{}\"'"

_KEY: Final = r"[A-Za-z_][0-9A-Za-z_.\-]*"
_BEFORE_KEY: Final = r"(?:^|[^0-9A-Za-z_.\-])"
_BARE: Final = rf"(?:[^{SPACE},;&()\[\]{{}}\"]|\([^{SPACE}()]*\)|\[[^{SPACE}\[\]]*\]|\{{[^{SPACE}{{}}]*\}})*"
_CLOSED: Final = r""""(?:[^"\\]|\\(?s:.))*"|'(?:[^'\\]|\\(?s:.))*'"""
_OPEN: Final = rf"[\"'][^{SPACE},;&]*"
_VALUE: Final = rf"{_CLOSED}|{_OPEN}|{_BARE}"


def compile_word(params: Params) -> Extracted:
    """All words in lower case, without the punctuation around them."""
    every = f"regexp_extract_all(text, {params.bind(f'[^{SPACE}]+')})"
    # Splitting at one character is twice as fast as an expression; the empty pieces are no words anyway.
    only_blanks = f"regexp_extract(shape, {params.bind(f'[{_SPACE_NOT_BLANK}]')}) = ''"
    rough = f"CASE WHEN {only_blanks} THEN string_split(text, ' ') ELSE {every} END"
    lower = f"lower({PIECE})"
    word = f"trim({lower}, {params.bind(_TRIMMED)})"
    fits = f"strlen({lower}) BETWEEN {_SHORTEST} AND {_LONGEST} AND strlen({word}) >= {_SHORTEST}"
    refined = f"CASE WHEN {fits} THEN {word} END"
    return Extracted(refined_list(rough, refined), params.values, many=True, rough=rough, refined=refined)


def compile_pairs(extraction: Extraction, params: Params) -> Extracted:
    """The values of the key that is called for, or without one all pairs, as they stand."""
    if not extraction.name:
        every = dataclasses.replace(extraction, all_matches=True)
        return compile_match(f"{_BEFORE_KEY}({_KEY}=(?:{_VALUE}))", every, params, hints=("=",))
    sought = f"{extraction.name}="
    re2 = f"{_BEFORE_KEY}{quoted(sought)}({_VALUE})"
    found = compile_match(re2, extraction, params, hints=(shape_of(sought),))
    refined = _without_quotes(params)
    refine = refined_list if found.many else refined_one
    return dataclasses.replace(
        found,
        expression=refine(found.expression, refined),
        rough=found.expression,
        refined=refined,
        shape_only=False,
    )


def _without_quotes(params: Params) -> str:
    closed = f"regexp_full_match({PIECE}, {params.bind(_CLOSED)})"
    escaped = params.bind(r"\\([\\\"'])")
    return rf"CASE WHEN {closed} THEN regexp_replace({PIECE}[2:-2], {escaped}, '\1', 'g') ELSE {PIECE} END"
