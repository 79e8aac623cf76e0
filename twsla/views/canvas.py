"""Lines of fragments on prompt_toolkit's screen, run by run.

The library draws and compares character by character, in Python: 70 ms for a window of 400 by 100. Here a run of one
style is one "character" of the width of its text, which the library handles as it does wide characters: 5 ms. For that
every line has to fill the whole width, and to end in a cell of its own that the library takes for text: then it never
has to erase the rest of an older line, for which it would have to know where that ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.layout.containers import Container
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.screen import Char

from twsla.views.cells import cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.key_binding.key_bindings import NotImplementedOrNone
    from prompt_toolkit.layout.mouse_handlers import MouseHandlers
    from prompt_toolkit.layout.screen import Screen, WritePosition
    from prompt_toolkit.mouse_events import MouseEvent

    from twsla.views.cells import Fragments


EDGE = "fg:ansidefault"
"""Makes a blank count as text, and looks like nothing."""


class Canvas(Container):
    """A rectangle that somebody else draws."""

    def __init__(
        self,
        draw: Callable[[int, int], list[Fragments]],
        mouse: Callable[[MouseEvent], NotImplementedOrNone],
        has_cursor: Callable[[], bool],
    ) -> None:
        self._draw = draw
        self._mouse = mouse
        self._has_cursor = has_cursor

    def reset(self) -> None:
        """Nothing is kept."""

    def preferred_width(self, max_available_width: int) -> Dimension:
        """As much as there is."""
        return Dimension()

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """As much as there is."""
        return Dimension()

    def get_children(self) -> list[Container]:
        """None."""
        return []

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Draw."""
        where = write_position
        for y, line in enumerate(self._draw(where.width - 1, where.height)):
            row = screen.data_buffer[where.ypos + y]
            x = where.xpos
            style = ""
            for style, text in runs(line):
                row[x] = Char(text, style)
                x += cells(text)
            row[x] = Char(" ", f"{style} {EDGE}")
        screen.height = max(screen.height, where.ypos + where.height)
        screen.width = max(screen.width, where.xpos + where.width)
        screen.show_cursor = self._has_cursor()
        mouse_handlers.set_mouse_handler_for_range(
            x_min=where.xpos,
            x_max=where.xpos + where.width,
            y_min=where.ypos,
            y_max=where.ypos + where.height,
            handler=self._mouse,
        )


def runs(line: Fragments) -> Fragments:
    """The line with neighbours of one style joined, and nothing without a width of its own."""
    found: Fragments = []
    for style, text in line:
        if not text:
            continue
        if found and (found[-1][0] == style or not cells(text)):
            found[-1] = (found[-1][0], found[-1][1] + text)
        else:
            found.append((style, text))
    return found
