"""Two imports, one of which is killed now and then, and five readers at once: no error, and no half of an import."""

from __future__ import annotations

import gzip
import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.faults.stores import dead_files, records, run_to_end, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Finished

SECONDS = float(os.environ.get("TWSLA_LOAD_SECONDS", "20"))
"""60 for a longer look."""
FILES, LINES = 10, 100
"""Of each import: nine files for processes and a packed one."""
EACH = FILES * LINES


def make_logs(folder: Path, name: str) -> None:
    """Files whose records lie among those of all other imports; first and last line of each say so."""
    (folder / name).mkdir()
    for number in range(FILES):
        marks = {0: "first", LINES - 1: "last"}
        lines = [
            f"2024-0{number % 9 + 1}-06T00:{i % 60:02}:00Z {name}/{number} {marks.get(i, 'within')} {i}\n"
            for i in range(LINES)
        ]
        data = "".join(lines).encode()
        if number:
            (folder / name / f"{number}.log").write_bytes(data)
        else:
            (folder / name / "0.gz").write_bytes(gzip.compress(data))


@dataclass
class Load:
    """What goes on, and what was wrong about it."""

    folder: Path
    ends: float
    begun: int = 1
    """Imports, the one beforehand included."""
    done: int = 1
    wrong: list[str] = field(default_factory=list)
    runs: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, right: bool, told: str) -> None:
        if not right:
            self.wrong.append(told)

    def run(self, *arguments: str) -> Finished:
        finished = run_to_end(*arguments, cwd=self.folder)
        self.runs[arguments[0]] += 1
        self.expect(finished.code == 0, f"{arguments}: {finished.code} {finished.err}")
        return finished

    def imports(self, name: str, kill: random.Random | None) -> None:
        for number in range(10_000):
            if time.monotonic() > self.ends:
                return
            make_logs(self.folder, f"{name}{number}")
            if kill is not None and kill.random() < 0.4:
                self.killed(f"{name}{number}", kill.uniform(0.2, 1.5))
            with self.lock:
                self.begun += 1
            self.run("import", f"{name}{number}")
            with self.lock:
                self.done += 1

    def killed(self, logs: str, seconds: float) -> None:
        """An import that is killed; only one that was too slow to commit is begun again."""
        with self.lock:
            self.begun += 1
        process = start("import", logs, cwd=self.folder)
        time.sleep(seconds)
        process.kill()
        process.communicate()
        self.runs["kill"] += 1
        with self.lock:
            # Whether it had committed, the import that follows finds out: then it adds nothing.
            self.begun -= 1

    def counts(self) -> None:
        while time.monotonic() < self.ends:
            least = self.done
            told = int(self.run("search", "--count").text)
            most = self.begun + 1
            self.expect(told % EACH == 0, f"{told} records are not whole imports")
            self.expect(least * EACH <= told <= most * EACH, f"{told} records between {least} and {most} imports")

    def marks(self) -> None:
        """First and last lines: all of an import or none."""
        while time.monotonic() < self.ends:
            lines = self.run("search", "-r", " (first|last) ").lines
            found = Counter(line.split()[1].split("/")[0] for line in lines)
            self.expect(set(found.values()) <= {2 * FILES}, f"parts of imports: {found}")
            self.expect(lines == sorted(lines, key=lambda line: line[:20]), "not in order of time")

    def verifies(self) -> None:
        while time.monotonic() < self.ends:
            told = self.run("verify", "--differences", "--no-sources")
            self.expect(len(told.lines) == 1, told.text)

    def sources(self) -> None:
        while time.monotonic() < self.ends:
            names = self.run("sources", "--format", "csv", "--columns", "source").lines[1:]
            found = Counter(name.split("/")[0] for name in names)
            self.expect(set(found.values()) <= {FILES}, f"parts of imports: {found}")


@pytest.mark.slow
def test_imports_and_searches_at_once(tmp_path: Path) -> None:
    make_logs(tmp_path, "before")
    assert run_to_end("import", "before", cwd=tmp_path).code == 0
    load = Load(tmp_path, time.monotonic() + SECONDS)
    jobs: list[Callable[[], None]] = [
        lambda: load.imports("a", None),
        lambda: load.imports("b", random.Random(1)),
        *(load.counts, load.counts, load.marks, load.verifies, load.sources),
    ]
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert load.wrong == []
    assert min(load.runs[name] for name in ("import", "search", "verify", "sources")) > 2, load.runs
    last = run_to_end("import", "before", cwd=tmp_path)
    assert (last.code, run_to_end("verify", cwd=tmp_path).code) == (0, 0)
    make_logs(tmp_path, "after")
    assert run_to_end("import", "after", cwd=tmp_path).code == 0
    assert dead_files(tmp_path / "twsla.db") == []
    assert len(records(tmp_path / "twsla.db")) == EACH * (load.done + 1)
