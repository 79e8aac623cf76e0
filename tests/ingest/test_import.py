"""``twsla import`` through the command line: what is stored, what is told, what is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import Finished, Run

LOGS = ROOT / "testdata" / "logs"


def manifests(store: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((store / "imports").glob("*.json"))]


def rows(store: Path, sql: str) -> list[tuple[Any, ...]]:
    """SQL over ``r``, the store's files as any other tool reads them."""
    listed = [str(path) for path in store.glob("records/*/*.parquet")]
    found: list[tuple[Any, ...]] = (
        duckdb.connect().sql(f"WITH r AS (FROM read_parquet({listed}, union_by_name=true)) {sql}").fetchall()
    )
    return found


def texts(store: Path) -> list[str]:
    return [row[0] for row in rows(store, 'SELECT text FROM r ORDER BY source, "offset"')]


def snapshot(store: Path) -> dict[str, str]:
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def facts(done: Finished) -> dict[str, Any]:
    return dict(json.loads(done.text)["facts"])


def import_json(run: Run, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = run("import", "--format", "json", *arguments)
    assert done.code == code, done.err
    return dict(json.loads(done.text))


def test_the_sample_logs_are_imported_whole(run: Run, tmp_path: Path) -> None:
    answer = import_json(run, LOGS)

    wanted = 0
    for path in sorted(LOGS.iterdir()):
        data = path.read_bytes()
        wanted += (gzip.decompress(data) if path.suffix == ".gz" else data).count(b"\n")
    assert answer["facts"]["lines"] == wanted
    assert answer["facts"]["lines_add_up"] is True
    assert answer["facts"]["files"] == 6
    (manifest,) = manifests(tmp_path / "twsla.db")
    access = next(source for source in manifest["sources"] if source["name"].endswith("access.log"))
    assert access["sha256"] == hashlib.sha256((LOGS / "access.log").read_bytes()).hexdigest()
    assert access["bytes"] == (LOGS / "access.log").stat().st_size
    assert access["mtime_ns"] == (LOGS / "access.log").stat().st_mtime_ns


def test_every_line_of_the_sources_is_in_the_store(run: Run, tmp_path: Path) -> None:
    run("import", LOGS / "auth-20240506.log", LOGS / "app.log")

    wanted = (LOGS / "app.log").read_text().splitlines() + (LOGS / "auth-20240506.log").read_text().splitlines()
    assert "\n".join(texts(tmp_path / "twsla.db")).split("\n") == wanted


def test_source_line_and_offset_find_each_record_again(run: Run, tmp_path: Path) -> None:
    run("import", LOGS / "app.log")

    data = (LOGS / "app.log").read_bytes()
    for line_no, offset, text in rows(tmp_path / "twsla.db", 'SELECT line_no, "offset", text FROM r'):
        assert data[offset:].startswith(text.encode() + b"\n")
        assert data[:offset].count(b"\n") == line_no - 1


def test_importing_again_changes_no_byte_of_the_store(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_bytes(b"")
    run("import", LOGS, "empty.log")
    before = snapshot(tmp_path / "twsla.db")

    again = run("import", LOGS, "empty.log")

    assert again.code == 0
    assert "in the store already" in again.err
    assert snapshot(tmp_path / "twsla.db") == before


def test_the_same_content_under_another_name_is_imported_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("2024-05-06T00:00:00Z x\n")
    (tmp_path / "b.log").write_text("2024-05-06T00:00:00Z x\n")

    both = run("import", "a.log", "b.log")
    later = run("import", "-", input=b"2024-05-06T00:00:00Z x\n")
    insisted = run("import", "--again", "b.log")

    assert "b.log: the same content is in the store as a.log" in both.err
    assert "the same content is in the store as a.log" in later.err
    assert insisted.code == 0
    assert rows(tmp_path / "twsla.db", "SELECT source, count(*) FROM r GROUP BY 1 ORDER BY 1") == [
        ("a.log", 1),
        ("b.log", 1),
    ]


def test_a_file_that_has_grown_adds_its_new_lines(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("2024-05-06T00:00:00Z one\n")
    run("import", "x.log")
    with log.open("a") as file:
        file.write("2024-05-06T00:00:01Z two\n")

    run("import", "x.log")
    run("import", "x.log")

    found = rows(tmp_path / "twsla.db", 'SELECT source, line_no, "offset", text FROM r ORDER BY line_no')
    assert found == [("x.log", 1, 0, "2024-05-06T00:00:00Z one"), ("x.log", 2, 25, "2024-05-06T00:00:01Z two")]


def test_a_rewritten_file_is_a_source_of_its_own(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("2024-05-06T00:00:00Z one\n")
    run("import", "x.log")
    log.write_text("2024-05-07T00:00:00Z new\n")

    run("import", "x.log")

    assert rows(tmp_path / "twsla.db", "SELECT source, text FROM r ORDER BY ts") == [
        ("x.log", "2024-05-06T00:00:00Z one"),
        ("x.log#2", "2024-05-07T00:00:00Z new"),
    ]


def test_filters_and_time_range_apply_at_import(run: Run, tmp_path: Path) -> None:
    lines = [
        "2024-05-06T00:00:00Z login failed root",
        "2024-05-06T01:00:00Z login failed bob",
        "2024-05-06T02:00:00Z login failed root",
        "2024-05-06T01:30:00Z login ok root",
        "no stamp here, login failed root",
    ]
    (tmp_path / "x.log").write_text("".join(f"{line}\n" for line in lines))

    answer = import_json(
        run, "-t", "2024-05-06T00:00:00Z,90m", "-f", "login", "-v", "bob", "-s", "x.log", "fail*", "^ok"
    )

    # The last line belongs to the record before it, and goes with it.
    assert texts(tmp_path / "twsla.db") == [lines[0]]
    assert answer["facts"] | {"lines": 5, "records": 1, "filtered": 3, "outside": 1} == answer["facts"]


def test_the_time_range_knows_the_years_found_at_the_end(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("Dec 31 23:59:59 h a\nJan  1 00:00:01 h b\nJan  2 00:00:01 h c\n")
    moment = 1_704_240_000  # 2024-01-03
    os.utime(log, (moment, moment))

    run("import", "-t", "2023-12-31,2024-01-01 12:00", "x.log")

    assert texts(tmp_path / "twsla.db") == ["Dec 31 23:59:59 h a", "Jan  1 00:00:01 h b"]


def test_standard_input_and_several_sources(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("2024-05-06T00:00:00Z file\n")

    run("import", "-", "x.log", input=gzip.compress(b"2024-05-06T00:00:01Z pipe\n"))

    assert sorted(texts(tmp_path / "twsla.db")) == ["2024-05-06T00:00:00Z file", "2024-05-06T00:00:01Z pipe"]


def test_a_pattern_chooses_files_below_a_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d" / "deep").mkdir(parents=True)
    (tmp_path / "d" / "a.log").write_text("1\n")
    (tmp_path / "d" / "deep" / "b.log").write_text("2\n")
    (tmp_path / "d" / "c.txt").write_text("3\n")

    run("import", "d", "-p", "*.log")

    assert texts(tmp_path / "twsla.db") == ["1", "2"]


def test_no_time_stamps_means_undated_and_nothing_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("2024-05-06T00:00:00Z one\n at\n")

    run("import", "--noTS", "x.log")

    assert rows(tmp_path / "twsla.db", 'SELECT ts, text FROM r ORDER BY "offset"') == [
        (None, "2024-05-06T00:00:00Z one"),
        (None, " at"),
    ]


def test_bad_sources_are_told_and_the_others_imported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.log").write_text("2024-05-06T00:00:00Z good\n")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 64)
    (tmp_path / "folder").mkdir()

    done = run("import", "nosuch.log", "binary", "folder", "good.log")

    assert done.code == 3
    assert "nosuch.log" in done.err
    assert "no such file" in done.err
    assert "binary" in done.err
    assert "folder" in done.err
    assert texts(tmp_path / "twsla.db") == ["2024-05-06T00:00:00Z good"]
    assert run("import", "--strict", "nosuch.log", "good.log").code == 6


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nosuch.log"], 3, "nosuch.log: no such file"),
        ([], 2, "nothing to import"),
        (["-r", "a(b", "x.log"], 2, "a(b"),
        (["-t", "foo,1d", "x.log"], 2, "foo"),
        (["--nosuch", "x.log"], 2, "--nosuch"),
        (["--tz", "Mars/Olympus", "x.log"], 2, "Mars/Olympus"),
        (["--encoding", "nosuch", "x.log"], 2, "nosuch"),
        (["--mlStart", "a(b", "x.log"], 2, "a(b"),
        (["--year", "12", "x.log"], 2, "12"),
        (["--dmy", "--mdy", "x.log"], 2, "--dmy and --mdy"),
        (["--ts-format", "nosuch", "x.log"], 2, "nosuch"),
        (["-d", "x.log", "x.log"], 4, "x.log is a file"),
        (["-d", "/proc/nowhere", "x.log"], 4, "/proc/nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_writes_nothing(
    run: Run, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "x.log").write_text("2024-05-06T00:00:00Z x\n")

    done = run("import", *arguments)

    assert done.code == code, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.err.count("twsla: error:") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.log"]


def test_an_unreadable_file_is_told(run: Run, tmp_path: Path) -> None:
    if os.name == "nt" or not Path("/usr/bin/setpriv").exists():
        pytest.skip("needs setpriv to give up the right to read everything")
    (tmp_path / "x.log").write_text("x\n")
    (tmp_path / "y.log").write_text("y\n")
    (tmp_path / "y.log").chmod(0)
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    prefix = () if os.geteuid() else ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

    done = run("import", "x.log", "y.log", prefix=prefix, env={"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"})

    assert done.code == 3, done.err
    assert "y.log" in done.err
    assert texts(tmp_path / "twsla.db") == ["x"]


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
def test_a_killed_import_leaves_nothing_for_readers_and_the_next_one_is_whole(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "big.log"
    log.write_text("".join(f"2024-05-06T{i % 24:02}:00:00Z line {i}\n" for i in range(300_000)))
    store = tmp_path / "twsla.db"
    for wait in (0.15, 0.3, 0.45, 0.6):
        process = subprocess.Popen(
            [sys.executable, "-m", "twsla", "import", str(log)],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if store.exists() and not manifests(store):
            assert run("search", "--count", "line").text in {"0\n", ""}

    run("import", log)

    assert run("search", "--count", "line").text == "300000\n"
    assert rows(store, "SELECT count(*), count(DISTINCT line_no) FROM r") == [(300_000, 300_000)]
    assert not list(store.rglob("*.lock")) or [path.name for path in store.rglob("*.lock")] == [".commit.lock"]


def test_a_full_disk_leaves_the_store_as_it_was(run: Run, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        (tmp_path / "small.log").write_text("2024-05-06T00:00:00Z small\n")
        run("import", "-d", disk / "s", "small.log")
        before = snapshot(disk / "s")
        big = tmp_path / "big.log"
        big.write_text(
            "".join(f"2024-05-06T00:00:00Z {hashlib.sha256(b'%d' % i).hexdigest()}\n" for i in range(90_000))
        )

        done = run("import", "-d", disk / "s", "big.log")

        assert done.code == 4
        assert "No space left" in done.err
        assert snapshot(disk / "s") == before
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_import_searches_and_another_import_run_at_once(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.log").write_text("".join(f"2024-05-06T00:00:00Z {name} {i}\n" for i in range(100_000)))
    (tmp_path / "first.log").write_text("2024-05-06T00:00:00Z first\n")
    run("import", "first.log")

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "twsla", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    imports = [start("import", "a.log"), start("import", "b.log")]
    searches = [start("search", "--count", "first") for _ in range(4)]
    for process in [*imports, *searches]:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        if process in searches:
            assert out == b"1\n"

    assert run("search", "--count").text == "200001\n"


def test_two_imports_of_one_file_at_once_store_it_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("".join(f"2024-05-06T00:00:00Z {i}\n" for i in range(100_000)))
    command = [sys.executable, "-m", "twsla", "import", "a.log"]

    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err

    assert run("search", "--count").text == "100000\n"
