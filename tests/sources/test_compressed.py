"""Expected values come from the compressors' own command-line tools and from the standard library's decoders."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import shutil
import struct
import subprocess
import sys
import zlib
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.collect import LOG, collect, read_pieces
from twsla.sources.base import DamagedError, Limits, ProblemKind
from twsla.sources.budget import Budget, Meter
from twsla.sources.compressed import DecodedStream
from twsla.sources.decoders import CODECS
from twsla.sources.magic import Shell
from twsla.sources.streams import MemoryStream

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = {
    Shell.GZIP: ["gzip", "-c"],
    Shell.BZIP2: ["bzip2", "-c", "-1"],
    Shell.XZ: ["xz", "-c"],
    Shell.LZMA: ["xz", "-c", "--format=lzma"],
    Shell.ZSTD: ["zstd", "-c", "-q"],
    Shell.LZ4: ["lz4", "-c", "-q", "-B4", "-BD"],
}
SUFFIX = {
    Shell.GZIP: "gz",
    Shell.BZIP2: "bz2",
    Shell.XZ: "xz",
    Shell.LZMA: "lzma",
    Shell.ZSTD: "zst",
    Shell.LZ4: "lz4",
}
MULTIPLE = [shell for shell in TOOLS if CODECS[shell].shell]
CONTENT = LOG[:150_000]


def pack(shell: Shell, data: bytes) -> bytes:
    command = TOOLS[shell]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} to make test data with")
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


@cache
def packed_content(shell: Shell) -> bytes:
    return pack(shell, CONTENT)


def decoded(
    shell: Shell, data: bytes, *, repeatable: bool = True, limits: Limits | None = None
) -> tuple[bytes, DamagedError | None]:
    """What a decoding stream gives, in odd pieces, and what ended it."""
    stream = DecodedStream(
        MemoryStream(data),
        CODECS[shell],
        Meter(Budget(limits or Limits(), len(data))),
        again=(lambda: MemoryStream(data)) if repeatable else None,
    )
    parts = []
    try:
        while part := stream.read(33_333):
            parts.append(part)
    except DamagedError as error:
        return b"".join(parts), error
    return b"".join(parts), None


@pytest.mark.parametrize("shell", TOOLS)
@pytest.mark.parametrize("data", [b"", b"x", LOG], ids=["empty", "byte", "log"])
def test_what_the_tools_pack_comes_out(tmp_path: Path, shell: Shell, data: bytes) -> None:
    path = tmp_path / f"a.{SUFFIX[shell]}"
    path.write_bytes(pack(shell, data))

    got = collect(path)

    assert got.content == {str(path): data}
    assert got.problems == []
    (item,) = got.items
    assert (item.kind, item.size_bytes, item.seekable_path, item.container_path) == ("file", None, None, path)
    assert not item.sequential


@pytest.mark.parametrize("shell", [shell for shell in TOOLS if shell is not Shell.LZMA])
def test_content_tells_the_packing_not_the_name(tmp_path: Path, shell: Shell) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(pack(shell, LOG))

    assert collect(path).content == {str(path): LOG}


@pytest.mark.parametrize("name", ["a.gz", "a.bz2", "a.tar", "a.zip", "a.7z", "a.zst"])
def test_a_name_that_promises_too_much_is_noted_and_read_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LOG)

    got = collect(tmp_path)

    assert list(got.content.values()) == [LOG]
    assert got.kinds() == [(str(tmp_path / name), ProblemKind.NOTE)]


def test_text_that_begins_like_a_mark_is_text(tmp_path: Path) -> None:
    for number, start in enumerate(
        [b"BZh9 is a name\n", b"070701 12:00:00 mysqld started\n", b"PK\n", b"7z\n", b"ustar"]
    ):
        (tmp_path / f"{number}.log").write_bytes(start + LOG)

    got = collect(tmp_path)

    assert len(got.content) == 5
    assert all(data.endswith(LOG) and data != LOG for data in got.content.values())
    assert got.problems == []


@pytest.mark.parametrize(
    ("start", "title"), [(b"Rar!\x1a\x07\x01\0", "RAR"), (b"MSCF\0\0\0\0", "CAB"), (b"\x1f\x9d\x90", "compress (.Z)")]
)
def test_packings_that_cannot_be_read_are_told(tmp_path: Path, start: bytes, title: str) -> None:
    (tmp_path / "a").write_bytes(start + bytes(1000))

    got = collect(tmp_path)

    assert got.content == {}
    assert [problem.kind for problem in got.problems] == [ProblemKind.UNSUPPORTED]
    assert got.problems[0].sentence.startswith(f"{title} is not")


@pytest.mark.parametrize("shell", MULTIPLE)
def test_several_streams_one_after_another_are_one_content(shell: Shell) -> None:
    packed = pack(shell, LOG) + pack(shell, b"") + pack(shell, b"end\n")

    assert decoded(shell, packed) == (LOG + b"end\n", None)


def test_a_compression_in_a_compression_is_undone(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(bz2.compress(lzma.compress(LOG))))

    assert list(collect(tmp_path).content.values()) == [LOG]


@pytest.mark.parametrize("shell", MULTIPLE)
def test_padding_is_noted(tmp_path: Path, shell: Shell) -> None:
    path = tmp_path / "a"
    path.write_bytes(pack(shell, LOG) + bytes(512))

    got = collect(path)

    assert got.content == {str(path): LOG}
    assert got.kinds() == [(str(path), ProblemKind.NOTE)]
    assert "512 zero bytes follow" in got.problems[0].sentence


@pytest.mark.parametrize("shell", MULTIPLE)
def test_anything_else_behind_the_end_is_damage(shell: Shell) -> None:
    packed = pack(shell, LOG)

    data, error = decoded(shell, packed + b"not compressed")

    assert data == LOG
    assert error is not None
    assert error.why.endswith(f"at byte {len(packed):,}, follow 14 bytes of something else")


def test_the_time_in_a_gzip_header_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(LOG, mtime=1_400_000_000))
    (tmp_path / "b.gz").write_bytes(gzip.compress(LOG, mtime=0))

    first, second = collect(tmp_path).items

    assert (first.mtime_ns, first.mtime_from) == (1_400_000_000 * 10**9, "gzip header")
    assert (second.mtime_ns, second.mtime_from) == ((tmp_path / "b.gz").stat().st_mtime_ns, "file")


@pytest.mark.parametrize("shell", TOOLS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_truncated_stream_gives_all_that_is_in_it(shell: Shell, data: st.DataObject) -> None:
    packed = packed_content(shell)
    cut = packed[: data.draw(st.integers(16, len(packed) - 1))]

    got, error = decoded(shell, cut, repeatable=data.draw(st.booleans()))

    assert error is not None
    assert "ends too early" in error.why
    assert error.kept_bytes == len(got)
    assert CONTENT.startswith(got)
    assert got == by_single_bytes(shell, cut)


@pytest.mark.parametrize("shell", TOOLS)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_damaged_stream_gives_all_that_comes_before_the_damage(shell: Shell, data: st.DataObject) -> None:
    packed = bytearray(packed_content(shell))
    position = data.draw(st.integers(16, len(packed) - 1))
    packed[position] ^= data.draw(st.integers(1, 255))

    got, error = decoded(shell, bytes(packed))

    assert got == by_single_bytes(shell, bytes(packed))
    assert error is not None or got == CONTENT


@given(st.integers(20, 10_000), st.integers(1, 255))
@settings(max_examples=50, deadline=None)
def test_gzip_loses_nothing_even_if_it_can_be_read_only_once(position: int, flip: int) -> None:
    packed = bytearray(packed_content(Shell.GZIP))
    packed[position] ^= flip

    assert decoded(Shell.GZIP, bytes(packed), repeatable=False)[0] == by_single_bytes(Shell.GZIP, bytes(packed))


def by_single_bytes(shell: Shell, packed: bytes) -> bytes:
    """The output of a bare decoder that gets and gives single bytes, so that none is lost in a call that fails."""
    if shell is Shell.GZIP:
        return gzip_by_single_bytes(packed)
    decoder = CODECS[shell].make(1 << 30)
    out = bytearray()
    try:
        for index in range(len(packed)):
            out += decoder.decompress(packed[index : index + 1], 1)
            while not decoder.eof and not decoder.needs_input:
                out += decoder.decompress(b"", 1)
            if decoder.eof:
                break
    except CODECS[shell].errors():
        pass
    return bytes(out)


def gzip_by_single_bytes(packed: bytes) -> bytes:
    decoder = zlib.decompressobj(31)
    out = bytearray()
    try:
        for index in range(len(packed)):
            out += decoder.decompress(packed[index : index + 1], 1)
            while part := decoder.decompress(decoder.unconsumed_tail, 1):
                out += part
    except zlib.error:
        pass
    return bytes(out)


def test_a_bomb_is_stopped_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(50_000_000)))

    got = collect(path, limits=Limits(ratio=100, ratio_floor_bytes=1_000_000))

    (data,) = got.content.values()
    assert 1_000_000 <= len(data) < 7_000_000
    (error,) = got.errors.values()
    assert error.kind is ProblemKind.LIMIT
    assert "more than 100 times its size" in str(error)


def test_opening_an_item_again_does_not_spend_its_limit_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(LOG))
    (item,) = collect(path, limits=Limits(total_bytes=len(LOG) + 5000)).items

    assert [read_pieces(item) for _ in range(3)] == [(LOG, None)] * 3


def test_a_limit_on_the_total_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(LOG))

    (error,) = collect(path, limits=Limits(total_bytes=100_000)).errors.values()

    assert error.kind is ProblemKind.LIMIT
    assert "100,000 bytes" in str(error)


@pytest.mark.parametrize(
    "packed",
    [
        lzma.compress(LOG, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}]),
        # A zstd frame header that asks for a window of 2 GiB (descriptor 0xA8: 2^(10+21)), with a raw block.
        b"\x28\xb5\x2f\xfd\x00\xa8" + struct.pack("<L", (4 << 3) | 1)[:3] + b"abcd",
    ],
    ids=["xz", "zstd"],
)
def test_a_dictionary_larger_than_the_memory_allowed_is_refused(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "a").write_bytes(packed)

    (error,) = collect(tmp_path).errors.values()

    assert error.kind is ProblemKind.LIMIT
    assert "more than 256 MiB of memory" in str(error)


def test_too_many_layers_are_told(tmp_path: Path) -> None:
    data = LOG
    for _ in range(6):
        data = gzip.compress(data)
    (tmp_path / "a.gz").write_bytes(data)

    got = collect(tmp_path)
    deeper = collect(tmp_path, limits=Limits(depth=6))

    assert got.content == {}
    assert [problem.kind for problem in got.problems] == [ProblemKind.LIMIT]
    assert list(deeper.content.values()) == [LOG]


@given(st.binary(max_size=200), st.sampled_from(list(TOOLS)))
@settings(max_examples=150, deadline=None)
def test_rubbish_behind_any_mark_does_no_harm(rubbish: bytes, shell: Shell) -> None:
    start = packed_content(shell)[: random.Random(len(rubbish)).randrange(4, 40)]

    got, error = decoded(shell, start + rubbish)

    assert error is not None or got == b"" or shell is not Shell.GZIP


@pytest.mark.parametrize(
    ("shell", "module", "package"),
    [(Shell.LZ4, "lz4.frame", "lz4"), (Shell.ZSTD, "backports.zstd", "backports.zstd")],
)
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell, module: str, package: str
) -> None:
    if sys.version_info >= (3, 14) and shell is Shell.ZSTD:
        pytest.skip("this Python brings zstd itself")
    (tmp_path / "a").write_bytes(pack(shell, LOG))
    monkeypatch.setitem(sys.modules, module, None)

    got = collect(tmp_path)

    (error,) = got.errors.values()
    assert error.kind is ProblemKind.UNSUPPORTED
    assert str(error) == f"{shell.value} data needs the Python package {package} (pip install {package})"
