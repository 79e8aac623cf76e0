"""kill -9 and Ctrl-C at any moment of an import: the store is what it was, or has all of it."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import ROOT
from tests.faults.stores import Record, dead_files, records, run_to_end, start
from twsla.store.store import Store
from twsla.store.verify import verify_store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of Unix")

KILLS = 25
"""Of each of four tests."""


@dataclass(frozen=True)
class Case:
    """A folder with logs, a store of one import, and what the next import makes of it when it is left alone."""

    folder: Path
    before: list[Record]
    after: list[Record]
    seconds: float
    """That an import takes."""

    def fresh(self, store: Path) -> None:
        """Make ``store`` what it was before."""
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self.folder / "base.db", store)


def make_logs(folder: Path, lines: int) -> None:
    """Small files for processes; packed ones for threads, the second found to be the same at the end; undated lines."""
    (folder / "logs").mkdir()
    for number in range(9):
        text = "".join(
            f"2024-0{number % 9 + 1}-06T{i % 24:02}:{i % 60:02}:00Z host{number} app[{i % 97}]: line {i} of {number}\n"
            for i in range(lines // 10)
        )
        (folder / "logs" / f"{number}.log").write_text(text)
    moments = (time.gmtime(1_600_000_000 + i * 60 * 43_200 // lines * 60) for i in range(lines))
    packed = "".join(f"{time.strftime('%b %e %H:%M:%S', moment)} gate su: é {i}\n" for i, moment in enumerate(moments))
    for name, level in (("old.gz", 1), ("same.gz", 2)):
        with gzip.GzipFile(folder / "logs" / name, "wb", compresslevel=level, mtime=1_700_000_000) as file:
            file.write(b"no stamp at all\n" * 50 + packed.encode() + b"caf\xff\n")


def make_case(folder: Path, lines: int) -> Case:
    make_logs(folder, lines)
    (folder / "base.log").write_text("2024-05-06T00:00:00Z base\nsecond line of it\n")
    assert run_to_end("import", "-d", "base.db", "base.log", cwd=folder).code == 0
    before = records(folder / "base.db")
    shutil.copytree(folder / "base.db", folder / "left-alone.db")
    seconds = []
    for store in ("warm-up.db", "left-alone.db"):
        began = time.monotonic()
        done = run_to_end("import", "-d", store, "logs", cwd=folder)
        assert done.code == 0, done.err
        seconds.append(time.monotonic() - began)
    after = records(folder / "left-alone.db")
    assert len(after) > len(before) + lines
    return Case(folder, before, after, min(seconds))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("large"), 15_000)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("small"), 400)


def check(case: Case, store: Path) -> bool:
    """The store is clean, and holds what it held before (False) or all of the import (True)."""
    assert not [each for each in verify_store(Store.open(store)) if each.is_difference]
    found = records(store)
    if found == case.before:
        return False
    assert found == case.after
    return True


def wait_for_children(processes: list[psutil.Process]) -> None:
    """Processes that a killed import had started end by themselves."""
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive


def finish(case: Case, store: Path) -> None:
    """One more import, left alone: everything is there once, and nothing of those that were killed."""
    done = run_to_end("import", "-d", store, "logs", cwd=case.folder)
    assert done.code == 0, done.err
    assert check(case, store)
    assert dead_files(store) == []
    assert not list(store.glob("records/*/")) or all(any(folder.iterdir()) for folder in store.glob("records/*/"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_an_import_killed_at_any_moment_leaves_the_store_as_it_was(large: Case, seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    store = tmp_path / "s"
    large.fresh(store)
    committed = 0
    for number in range(KILLS):
        moment = rng.uniform(0, 1.1 * large.seconds)
        process = start("import", "-d", store, "logs", cwd=large.folder, stdout=subprocess.DEVNULL)
        time.sleep(moment)
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0)
        wait_for_children(children)
        if number == 0:
            assert run_to_end("verify", "-d", store, cwd=large.folder).code == 0
        if check(large, store):
            committed += 1
            large.fresh(store)

    assert committed < KILLS
    finish(large, store)


# What Python is about to do is told to audit hooks: each of these in the store is a step at which the program can end.
STEPS = """
import os, signal, sys
EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock"}
store, wanted, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
main, count = os.getpid(), 0

def hook(event, arguments):
    global count
    if event not in EVENTS or os.getpid() != main:
        return
    if event != "fcntl.flock" and store not in str(arguments[0]):
        return
    count += 1
    if count == wanted:
        os.kill(main, getattr(signal, how))

sys.argv = ["twsla", *sys.argv[4:]]
sys.path.insert(0, os.environ["PYTHONPATH"])
from twsla.cli.main import entry
sys.addaudithook(hook)
try:
    entry()
finally:
    os.write(2, f"steps {count}\\n".encode())
"""


def run_to_step(case: Case, store: Path, step: int, how: str) -> tuple[int, int]:
    """Import until this step; exit code, and the steps taken (0 where nobody could count them)."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(store), str(step), how, "import", "-d", store, "logs"],
        cwd=case.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    told = [line for line in done.stderr.decode().splitlines() if line.startswith("steps ")]
    return done.returncode, int(told[-1].split()[1]) if told else 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "base", "wanted"),
    [
        ("SIGKILL", True, slice(0, None, 2)),
        ("SIGKILL", True, slice(1, None, 2)),
        ("SIGKILL", False, slice(0, 11)),  # the making of the store
        ("SIGINT", True, slice(1, None, 3)),
    ],
)
def test_an_import_ended_at_each_step_in_the_store(
    small: Case, how: str, base: bool, wanted: slice, tmp_path: Path
) -> None:
    store = tmp_path / "the-store"
    case = small if base else Case(small.folder, [], after_first(small), small.seconds)

    def fresh() -> None:
        shutil.rmtree(store, ignore_errors=True)
        if base:
            small.fresh(store)

    fresh()
    code, steps = run_to_step(case, store, -1, how)
    assert code == 0
    assert steps > 20
    seen = set()
    for step in range(1, steps + 1)[wanted]:
        fresh()
        code, _ = run_to_step(case, store, step, how)
        assert code in ((-signal.SIGKILL,) if how == "SIGKILL" else (130, 0)), (step, code)
        if (store / "STORE").exists():
            seen.add(check(case, store))
        if how == "SIGINT":
            # What was interrupted tidies up, but for a lock that it had only just made.
            assert not [name for name in dead_files(store) if not name.endswith(".lock")], step
        if step % 5 == 0:
            finish(case, store)

    assert False in seen


def after_first(case: Case) -> list[Record]:
    """What an import into no store gives: all but the records that were there before."""
    return [record for record in case.after if record not in case.before]


def test_a_process_of_an_import_that_is_killed_ends_the_import(large: Case, tmp_path: Path) -> None:
    store = tmp_path / "s"
    done = None
    for _ in range(20):
        large.fresh(store)
        process = start("import", "-d", store, "logs", cwd=large.folder)
        children: list[psutil.Process] = []
        while not children and process.poll() is None:
            children = psutil.Process(process.pid).children()
        for child in children:
            child.kill()
        _, err = process.communicate()
        if process.returncode:  # else it was too late
            done = (process.returncode, err.decode().splitlines()[0])
            break

    assert done == (1, "twsla: error: a process that read files was ended from outside; nothing was added to the store")
    assert records(store) == large.before
    assert dead_files(store) == []
