"""The same bytes on every run, whatever the number of processors and threads, and the seed of Python's hashes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.analysis.commands import answered

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    ("tfidf", "-l", "0.8", "--columns", "text,min,mean,max,nearest,terms"),
    ("tfidf", "-n", "20", "--idf"),
    ("anomaly", "-m", "tfidf", "--columns", "text,score,why"),
    ("anomaly", "-m", "pattern", "--columns", "text,score,why"),
    ("relation", "ip", "regex/user [a-z]+/"),
    ("summary",),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("same")
    chance = random.Random(7)
    lines = [
        f"2024-05-{day:02} {chance.randrange(24):02}:{chance.randrange(60):02}:00 {chance.choice(['sshd', 'cron'])}: "
        f"{chance.choice(['login', 'failed', 'error in', 'closed'])} user {chance.choice('abcde')} "
        f"from 10.0.{chance.randrange(4)}.{chance.randrange(250)} after {chance.randrange(99999)}"
        for day in range(1, 29)
        for _ in range(100)
    ]
    (folder / "a.log").write_text("\n".join(lines) + "\n")
    answered("-d", folder / "s.db", "import", "--utc", "--multiline", "off", folder / "a.log")
    return folder / "s.db"


def answer(store: Path, command: tuple[str, ...], threads: int) -> bytes:
    number = str(threads)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")
    one = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " if threads == 1 else ""
    start = f"import os, sys; {one}from twsla.cli.main import entry; sys.exit(entry())"
    line = [sys.executable, "-c", start, "-d", str(store), *command, "--utc", "--format", "json"]
    done = subprocess.run(line, capture_output=True, env={**os.environ, **dict.fromkeys(names, number)})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen on this system")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_same_bytes_with_one_processor_and_with_all(store: Path, command: tuple[str, ...]) -> None:
    first = answer(store, command, 1)
    assert len(first) > 1000
    assert answer(store, command, 4) == first
