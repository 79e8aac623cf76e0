"""HTML: one self-contained page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

    from twsla.model.result import Result
    from twsla.render.shown import RenderOptions


def write_html(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """A page with charts, rows, facts and notes, for any browser, without a network."""
    from twsla.render.html import write_page

    write_page(result, sink, options)
