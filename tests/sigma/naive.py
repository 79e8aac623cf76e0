"""Sigma rules read from their YAML and tried on one event after the other: slow, simple, and nothing of the program's.

By the Sigma specification 2.1 (rules, modifiers), two-valued: a field that is missing, null or empty has no value.
"""

from __future__ import annotations

import base64
import fnmatch
import ipaddress
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Event = Mapping[str, Sequence[str]]
"""Values by name in lower case, without blanks."""
Test = Callable[[Event], bool]
_DASHES = "-/\u2013\u2014\u2015"


def event_of(fields: Mapping[str, str]) -> dict[str, list[str]]:
    """An event from the fields of a record; ``Data[0]``, ``Data[1]`` … are values of ``Data`` as well."""
    event: dict[str, list[str]] = {}
    for name, value in fields.items():
        event.setdefault(re.sub(r"\[\d+\]$", "", name.replace(" ", "").lower()), []).append(value)
    return event


def compiled(detection: Mapping[str, Any]) -> Test:
    """The test of an event."""
    named = {name: _detection(given) for name, given in detection.items() if name != "condition"}
    conditions = detection["condition"]
    tests = [
        _Condition(text, named).parsed() for text in (conditions if isinstance(conditions, list) else [conditions])
    ]
    return lambda event: any(test(event) for test in tests)


class _Condition:
    def __init__(self, text: str, named: Mapping[str, Test]) -> None:
        self.tokens = re.findall(r"\(|\)|[^\s()]+", text)
        self.named = named

    def parsed(self) -> Test:
        test = self._or()
        assert not self.tokens, self.tokens
        return test

    def _or(self) -> Test:
        parts = [self._and()]
        while self.tokens[:1] and self.tokens[0] == "or":
            self.tokens.pop(0)
            parts.append(self._and())
        return lambda event: any(part(event) for part in parts)

    def _and(self) -> Test:
        parts = [self._not()]
        while self.tokens[:1] and self.tokens[0] == "and":
            self.tokens.pop(0)
            parts.append(self._not())
        return lambda event: all(part(event) for part in parts)

    def _not(self) -> Test:
        token = self.tokens.pop(0)
        if token == "not":
            inner = self._not()
            return lambda event: not inner(event)
        if token == "(":
            inner = self._or()
            assert self.tokens.pop(0) == ")"
            return inner
        if token in ("1", "all", "any") and self.tokens[:1] == ["of"]:
            self.tokens.pop(0)
            pattern = self.tokens.pop(0)
            pattern = "*" if pattern == "them" else pattern
            parts = [test for name, test in self.named.items() if fnmatch.fnmatchcase(name, pattern) and name[0] != "_"]
            assert parts
            if token == "all":
                return lambda event: all(part(event) for part in parts)
            return lambda event: any(part(event) for part in parts)
        return self.named[token]


def _detection(given: Any) -> Test:
    if isinstance(given, Mapping):
        items = [_item(str(key), value) for key, value in given.items()]
        return lambda event: all(item(event) for item in items)
    if isinstance(given, list) and any(isinstance(each, Mapping | list) for each in given):
        parts = [_detection(each) for each in given]
        return lambda event: any(part(event) for part in parts)
    return _item("", given)


def _item(key: str, given: Any) -> Test:
    name, *modifiers = key.split("|")
    values = given if isinstance(given, list) else [given]
    tests = [_value(value, modifiers, keyword=not name) for value in values] or [_nothing]
    every = "all" in modifiers
    field = name.replace(" ", "").lower()

    def test(event: Event) -> bool:
        if not name:
            texts = [text for texts in event.values() for text in texts]
            return (all if every else any)(any(one(text) for text in texts if text) for one in tests)
        given_texts = event.get(field, ())
        return (all if every else any)(_holds(one, given_texts, event) for one in tests)

    return (lambda event: not test(event)) if "neq" in modifiers else test


class _OfField:
    """A test of all values of a field together."""

    def __init__(self, test: Callable[[Sequence[str], Event], bool]) -> None:
        self.test = test

    def __call__(self, text: str) -> bool:
        raise AssertionError("of a field")


def _holds(test: Callable[[str], bool], texts: Sequence[str], event: Event) -> bool:
    if isinstance(test, _OfField):
        return test.test(texts, event)
    return any(test(text) for text in texts if text)


_nothing = _OfField(lambda texts, event: not any(texts))


def _value(value: Any, modifiers: Sequence[str], *, keyword: bool) -> Callable[[str], bool]:
    if value is None or (value == "" and not {"contains", "startswith", "endswith", "re"} & set(modifiers)):
        return _nothing
    if "exists" in modifiers:
        return _OfField(lambda texts, event: bool(texts) == value)
    if "re" in modifiers:
        return _expression(str(value), modifiers)
    if "cidr" in modifiers:
        return _cidr(str(value))
    for name, compare in _COMPARE.items():
        if name in modifiers:
            return _number(float(value), compare)
    if "fieldref" in modifiers:
        return _reference(str(value), modifiers)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _text(text, modifiers, keyword=keyword)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "lte": lambda a, b: a <= b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "gt": lambda a, b: a > b,
}


def _expression(expression: str, modifiers: Sequence[str]) -> Callable[[str], bool]:
    flags = {"i": re.IGNORECASE, "ignorecase": re.IGNORECASE, "m": re.M, "multiline": re.M, "s": re.S, "dotall": re.S}
    used = 0
    for name in modifiers:
        used |= flags.get(name, 0)
    pattern = re.compile(expression, used)
    return lambda text: pattern.search(text) is not None


def _cidr(network: str) -> Callable[[str], bool]:
    within = ipaddress.ip_network(network)

    def test(text: str) -> bool:
        try:
            return ipaddress.ip_address(text) in within
        except ValueError:
            return False

    return test


def _number(limit: float, compare: Callable[[float, float], bool]) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            number = int(text, 16) if text.strip()[:2] == "0x" else float(text)
        except ValueError:
            return False
        return "_" not in text and compare(number, limit)

    return test


def _reference(other: str, modifiers: Sequence[str]) -> Callable[[str], bool]:
    name = other.replace(" ", "").lower()

    def same(one: str, two: str) -> bool:
        if "contains" in modifiers:
            return two in one
        if "startswith" in modifiers:
            return one.startswith(two)
        return one.endswith(two) if "endswith" in modifiers else one == two

    def test(texts: Sequence[str], event: Event) -> bool:
        return any(same(one.lower(), two.lower()) for one in texts if one for two in event.get(name, ()) if two)

    return _OfField(test)


Token = str | None
"""A character, or None for any characters, or an empty text for one."""


def _text(text: str, modifiers: Sequence[str], *, keyword: bool) -> Callable[[str], bool]:
    variants = [_tokens(text)]
    for modifier in modifiers:
        variants = [each for tokens in variants for each in _modified(tokens, modifier)]
    if keyword:
        variants = [[None, *tokens, None] for tokens in variants]
    cased = "cased" in modifiers
    patterns = [re.compile(_pattern(tokens, cased=cased), re.DOTALL) for tokens in variants]
    return lambda value: any(pattern.fullmatch(value if cased else value.lower()) for pattern in patterns)


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and text[at + 1 : at + 2] in ("*", "?", "\\") and text[at + 1 : at + 2]:
            tokens.append(text[at + 1])
            at += 1
        else:
            tokens.append(None if sign == "*" else "" if sign == "?" else sign)
        at += 1
    return tokens


def _modified(tokens: list[Token], modifier: str) -> Iterable[list[Token]]:
    match modifier:
        case "contains":
            return [[None, *tokens, None]]
        case "startswith":
            return [[*tokens, None]]
        case "endswith":
            return [[None, *tokens]]
        case "windash":
            return _dashes(tokens)
        case "wide":
            return [_encoded(tokens, "utf-16-le")]
        case "utf16be":
            return [_encoded(tokens, "utf-16-be")]
        case "base64":
            return [list(base64.b64encode("".join(map(str, tokens)).encode()).decode())]
        case "base64offset":
            return _offsets("".join(map(str, tokens)).encode())
    return [tokens]


def _encoded(tokens: list[Token], encoding: str) -> list[Token]:
    return list("".join(map(str, tokens)).encode(encoding).decode("latin-1"))


def _dashes(tokens: list[Token]) -> Iterable[list[Token]]:
    """Every dash or slash between no word and a word, in all its forms."""
    plain = "".join(token if token else "\0" for token in tokens)
    places = [match.start() for match in re.finditer(r"\B[-/]\b", plain)]
    for signs in itertools.product(_DASHES, repeat=len(places)):
        made = list(tokens)
        for place, sign in zip(places, signs, strict=True):
            made[place] = sign
        yield made


def _offsets(data: bytes) -> Iterable[list[Token]]:
    """What of the base64 of a text is the same whatever stands around it, at each of three places."""
    for offset in range(3):
        encoded = base64.b64encode(b" " * offset + data).decode().rstrip("=")
        start = (0, 2, 3)[offset]
        sure = (offset + len(data)) * 8 // 6
        yield list(encoded[start:sure])


def _pattern(tokens: list[Token], *, cased: bool) -> str:
    return "".join(
        ".*" if token is None else "." if token == "" else re.escape(token if cased else token.lower())
        for token in tokens
    )
