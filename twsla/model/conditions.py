r"""Conditions on the fields of records (``--where``), as values.

    EventID = 4688 and Image ends with '\cmd.exe'
    sc-status >= 400 and not c-ip cidr 10.0.0.0/8
    "Threat Name" exists and (User in (alice, bob) or CommandLine matches /-enc\s/i)

A comparison is a name, an operator and a value. Names and values stand plain or in quotes, ``'…'`` or ``"…"``, in which
the same quote is written twice; a backslash is nothing special. Operators:

    = !=               the same, or not; numbers as numbers, texts in any case      == !==   the same text exactly
    < <= > >=          as numbers where both are, else as texts, in any case
    contains   starts with   ends with      in any case
    like               the whole value; * any characters, ? one; in any case        \* \?    that sign itself
    matches            a regular expression (RE2) found anywhere: /…/, or /…/i for any case
    in (…, …)          one of several, as =
    cidr               an address of that network
    exists             there is a value, if only an empty one

``not`` before a word (``not contains``, ``not in``) asks for a value that is otherwise, as ``!=`` does; ``not`` before
a comparison or a parenthesis for all other records, those without the field too. ``and`` binds before ``or``.

``ts``, ``source``, ``line_no``, ``offset`` and ``text`` are those of the record; ``fields.ts`` is a field of that name.
Times are written as for ``-t``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.moments import Clock, Unreadable, find_zone, normalised, read_moment

if TYPE_CHECKING:
    from collections.abc import Callable

BUILT_IN: Final = ("ts", "source", "line_no", "offset", "text")
NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,15})?", re.ASCII)
"""What counts as a number, in values and in conditions."""
_DEEPEST: Final = 100
_HINT: Final = "such as: --where \"EventID = 4688 and Image ends with 'cmd.exe'\""


class Operator(Enum):
    """How a value is compared; as it is written."""

    EQUAL = "="
    UNEQUAL = "!="
    EXACT = "=="
    NOT_EXACT = "!=="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    CONTAINS = "contains"
    STARTS = "starts with"
    ENDS = "ends with"
    LIKE = "like"
    MATCHES = "matches"
    IN = "in"
    CIDR = "cidr"
    EXISTS = "exists"


ORDER: Final = (Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)
_OPPOSITE: Final = {Operator.UNEQUAL: Operator.EQUAL, Operator.NOT_EXACT: Operator.EXACT}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field, operator and value."""

    name: str
    """Of a field, or one of ``BUILT_IN``."""
    operator: Operator
    """Neither ``UNEQUAL`` nor ``NOT_EXACT``: these are the others, ``negative``."""
    values: tuple[str, ...] = ()
    """None for EXISTS, one or more for IN, else one; RE2 for MATCHES."""
    negative: bool = False
    """True for records that have the field, and for which the comparison does not hold."""
    built_in: bool = False
    instants: tuple[int, int] | None = None
    """Of ``ts``: the first and the last nanosecond that the value means."""
    at: int = 0
    """Where the name stands in the expression, from 1."""


@dataclass(frozen=True, slots=True)
class Not:
    """All records that the other does not hold for."""

    of: Node


@dataclass(frozen=True, slots=True)
class All:
    """Every one holds."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One or more hold."""

    of: tuple[Node, ...]


Node = Comparison | Not | All | Any


@dataclass(frozen=True, slots=True)
class Condition:
    """What records have to be like."""

    source: str
    """As the user wrote it."""
    root: Node

    def comparisons(self) -> tuple[Comparison, ...]:
        """All that it is made of, in the order of writing."""
        return tuple(_comparisons(self.root))


def _comparisons(node: Node) -> list[Comparison]:
    match node:
        case Comparison():
            return [node]
        case Not(of):
            return _comparisons(of)
        case All(of) | Any(of):
            return [each for one in of for each in _comparisons(one)]


def parse_condition(text: str, *, now_ns: int, zone: str) -> Condition | None:
    """The condition of a command line; None for an empty text.

    Whether RE2 accepts its regular expressions, and whether there are such fields, is for ``twsla.query`` to say.

    Args:
        text: See the module.
        now_ns: The present, nanoseconds since 1970-01-01T00:00:00Z.
        zone: Of times that name none.

    Raises:
        UsageError: It cannot be read; the message says from where on.
    """
    if not text.strip():
        return None
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError("the condition of --where is not valid UTF-8", hint="records are; leave out what is not text")
    reader = _Reader(text, Clock(now_ns, find_zone(zone)))
    return Condition(text, reader.whole())


_SPACE: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"[^\s=!<>()'\",]+")
_WORD: Final = re.compile(r"[^\s()'\",]+")
_QUOTED: Final = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"")
_SIGNS: Final = re.compile(r"!==|==|!=|<>|<=|>=|=|<|>")
_WORDS: Final = {
    "contains": Operator.CONTAINS,
    "starts with": Operator.STARTS,
    "startswith": Operator.STARTS,
    "ends with": Operator.ENDS,
    "endswith": Operator.ENDS,
    "like": Operator.LIKE,
    "matches": Operator.MATCHES,
    "in": Operator.IN,
    "cidr": Operator.CIDR,
    "exists": Operator.EXISTS,
}
_OPERATOR_WORD: Final = re.compile(
    r"(?:" + "|".join(word.replace(" ", r"\s+") for word in _WORDS) + r")(?![^\s()'\",/])", re.IGNORECASE
)
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)*)/(i?)(?![^\s)])", re.DOTALL)
_KEYWORDS: Final = ("and", "or", "not")


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str, clock: Clock) -> None:
        self.text = text
        self.clock = clock
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self.either()
        self.skip()
        if self.at < len(self.text):
            what = "')' closes nothing" if self.text[self.at] == ")" else "'and' or 'or' is missing"
            raise self.error(what)
        return node

    def either(self) -> Node:
        return self.several("or", self.both, Any)

    def both(self) -> Node:
        return self.several("and", self.single, All)

    def several(self, word: str, part: Callable[[], Node], kind: type[Any | All]) -> Node:
        parts = [part()]
        while self.takes(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else kind(tuple(parts))

    def single(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(f"there are more than {_DEEPEST} conditions within one another")
        if not self.is_named("not") and self.takes("not"):
            node: Node = Not(self.single())
        elif self.takes_sign("("):
            opened = self.at
            node = self.either()
            if not self.takes_sign(")"):
                self.skip()
                if self.at < len(self.text):
                    raise self.error("')', 'and' or 'or' is missing")
                raise self.error("this '(' is not closed", at=opened - 1)
        else:
            node = self.comparison()
        self.depth -= 1
        return node

    # --- a comparison --------------------------------------------------------------------------------------------

    def comparison(self) -> Comparison:
        self.skip()
        at = self.at
        name, quoted = self.name()
        negative, operator = self.operator(name)
        if operator in _OPPOSITE:
            negative, operator = True, _OPPOSITE[operator]
        found = Comparison(name.removeprefix("$."), operator, negative=negative, at=at + 1)
        if not quoted and name.lower() in BUILT_IN:
            found = replace(found, name=name.lower(), built_in=True)
        elif name.lower().startswith("fields.") and not quoted:
            found = replace(found, name=name[len("fields.") :])
        if found.built_in and found.name == "ts":
            return self.timed(found)
        return replace(found, values=self.values(operator))

    def name(self) -> tuple[str, bool]:
        if (text := self.quoted()) is not None:
            return text, True
        found = _NAME.match(self.text, self.at)
        if found is None or (found[0].lower() in _KEYWORDS and not self.is_named(found[0].lower())):
            raise self.error("the name of a field is missing")
        self.at = found.end()
        return found[0], False

    def operator(self, name: str) -> tuple[bool, Operator]:
        negative = self.takes("not")
        self.skip()
        sign = _SIGNS.match(self.text, self.at)
        if sign and not negative:
            self.at = sign.end()
            return False, Operator("!=" if sign[0] == "<>" else sign[0])
        word = _OPERATOR_WORD.match(self.text, self.at)
        if word is None:
            raise self.error(f"behind '{name}' an operator is missing (=, !=, <, contains, in, exists, …)")
        self.at = word.end()
        return negative, _WORDS[" ".join(word[0].lower().split())]

    def values(self, operator: Operator) -> tuple[str, ...]:
        if operator is Operator.EXISTS:
            return ()
        if operator is Operator.IN:
            return self.list()
        self.skip()
        at = self.at
        if operator is Operator.MATCHES and (found := _REGEX.match(self.text, self.at)):
            self.at = found.end()
            return (("(?i)" if found[2] else "") + found[1].replace(r"\/", "/"),)
        value = self.value(operator.value)
        if operator is Operator.CIDR:
            return (self.network(value, at),)
        return (value,)

    def list(self) -> tuple[str, ...]:
        if not self.takes_sign("("):
            raise self.error("'(' is missing behind 'in'")
        values = [self.value("(")]
        while self.takes_sign(","):
            values.append(self.value(","))
        if not self.takes_sign(")"):
            raise self.error("',' or ')' is missing in the list")
        return tuple(values)

    def value(self, behind: str) -> str:
        self.skip()
        if (text := self.quoted()) is not None:
            return text
        found = _WORD.match(self.text, self.at)
        if found is None:
            raise self.error(f"a value is missing behind '{behind}'")
        self.at = found.end()
        return found[0]

    def network(self, value: str, at: int) -> str:
        try:
            return str(ip_network(value, strict=False))
        except ValueError:
            raise self.error(f"'{value}' is no network such as 10.0.0.0/8 or 2001:db8::/32", at=at) from None

    def timed(self, found: Comparison) -> Comparison:
        if found.operator is Operator.EXISTS:
            return found
        if found.operator not in (Operator.EQUAL, *ORDER):
            raise self.error(f"'ts' is a time: it cannot be compared with '{found.operator.value}'", at=found.at - 1)
        self.skip()
        at = self.at
        text = self.value(found.operator.value)
        try:
            moment = read_moment(normalised(text), self.clock)
        except Unreadable:
            raise self.error(f"'{text}' cannot be read as a time", at=at) from None
        last = moment.last_ns() if moment.is_day else moment.end_ns()
        return replace(found, values=(text,), instants=(moment.start_ns(), last))

    # --- pieces --------------------------------------------------------------------------------------------------

    def skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space is not None
        self.at = space.end()

    def takes(self, word: str) -> bool:
        """Whether the word comes next, as one of its own; it is then passed."""
        self.skip()
        end = self.at + len(word)
        if self.text[self.at : end].lower() != word or (end < len(self.text) and _NAME.match(self.text, end)):
            return False
        self.at = end
        return True

    def is_named(self, word: str) -> bool:
        """Whether the word comes next and is a field: ``not = 1``."""
        self.skip()
        rest = self.text[self.at + len(word) :].lstrip()
        return self.text[self.at : self.at + len(word)].lower() == word and bool(_SIGNS.match(rest))

    def takes_sign(self, sign: str) -> bool:
        self.skip()
        if self.text[self.at : self.at + 1] != sign:
            return False
        self.at += 1
        return True

    def quoted(self) -> str | None:
        """The text in quotes that comes next, if one does."""
        if self.text[self.at : self.at + 1] not in ("'", '"'):
            return None
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            raise self.error("this quote is not closed")
        self.at = found.end()
        if found[1] is not None:
            return found[1].replace("''", "'")
        return found[2].replace('""', '"')

    def error(self, why: str, *, at: int | None = None) -> UsageError:
        at = self.at if at is None else at
        return UsageError(f"--where cannot be read at character {at + 1} ({_near(self.text, at)}): {why}", hint=_HINT)


def _near(text: str, at: int) -> str:
    """What stands there."""
    rest = text[at:].split()
    return f"'{rest[0][:30]}'" if rest else "its end"
