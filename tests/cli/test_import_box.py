"""What an import shows on a terminal, and how it is stopped there."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from twsla.cli.import_box import ImportBox
from twsla.environment import Environment
from twsla.render.widths import width

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pty", reason="pseudo-terminals are of Unix")

from tests.views.terminal import Terminal


class Stream(io.StringIO):
    encoding = "utf-8"


class PlainStream(io.StringIO):
    encoding = "ascii"


def box(columns: int = 60, stream: io.StringIO | None = None) -> ImportBox:
    stderr = stream or Stream()
    return ImportBox(Environment(io.BytesIO(), io.BytesIO(), stderr, stderr_is_terminal=True, width=columns), "case.db")


def test_the_box_has_the_last_files_and_the_figures() -> None:
    progress = box()
    for number in range(7):
        progress.message(f"log{number}")
    progress.advance("lines", 1_234_567)
    progress.advance("bytes", 72_000_000)
    progress.advance("files", 6)
    progress.keys = "q stops"

    lines = progress.lines()

    assert lines[0].startswith("╭─ Import into case.db ─")
    assert [line[4:8] for line in lines[1:6]] == ["log2", "log3", "log4", "log5", "log6"]
    assert [line[2] for line in lines[1:5]] == ["✓"] * 4
    assert lines[6].startswith("│ 6 files  1,234,567 lines  72 MB  0 s ")
    assert lines[-1].endswith("─ q stops ─╯")
    assert {len(line) for line in lines} == {59}


def test_every_line_fits_whatever_the_names() -> None:
    progress = box(47)
    progress.message("日本語のファイル名" * 10 + "\x1b[31m")

    assert {width(line) for line in progress.lines()} == {46}
    assert not any("\x1b" in line for line in progress.lines())


def test_a_terminal_without_unicode_gets_a_box_of_ascii() -> None:
    progress = box(stream=PlainStream())
    progress.message("a.log")

    assert all(line.isascii() for line in progress.lines())


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A log that takes some seconds to import."""
    line = "2024-05-01T00:00:00.000Z host app[1]: something happened to somebody somewhere\n"
    with (tmp_path / "big.log").open("w") as file:
        for _ in range(60):
            file.write(line * 50_000)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("key", ["q", "esc", "ctrl+c"])
def test_a_key_stops_the_import_and_the_store_is_as_before(big: Path, key: str) -> None:
    with Terminal("import", "big.log", cwd=big) as terminal:
        terminal.wait("MB/s")
        assert "q stops" in terminal.text
        terminal.press(key)

        assert terminal.end() == 130
        assert "nothing was added to the store" in terminal.text
        assert "interrupted" in terminal.text
        assert terminal.modes == terminal.modes_before
    assert not list(big.glob("twsla.db/imports/*.json"))
    assert not list(big.glob("twsla.db/records/**/*.parquet"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_killed_import_leaves_the_terminal_as_it_was(big: Path, number: signal.Signals) -> None:
    with Terminal("import", "big.log", cwd=big) as terminal:
        terminal.wait("MB/s")
        assert terminal.modes != terminal.modes_before
        os.kill(terminal.process.pid, number)

        assert terminal.end() == -number
        assert terminal.modes == terminal.modes_before


@pytest.mark.slow
def test_an_import_that_is_done_takes_its_box_away(big: Path) -> None:
    with Terminal("import", "big.log", cwd=big, width=150, env={"PAGER": "cat"}) as terminal:
        terminal.wait("MB/s")

        assert terminal.end(60) == 0
        assert "Import into" not in terminal.text
        assert "records: 3,000,000" in terminal.text
        assert terminal.modes == terminal.modes_before


@pytest.mark.slow
def test_keys_are_left_to_a_pager(big: Path) -> None:
    """With the output in a pipe somebody else may be reading the keys."""
    command = ["sh", "-c", f"{sys.executable} -m twsla import big.log | cat"]
    with Terminal(cwd=big, command=command) as terminal:
        terminal.wait("MB/s")

        assert terminal.modes == terminal.modes_before
        assert "q stops" not in terminal.text
        assert terminal.end(60) == 0
