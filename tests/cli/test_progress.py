from __future__ import annotations

import io
import os
import signal
import threading
import time

import pytest

from twsla.cli.progress import BARS, TerminalProgress, curve, showing, si_bytes
from twsla.environment import Environment
from twsla.errors import Cancelled
from twsla.progress import Silent


class Terminal(io.StringIO):
    """Standard error that is a terminal of UTF-8."""

    encoding = "utf-8"

    def drawings(self) -> list[str]:
        return [part.rstrip() for part in self.getvalue().split("\r") if part.strip()]


def environment(terminal: bool = True, width: int = 80) -> tuple[Environment, Terminal]:
    stderr = Terminal()
    return Environment(io.BytesIO(), io.BytesIO(), stderr, stderr_is_terminal=terminal, width=width), stderr


def test_short_work_shows_nothing() -> None:
    where, stderr = environment()

    with showing(where, quiet=False) as progress:
        progress.advance("lines", 5)

    assert stderr.getvalue() == ""


def test_long_work_shows_counters_and_leaves_a_clean_line() -> None:
    where, stderr = environment()

    with showing(where, quiet=False) as progress:
        progress.message("auth.log")
        for _ in range(14):
            progress.advance("bytes", 1_500_000)
            progress.advance("lines", 10_000)
            time.sleep(0.05)

    last = stderr.drawings()[-1]
    assert "MB" in last
    assert "lines" in last
    assert "MB/s" in last
    assert last.endswith("auth.log")
    assert len(stderr.drawings()) <= 10
    assert stderr.getvalue().endswith("\r" + " " * 79 + "\r")


@pytest.mark.parametrize(("terminal", "quiet"), [(False, False), (True, True)])
def test_without_a_terminal_or_when_quiet_it_is_silent(terminal: bool, quiet: bool) -> None:
    where, stderr = environment(terminal)

    with showing(where, quiet=quiet) as progress:
        time.sleep(0.4)

    assert isinstance(progress, Silent)
    assert stderr.getvalue() == ""


def test_hostile_names_are_escaped_and_lines_never_wider_than_the_window() -> None:
    where, stderr = environment(width=30)

    with showing(where, quiet=False) as progress:
        progress.message("\x1b]0;owned\x07" + "日本" * 30)
        time.sleep(0.5)

    assert "\x1b" not in stderr.getvalue()
    assert all(sum(2 if ord(char) > 0x2E80 else 1 for char in line) <= 29 for line in stderr.drawings())


def test_counting_is_exact_from_many_threads() -> None:
    where, _ = environment()
    progress = TerminalProgress(where)

    def count() -> None:
        for _ in range(5000):
            progress.advance("rows", 1)

    threads = [threading.Thread(target=count) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert "40,000 rows" in progress.line()


def test_an_interrupt_reaches_the_other_threads_of_the_work() -> None:
    where, _ = environment(terminal=False)
    seen: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                progress.check()
                time.sleep(0.01)
        except Cancelled as error:
            seen.append(error)

    with pytest.raises(KeyboardInterrupt), showing(where, quiet=False) as progress:
        thread = threading.Thread(target=work)
        thread.start()
        os.kill(os.getpid(), signal.SIGINT)
        thread.join()

    thread.join(5)
    assert len(seen) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 B"), (82, "82 B"), (999, "999 B"), (1200, "1.2 kB"), (72e6, "72 MB"), (4e15, "4000 TB")]
)
def test_sizes_are_decimal(amount: float, text: str) -> None:
    assert si_bytes(amount) == text


def test_the_curve_is_relative_to_its_top() -> None:
    assert curve([0, 5, 10]) == BARS[0] + BARS[4] + BARS[7]
    assert curve([0, 0]) == BARS[0] * 2
    assert curve([]) == ""
