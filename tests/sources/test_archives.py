"""Archives in archives, and what hostile ones may not do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import py7zr
import pytest

from tests.sources.collect import LOG, Got, collect
from twsla.sources.base import Limits, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def tarred(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        header = tarfile.TarInfo(name)
        header.size = len(data)
        archive.addfile(header, io.BytesIO(data))
    return file.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def stored(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def sevened(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        archive.writestr(data, name)
    return file.getvalue()


ARCHIVES: dict[str, Callable[[str, bytes], bytes]] = {"tar": tarred, "zip": zipped, "stored": stored, "7z": sevened}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


def names(base: Path, got: Got) -> list[str]:
    return [name.removeprefix(f"{base}/") for name in got.content]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("inner", ARCHIVES)
@pytest.mark.parametrize("outer", ARCHIVES)
def test_any_archive_in_any_other(tmp_path: Path, outer: str, inner: str, compression: str) -> None:
    data = ARCHIVES[inner]("var/log/x.log", LOG)
    data = ARCHIVES[outer](f"in.{inner}{compression}", COMPRESSIONS[compression](data))
    (tmp_path / "out").write_bytes(COMPRESSIONS[compression](data))

    got = collect(tmp_path)

    assert names(tmp_path, got) == [f"out!in.{inner}{compression}!var/log/x.log"]
    assert list(got.content.values()) == [LOG]
    assert got.problems == []
    assert got.items[0].container_path == tmp_path / "out"


@pytest.mark.parametrize("outer", ARCHIVES)
def test_an_archive_from_standard_input(outer: str) -> None:
    got = collect("-", stdin=ARCHIVES[outer]("x.log.gz", gzip.compress(LOG, mtime=5)))

    assert got.content == {"-!x.log.gz": LOG}
    (item,) = got.items
    assert (item.kind, item.container, item.container_path, item.mtime_ns) == ("member", None, None, 5 * 10**9)


def packed_often(times: int, wrappers: Sequence[Callable[[str, bytes], bytes]]) -> bytes:
    data = b"the core\n"
    for index in range(times):
        data = wrappers[index % len(wrappers)](f"{index}", data)
    return data


@pytest.mark.parametrize("wrapper", ARCHIVES.values(), ids=ARCHIVES)
def test_archives_are_opened_five_deep_and_no_deeper(tmp_path: Path, wrapper: Callable[[str, bytes], bytes]) -> None:
    (tmp_path / "five").write_bytes(packed_often(5, [wrapper]))
    (tmp_path / "six").write_bytes(packed_often(6, [wrapper]))

    got = collect(tmp_path)

    assert names(tmp_path, got) == ["five!4!3!2!1!0"]
    assert list(got.content.values()) == [b"the core\n"]
    assert got.kinds() == [(f"{tmp_path}/six!5!4!3!2!1", ProblemKind.LIMIT)]
    assert got.problems[0].sentence == "is packed in more than 5 archives and compressions; unpack it first"


def test_a_compressed_tar_is_one_layer(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(packed_often(5, [lambda name, data: gzip.compress(tarred(name, data))]))

    assert list(collect(tmp_path).content.values()) == [b"the core\n"]


def test_a_pattern_looks_into_archives(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped("var/log/secure.1", LOG))
    (tmp_path / "b.zip").write_bytes(zipped("var/log/other", LOG))
    (tmp_path / "c.txt").write_bytes(LOG)
    (tmp_path / "secure.zip").write_bytes(zipped("x", LOG))
    (tmp_path / "secure.gz").write_bytes(gzip.compress(LOG))
    (tmp_path / "d.tar").write_bytes(tarred("e.zip", zipped("log/secure.2", LOG)))

    assert names(tmp_path, collect(tmp_path, pattern="secure*")) == [
        "a.zip!var/log/secure.1",
        "d.tar!e.zip!log/secure.2",
        "secure.gz",
        "secure.zip!x",
    ]
    assert names(tmp_path, collect(tmp_path, pattern="var/log/*")) == ["a.zip!var/log/secure.1", "b.zip!var/log/other"]
    assert names(tmp_path, collect(tmp_path / "secure.zip", pattern="secure*")) == []
    assert names(tmp_path, collect(tmp_path, exclude=["*.zip", "c.txt"])) == ["secure.gz"]
    assert names(tmp_path, collect(tmp_path, exclude=["log"])) == ["c.txt", "secure.gz", "secure.zip!x"]


def test_problems_of_members_that_nobody_wants_are_not_told(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("a.log", "b.txt"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "x"
            archive.addfile(link)
    (tmp_path / "a.tar").write_bytes(file.getvalue())

    assert collect(tmp_path / "a.tar", pattern="*.log").kinds() == [(f"{tmp_path}/a.tar!a.log", ProblemKind.SKIPPED)]


@pytest.mark.parametrize("kind", ["zip", "7z"])
def test_an_inner_archive_too_large_for_memory_is_told(tmp_path: Path, kind: str) -> None:
    inner = ARCHIVES[kind]("x", os.urandom(500_000))
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(tarred("big", inner)))
    (tmp_path / "b.gz").write_bytes(gzip.compress(inner))

    got = collect(tmp_path, limits=Limits(memory_bytes=400_000))

    assert got.content == {}
    assert [kind for _, kind in got.kinds()] == [ProblemKind.LIMIT, ProblemKind.LIMIT]
    assert f"of {len(inner):,} bytes needs more than the 400,000 bytes allowed" in got.problems[0].sentence


def test_memory_is_counted_over_all_that_is_open(tmp_path: Path) -> None:
    data = zipped("b", zipped("a", os.urandom(500_000)))
    (tmp_path / "a.gz").write_bytes(gzip.compress(data))

    assert collect(tmp_path, limits=Limits(memory_bytes=900_000)).kinds()[0][1] is ProblemKind.LIMIT
    assert len(collect(tmp_path, limits=Limits(memory_bytes=1_100_000)).content) == 1


def test_a_truncated_outer_stream_gives_what_its_inner_zip_still_holds(tmp_path: Path) -> None:
    noise = os.urandom(200_000)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first", LOG)
        archive.writestr("second", noise)
        archive.writestr("third", LOG)
    whole = gzip.compress(file.getvalue())
    (tmp_path / "a.zip.gz").write_bytes(whole[: len(whole) // 2])

    got = collect(tmp_path)

    assert names(tmp_path, got) == ["a.zip.gz!first", "a.zip.gz!second"]
    first, second = got.content.values()
    assert first == LOG
    assert noise.startswith(second)
    assert "ends too early" in got.problems[0].sentence
    assert list(got.errors) == [f"{tmp_path}/a.zip.gz!second"]


def test_nested_bombs_are_counted_together(tmp_path: Path) -> None:
    bomb = gzip.compress(gzip.compress(bytes(100_000_000)))
    assert len(bomb) < 10_000
    (tmp_path / "a").write_bytes(bomb)

    got = collect(tmp_path, limits=Limits(ratio_floor_bytes=1_000_000))

    assert sum(map(len, got.content.values())) < 1000 * len(bomb) + 2_000_000
    assert [error.kind for error in got.errors.values()] == [ProblemKind.LIMIT]


def test_nothing_is_written_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("TMPDIR", str(work))
    for name in ("../up", "/tmp/absolute-from-twsla-test", "..\\..\\up"):
        for suffix, wrapper in ARCHIVES.items():
            if suffix != "7z":
                (tmp_path / f"a.{suffix}").write_bytes(wrapper(name, LOG))
        assert len(collect(*[tmp_path / f"a.{suffix}" for suffix in ARCHIVES if suffix != "7z"]).content) == 3

    assert list(work.iterdir()) == []
    assert not (tmp_path / "up").exists()
    assert not Path("/tmp/absolute-from-twsla-test").exists()
