"""Archives are made by GNU tar and by the standard library; expected contents are those of the files packed."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.collect import LOG, Got, collect, read_pieces
from twsla.sources.base import Limits, ProblemKind
from twsla.sources.tar_headers import number, parse_header, parse_pax

if TYPE_CHECKING:
    from pathlib import Path

COMPRESSIONS = {"": [], ".gz": ["-z"], ".bz2": ["-j"], ".xz": ["-J"], ".zst": ["--zstd"]}


def gnu_tar(directory: Path, *options: str) -> None:
    if "GNU tar" not in subprocess.run(["tar", "--version"], capture_output=True, text=True, check=False).stdout:
        pytest.skip("there is no GNU tar to make test data with")
    subprocess.run(["tar", *options], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files worth packing, in a directory below the one given."""
    top = tmp_path / "t"
    (top / "var" / "log").mkdir(parents=True)
    (top / "var" / "log" / "secure").write_bytes(LOG)
    (top / "var" / "log" / "empty").touch()
    (top / ("long" * 60)).write_bytes(b"a long name")
    (top / "block").write_bytes(b"x" * 512)
    for path in top.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    return tmp_path


def inside(got: Got) -> dict[str, bytes]:
    """Content by the name in the archive."""
    return {name.partition("!")[2]: data for name, data in got.content.items()}


def made(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, data in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("form", ["ustar", "pax", "gnu", "v7"])
def test_all_formats_in_all_compressions(tree: Path, form: str, compression: str) -> None:
    if form in ("ustar", "v7"):
        (tree / "t" / ("long" * 60)).unlink()
    name = f"a.tar{compression}"
    gnu_tar(tree, f"--format={form}", *COMPRESSIONS[compression], "-cf", name, "t")

    got = collect(tree / name)

    expected = {
        f"t/{path.relative_to(tree / 't')}": path.read_bytes() for path in (tree / "t").rglob("*") if path.is_file()
    }
    assert inside(got) == expected
    assert got.problems == []
    for item in got.items:
        assert (item.kind, item.container, item.seekable_path) == ("member", str(tree / name), None)
        assert (item.mtime_ns, item.mtime_from) == (1_600_000_000 * 10**9, "member")
        assert item.size_bytes == len(got.content[item.name])
        assert item.sequential is bool(compression)


def test_members_of_a_plain_tar_can_be_read_in_any_order_and_in_parts(tree: Path) -> None:
    gnu_tar(tree, "-cf", "a.tar", "t")

    items = collect(tree / "a.tar", read=False).items

    for item in reversed(items):
        path = tree / item.name.partition("!")[2]
        assert read_pieces(item) == (path.read_bytes(), None)
        assert read_pieces(item, 10) == (path.read_bytes(), None)


def test_members_of_a_compressed_tar_that_are_not_read_in_their_turn_are_lost_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(gzip.compress(made({"a": LOG, "b": LOG, "c": b"c"})))

    items = collect(tmp_path / "a.tgz", read=False).items

    assert len(items) == 3
    data, error = read_pieces(items[0])
    assert LOG.startswith(data)
    assert error is not None
    assert error.kind is ProblemKind.UNREADABLE
    assert "read on past this member" in str(error)


def test_members_that_nobody_reads_do_not_hinder_the_next(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(gzip.compress(made({"a.txt": LOG, "b.log": LOG[:1000], "c.txt": LOG})))

    assert inside(collect(tmp_path / "a.tgz", pattern="*.log")) == {"b.log": LOG[:1000]}


@pytest.mark.parametrize(
    "options", [["--format=gnu"], *[["--format=pax", f"--sparse-version={n}"] for n in ("0.0", "0.1", "1.0")]]
)
@pytest.mark.parametrize("compress", [False, True])
def test_sparse_files_have_their_holes(tmp_path: Path, options: list[str], compress: bool) -> None:
    with (tmp_path / "lastlog").open("wb") as file:
        for number_of_part in range(30):
            file.seek(number_of_part * 200_000)
            file.write(b"%d\n" % number_of_part * 1000)
        file.truncate(7_000_000)
    gnu_tar(tmp_path, *options, "-S", "-cf", "a.tar", "lastlog")
    if compress:
        (tmp_path / "a.tar").write_bytes(gzip.compress((tmp_path / "a.tar").read_bytes()))

    got = collect(tmp_path / "a.tar")

    assert inside(got) == {"lastlog": (tmp_path / "lastlog").read_bytes()}
    assert got.problems == []


def test_a_sparse_file_that_is_nearly_all_holes_is_told(tmp_path: Path) -> None:
    with (tmp_path / "lastlog").open("wb") as file:
        file.write(b"x")
        file.truncate(10_000_000_000)
    (tmp_path / "b").write_bytes(b"b")
    gnu_tar(tmp_path, "-S", "-cf", "a.tar", "lastlog", "b")

    got = collect(tmp_path / "a.tar")

    assert inside(got) == {"b": b"b"}
    assert got.kinds() == [(f"{tmp_path}/a.tar!lastlog", ProblemKind.LIMIT)]


def test_links_and_special_files_are_told_with_their_target(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "hard").hardlink_to(tmp_path / "file")
    (tmp_path / "soft").symlink_to("/etc/passwd\x1b[31m")
    os.mkfifo(tmp_path / "fifo")
    gnu_tar(tmp_path, "-cf", "a.tar", "file", "hard", "soft", "fifo")

    got = collect(tmp_path / "a.tar")

    assert inside(got) == {"file": b"x"}
    assert [(problem.source.partition("!")[2], problem.sentence) for problem in got.problems] == [
        ("hard", "is a hard link to file, which is not followed"),
        ("soft", "is a symbolic link to /etc/passwd\\x1b[31m, which is not followed"),
        ("fifo", "is a named pipe"),
    ]
    assert not any(problem.loses_data for problem in got.problems)


def test_names_are_labels_however_hostile(tmp_path: Path) -> None:
    names = ["/etc/passwd", "../../x", "a\nb", "a\x1b]0;x\x07", "..", "./dot", "a", "a", "a#2"]
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for index, name in enumerate(names):
            header = tarfile.TarInfo(name)
            header.size = 1
            archive.addfile(header, io.BytesIO(b"%d" % index))
    (tmp_path / "a.tar").write_bytes(file.getvalue())

    got = collect(tmp_path / "a.tar")

    assert list(inside(got)) == [
        "/etc/passwd", "../../x", "a\\x0ab", "a\\x1b]0;x\\x07", "..", "dot", "a", "a#2", "a#2#2",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_a_name_that_is_no_utf8_is_shown_escaped(tmp_path: Path) -> None:
    data = made({"cafX": b"x"}, tarfile.USTAR_FORMAT).replace(b"cafX", b"caf\xe9")
    total = sum(data[:148]) + 8 * 32 + sum(data[156:512])
    (tmp_path / "a.tar").write_bytes(data[:148] + b"%06o\0 " % total + data[156:])

    assert inside(collect(tmp_path / "a.tar")) == {"caf\\xe9": b"x"}


@pytest.mark.parametrize("compress", [False, True])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_truncated_tar_gives_all_that_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, compress: bool, data: st.DataObject
) -> None:
    whole = {"a": LOG[:3000], "b": b"", "c": LOG[:512], "d": LOG[:40_000]}
    end = sum(512 + len(content) + -len(content) % 512 for content in whole.values())
    archive = made(whole)[: end + 1024]
    cut = archive[: data.draw(st.integers(512, len(archive) - 1))]
    path = tmp_path_factory.mktemp("t") / "a.tar"
    path.write_bytes(gzip.compress(cut) if compress else cut)

    got = collect(path)

    offset = 0
    for name, content in whole.items():
        start = offset + 512
        there = cut[start : start + len(content)]
        if len(cut) >= start:
            assert inside(got)[name] == there == content[: len(there)]
            assert (f"{path}!{name}" in got.errors) is (len(there) < len(content))
        offset = start + len(content) + -len(content) % 512
    if len(cut) < offset + 512:
        assert any(problem.kind is ProblemKind.DAMAGED for problem in got.problems)


def test_a_tar_that_ends_between_members_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(made({"a": b"x"})[:1024])

    (problem,) = collect(tmp_path).problems

    assert problem.kind is ProblemKind.DAMAGED
    assert problem.sentence == "has no end mark at byte 1,024: it may have been cut short"


@pytest.mark.parametrize("compress", [False, True])
def test_members_behind_a_damaged_header_are_found(tmp_path: Path, compress: bool) -> None:
    data = bytearray(made({"a": LOG, "b": LOG[:5000], "c": b"c"}, tarfile.USTAR_FORMAT))
    header_of_b = 512 + len(LOG) + -len(LOG) % 512
    data[header_of_b : header_of_b + 20] = b"\xff" * 20
    (tmp_path / "a.tar").write_bytes(gzip.compress(data) if compress else data)

    got = collect(tmp_path)

    assert inside(got) == {"a": LOG, "c": b"c"}
    (problem,) = got.problems
    assert problem.kind is ProblemKind.DAMAGED
    assert problem.sentence == (
        f"5,632 bytes at byte {header_of_b:,} are not a tar header and were passed over; the next header follows"
    )


def test_archives_one_after_another_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(made({"a": b"1"}) + made({"b": b"2"}))

    got = collect(tmp_path)

    assert inside(got) == {"a": b"1", "b": b"2"}
    assert got.problems == []


def test_bytes_behind_the_end_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(made({"a": b"1"}) + b"rubbish " * 1000)

    got = collect(tmp_path)

    assert inside(got) == {"a": b"1"}
    (problem,) = got.problems
    assert "8,000 bytes at byte 10,240 are not a tar header" in problem.sentence


@pytest.mark.parametrize("compress", [False, True])
def test_an_empty_tar_is_told(tmp_path: Path, compress: bool) -> None:
    path = tmp_path / ("a.tar.gz" if compress else "a.tar")
    path.write_bytes(gzip.compress(made({})) if compress else made({}))

    assert collect(path).kinds() == [(str(path), ProblemKind.EMPTY)]


def test_a_compressed_tar_whose_compression_breaks_names_both(tmp_path: Path) -> None:
    noise = os.urandom(100_000)
    packed = gzip.compress(made({"a": LOG, "b": noise, "c": LOG}))
    (tmp_path / "a.tgz").write_bytes(packed[: len(packed) // 2])

    got = collect(tmp_path / "a.tgz")

    assert inside(got)["a"] == LOG
    part = inside(got)["b"]
    assert noise.startswith(part)
    assert 0 < len(part) < len(noise)
    assert "the gzip data ends too early" in got.errors[f"{tmp_path}/a.tgz!b"].why
    assert got.problems[-1].source == f"{tmp_path}/a.tgz"
    assert "inside the member b; what follows is lost" in got.problems[-1].sentence


def test_an_extended_header_of_absurd_size_is_not_believed(tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + made({"a": b"x"}))

    got = collect(tmp_path)

    assert got.content == {}
    assert all(problem.kind is ProblemKind.DAMAGED for problem in got.problems)
    assert "claims 1,099,511,627,776 bytes" in got.problems[0].sentence


def test_too_many_members_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(made({str(index): b"" for index in range(20)}))

    got = collect(tmp_path, limits=Limits(members=10))

    assert len(got.content) == 10
    assert [problem.kind for problem in got.problems] == [ProblemKind.LIMIT]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"0000644\0", 0o644),
        (b"        ", 0),
        (b"   17 \0\0", 0o17),
        (b"\x80\0\0\0\0\0\0\0\x02\0\0\0", 2 << 24),
        (b"\xff" * 12, -1),
        (b"98", None),
    ],
)
def test_numeric_fields(field: bytes, value: int | None) -> None:
    assert number(field) == value


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300).filter(
        lambda n: n.strip("/")
    ),
    st.integers(0, 2**40),
    st.floats(-(2**33), 2**33),
)
@settings(deadline=None)
def test_headers_of_the_standard_library_are_understood(name: str, size: int, mtime: float) -> None:
    header = tarfile.TarInfo(name)
    header.size, header.mtime = size, mtime

    blocks = header.tobuf(tarfile.PAX_FORMAT)

    last = parse_header(blocks[-512:])
    assert last is not None
    extension = parse_pax(blocks[512:-512]) if len(blocks) > 512 else parse_pax(b"")
    found = last.name if extension.name is None else extension.name
    assert found.decode().rstrip("/") == name.rstrip("/")
    assert (last.size_bytes if extension.size_bytes is None else extension.size_bytes) == size


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_rubbish_headers_do_no_harm(tmp_path_factory: pytest.TempPathFactory, rubbish: bytes) -> None:
    path = tmp_path_factory.mktemp("t") / "a.tar"
    path.write_bytes(made({"a": b"x"}, tarfile.USTAR_FORMAT)[:1024] + rubbish)

    assert inside(collect(path))["a"] == b"x"


@given(st.integers(0, 4095), st.integers(1, 255), st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
@settings(max_examples=150, deadline=None)
def test_a_flipped_byte_anywhere_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, position: int, flip: int, form: int
) -> None:
    data = bytearray(made({"é" * 80: LOG[:600], "b": b"b" * 1000}, form))
    data[position % len(data)] ^= flip
    path = tmp_path_factory.mktemp("t") / "a.tar"
    path.write_bytes(data)

    collect(path)


def test_v7_directories_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    gnu_tar(tmp_path, "--format=v7", "-cf", "a.tar", "d")

    got = collect(tmp_path / "a.tar")

    assert got.content == {}
    assert [problem.kind for problem in got.problems] == [ProblemKind.EMPTY]
