"""Ticks stand on round values, and times on round local times of the zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twsla.model.result import Kind
from twsla.render.ticks import number_label, number_ticks, time_ticks, zone_label, zone_spans

S = 1_000_000_000
ZONES = ("UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "+05:45")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * S


def local(at: float, zone: str) -> datetime:
    """What the clock shows, by Python's own rules; to the microsecond."""
    rules = EPOCH.tzinfo if zone == "UTC" else ZoneInfo(zone)
    return (EPOCH + timedelta(microseconds=int(at) // 1000)).astimezone(rules)


def labels(first: str, last: str, zone: str, most: int = 6) -> list[str]:
    return [f"{t.label} {t.below}".strip() for t in time_ticks(ns(first, zone), ns(last, zone), zone, most)]


@pytest.mark.parametrize(
    ("first", "last", "zone", "expected"),
    [
        ("2024-05-06T09:00", "2024-05-06T21:00", "Asia/Tokyo", "10:00 2024-05-06, 12:00, 14:00, 16:00, 18:00, 20:00"),
        (
            "2024-05-06T23:00",
            "2024-05-07T01:00",
            "Asia/Tokyo",
            "23:00 2024-05-06, 23:30, 00:00 2024-05-07, 00:30, 01:00",
        ),
        ("2024-12-28T00:00", "2025-01-02T00:00", "UTC", "12-28 2024, 12-29, 12-30, 12-31, 01-01 2025, 01-02"),
        ("2024-05-06T00:00:00", "2024-05-06T00:00:15", "UTC", "00:00:00 2024-05-06, 00:00:05, 00:00:10, 00:00:15"),
        ("2024-03-15T00:00", "2024-08-01T00:00", "Europe/Berlin", "2024-04, 2024-05, 2024-06, 2024-07, 2024-08"),
        ("1999-06-01T00:00", "2024-01-01T00:00", "Europe/Berlin", "2000, 2005, 2010, 2015, 2020"),
        # The clock is put back: 02:00 comes twice, the second time with its offset.
        (
            "2024-10-27T01:00",
            "2024-10-27T04:00",
            "Europe/Berlin",
            "01:00 2024-10-27, 02:00, 02:00 +01:00, 03:00, 04:00",
        ),
        # It is put forward: there is no 02:00.
        (
            "2024-03-31T00:00",
            "2024-03-31T05:00",
            "Europe/Berlin",
            "00:00 2024-03-31, 01:00, 03:00 +02:00, 04:00, 05:00",
        ),
    ],
)
def test_times_by_hand(first: str, last: str, zone: str, expected: str) -> None:
    assert ", ".join(labels(first, last, zone)) == expected


@given(
    st.integers(-(10**9), 4 * 10**9),
    st.one_of(st.integers(1, 10**15), st.integers(10**13, 10**18)),
    st.sampled_from(ZONES[:6]),
    st.integers(2, 15),
)
def test_every_tick_says_the_local_time_where_it_stands(second: int, span: int, zone: str, most: int) -> None:
    first = second * S
    ticks = time_ticks(first, first + span, zone, most)

    assert len(ticks) <= 2 * most + 2
    assert all(first <= tick.at <= first + span for tick in ticks)
    assert all(one.at < other.at for one, other in pairwise(ticks))
    year = day = ""
    for tick in ticks:
        clock = local(tick.at, zone)
        if len(tick.label) == 4:
            assert (tick.label, clock.strftime("%m-%dT%H:%M:%S")) == (f"{clock.year:04d}", "01-01T00:00:00")
        elif len(tick.label) == 7:
            assert (tick.label, clock.strftime("%dT%H:%M:%S")) == (f"{clock.year:04d}-{clock:%m}", "01T00:00:00")
        elif "-" in tick.label:
            assert (tick.label, clock.strftime("%H:%M:%S")) == (f"{clock:%m-%d}", "00:00:00")
            year = tick.below or year
            assert year == f"{clock.year:04d}"
        else:
            assert clock.strftime("%H:%M:%S.%f").startswith(tick.label[:15])
            day = next((word for word in tick.below.split() if len(word) == 10), day)
            assert day == f"{clock.year:04d}-{clock:%m-%d}"


@example(137438953473.0, 6.103515625e-05, 4, Kind.NUMBER)
@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.integers(2, 12), st.sampled_from([Kind.NUMBER, Kind.COUNT]))
def test_numbers_are_round_ascending_and_inside(low: float, span: float, most: int, kind: Kind) -> None:
    ticks = number_ticks(low, low + span, kind, most)

    steps = [other.at - one.at for one, other in pairwise(ticks)]
    assert len(ticks) <= most + 2
    assert all(step > 0 for step in steps)
    assert all(low - span * 1e-6 <= tick.at <= low + span * (1 + 1e-6) for tick in ticks[1:-1])
    if kind is Kind.COUNT and len(ticks) > 1:
        assert all(tick.at == int(tick.at) for tick in ticks)


@pytest.mark.parametrize(
    ("low", "high", "kind", "expected"),
    [
        (0, 7, Kind.COUNT, ["0", "2", "4", "6"]),
        (0, 1, Kind.COUNT, ["0", "1"]),
        (0, 12_000, Kind.COUNT, ["0", "5,000", "10,000"]),
        (0, 4_400_000, Kind.COUNT, ["0", "1M", "2M", "3M", "4M"]),
        (0, 0.83, Kind.SCORE, ["0", "0.2", "0.4", "0.6", "0.8"]),
        (-1, 1, Kind.NUMBER, ["-1.0", "-0.5", "0", "0.5", "1.0"]),
        (0, 4.2e9, Kind.BYTES, ["0", "1 GB", "2 GB", "3 GB", "4 GB"]),
        (0, 2e6, Kind.BYTES, ["0", "0.5 MB", "1.0 MB", "1.5 MB", "2.0 MB"]),
        (0, 7500, Kind.DURATION, ["0s", "30m", "1h", "1h30m", "2h"]),
        (0, 0.02, Kind.DURATION, ["0s", "5ms", "10ms", "15ms", "20ms"]),
        (0, 90, Kind.DURATION, ["0s", "30s", "1m", "1m30s"]),
        (5, 5, Kind.COUNT, ["5"]),
    ],
)
def test_numbers_by_hand(low: float, high: float, kind: Kind, expected: list[str]) -> None:
    assert [tick.label for tick in number_ticks(low, high, kind, 5)] == expected


def test_numbers_too_large_or_small_for_digits_have_an_exponent() -> None:
    assert number_label(5e18, 1e18, 9e18, Kind.NUMBER) == "5e+18"
    assert number_label(2e-8, 2e-8, 1e-7, Kind.NUMBER) == "2e-08"


def test_the_spans_of_a_zone_begin_at_its_changes() -> None:
    first, last = ns("2024-01-01T00:00", "UTC") // S, ns("2025-01-01T00:00", "UTC") // S

    spans = zone_spans(first, last, "Europe/Berlin")

    assert [(span.start_s, span.offset_s) for span in spans] == [
        (first, 3600),
        (ns("2024-03-31T01:00", "UTC") // S, 7200),
        (ns("2024-10-27T01:00", "UTC") // S, 3600),
    ]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "UTC"),
        ("Asia/Tokyo", "Asia/Tokyo, UTC+09:00"),
        ("Europe/Berlin", "Europe/Berlin, UTC+01:00 and +02:00"),
        ("+05:45", "UTC+05:45"),
    ],
)
def test_a_zone_is_named_with_its_offsets(zone: str, expected: str) -> None:
    assert zone_label(ns("2024-01-01T00:00", "UTC"), ns("2024-12-31T00:00", "UTC"), zone) == expected
