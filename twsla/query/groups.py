r"""The capturing groups of a regular expression: where they are, and the expression with one of them alone.

DuckDB reaches groups up to 9 only, and RE2 is the slower the more it has to capture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN: Final = re.compile(
    r"""(?xs)
    (?P<quoted> \\Q.*?(?:\\E|\Z) )
  | (?P<escape> \\. )
  | (?P<class>  \[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\] )
  | (?P<named>  \(\?P?<(?P<name>[^>=!]+)> )
  | (?P<comment> \(\?\#[^)]*\) )
  | (?P<special> \(\?(?:<?[=!]|>|[a-zA-Z^-]*[:)]|) )
  | (?P<open>   \( )
  | (?P<close>  \) )
  | (?P<other>  [^\\\[()]+ | . )
    """
)
"""One piece of an expression; ``special`` are groups that do not capture, flags, and what RE2 does not know."""


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group."""

    index: int
    """From 1, as RE2 counts."""
    name: str
    """"" if it has none."""
    start: int
    """Index of its opening parenthesis."""
    inner: str
    """What is between its parentheses."""


def tokens(expression: str) -> Iterator[re.Match[str]]:
    """The pieces in order; together they are the expression."""
    return TOKEN.finditer(expression)


def groups_of(expression: str) -> tuple[Group, ...]:
    """The capturing groups of an expression that RE2 accepts, in order."""
    begun: list[tuple[int, str, int, int] | None] = []
    found: list[Group] = []
    count = 0
    for token in tokens(expression):
        if token["named"] or token["open"]:
            count += 1
            begun.append((count, token["name"] or "", token.start(), token.end()))
        elif token["special"] and not token["special"].endswith(")"):
            begun.append(None)
        elif token["close"] and begun and (group := begun.pop()) is not None:
            index, name, start, inner = group
            found.append(Group(index, name, start, expression[inner : token.start()]))
    return tuple(sorted(found, key=lambda group: group.index))


def only_group(expression: str, index: int) -> str:
    """The expression with group ``index`` as its only capturing one; 0: with none."""
    count = 0
    pieces = []
    for token in tokens(expression):
        piece = token[0]
        if token["named"] or token["open"]:
            count += 1
            piece = "(" if count == index else "(?:"
        pieces.append(piece)
    return "".join(pieces)
