"""Colours in log text: the colour list of ``search -c``, where its patterns match, and the ANSI sequences for it.

Matching is RE2, as for filters. Colour never changes the text: control characters are made visible first, patterns are
matched on the text as it is then shown, and where two patterns overlap the later one in the list wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from twsla.errors import UsageError
from twsla.render.escape import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

FILTER_REGEX_COLOUR = 9
FILTER_COLOUR = 5
_RESET = "\x1b[0m"
_OPEN, _CLOSE = "\x01", "\x02"
"""Put around matches; they cannot occur in text whose control characters are escaped."""
_COLOUR = re.compile(r"\d{1,3}|#[0-9A-Fa-f]{6}")
_ITEM = re.compile(rf"regexp?/(?P<re2>.*?)/(?P<colour>{_COLOUR.pattern})(?=,|$)|(?P<name>[^,]*)", re.DOTALL)
"""Splits the list; a regular expression may hold ``/``, and ``,`` as well since it ends where a colour follows."""


class Observable(Protocol):
    """A named pattern with a colour, as the table of observables has them."""

    @property
    def name(self) -> str:
        """What it is called in the colour list."""

    @property
    def re2(self) -> str:
        """Its regular expression."""

    @property
    def colour(self) -> int | None:
        """Index in the terminal palette; None if it cannot be coloured."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A pattern and how its matches are shown."""

    re2: str
    sgr: str
    """Parameters of the ANSI sequence "select graphic rendition": ``38;5;9``."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that is coloured: positions in characters, the end excluded."""

    start: int
    end: int
    mark: Mark


def parse_colours(
    text: str, observables: Iterable[Observable], *, regex_filter: str = "", filters: Sequence[str] = ()
) -> tuple[Mark, ...]:
    r"""The marks of a colour list such as ``filter,ip,regex/user \S+/9,regex/fail/#ff0000``.

    Args:
        text: Comma-separated: ``filter``, names of observables, ``regex/RE/COLOUR`` (also spelt ``regexp/…``).
        observables: The named patterns.
        regex_filter: RE2 of the regular-expression filter, "" if there is none; shown in palette colour 9.
        filters: RE2 of the other filters that records must match; shown in palette colour 5.

    Raises:
        UsageError: unknown name, a regular expression RE2 does not accept, or no such colour.
    """
    named = {each.name: each for each in observables if each.colour is not None}
    marks: list[Mark] = []
    for item in _items(text):
        if item["name"] is None:
            marks.append(_mark(item["re2"], item["colour"]))
        elif item["name"].strip() == "filter":
            marks += [_mark(regex_filter, str(FILTER_REGEX_COLOUR))] if regex_filter else []
            marks += [_mark(each, str(FILTER_COLOUR)) for each in filters if each]
        elif item["name"].strip():
            marks.append(_named(item["name"].strip(), named))
    return tuple(marks)


def _items(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(text):
        while text[at : at + 1] == " ":
            at += 1
        item = _ITEM.match(text, at)
        if item is None:
            return
        yield item
        at = item.end() + 1


def _named(name: str, named: dict[str, Observable]) -> Mark:
    if name in named:
        return _mark(named[name].re2, str(named[name].colour))
    if name.startswith(("regex/", "regexp/")):
        raise UsageError(
            f"colour {name!r} names no colour", hint="write regex/RE/COLOUR, the colour being 0 to 255 or #rrggbb"
        )
    raise UsageError(
        f"{name!r} cannot be coloured", hint=f"use {', '.join(['filter', *sorted(named)])} or regex/RE/COLOUR"
    )


def _mark(re2: str, colour: str) -> Mark:
    return Mark(check_re2(re2), colour_sgr(colour))


def check_re2(text: str) -> str:
    """The regular expression itself.

    Raises:
        UsageError: RE2 does not accept it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), text)
    except pa.ArrowInvalid as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise UsageError(f"regular expression {text!r} cannot be used: {reason}", hint="the syntax is RE2's") from error
    return text


def colour_sgr(colour: str) -> str:
    """The ANSI parameters of a foreground colour: palette index 0 to 255, or ``#rrggbb``.

    Raises:
        UsageError: neither of them.
    """
    if _COLOUR.fullmatch(colour):
        if colour.startswith("#"):
            red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
            return f"38;2;{red};{green};{blue}"
        if int(colour) <= 255:
            return f"38;5;{int(colour)}"
    raise UsageError(f"{colour!r} is not a colour", hint="give a palette index from 0 to 255, or #rrggbb")


def find_spans(texts: pa.Array, marks: Sequence[Mark]) -> list[list[Span]]:
    """The coloured parts of each text, in order and without overlap.

    ``texts`` (``string`` or ``large_string``, no nulls) must hold no control characters but TAB and line ends.
    """
    import pyarrow.compute as pc

    owners: dict[int, list[Mark | None]] = {}
    for mark in marks:
        matching = pc.indices_nonzero(pc.match_substring_regex(texts, mark.re2))
        if not len(matching):
            continue
        bracketed = pc.replace_substring_regex(texts.take(matching), mark.re2, f"{_OPEN}\\0{_CLOSE}")
        for row, text in zip(matching.to_pylist(), bracketed.to_pylist(), strict=True):
            owner = owners.setdefault(row, [None] * (len(text) - text.count(_OPEN) - text.count(_CLOSE)))
            for start, end in _bracketed(text):
                owner[start:end] = [mark] * (end - start)
    return [_runs(owners[row]) if row in owners else [] for row in range(len(texts))]


def _bracketed(text: str) -> Iterator[tuple[int, int]]:
    """Positions, in the text without brackets, of what stands between them."""
    at = 0
    for piece in text.split(_OPEN):
        match, closed, after = piece.partition(_CLOSE)
        if closed:
            yield at, at + len(match)
        at += len(match) + len(after)


def _runs(owner: list[Mark | None]) -> list[Span]:
    spans, at = [], 0
    for mark, run in groupby(owner):
        end = at + sum(1 for _ in run)
        if mark is not None:
            spans.append(Span(at, end, mark))
        at = end
    return spans


def paint(text: str, spans: Sequence[Span]) -> str:
    """The text with ANSI colours around its spans; every line ends in the terminal's own colour."""
    parts, at = [], 0
    for span in spans:
        inside = text[span.start : span.end].replace("\n", f"{_RESET}\n\x1b[{span.mark.sgr}m")
        parts += [text[at : span.start], f"\x1b[{span.mark.sgr}m{inside}{_RESET}"]
        at = span.end
    return "".join([*parts, text[at:]])


def paint_texts(texts: pa.Array, marks: Sequence[Mark]) -> pa.Array:
    """Texts with control characters made visible (TAB and line ends stay) and matches coloured: ``large_string``."""
    import pyarrow as pa

    shown = escape_controls(texts, keep="\t\n")
    painted = [paint(text, spans) for text, spans in zip(shown.to_pylist(), find_spans(shown, marks), strict=True)]
    return pa.array(painted, pa.large_string())
