"""Times as text, against datetime and integer arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.render.timetext import time_text, time_texts

ZONES = ["UTC", "Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "+05:30", "-03:00"]
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
LOG_TIMES = st.integers(-(10**18), 4 * 10**18)
ROUND = st.builds(lambda ns, unit: ns // unit * unit, LOG_TIMES, st.sampled_from([10**3, 10**6, 10**9, 60 * 10**9]))
NEAR_CHANGE = st.builds(
    lambda at, ns: at * 10**9 + ns,
    st.sampled_from([1711846800, 1729990800, 1325239200]),
    st.integers(-(10**10), 10**10),
)
NS = st.one_of(INT64, LOG_TIMES, ROUND, NEAR_CHANGE)


def expected(ns: int, zone: str) -> str:
    """RFC 3339 from datetime, with the digits below the second from the integer; offsets floored to the minute."""
    second, sub = divmod(ns, 10**9)
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    if zone == "UTC":
        away = None
    elif zone[0] in "+-":
        away = timedelta(minutes=(int(zone[1:3]) * 60 + int(zone[4:])) * (-1 if zone[0] == "-" else 1))
    else:
        offset = utc.astimezone(ZoneInfo(zone)).utcoffset()
        assert offset is not None
        away = timedelta(minutes=offset // timedelta(minutes=1))
    local = utc + (away or timedelta())
    digits = f"{sub:09d}"
    for cut in ("000000", "000"):
        if sub and digits.endswith(cut):
            digits = digits[: -len(cut)]
            break
    suffix = "Z"
    if away is not None:
        minutes = away // timedelta(minutes=1)
        suffix = f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    return f"{local:%Y-%m-%dT%H:%M:%S}{'.' + digits if sub else ''}{suffix}"


@given(values=st.lists(st.one_of(st.none(), NS), max_size=20), zone=st.sampled_from(ZONES))
def test_texts_equal_integer_arithmetic(values: list[int | None], zone: str) -> None:
    texts = time_texts(pa.array(values, pa.timestamp("ns", "UTC")), zone).to_pylist()

    assert texts == ["" if ns is None else expected(ns, zone) for ns in values]


@given(ns=NS, zone=st.sampled_from(ZONES))
def test_one_text_equals_the_column(ns: int, zone: str) -> None:
    assert time_text(ns, zone) == expected(ns, zone)


@given(values=st.lists(st.one_of(st.none(), NS), min_size=3, max_size=20), start=st.integers(0, 3))
def test_a_slice_gives_the_texts_of_its_rows(values: list[int | None], start: int) -> None:
    array = pa.array(values, pa.timestamp("ns", "UTC"))

    assert time_texts(array[start:], "Asia/Tokyo").to_pylist() == time_texts(array, "Asia/Tokyo").to_pylist()[start:]


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_700_000_000_120_000_000, "2023-11-14T22:13:20.120Z"),
        (1_700_000_000_123_450_000, "2023-11-14T22:13:20.123450Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (-(2**63) + 1, "1677-09-21T00:12:43.145224193Z"),
    ],
)
def test_known_instants(ns: int, text: str) -> None:
    assert time_text(ns) == text


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (1_711_846_799, "2024-03-31T01:59:59+01:00"),
        (1_711_846_800, "2024-03-31T03:00:00+02:00"),
        (1_729_990_799, "2024-10-27T02:59:59+02:00"),
        (1_729_990_800, "2024-10-27T02:00:00+01:00"),
    ],
)
def test_the_repeated_hour_is_told_apart_by_its_offset(second: int, text: str) -> None:
    array = pa.array([second * 10**9], pa.timestamp("ns", "UTC"))

    assert time_texts(array, "Europe/Berlin").to_pylist() == [text]


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("s", 253_402_300_800, "+10000-01-01T00:00:00Z"),
        ("s", -62_167_219_200, "0000-01-01T00:00:00Z"),
        ("s", -62_167_219_201, "-00001-12-31T23:59:59Z"),
        ("ms", 1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        ("us", 1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z"),
        ("us", 2**63 - 1, "+294247-01-10T04:00:54.775807Z"),
    ],
)
def test_other_units_and_far_years(unit: str, value: int, text: str) -> None:
    assert time_texts(pa.array([value], pa.timestamp(unit, "UTC"))).to_pylist() == [text]


@given(second=st.integers(-62_135_596_800, 253_402_300_799))
def test_every_date_of_datetime_is_counted_the_same(second: int) -> None:
    shown = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)

    assert time_text(second * 10**9) == f"{shown:%Y}".rjust(4, "0") + f"{shown:-%m-%dT%H:%M:%SZ}"


def test_an_offset_with_seconds_is_floored_and_the_instant_kept() -> None:
    text = time_text(-3_000_000_000 * 10**9, "Asia/Tokyo")  # local mean time, +09:18:59

    assert text == "1874-12-08T03:58:00+09:18"
    assert datetime.fromisoformat(text).timestamp() == -3_000_000_000


def test_a_clock_time_without_zone_has_no_suffix() -> None:
    assert time_texts(pa.array([0, None], pa.timestamp("us")), None).to_pylist() == ["1970-01-01T00:00:00", ""]


def test_no_rows_give_no_texts() -> None:
    assert time_texts(pa.array([], pa.timestamp("ns", "UTC")), "Asia/Tokyo").to_pylist() == []


def test_an_abbreviation_is_a_zone() -> None:
    assert time_text(0, "JST") == "1970-01-01T09:00:00+09:00"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "+25:00", "\x00"])
def test_an_unknown_zone_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError):
        time_text(0, name)
