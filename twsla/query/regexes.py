r"""What a regular expression says about the shape of the texts it matches.

The shape of a text is the text with every run of ASCII digits replaced by one ``0``. A file has few shapes and many
texts, so whatever can be asked of the shape is.

``understand`` reads the part of RE2's syntax whose meaning is beyond doubt (plain characters, classes, ``.``, groups,
alternatives, repetition, ``^ $ \A \z \b``) and gives None for anything else; RE2 itself stays the judge of validity.

An expression is *closed* when a text matches if and only if its shape does. It is when no part can tell one digit run
from another. Allowed are: characters that are no digit; ``X*`` where X takes every digit (``.*``, ``\S*``); ``X+``
(``.+``, ``\d+``) where no two of them can meet in one run; and whatever is built from these. Proof sketch: let a text
match, and shrink every digit run inside the match to the digit ``0``. Each run was taken by parts ``X*`` and at most
one ``X+``, and those can take the ``0`` instead. In the other direction a ``0`` of the shape grows back into its run
inside the part that took it. A run that the match takes only a part of does not matter, since the match may take any
other part of it. Assertions hold at ends of runs only, which the shape keeps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_MOST_ALTERNATIVES: Final = 8
_LONGEST: Final = 2000
"""Characters of an expression; longer ones are left to RE2 alone."""
_DIGITS: Final = frozenset("0123456789")
_DIGIT_RUN: Final = re.compile("[0-9]+")
_COUNT: Final = re.compile(r"\{(\d+)(,(\d*))?\}", re.ASCII)
_CLASS_DIGITS: Final = {**dict.fromkeys("dwS", _DIGITS), **dict.fromkeys("DWs", frozenset[str]())}
_CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FOLDED_OUTSIDE_ASCII: Final = frozenset("kKsS")
"""Their other cases include U+212A KELVIN SIGN and U+017F LATIN SMALL LETTER LONG S."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Class:
    """One character of a set, of which only the digits are known."""

    digits: frozenset[str]
    is_dot: bool = False
    """It takes everything but the line end."""


@dataclass(frozen=True, slots=True)
class Assertion:
    r"""``^`` (and ``\A``), ``$`` (and ``\z``) or ``\b``, by that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``item`` from ``least`` to ``most`` times (None: without limit)."""

    item: Node
    least: int
    most: int | None


Node = Text | Class | Assertion | Sequence | Either | Repeat


class _NotUnderstood(Exception):
    pass


def understand(re2: str) -> Node | None:
    """The structure of an expression, or None where any of it is not beyond doubt."""
    if len(re2) > _LONGEST:
        return None
    reader = _Reader(re2)
    try:
        node = reader.either()
    except (_NotUnderstood, RecursionError):
        return None
    return node if reader.at == len(re2) else None


class _Reader:
    def __init__(self, re2: str) -> None:
        self.re2 = re2
        self.at = 0

    def take(self) -> str:
        if self.at == len(self.re2):
            raise _NotUnderstood
        self.at += 1
        return self.re2[self.at - 1]

    def skip(self, text: str) -> bool:
        found = self.re2.startswith(text, self.at)
        if found:
            self.at += len(text)
        return found

    def either(self) -> Node:
        items = [self.sequence()]
        while self.skip("|"):
            items.append(self.sequence())
        return items[0] if len(items) == 1 else Either(tuple(items))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.at < len(self.re2) and self.re2[self.at] not in "|)":
            items.append(self.repeated(self.atom()))
        return Sequence(tuple(items))

    def repeated(self, item: Node) -> Node:
        counted = _COUNT.match(self.re2, self.at)
        if counted:
            self.at = counted.end()
            least = int(counted[1])
            most = least if counted[2] is None else int(counted[3]) if counted[3] else None
        elif self.at < len(self.re2) and self.re2[self.at] in "*+?":
            sign = self.take()
            least, most = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        else:
            return item
        self.skip("?")
        if isinstance(item, Assertion) or self.re2[self.at : self.at + 1] in ("*", "+", "?"):
            raise _NotUnderstood
        if _COUNT.match(self.re2, self.at):
            raise _NotUnderstood
        return Repeat(item, least, most)

    def atom(self) -> Node:
        sign = self.take()
        match sign:
            case "(":
                return self.group()
            case "[":
                return self.bracketed()
            case "\\":
                return self.escape()
            case ".":
                return Class(_DIGITS, is_dot=True)
            case "^" | "$":
                return Assertion(sign)
            case "*" | "+" | "?":
                raise _NotUnderstood
            case _:
                return Text(sign)

    def group(self) -> Node:
        if self.skip("?"):
            named = re.compile(r"P<\w+>", re.ASCII).match(self.re2, self.at)
            if named:
                self.at = named.end()
            elif not self.skip(":"):
                raise _NotUnderstood
        node = self.either()
        if not self.skip(")"):
            raise _NotUnderstood
        return node

    def escape(self) -> Node:
        sign = self.take()
        if sign in _CLASS_DIGITS:
            return Class(_CLASS_DIGITS[sign])
        if sign == "b":
            return Assertion(sign)
        if sign in "Az":
            return Assertion("^" if sign == "A" else "$")
        return Text(self.escaped(sign))

    def escaped(self, sign: str) -> str:
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign.isascii() and not sign.isalnum() and sign != "_" and sign.isprintable():
            return sign
        raise _NotUnderstood

    def bracketed(self) -> Node:
        negated = self.skip("^")
        digits: set[str] = set()
        first = True
        while first or not self.skip("]"):
            first = False
            low = self.member()
            if isinstance(low, frozenset):
                digits |= low
                continue
            high = low
            if self.re2.startswith("-", self.at) and not self.re2.startswith("-]", self.at):
                self.at += 1
                end = self.member()
                if isinstance(end, frozenset):
                    raise _NotUnderstood
                high = end
            digits |= {digit for digit in _DIGITS if low <= digit <= high}
        return Class(_DIGITS - digits if negated else frozenset(digits))

    def member(self) -> str | frozenset[str]:
        """One character of a class, or the digits of a class inside it."""
        sign = self.take()
        if sign == "[" and self.re2.startswith(":", self.at):
            raise _NotUnderstood
        if sign != "\\":
            return sign
        sign = self.take()
        if sign in _CLASS_DIGITS:
            return _CLASS_DIGITS[sign]
        return self.escaped(sign)


# --- what follows from the structure -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Meeting:
    """What stands at the ends of what a part takes."""

    passes: bool
    """It may take nothing, or digits alone that it does not need: what is on both sides of it may meet."""
    starts: bool = False
    """It may start with an ``X+``, or with what may be nothing and then an ``X+``."""
    ends: bool = False


def is_closed(node: Node) -> bool:
    """Whether a text matches if and only if its shape does."""
    return _meeting(node) is not None


def _meeting(node: Node) -> _Meeting | None:
    """None: the part can tell digit runs apart."""
    match node:
        case Text(text):
            return None if _DIGITS & set(text) else _Meeting(passes=not text)
        case Class(digits):
            return None if digits else _Meeting(passes=False)
        case Assertion():
            return _Meeting(passes=True)
        case Either(items):
            return _meeting_of_either([_meeting(item) for item in items])
        case Sequence(items):
            whole: _Meeting | None = _Meeting(passes=True)
            for item in items:
                whole = _joined(whole, _meeting(item))
            return whole
        case Repeat(item, least, most):
            return _meeting_of_repeat(item, least, most)


def _meeting_of_either(parts: list[_Meeting | None]) -> _Meeting | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return _Meeting(
        any(part.passes for part in known), any(part.starts for part in known), any(part.ends for part in known)
    )


def _meeting_of_repeat(item: Node, least: int, most: int | None) -> _Meeting | None:
    if isinstance(item, Class) and item.digits == _DIGITS and most is None:
        if least == 0:
            return _Meeting(passes=True)
        if least == 1:
            return _Meeting(passes=False, starts=True, ends=True)
        return None
    once = _meeting(item)
    several = once if most == 1 else _joined(once, once)
    if several is None:
        return None
    return _Meeting(several.passes or least == 0, several.starts, several.ends)


def _joined(left: _Meeting | None, right: _Meeting | None) -> _Meeting | None:
    if left is None or right is None or (left.ends and right.starts):
        return None
    return _Meeting(
        left.passes and right.passes,
        left.starts or (left.passes and right.starts),
        right.ends or (right.passes and left.ends),
    )


def shape_of(text: str) -> str:
    """``text`` with every run of ASCII digits replaced by one ``0``."""
    return _DIGIT_RUN.sub("0", text)


def required(node: Node) -> list[tuple[str, ...]]:
    """Of every match, what it has to contain: all of the groups, of each group one of its texts. No text is empty."""
    return [group for group in _required(node) if len(group) <= _MOST_ALTERNATIVES and all(group)]


def _required(node: Node) -> list[tuple[str, ...]]:
    match node:
        case Text(text):
            return [(text,)]
        case Sequence(items):
            return _required_of_sequence(_flat(items))
        case Either(items):
            return _required_of_either(items)
        case Repeat(item, least):
            return _required(item) if least else []
        case _:
            return []


def _flat(items: tuple[Node, ...]) -> list[Node]:
    flat: list[Node] = []
    for item in items:
        flat += _flat(item.items) if isinstance(item, Sequence) else [item]
    return flat


def _required_of_sequence(items: list[Node]) -> list[tuple[str, ...]]:
    groups: list[tuple[str, ...]] = []
    plain = ""
    for item in items:
        if isinstance(item, Text):
            plain += item.text
        elif not isinstance(item, Assertion):  # an assertion takes nothing: its neighbours stand side by side
            groups += [(plain,)] if plain else []
            groups += _required(item)
            plain = ""
    return groups + ([(plain,)] if plain else [])


def _required_of_either(items: tuple[Node, ...]) -> list[tuple[str, ...]]:
    """Of each alternative its most telling group; together they are one group, unless an alternative has none."""
    chosen: list[str] = []
    for item in items:
        groups = [group for group in _required(item) if all(group)]
        if not groups:
            return []
        best: tuple[str, ...] = max(groups, key=_weight)
        chosen += best
    return [tuple(dict.fromkeys(chosen))]


def _weight(group: tuple[str, ...]) -> tuple[int, int]:
    return min(map(len, group)), -len(group)


def folded(text: str) -> str:
    """The longest part of ``text`` of which this is sure: the lower-case form of whatever matches ``text`` in any case
    holds the lower-case form of the part.
    """
    parts = [""]
    for sign in text:
        if sign.isascii() and sign not in _FOLDED_OUTSIDE_ASCII:
            parts[-1] += sign
        else:
            parts.append("")
    return max(parts, key=len).lower()


@dataclass(frozen=True, slots=True)
class Plain:
    """An expression that is plain texts with ``.*`` between them."""

    texts: tuple[str, ...]
    at_start: bool
    at_end: bool


def plain(node: Node) -> Plain | None:
    """The expression as plain texts in order, if it is nothing else; no text is empty."""
    items = _flat((node,)) if isinstance(node, Sequence) else [node]
    start = bool(items) and items[0] == Assertion("^")
    end = len(items) > start and items[-1] == Assertion("$")
    texts = [""]
    for item in items[start : len(items) - end]:
        match item:
            case Text(text):
                texts[-1] += text
            case Repeat(Class(is_dot=True), 0, None):
                texts.append("")
            case _:
                return None
    at_start = start and bool(texts[0])
    at_end = end and bool(texts[-1])
    if (start and not at_start) or (end and not at_end):
        return None  # ^.*x and x.*$ ask that no line end comes before or after, ^$ that nothing does: not plain
    return Plain(tuple(text for text in texts if text), at_start, at_end)
