"""Zones: names, and wall clock to UTC and back, against datetime and zoneinfo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.model import zones

ZONES = [
    "Asia/Tokyo",
    "Asia/Kolkata",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Africa/Monrovia",  # -00:44:30 until 1972
    "America/St_Johns",  # changes at 00:01
    "Pacific/Apia",  # without 2011-12-30
    "Africa/Casablanca",  # a month of other time each year
    "Asia/Pyongyang",
]
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock arithmetic has no zone


def utc_by_zoneinfo(wall_s: int, zone: str) -> int:
    wall = (EPOCH + timedelta(seconds=wall_s)).replace(tzinfo=ZoneInfo(zone))
    return (wall.astimezone(UTC).replace(tzinfo=None) - EPOCH) // timedelta(seconds=1)


def wall_by_zoneinfo(ts_s: int, zone: str) -> int:
    instant = (EPOCH + timedelta(seconds=ts_s)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return (instant.replace(tzinfo=None) - EPOCH) // timedelta(seconds=1)


def seconds(start: str, stop: str) -> st.SearchStrategy[int]:
    bounds = [(datetime.fromisoformat(text) - EPOCH) // timedelta(seconds=1) for text in (start, stop)]
    return st.integers(*bounds)


LISTS = st.lists(
    st.one_of(
        seconds("1800-01-01", "2200-01-01"),
        seconds("1968-01-01", "1973-01-01"),
        seconds("2023-11-05", "2023-11-06"),  # New York puts the clock back
        seconds("2024-03-10", "2024-03-11"),  # and forward
        seconds("2024-04-06", "2024-04-08"),  # Lord Howe back
        seconds("2011-12-29", "2012-01-01"),  # Apia
    ),
    max_size=30,
)


@given(LISTS, st.sampled_from(ZONES), st.integers(0, 999_999_999))
def test_wall_times_become_utc_as_zoneinfo_says(walls: list[int], zone: str, ns: int) -> None:
    wall_ns = np.array(walls, np.int64) * 10**9 + ns

    ts_ns = zones.to_utc(wall_ns, zone)

    assert ts_ns.tolist() == [utc_by_zoneinfo(wall, zone) * 10**9 + ns for wall in walls]


@given(LISTS, st.sampled_from(ZONES), st.integers(0, 999_999_999))
def test_utc_becomes_wall_times_as_zoneinfo_says(instants: list[int], zone: str, ns: int) -> None:
    ts_ns = np.array(instants, np.int64) * 10**9 + ns

    wall_ns = zones.to_wall(ts_ns, zone)

    assert wall_ns.tolist() == [wall_by_zoneinfo(ts, zone) * 10**9 + ns for ts in instants]


@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_around_every_change_of_recent_years(zone: str) -> None:
    walls = np.arange(1_293_840_000, 1_325_376_000 + 86_400 * 366, 450)  # 2011 and 2012

    ts_ns = zones.to_utc(walls * 10**9, zone)

    expected = np.array([utc_by_zoneinfo(wall, zone) for wall in walls[::7].tolist()])
    np.testing.assert_array_equal(ts_ns[::7] // 10**9, expected)


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        ("2024-05-06T07:08:09", "Asia/Tokyo", "2024-05-05T22:08:09"),
        ("2024-03-10T02:30:00", "America/New_York", "2024-03-10T07:30:00"),  # does not occur: 03:30 EDT
        ("2023-11-05T01:30:00", "America/New_York", "2023-11-05T05:30:00"),  # twice: the first, EDT
        ("1970-06-01T12:00:00", "Europe/London", "1970-06-01T11:00:00"),  # British Standard Time, all year
        ("1970-01-01T01:00:00", "Europe/London", "1970-01-01T00:00:00"),
        ("2024-04-07T01:45:00", "Australia/Lord_Howe", "2024-04-06T14:45:00"),  # twice: the first, +11:00
        ("2024-05-06T07:08:09", "+09:30", "2024-05-05T21:38:09"),
        ("2024-05-06T07:08:09", "UTC", "2024-05-06T07:08:09"),
    ],
)
def test_known_instants(wall: str, zone: str, utc: str) -> None:
    wall_ns = np.array([wall], "datetime64[ns]").astype(np.int64)

    assert zones.to_utc(wall_ns, zone).astype("datetime64[ns]").tolist() == np.array([utc], "datetime64[ns]").tolist()


def test_no_stamps_stay_no_stamps() -> None:
    assert zones.to_utc(np.empty(0, np.int64), "Europe/London").tolist() == []


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("UTC", "UTC"),
        ("utc", "UTC"),
        ("Z", "UTC"),
        ("Asia/Tokyo", "Asia/Tokyo"),
        (" asia/tokyo ", "Asia/Tokyo"),
        ("+09:00", "+09:00"),
        ("+0900", "+09:00"),
        ("+9", "+09:00"),
        ("-03:30", "-03:30"),
        ("UTC+9", "+09:00"),
        ("gmt-3", "-03:00"),
        ("UTC+0", "UTC"),
        ("JST", "+09:00"),
        ("PDT", "-07:00"),
        ("CET", "CET"),
        ("Etc/GMT-9", "Etc/GMT-9"),
    ],
)
def test_a_zone_has_one_canonical_name(typed: str, canonical: str) -> None:
    assert zones.check_zone(typed) == canonical


@pytest.mark.parametrize("typed", ["", "Nowhere/City", "+99:00", "+09:75", "../../etc/passwd", "\0", "９", "UTC+"])
def test_an_unknown_zone_is_a_usage_error(typed: str) -> None:
    with pytest.raises(UsageError, match="there is no time zone"):
        zones.check_zone(typed)


@pytest.mark.parametrize(("typed", "meant"), [("Tokyo", "Asia/Tokyo"), ("Asia/Tokio", "Asia/Tokyo")])
def test_an_unknown_zone_suggests_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as raised:
        zones.check_zone(typed)

    assert meant in str(raised.value.hint)
