r"""One group of a regular expression as SQL: of the first match, of a later one, of all.

DuckDB gives "" for no match and for a group that took nothing alike, so an empty text is looked at a second time where
the group can be empty. A group that took no part in the match has no value. ``nullif`` and CASE evaluate what they
compare and give twice (DuckDB shares what occurs twice, but not inside a CASE, where callers put it): hence values go
through a list of one.

On a dictionary column such as ``shape`` DuckDB evaluates ``regexp_extract``, ``instr``, ``replace`` and ``contains``
once per entry. The position of an address in the shape so costs nothing, and RE2 reads the few characters of the text
in which the address must be instead of the whole. On 4.5 million sshd lines, two cores, counting by ``-e ip``: group 1
of the expression 1.35 s, the whole match 0.93 s, within the window 0.66 s; reading the text alone takes 0.16 s.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.filters import Filter, FilterKind
from twsla.model.patterns import Observable, observable
from twsla.query.extracted import PIECE, Extracted, refined_one
from twsla.query.groups import groups_of, only_group
from twsla.query.re2_check import check_filters
from twsla.query.regexes import Assertion, Class, Either, Node, Repeat, Sequence, Text, required, shape_of, understand

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.query.extracted import Params

MOST: Final = 1 << 30
"""Of places in a list; a record has not that many values."""
_MOST_GROUPS: Final = 2
"""Texts that are looked for in the shape."""
_FOUR_NUMBERS: Final = "0.0.0.0"  # noqa: S104 - the shape of an address, nothing is bound to it
_ZERO_WIDTH: Final = ("", r"\b")


def compile_pattern(extraction: Extraction, params: Params) -> Extracted:
    """A key of an observable, or a template.

    Raises:
        UsageError: RE2 does not accept the expression, or it has not that many groups.
    """
    if extraction.observable and extraction.group in (None, 0, 1):
        return _of_observable(observable(extraction.observable), extraction, params)
    check_filters([Filter(FilterKind.REGEX, extraction.source, extraction.re2)])
    re2 = only_group(extraction.re2, _group_index(extraction))
    return compile_match(re2, extraction, params)


def compile_match(re2: str, extraction: Extraction, params: Params, *, hints: tuple[str, ...] = ()) -> Extracted:
    """The value is the only capturing group of ``re2``, or all of the match if there is none.

    Args:
        re2: An expression that RE2 accepts.
        extraction: Says which match.
        params: Takes the expression and what is looked for.
        hints: One of these is in the shape of every record that matches; none: ``re2`` is asked.
    """
    group = groups_of(re2)
    node = understand(re2)
    found = matched(
        params.bind(re2), extraction, group=len(group), empty=_can_be_empty(group[0].inner if group else re2)
    )
    return dataclasses.replace(
        found,
        params=params.values,
        where=where_shape([hints] if hints else shape_groups(re2), params),
        shape_only=_sees_no_digit(node) and (_first_only(extraction) or not _can_be_empty(re2)),
    )


def matched(re2: str, extraction: Extraction, *, group: int, empty: bool) -> Extracted:
    """The value or values; ``where`` and parameters are left to the caller.

    Args:
        re2: The parameter with the expression.
        extraction: Says which match.
        group: 0 or 1.
        empty: The value may be empty; otherwise "" is none.
    """
    every = f"regexp_extract_all(text, {re2}, {group})"
    if extraction.all_matches:
        wanted = "value IS NOT NULL" if empty else "value <> ''"
        return Extracted(f"list_filter({every}, lambda value: {wanted})", many=True)
    if extraction.position > 1:
        later = f"{every}[{min(extraction.position, MOST)}]"
        return Extracted(later) if empty else if_any(later)
    first = f"regexp_extract(text, {re2}, {group})"
    if empty:
        return Extracted(refined_one(first, f"CASE WHEN {PIECE} <> '' THEN {PIECE} ELSE {every}[1] END"))
    return if_any(first)


def if_any(rough: str) -> Extracted:
    """A rough value of which "" is none."""
    refined = f"nullif({PIECE}, '')"
    return Extracted(refined_one(rough, refined), rough=rough, refined=refined)


def _of_observable(known: Observable, extraction: Extraction, params: Params) -> Extracted:
    re2, group = known.group(), 1
    if known.before in _ZERO_WIDTH and known.after in _ZERO_WIDTH:
        re2, group = known.re2, 0
    found = matched(params.bind(re2), extraction, group=group, empty=False)
    if known.shape_hints == (_FOUR_NUMBERS,) and _first_only(extraction):
        narrow = f"regexp_extract({_WINDOW}, {params.bind(known.re2)})"
        found = if_any(f"CASE WHEN {_ONE_ADDRESS} THEN {narrow} ELSE {found.rough} END")
    where = where_shape([known.shape_hints] if known.shape_hints else [], params)
    return dataclasses.replace(found, params=params.values, where=where)


# --- addresses: the window in which the value is ------------------------------------------------------------------

_LENGTH: Final = len(_FOUR_NUMBERS)
_ONE_ADDRESS: Final = (
    f"strlen(shape) - strlen(replace(shape, '{_FOUR_NUMBERS}', '')) = {_LENGTH} AND "
    r"regexp_extract(shape, '[.A-Za-z_]0\.0\.0\.0|0\.0\.0\.0[.A-Za-z_]') = ''"
)
"""The shape has four numbers with dots once only, and nothing at their sides that could belong to them. What an
expression for addresses matches in the text then are these numbers and nothing more, if it matches at all."""


_WINDOW: Final = f"substr(text, instr(shape, '{_FOUR_NUMBERS}') - 1, {_LENGTH + 2} + strlen(text) - strlen(shape))"
"""Where the one address of a shape must be in the text, with a character at each side. Each number is one character of
the shape and one or more of the text, so the address begins where it does in the shape, or later by at most the digits
that the text has more; likewise it ends. (Place 0 is one that no character has.)"""


# --- what the shape must hold ------------------------------------------------------------------------------------


def where_shape(groups: list[tuple[str, ...]], params: Params) -> str:
    """SQL: the shape has a text of each group, or is not known."""
    conditions = [" OR ".join(f"contains(shape, {params.bind(text)})" for text in group) for group in groups]
    if not conditions:
        return "true"
    together = " AND ".join(f"({each})" if " OR " in each else each for each in conditions)
    return f"(shape IS NULL OR {f'({together})' if ' AND ' in together else together})"


def shape_groups(re2: str) -> list[tuple[str, ...]]:
    """Texts of which the shape of every match has one of each group; the longest first."""
    node = understand(re2)
    groups = []
    for group in required(node) if node is not None else []:
        shapes = tuple(dict.fromkeys(map(shape_of, group)))
        if "0" not in shapes:
            groups.append(shapes)
    groups.sort(key=lambda group: (-min(map(len, group)), len(group)))
    return list(dict.fromkeys(groups))[:_MOST_GROUPS]


def _first_only(extraction: Extraction) -> bool:
    return not extraction.all_matches and extraction.position == 1


def _sees_no_digit(node: Node | None) -> bool:
    """No part of the expression takes a digit: then it matches in the shape what it matches in the text.

    Only the empty text is found more often in a longer run of digits.
    """
    match node:
        case None:
            return False
        case Text(text):
            return not re.search("[0-9]", text)
        case Class(digits):
            return not digits
        case Assertion():
            return True
        case Repeat(item):
            return _sees_no_digit(item)
        case Sequence(items) | Either(items):
            return all(map(_sees_no_digit, items))


def _can_be_empty(re2: str) -> bool:
    node = understand(re2)
    return node is None or _shortest(node) == 0


def _shortest(node: Node) -> int:
    """Characters that a match has at least."""
    match node:
        case Text(text):
            return len(text)
        case Class():
            return 1
        case Assertion():
            return 0
        case Repeat(item, least):
            return least * _shortest(item)
        case Sequence(items):
            return sum(map(_shortest, items))
        case Either(items):
            return min(map(_shortest, items))


def _group_index(extraction: Extraction) -> int:
    """Which group is asked for; 0: all of the match."""
    groups = groups_of(extraction.re2)
    if extraction.group is not None:
        if extraction.group > len(groups):
            has = "no group" if not groups else "one group" if len(groups) == 1 else f"{len(groups)} groups"
            raise UsageError(
                f"'{extraction.source}' has {has}, not {extraction.group}",
                hint="a group is what stands in parentheses, and each %{…}; 0 is the whole match",
            )
        return extraction.group
    named = [group.index for group in groups if group.name and group.name == extraction.name]
    return (named or [group.index for group in groups] or [0])[0]
