"""Whatever bytes a source has, the store gives them back, and how it was read leaves no trace in its records."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.stores import Record, bytes_of, import_here, records, snapshot
from twsla.formats import blocks
from twsla.formats.multiline import Multiline

if TYPE_CHECKING:
    from collections.abc import Callable

PIECE = st.one_of(
    st.sampled_from(
        [
            b"2024-05-06T00:00:00Z ",
            b"2024-05-06 07:08:09.123456 gate sshd[1]: ",
            b"May  6 07:08:09 host ",
            b"12/05/2024 ",
            b"\n",
            b"\r\n",
            b"\r",
            b"\n\n",
            b"\x00",
            b"\x00" * 9,
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\xe6\x97",
            b"\x1b[31m",
            b"\\xff",
            "日本語 é ".encode(),
            "日本語".encode("cp932"),
            b"\tat a.B(c.java:1)",
            b"word ",
        ]
    ),
    st.binary(max_size=12),
)
DATA = st.builds(
    lambda bom, pieces: bom + b"".join(pieces),
    st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]),
    st.lists(PIECE, max_size=40),
)
ENCODING = st.sampled_from(["utf-8", "utf-8", "utf-16-le", "cp932", "latin-1"])
HOW = st.sampled_from([Multiline(), Multiline(), Multiline("off"), Multiline("lines", lines=2)])


def without_source(rows: list[Record]) -> list[Record]:
    return [(*row[:2], *row[3:]) for row in rows]


@settings(max_examples=60, deadline=None)
@given(data=DATA, encoding=ENCODING, how=HOW)
def test_offsets_and_lengths_give_the_source_back(data: bytes, encoding: str, how: Multiline) -> None:
    with TemporaryDirectory() as name:
        log = Path(name) / "x.log"
        log.write_bytes(data)
        outcome = import_here(Path(name) / "s", log, encoding=encoding, multiline=how, year=2024)
        rows = records(Path(name) / "s")

    pieces = bytes_of(rows, data)
    assert b"".join(piece for _, piece in pieces) == data
    assert not rows or rows[0][4] == 0
    for row, piece in pieces:
        if row[6] is not None:
            assert piece.removesuffix(b"\n").removesuffix(b"\r") == row[6]
        elif encoding == "utf-8" and not row[4]:
            text = piece.removeprefix(b"\xef\xbb\xbf").decode().removesuffix("\n").removesuffix("\r")
            assert row[5].split() == text.split()
    (entry,) = outcome.entries
    assert entry.lines_add_up
    assert entry.bytes == len(data)
    assert entry.records == len(rows)
    assert entry.lines == sum(row[5].count("\n") + 1 for row in rows)


def packed(data: bytes, how: str) -> bytes:
    """``data`` as the only content of an archive or a compressed file."""
    simple: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    if how in simple:
        return simple[how](data)
    out = io.BytesIO()
    if how == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("x.log", data)
    else:
        with tarfile.open(fileobj=out, mode="w:gz" if how == "tgz" else "w") as tarred:
            member = tarfile.TarInfo("x.log")
            member.size = len(data)
            tarred.addfile(member, io.BytesIO(data))
    return out.getvalue()


@settings(max_examples=40, deadline=None)
@given(
    data=DATA,
    encoding=ENCODING,
    how=HOW,
    block_bytes=st.integers(4, 300),
    workers=st.integers(1, 4),
    packing=st.sampled_from(["gz", "bz2", "xz", "zip", "tar", "tgz"]),
)
def test_blocks_workers_and_packing_change_no_record(
    data: bytes, encoding: str, how: Multiline, block_bytes: int, workers: int, packing: str
) -> None:
    same = {"encoding": encoding, "multiline": how, "year": 2024}
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_LINE_BYTES", 64)
        folder = Path(name)
        (folder / "x.log").write_bytes(data)
        (folder / f"p.{packing}").write_bytes(packed(data, packing))
        import_here(folder / "plain", folder / "x.log", **same)
        import_here(folder / "cut", folder / "x.log", **same, block_bytes=block_bytes, workers=workers)
        import_here(folder / "packed", folder / f"p.{packing}", **same, block_bytes=block_bytes)
        plain = records(folder / "plain")

        assert records(folder / "cut") == plain
        assert without_source(records(folder / "packed")) == without_source(plain)


@settings(max_examples=25, deadline=None)
@given(contents=st.lists(DATA, min_size=1, max_size=4), encoding=ENCODING)
def test_importing_again_changes_no_byte_of_the_store(contents: list[bytes], encoding: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        logs = folder / "logs"
        logs.mkdir()
        for number, data in enumerate(contents):
            (logs / f"{number}.log").write_bytes(data)
            (logs / f"{number}.tgz").write_bytes(packed(data, "tgz"))
        import_here(folder / "s", logs, encoding=encoding, year=2024)
        before = snapshot(folder / "s")

        again = import_here(folder / "s", logs, encoding=encoding, year=2024)

        assert again.manifest is None
        assert snapshot(folder / "s") == before
