"""Windows event logs: every event, its fields and time as they are; what is damaged is counted and named."""

from __future__ import annotations

import io
import random
import re
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SHARED, needs_shared
from twsla.formats.blocks import Block
from twsla.formats.build import build
from twsla.formats.evtx import EvtxSource, evtx_blocks, is_evtx
from twsla.formats.evtx_chunks import CHUNK_BYTES, HEADER_BYTES, read_chunk
from twsla.formats.evtx_json import fields_of, read_event, sharpen, summary_of, text_of, text_of_strings
from twsla.formats.evtx_parse import EvtxOptions

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = SHARED / "data/twsla/winevent.evtx"


def read(data: bytes, *, summary: bool = False, carving: bool = False) -> tuple[list[dict[str, Any]], EvtxSource]:
    source, stream = EvtxSource(EvtxOptions(summary, carving=carving)), io.BytesIO(data)
    rows: list[dict[str, Any]] = []
    for block in evtx_blocks(stream, stream.read(1000)):
        for span in source.join(source.parse(block)):
            rows += build(span, "s").drop_columns(["ts"]).to_pylist()
    for span in source.finish():
        rows += build(span, "s").drop_columns(["ts"]).to_pylist()
    return rows, source


def numbers_by_header(data: bytes) -> int:
    """Records that the headers of the chunks tell of, read independently of the program."""
    count = 0
    for at in range(HEADER_BYTES, len(data), CHUNK_BYTES):
        if data[at : at + 8] == b"ElfChnk\0":
            first, last = struct.unpack_from("<QQ", data, at + 8)
            count += last - first + 1 if 0 < last < 1 << 63 else 0
    return count


def all_files() -> list[Path]:
    return sorted((SHARED / "data").rglob("*.evtx"))


@needs_shared
def test_every_event_of_every_file_is_read() -> None:
    files = all_files()
    assert len(files) > 200
    for path in files:
        data = path.read_bytes()
        rows, source = read(data)
        assert len(rows) == numbers_by_header(data), path
        assert source.losses() == (), path
        assert source.notes() == (), path
        assert [row["line_no"] for row in rows] == list(range(1, len(rows) + 1))
        for row in rows:
            assert data[row["offset"] : row["offset"] + 4] == b"**\0\0"


@needs_shared
def test_the_sample_is_what_it_is() -> None:
    rows, _ = read(SAMPLE.read_bytes())
    assert len(rows) == 50
    first = dict(rows[0]["fields"])
    assert first["EventID"] == "1"
    assert first["Provider_Name"] == "Microsoft-Windows-Sysmon"
    assert first["Channel"] == "Microsoft-Windows-Sysmon/Operational"
    assert first["Computer"] == "MSEDGEWIN10"
    assert first["EventRecordID"] == "423991"
    assert first["Image"] == "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe"
    assert first["TimeCreated_SystemTime"] == "2020-10-23T21:57:29.2175625Z"
    assert rows[0]["text"].startswith('{"Event":{"EventData":{"CommandLine":"C:\\\\Windows\\\\system32\\\\wbem')
    assert (
        '"EventID":"1","EventRecordID":"423991","Execution":{"ProcessID":"3208","ThreadID":"4804"}' in rows[0]["text"]
    )
    assert sum(dict(row["fields"]).get("Image", "").lower().endswith("\\rundll32.exe") for row in rows) == 42


@needs_shared
def test_the_summary_is_one_line() -> None:
    rows, _ = read(SAMPLE.read_bytes(), summary=True)
    assert rows[0]["text"] == (
        "2020-10-23T21:57:29.217 EventID=1 Level=4 RecordID=423991 Channel=Microsoft-Windows-Sysmon/Operational "
        "Provider=Microsoft-Windows-Sysmon Computer=MSEDGEWIN10 UserID=S-1-5-18"
    )


@needs_shared
def test_a_file_cut_anywhere_gives_the_events_before_the_cut() -> None:
    data = SAMPLE.read_bytes()
    whole, _ = read(data)
    ends = [*(row["offset"] for row in whole[1:]), HEADER_BYTES + struct.unpack_from("<I", data, HEADER_BYTES + 48)[0]]
    for cut in range(HEADER_BYTES + 512, HEADER_BYTES + CHUNK_BYTES, 997):
        rows, source = read(data[:cut])
        kept = sum(end <= cut for end in ends)
        assert rows == whole[:kept]
        told = " ".join(source.losses())
        assert "ends within a chunk" in told
        assert kept == 50 or f"{50 - kept} of 50 event records cannot be read" in told


@needs_shared
def test_a_damaged_record_takes_no_other_with_it() -> None:
    data = bytearray(SAMPLE.read_bytes())
    whole, _ = read(bytes(data))
    at = whole[20]["offset"]
    data[at + 24 : at + 60] = b"\xff" * 36
    rows, source = read(bytes(data))
    assert [row["offset"] for row in rows] == [row["offset"] for row in whole if row["offset"] != at]
    assert source.losses() == ("1 of 50 event records cannot be read (numbers 21)",)
    assert len(source.notes()) == 1  # the checksum


@needs_shared
def test_a_damaged_beginning_of_a_record_is_passed_over() -> None:
    data = bytearray(SAMPLE.read_bytes())
    whole, _ = read(bytes(data))
    at = whole[20]["offset"]
    data[at : at + 12] = b"\xff" * 12
    rows, source = read(bytes(data))
    # What the record holds is whole: it is read all the same.
    assert [row["offset"] for row in rows] == [row["offset"] for row in whole]
    assert [row["text"] for row in rows] == [row["text"] for row in whole]
    assert source.losses() == ()


@needs_shared
def test_a_chunk_without_its_magic_is_read() -> None:
    data = bytearray(SAMPLE.read_bytes())
    data[HEADER_BYTES : HEADER_BYTES + 8] = b"12345678"
    assert len(read(bytes(data))[0]) == 50


@needs_shared
def test_names_in_a_ring_do_not_hang() -> None:
    data = bytearray(SAMPLE.read_bytes()[HEADER_BYTES:])
    names = [each for each in struct.unpack_from("<64I", data, 128) if each]
    for name in names:
        struct.pack_into("<I", data, name, name)
    began = time.monotonic()
    assert len(read_chunk(bytes(data)).events) == 50
    assert time.monotonic() - began < 5


@needs_shared
def test_random_damage_is_survived_and_told() -> None:
    """1,000 damaged chunks: no exception, no hang; with a whole header, what is not read is counted to the record."""
    chance = random.Random(7)
    chunks = [
        data[at : at + CHUNK_BYTES]
        for path in all_files()[::4]
        for data in [path.read_bytes()]
        for at in range(HEADER_BYTES, len(data), CHUNK_BYTES)
        if data.startswith(b"ElfChnk", at)
    ]
    for number in range(1000):
        damaged = bytearray(chunks[number % len(chunks)])
        first, last = struct.unpack_from("<QQ", damaged, 8)
        for _ in range(chance.choice((1, 5, 50))):
            at = chance.randrange(512, CHUNK_BYTES)
            damaged[at] ^= 1 << chance.randrange(8)
        chunk = read_chunk(bytes(damaged))
        assert len(chunk.events) + len(chunk.lost) >= last - first + 1
        damaged[: chance.randrange(1, CHUNK_BYTES)] = chance.randbytes(chance.randrange(1, 600))
        read_chunk(bytes(damaged)[:CHUNK_BYTES])


@needs_shared
def test_random_damage_of_whole_files_is_survived() -> None:
    """1,000 damaged files, to the columns of the store, free space included: what the header tells of adds up."""
    chance = random.Random(11)
    data = SAMPLE.read_bytes()[: HEADER_BYTES + CHUNK_BYTES]
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 3, 30, 300))):
            damaged[chance.randrange(HEADER_BYTES + 512, len(data))] = chance.randrange(256)
        rows, source = read(bytes(damaged[: chance.choice((len(data), chance.randrange(len(data))))]), carving=True)
        assert len(rows) == source.lines
        assert source.expected == len(rows) - source.carved + sum(map(lost_count, source.losses()))


def lost_count(sentence: str) -> int:
    found = re.match(r"([0-9,]+) of [0-9,]+ event records cannot be read", sentence)
    return int(found[1].replace(",", "")) if found else 0


def forgotten(data: bytes, kept: int, rows: list[dict[str, Any]]) -> bytes:
    """A log of one chunk of which only the first records are said to be there, with the checksums right."""
    chunk = bytearray(data[HEADER_BYTES : HEADER_BYTES + CHUNK_BYTES])
    free = rows[kept]["offset"] - HEADER_BYTES
    first = struct.unpack_from("<Q", chunk, 8)[0]
    struct.pack_into("<QQQQ", chunk, 8, first, first + kept - 1, first, first + kept - 1)
    struct.pack_into("<III", chunk, 44, rows[kept - 1]["offset"] - HEADER_BYTES, free, zlib.crc32(chunk[512:free]))
    struct.pack_into("<I", chunk, 124, zlib.crc32(chunk[128:512], zlib.crc32(chunk[:120])))
    return data[:HEADER_BYTES] + bytes(chunk)


@needs_shared
def test_carving_gives_the_records_of_before_and_none_twice() -> None:
    data = SAMPLE.read_bytes()
    whole, _ = read(data)
    # Behind the free space begins a record that is not the next one: the next one's number is written over.
    cleared = bytearray(forgotten(data, 20, whole))
    struct.pack_into("<Q", cleared, whole[20]["offset"] + 8, 7)
    struct.pack_into("<Q", cleared, whole[21]["offset"] + 8, 9)
    plain, source = read(bytes(cleared))
    assert plain == whole[:20]
    assert (source.expected, source.carved, source.losses(), source.notes()) == (20, 0, (), ())
    rows, source = read(bytes(cleared), carving=True)
    assert rows[:20] == whole[:20]
    assert [row["text"] for row in rows[20:]] == [row["text"] for row in whole[20:]]
    assert [row["offset"] for row in rows[20:]] == [row["offset"] for row in whole[20:]]
    assert [row["line_no"] for row in rows[20:]] == list(range(21, 51))
    for row, old in zip(rows[20:], whole[20:], strict=True):
        assert dict(row["fields"]) == dict(old["fields"]) | {"carved": "true"}
    assert (source.expected, source.carved) == (20, 30)
    assert source.notes() == (
        "30 records were found in free space (field carved): left from before, perhaps with values of other events",
    )
    # A second chunk that holds the same events as live ones: there is nothing new in the free space of the first.
    both, source = read(bytes(cleared) + data[HEADER_BYTES : HEADER_BYTES + CHUNK_BYTES], carving=True)
    assert (len(both), source.carved) == (70, 0)


@needs_shared
def test_carving_mends_names_that_are_written_over_and_takes_nothing_strange() -> None:
    files = sorted((SHARED / "data/evtx").rglob("*.evtx"))
    live = carved = 0
    for path in files:
        data = path.read_bytes()
        rows, source = read(data, carving=True)
        live += len(rows) - source.carved
        carved += source.carved
        for row in rows[len(rows) - source.carved :]:
            fields = dict(row["fields"])
            assert fields["EventRecordID"].isdecimal()
            assert fields["Channel"].isprintable()
            assert all(name.isascii() and name.isprintable() for name in fields)
            assert data[row["offset"] : row["offset"] + 4] == b"**\0\0"
    assert live == 4084
    assert carved > 300


@pytest.mark.parametrize(
    "data",
    [b"ElfFile\0", b"ElfFile\0" + bytes(5000), b"ElfFile\0" + bytes(4088 + CHUNK_BYTES), b"ElfChnk\0" + bytes(3)],
    ids=["header cut", "zeros", "unused chunk", "chunk cut"],
)
def test_logs_without_events(data: bytes) -> None:
    assert is_evtx(data)
    assert read(data)[0] == []


def test_what_is_no_chunk_is_named() -> None:
    rows, source = read(b"ElfFile\0".ljust(HEADER_BYTES, b"\0") + b"x" * CHUNK_BYTES)
    assert rows == []
    assert source.losses() == ("holds a chunk in which no event can be found (at byte 4,096)",)


def test_blocks_are_whole_chunks_and_lose_nothing() -> None:
    data = random.Random(1).randbytes(HEADER_BYTES + 40 * CHUNK_BYTES + 77)
    stream = io.BytesIO(data)
    blocks = list(evtx_blocks(stream, stream.read(3)))
    assert b"".join(block.raw for block in blocks) == data
    assert [block.offset for block in blocks] == [0, *((HEADER_BYTES + n * 16 * CHUNK_BYTES) for n in (1, 2))]
    assert all(isinstance(block, Block) for block in blocks)


SYSTEM = {"Provider": {"#attributes": {"Name": "P"}}, "Channel": "Security", "Computer": "c"}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"System": {"EventID": 4624}}, {"EventID": "4624"}),
        ({"System": {"EventID": "4624"}}, {"EventID": "4624"}),
        (
            {"System": {"EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 7036}}},
            {"EventID": "7036", "EventID_Qualifiers": "16384"},
        ),
        ({"EventData": {"Data": {"#text": ["a", "b"]}}}, {"Data": "a\nb", "Data[0]": "a", "Data[1]": "b"}),
        ({"EventData": {"Data": {"#text": "one"}}}, {"Data": "one"}),
        ({"EventData": {"Data": {"#text": ["one"]}}}, {"Data": "one"}),
        ({"EventData": {"Initiated": True, "Empty": "", "None": None}}, {"Initiated": "true", "Empty": "", "None": ""}),
        ({"EventData": {"Threat Name": "x"}}, {"Threat Name": "x"}),
        ({"EventData": None}, {"EventData": ""}),
        ({"EventData": "x"}, {"EventData": "x"}),
        ({"EventData": {"#attributes": {"Name": "N"}, "A": "1"}}, {"EventData_Name": "N", "A": "1"}),
        (
            {"EventData": {"ComplexData_1": {"#attributes": {"Name": "n"}, "#text": "t"}}},
            {"ComplexData_1": "t", "ComplexData_1_Name": "n"},
        ),
        (
            {"System": SYSTEM, "UserData": {"LogFileCleared": {"Channel": "System", "User": "u"}}},
            {"Provider_Name": "P", "Channel": "Security", "Computer": "c", "UserData.Channel": "System", "User": "u"},
        ),
        ({"UserData": {"E": {"Param": {"X": "1"}}}}, {"Param.X": "1"}),
        ({"ProcessingErrorData": {"ErrorCode": 15005}}, {"ErrorCode": "15005"}),
        ({"RenderingInfo": {"Message": "m", "Level": "l"}}, {"RenderingInfo.Message": "m", "RenderingInfo.Level": "l"}),
    ],
)
def test_fields(event: dict[str, Any], expected: dict[str, str]) -> None:
    assert fields_of(event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"System": {"EventID": {"#attributes": {"Qualifiers": 1}, "#text": 2}, "Correlation": None}},
            '{"Event":{"System":{"Correlation":{},"EventID":{"Qualifiers":"1","Value":"2"}}}}',
        ),
        ({"EventData": {"b": True, "a": 1, "c": None}}, '{"Event":{"EventData":{"a":"1","b":"true","c":""}}}'),
        (
            {"EventData": {"Data": {"#text": ["x", "<&>"]}}},
            '{"Event":{"EventData":{"Data":["x","\\u003c\\u0026\\u003e"]}}}',
        ),
    ],
)
def test_text(event: dict[str, Any], expected: str) -> None:
    assert text_of(event) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["#attributes", "#text", "Data", "Name", "A", "B_Name", "A_Name"]), inner)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(["#attributes", "#text", "Data", "Channel", "Correlation", "A", "A_Name", "EventID"])
SECTIONS = st.sampled_from(["System", "EventData", "UserData", "ProcessingErrorData", "RenderingInfo", "#attributes"])
ELEMENTS = st.dictionaries(NAMES, JSON, max_size=6)


@given(st.dictionaries(SECTIONS, ELEMENTS | JSON))
def test_one_pass_gives_what_two_give(event: dict[str, Any]) -> None:
    fields, body = read_event(event, set())
    assert fields == fields_of(event)
    assert list(fields) == list(fields_of(event))
    assert text_of_strings(body) == text_of(event)


def created(text: object) -> dict[str, Any]:
    return {"System": {"TimeCreated": {"#attributes": {"SystemTime": text}}}}


FILETIME = 132_479_638_492_175_625  # 2020-10-23T21:57:29.2175625Z


@pytest.mark.parametrize("written", ["2020-10-23T21:57:29.217562Z", "2020-10-23T21:57:29.217563Z"])
def test_the_100_ns_come_back(written: str) -> None:
    event = created(written)
    assert sharpen(event, b"abc" + struct.pack("<Q", FILETIME) + b"def") == 1_603_490_249_217_562_500
    assert event == created("2020-10-23T21:57:29.2175625Z")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2020-10-23T21:57:29.2175625Z", 1_603_490_249_217_562_500),
        ("2020-10-23 21:57:29.217562500 UTC", 1_603_490_249_217_562_500),
        ("2020-10-24T06:57:29+09:00", 1_603_490_249_000_000_000),
        ("2020-02-30T00:00:00Z", None),
        ("1601-01-01T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times_of_other_shapes(written: object, expected: int | None) -> None:
    assert sharpen(created(written), b"") == expected


def test_a_summary_without_a_time() -> None:
    assert summary_of({"EventID": "1", "Computer": "c"}, None) == "EventID=1 Computer=c"
