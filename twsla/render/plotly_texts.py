"""Texts inside plotly figures. Plotly takes a part of HTML in them, with links: what comes from a log is escaped."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from twsla.render.widths import clip, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

Figure = dict[str, Any]
"""``data`` and ``layout`` as plotly takes them, and ``page``: what the page's own script needs besides."""
NAME_CELLS = 48
_HOVER_CELLS = 80
HOVER = "%{customdata}<extra></extra>"
"""The template of what is shown beside the pointer: a text of our own, and no second box."""


def safe(text: str, cells: int = NAME_CELLS) -> str:
    """A text as plotly shows it letter by letter."""
    return html.escape(clip(text, cells)[: 4 * cells], quote=False)


def hover_text(*lines: str) -> str:
    """The text beside the pointer; long lines are folded."""
    return "<br>".join(html.escape(piece, quote=False) for line in lines for piece in wrap(line, _HOVER_CELLS))


def unique_names(names: Sequence[str]) -> list[str]:
    """Safe names, no two alike: plotly joins what has one name."""
    found: dict[str, int] = {}
    texts = []
    for name in names:
        text = safe(name)
        found[text] = found.get(text, 0) + 1
        texts.append(text if found[text] == 1 else f"{text} [{found[text]}]")
    return texts
