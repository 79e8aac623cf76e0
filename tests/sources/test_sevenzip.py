"""Archives are made by py7zr's own writer, whose compressors are those of other projects; contents are those packed."""

from __future__ import annotations

import io
import lzma
import os
import random
from typing import TYPE_CHECKING, Any

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.collect import LOG, Got, collect, read_pieces
from twsla.sources.base import Limits, ProblemKind

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = {"var/log/secure": LOG, "empty": b"", "b.log": LOG[:5000], "c": b"c"}
CHAINS: dict[str, list[dict[str, Any]]] = {
    "copy": [{"id": py7zr.FILTER_COPY}],
    "lzma": [{"id": py7zr.FILTER_LZMA, "preset": 1}],
    "lzma2": [{"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "bcj+lzma": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA, "preset": 1}],
    "bcj+lzma2": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "arm+lzma2": [{"id": py7zr.FILTER_ARM}, {"id": py7zr.FILTER_LZMA2, "preset": 1}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "zstd": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
    "aes": [{"id": py7zr.FILTER_LZMA2, "preset": 1}, {"id": py7zr.FILTER_CRYPTO_AES256_SHA256}],
}


def made(members: dict[str, bytes], chain: str = "lzma2", **options: Any) -> bytes:
    """A 7z archive with all members in one block."""
    file = io.BytesIO()
    password = "secret" if chain == "aes" else None
    with py7zr.SevenZipFile(file, "w", filters=CHAINS[chain], password=password, **options) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return file.getvalue()


def several_blocks(members: dict[str, bytes]) -> bytes:
    """A 7z archive with a block for each member."""
    file = io.BytesIO()
    for mode, (name, data) in zip("w" + "a" * len(members), members.items(), strict=False):
        file.seek(0)
        with py7zr.SevenZipFile(file, mode, filters=CHAINS["lzma2"]) as archive:
            archive.writestr(data, name)
    return file.getvalue()


ONE_BLOCK = made(MEMBERS)


def inside(got: Got) -> dict[str, bytes]:
    """Content by the name in the archive."""
    return {name.partition("!")[2]: data for name, data in got.content.items()}


@pytest.mark.parametrize("chain", CHAINS)
def test_all_chains_of_coders(tmp_path: Path, chain: str) -> None:
    path = tmp_path / "a.7z"
    path.write_bytes(made(MEMBERS, chain))

    got = collect(path, password="secret")

    assert inside(got) == MEMBERS
    assert got.problems == []
    for item in got.items:
        assert (item.kind, item.container, item.container_path) == ("member", str(path), path)
        assert item.size_bytes == len(got.content[item.name])
        assert item.mtime_from == "member"


def test_times_links_and_directories(tmp_path: Path) -> None:
    (tmp_path / "t" / "d").mkdir(parents=True)
    (tmp_path / "t" / "d" / "x.log").write_bytes(LOG)
    (tmp_path / "t" / "link").symlink_to("d/x.log")
    os.utime(tmp_path / "t" / "d" / "x.log", (1_600_000_001, 1_600_000_001))
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w") as archive:
        archive.writeall(tmp_path / "t", "t")

    got = collect(tmp_path / "a.7z")

    assert inside(got) == {"t/d/x.log": LOG}
    assert got.items[0].mtime_ns == 1_600_000_001 * 10**9
    assert got.kinds() == [(f"{tmp_path}/a.7z!t/link", ProblemKind.SKIPPED)]


def test_members_with_a_block_of_their_own_can_be_read_in_any_order(tmp_path: Path) -> None:
    members = {"a": LOG, "b": LOG[:9000], "c": b"c"}
    (tmp_path / "a.7z").write_bytes(several_blocks(members))

    items = collect(tmp_path, read=False).items

    assert len(items) == 3
    for item in reversed(items):
        assert not item.sequential
        assert read_pieces(item, 1000) == (members[item.name.partition("!")[2]], None)
        assert read_pieces(item) == (members[item.name.partition("!")[2]], None)


def test_members_of_one_block_are_read_in_their_turn(tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(made({"a.txt": LOG, "b.log": LOG[:9000], "c.txt": b"c"}))

    assert inside(collect(tmp_path / "a.7z", pattern="*.log")) == {"b.log": LOG[:9000]}
    late = collect(tmp_path / "a.7z", read=False).items[0]
    assert late.sequential
    _, error = read_pieces(late)
    assert error is not None
    assert error.kind is ProblemKind.UNREADABLE


@pytest.mark.parametrize("header_encryption", [False, True])
def test_an_encrypted_archive_asks_for_its_password(tmp_path: Path, header_encryption: bool) -> None:
    path = tmp_path / "a.7z"
    path.write_bytes(made({"a": LOG, "b": b"b"}, "aes", header_encryption=header_encryption))

    without, wrong = collect(path), collect(path, password="no")

    assert inside(collect(path, password="secret")) == {"a": LOG, "b": b"b"}
    assert {problem.kind for problem in without.problems} == {ProblemKind.ENCRYPTED}
    assert all("--password" in problem.sentence for problem in without.problems)
    assert LOG not in wrong.content.values()
    assert wrong.problems or wrong.errors


def test_damage_in_one_block_leaves_the_others_alone(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(50_000)
    data = bytearray(several_blocks({"a": LOG, "b": noise, "c": LOG[:7000]}))
    middle = data.index(noise[20_000:20_016])
    data[middle : middle + 2000] = b"\xff" * 2000
    (tmp_path / "a.7z").write_bytes(data)

    got = collect(tmp_path / "a.7z")

    assert inside(got)["a"] == LOG
    assert inside(got)["c"] == LOG[:7000]
    assert inside(got)["b"][:20_000] == noise[:20_000]
    assert list(got.errors) == [f"{tmp_path}/a.7z!b"]


def test_all_before_a_damage_in_a_block_is_read_and_all_after_it_is_told(tmp_path: Path) -> None:
    noise = random.Random(2).randbytes(700_000)
    data = bytearray(made({"a": noise[:400_000], "b": noise[400_000:], "c": LOG, "d": b"d"}, "zstd"))
    # RFC 8878: noise is kept in raw blocks of 128 KiB behind a header of 3 bytes; block type 3 is not allowed.
    block = 4 * (128 << 10)
    start = data.index(noise[block : block + 16])
    data[start - 3] |= 0b110
    path = tmp_path / "a.7z"
    path.write_bytes(data)

    got = collect(path)

    assert inside(got) == {"a": noise[:400_000], "b": noise[400_000:block]}
    assert list(got.errors) == [f"{path}!b"]
    assert got.kinds() == [(f"{path}!c", ProblemKind.DAMAGED), (f"{path}!d", ProblemKind.DAMAGED)]
    assert "its block is broken before it" in got.problems[-1].sentence


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_truncated_archive_is_told(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    archive = ONE_BLOCK
    path = tmp_path_factory.mktemp("t") / "a.7z"
    path.write_bytes(archive[: data.draw(st.integers(6, len(archive) - 1))])

    got = collect(path)

    assert got.content == {}
    assert got.kinds() == [(str(path), ProblemKind.DAMAGED)]


@given(st.integers(0, 10**9), st.integers(1, 255), st.sampled_from(["copy", "lzma", "lzma2", "deflate"]))
@settings(max_examples=100, deadline=None)
def test_a_flipped_byte_anywhere_is_told_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int, chain: str
) -> None:
    members = {"a": LOG[:600], "b/c": b"b" * 500}
    data = bytearray(made(members, chain))
    data[6 + position % (len(data) - 6)] ^= flip
    path = tmp_path_factory.mktemp("t") / "a.7z"
    path.write_bytes(data)

    got = collect(path)

    assert inside(got) == members or got.problems or got.errors


def test_an_empty_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\0\4" + bytes.fromhex("8d9bd50f") + bytes(20))

    assert [problem.kind for problem in collect(tmp_path).problems] == [ProblemKind.EMPTY]


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.7z"
    path.write_bytes(made({"a": bytes(30_000_000), "b": b"b"}))

    got = collect(path, limits=Limits(ratio=100, ratio_floor_bytes=1_000_000))

    assert len(inside(got)["a"]) < 3_000_000
    assert got.errors[f"{path}!a"].kind is ProblemKind.LIMIT
    assert got.problems[-1].sentence == "is not read on, after a limit was met"


def test_a_dictionary_larger_than_the_memory_allowed_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    chain = [{"id": lzma.FILTER_LZMA2, "dict_size": 64 << 20}]
    with py7zr.SevenZipFile(file, "w", filters=chain) as archive:
        archive.writestr(LOG, "a")
    (tmp_path / "a.7z").write_bytes(file.getvalue())

    got = collect(tmp_path / "a.7z", limits=Limits(memory_bytes=8 << 20))

    assert "more than 8 MiB of memory" in got.sentences()
    assert list(got.content.values()) in ([], [b""])


@pytest.mark.parametrize(
    ("title", "coder"),
    [
        ("PPMd", {"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}),
        ("Brotli", {"id": py7zr.FILTER_BROTLI, "level": 1}),
    ],
)
def test_a_packing_that_cannot_be_read_is_told_for_each_member(
    tmp_path: Path, title: str, coder: dict[str, Any]
) -> None:
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w", filters=[coder]) as archive:
        archive.writestr(LOG, "a")
        archive.writestr(LOG, "b")
    (tmp_path / "a.7z").write_bytes(file.getvalue())

    got = collect(tmp_path / "a.7z")

    assert got.content == {}
    assert [kind for _, kind in got.kinds()] == [ProblemKind.UNSUPPORTED] * 2
    assert got.problems[0].sentence == f"it is packed in a way that cannot be read ({title})"
