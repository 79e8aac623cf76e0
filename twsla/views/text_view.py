"""A pane of text that scrolls: details, help, figures, what an action says, a chart drawn with characters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.views.cells import cells, fitted, key_hints, text_of
from twsla.views.keys import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.views.cells import Fragments


@dataclass(eq=False)
class TextView:
    """Text and where one is in it."""

    title: str
    lines_for: Callable[[int, int], list[Fragments]]
    """The lines for a width and a height (charts fill it; texts wrap to the width)."""
    hints: tuple[tuple[str, str], ...] = (("Enter", "back"), ("PgDn", "page"), ("/", "find"), ("q", "back"))
    top: int = 0
    left: int = 0
    find: str = ""
    message: str = ""
    picture: str = ""
    """A Sixel picture that stands below the title, instead of text."""
    _size: tuple[int, int] = (0, 0)
    _lines: list[Fragments] = field(default_factory=list)

    def forget(self) -> None:
        """The text has changed."""
        self._size = (0, 0)

    def draw(self, width: int, height: int) -> list[Fragments]:
        """Exactly ``height`` lines of ``width`` cells."""
        room = max(1, height - 2)
        if self._size != (width, room):
            self._lines, self._size = self.lines_for(width - 1, room), (width, room)
        self.top = max(0, min(self.top, len(self._lines) - room))
        body = [self._found(line) for line in self._lines[self.top : self.top + room]]
        last = min(len(self._lines), self.top + room)
        share = f"{100 * last // max(1, len(self._lines))}%"
        place = f" line {self.top + 1:,}-{last:,} of {len(self._lines):,}  {share}  "
        end = [("class:message", self.message)] if self.message else key_hints(self.hints, width - cells(place))
        return [
            fitted([("class:title class:title.name", f" {self.title} ")], width, fill="class:title"),
            *(
                fitted([("", " "), *line], width, left=0) if not self.left else self._panned(line, width)
                for line in body
            ),
            *(fitted([], width) for _ in range(room - len(body))),
            fitted([("class:status.place", place), *end], width),
        ][:height]

    def _panned(self, line: Fragments, width: int) -> Fragments:
        return fitted([("", " "), *line], width, left=self.left)

    def _found(self, line: Fragments) -> Fragments:
        return (
            [(f"{style} class:find", text) for style, text in line]
            if self.find and self.find in text_of(line)
            else line
        )

    def press(self, do: Do) -> bool:
        """What a key does; whether it means something here."""
        room = max(1, self._size[1])
        steps = {
            Do.DOWN: 1,
            Do.UP: -1,
            Do.PAGE_DOWN: room - 1 or 1,
            Do.PAGE_UP: -(room - 1 or 1),
            Do.HALF_DOWN: room // 2 or 1,
            Do.HALF_UP: -(room // 2 or 1),
            Do.TOP: -len(self._lines),
            Do.BOTTOM: len(self._lines),
        }
        if do in steps:
            self.scroll(steps[do])
        elif do in (Do.RIGHT, Do.LEFT):
            self.left = max(0, self.left + (8 if do is Do.RIGHT else -8))
        elif do in (Do.FIND_NEXT, Do.FIND_PREVIOUS) and self.find:
            self.search(self.find, backwards=do is Do.FIND_PREVIOUS)
        else:
            return False
        return True

    def scroll(self, lines: int) -> None:
        """Move by so many lines."""
        self.message = ""
        self.top = max(0, min(self.top + lines, len(self._lines) - max(1, self._size[1])))

    def search(self, text: str, *, backwards: bool = False) -> None:
        """Go to the next line that holds a text."""
        self.find = text
        self.message = ""
        numbers = range(self.top - 1, -1, -1) if backwards else range(self.top + 1, len(self._lines))
        for number in numbers:
            if text in text_of(self._lines[number]):
                self.top = number
                return
        self.message = f"no line {'above' if backwards else 'below'} with '{text}'"
