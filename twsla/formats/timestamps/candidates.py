"""The stamps on one line of a sample, and the places of the line each of them may be said to stand at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps.forms import COMPANIONS
from twsla.formats.timestamps.leads import COLOUR, FOLLOWS, KEYS, LEADS
from twsla.formats.timestamps.places import Behind, Column, Field, Head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.places import Place

EXAMINED_BYTES = 4096
"""Bytes of a sample line in which stamps are looked for."""
_MOST_FIELDS = 64
_REACH = 64
"""Bytes from the beginning of a stamp within which ``_TRIGGER`` matches."""
_ZONE_NAME = rb"|\b[AEIP][a-z]{3,9}/[A-Z]"
_LONGEST_TAIL = 12
"""Bytes between the seconds of a stamp and a zone's name: a fraction, a space."""
_TRIGGER = re.compile(
    rb"=\"?(?:GMT|UTC)?[+-]\d\d?|(?:zone|tz)(?:=\"?|\": ?\")[A-Z+-]"
    rb"|\d:\d|\d{6}|\d\.\d\d\.\d|\d\xe6\x99\x82|\d-\d\d-\d\d|@4[0-9a-f]{15}" + _ZONE_NAME
)
_FURTHER = re.compile(rb"\d:\d\d|\d\.\d\d\.\d\d|\d{9}|\btz\b|\btime_?zone\b" + _ZONE_NAME)
_HEAD = re.compile(rb"(?:" + COLOUR.encode() + rb")?(?:<\d{1,3}>(?:\d )?)?(?:\d{1,12}: )?[*.% ]{0,2}")
_KEY_BEFORE = re.compile(rb"""["']?([\w@.$-]{1,60})["']?[ ]{0,2}[:=>][ ]{0,2}["'(\[]?$|audit\($""")
_WORD_BEFORE = re.compile(rb"""[ \t]?[^ \t\d]{1,40}[ \t]{1,2}["'(\[]?$""")
_RANKS = {key.encode(): rank for rank, key in enumerate(KEYS)}
_OF_ANOTHER_TIME = re.compile(
    rb"(?i)expir|valid|not_?(?:before|after)|until|birth|modif|^(?:exp|nbf|iat)$|creation(?:date|timestamp)"
)
"""Names of fields whose time is hardly ever that of the record."""
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
def _text_pattern(form: Form) -> re.Pattern[bytes]:
    return re.compile(f"{form.core}(?={FOLLOWS[form.follow]}|$)".encode())


@lru_cache(maxsize=32)
def _lead_pattern(lead: str) -> re.Pattern[bytes]:
    """What stands before a stamp, and of the stamp its first byte: a digit, a letter, ``@``, or of several bytes."""
    first = {"any": rb"[0-9FMSTWfmstw]", "spaced": rb"[0-9HRS]", "key": rb"[0-9]"}.get(lead, rb"[0-9A-Za-z@/\xe3-\xe9]")
    return re.compile(LEADS[lead].encode() + rb"(?=" + first + rb")")


@lru_cache(maxsize=8)
def _by_lead(forms: tuple[Form, ...]) -> dict[str, tuple[tuple[int, Form], ...]]:
    """Place in the table and form, for each lead."""
    found: dict[str, list[tuple[int, Form]]] = {}
    for order, form in enumerate(forms):
        for lead in form.leads:
            found.setdefault(lead, []).append((order, form))
    return {lead: tuple(entries) for lead, entries in found.items()}


def candidates(line: bytes, forms: tuple[Form, ...]) -> Iterator[Candidate]:
    """The stamps on a line, left-most first, without those that overlap an earlier one.

    Dates are not checked yet. In a JSON object, fields that are known to hold the time of a record come first.
    """
    found = _from_left(line, forms)
    if line.lstrip()[:1] == b"{":
        return iter(sorted(found, key=lambda candidate: _rank(candidate.key)))
    return found


def _rank(key: bytes) -> int:
    """How likely the field holds the time of the record: the lower the likelier."""
    return _RANKS.get(key, len(KEYS) + bool(_OF_ANOTHER_TIME.search(key)))


def _from_left(line: bytes, forms: tuple[Form, ...]) -> Iterator[Candidate]:
    by_lead = _by_lead(forms)
    starts: dict[int, list[str]] = {}
    for lead in by_lead:
        for start in _starts(line, lead):
            starts.setdefault(start, []).append(lead)
    # What a user wrote need not look like a stamp.
    written = "free" in by_lead or "digitless" in by_lead
    behind = 0
    for start in sorted(starts):
        if start < behind or not (written or _TRIGGER.search(line, start, start + _REACH)):
            continue
        entries = sorted((entry for lead in starts[start] for entry in by_lead[lead]), key=lambda entry: entry[0])
        for _, form in entries:
            found = _text_pattern(form).match(line, start)
            if found is not None:
                behind = found.end()
                yield Candidate(form, start, behind, _key(line, start))
                break


def _starts(line: bytes, lead: str) -> Iterable[int]:
    if lead == "free":
        return range(len(line))
    return [found.end() for found in _lead_pattern(lead).finditer(line)]


def candidate_at_start(line: bytes, forms: Iterable[Form]) -> Candidate | None:
    """The stamp the line begins with, if it does: nothing is farther left."""
    for form in forms:
        match = _text_pattern(form).match(line)
        if match is not None:
            return Candidate(form, 0, match.end(), b"")
    return None


def companions(line: bytes, forms: tuple[Form, ...], beside: Candidate) -> list[Candidate]:
    """What else on the line may denote the same moment, plain numbers and zone fields included."""
    if _FURTHER.search(line, beside.end) is None and _FURTHER.search(line[: beside.start]) is None:
        return []
    return [other for other in candidates(line, (*forms, *COMPANIONS)) if _is_beside(other, beside)]


def _is_beside(other: Candidate, beside: Candidate) -> bool:
    """Whether they do not overlap; a zone's name counts only as the last part of the stamp itself."""
    if other.form.has("iana"):
        return 0 < other.start - beside.end <= _LONGEST_TAIL
    return other.end <= beside.start or other.start >= beside.end


def field_place(line: bytes, name: str) -> tuple[int, Behind] | None:
    """Where the value of the field ``name`` begins on a line, and how to say so; its first occurrence only."""
    key = re.escape(name.encode())
    found = re.search(rb"""(?:(["'])|(?<!\w))""" + key + rb"""(?(1)\1)[ ]{0,2}[:=][ ]{0,2}["'(\[]?""", line)
    return None if found is None else (found.end(), Behind(found[0], whole=not found[1]))


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
    """The line with every run of digits as one ``0``: lines that look the same are examined once."""
    return re.sub(rb"[0-9]+", b"0", line)
