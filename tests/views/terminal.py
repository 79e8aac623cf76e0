"""The real program in a pseudo-terminal, with a screen emulator (pyte) behind it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

KEYS = {
    "enter": "\r",
    "space": " ",
    "esc": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "pagedown": "\x1b[6~",
    "pageup": "\x1b[5~",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "insert": "\x1b[2~",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "backspace": "\x7f",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
}


class Terminal:
    """A running program and the screen it draws."""

    def __init__(
        self,
        *arguments: str | Path,
        cwd: Path,
        width: int = 80,
        height: int = 24,
        env: Mapping[str, str] | None = None,
        command: list[str] | None = None,
    ) -> None:
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self._primary, secondary = pty.openpty()
        self.resize(width, height, tell=False)
        self.modes_before = termios.tcgetattr(secondary)
        self._secondary = secondary
        variables = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **(env or {})}
        for name in ("COLUMNS", "LINES"):
            variables.pop(name, None)

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "twsla", *map(str, arguments)],
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            cwd=cwd,
            env=variables,
            preexec_fn=own_terminal,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """The window is closed."""
        if self._primary >= 0:
            os.close(self._primary)
            os.close(self._secondary)
        self._primary = self._secondary = -1

    @classmethod
    def ready(
        cls, *arguments: str | Path, cwd: Path, seconds: float = 15, width: int = 80, height: int = 24, **others: Any
    ) -> Terminal:
        """A command's screen, as soon as it is complete."""
        terminal = cls(*arguments, cwd=cwd, width=width, height=height, **others)
        try:
            terminal.wait(
                lambda seen: " row" in seen.text and "+ row" not in seen.text and "quit" in seen.text, seconds
            )
        except AssertionError:
            terminal.__exit__()
            raise
        return terminal

    # --- what is there -------------------------------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The screen, without blanks at the ends of lines."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def modes(self) -> list[object]:
        """The terminal's settings."""
        return termios.tcgetattr(self._secondary)

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what the program writes, for so long; whether there was anything."""
        ready, _, _ = select.select([self._primary], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._primary, 1 << 16)
        except OSError:  # Linux says EIO when the program has ended
            return False
        self.output += data
        self._stream.feed(data)
        return bool(data)

    def wait(self, what: str | Callable[[Terminal], bool], seconds: float = 15.0) -> float:
        """Read until a text is on the screen, or something holds; gives how long that took.

        AssertionError with the screen, if it takes too long.
        """
        holds = (lambda terminal: what in terminal.text) if isinstance(what, str) else what
        began = time.monotonic()
        while not holds(self):
            gone = self.process.poll() is not None
            if not self.read() and gone and not holds(self):
                raise AssertionError(f"the program has ended ({self.process.returncode}):\n{self.text}")
            assert time.monotonic() - began < seconds, f"waited for {what!r}:\n{self.text}"
        took = time.monotonic() - began
        self.settle(0.05)  # the rest of what is drawn at once
        return took

    def settle(self, quiet: float = 0.25) -> None:
        """Read until nothing more comes."""
        while self.read(quiet):
            pass

    # --- what is done to it ----------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys by name (``enter``, ``ctrl+c``), or type a text."""
        for key in keys:
            os.write(self._primary, KEYS.get(key, key).encode())

    def type(self, text: str) -> None:
        """Type a text, character by character."""
        os.write(self._primary, text.encode())

    def resize(self, width: int, height: int, *, tell: bool = True) -> None:
        """Change the size of the window."""
        fcntl.ioctl(self._primary, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.screen.resize(height, width)
        if tell:
            os.killpg(self.process.pid, signal.SIGWINCH)

    def end(self, seconds: float = 15.0) -> int:
        """Read until the program has ended; its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            self.read()
            assert time.monotonic() < deadline, f"still running:\n{self.text}"
        self.settle(0.05)
        return self.process.returncode
