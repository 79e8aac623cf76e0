"""``q`` and Escape stop the work that is going on, as Ctrl-C does; the terminal gets its settings back however it ends.

While work is shown on a terminal, keys are read as they are pressed and not echoed. A process in the background leaves
the keys alone, and so does one whose output goes to another program: that may be a pager, which reads keys itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from twsla.environment import Environment

STOPPING = frozenset({b"q", b"Q", b"\x1b"})
"""What stops: a key's own byte. An arrow key begins with the byte of Escape and brings more with it."""
POLL_S = 0.1


@contextmanager
def stopping(environment: Environment) -> Iterator[bool]:
    """Within the block, ``q`` is Ctrl-C; gives whether it is."""
    at_terminal = environment.stdin_is_terminal and environment.stdout_is_terminal
    if not at_terminal or threading.current_thread() is not threading.main_thread():
        yield False
    elif sys.platform == "win32":
        with _watching_console():
            yield True
    else:
        with _watching(environment.stdin.fileno()) as is_watching:
            yield is_watching


if sys.platform != "win32":

    @contextmanager
    def _watching(descriptor: int) -> Iterator[bool]:
        import termios
        import tty

        try:
            if os.tcgetpgrp(descriptor) != os.getpgrp():  # in the background, touching the terminal would stop us
                yield False
                return
            before = termios.tcgetattr(descriptor)
            tty.setcbreak(descriptor, termios.TCSANOW)
        except (termios.error, OSError):
            yield False
            return

        def restore() -> None:
            with suppress(termios.error, OSError):
                termios.tcsetattr(descriptor, termios.TCSANOW, before)

        done_here, done_there = os.pipe()
        thread = threading.Thread(target=_read_keys, args=(descriptor, done_here), name="keys", daemon=True)
        thread.start()
        try:
            with _restoring_when_killed(restore):
                yield True
        finally:
            os.close(done_there)  # which the thread sees
            thread.join()
            os.close(done_here)
            restore()

    def _read_keys(descriptor: int, done: int) -> None:
        import select

        while True:
            ready, _, _ = select.select([descriptor, done], [], [])
            if done in ready:
                return
            try:
                pressed = os.read(descriptor, 64)
            except OSError:
                return
            if pressed in STOPPING:
                _interrupt()
            if not pressed:
                return

    def _interrupt() -> None:
        # To the main thread by name, so that it wakes from whatever it is waiting for.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    @contextmanager
    def _restoring_when_killed(restore: Callable[[], None]) -> Iterator[None]:
        """SIGTERM and SIGHUP still end the process, after the terminal has its settings back."""

        def end(number: int, frame: FrameType | None) -> None:
            restore()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

else:

    @contextmanager
    def _watching_console() -> Iterator[None]:
        import _thread
        import msvcrt

        done = threading.Event()

        def read() -> None:
            while not done.wait(POLL_S):
                while msvcrt.kbhit():
                    if msvcrt.getch() in STOPPING:
                        _thread.interrupt_main()

        thread = threading.Thread(target=read, name="keys", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
