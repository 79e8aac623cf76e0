"""Mail sources: a record for each message, nothing lost, and only a message's own header dates it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.formats import blocks, multiline
from twsla.formats.build import Span, build
from twsla.formats.decode import detect_encoding
from twsla.formats.mail import MailSource
from twsla.model.records import TsFlag


@dataclass(frozen=True)
class Record:
    line_no: int
    offset: int
    text: str
    raw: bytes | None
    time: datetime | None
    flags: int


def read(
    data: bytes, *, block_bytes: int = 1 << 20, zone: str = "UTC", hold_back: bool = False
) -> tuple[list[Record], MailSource]:
    encoding = detect_encoding(data[: 256 << 10], forced="utf-8")
    source = MailSource(encoding, zone)
    stream = io.BytesIO(data)
    spans: list[Span] = []
    for block in blocks.read_blocks(stream, stream.read(block_bytes), encoding, block_bytes=block_bytes):
        spans += source.join(source.parse(block))
    spans += source.finish(hold_back=hold_back)
    found = []
    for span in spans:
        table = build(span, "x")
        times = table["ts"].cast("int64").to_pylist()
        for row, ns in zip(table.drop(["ts"]).to_pylist(), times, strict=True):
            time = None if ns is None else datetime.fromtimestamp(ns / 1e9, UTC)
            found.append(Record(row["line_no"], row["offset"], row["text"], row["raw"], time, row["ts_flags"]))
    return found, source


def times(data: bytes, zone: str = "UTC") -> list[str | None]:
    return [record.time.isoformat() if record.time else None for record in read(data, zone=zone)[0]]


DATE = b"Date: Mon, 01 Jan 2024 10:00:00 +0900\n"
UTC_TEXT = "2024-01-01T01:00:00+00:00"


def test_a_message_is_one_record_of_its_headers_and_body() -> None:
    data = b"From: a@b\n" + DATE + b"\nHello\n\n2020-01-01T00:00:00Z in a body\nDate: 1 Jan 1999 00:00:00 +0000\n"

    records, source = read(data)

    assert [record.text for record in records] == [data.decode().removesuffix("\n")]
    assert times(data) == [UTC_TEXT]
    assert source.lines == 7


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_mbox_is_cut_at_its_separators_and_nowhere_else(end: bytes) -> None:
    lines = [
        b"From a@b Mon Jan  1 10:00:00 2024",
        b"Date: Mon, 01 Jan 2024 10:00:00 +0900",
        b"",
        b">From a@b Mon Jan  1 10:00:00 2024 was quoted",
        b"From a@b Mon Jan  1 10:00:00 2024 follows no empty line",
        b"",
        b"From then on it is text",
        b"",
        b"From - Tue Jan  2 11:00:00 2024",
        b"Subject: no date",
        b"",
        b"",
        b"From c@d Wed Jan 03 08:38:08 +0000 2024",
        b"Date: Wed, 3 Jan 2024 00:00:00 GMT",
    ]
    data = b"".join(line + end for line in lines)

    records, _ = read(data)

    assert [record.line_no for record in records] == [1, 9, 13]
    assert times(data) == [UTC_TEXT, None, "2024-01-03T00:00:00+00:00"]


def test_the_first_received_field_with_a_date_stands_in_for_a_date_that_cannot_be_read() -> None:
    data = (
        b"Received: from a by b; not a date\n"
        b"Received: from a by b;\n\tMon, 01 Jan 2024 10:00:00\n +0900 (JST)\n"
        b"Received: from x by a; Sun, 31 Dec 2023 10:00:00 +0900\n"
        b"Date: next week\nSubject: x\n\nbody\n"
    )

    records, source = read(data)

    assert times(data) == [UTC_TEXT]
    assert records[0].flags == TsFlag.OTHER_FORM
    assert source.notes()[0].startswith("1 message has no Date")


def test_a_date_without_a_zone_is_in_the_sources_zone_and_marked() -> None:
    data = b"From: a@b\nDate: Mon, 01 Jan 2024 10:00:00\n\n"

    records, _ = read(data, zone="Asia/Tokyo")

    assert times(data, "Asia/Tokyo") == [UTC_TEXT]
    assert records[0].flags == TsFlag.ZONE_ASSUMED


@pytest.mark.parametrize(
    "data",
    [
        b"\nDate: Mon, 01 Jan 2024 10:00:00 +0900\n",
        b"no header\n" + DATE,
        b"From: a@b\nthis line ends the header\n" + DATE,
        b"X-Date: Mon, 01 Jan 2024 10:00:00 +0900\n Date: Mon, 01 Jan 2024 10:00:00 +0900\n\n",
        b"From: a@b\nContent-Type: message/rfc822\n\n" + DATE + b"Received: x; Mon, 01 Jan 2024 10:00:00 +0900\n\n",
        b"Subject: x\n\n--b\nContent-Type: message/rfc822\n\n" + DATE,
    ],
)
def test_what_is_not_in_the_header_of_a_message_does_not_date_it(data: bytes) -> None:
    assert times(data) == [None]


def test_a_long_message_gives_its_time_to_all_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiline, "MAX_RECORD_LINES", 10)
    first = b"From a@b Mon Jan  1 10:00:00 2024\n" + DATE + b"\n" + b"AAAA\n" * 50 + b"\n"
    data = first + b"From a@b Mon Jan  1 10:00:00 2024\nSubject: undated\n\n" + b"BBBB\n" * 25

    records, _ = read(data, block_bytes=64)

    dated = [record.offset for record in records if record.time is not None]
    assert len(dated) == 6
    assert all(record.time.isoformat() == UTC_TEXT for record in records[:6] if record.time)
    assert all((record.offset < len(first)) == (record.time is not None) for record in records)


def test_a_line_too_long_for_a_record_keeps_the_messages_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_LINE_BYTES", 100)
    data = b"From: a@b\n" + DATE + b"\n" + b"A" * 350 + b"\nend\n"

    records, source = read(data, block_bytes=128)

    assert {record.time for record in records} == {datetime(2024, 1, 1, 1, tzinfo=UTC)}
    assert source.lines == 5
    assert len(source.pieces) == len(records) - 1


def test_a_huge_header_is_read_to_its_date() -> None:
    data = b"From: a@b\n" + b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" * 9000 + DATE + b"\nbody\n"

    assert times(data) == [UTC_TEXT]
    assert [r.time for r in read(data, block_bytes=1000)[0]] == [datetime(2024, 1, 1, 1, tzinfo=UTC)]


def test_nul_and_undecodable_bytes_are_kept() -> None:
    data = b"From: a@b\n" + DATE + b"\nx\0y\n\xff\xfe\n"

    (record,), source = read(data)

    assert record.text.endswith("x\0y\n\\xff\\xfe")
    assert record.raw == data.removesuffix(b"\n")
    assert source.lossy_lines == 1


LINE = st.sampled_from(
    [
        *(b"From a@b Mon Jan  1 10:00:00 2024", b"From here on", b">From x", b"", b"", b"", b"body", b" folded", b"\t"),
        *(DATE.strip(), b"Date:", b"DATE : 2 Jan 2024 10:00 +0000", b"Received: a;", b" 3 Jan 2024 10:00:00 +0000"),
        *(b"Received: from a by b; 4 Jan 2024 10:00:00 +0000", b"Subject: x", b"\xff\0", b"A" * 300),
    ]
)
MAIL = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else b""),
    st.lists(LINE, max_size=40),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)


@given(st.one_of(MAIL, st.binary(max_size=400)), st.integers(1, 60))
def test_any_bytes_can_be_rebuilt_and_blocks_do_not_matter(data: bytes, block_bytes: int) -> None:
    whole, _ = read(data)
    records, source = read(data, block_bytes=block_bytes)

    assert records == whole
    bounds = [record.offset for record in records] + [len(data)]
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    assert b"".join(pieces) == data
    assert all(pieces)
    assert source.lines == sum(record.text.count("\n") + 1 for record in records)


@given(MAIL, st.integers(1, 60))
def test_what_is_held_back_is_the_last_message(data: bytes, block_bytes: int) -> None:
    whole, _ = read(data)
    records, source = read(data, block_bytes=block_bytes, hold_back=True)

    assert records == whole[:-1]
    assert source.held_from == (whole[-1].offset if whole else None)
    assert source.lines == sum(record.text.count("\n") + 1 for record in records)
