"""Key presses as prompt_toolkit has them, as the names in our table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.filters import Filter
    from prompt_toolkit.key_binding import KeyPressEvent

    from twsla.views.prompt_line import PromptLine

NAMES: dict[Keys, str] = {
    Keys.Down: "down",
    Keys.Up: "up",
    Keys.Left: "left",
    Keys.Right: "right",
    Keys.PageDown: "pagedown",
    Keys.PageUp: "pageup",
    Keys.Home: "home",
    Keys.End: "end",
    Keys.ControlM: "enter",
    Keys.ControlI: "tab",
    Keys.Escape: "esc",
    Keys.Insert: "insert",
    Keys.Delete: "delete",
    Keys.ControlH: "backspace",
    Keys.SIGINT: "ctrl+c",
    Keys.F1: "f1",
    Keys.F2: "f2",
    **{
        key: f"ctrl+{key.value[2:]}"
        for key in Keys
        if key.value[:2] == "c-" and len(key.value) == 3 and key.value[2] not in "mih"
    },
}
"""Keys that are no characters."""


def bindings(
    press: Callable[[str], None],
    line: PromptLine,
    asking: Filter,
) -> KeyBindings:
    """Every key to ``press``; while a line of text is asked for, the few that end it, and the rest to the editor."""
    made = KeyBindings()

    def by_name(name: str) -> Callable[[KeyPressEvent], None]:
        return lambda event: press(name)

    for key, name in NAMES.items():
        made.add(key, filter=~asking, eager=True)(by_name(name))

    @made.add(Keys.Any, filter=~asking)
    def _character(event: KeyPressEvent) -> None:
        for char in event.data:
            press("space" if char == " " else char)

    @made.add(Keys.BracketedPaste, filter=~asking, eager=True)
    def _pasted(event: KeyPressEvent) -> None:
        """A pasted text is no row of commands."""

    @made.add(Keys.ControlM, filter=asking, eager=True)
    def _enter(event: KeyPressEvent) -> None:
        line.accept()

    @made.add(Keys.Escape, filter=asking, eager=True)
    @made.add(Keys.ControlC, filter=asking, eager=True)
    def _leave(event: KeyPressEvent) -> None:
        line.cancel()

    @made.add(Keys.ControlI, filter=asking, eager=True)
    def _next(event: KeyPressEvent) -> None:
        line.complete(backwards=False)

    @made.add(Keys.BackTab, filter=asking, eager=True)
    def _previous(event: KeyPressEvent) -> None:
        line.complete(backwards=True)

    return made
