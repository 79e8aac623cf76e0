"""Text sources: blocks become records, and how the source is cut into blocks never matters."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.formats import blocks, multiline
from twsla.formats.build import Span, build
from twsla.formats.decode import cut, decode_block, detect_encoding
from twsla.formats.multiline import Multiline, choose_multiline
from twsla.formats.text import TextSource
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.model import StampOptions
from twsla.formats.timestamps.years import YearClock

STAMP = "2024-05-06 07:08:09"


@dataclass(frozen=True)
class Record:
    line_no: int
    offset: int
    text: str
    dated: bool
    raw: bytes | None


def read(
    data: bytes, how: Multiline | None = None, *, block_bytes: int = 1 << 20, forced: str | None = None
) -> tuple[list[Record], TextSource]:
    encoding = detect_encoding(data[: 256 << 10], forced=forced)
    sample = data[: cut(data, encoding) or len(data)]
    plan = choose(decode_block(sample, encoding, first=True).lines, StampOptions())
    source = TextSource(encoding, plan, YearClock(None), how or Multiline())
    stream = io.BytesIO(data)
    found: list[Record] = []
    spans: list[Span] = []
    for block in blocks.read_blocks(stream, stream.read(block_bytes), encoding, block_bytes=block_bytes):
        spans += source.join(source.parse(block))
    spans += source.finish()
    for span in spans:
        rows = build(span, "x").to_pylist()
        found += [Record(r["line_no"], r["offset"], r["text"], r["ts"] is not None, r["raw"]) for r in rows]
    return found, source


def lines_of(records: list[Record]) -> int:
    return sum(record.text.count("\n") + 1 for record in records)


LINE = st.one_of(
    st.text(st.sampled_from("ab \té\x00"), max_size=8),
    st.builds(lambda text: f"{STAMP} {text}", st.text(st.sampled_from("ab 1"), max_size=8)),
)


@given(st.lists(LINE, max_size=30), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 64))
def test_a_line_without_a_stamp_belongs_to_the_stamped_line_before_it(
    lines: list[str], end: str, final: bool, block_bytes: int
) -> None:
    data = "".join(line + end for line in lines).encode()
    if not final:
        data = data[: -len(end)]
    expected: list[str] = []
    stamped = False
    kept = lines if final or not lines or lines[-1] else lines[:-1]
    for line in kept:
        is_stamped = line.startswith(STAMP)
        if is_stamped or not stamped:
            expected.append(line)
        else:
            expected[-1] += "\n" + line
        stamped = stamped or is_stamped

    records, source = read(data, block_bytes=block_bytes, forced="utf-8")

    assert [record.text for record in records] == expected
    assert source.lines == len(kept) == lines_of(records)


@given(st.binary(max_size=400), st.integers(1, 40))
def test_offsets_rebuild_any_bytes(data: bytes, block_bytes: int) -> None:
    whole, _ = read(data)
    records, _ = read(data, block_bytes=block_bytes)

    assert records == whole
    bounds = [record.offset for record in records] + [len(data)]
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    assert b"".join(pieces) == data
    assert all(pieces)
    for record, piece in zip(records, pieces, strict=True):
        if record.raw is not None:
            assert piece.removesuffix(b"\n").removesuffix(b"\r") == record.raw


@pytest.mark.parametrize("encoding", ["cp932", "euc_jp", "iso2022_jp", "gb18030", "utf-16-le", "utf-32-be", "latin-1"])
@given(data=st.lists(st.sampled_from([b"\n", b"\r\n", b"\x00\n", b"a", b"\x82\xa0", b"\xff", b"\x1b$B", b"\x00"])))
def test_offsets_rebuild_any_bytes_in_any_encoding(encoding: str, data: list[bytes]) -> None:
    raw = b"".join(data)

    records, source = read(raw, forced=encoding)

    bounds = [record.offset for record in records] + [len(raw)]
    assert b"".join(raw[a:b] for a, b in pairwise(bounds)) == raw
    assert source.lines == lines_of(records)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Multiline("off"), ["a 1", "x", "---", "b 2", "---", "c"]),
        (choose_multiline(start="^[ab] ", separator="", lines=0, off=False), ["a 1\nx\n---", "b 2\n---\nc"]),
        (choose_multiline(start="", separator="^---$", lines=0, off=False), ["a 1\nx\n---", "b 2\n---", "c"]),
        (choose_multiline(start="", separator="", lines=4, off=False), ["a 1\nx\n---\nb 2", "---\nc"]),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 3, 7, 1000])
def test_records_by_expression_and_by_count(how: Multiline, expected: list[str], block_bytes: int) -> None:
    records, _ = read(b"a 1\nx\n---\nb 2\n---\nc\n", how, block_bytes=block_bytes)

    assert [record.text for record in records] == expected


@pytest.mark.parametrize("block_bytes", [5, 50, 5000])
def test_a_record_that_grows_too_long_is_cut_and_the_rest_is_undated(
    block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiline, "MAX_RECORD_LINES", 4)
    data = f"{STAMP} head\n".encode() + b"".join(b"line %d\n" % i for i in range(10)) + f"{STAMP} next\n".encode()

    records, _ = read(data, block_bytes=block_bytes)

    assert [(record.text.count("\n") + 1, record.dated) for record in records] == [
        (4, True),
        (4, False),
        (3, False),
        (1, True),
    ]


@pytest.mark.parametrize("block_bytes", [5, 50, 5000])
def test_a_record_is_cut_by_bytes_at_the_same_line_for_any_block(
    block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiline, "MAX_RECORD_BYTES", 60)
    data = f"{STAMP} head\n".encode() + b"0123456789\n" * 20

    records, _ = read(data, block_bytes=block_bytes)

    assert [record.offset for record in records] == [0, 69, 135, 201]
    assert lines_of(records) == 21


@pytest.mark.parametrize("block_bytes", [7, 64, 5000])
def test_a_line_longer_than_the_limit_is_stored_in_pieces_and_nothing_is_lost(
    block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_LINE_BYTES", 100)
    long = "é" * 120
    data = f"{STAMP} a\n{STAMP} {long}\n{STAMP} b\n".encode()

    records, source = read(data, block_bytes=block_bytes)

    assert source.lines == 3
    assert {record.line_no for record in records} == {1, 2, 3}
    assert "".join(record.text for record in records if record.line_no == 2) == f"{STAMP} {long}"
    assert [record.dated for record in records][:2] == [True, True]
    assert records[-1].text == f"{STAMP} b"


def test_undecodable_bytes_are_shown_escaped_and_kept() -> None:
    records, source = read(f"{STAMP} caf".encode() + b"\xff\n at x\n" + f"{STAMP} ok\n".encode())

    assert records[0].text == f"{STAMP} caf\\xff\n at x"
    assert records[0].raw == f"{STAMP} caf".encode() + b"\xff\n at x"
    assert records[1].raw is None
    assert source.lossy_lines == 1
