"""The real application inside the test's process: keys through a pipe, its output into a screen emulator."""

from __future__ import annotations

import asyncio
import io
import time
from typing import TYPE_CHECKING

import pyte
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from tests.views.terminal import KEYS
from twsla.environment import Environment
from twsla.views.app import Screen
from twsla.views.host import Services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from twsla.model.result import Result
    from twsla.progress import Progress


class Display(io.StringIO):
    """A terminal's side of standard output."""

    encoding = "utf-8"

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.size = (width, height)
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return len(text)

    def fileno(self) -> int:
        raise OSError

    def resize(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.screen.resize(height, width)


class Piped:
    """An application that a test's coroutine talks to."""

    def __init__(self, screen: Screen, display: Display, send: Callable[[str], None]) -> None:
        self.screen = screen
        self.display = display
        self._send = send

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.display.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def press(self, *keys: str) -> None:
        """Press keys by name, and let the application see them."""
        for key in keys:
            drawn = self.screen.app.render_counter
            self._send(KEYS.get(key, key))
            for _ in range(50):
                await asyncio.sleep(0.002 if key != "esc" else 0.01)
                if self.screen.app.render_counter != drawn:
                    break

    async def wait(self, what: str | Callable[[], bool], seconds: float = 10) -> float:
        """Until a text is on the screen, or something holds; gives how long that took."""
        began = time.monotonic()
        while not (what in self.text if isinstance(what, str) else what()):
            assert time.monotonic() - began < seconds, f"waited for {what!r}:\n{self.text}"
            await asyncio.sleep(0.01)
        return time.monotonic() - began


def save_nothing(
    result: Result, path: Path, columns: tuple[str, ...] | None, progress: Progress, *, overwrite: bool
) -> str:
    for batch in result.rows.batches():
        assert batch.num_rows
    return "nothing"


def run(
    result: Result,
    talk: Callable[[Piped], Awaitable[None]],
    *,
    width: int = 80,
    height: int = 24,
    services: Services | None = None,
) -> Piped:
    """Show a result, talk to it, quit; what goes wrong in either is raised."""
    display = Display(width, height)
    environment = Environment(
        io.BytesIO(), io.BytesIO(), io.StringIO(), variables={"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    )
    failures: list[BaseException] = []
    with create_pipe_input() as keys:
        output = Vt100_Output(
            display, lambda: Size(rows=display.size[1], columns=display.size[0]), term="xterm-256color"
        )
        services = services or Services(save_nothing, lambda *_: ["a chart"], lambda text: (), 0)
        screen = Screen(result, services, environment, zone="UTC", colour=True, input=keys, output=output)
        piped = Piped(screen, display, keys.send_text)

        async def talking() -> None:
            try:
                await piped.wait(lambda: screen.app.render_counter > 0)
                await talk(piped)
            except asyncio.CancelledError:  # the application has ended, as it was asked to
                raise
            except BaseException as error:  # noqa: BLE001  # for the test, not for the loop
                failures.append(error)
            if screen.app.is_running and not screen.app.is_done:
                screen.app.exit()

        begin = screen._begin

        def begin_talking() -> None:
            begin()
            screen.app.create_background_task(talking())

        screen._begin = begin_talking  # type: ignore[method-assign]  # the one place where a test can get in
        screen.run()
    if failures:
        raise failures[0]
    return piped
