from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from twsla.cli.errors import guarded
from twsla.environment import Environment
from twsla.errors import (
    Cancelled,
    IncompleteError,
    MissingExtra,
    RemoteError,
    SourceError,
    StoreError,
    TwslaError,
    UsageError,
)

if TYPE_CHECKING:
    from tests.conftest import Run


def ending(error: BaseException, *, debug: bool = False) -> tuple[int, str]:
    """Exit code and standard error when the work raises."""
    environment = Environment(io.BytesIO(), io.BytesIO(), io.StringIO())

    def work() -> int:
        raise error

    code = guarded(work, environment, debug=debug)
    assert isinstance(environment.stderr, io.StringIO)
    return code, environment.stderr.getvalue()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TwslaError("x"), 1),
        (UsageError("x"), 2),
        (MissingExtra("x", "y"), 2),
        (SourceError("x"), 3),
        (StoreError("x"), 4),
        (RemoteError("x"), 5),
        (IncompleteError("x"), 6),
        (ZeroDivisionError("x"), 70),
        (RecursionError("x"), 70),
        (MemoryError(), 1),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 1),
        (BrokenPipeError(errno.EPIPE, "of a connection, not of standard output"), 1),
        (Cancelled(), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert ending(error)[0] == code


def test_an_explained_error_is_two_lines() -> None:
    _, told = ending(StoreError("the store x.db is damaged", hint="run 'twsla verify'"))

    assert told == "twsla: error: the store x.db is damaged\nhint: run 'twsla verify'\n"


def test_an_error_without_a_hint_is_one_line() -> None:
    assert ending(SourceError("a"))[1] == "twsla: error: a\n"


def test_terminal_sequences_of_hostile_names_are_escaped() -> None:
    _, told = ending(SourceError("cannot read evil\x1b]0;owned\x07\n.log"))

    assert told == "twsla: error: cannot read evil\\x1b]0;owned\\x07\\n.log\n"


def test_a_bug_is_one_line_without_a_traceback() -> None:
    code, told = ending(ZeroDivisionError("division by zero"))

    assert code == 70
    assert told.startswith("twsla: error: this is a bug in twsla: ZeroDivisionError: division by zero")
    assert "Traceback" not in told
    assert "--debug" in told


def test_debug_shows_the_traceback() -> None:
    assert "Traceback (most recent call last)" in ending(ZeroDivisionError(), debug=True)[1]


def test_interrupted_is_said_in_one_line() -> None:
    assert ending(KeyboardInterrupt()) == (130, "twsla: interrupted\n")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["serch"], "there is no command 'serch'", "did you mean 'search'?"),
        (["xyzzy"], "there is no command 'xyzzy'", "'twsla --help' lists all commands"),
        (["--fromat", "csv"], "no such option '--fromat'", "'twsla --help'"),
        (["plugins", "--fromat", "csv"], "no such option '--fromat'", "did you mean --format?"),
        (["plugins", "--format", "cvs"], "there is no format 'cvs'", "did you mean csv?"),
        (["plugins", "--format"], "option '--format' requires an argument", "'twsla plugins --help'"),
        (["plugins", "--limit", "few"], "invalid value for '--limit': 'few' is not a valid integer", "plugins --help"),
        (["plugins", "--limit", "-1"], "--limit -1 is less than none", "give a number"),
        (["plugins", "--sort", "name:down"], "'down' is not a direction", "COLUMN:desc"),
        (["plugins", "--sort", "nome"], "this result has no column 'nome'", "columns: adds, name"),
        (["plugins", "--columns", "nome"], "no column 'nome'", "columns: adds, name"),
        (["plugins", "-o", "x.docx"], "names no format", ".csv"),
        (["completion", "tcsh"], "'tcsh' is not one of", "completion --help"),
        (["completion"], "missing argument 'SHELL'", "completion --help"),
        (["help", "serch"], "there is no command 'serch'", "did you mean 'search'?"),
        (["help", "version", "x"], "there is no command 'x'", "--help"),
        (["-d", "x"], "missing command", "'twsla --help'"),
        (["version", "extra"], "unexpected extra argument", "version --help"),
    ],
)
def test_usage_errors_name_the_thing_and_what_to_do(run: Run, arguments: list[str], message: str, hint: str) -> None:
    done = run(*arguments)

    assert done.code == 2
    assert done.out == b""
    first, second = done.err.splitlines()
    assert first.startswith("twsla: error: ")
    assert message in first
    assert second.startswith("hint: ")
    assert hint in second


def test_no_arguments_show_help_and_exit_0(run: Run) -> None:
    done = run()

    assert done.code == 0
    assert done.text.startswith("Usage: twsla")
    assert done.err == ""


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
def test_help_is_the_same_by_every_name(run: Run, arguments: list[str]) -> None:
    assert run(*arguments) == run()


def test_help_of_a_command_is_the_same_by_every_name(run: Run) -> None:
    assert run("help", "version").out == run("version", "--help").out == run("version", "-h").out


def test_a_missing_directory_for_the_output_is_told_at_once(run: Run, tmp_path: Path) -> None:
    done = run("plugins", "-o", "no/such/place.csv")

    assert done.code == 1
    assert "there is no directory no/such" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["plugins"], ["version"], ["completion", "bash"]])
def test_a_full_disk_is_told(arguments: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "twsla", *arguments], stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, check=False
        )

    assert done.returncode == 1
    assert done.stderr == b"twsla: error: cannot write to standard output: No space left on device\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise on Windows")
@pytest.mark.parametrize("arguments", [["plugins"], ["completion", "bash"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "twsla", *arguments], stdout=write_end, stderr=subprocess.PIPE, cwd=tmp_path, check=False
    )
    os.close(write_end)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix closes streams this way")
@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_crash(closing: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m twsla plugins {closing}'], capture_output=True, cwd=tmp_path, check=False
    )

    assert done.returncode in {0, 1}
    assert b"Traceback" not in done.stderr
