"""Import and search through the real command line: what reaches which stream, and which exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.test_startup import HEAVY, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

USERS = ("root", "alice", "bob", "日本")
LINES = [
    f"2024-05-01T00:{minute:02}:{second:02}Z host sshd[{minute * 60 + second}]: "
    f"{'Failed' if second % 3 else 'Accepted'} password for {USERS[second % 4]} from 10.0.{minute}.{second}"
    for minute in range(20)
    for second in range(60)
]


def grep(pattern: str, *, lines: list[str] = LINES) -> list[str]:
    """The lines that match, by Python's own means."""
    return [line for line in lines if re.search(pattern, line)]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``auth.log`` and a store of it under the default name."""
    folder = tmp_path_factory.mktemp("case")
    (folder / "auth.log").write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
    done = subprocess.run(
        [sys.executable, "-m", "twsla", "import", "auth.log"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_search_prints_the_records_as_grep_does(run: Run, case: Path) -> None:
    done = run("search", "Failed", "root", cwd=case)

    assert (done.code, done.lines) == (0, grep("Failed.*root"))


def test_a_count_is_one_number(run: Run, case: Path) -> None:
    assert run("search", "--count", "Failed", cwd=case).out == f"{len(grep('Failed'))}\n".encode()


def test_every_way_of_giving_a_filter_counts_the_same(run: Run, case: Path) -> None:
    (case / "c.yaml").write_text("filter: alice\n")
    wanted = f"{len(grep('alice'))}\n"

    assert run("search", "--count", "alice", cwd=case).text == wanted
    assert run("search", "--count", "-f", "alice", cwd=case).text == wanted
    assert run("-f", "alice", "search", "--count", cwd=case).text == wanted
    assert run("search", "--count", "-r", "ali[c]e", cwd=case).text == wanted
    assert run("search", "--count", "-i", "ALICE", cwd=case).text == wanted
    assert run("search", "--count", cwd=case, env={"TWSLA_FILTER": "alice"}).text == wanted
    assert run("--config", "c.yaml", "search", "--count", cwd=case).text == wanted
    assert run("search", "--count", "--ignoreCase", "ALICE", cwd=case).text == wanted


def test_an_inverted_filter_and_a_time_range(run: Run, case: Path) -> None:
    done = run("search", "--count", "-v", "alice", "-t", "2024-05-01T00:05:00Z,2024-05-01T00:05:59Z", cwd=case)

    assert done.text == f"{len(grep('^(?!.*alice).*T00:05:'))}\n"


@pytest.mark.parametrize(("wanted", "code"), [("alice", 0), ("nobody-at-all", 1)])
def test_a_quiet_search_answers_with_its_exit_code(run: Run, case: Path, wanted: str, code: int) -> None:
    done = run("search", "-q", wanted, cwd=case)

    assert (done.code, done.out, done.err) == (code, b"", "")


def test_no_rows_are_a_success_with_a_header(run: Run, case: Path) -> None:
    done = run("search", "nobody-at-all", "--format", "csv", cwd=case)

    assert (done.code, done.text) == (0, "ts,text\n")


def test_limit_says_what_it_leaves_out(run: Run, case: Path) -> None:
    done = run("search", "Failed", "--limit", "2", cwd=case)

    assert done.lines == grep("Failed")[:2]
    assert f"2 of {len(grep('Failed'))} rows are shown" in done.err


def test_sorting_by_the_text_backwards(run: Run, case: Path) -> None:
    assert run("search", "alice", "--sort", "text:desc", cwd=case).lines == sorted(grep("alice"), reverse=True)


def test_json_times_and_columns(run: Run, case: Path) -> None:
    done = run("search", "alice", "--limit", "1", "--columns", "ts,line_no,text", "--format", "jsonl", cwd=case)

    (row,) = [json.loads(line) for line in done.lines]
    line = grep("alice")[0]
    assert row == {"ts": "2024-05-01T00:00:01Z", "line_no": LINES.index(line) + 1, "text": line}


def test_a_missing_store_is_an_error_of_the_store_and_makes_none(run: Run, tmp_path: Path) -> None:
    done = run("search", "-d", "nowhere.db", "x")

    assert (done.code, done.out) == (4, b"")
    assert "nowhere.db" in done.err
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-r", "a(b"], "a(b"),
        (["-v", "*"], "*"),
        (["-t", "yesteryear"], "yesteryear"),
        (["--tz", "Mars/Olympus"], "Mars/Olympus"),
        (["--sort", "nome"], "nome"),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error(run: Run, case: Path, arguments: list[str], told: str) -> None:
    done = run("search", *arguments, cwd=case)

    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("twsla: error: ")
    assert told in done.err.splitlines()[0]


def test_a_missing_source_is_an_error_of_the_source(run: Run, tmp_path: Path) -> None:
    done = run("import", "no-such.log")

    assert done.code == 3
    assert "no-such.log" in done.err
    assert not (tmp_path / "twsla.db").exists()


def test_counting_needs_no_arrow_no_numpy_no_rich(case: Path) -> None:
    names = loaded("search", "--count", "Failed", cwd=case)

    allowed = {
        "_duckdb",
        "tempfile",
        "importlib.metadata",
        "email",
        "decimal",
        "logging",
        "zoneinfo",
        "multiprocessing",
    }
    assert names & (HEAVY - allowed) == set()


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_a_reader_that_leaves_early_stops_the_search_quietly(case: Path) -> None:
    script = f'set -o pipefail; "{sys.executable}" -m twsla search password | head -1'

    done = subprocess.run(["bash", "-c", script], cwd=case, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, LINES[0] + "\n", "")


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_an_interrupted_import_exits_130_and_leaves_the_store_as_it_was(run: Run, case: Path) -> None:
    before = sorted(path.name for path in (case / "twsla.db").rglob("*") if path.is_file() and path.suffix)
    process = subprocess.Popen(
        [sys.executable, "-m", "twsla", "import", "-"],
        cwd=case,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write("".join(f"{line} again\n" for line in LINES).encode())
    process.stdin.flush()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    process.stdin.close()
    process.stdin = None
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err.decode().splitlines()[-1:]) == (130, b"", ["twsla: interrupted"])
    after = sorted(path.name for path in (case / "twsla.db").rglob("*") if path.is_file() and path.suffix)
    assert after == before
    assert run("search", "--count", cwd=case).text == f"{len(LINES)}\n"
