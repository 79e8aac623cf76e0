"""JSON for eyes: indented and coloured, each piece exactly as it stands in the text.

Nothing is read and written again: numbers keep their digits, repeated keys stay, strings keep their escapes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.views.cells import Fragments

MOST_CHARS = 2_000_000
"""Longer texts are shown as they are."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def find_json(text: str) -> tuple[int, int] | None:
    """Where a JSON object or array stands: from the first bracket to the end of the text; None if there is none."""
    start = next((at for at, char in enumerate(text) if char in "{["), None)
    if start is None or len(text) - start > MOST_CHARS:
        return None
    body = text[start:].rstrip()
    if body[-1:] not in "}]":
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return (start, start + len(body)) if value else None


def pretty(text: str, indent: int = 2) -> list[Fragments]:
    """The lines of a text that is valid JSON, indented and coloured."""
    lines: list[Fragments] = [[]]
    depth = 0
    pieces = [match[0] for match in _TOKEN.finditer(text)]
    for place, piece in enumerate(pieces):
        before, after = pieces[place - 1 : place], pieces[place + 1 : place + 2]
        if piece in "}]":
            depth -= 1
            if before and before[0] not in "{[":
                lines.append([("", " " * indent * depth)])
        lines[-1].append((_style(piece, after), f"{piece} " if piece == ":" else piece))
        if piece in "{[":
            depth += 1
        if piece == "," or (piece in "{[" and after and after[0] not in "}]"):
            lines.append([("", " " * indent * depth)])
    return lines


def _style(piece: str, after: list[str]) -> str:
    if piece[0] == '"':
        return "class:json.key" if after == [":"] else "class:json.text"
    if piece[0] in "{}[],:":
        return ""
    return "class:json.word" if piece in ("true", "false", "null") else "class:json.number"


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a JSON value as (path, text): ``Event.System.EventID``, ``tags[0]``."""
    stack: list[tuple[str, object]] = [(name, value)]
    while stack:
        path, each = stack.pop()
        if isinstance(each, dict) and each:
            inside = [(f"{path}.{key}" if path else str(key), one) for key, one in each.items()]
            stack += reversed(inside)
        elif isinstance(each, list) and each:
            stack += reversed([(f"{path}[{at}]", one) for at, one in enumerate(each)])
        else:
            yield path, each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
