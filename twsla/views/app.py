"""The application: views on top of each other, keys and mouse to the topmost, prompts, threads, and a clean end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prompt_toolkit.application import Application
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.containers import ConditionalContainer, HSplit, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.mouse_events import MouseButton, MouseEventType
from prompt_toolkit.output.color_depth import ColorDepth
from prompt_toolkit.shortcuts import print_formatted_text
from prompt_toolkit.styles import Style

from twsla.errors import TwslaError
from twsla.views import commands
from twsla.views.browse import TableView
from twsla.views.canvas import Canvas
from twsla.views.cells import fit_for, fitted, text_of
from twsla.views.dialogs import Menu, Prompt, Question
from twsla.views.keypress import bindings
from twsla.views.keys import KEYS_OF_TEXT, Do
from twsla.views.prompt_line import PromptLine
from twsla.views.style import COLOURLESS, STYLES, has_colours, signs_of
from twsla.views.table import Look
from twsla.views.text_view import TextView
from twsla.views.work import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding.key_bindings import NotImplementedOrNone
    from prompt_toolkit.mouse_events import MouseEvent
    from prompt_toolkit.output import Output

    from twsla.environment import Environment
    from twsla.model.result import Result
    from twsla.views.cells import Fragments
    from twsla.views.host import Services

TICK_S = 0.1
"""Between two looks at what the threads have done."""
ESCAPE_S = 0.1
"""A lone escape byte is the key after so long; before, it may be the beginning of a key's sequence on a slow line."""
WHEEL_ROWS = 3
CLIPBOARD_BYTES = 74_000
"""What terminals take at once."""


class Ended(Exception):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Screen:
    """The application, and the ``Host`` of its views."""

    def __init__(
        self,
        result: Result,
        services: Services,
        environment: Environment,
        *,
        zone: str,
        colour: bool,
        input: Input | None = None,
        output: Output | None = None,
    ) -> None:
        self.services = services
        self._loop: asyncio.AbstractEventLoop | None = None
        interrupt = result.interrupt or (lambda thread: None)
        self.pages = Worker("pages", self.deliver, interrupt)
        self.jobs = Worker("jobs", self.deliver, interrupt)
        self.counts = Worker("counts", self.deliver, interrupt)
        self._views: list[TableView | TextView] = []
        self._question: Question | None = None
        self._menu: Menu | None = None
        self._mouse = True
        self._painted = ""
        self._size = (environment.width, environment.height)
        self._line = PromptLine(self._focus)
        self._last: list[Fragments] = []
        self._opened: list[Result] = []
        self.app = self._application(environment, colour, input, output)
        encoding = self.app.output.encoding()
        self.look = Look(zone, _codec(encoding), signs_of(environment.variables, _codec(encoding)))
        self._views.append(TableView(result, self))

    def _application(
        self, environment: Environment, colour: bool, input: Input | None, output: Output | None
    ) -> Application[None]:
        coloured = colour and has_colours(environment.variables.get("TERM", ""))
        self._idle = Window(FormattedTextControl("", focusable=True), height=0)
        line = self._line
        asking = Condition(lambda: line.prompt is not None)
        layout = HSplit(
            [
                Canvas(self._draw, self._on_mouse, asking),
                ConditionalContainer(line.container(), asking),
                ConditionalContainer(self._idle, ~asking),
            ]
        )
        app: Application[None] = Application(
            Layout(layout, focused_element=self._idle),
            key_bindings=bindings(self._press, line, asking),
            style=Style.from_dict(STYLES if coloured else COLOURLESS),
            full_screen=True,
            erase_when_done=True,
            mouse_support=Condition(lambda: self._mouse),
            color_depth=None if coloured else ColorDepth.DEPTH_1_BIT,
            include_default_pygments_style=False,
            input=input,
            output=output,
        )
        app.ttimeoutlen = ESCAPE_S
        app.before_render += self._clear_picture
        app.after_render += self._paint_picture
        return app

    # --- running ----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Show it until the user has seen enough; the terminal is left as it was, with the last screen on it.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            Exception: whatever went wrong.
        """
        ended: Ended | None = None
        try:
            self.app.run(pre_run=self._begin, set_exception_handler=False)
        except Ended as end:
            ended = end
        except (EOFError, OSError):
            if not _is_gone(self.app.output):
                raise
            ended = Ended(getattr(signal, "SIGHUP", signal.SIGTERM))
        finally:
            for worker in (self.pages, self.jobs, self.counts):
                worker.close()
            for result in self._opened:
                if result.close:
                    result.close()
        if ended:
            signal.signal(ended.number, signal.SIG_DFL)
            os.kill(os.getpid(), ended.number)
        self._leave_behind()

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._fail)
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                with suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
                    self._loop.add_signal_handler(number, self._end, Ended(number))
        self.app.create_background_task(self._tick())
        # Colouring and finding need Arrow. Importing it takes 0.2 s, which the first rows need not wait for.
        threading.Thread(target=_import_arrow, name="arrow", daemon=True).start()

    def _fail(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._end(context.get("exception") or RuntimeError(context.get("message", "")))

    def _end(self, error: BaseException | None = None) -> None:
        if self.app.is_running and not (self.app.future and self.app.future.done()):
            if error is None:
                self.app.exit()
            else:
                self.app.exit(exception=error)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for worker in (self.pages, self.jobs, self.counts):
                worker.insist()
            for view in self._views:
                if isinstance(view, TableView) and view.tick():
                    self.app.invalidate()

    def _leave_behind(self) -> None:
        """What was on the screen last, below what was on the terminal before; without bars and empty lines."""
        lines = self._last[:-1]
        while lines and not text_of(lines[-1]).strip():
            lines.pop()
        parts: list[tuple[str, str]] = []
        for line in lines:
            parts += [*_trimmed(line), ("", "\n")]
        if parts:
            print_formatted_text(
                FormattedText(parts),
                end="",
                style=self.app.style,
                output=self.app.output,
                color_depth=self.app.color_depth,
            )

    # --- drawing ----------------------------------------------------------------------------------------------

    @property
    def _view(self) -> TableView | TextView:
        return self._views[-1]

    def _draw(self, width: int, height: int) -> list[Fragments]:
        if self.app.is_done:  # the library draws once more, with another height
            return []
        self._size = (width, height)
        lines = self._view.draw(width, height)
        if isinstance(self._view, TableView):
            self._last = lines
        extra = self._overlay(width, height)
        return [*lines[: height - len(extra)], *extra] if extra else lines

    def _overlay(self, width: int, height: int) -> list[Fragments]:
        """Lines that cover the last ones: a menu, a question, what belongs to a prompt."""
        if self._menu:
            return self._menu.draw(self.look, width, height)
        if self._question:
            text = f" {fit_for(self._question.text, self.look.encoding)}  (y/n) "
            return [fitted([("class:menu", text)], width, fill="class:menu")]
        return self._line.lines_above(width, height, self.look.encoding)

    # --- keys and mouse -----------------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        """A key that is not part of an answer."""
        if self._menu:
            if self._menu.press(key) is not None:
                self._menu = None
        elif self._question:
            question, self._question = self._question, None
            if key in ("y", "Y"):
                question.yes()
        elif isinstance(self._view, TextView):
            self._press_in_text(self._view, key)
        else:
            self._press_in_table(self._view, key)

    def _press_in_text(self, view: TextView, key: str) -> None:
        do = KEYS_OF_TEXT.get(key)
        if do is Do.DETAIL:
            self._back()
        elif do is Do.FIND:
            self.ask(Prompt("find: ", lambda text: view.search(text), history="text"))
        elif do is not None and not view.press(do):
            self._general(do)

    def _press_in_table(self, view: TableView, key: str) -> None:
        meaning = view.keys.meanings.get(key)
        if meaning is None:
            return
        rest = view.press(meaning)
        if rest is not None and not commands.run(view, rest) and isinstance(rest, Do):
            self._general(rest)

    def _focus(self, window: Window | None) -> None:
        """Give the keyboard to a window; None: to nobody."""
        self.app.layout.focus(window or self._idle)

    def _general(self, do: Do) -> None:
        """Keys that are the same everywhere."""
        match do:
            case Do.BACK:
                self._back()
            case Do.QUIT:
                self._end()
            case Do.INTERRUPT:
                self._end(KeyboardInterrupt())
            case Do.MOUSE:
                self._mouse = not self._mouse
                self._say("the mouse is used here" if self._mouse else "the mouse is left to the terminal")
            case Do.SUSPEND:
                self.app.suspend_to_background()
            case Do.REDRAW:
                self.app.renderer.clear()
            case _:
                pass

    def _back(self) -> None:
        """Stop what is running; else leave this view; else quit."""
        if isinstance(self._view, TableView) and self._view.stop():
            return
        if len(self._views) == 1:
            self._end()
            return
        left = self._views.pop()
        if isinstance(left, TableView):
            self._free(left.result)

    def _say(self, text: str) -> None:
        if isinstance(self._view, TableView):
            self._view.say(text)
        else:
            self._view.message = text

    def _on_mouse(self, event: MouseEvent) -> NotImplementedOrNone:
        view = self._view
        if self._line.prompt or self._menu or self._question:
            return NotImplemented
        if event.event_type in (MouseEventType.SCROLL_DOWN, MouseEventType.SCROLL_UP):
            rows = WHEEL_ROWS if event.event_type is MouseEventType.SCROLL_DOWN else -WHEEL_ROWS
            if isinstance(view, TableView):
                view.wheel(rows)
            else:
                view.scroll(rows)
            return None
        if event.event_type is not MouseEventType.MOUSE_UP or event.button not in (MouseButton.LEFT, MouseButton.NONE):
            return NotImplemented
        if isinstance(view, TableView):
            meaning = view.click(event.position.x, event.position.y)
            if meaning is not None:
                commands.run(view, meaning)
        return None

    # --- what views ask for -------------------------------------------------------------------------------------

    def ask(self, prompt: Prompt) -> None:
        """Ask for a line of text."""
        self._line.ask(prompt)

    def confirm(self, question: Question) -> None:
        """Ask for yes or no."""
        self._question = question

    def choose(self, menu: Menu) -> None:
        """Let lines be switched on and off."""
        self._menu = menu

    def open(self, result: Result) -> None:
        """Show a result on top of this one."""
        tables = [view for view in self._views if isinstance(view, TableView)]
        trail = (*tables[-1].trail, tables[-1].result.title) if tables else ()
        self._views.append(TableView(self._adopted(result), self, trail))
        self.redraw()

    def exchange(self, result: Result) -> None:
        """Show a result in the place of this one, the same row selected."""
        at, old = next((at, view) for at, view in reversed(list(enumerate(self._views))) if isinstance(view, TableView))
        self._views[at] = old.renewed(self._adopted(result))
        self._free(old.result)
        self.redraw()

    def _adopted(self, result: Result) -> Result:
        """A result that another one gave: what shows the context of records is the same for all of a store."""
        tables = [view.result for view in self._views if isinstance(view, TableView)]
        made = replace(result, around=result.around or (tables[-1].around if tables else None))
        self._opened.append(made)
        return made

    def _free(self, result: Result) -> None:
        """Give back what a result holds that is shown no more; the first one goes with the program."""
        if not any(result is each for each in self._opened):
            return
        self._opened = [each for each in self._opened if each is not result]
        if result.close:
            with suppress(TwslaError):  # then it goes with the program
                result.close()

    def read(self, view: TextView) -> None:
        """Show text on top of this view."""
        self._views.append(view)
        self.redraw()

    def leave(self, view: TextView) -> None:
        """Take a view of text away."""
        self._views = [each for each in self._views if each is not view]
        self.redraw()

    def picture(self, title: str, data: bytes) -> None:
        """Show a Sixel picture on top of this view."""
        self.read(TextView(title, lambda width, height: [], (("q", "back"),), picture=data.decode("ascii")))

    def _shown_picture(self) -> str:
        view = self._view
        return view.picture if isinstance(view, TextView) else ""

    def _clear_picture(self, app: Application[None]) -> None:
        """A picture that is left goes with all that is on the terminal, and the rest is drawn again."""
        if self._painted and self._painted != self._shown_picture():
            self._painted = ""
            app.renderer.clear()

    def _paint_picture(self, app: Application[None]) -> None:
        """Put the picture of a view on the terminal, once: it is nothing that the library could draw."""
        shown = self._shown_picture()
        if shown and not self._painted:
            self._painted = shown
            app.output.write_raw(f"\x1b7\x1b[2;1H{shown}\x1b8")
            app.output.flush()

    def redraw(self) -> None:
        """Draw soon."""
        self.app.invalidate()

    def deliver(self, call: Callable[[], None]) -> None:
        """Have something called by the thread of the screen."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return

        def called() -> None:
            if self.app.is_running:
                call()
                self.app.invalidate()

        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(called)

    def copy(self, text: str) -> None:
        """Put a text on the terminal's clipboard (OSC 52); over ssh that of the terminal one sits at."""
        import base64

        data = text.encode("utf-8", "backslashreplace")
        if len(data) > CLIPBOARD_BYTES:
            self._say(f"too long for the clipboard: {len(data):,} bytes")
            return
        self.app.output.write_raw(f"\x1b]52;c;{base64.b64encode(data).decode()}\x07")
        self.app.output.flush()
        self._say(f"{len(text):,} character{'' if len(text) == 1 else 's'} sent to the terminal's clipboard")

    def size(self) -> tuple[int, int]:
        """Columns and lines for views."""
        return self._size


def _is_gone(output: Output) -> bool:
    """Whether the terminal was closed, or the connection to it is lost."""
    try:
        import termios
    except ImportError:  # Windows
        return False
    try:
        termios.tcgetattr(output.fileno())
    except (OSError, termios.error):
        return True
    return False


def _import_arrow() -> None:
    time.sleep(TICK_S)
    import pyarrow.compute  # noqa: F401


def _codec(name: str) -> str:
    import codecs

    try:
        return codecs.lookup(name).name
    except LookupError:
        return "ascii"


def _trimmed(line: Fragments) -> Fragments:
    """Without blanks at the end, and without the selection."""
    plain = [(style.replace("class:selected", "").strip(), text) for style, text in line]
    while plain and not plain[-1][0] and not plain[-1][1].strip():
        plain.pop()
    if plain and not plain[-1][0]:
        plain[-1] = ("", plain[-1][1].rstrip())
    return plain


def show(result: Result, services: Services, environment: Environment, *, zone: str, colour: bool) -> None:
    """Show a result on the terminal until the user has seen enough.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    Screen(result, services, environment, zone=zone, colour=colour).run()
