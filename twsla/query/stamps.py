r"""The RE2 that finds time stamps in texts where only their place matters, not their value.

They are the forms that normalisation has always replaced, each taken whole: with its weekday, fraction and zone. Runs
of digits may have any length wherever no other reading is at hand, so that most of it can be asked of a shape too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twsla.model.zones import ABBREVIATIONS

_N: Final = "[0-9]+"
_TIME: Final = f"{_N}:{_N}:{_N}"
_MONTH: Final = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_WEEKDAY: Final = r"(?:\b(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? +)?"
_FRACTION: Final = rf"(?:\.{_N})?"
_ZONE_NAME: Final = f"(?:{'|'.join(sorted(ABBREVIATIONS, key=lambda name: (-len(name), name)))})"


@dataclass(frozen=True, slots=True)
class StampPatterns:
    """RE2 for texts, or for shapes."""

    stamp: str
    """A stamp without a fraction behind a comma, which may also be the next field of a table."""
    comma: str
    r"""Such a fraction and the zone behind it; ``\1`` is what follows, and no digit, comma or point."""


def _patterns(four: str) -> StampPatterns:
    offset = rf"(?:Z\b|[+-]{_N}(?::{_N})?| [+-]{four}(?::{_N})?\b| ?{_ZONE_NAME}\b)"
    month = rf"(?:\b|_){_MONTH}"
    forms = (
        # Jan  2 15:04:05 MST 2006, Jan 02 2006 15:04:05, Jun 14 15:16:01
        rf"{_WEEKDAY}{month} +{_N} +{_TIME}{_FRACTION}(?: {_ZONE_NAME}| [+-]{four})? {four}\b",
        rf"{_WEEKDAY}{month} +{_N},? +{_N} +{_TIME}",
        rf"{_WEEKDAY}{month} +{_N} +{_TIME}",
        # 04/May/2026:10:30:00 +0900, 02 Jan 06 15:04 MST
        rf"{_WEEKDAY}{_N}[ /-]{_MONTH}[ /-]{_N}[ :T]+{_N}:{_N}(?::{_N})?",
        rf"{_N}-{_N}-{_N}(?:[Tt_]| +){_TIME}",
        rf"{_N}/{_N}/{_N}[ \t]+{_TIME}",
        rf"{_N}:{_N}:{_N}-{_TIME}",
    )
    return StampPatterns(f"(?:{'|'.join(forms)}){_FRACTION}{offset}?", f",{_N}{offset}?([^0-9,.]|$)")


IN_TEXT: Final = _patterns("[0-9]{4}")
EPOCH: Final = r"^(?:[0-9]{9,10}(?:\.[0-9]+)?|[0-9]{12,13}|[0-9]{18,19})\b"
"""Unix time in s, ms, ns, and Windows' 100 ns since 1601, where the text begins with it."""
IN_SHAPE: Final = _patterns(_N)
"""The same where every run of digits is one 0; it also matches where ``ODD_FOUR`` is in the text."""
MAYBE_EPOCH: Final = r"^0(?:\.0)?(?:[^0-9A-Za-z_]|$)"
"""A shape whose text may begin with Unix time."""
MAYBE_FOUR: Final = rf":0(?:\.0|,0)?(?: {_ZONE_NAME})? [+-]?0"
"""A shape in which a year or an offset of four digits may belong to a stamp."""
ODD_FOUR: Final = rf":{_N}(?:[.,]{_N})?(?: {_ZONE_NAME})? [+-]?(?:[0-9]{{1,3}}|[0-9]{{5,}})(?:[^0-9]|$)"
"""A text in which what stands there is not of four digits."""
