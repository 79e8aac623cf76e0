"""The main paths inside tmux, which has a terminal type, a mouse and ideas of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.views.conftest import LINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux on this machine")


class Tmux:
    """A tmux server of the test's own with one window."""

    def __init__(self, folder: Path, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        self._env.pop("TMUX", None)
        self.run("new-session", "-d", "-x", "90", "-y", "20", "-c", str(folder), "sh")
        self.send("PS1='ready> '", "Enter")
        self.wait("ready>")

    def run(self, *arguments: str) -> str:
        """One tmux command."""
        done = subprocess.run([*self._tmux, *arguments], env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def send(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        self.run("send-keys", *keys)

    def screen(self) -> str:
        return self.run("capture-pane", "-p")

    def scrollback(self) -> str:
        """The screen with what was scrolled off it."""
        return self.run("capture-pane", "-p", "-S", "-100")

    def wait(self, what: str | Callable[[str], bool]) -> str:
        """Until a text is on the screen."""
        holds = (lambda seen: what in seen) if isinstance(what, str) else what
        deadline = time.monotonic() + 20
        while not holds(seen := self.screen()):
            assert time.monotonic() < deadline, f"waited for {what!r}:\n{seen}"
            time.sleep(0.05)
        return seen


@pytest.fixture
def tmux(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    made = Tmux(case, tmp_path_factory.mktemp("t") / "s")
    yield made
    made.run("kill-server")


def test_looking_finding_marking_and_leaving(tmux: Tmux) -> None:
    tmux.send(f"{sys.executable} -m twsla search host", "Enter")
    tmux.wait(LINES[0])
    tmux.send("Down", "PageDown", "NPage")
    tmux.wait("34/600")
    tmux.send("/", "app[555]", "Enter")
    tmux.wait("556/600")
    tmux.send("M")
    tmux.wait("●")
    tmux.send("Enter")
    tmux.wait("Offset")
    tmux.send("Escape")
    tmux.wait("557/600")
    tmux.send("&", "^error", "Enter")
    tmux.wait("450 of 600 rows")
    tmux.send("s", "out.jsonl", "Enter")
    tmux.wait("450 rows saved as jsonl")
    tmux.send("Home")
    for width, height in ((50, 15), (120, 30)):

        def is_drawn(seen: str, lines: int = height) -> bool:
            return seen.count("\n") >= lines - 1 and "q quit" in seen.splitlines()[-1]

        tmux.run("resize-window", "-x", str(width), "-y", str(height))
        lines = tmux.wait(is_drawn)
        assert max(map(len, lines.splitlines())) <= width
    tmux.send("Escape")
    tmux.wait(lambda seen: seen.rstrip().endswith("ready>"))
    assert "Search  450 of 600 rows" in tmux.scrollback()  # what was seen last stays
    assert tmux.run("display", "-p", "#{alternate_on} #{mouse_any_flag}").split() == ["0", "0"]


def test_an_import_and_control_c(tmux: Tmux) -> None:
    tmux.send(f"{sys.executable} -m twsla import --again app.log", "Enter")
    tmux.wait("records: 600")
    tmux.send(f"{sys.executable} -m twsla search", "Enter")
    tmux.wait("q quit")
    tmux.send("C-c")
    tmux.wait("twsla: interrupted")
    tmux.send("echo ended with $?", "Enter")
    tmux.wait("ended with 130")
