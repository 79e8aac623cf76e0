"""Archives are made by Info-ZIP, the standard library and pyzipper; expected contents are those packed."""

from __future__ import annotations

import io
import lzma
import os
import shutil
import stat
import struct
import subprocess
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

import inflate64
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.collect import LOG, Got, collect, read_pieces
from twsla.sources.base import Limits, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Buffer

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
MEMBERS = {"var/log/secure": LOG, "empty": b"", "b.log": LOG[:5000], "c": b"c"}


class OneWay(io.RawIOBase):
    """A file that cannot be sought in: zip writers then put sizes behind the data."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        self.data += memoryview(data)
        return memoryview(data).nbytes


def made(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False) -> bytes:
    """A zip archive."""
    one_way = OneWay()
    file: IO[bytes] = io.BytesIO()
    with zipfile.ZipFile(one_way if streamed else file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 9, 13, 12, 26, 40)), data, compress_type=method)
    if streamed:
        return bytes(one_way.data)
    file.seek(0)
    return file.read()


def inside(got: Got) -> dict[str, bytes]:
    """Content by the name in the archive."""
    return {name.partition("!")[2]: data for name, data in got.content.items()}


def info_zip(directory: Path, *arguments: str) -> None:
    if shutil.which("zip") is None:
        pytest.skip("there is no zip to make test data with")
    subprocess.run(["zip", "-q", *arguments], cwd=directory, check=True)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_all_methods_of_the_standard_library(tmp_path: Path, method: int, streamed: bool) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(made(MEMBERS, method, streamed=streamed))

    got = collect(path)

    assert inside(got) == MEMBERS
    assert list(inside(got)) == list(MEMBERS)
    assert got.problems == []
    for item in got.items:
        assert (item.kind, item.container, item.container_path) == ("member", str(path), path)
        assert item.size_bytes == len(got.content[item.name])
        assert (item.mtime_ns, item.mtime_from) == (1_600_000_000 * 10**9, "member")
        assert not item.sequential


def test_members_can_be_read_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(made(MEMBERS))

    for item in reversed(collect(tmp_path, read=False).items):
        assert read_pieces(item, 1000) == (MEMBERS[item.name.partition("!")[2]], None)
        assert read_pieces(item) == (MEMBERS[item.name.partition("!")[2]], None)


def test_a_zip_of_info_zip_with_times_links_and_directories(tmp_path: Path) -> None:
    (tmp_path / "t" / "d").mkdir(parents=True)
    (tmp_path / "t" / "d" / "x.log").write_bytes(LOG)
    (tmp_path / "t" / "link").symlink_to("d/x.log")
    os.utime(tmp_path / "t" / "d" / "x.log", (1_600_000_001, 1_600_000_001))
    info_zip(tmp_path, "-ry", "a.zip", "t")

    got = collect(tmp_path / "a.zip")

    assert inside(got) == {"t/d/x.log": LOG}
    assert got.items[0].mtime_ns == 1_600_000_001 * 10**9
    (problem,) = got.problems
    assert problem.sentence == "is a symbolic link to d/x.log, which is not followed"


def test_zip64_and_a_self_extracting_head(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in MEMBERS.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)
    data = file.getvalue()
    end = data.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<HLL", data, end + 10)
    end64 = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    small = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "a.zip").write_bytes(data[:end] + end64 + locator + small)
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04" + bytes(996) + data)

    assert inside(collect(tmp_path / "a.zip")) == MEMBERS
    assert inside(collect(tmp_path / "b.zip")) == MEMBERS


def test_an_empty_zip_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(made({}))

    assert [problem.kind for problem in collect(tmp_path).problems] == [ProblemKind.EMPTY]


@pytest.mark.parametrize(
    ("raw", "flags", "extra", "shown"),
    [
        ("ログ.txt".encode(), 0x800, b"", "ログ.txt"),
        ("ログ.txt".encode(), 0, b"", "ログ.txt"),
        (b"caf\x82.txt", 0, b"", "café.txt"),
        (b"x\xff", 0x800, b"", "x\\xff"),
        (b"a\0b\x1b[31m", 0, b"", "a\\x00b\\x1b[31m"),
        (b"../../etc/passwd", 0, b"", "../../etc/passwd"),
        (b"C:\\temp\\x", 0, b"", "C:\\temp\\x"),
        (b"abc", 0, b"\x75\x70\x08\0\x01" + struct.pack("<L", 0x352441C2) + "é!!".encode()[:3], "é!"),
    ],
)
def test_names_in_all_encodings_are_labels(tmp_path: Path, raw: bytes, flags: int, extra: bytes, shown: str) -> None:
    data = b"x"
    fixed = struct.pack("<HHHHLLLHH", flags, 0, 0, 0x21, 0x8CDC1683, 1, 1, len(raw), len(extra))
    local = struct.pack("<4sH", b"PK\x03\x04", 20) + fixed + raw + extra + data
    central = struct.pack("<4sHH", b"PK\x01\x02", 20, 20) + fixed + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + raw + extra
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    (tmp_path / "a.zip").write_bytes(local + central + end)

    got = collect(tmp_path / "a.zip")

    assert inside(got) == {shown: b"x"}
    assert got.problems == []


def test_an_encrypted_zip_asks_for_its_password_and_takes_it(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(LOG[:20_000])
    (tmp_path / "b.log").write_bytes(b"")
    info_zip(tmp_path, "-P", "pässword", "a.zip", "a.log", "b.log")
    path = tmp_path / "a.zip"

    without, wrong, right = collect(path), collect(path, password="no"), collect(path, password="pässword")

    assert without.kinds() == [(f"{path}!a.log", ProblemKind.ENCRYPTED), (f"{path}!b.log", ProblemKind.ENCRYPTED)]
    assert "--password" in without.problems[0].sentence
    assert wrong.content == {} or wrong.errors
    assert inside(right) == {"a.log": LOG[:20_000], "b.log": b""}
    assert right.problems == []


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("version", [1, 2])
def test_aes_as_winzip_does_it(tmp_path: Path, bits: int, version: int) -> None:
    pyzipper = pytest.importorskip("pyzipper")
    path = tmp_path / "a.zip"
    with pyzipper.AESZipFile(path, "w", compression=pyzipper.ZIP_DEFLATED) as archive:
        archive.setpassword(b"secret")
        archive.setencryption(pyzipper.WZ_AES, nbits=bits, force_wz_aes_version=version)
        archive.writestr("a.log", LOG)
        archive.writestr("empty", b"")

    right = collect(path, password="secret")

    assert inside(right) == {"a.log": LOG, "empty": b""}
    assert right.problems == []
    assert [kind for _, kind in collect(path).kinds()] == [ProblemKind.ENCRYPTED] * 2
    assert [kind for _, kind in collect(path, password="no").kinds()] == [ProblemKind.ENCRYPTED] * 2


def test_aes_content_that_was_changed_is_told(tmp_path: Path) -> None:
    pyzipper = pytest.importorskip("pyzipper")
    path = tmp_path / "a.zip"
    with pyzipper.AESZipFile(path, "w", compression=pyzipper.ZIP_STORED) as archive:
        archive.setpassword(b"secret")
        archive.setencryption(pyzipper.WZ_AES, nbits=256, force_wz_aes_version=2)
        archive.writestr("a.log", LOG)
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)

    got = collect(path, password="secret")

    assert len(inside(got)["a.log"]) == len(LOG)
    assert "authentication code" in str(got.errors[f"{path}!a.log"])


def test_a_checksum_that_does_not_match_is_told_after_all_bytes(tmp_path: Path) -> None:
    data = bytearray(made({"a": LOG, "b": b"b"}, zipfile.ZIP_STORED))
    data[5000] ^= 1
    (tmp_path / "a.zip").write_bytes(data)

    got = collect(tmp_path / "a.zip")

    assert len(inside(got)["a"]) == len(LOG)
    assert inside(got)["b"] == b"b"
    assert list(got.errors) == [f"{tmp_path}/a.zip!a"]
    assert "CRC-32" in str(got.errors[f"{tmp_path}/a.zip!a"])


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_a_damaged_member_leaves_the_others_alone(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int
) -> None:
    members = {"a": LOG[:3000], "b": LOG[:30_000], "c": LOG[:7000]}
    data = bytearray(made(members))
    start = data.index(b"PK\x03\x04", 4) + 31
    end = data.index(b"PK\x03\x04", start)
    data[start + position % (end - start)] ^= flip
    path = tmp_path_factory.mktemp("t") / "a.zip"
    path.write_bytes(data)

    got = inside_or_lost = inside(collect(path))

    assert got["a"] == members["a"]
    assert got["c"] == members["c"]
    assert set(inside_or_lost) == {"a", "b", "c"}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_truncated_zip_gives_all_that_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, method: int, streamed: bool, data: st.DataObject
) -> None:
    members = {"first": LOG[:3000], "empty": b"", "second": LOG[:30_000], "third": b"end"}
    archive = made(members, method, streamed=streamed)
    directory = archive.index(b"PK\x01\x02")
    cut = data.draw(st.integers(50, len(archive) - 1))
    path = tmp_path_factory.mktemp("t") / "a.zip"
    path.write_bytes(archive[:cut])

    got = collect(path)

    for name, content in inside(got).items():
        assert members[name].startswith(content)
        if content != members[name]:
            assert f"{path}!{name}" in got.errors
    if cut >= directory:
        assert inside(got) == members
    assert got.problems[0].kind is ProblemKind.DAMAGED
    assert "no directory at its end" in got.problems[0].sentence


def test_a_directory_entry_that_is_damaged_does_not_lose_the_members(tmp_path: Path) -> None:
    data = bytearray(made(MEMBERS))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second : second + 4] = b"XXXX"
    (tmp_path / "a.zip").write_bytes(data)

    got = collect(tmp_path / "a.zip")

    assert inside(got) == MEMBERS
    assert [problem.kind for problem in got.problems] == [ProblemKind.DAMAGED]


@given(st.integers(0, 10**9), st.integers(1, 255), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_flipped_byte_anywhere_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int, streamed: bool
) -> None:
    data = bytearray(made({"a": LOG[:600], "b/c": b"b" * 500}, streamed=streamed))
    data[position % len(data)] ^= flip
    path = tmp_path_factory.mktemp("t") / "a.zip"
    path.write_bytes(data)

    collect(path)


@pytest.mark.parametrize(
    ("offset", "value", "kind", "words"),
    [
        (10, struct.pack("<H", 98), ProblemKind.UNSUPPORTED, "PPMd"),
        (10, struct.pack("<H", 77), ProblemKind.UNSUPPORTED, "number 77"),
        (8, struct.pack("<H", 0x41), ProblemKind.UNSUPPORTED, "PKWARE"),
        (42, struct.pack("<L", 7), ProblemKind.DAMAGED, "no member at byte 7"),
        (38, struct.pack("<L", (stat.S_IFBLK | 0o600) << 16), ProblemKind.SKIPPED, "device"),
    ],
)
def test_members_that_cannot_be_read_say_why(
    tmp_path: Path, offset: int, value: bytes, kind: ProblemKind, words: str
) -> None:
    data = bytearray(made({"a": b"a", "b": b"b"}))
    entry = data.index(b"PK\x01\x02")
    data[entry + 5] = 3
    data[entry + offset : entry + offset + len(value)] = value
    (tmp_path / "a.zip").write_bytes(data)

    got = collect(tmp_path / "a.zip")

    assert inside(got) == {"b": b"b"}
    (problem,) = got.problems
    assert problem.source == f"{tmp_path}/a.zip!a"
    assert problem.kind is kind
    assert words in problem.sentence


def test_a_part_of_a_split_zip_is_told(tmp_path: Path) -> None:
    data = bytearray(made(MEMBERS))
    end = data.index(b"PK\x05\x06")
    data[end + 4 : end + 8] = struct.pack("<HH", 3, 3)
    (tmp_path / "a.zip").write_bytes(data)

    got = collect(tmp_path / "a.zip")

    assert got.kinds() == [(f"{tmp_path}/a.zip", ProblemKind.UNSUPPORTED)]


def test_members_that_share_their_bytes_are_told_and_read_once(tmp_path: Path) -> None:
    data = made({"a": LOG})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"a", b"%c" % (97 + index), 1) if index else entry for index in range(20))
    record = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 20, 20, len(entries), start, 0)
    (tmp_path / "a.zip").write_bytes(data[:start] + entries + record)

    got = collect(tmp_path / "a.zip")

    assert list(got.content.values()) == [LOG]
    assert [problem.kind for problem in got.problems] == [ProblemKind.LIMIT] * 19
    assert "shares its bytes" in got.problems[0].sentence


def test_a_member_whose_size_is_damaged_in_the_directory_does_not_hide_the_others(tmp_path: Path) -> None:
    data = bytearray(made(MEMBERS))
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 24] = b"\xff\xff\xff\x7f"
    (tmp_path / "a.zip").write_bytes(data)

    got = collect(tmp_path / "a.zip")

    assert inside(got) == MEMBERS
    assert got.problems == []


def test_a_bomb_whose_members_contain_each_other_is_stopped(tmp_path: Path) -> None:
    """As in D. Fifield, "A better zip bomb", 2019: each member's data contains the next one's header."""
    member = made({"x": LOG}, zipfile.ZIP_STORED)
    body, offsets = bytearray(member[: member.index(b"PK\x01\x02")]), [0]
    for _ in range(30):
        body = bytearray(made({"x": b""}, zipfile.ZIP_STORED)[:31]) + b"text" + body
        body[14:26] = struct.pack("<LLL", 0, len(body) - 31, len(body) - 31)
        offsets = [0, *(offset + 35 for offset in offsets)]
    central = b"".join(
        struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, size, size, 1, 0, 0, 0, 0, 0, offset)
        + b"x"
        for offset in offsets
        for size in [len(body) - offset - 31]
    )
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, len(offsets), len(offsets), len(central), len(body), 0)
    (tmp_path / "a.zip").write_bytes(bytes(body) + central + end)

    got = collect(tmp_path / "a.zip")

    assert len(got.content) == 4
    assert [problem.kind for problem in got.problems] == [ProblemKind.LIMIT] * 27


def test_a_bomb_of_many_members_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(made({str(index): bytes(1_000_000) for index in range(50)}))

    got = collect(tmp_path / "a.zip", limits=Limits(ratio=100, ratio_floor_bytes=2_000_000))

    assert sum(map(len, got.content.values())) < 8_000_000
    assert list(got.errors.values())[-1].kind is ProblemKind.LIMIT
    assert got.problems[-1].sentence == "is not read on, after a limit was met"


def test_too_many_members_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(made({str(index): b"" for index in range(20)}))

    got = collect(tmp_path / "a.zip", limits=Limits(members=10))

    assert len(got.content) == 10
    assert got.kinds() == [(f"{tmp_path}/a.zip", ProblemKind.LIMIT)]


@pytest.mark.slow
def test_a_zip_whose_directory_wraps_at_65536_entries(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(made({str(index): b"" for index in range(66_000)}, zipfile.ZIP_STORED))

    got = collect(tmp_path / "a.zip", pattern="*9999")

    assert list(inside(got)) == ["9999", "19999", "29999", "39999", "49999", "59999"]
    assert got.problems == []


def with_method(method: int, packed: bytes, data: bytes) -> bytes:
    """A zip with one member, "a", whose packed bytes are given."""
    fixed = struct.pack("<HHHHLLLHH", 0, method, 0, 0x21, zlib.crc32(data), len(packed), len(data), 1, 0)
    local = struct.pack("<4sH", b"PK\x03\x04", 20) + fixed + b"a" + packed
    central = struct.pack("<4sHH", b"PK\x01\x02", 20, 20) + fixed + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + b"a"
    return local + central + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def deflate64(data: bytes) -> bytes:
    deflater = inflate64.Deflater()
    return bytes(deflater.deflate(data) + deflater.flush())


@pytest.mark.parametrize("data", [LOG, bytes(5_000_000), b""], ids=["log", "zeros", "empty"])
@pytest.mark.parametrize(
    ("method", "pack"), [(9, deflate64), (93, zstd.compress), (95, lzma.compress)], ids=["deflate64", "zstd", "xz"]
)
def test_methods_the_standard_library_does_not_know(
    tmp_path: Path, method: int, pack: Callable[[bytes], bytes], data: bytes
) -> None:
    (tmp_path / "a.zip").write_bytes(with_method(method, pack(data), data))

    got = collect(tmp_path / "a.zip")

    assert inside(got) == {"a": data}
    assert got.problems == []
    assert got.errors == {}


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_damaged_deflate64_is_told(tmp_path_factory: pytest.TempPathFactory, position: int, flip: int) -> None:
    packed = bytearray(deflate64(LOG[:20_000]))
    packed[position % len(packed)] ^= flip
    path = tmp_path_factory.mktemp("t") / "a.zip"
    path.write_bytes(with_method(9, bytes(packed), LOG[:20_000]))

    got = collect(path)

    assert got.errors or inside(got) == {"a": LOG[:20_000]}
