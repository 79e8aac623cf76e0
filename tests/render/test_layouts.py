"""Columns laid out as the original program writes them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.export.write import RenderOptions, write_result
from twsla.model.result import ArrowRows, Column, Kind, Result, ValueRows
from twsla.render.timetext import clock_texts

ZONES = ["Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
FIRST = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())
SECONDS = st.integers(FIRST, FIRST + 60 * 31_556_952)
CHANGES = st.builds(lambda at, by: at + by, st.sampled_from([1711846800, 1729990800]), st.integers(-7300, 7300))


def instants(seconds: list[int]) -> pa.Array:
    return pa.array([second * 10**9 for second in seconds], pa.timestamp("ns", "UTC"))


@given(st.lists(st.one_of(SECONDS, CHANGES), min_size=1, max_size=8), st.sampled_from(ZONES))
def test_a_clock_text_is_what_the_clock_showed(seconds: list[int], zone: str) -> None:
    texts = clock_texts(instants(seconds), zone, seconds=True).to_pylist()

    for second, text in zip(seconds, texts, strict=True):
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
        shown, _, offset = text.partition(" +") if " +" in text else text.partition(" -")
        assert shown == f"{local:%Y/%m/%d %H:%M:%S}"
        assert bool(offset) == bool(local.fold)


@pytest.mark.parametrize(
    ("second", "zone", "text"),
    [
        ("2024-05-01T01:00:00Z", "Asia/Tokyo", "2024/05/01 10:00"),
        ("2024-05-01T01:00:10Z", "Asia/Tokyo", "2024/05/01 10:00:10"),
        ("2024-10-27T00:00:00Z", "Europe/Berlin", "2024/10/27 02:00"),
        ("2024-10-27T01:00:00Z", "Europe/Berlin", "2024/10/27 02:00 +01:00"),
        ("2024-05-01T01:00:00Z", "UTC", "2024/05/01 01:00"),
        ("2024-05-01T01:00:00Z", "+05:30", "2024/05/01 06:30"),
    ],
)
def test_minutes_are_shown_without_seconds_where_there_are_none(second: str, zone: str, text: str) -> None:
    at = int(datetime.fromisoformat(second).timestamp())

    assert clock_texts(instants([at]), zone, seconds=False).to_pylist() == [text]


def test_a_fraction_is_never_dropped() -> None:
    array = pa.array([1_500_000_000, None], pa.timestamp("ns", "UTC"))

    assert clock_texts(array, "UTC", seconds=False).to_pylist() == ["1970/01/01 00:00:01.500", ""]


COLUMNS = (
    Column("time", "Time", Kind.TIME, heading="Time", layout="minute"),
    Column("delta", "Delta", Kind.DURATION, heading="Delta", layout="duration"),
    Column("delta_s", "Delta(sec)", Kind.NUMBER, heading="Delta(sec)"),
)
TABLE = pa.table(
    {
        "time": instants([1714557780]),
        "delta": pa.array([180 * 10**9], pa.int64()),
        "delta_s": pa.array([180.0], pa.float64()),
    }
)


def written(format_name: str) -> str:
    sink = io.BytesIO()
    write_result(Result("Count", COLUMNS, ArrowRows(TABLE)), sink, format_name, RenderOptions())
    return sink.getvalue().decode()


def test_texts_for_people_have_the_layout_and_the_headings() -> None:
    assert written("csv") == "Time,Delta,Delta(sec)\n2024/05/01 10:03,3m0s,180\n"
    assert written("plain") == "Time\tDelta\tDelta(sec)\n2024/05/01 10:03\t3m0s\t180\n"
    assert "2024/05/01 10:03  3m0s" in " ".join(written("table").split(" ")).replace("   ", "  ")


def test_typed_formats_have_the_values_and_the_names() -> None:
    assert json.loads(written("jsonl")) == {"time": "2024-05-01T10:03:00Z", "delta": 180_000_000_000, "delta_s": 180}


def test_a_handful_of_values_has_the_headings_too() -> None:
    sink = io.BytesIO()
    columns = (Column("count", "Count", Kind.COUNT, heading="Number"),)
    write_result(Result("Count", columns, ValueRows(("count",), [(3,)])), sink, "plain", RenderOptions())

    assert sink.getvalue() == b"Number\n3\n"
