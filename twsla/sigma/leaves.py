"""Values of a rule, as pySigma leaves them after its modifiers, as leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from twsla.query.regexes import folded, required, understand
from twsla.sigma.rules import Leaf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class NoValues(Exception):
    """A placeholder has no values here."""


_ANY: Final = 1
"""In a list of parts: any characters."""
_ONE: Final = 2
"""In a list of parts: one character."""

Parts = list[str | int]


def leaf_of(name: str, value: Any, values: Mapping[str, Sequence[str]]) -> list[Leaf]:
    """The leaves one of which must be true; several where a placeholder has several values.

    Raises:
        NoValues: A placeholder has none.
        ValueError: Nothing can be done with it.
    """
    from sigma import types

    match value:
        case types.SigmaRegularExpression():
            return [_expression(name, each, value.flags) for each in _expanded_expression(value, values)]
        case types.SigmaString():
            cased = isinstance(value, types.SigmaCasedString)
            return [_string(name, parts, cased) for parts in _expanded(value.s, values)]
        case types.SigmaNull():
            return [Leaf(name, "null")]
        case types.SigmaFieldReference():
            kind = {(False, False): "ref", (True, False): "refstarts", (False, True): "refends"}
            return [Leaf(name, kind.get((value.starts_with, value.ends_with), "refcontains"), value.field)]
    return [_plain(name, value)]


def _plain(name: str, value: Any) -> Leaf:
    """Of values that are no texts."""
    from sigma import types

    match value:
        case types.SigmaExists():
            return Leaf(name, "exists", "true" if value.exists else "false")
        case types.SigmaBool():
            return Leaf(name, "eq" if name else "contains", "true" if value.boolean else "false")
        case types.SigmaTimestampPart():
            return Leaf(name, value.timestamp_part.name.lower(), str(value.number))
        case types.SigmaNumber():
            return Leaf(name, "eq" if name else "contains", str(value.number))
        case types.SigmaCIDRExpression():
            return Leaf(name, "cidr", str(value.network))
        case types.SigmaCompareExpression():
            return Leaf(name, value.op.name.lower(), str(value.number.number))
    raise ValueError(f"nothing is known of a value of the type {type(value).__name__}")


def _expanded(parts: Sequence[Any], values: Mapping[str, Sequence[str]]) -> list[Parts]:
    """The parts with every value of each placeholder in its place."""
    from sigma.types import Placeholder, SpecialChars

    found: list[Parts] = [[]]
    for part in parts:
        if isinstance(part, Placeholder):
            found = [[*before, *_wild(each)] for before in found for each in _values(part.name, values)]
        elif isinstance(part, SpecialChars):
            found = [[*before, _ANY if part is SpecialChars.WILDCARD_MULTI else _ONE] for before in found]
        else:
            found = [[*before, part] for before in found]
    return found


def _values(name: str, values: Mapping[str, Sequence[str]]) -> Sequence[str]:
    known = values.get(name)
    if not known:
        raise NoValues(f"the placeholder %{name}% has no values; give a file with them by --expand")
    return known


def _wild(text: str) -> Parts:
    """A value of a placeholder, which may have wildcards as a value in a rule has."""
    from sigma.types import SigmaString

    return _expanded(SigmaString(text).s, {})[0]


def _expanded_expression(value: Any, values: Mapping[str, Sequence[str]]) -> list[str]:
    if not value.contains_placeholder():
        return [str(value.regexp)]
    from sigma.types import Placeholder, SpecialChars

    signs = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    found = [""]
    for part in value.regexp.s:
        if isinstance(part, Placeholder):
            found = [before + re.escape(each) for before in found for each in _values(part.name, values)]
        else:
            found = [before + (part if isinstance(part, str) else signs[part]) for before in found]
    return found


def _string(name: str, parts: Parts, cased: bool) -> Leaf:
    """A text with wildcards; keywords are looked for within values."""
    merged: Parts = []
    for part in parts:
        if part == "" or (part == _ANY and merged[-1:] == [_ANY]):
            continue
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    if not name and merged:
        merged = [_ANY] * (merged[0] != _ANY) + merged + [_ANY] * (merged[-1] != _ANY)
    simple = _simple(name, merged, cased)
    return _pattern(name, merged, cased) if simple is None else simple


def _simple(name: str, parts: Parts, cased: bool) -> Leaf | None:
    """Equal, contains, starts, ends, any; None for anything with wildcards elsewhere."""
    match parts:
        case []:
            return Leaf(name, "null")
        case [str(text)]:
            return Leaf(name, "eq", _folded(text, cased), cased)
        case [1]:
            return Leaf(name, "any")
        case [1, str(text), 1]:
            return Leaf(name, "contains", _folded(text, cased), cased)
        case [str(text), 1]:
            return Leaf(name, "starts", _folded(text, cased), cased)
        case [1, str(text)]:
            return Leaf(name, "ends", _folded(text, cased), cased)
    return None


def _pattern(name: str, parts: Parts, cased: bool) -> Leaf:
    """Wildcards as an expression, for lower case values unless it is cased."""
    begins = "" if parts[0] == _ANY else r"\A"
    ends = "" if parts[-1] == _ANY else r"\z"
    inner = parts[parts[0] == _ANY : len(parts) - (parts[-1] == _ANY)]
    signs = {_ANY: ".*", _ONE: "."}
    body = "".join(quoted(_folded(part, cased)) if isinstance(part, str) else signs[part] for part in inner)
    literals = [part.lower() for part in inner if isinstance(part, str)]
    return Leaf(name, "like", f"(?s){begins}{body}{ends}", cased, max(literals, key=len, default=""))


def quoted(text: str) -> str:
    """A text as an RE2 expression for it."""
    return "".join(each if each.isalnum() or ord(each) > 127 or each in "_\0" else f"\\{each}" for each in text)


def _folded(text: str, cased: bool) -> str:
    return text if cased else text.lower()


def _expression(name: str, expression: str, flags: Any) -> Leaf:
    letters = "".join(sorted(flag.name[0].lower() if flag.name != "DOTALL" else "s" for flag in flags))
    source = f"(?{letters}){expression}" if letters else expression
    return Leaf(name, "re", source, True, _guard(source))


def _guard(source: str) -> str:
    """A lower case text without which no value can match; empty if none is known."""
    flags = re.match(r"\(\?([ims]+)\)", source)
    node = understand(source[flags.end() :] if flags else source)
    if node is None:
        return ""
    alone = [group[0] for group in required(node) if len(group) == 1]
    if flags and "i" in flags[1]:
        return max(map(folded, alone), key=len, default="")
    # Beyond ASCII the lower case of a text depends on what stands beside it.
    return max((text.lower() for text in alone if text.isascii()), key=len, default="")
