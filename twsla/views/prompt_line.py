"""The line at the bottom where an answer is typed: its editor, what was answered before, names of files completed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import PathCompleter
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.layout.containers import Container, VSplit, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl

from twsla.views.cells import fit_for, fitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from twsla.views.cells import Fragments
    from twsla.views.dialogs import Prompt

COMPLETIONS = 8
"""Names shown at a time while a path is completed."""


class PromptLine:
    """Asks for one line of text at a time."""

    def __init__(self, focus: Callable[[Window | None], None]) -> None:
        """Nothing is asked for yet; ``focus`` gives the keyboard to the editor, or takes it away (None)."""
        self.prompt: Prompt | None = None
        self._focus = focus
        self._problem = ""
        self._histories: dict[str, InMemoryHistory] = {}
        self._buffer = Buffer(multiline=False, complete_while_typing=False)
        self._editor = Window(BufferControl(self._buffer), height=1)

    def container(self) -> Container:
        """The line."""
        label = Window(FormattedTextControl(self._label), height=1, dont_extend_width=True)
        return VSplit([label, self._editor])

    def _label(self) -> StyleAndTextTuples:
        return [("class:prompt", f" {self.prompt.label}")] if self.prompt else []

    def ask(self, prompt: Prompt, problem: str = "") -> None:
        """Ask; ``problem`` says what was wrong with the answer before."""
        self.prompt, self._problem = prompt, problem
        if prompt.history:
            self._buffer.history = self._histories.setdefault(prompt.history, InMemoryHistory())
        self._buffer.completer = PathCompleter(expanduser=True) if prompt.paths else None  # type: ignore[assignment]
        self._buffer.reset()
        self._buffer.load_history_if_not_yet_loaded()
        self._buffer.text = prompt.text
        self._buffer.cursor_position = len(prompt.text)
        self._focus(self._editor)

    def accept(self) -> None:
        """Enter: the answer is taken, or asked for again."""
        prompt, text = self.prompt, self._buffer.text
        assert prompt is not None
        self._close()
        if not text and not prompt.empty:
            return
        if text and prompt.history:
            self._buffer.history.append_string(text)
        problem = prompt.answer(text)
        if problem is not None:
            self.ask(replace(prompt, text=text), problem)

    def cancel(self) -> None:
        """Escape: no answer, or none of the names offered."""
        if self._buffer.complete_state:
            self._buffer.cancel_completion()
        else:
            self._close()

    def _close(self) -> None:
        self.prompt = None
        self._focus(None)

    def complete(self, *, backwards: bool) -> None:
        """Tab: the next or previous name that fits."""
        if self._buffer.complete_state:
            (self._buffer.complete_previous if backwards else self._buffer.complete_next)()
        elif self.prompt and self.prompt.paths:
            self._buffer.start_completion(insert_common_part=True)

    def lines_above(self, width: int, height: int, encoding: str) -> list[Fragments]:
        """What stands above the line: names that fit, what is wrong, or how to answer."""
        state = self._buffer.complete_state
        if self.prompt is None:
            return []
        if not (state and state.completions):
            style, text = ("class:refusal", self._problem) if self._problem else ("class:faint", self.prompt.help)
            return [fitted([(style, f" {fit_for(text, encoding)}")], width)] if text else []
        at = state.complete_index or 0
        first = max(0, min(at - COMPLETIONS // 2, len(state.completions) - COMPLETIONS))
        names = list(enumerate(state.completions))[first : first + COMPLETIONS]
        lines = [
            fitted(
                [("class:chosen" if place == state.complete_index else "", f" {fit_for(each.display_text, encoding)}")],
                width,
            )
            for place, each in names
        ]
        return lines[: height - 1]
