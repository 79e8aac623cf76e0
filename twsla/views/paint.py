"""What is coloured in the texts of a screen: levels, colour list, marker, and what was searched for; the later wins.

Whatever a user typed is matched by RE2, as filters are. The words of levels are ours and are matched without Arrow, so
that the first screen need not wait for its import (0.2 s).
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from twsla.views.style import palette, style_of_sgr

if TYPE_CHECKING:
    from twsla.model.filters import FilterSet
    from twsla.render.highlight import Mark

Span = tuple[int, int, str]
"""Start and end in characters, and the style."""

MOST_TEXTS = 5_000
"""Texts whose parts are kept."""
ERROR_WORDS = "emerg(?:ency)?|panic|alert|crit(?:ical)?|fatal|severe|errors?|err|fail(?:ed|ure|ures|s)?"
WARNING_WORDS = "warn(?:ings?)?"
ERROR_RE2 = rf"(?i)\b(?:{ERROR_WORDS})\b"
"""What "next error" looks for."""
WARNING_RE2 = rf"(?i)\b(?:{WARNING_WORDS})\b"
_PLACES = {"TIMESTAMP": 9, "UUID": 14, "EMAIL": 12, "IP": 10, "MAC": 11, "NUM": 3}
"""Names that stand for values in normalised texts, and their palette colours."""
_WORDS = re.compile(
    rf"\b(?:(?P<error>{ERROR_WORDS})|(?P<warning>{WARNING_WORDS}))\b|#(?P<place>{'|'.join(_PLACES)})#",
    re.IGNORECASE | re.ASCII,
)
_LEVELS = {
    "class:level.error": {"critical", "high", "error", "fatal", "emerg", "alert", "crit", "emergency", "panic", "err"},
    "class:level.warning": {"warning", "warn", "medium"},
}


class Paint:
    """What is to be coloured, and where that is in the texts seen lately."""

    def __init__(
        self, colours: tuple[Mark, ...] = (), marker: FilterSet | None = None, find: FilterSet | None = None
    ) -> None:
        self._colours = colours
        self._marker = marker
        self._find = find
        self._wanted, self._styles = self._marks()
        self._known: dict[tuple[str, bool], list[Span]] = {}
        self._with_arrow = False

    def of(self, text: str, *, plain: bool = False) -> list[Span]:
        """The coloured parts of a text, in order and without overlap; ``plain`` texts have no levels and colours.

        As long as Arrow is not there, only those that need no RE2.
        """
        if self._wanted and not self._with_arrow and "pyarrow.compute" in sys.modules:
            self._known.clear()
            self._with_arrow = True
        if len(self._known) > MOST_TEXTS:
            self._known.clear()
        found = self._known.get((text, plain))
        if found is None:
            found = self._known[text, plain] = self._spans(text, plain=plain)
        return found

    def _spans(self, text: str, *, plain: bool) -> list[Span]:
        words = [] if plain else _words(text)
        wanted = self._wanted[len(self._colours) :] if plain else self._wanted
        if not wanted or not self._with_arrow:
            return words
        import pyarrow as pa

        from twsla.render.highlight import find_spans

        (marked,) = find_spans(pa.array([text], pa.large_string()), wanted)
        return _merged(words, [(span.start, span.end, self._styles[span.mark]) for span in marked])

    def _marks(self) -> tuple[list[Mark], dict[Mark, str]]:
        from twsla.render.highlight import Mark

        styles = {mark: style_of_sgr(mark.sgr) for mark in self._colours}
        marks = list(self._colours)
        for name, filters in (("marker", self._marker), ("find", self._find)):
            for each in filters or ():
                mark = Mark(each.re2, name)
                styles[mark] = f"class:{name}"
                marks.append(mark)
        return marks, styles


def _words(text: str) -> list[Span]:
    found = []
    for match in _WORDS.finditer(text):
        place = match["place"]
        if place is None:
            style = "class:level.error" if match["error"] is not None else "class:level.warning"
        elif place in _PLACES:
            style = palette(_PLACES[place])
        else:  # in small letters: not one of ours
            continue
        found.append((match.start(), match.end(), style))
    return found


def level_style(text: str) -> str:
    """The style of a cell that holds a level and nothing else; "" for one that is nothing special."""
    return next((style for style, names in _LEVELS.items() if text.lower() in names), "")


def _merged(below: list[Span], above: list[Span]) -> list[Span]:
    """Spans of both; where they overlap, those of ``above``."""
    if not above:
        return below
    kept = [span for span in below if not any(span[0] < end and start < span[1] for start, end, _ in above)]
    return sorted([*kept, *above])
