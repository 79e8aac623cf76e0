r"""Filters: which records are wanted, judged by their text.

A record passes a ``FilterSet`` when every filter does; a negative filter passes where its pattern does not match.

Simple filters (``-f`` and arguments) are plain text, searched for anywhere in the record, in which

    *          any characters, none included, up to the end of a line (also inside a record of several lines)
    ?          one character, no line end
    $ at the end      the end of the record; several are one
    \* \? \$   that character itself (\$ where $ would be the end); \\* is a backslash and then any characters
    #IP        the whole filter is the name of an observable, in any case; \#IP is that text itself

Every other character, backslashes included, stands for itself. An argument that starts with ``^`` is negative. Regular
expressions (``-r``, and ``-v`` negative) are RE2's: anywhere in the record, ``.`` is no line end, ``^`` and ``$`` are
the ends of the record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.patterns import of_keyword

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_IGNORE_CASE: Final = "(?i)"
_TAIL: Final = re.compile(r"(?:\\*\$)+\Z")
_WILDCARD: Final = re.compile(r"(?P<slashes>\\*)(?P<sign>[*?])")
_ESCAPED: Final = re.compile(r"(?P<slashes>\\*)\$")
_MEANING: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_PIECES: Final = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\(\?<(?=[A-Za-z_])", re.DOTALL)


class FilterKind(Enum):
    """How a filter was written."""

    SIMPLE = "simple"
    REGEX = "regex"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on a record's text."""

    kind: FilterKind
    source: str
    """As the user wrote it, without the ``^`` of a negative argument."""
    re2: str
    """The RE2 expression that decides; accepted by DuckDB and pyarrow alike and the same to both."""
    negative: bool = False
    """Records that match are left out."""
    ignore_case: bool = False
    """``re2`` starts with ``(?i)``; kept for those who look for another way to the same answer."""
    literal: str | None = None
    """Plain text that decides as ``re2`` does: the record contains it, or ends with it; None if there is none."""
    at_end: bool = False
    """``literal`` has to end the record."""
    shape_hints: tuple[str, ...] = ()
    """One of these is in the shape of every record that matches; none: nothing is known."""


@dataclass(frozen=True, slots=True)
class FilterSet:
    """Filters that a record has to pass, all of them; empty means every record passes."""

    filters: tuple[Filter, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.filters)

    def __iter__(self) -> Iterator[Filter]:
        return iter(self.filters)

    def __len__(self) -> int:
        return len(self.filters)


def parse_filters(*, simple: str, regex: str, inverted: str, arguments: Sequence[str], ignore_case: bool) -> FilterSet:
    """The filters of a command line; empty texts are none.

    Whether RE2 accepts a regular expression is for ``twsla.query.where.check_filters`` to say.

    Args:
        simple: ``-f``, a simple filter.
        regex: ``-r``, a regular expression.
        inverted: ``-v``, a regular expression that must not match.
        arguments: Simple filters, negative with a leading ``^``.
        ignore_case: For all of them.

    Raises:
        UsageError: An argument is a ``^`` and nothing else, or a text is not valid UTF-8: no record would match.
    """
    for text in (simple, regex, inverted, *arguments):
        if not _is_valid(text):
            raise UsageError(f"the filter {text!r} is not valid UTF-8", hint="records are; leave out what is not text")
    filters: list[Filter] = []
    if regex:
        filters.append(regex_filter(regex, ignore_case=ignore_case))
    if simple:
        filters.append(simple_filter(simple, ignore_case=ignore_case))
    for argument in arguments:
        negative = argument.startswith("^")
        if argument == "^":
            raise UsageError(
                "the filter '^' names nothing to leave out", hint="write ^TEXT to leave out, -f '^' to find the sign"
            )
        if argument:
            filters.append(simple_filter(argument[negative:], negative=negative, ignore_case=ignore_case))
    if inverted:
        filters.append(regex_filter(inverted, negative=True, ignore_case=ignore_case))
    return FilterSet(tuple(filters))


def _is_valid(text: str) -> bool:
    """Whether it was valid UTF-8 on the command line; other bytes are lone surrogates there."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def regex_filter(source: str, *, negative: bool = False, ignore_case: bool = False) -> Filter:
    """A filter of a regular expression."""
    re2 = _PIECES.sub(lambda found: _portable(found[0]), source)
    if re2.startswith(_IGNORE_CASE):
        ignore_case = True
    elif ignore_case:
        re2 = _IGNORE_CASE + re2
    return Filter(FilterKind.REGEX, source, re2, negative, ignore_case)


def _portable(piece: str) -> str:
    r"""The piece as both engines know it, and so that a group can be put around the whole.

    ``(?<name>…)`` is known to the RE2 of pyarrow and not to DuckDB's; ``\Q`` may lack its ``\E`` at the end.
    """
    if piece == "(?<":
        return "(?P<"
    return piece + r"\E" if piece.startswith(r"\Q") and not piece.endswith(r"\E") else piece


def simple_filter(source: str, *, negative: bool = False, ignore_case: bool = False) -> Filter:
    """A filter of the simple syntax, without the ``^`` of an argument."""
    flag = _IGNORE_CASE if ignore_case else ""
    known = of_keyword(source)
    if known is not None:
        return Filter(
            FilterKind.KEYWORD, source, flag + known.re2, negative, ignore_case, shape_hints=known.shape_hints
        )
    pieces, at_end = _pieces(source)
    re2 = flag + "".join(piece if sign else quoted(piece) for piece, sign in pieces) + (r"\z" if at_end else "")
    literal = None
    if not any(sign for _, sign in pieces):
        literal = "".join(piece for piece, _ in pieces)
    return Filter(FilterKind.SIMPLE, source, re2, negative, ignore_case, literal, at_end)


def quoted(text: str) -> str:
    """RE2 that matches ``text`` and nothing else; readable by DuckDB and pyarrow alike."""
    return _MEANING.sub(lambda found: f"\\{found[0]}", text)


def _pieces(source: str) -> tuple[list[tuple[str, bool]], bool]:
    """Plain texts and (True) the RE2 of wildcards, in order; and whether the text ends the record."""
    body, tail, at_end = _without_end(source)
    pieces: list[tuple[str, bool]] = []
    position = 0
    for found in _WILDCARD.finditer(body):
        slashes = len(found["slashes"])
        plain = body[position : found.start()] + "\\" * (slashes // 2)
        position = found.end()
        if slashes % 2:
            pieces.append((plain + found["sign"], False))
        else:
            pieces += [(plain, False), (".*" if found["sign"] == "*" else ".", True)]
    pieces.append((body[position:] + tail, False))
    return [piece for piece in pieces if piece[0]], at_end


def _without_end(source: str) -> tuple[str, str, bool]:
    """What stands before the last signs ``$``; those of them that are plain; whether one is the end of the record."""
    if re.fullmatch(r"\\+#\w+", source) and of_keyword(source.lstrip("\\")):
        return "", source[1:], False
    tail = _TAIL.search(source)
    if tail is None:
        return source, "", False
    signs = [("\\" * (len(found["slashes"]) // 2), len(found["slashes"]) % 2) for found in _ESCAPED.finditer(tail[0])]
    at_end = False
    while signs and not signs[-1][1]:
        # An unescaped $ at the end. Pairs of backslashes before it are plain text; what is before those is not the end.
        slashes, _ = signs.pop()
        at_end = True
        if slashes:
            return source[: tail.start()], "".join(f"{s}$" for s, _ in signs) + slashes, True
    return source[: tail.start()], "".join(f"{slashes}$" for slashes, _ in signs), at_end
