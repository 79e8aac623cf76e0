r"""Text on a screen: made fit for the terminal, measured, cut and wrapped in cells, with styles kept.

Cells are counted character by character, as most terminals, terminal multiplexers and the drawing library do.
``twsla.render.widths`` counts emoji that joiners glue together as one, which holds for files and for some terminals
only. So that it makes no difference here, ``fit_for`` takes such sequences apart.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.render.escape import escape_text

if TYPE_CHECKING:
    from collections.abc import Sequence

Fragment = tuple[str, str]
"""Style and text."""
Fragments = list[Fragment]

ELLIPSIS = "…"
TAB_CELLS = 8
MOST_TABBED = 1_000_000
"""In longer texts tabs are one blank each: eight times as much of nothing but tabs would be too much."""
_VARIATION = {0xFE0E: None, 0xFE0F: None}
"""Selectors that ask for the text or the emoji form of the character before: terminals differ in its width."""
_GLUED = re.compile("\u200d(?=[\u2600-\u27bf\U0001f000-\U0001faff])")


@lru_cache(maxsize=8192)
def cells(text: str) -> int:
    """Number of terminal cells of a text without control characters."""
    if text.isascii():
        return len(text)
    from prompt_toolkit.utils import get_cwidth

    return get_cwidth(text)


def fit_for(text: str, encoding: str, *, keep: str = "") -> str:
    r"""The text as it may be sent to a terminal: control characters and what ``encoding`` has not got as escapes.

    ``keep`` names control characters left as they are. Tabs become blanks. Joiners and selectors of emoji are left out.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(TAB_CELLS) if len(text) < MOST_TABBED else text.replace("\t", " ")
    text = escape_text(text, keep=keep)
    if text.isascii():
        return text
    if "\ufe0f" in text or "\ufe0e" in text or "\u200d" in text:
        text = _GLUED.sub("", text.translate(_VARIATION))
    if encoding != "utf-8":
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    return text


def width(fragments: Fragments) -> int:
    """Cells of all fragments."""
    return sum(cells(text) for _, text in fragments)


def split_at(text: str, at: int) -> tuple[str, str, int]:
    """What of a text fits in ``at`` cells, the rest, and the cells that the first part takes.

    These are one less than ``at`` where a wide character would be torn apart.
    """
    if text.isascii():
        return text[:at], text[at:], min(at, len(text))
    used = 0
    for place, char in enumerate(text):
        size = cells(char)
        if used + size > at:
            return text[:place], text[place:], used
        used += size
    return text, "", used


def clip(text: str, most: int) -> str:
    """The text in at most ``most`` cells; what is cut off is replaced by ``…``."""
    if most <= 0:
        return ""
    if cells(text) <= most:
        return text
    return split_at(text, most - 1)[0] + ELLIPSIS


def pad(text: str, size: int, *, right: bool = False) -> str:
    """The text filled up with blanks to ``size`` cells; ``right`` puts them before it."""
    blanks = " " * (size - cells(text))
    return blanks + text if right else text + blanks


def cut(fragments: Fragments, left: int, size: int, fill: str = "") -> Fragments:
    """The cells from ``left`` on, exactly ``size`` of them, blanks in the style ``fill`` behind the end.

    Half of a wide character is a blank.
    """
    found: Fragments = []
    used = 0
    for style, text in fragments:
        if left > 0:
            whole = cells(text)
            if whole <= left:
                left -= whole
                continue
            _, text, taken = split_at(text, left)
            if taken < left:  # a wide character stands across the border
                text = " " + text[1:]
            left = 0
        head, rest, taken = split_at(text, size - used)
        if head:
            found.append((style, head))
        used += taken
        if rest:
            break
    if used < size:
        found.append((fill, " " * (size - used)))
    return found


def fitted(fragments: Fragments, size: int, *, left: int = 0, right: bool = False, fill: str = "") -> Fragments:
    """Fragments in exactly ``size`` cells from ``left`` on; ``…`` stands for what is left out at either side."""
    whole = width(fragments)
    if whole <= size and not left:
        blanks = [(fill, " " * (size - whole))] if whole < size else []
        return [*blanks, *fragments] if right else [*fragments, *blanks]
    if size <= 0:
        return []
    begins, ends = bool(left) and bool(fragments), whole - left > size
    inner = size - begins - ends
    if inner < 0:
        return [(fill, ELLIPSIS * size)]
    middle = cut(fragments, left + begins, inner, fill)
    first, last = fragments[0][0] if fragments else fill, fragments[-1][0] if fragments else fill
    return [*([(first, ELLIPSIS)] if begins else []), *middle, *([(last, ELLIPSIS)] if ends else [])]


def wrapped(fragments: Fragments, size: int) -> list[Fragments]:
    """Fragments as lines of at most ``size`` cells; line ends inside are kept; at least one line."""
    size = max(size, 1)
    lines: list[Fragments] = [[]]
    used = 0
    for style, text in fragments:
        for place, piece in enumerate(text.split("\n")):
            if place:
                lines.append([])
                used = 0
            rest = piece
            while rest:
                head, rest, taken = split_at(rest, size - used)
                if not head and not used:  # a wide character on a screen of one column
                    head, rest, taken = rest[0], rest[1:], size
                if head:
                    lines[-1].append((style, head))
                    used += taken
                if rest:
                    lines.append([])
                    used = 0
    return lines


def styled(text: str, spans: list[tuple[int, int, str]], base: str = "") -> Fragments:
    """A text as fragments: ``spans`` are (start, end, style), in characters, in order, without overlap."""
    found: Fragments = []
    at = 0
    for start, end, style in spans:
        if start > at:
            found.append((base, text[at:start]))
        if end > start:
            found.append((f"{base} {style}".strip(), text[start:end]))
        at = max(at, end)
    if at < len(text) or not found:
        found.append((base, text[at:]))
    return found


def over(fragments: Fragments, style: str) -> Fragments:
    """Fragments with a style put on top of theirs."""
    return [(f"{own} {style}".strip(), text) for own, text in fragments]


def key_hints(hints: Sequence[tuple[str, str]], room: int) -> Fragments:
    """Keys and what they do, as many as there is room for, each as a whole."""
    parts: Fragments = []
    for key, text in hints:
        gap = "  " if parts else ""
        size = cells(gap) + cells(key) + 1 + cells(text)
        if size > room:
            break
        parts += [("class:status", gap), ("class:status.key", key), ("class:status", f" {text}")]
        room -= size
    return parts


def text_of(fragments: Fragments) -> str:
    """The text alone."""
    return "".join(text for _, text in fragments)
