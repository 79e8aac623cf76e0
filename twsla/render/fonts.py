"""Fonts for pictures: which of those installed can show a text, and what stands for a character that none can."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = "DejaVu Sans"
"""Comes with matplotlib; Latin, Greek, Cyrillic, Hebrew, Arabic and many signs."""
FALLBACKS = (
    # Chinese, Japanese, Korean: Japanese forms of shared characters first.
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic"),
    *("Hiragino Sans", "Hiragino Kaku Gothic ProN", "Yu Gothic", "Meiryo", "MS Gothic"),
    *("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC"),
    *("Noto Sans CJK TC", "Microsoft JhengHei", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "NanumGothic"),
    *("Droid Sans Fallback", "Arial Unicode MS"),
    # Emoji and signs, in one colour: colour fonts hold pictures that cannot be drawn.
    *("Noto Emoji", "Symbola", "Segoe UI Emoji", "Noto Sans Symbols 2", "Noto Sans Symbols", "Segoe UI Symbol"),
    # Other scripts.
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Sans Devanagari", "Noto Sans", "FreeSans"),
)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff")
"""Joiners and choosers of forms: nothing is drawn for them."""


class Fonts:
    """The families that a picture needs for its texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Choose families for all characters of ``texts``."""
        wanted = {ord(char) for text in texts for char in text if char not in _INVISIBLE}
        self.families = [BASE]
        left = wanted - _characters(BASE)
        for family in _installed() if left else ():
            found = left & _characters(family)
            if found:
                self.families.append(family)
                left -= found
        self._missing = {code: f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}" for code in left}
        self._missing |= {ord(char): "" for char in _INVISIBLE}

    def drawable(self, text: str) -> str:
        """The text with every character that no font has as a visible escape."""
        return text.translate(self._missing)


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    """Those of ``FALLBACKS`` that this machine has."""
    from matplotlib.font_manager import fontManager

    names = {entry.name for entry in fontManager.ttflist}
    return tuple(family for family in FALLBACKS if family in names)


@cache
def _characters(family: str) -> frozenset[int]:
    """The code points that a family has; none where its file cannot be read. 80 ms for a large one."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(findfont(FontProperties(family=[family]))).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()
