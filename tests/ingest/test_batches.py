"""Small files read by processes: the same records and the same report as when one process reads them."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from twsla.errors import TwslaError
from twsla.ingest import batches
from twsla.ingest.pipeline import Outcome, Pipeline
from twsla.ingest.settings import Settings
from twsla.progress import Silent
from twsla.sources.files import expand

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.sources.base import Problem

KINDS = (
    "2024-05-0{day} 10:00:{second:02} INFO worker {n} done",
    "May  {day} 10:00:{second:02} host sshd[{n}]: Failed password for root",
    "nothing to date it by {n}",
    "2024-05-0{day} 10:00:{second:02} ERROR trace {n}\n  at line {n}",
)


def folder(path: Path, files: int) -> Path:
    """Files of several kinds, some empty, binary, undecodable, and two alike."""
    path.mkdir()
    for number in range(files):
        kind = KINDS[number % len(KINDS)]
        lines = [kind.format(day=1 + number % 9, second=n % 60, n=n * number) for n in range(3 + number % 50)]
        (path / f"{number:03}.log").write_text("\n".join(lines) + "\n")
    (path / "100-empty.log").write_bytes(b"")
    (path / "101-binary.log").write_bytes(bytes(range(256)) * 20)
    (path / "102-broken.log").write_bytes(b"2024-05-01 10:00:00 caf\xe9 \xff\xfe ok\n")
    (path / "103-again.log").write_bytes((path / "003.log").read_bytes())
    for file in path.iterdir():
        os.utime(file, (1_715_000_000, 1_715_000_000))
    return path


def run_import(store: Path, source: Path, workers: int = 2) -> Outcome:
    problems: list[Problem] = []
    pipeline = Pipeline(store, Settings(workers=workers), {}, Silent())
    return pipeline.run(expand([str(source)], on_problem=problems.append, stdin=sys.stdin.buffer))


def records(store: Path) -> list[tuple[Any, ...]]:
    files = [str(path) for path in sorted(store.glob("records/*/*.parquet"))]
    sql = 'SELECT epoch_ns(ts), ts_flags, source, line_no, "offset", text, raw FROM r'
    found: list[tuple[Any, ...]] = (
        duckdb.connect()
        # A store in which no byte was lost has no column for such bytes.
        .sql(
            f"WITH r AS (FROM read_parquet({files}, union_by_name=true) UNION ALL BY NAME "
            f"SELECT NULL::BLOB AS raw WHERE false) {sql} ORDER BY source, 5"
        )
        .fetchall()
    )
    return found


def killed(*arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def entries(outcome: Outcome) -> list[dict[str, Any]]:
    return [asdict(entry) for entry in outcome.entries]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_processes_give_the_records_and_the_report_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    logs = folder(tmp_path / "logs", 60)
    monkeypatch.setattr(batches, "_LEAST_BATCH_BYTES", 2000)
    by_processes = run_import(tmp_path / "a.db", logs, workers)
    monkeypatch.setattr(batches, "_LEAST_FILES", 10**9)
    by_threads = run_import(tmp_path / "b.db", logs, workers)

    assert records(tmp_path / "a.db") == records(tmp_path / "b.db")
    assert entries(by_processes) == entries(by_threads)
    assert by_processes.problems == by_threads.problems
    assert [problem.source.rpartition("/")[2] for problem in by_processes.problems if problem.loses_data] == [
        "101-binary.log"
    ]
    assert len(by_processes.unchanged) == 1
    assert "003.log" in by_processes.unchanged[0]
    assert by_processes.manifest is not None
    # 60 files, the empty and the broken one; the binary one is no text, the copy is not imported twice.
    assert len(by_processes.manifest.sources) == 62


def test_undated_records_keep_the_order_of_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(40):
        (logs / f"{number:03}.log").write_text(f"undated {number}\n")
    monkeypatch.setattr(batches, "_LEAST_BATCH_BYTES", 30)
    run_import(tmp_path / "a.db", logs)

    files = sorted((tmp_path / "a.db/records/undated").iterdir())
    assert len(files) > 2
    found = [duckdb.connect().sql(f"SELECT text FROM '{file}'").fetchall() for file in files]
    assert [row[0] for part in found for row in part] == [f"undated {number}" for number in range(40)]


def test_a_grown_small_file_adds_its_tail(tmp_path: Path) -> None:
    logs = folder(tmp_path / "logs", 20)
    run_import(tmp_path / "a.db", logs)
    with (logs / "002.log").open("a") as file:
        file.write("one more\n")
    again = run_import(tmp_path / "a.db", logs)

    assert [entry.records for entry in again.entries] == [1]
    assert [row[5] for row in records(tmp_path / "a.db") if row[2].endswith("002.log")][-1] == "one more"


@pytest.mark.skipif(sys.platform != "linux", reason="the process is killed by its number, found in /proc")
def test_a_killed_process_ends_the_import_and_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = folder(tmp_path / "logs", 20)
    run_import(tmp_path / "a.db", logs)
    before = {path: path.read_bytes() for path in (tmp_path / "a.db").rglob("*") if path.is_file()}
    more = folder(tmp_path / "more", 30)
    for file in more.iterdir():
        file.write_bytes(file.read_bytes() + file.name.encode() + b"\n")
    monkeypatch.setattr(batches, "read_batch", killed)
    with pytest.raises(TwslaError, match="ended from outside; nothing was added"):
        run_import(tmp_path / "a.db", more)
    assert {path: path.read_bytes() for path in (tmp_path / "a.db").rglob("*") if path.is_file()} == before
