"""Buckets on the clock of a zone, against datetime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.model.durations import DAY_NS, NS_PER_S
from twsla.model.moments import MAX_NS, MIN_NS
from twsla.query.buckets import Buckets, make_buckets, offset_changes, parse_interval

HOUR_NS = 3600 * NS_PER_S
ZONES = [
    "UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Asia/Gaza", "Africa/Casablanca", "Europe/London",
]  # fmt: skip
"""With summer time at midnight, of half an hour, a day left out, two changes a month, an offset that was the rule."""
FIRST = int(datetime(1965, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S
LAST = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S
CHANGES = {zone: [at for at, _ in offset_changes(zone, FIRST, LAST)] for zone in ZONES}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INTERVALS = [10 * NS_PER_S, 60 * NS_PER_S, 7 * 60 * NS_PER_S, HOUR_NS, 6 * HOUR_NS, DAY_NS, 3 * DAY_NS, 7 * DAY_NS]


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[str, list[int]]:
    """A zone, and instants around one of its changes, in order."""
    zone = draw(st.sampled_from(ZONES))
    at = draw(st.sampled_from(CHANGES[zone]))
    away = st.one_of(st.integers(-3 * DAY_NS, 3 * DAY_NS), st.integers(-200, 200).map(lambda n: n * 15 * 60 * NS_PER_S))
    return zone, sorted({at + by for by in draw(st.lists(away, min_size=2, max_size=12))})


def local(ns: int, zone: str) -> datetime:
    return (EPOCH + timedelta(seconds=ns // NS_PER_S)).astimezone(ZoneInfo(zone))


def of(zone: str, interval_ns: int, instants: list[int]) -> tuple[Buckets, list[int]]:
    buckets = make_buckets(interval_ns, zone, instants[0], instants[-1])
    return buckets, [buckets.start_of(ns) for ns in instants]


@cache
def database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def in_sql(buckets: Buckets, instants: list[int]) -> list[int]:
    """What the SQL expression gives."""
    sql = f"SELECT {buckets.sql('ns')} FROM (SELECT unnest($instants::BIGINT[]) AS ns)"
    return [start for (start,) in database().execute(sql, {"instants": instants}).fetchall()]


@given(near_changes())
def test_a_daily_bucket_is_a_date_on_the_local_clock(given_: tuple[str, list[int]]) -> None:
    zone, instants = given_
    _, starts = of(zone, DAY_NS, instants)

    for (one, one_start), (other, other_start) in pairwise(zip(instants, starts, strict=True)):
        same_date = local(one, zone).date() == local(other, zone).date()
        assert (one_start == other_start) == same_date
    for ns, start in zip(instants, starts, strict=True):
        assert local(start, zone).date() == local(ns, zone).date()
        assert local(start - 1, zone).date() < local(ns, zone).date()


@given(near_changes())
def test_an_hourly_bucket_is_an_hour_that_the_local_clock_showed(given_: tuple[str, list[int]]) -> None:
    zone, instants = given_
    _, starts = of(zone, HOUR_NS, instants)

    def hour(ns: int) -> tuple[object, ...]:
        shown = local(ns, zone)
        return shown.date(), shown.hour

    for (one, one_start), (other, other_start) in pairwise(zip(instants, starts, strict=True)):
        if one_start == other_start:
            assert hour(one) == hour(other)
        elif hour(one) == hour(other):  # a repeated hour is another bucket
            assert local(one, zone).utcoffset() != local(other, zone).utcoffset()
    for ns, start in zip(instants, starts, strict=True):
        assert start <= ns
        assert hour(start) == hour(ns)


@settings(deadline=None)
@given(near_changes(), st.sampled_from(INTERVALS))
def test_sql_and_python_agree(given_: tuple[str, list[int]], interval_ns: int) -> None:
    zone, instants = given_
    buckets, starts = of(zone, interval_ns, instants)

    assert in_sql(buckets, instants) == starts


@given(near_changes(), st.sampled_from(INTERVALS))
def test_the_buckets_between_two_instants_leave_nothing_out(given_: tuple[str, list[int]], interval_ns: int) -> None:
    zone, instants = given_
    buckets, starts = of(zone, interval_ns, instants)

    listed = [start for each in buckets.ranges(instants[0], instants[-1]) for start in each]

    assert listed == sorted(set(listed))
    assert set(starts) <= set(listed)
    assert listed[0] == starts[0]
    assert listed[-1] <= instants[-1]
    for start in listed:
        assert buckets.start_of(max(start, instants[0])) in (start, starts[0])
    # A step may be short or long where the clock changed, by no more than it changed: a day, for Samoa in 2011.
    for one, other in pairwise(listed):
        assert other - one <= interval_ns + DAY_NS


@settings(deadline=None)
@given(st.integers(MIN_NS, MAX_NS), st.integers(MIN_NS, MAX_NS), st.sampled_from([HOUR_NS, DAY_NS, 3650 * DAY_NS]))
def test_the_first_and_the_last_instants_of_all_have_buckets(one: int, other: int, interval_ns: int) -> None:
    instants = sorted((one, other))
    buckets = make_buckets(interval_ns, "+09:00", *instants)

    for ns, start in zip(instants, in_sql(buckets, instants), strict=True):
        assert start == buckets.start_of(ns)
        assert MIN_NS <= start <= ns < start + interval_ns


def test_weeks_begin_on_monday() -> None:
    wednesday = int(datetime(2024, 5, 1, 10, tzinfo=UTC).timestamp()) * NS_PER_S
    buckets = make_buckets(7 * DAY_NS, "Asia/Tokyo", wednesday, wednesday)

    assert local(buckets.start_of(wednesday), "Asia/Tokyo").isoformat() == "2024-04-29T00:00:00+09:00"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60", 60),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86400),
        ("500ms", 0.5),
        (" 10 ", 10),
        ("2週", 1209600),
    ],
)
def test_an_interval_is_seconds_or_a_period(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds * NS_PER_S


@pytest.mark.parametrize("text", ["", "0", "0s", "00"])
def test_no_interval_means_automatic(text: str) -> None:
    assert parse_interval(text) is None


@pytest.mark.parametrize("text", ["-5", "-5m", "abc", "1x", "1e3", "1µs", "4000d", "60,5", "9" * 300])
def test_what_is_no_interval_is_named(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_interval(text)

    assert text[:40] in raised.value.message
