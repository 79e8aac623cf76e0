from __future__ import annotations

import gzip
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sources.collect import LOG, below, collect, read_pieces
from twsla.sources.base import Limits, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def test_a_file_keeps_its_name_size_time_and_path(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(LOG)
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))

    got = collect(path)

    (item,) = got.items
    assert (item.name, item.container, item.container_path, item.kind) == (str(path), str(path), path, "file")
    assert (item.size_bytes, item.mtime_ns, item.mtime_from) == (len(LOG), 1_700_000_000_123_456_789, "file")
    assert item.seekable_path == path
    assert not item.sequential
    assert got.content == {str(path): LOG}
    assert got.problems == []


def test_names_are_as_the_user_wrote_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    (tmp_path / "logs" / "deep" / "x").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)

    assert list(collect("logs").content) == ["logs/deep/x"]
    assert list(collect("./logs/").content) == ["./logs/deep/x"]


def test_a_directory_is_read_with_all_below_it_in_byte_order(tmp_path: Path) -> None:
    names = ["a", "a.d/x", "a/", "B", ".hidden", "b/c/d", "b!/y", "b-/z", "é", "z"]
    names.remove("a/")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())

    got = collect(tmp_path)

    assert list(below(tmp_path, got)) == sorted(names, key=os.fsencode)
    assert got.problems == []


def test_below_a_directory_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x").write_bytes(b"x")
    (tmp_path / "y").write_bytes(b"y")

    assert list(below(tmp_path, collect(tmp_path, recursive=False))) == ["y"]
    assert list(below(tmp_path, collect(tmp_path, exclude=["deep"]))) == ["y"]
    assert list(below(tmp_path, collect(tmp_path, exclude=["y"]))) == ["deep/x"]


def test_a_pattern_takes_by_base_name_or_by_path(tmp_path: Path) -> None:
    for name in ("a.log", "b.txt", "sub/c.log", "sub/deep/d.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    assert list(below(tmp_path, collect(tmp_path, pattern="*.log"))) == ["a.log", "sub/c.log", "sub/deep/d.log"]
    assert list(below(tmp_path, collect(tmp_path, pattern="sub/*.log"))) == ["sub/c.log"]


def test_a_file_named_by_the_user_is_taken_whatever_the_pattern(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"x")

    assert list(below(tmp_path, collect(tmp_path / "b.txt", pattern="*.log"))) == ["b.txt"]


def test_what_is_missing_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")

    got = collect(tmp_path / "nothing", "scp:host:/var/log", "a\0b", tmp_path / "a", tmp_path / "a" / "b")

    assert list(below(tmp_path, got)) == ["a"]
    assert [kind for _, kind in got.kinds()] == [
        ProblemKind.MISSING,
        ProblemKind.MISSING,
        ProblemKind.UNREADABLE,
        ProblemKind.MISSING,
    ]
    assert got.problems[0].sentence == "no such file or directory"
    assert "'scp:' is not a kind of source known here" in got.problems[1].sentence
    assert got.problems[2].source == "a\\x00b"


def test_a_directory_without_matching_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "empty").mkdir()

    assert collect(tmp_path / "empty").kinds() == [(str(tmp_path / "empty"), ProblemKind.EMPTY)]
    (problem,) = collect(tmp_path, pattern="*.log").problems
    assert (problem.kind, problem.sentence) == (ProblemKind.EMPTY, "no file in it matches '*.log'")


def test_an_empty_file_is_an_item(tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()

    got = collect(tmp_path / "a.log")

    assert list(got.content.values()) == [b""]
    assert got.items[0].size_bytes == 0
    assert got.problems == []


def test_a_file_reached_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to("a")

    got = collect(tmp_path / "c", tmp_path, tmp_path / "a")

    assert list(below(tmp_path, got)) == ["c"]
    assert got.kinds() == [(str(tmp_path / name), ProblemKind.DUPLICATE) for name in ("a", "b", "c", "a")]
    assert not any(problem.loses_data for problem in got.problems)


def test_links_are_followed_to_files_only(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "loop").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"x")
    (top / "file").symlink_to(tmp_path / "outside")
    (top / "loop" / "back").symlink_to(top)
    (top / "self").symlink_to("self")
    (top / "nothing").symlink_to("no-such-file")

    got = collect(top)

    assert list(below(top, got)) == ["file"]
    assert {source.removeprefix(f"{top}/"): kind for source, kind in got.kinds()} == {
        "loop/back": ProblemKind.SKIPPED,
        "nothing": ProblemKind.MISSING,
        "self": ProblemKind.MISSING,
    }


def test_files_elsewhere_can_be_left_out_links_followed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / "inside").write_bytes(b"in")
    (top / "also").symlink_to("inside")
    (tmp_path / "outside").write_bytes(b"out")
    (tmp_path / "topping").write_bytes(b"out")
    (top / "link").symlink_to(tmp_path / "outside")

    got = collect(top, str(top / ".." / "outside"), tmp_path / "topping", within=(top,))

    assert set(got.content.values()) == {b"in"}
    assert [source for source, kind in got.kinds() if kind is ProblemKind.SKIPPED] == [
        str(top / "link"),
        str(top / ".." / "outside"),
        str(tmp_path / "topping"),
    ]


def test_special_files_in_a_directory_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket")
    Path("x").write_bytes(b"x")

    got = collect(".")
    server.close()

    assert list(got.content) == ["./x"]
    assert got.kinds() == [("./fifo", ProblemKind.SKIPPED), ("./socket", ProblemKind.SKIPPED)]
    assert collect("socket").kinds() == [("socket", ProblemKind.UNSUPPORTED)]


@pytest.mark.parametrize("data", [LOG, gzip.compress(LOG)], ids=["plain", "gzip"])
def test_a_named_pipe_is_read_as_a_stream(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "pipe.gz"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()

    got = collect(path)
    writer.join()

    assert list(got.content.values()) == [LOG]
    (item,) = got.items
    assert (item.kind, item.sequential, item.container, item.size_bytes) == ("stream", True, None, None)


@pytest.mark.parametrize("data", [b"", b"x", LOG, gzip.compress(LOG)], ids=["empty", "byte", "plain", "gzip"])
def test_standard_input_is_a_stream_and_read_once(data: bytes) -> None:
    got = collect("-", "-", stdin=data)

    expected = LOG if data[:2] == b"\x1f\x8b" else data
    assert got.content == {"-": expected}
    assert got.kinds() == [("-", ProblemKind.DUPLICATE)]


def test_names_that_are_no_utf8_are_shown_escaped(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m.log"
    try:
        Path(os.fsdecode(name)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")

    got = collect(tmp_path)

    assert below(tmp_path, got) == {"caf\\xe9\\x1b[31m.log": b"x"}
    assert got.items[0].seekable_path == Path(os.fsdecode(name))


def test_a_file_that_vanishes_is_told_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (item,) = collect(tmp_path / "a", read=False).items
    (tmp_path / "a").unlink()

    data, error = read_pieces(item)

    assert data == b""
    assert error is not None
    assert error.kind is ProblemKind.MISSING
    assert "no such file" in str(error)


def test_an_item_can_be_opened_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(LOG))
    (item,) = collect(tmp_path / "a.gz").items

    assert read_pieces(item, 1000) == (LOG, None)
    assert read_pieces(item, 10_000_000) == (LOG, None)


AS_NOBODY = """
import io, sys
from twsla.sources.files import expand
problems = []
for item in expand(sys.argv[1:], on_problem=problems.append, stdin=io.BytesIO()):
    print("item", item.name)
for problem in problems:
    print(problem.source, problem.kind, problem.sentence)
"""


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that other users can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_what_may_not_be_read_is_told_and_the_rest_goes_on(open_directory: Path) -> None:
    top = open_directory
    (top / "closed").mkdir()
    for name in ("closed/x", "open", "secret"):
        (top / name).write_bytes(b"x")
    (top / "secret").chmod(0)
    (top / "closed").chmod(0)
    command = [sys.executable, "-c", AS_NOBODY, str(top)]
    if os.geteuid() == 0:
        if not (setpriv := shutil.which("setpriv")):
            pytest.skip("root may read everything, and there is no setpriv to be somebody else")
        command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", *command]

    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={"PYTHONPATH": str(ROOT)}, check=False)
    (top / "closed").chmod(0o700)
    if "ModuleNotFoundError" in done.stderr or "PermissionError" in done.stderr:
        pytest.skip("the program itself cannot be read by another user here")

    assert done.stdout.splitlines() == [
        f"item {top}/open",
        f"{top}/closed unreadable the directory cannot be listed: permission denied",
        f"{top}/secret unreadable permission denied",
    ]


def test_limits_have_sensible_defaults() -> None:
    assert Limits() == Limits(5, 1_000_000, 1000, 100 << 20, None, 256 << 20)
