"""What cannot be read, or is left out by rule, is told, the rest is imported; ``--strict`` answers 6 for each of it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.stores import import_here, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Run

unix = pytest.mark.skipif(os.name == "nt", reason="files of Unix")
GOOD = b"2024-05-06T00:00:00Z good\n"


def texts(store: Path) -> list[str]:
    return sorted(record[5] for record in records(store))


@unix
def test_a_tree_with_everything_that_is_no_log_in_it(run: Run, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "good.log").write_bytes(GOOD)
    (tree / "deep" / "last.log").write_bytes(b"2024-05-06T00:00:01Z deep\n")
    (tree / "dangling").symlink_to("nowhere")
    (tree / "loop").symlink_to("loop")
    (tree / "null").symlink_to("/dev/null")
    (tree / "up").symlink_to("..")
    (tree / "same").symlink_to("good.log")
    (tree / "empty").mkdir()
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        # A socket's path may have 108 bytes only.
        listener.bind(os.path.relpath(tree / "socket")) if len(str(tree)) > 90 else listener.bind(str(tree / "socket"))

        done = run("import", "tree")
        strict = run("import", "-d", "strict.db", "--strict", "tree")

    assert (done.code, strict.code) == (3, 6), done.err
    for name, told in {
        "dangling": "is a link to nothing",
        "loop": "too many levels of symbolic links",
        "null": "is a device",
        "up": "is a link to a directory, which is not followed",
        "same": "is the same file as tree/good.log",
        "pipe": "is a named pipe",
        "socket": "is a socket",
    }.items():
        assert f"twsla: note: tree/{name}: {told}" in done.err, done.err
    assert "Traceback" not in done.err
    assert texts(tmp_path / "twsla.db") == ["2024-05-06T00:00:00Z good", "2024-05-06T00:00:01Z deep"]


def test_a_store_among_the_logs_is_no_log(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(GOOD)
    run("import", ".")
    (tmp_path / "y.log").write_bytes(GOOD.replace(b"good", b"more"))

    again = run("import", ".")
    named = run("-d", "other.db", "import", "twsla.db", "y.log")

    told = "twsla.db: is a store of twsla, not logs: it is left out"
    assert (again.code, f"note: ./{told}" in again.err) == (0, True)
    assert texts(tmp_path / "twsla.db") == ["2024-05-06T00:00:00Z good", "2024-05-06T00:00:00Z more"]
    assert (named.code, told in named.err) == (3, True)
    assert texts(tmp_path / "other.db") == ["2024-05-06T00:00:00Z more"]


@unix
def test_a_tree_that_may_not_be_read_everywhere(run: Run, tmp_path: Path) -> None:
    if os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists():
        pytest.skip("runs as root, who may read everything, and has no setpriv to become someone else")
    tree = tmp_path / "tree"
    for name in ("open", "locked", "listed"):
        (tree / name).mkdir(parents=True)
        (tree / name / "x.log").write_bytes(GOOD.replace(b"good", name.encode()))
    (tree / "secret.log").write_bytes(b"secret\n")
    (tree / "secret.log").chmod(0)
    (tree / "locked").chmod(0)
    (tree / "listed").chmod(0o444)
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o055)
    prefix = () if os.geteuid() else ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    env = {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    done = run("import", "tree", prefix=prefix, env=env)
    strict = run("import", "-d", "strict.db", "--strict", "tree", prefix=prefix, env=env)
    for name in ("locked", "listed"):
        (tree / name).chmod(0o755)

    assert (done.code, strict.code) == (3, 6), done.err
    assert "tree/secret.log: permission denied" in done.err
    assert "tree/locked: the directory cannot be listed: permission denied" in done.err
    assert "tree/listed/x.log: permission denied" in done.err
    assert texts(tmp_path / "twsla.db") == ["2024-05-06T00:00:00Z open"]


@unix
def test_a_device_in_a_tree(run: Run, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good.log").write_bytes(GOOD)
    try:
        os.mknod(tree / "zero", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")

    done = run("import", "tree")

    assert (done.code, "tree/zero: is a device" in done.err) == (0, True)
    assert texts(tmp_path / "twsla.db") == ["2024-05-06T00:00:00Z good"]


def damaged_gzip(path: Path) -> None:
    data = bytearray(gzip.compress(GOOD * 50_000))
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def cut_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(b"".join(b"%d %s" % (i, GOOD) for i in range(20_000)))[:-5000])


def damaged_member(path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.log", GOOD)
        archive.writestr("b.log", b"2024-05-06T00:00:09Z will be changed\n")
    path.write_bytes(packed.getvalue().replace(b"will be changed", b"WILL be changed", 1))


def cut_tar(path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("a.log", "b.log"):
            member = tarfile.TarInfo(name)
            member.size = len(GOOD) * 100
            archive.addfile(member, io.BytesIO(GOOD * 100))
    path.write_bytes(packed.getvalue()[:4000])


def encrypted(path: Path) -> None:
    pyzipper = pytest.importorskip("pyzipper")

    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"secret")
        archive.writestr("a.log", GOOD)


def too_deep(path: Path) -> None:
    data = GOOD
    for _ in range(7):
        data = gzip.compress(data)
    path.write_bytes(data)


def no_text(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def unknown_packing(path: Path) -> None:
    path.write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(100))


def linked_member(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("a.log")
        member.size = len(GOOD)
        archive.addfile(member, io.BytesIO(GOOD))
        link = tarfile.TarInfo("link.log")
        link.type, link.linkname = tarfile.SYMTYPE, "a.log"
        archive.addfile(link)


@pytest.mark.parametrize(
    ("make", "plain_code"),
    [
        (None, 3),
        (damaged_gzip, 3),
        (cut_gzip, 3),
        (damaged_member, 3),
        (cut_tar, 3),
        (encrypted, 3),
        (too_deep, 3),
        (no_text, 3),
        (unknown_packing, 3),
        (linked_member, 0),
    ],
)
def test_strict_answers_6_for_whatever_was_left_out(
    run: Run, tmp_path: Path, make: Callable[[Path], None] | None, plain_code: int
) -> None:
    (tmp_path / "good.log").write_bytes(b"2024-05-07T00:00:00Z kept\n")
    if make is not None:
        make(tmp_path / "bad")

    plain = run("import", "-d", "plain.db", "good.log", "bad")
    strict = run("import", "-d", "strict.db", "--strict", "good.log", "bad")
    alone = run("import", "-d", "alone.db", "--strict", "bad")

    assert (plain.code, strict.code, alone.code) == (plain_code, 6, 6), strict.err
    for done in (plain, strict, alone):
        assert "bad" in done.err
        assert "Traceback" not in done.err
    assert "2024-05-07T00:00:00Z kept" in texts(tmp_path / "plain.db")
    assert texts(tmp_path / "plain.db") == texts(tmp_path / "strict.db")


def test_a_sentence_tells_what_a_file_that_is_no_text_is(run: Run, tmp_path: Path) -> None:
    no_text(tmp_path / "bad")

    done = run("import", "bad")

    assert (done.code, done.err.splitlines()[0]) == (
        3,
        "twsla: error: bad: is no text in any encoding (--input-format text reads it all the same)",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["-s", "x.log", "nothing like it"],
        ["-v", "good", "x.log"],
        ["-t", "2020-01-01,1d", "x.log"],
        ["-p", "*.log", "."],
        ["--exclude", "b*", "."],
        ["x.log", "x.log"],
        ["lossy.log"],
    ],
)
def test_strict_does_not_mind_what_the_user_left_out(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    """Nor bytes that are no text: they are kept."""
    (tmp_path / "x.log").write_bytes(GOOD + b"2024-05-06T00:00:01Z more\n")
    (tmp_path / "lossy.log").write_bytes(GOOD + b"\xff\xfe lossy\n")
    if "." in arguments:
        no_text(tmp_path / "bad")
        arguments = [str(tmp_path) if each == "." else each for each in arguments]

    done = run("import", "-d", tmp_path.parent / f"{tmp_path.name}.db", "--strict", *arguments)

    assert done.code == 0, done.err


def test_strict_minds_lines_that_an_earlier_import_left_out(run: Run, tmp_path: Path) -> None:
    """The file is known, read with other options then: it is not read again, its other lines are not in the store."""
    (tmp_path / "x.log").write_bytes(GOOD + b"2024-05-06T00:00:01Z more\n")
    run("import", "-s", "x.log", "more")

    done = run("import", "--strict", "x.log")

    assert (done.code, "imported with other options" in done.err) == (6, True)
    assert run("import", "--strict", "--again", "x.log").code == 0


@pytest.mark.parametrize("lines", [3, 3000, 60_000])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_every_byte_before_the_damage_is_kept(tmp_path: Path, lines: int, share: float) -> None:
    """As zlib itself gives them, whether they are few or many blocks."""
    data = "".join(f"2024-05-06T00:00:00Z {hashlib.md5(b'%d' % i).hexdigest()}\n" for i in range(lines)).encode()
    packed = gzip.compress(data)
    there = packed[: int(share * len(packed))]
    readable = zlib.decompressobj(31).decompress(there)
    (tmp_path / "x.log.gz").write_bytes(there)

    outcome = import_here(tmp_path / "s", tmp_path / "x.log.gz")

    (problem,) = outcome.problems
    assert (problem.loses_data, "ends too early" in problem.sentence) == (True, True)
    if readable:
        (entry,) = outcome.entries
        assert (entry.bytes, entry.sha256) == (len(readable), hashlib.sha256(readable).hexdigest())
        kept = [record[5] for record in sorted(records(tmp_path / "s"), key=lambda record: record[4])]
        assert kept == readable.decode().splitlines()
