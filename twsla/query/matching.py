r"""One group of a regular expression as SQL: of the first match, of a later one, of all.

DuckDB gives "" for no match and for a group that took nothing alike, so an empty text is looked at a second time where
the group can be empty. A group that took no part in the match has no value. ``nullif`` and CASE evaluate what they
compare and give twice (DuckDB shares what occurs twice, but not inside a CASE, where callers put it): hence values go
through a list of one.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.filters import Filter, FilterKind
from twsla.model.patterns import Observable, observable
from twsla.query.address_places import FOUR_NUMBERS, find_places
from twsla.query.extracted import PIECE, Extracted, refined_one
from twsla.query.groups import groups_of, only_group
from twsla.query.re2_check import check_filters
from twsla.query.regexes import Assertion, Class, Either, Node, Repeat, Sequence, Text, required, shape_of, understand

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine
    from twsla.query.extracted import Params

MOST: Final = 1 << 30
"""Of places in a list; a record has not that many values."""
_MOST_GROUPS: Final = 2
"""Texts that are looked for in the shape."""
_ZERO_WIDTH: Final = ("", r"\b")


def compile_pattern(extraction: Extraction, params: Params, engine: Engine | None = None) -> Extracted:
    """A key of an observable, or a template.

    Args:
        extraction: What is asked for.
        params: Takes the expressions.
        engine: Tells what shapes there are, so that addresses are found faster.

    Raises:
        UsageError: RE2 does not accept the expression, or it has not that many groups.
    """
    if extraction.observable and extraction.group in (None, 0, 1):
        return _of_observable(observable(extraction.observable), extraction, params, engine)
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


def _of_observable(known: Observable, extraction: Extraction, params: Params, engine: Engine | None) -> Extracted:
    re2, group = known.group(), 1
    if known.before in _ZERO_WIDTH and known.after in _ZERO_WIDTH:
        re2, group = known.re2, 0
    found = matched(params.bind(re2), extraction, group=group, empty=False)
    if known.shape_hints == (FOUR_NUMBERS,) and _first_only(extraction):
        found = _first_address(known, found, params, engine)
    where = where_shape([known.shape_hints] if known.shape_hints else [], params)
    return dataclasses.replace(found, params=params.values, where=where)


def _first_address(known: Observable, found: Extracted, params: Params, engine: Engine | None) -> Extracted:
    """The first address: cut out where its shape says where it is, else searched for."""
    places = find_places(engine) if engine is not None else None
    if places is None:
        return found
    begins = params.bind(rf"\A({known.body})(?:[^0-9]|\z)")
    rough = places.cut(begins, params.bind(known.re2), found.rough, params)
    refined = f"nullif(regexp_extract({PIECE}, {begins}, 1), '')"
    return Extracted(refined_one(rough, refined), rough=rough, refined=refined, join=places.join)


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
