"""The stamps on one line of a sample, and the places of the line each of them may be said to stand at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps.forms import COMPANIONS
from twsla.formats.timestamps.leads import FOLLOWS, KEYS, LEADS
from twsla.formats.timestamps.places import Behind, Column, Field, Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.places import Place

EXAMINED_BYTES = 8192
"""Bytes of a sample line in which stamps are looked for; as many of its end are looked at if it is a JSON object."""
_MOST_FIELDS = 64
_TRIGGER = re.compile(rb"\d:\d|\d{6}|\d\.\d\d\.\d|\d\xe6\x99\x82|\d-\d\d-\d\d|@4[0-9a-f]{15}")
_FURTHER = re.compile(rb"\d:\d\d|\d\.\d\d\.\d\d|\d{9}|\btz=|\btimezone=")
_HEAD = re.compile(rb"(?:<\d{1,3}>(?:\d )?)?(?:\d{1,12}: )?[*.% ]{0,2}")
_KEY_BEFORE = re.compile(rb"""["']?([\w@.$-]{1,60})["']?[ ]{0,2}[:=][ ]{0,2}["'(\[]?$|audit\($""")
_WORD_BEFORE = re.compile(rb"""[ \t]?[^ \t\d]{1,40}[ \t]{1,2}["'(\[]?$""")
_RANKS = {key.encode(): rank for rank, key in enumerate(KEYS)}
_PUNCTUATION = b"[({<|@#>\"'"
_SEPARATORS = (b" ", b"\t", b",", b"|", b";")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stamp on a line."""

    form: Form
    start: int
    end: int
    key: bytes
    """Name of the field it is the value of; empty if none."""


@lru_cache(maxsize=1024)
def _pattern(form: Form, lead: str) -> re.Pattern[bytes]:
    text = f"(?:{LEADS[lead]})(?P<stamp_>{form.core})(?={FOLLOWS[form.follow]}|$)"
    return re.compile(text.encode())


def candidates(line: bytes, forms: Iterable[Form]) -> list[Candidate]:
    """The stamps on a line, left-most first, without those that overlap an earlier one.

    Dates are not checked yet. In a JSON object, fields that are known to hold the time of a record come first.
    """
    if _TRIGGER.search(line) is None:
        return []
    found = []
    for order, form in enumerate(forms):
        for lead in form.leads:
            matches = _pattern(form, lead).finditer(line)
            found += [(match.start("stamp_"), order, match.end("stamp_"), form) for match in matches]
    found.sort(key=lambda entry: entry[:2])
    kept: list[Candidate] = []
    for start, _, end, form in found:
        if not kept or start >= kept[-1].end:
            kept.append(Candidate(form, start, end, _key(line, start)))
    if line.lstrip()[:1] == b"{":
        kept.sort(key=lambda candidate: _RANKS.get(candidate.key, len(KEYS)))
    return kept


def candidate_at_start(line: bytes, forms: Iterable[Form]) -> Candidate | None:
    """The stamp the line begins with, if it does: nothing is farther left."""
    for form in forms:
        match = _pattern(form, form.leads[0]).match(line)
        if match is not None and match.start("stamp_") == 0:
            return Candidate(form, 0, match.end("stamp_"), b"")
    return None


def companions(line: bytes, forms: Iterable[Form], beside: Candidate) -> list[Candidate]:
    """What else on the line may denote the same moment, plain numbers and zone fields included."""
    if _FURTHER.search(line, beside.end) is None and _FURTHER.search(line[: beside.start]) is None:
        return []
    others = candidates(line, (*forms, *COMPANIONS))
    return [other for other in others if other.end <= beside.start or other.start >= beside.end]


def _key(line: bytes, start: int) -> bytes:
    found = _KEY_BEFORE.search(line, max(start - 80, 0), start)
    return found[1] or b"" if found else b""


def places(line: bytes, start: int) -> Iterator[Place]:
    """Ways to say where ``line[start]`` is, the most telling first."""
    before = line[:start]
    if not before:
        yield Column(0)
        return
    if _HEAD.fullmatch(before):
        yield Head()
    if start == 1:
        yield Column(1)
    yield from _behind_key(line, start)
    if before[-1] in _PUNCTUATION and before[:-1].find(before[-1:]) < 0:
        yield Behind(before[-1:])
    if start <= EXAMINED_BYTES and not any(48 <= byte <= 57 for byte in before):
        yield Column(start)
    yield from _fields(before)
    word = _WORD_BEFORE.search(before[-64:])
    if word is not None and before.find(word[0]) == start - len(word[0]):
        yield Behind(word[0])
    yield Column(start)


def _behind_key(line: bytes, start: int) -> Iterator[Place]:
    before = line[max(start - 80, 0) : start]
    found = _KEY_BEFORE.search(before)
    if found is None or found[0][:1].isdigit():
        return
    text = found[0]
    # The text must lead to this very stamp: its first occurrence as a whole name on the line.
    quoted = text[:1] in b"\"'"
    first = re.search((rb"" if quoted else rb"(?<!\w)") + re.escape(text), line)
    if first is not None and first.end() == start:
        yield Behind(text, whole=not quoted)


def _fields(before: bytes) -> Iterator[Place]:
    for separator in _SEPARATORS:
        skip = 1 if before[-1] in b"\"'[(<{" else 0
        head = before[: len(before) - skip]
        if not head.endswith(separator):
            continue
        runs = re.findall(rb" +" if separator == b" " else re.escape(separator), head)
        if len(runs) <= _MOST_FIELDS:
            yield Field(len(runs), separator, skip)


def shape_of(line: bytes) -> bytes:
    """The line's beginning with every run of digits as one ``0``: lines that look the same are examined once."""
    return re.sub(rb"\d+", b"0", line[:256])
