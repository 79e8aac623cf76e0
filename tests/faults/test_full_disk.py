"""No room: one sentence, exit code 4, the store as it was; with room again, an import gives what it gives elsewhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.faults.stores import Record, dead_files, records, run_to_end, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Finished, Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits of Unix")

KIB = 1024


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``small.log``, ``big.log`` (1 MB that does not pack well), and ``many`` files for processes."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "small.log").write_text("2024-05-06T00:00:00Z small\nundated\n")
    lines = [f"2024-05-06T00:00:00Z {hashlib.sha256(b'%d' % i).hexdigest()}\n" for i in range(15_000)]
    (folder / "big.log").write_text("".join(lines))
    (folder / "many").mkdir()
    for number in range(9):
        (folder / "many" / f"{number}.log").write_text("".join(lines[number * 1500 : (number + 1) * 1500]))
    return folder


@pytest.fixture(scope="module")
def expected(logs: Path) -> dict[str, list[Record]]:
    """What imports give where there is room: of ``small.log`` alone, and with others after it."""
    assert run_to_end("import", "-d", "small.db", "small.log", cwd=logs).code == 0
    found = {"": records(logs / "small.db")}
    for source in ("big.log", "many"):
        run_to_end("import", "-d", f"{source}.db", "small.log", cwd=logs)
        run_to_end("import", "-d", f"{source}.db", source, cwd=logs)
        found[source] = records(logs / f"{source}.db")
    return found


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, *, leave: int) -> Path:
    """Use up all of a disk but for so many bytes (in whole pages)."""
    filler = disk / "filler"
    status = os.statvfs(disk)
    filler.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - leave)))
    return filler


def check_refused(done: Finished, store: Path, reason: str) -> None:
    assert done.code == 4, done.err
    first, hint = done.err.splitlines()[-2:]
    assert first == f"twsla: error: the store {store} cannot be written: {reason}"
    assert hint == "hint: nothing was added to it"
    assert done.err.count("twsla: error:") == 1
    assert "Traceback" not in done.err
    assert done.out == b""


def without_gate(files: dict[str, str]) -> dict[str, str]:
    """The lock that commits take turns with stays, empty, once it was made."""
    return {name: sha256 for name, sha256 in files.items() if name != "imports/.commit.lock"}


@pytest.mark.parametrize(
    ("source", "leave"),
    [("big.log", 0), ("big.log", 4 * KIB), ("big.log", 200 * KIB), ("many", 8 * KIB), ("many", 200 * KIB)],
)
def test_a_full_disk(
    run: Run, logs: Path, expected: dict[str, list[Record]], disk: Path, source: str, leave: int
) -> None:
    store = disk / "s"
    run("import", "-d", store, "small.log", cwd=logs)
    before = snapshot(store)
    filler = fill(disk, leave=leave)

    done = run("import", "-d", store, source, cwd=logs)
    after = snapshot(store)
    verified = run("verify", "-d", store, cwd=logs)
    searched = run("search", "-d", store, "--count", cwd=logs)

    check_refused(done, store, "No space left on device")
    assert without_gate(after) == without_gate(before)
    assert (verified.code, searched.text) == (0, "1\n")
    filler.unlink()
    if source == "big.log":
        again = run("import", "-d", store, source, cwd=logs)
        assert again.code == 0, again.err
        assert records(store) == expected[source]
        assert dead_files(store) == []


@pytest.mark.parametrize("leave", [0, 8 * KIB])
def test_a_disk_without_room_for_a_new_store(
    run: Run, logs: Path, expected: dict[str, list[Record]], disk: Path, leave: int
) -> None:
    filler = fill(disk, leave=leave)

    done = run("import", "-d", disk / "s", "big.log", cwd=logs)
    missing = run("search", "-d", disk / "s", "x", cwd=logs)
    filler.unlink()
    again = run("import", "-d", disk / "s", "small.log", cwd=logs)

    check_refused(done, disk / "s", "No space left on device")
    assert missing.code in (0, 4)
    assert again.code == 0, again.err
    assert records(disk / "s") == expected[""]


@pytest.mark.parametrize("source", ["big.log", "many"])
@pytest.mark.parametrize("most", [0, 100, 20 * KIB])
def test_a_limit_on_the_size_of_files(
    logs: Path, expected: dict[str, list[Record]], tmp_path: Path, source: str, most: int
) -> None:
    import resource

    store = tmp_path / "s"
    run_to_end("import", "-d", store, "small.log", cwd=logs)
    before = snapshot(store)

    done = run_to_end(
        *("import", "-d", store, source),
        cwd=logs,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    after = snapshot(store)
    again = run_to_end("import", "-d", store, source, cwd=logs)

    check_refused(done, store, "File too large")
    assert without_gate(after) == without_gate(before)
    assert again.code == 0, again.err
    assert records(store) == expected[source]
    assert dead_files(store) == []
    assert run_to_end("verify", "-d", store, cwd=logs).code == 0


@pytest.mark.parametrize("most", [0, 100])
def test_a_limit_that_leaves_no_store_can_be_lifted(logs: Path, tmp_path: Path, most: int) -> None:
    import resource

    store = tmp_path / "s"
    done = run_to_end(
        *("import", "-d", store, "small.log"),
        cwd=logs,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    again = run_to_end("import", "-d", store, "small.log", cwd=logs)

    check_refused(done, store, "File too large")
    assert again.code == 0, again.err
    assert dead_files(store) == []


def test_an_export_without_room_leaves_the_file_that_was_there(run: Run, logs: Path, disk: Path) -> None:
    run("import", "-d", disk / "s", "small.log", cwd=logs)
    run("import", "-d", logs / "full.db", "big.log", cwd=logs)
    target = disk / "out.csv"
    target.write_text("what was there\n")
    filler = fill(disk, leave=100 * KIB)

    done = run("search", "-d", logs / "full.db", "-o", target, "--force", cwd=logs)

    assert (done.code, done.out) == (1, b"")
    assert f"cannot write {target}: no space left on device" in done.err
    assert done.err.count("twsla: error:") == 1
    assert target.read_text() == "what was there\n"
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "out.csv", "s"]
    assert filler.exists()


def test_a_read_only_store_can_be_searched_and_says_so_to_an_import(
    run: Run, logs: Path, disk: Path, expected: dict[str, list[Record]]
) -> None:
    run("import", "-d", disk / "s", "small.log", cwd=logs)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    searched = run("search", "-d", disk / "s", "--count", cwd=logs)
    verified = run("verify", "-d", disk / "s", cwd=logs)
    done = run("import", "-d", disk / "s", "big.log", cwd=logs)
    same = run("import", "-d", disk / "s", "small.log", cwd=logs)

    assert (searched.text, verified.code, same.code) == ("1\n", 0, 0)
    check_refused(done, disk / "s", "Read-only file system")
    assert records(disk / "s") == expected[""]
    assert sys.platform != "win32"


def test_many_files_are_imported_where_no_process_can_be_started(
    logs: Path, expected: dict[str, list[Record]], tmp_path: Path
) -> None:
    """A container without room for semaphores."""
    code = (
        "import multiprocessing.synchronize as s, os, sys\n"
        "def none(*_, **__): raise OSError(28, 'No space left on device')\n"
        "s.SemLock.__init__ = none\n"
        "sys.path.insert(0, os.environ['PYTHONPATH'])\n"
        "from twsla.cli.main import entry\n"
        "entry()\n"
    )
    run_to_end("import", "-d", tmp_path / "s", "small.log", cwd=logs)

    done = subprocess.run(
        [sys.executable, "-c", code, "import", "-d", str(tmp_path / "s"), "many"],
        cwd=logs,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert records(tmp_path / "s") == expected["many"]
