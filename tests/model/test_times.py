"""Time ranges: the table of the reference program, what it failed to read, and arithmetic checked with datetime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.model.times import (
    TimeRange,
    auto_interval_s,
    format_duration,
    format_time,
    parse_duration,
    parse_time_range,
)

S = 10**9
H = 3600 * S
D = 24 * H
TOKYO = "Asia/Tokyo"
# Saturday 2026-11-21 02:53:07.5 in Tokyo, still Friday in UTC
NOW = int(datetime(2026, 11, 20, 17, 53, 7, tzinfo=UTC).timestamp()) * S + 500_000_000


def at(text: str, zone: str = "+09:00") -> int:
    """Nanoseconds of an ISO date or date and time, read by datetime."""
    whole, _, fraction = text.partition(".")
    away = "+00:00" if zone == "Z" else zone
    seconds = int(datetime.fromisoformat(f"{whole}T00:00:00{away}" if len(whole) == 10 else whole + away).timestamp())
    return seconds * S + int(fraction.ljust(9, "0"))


def ends(text: str, zone: str = TOKYO) -> tuple[int | None, int | None]:
    found = parse_time_range(text, now_ns=NOW, zone=zone)
    return found.start_ns, found.end_ns


PERIODS_UP_TO_NOW = {
    "1h": H,
    "90m": 90 * 60 * S,
    "1.5h": 90 * 60 * S,
    "1h30m": 90 * 60 * S,
    "1d": D,
    "3d": 3 * D,
    "6d": 6 * D,
    "7d": 7 * D,
    "1w2d": 9 * D,
    "30d": 30 * D,
    "0": 0,
    "-1h": H,
    "+1h": H,
    "last 1h": H,
    "Last 3 days": 3 * D,
    "past 2 hours": 2 * H,
    "last hour": H,
    "100ms": S // 10,
    "0.000001s": 1000,
    "1時間": H,
    "過去30分": 30 * 60 * S,
    "１ｈ": H,
}


@pytest.mark.parametrize(("text", "period"), PERIODS_UP_TO_NOW.items())
def test_a_period_is_the_last_so_long(text: str, period: int) -> None:
    assert ends(text) == (NOW - period, NOW)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2024-01-01", at("2024-01-01")),
        ("2024/1/1", at("2024-01-01")),
        ("2024/1/1,", at("2024-01-01")),
        ("2024-01-01..", at("2024-01-01")),
        ("since 2024-01-01", at("2024-01-01")),
        ("2024", at("2024-01-01")),
        ("2024-03", at("2024-03-01")),
        ("20240102", at("2024-01-02")),
        ("20240102150405", at("2024-01-02T15:04:05")),
        ("202401021504", at("2024-01-02T15:04:00")),
        ("20240102T150405Z", at("2024-01-02T15:04:05", "Z")),
        ("2024-01-01 9:05", at("2024-01-01T09:05:00")),
        ("2024-01-01T10:30:15.123456789", at("2024-01-01T10:30:15.123456789")),
        ("2024-01-01 10:30:15,123", at("2024-01-01T10:30:15.123")),
        ("2024-01-01T10:30Z", at("2024-01-01T10:30:00", "Z")),
        ("2024-01-01T10:30:00-05:00", at("2024-01-01T10:30:00", "-05:00")),
        ("2024-01-01 10:30:00 +0530", at("2024-01-01T10:30:00", "+05:30")),
        ("2024-01-01 10:30 JST", at("2024-01-01T10:30:00")),
        ("2024-01-01 10:30 PST", at("2024-01-01T10:30:00", "-08:00")),
        ("2024-01-01 10:30 Europe/Berlin", at("2024-01-01T10:30:00", "+01:00")),
        ("2024-01-01 UTC", at("2024-01-01", "Z")),
        ("2024-01-01 24:00", at("2024-01-02")),
        ("Jan 2 2024", at("2024-01-02")),
        ("2 Jan 2024 15:04:05", at("2024-01-02T15:04:05")),
        ("May 8 2009 5:57:51 PM", at("2009-05-08T17:57:51")),
        ("May 8, 2009 12:00 AM", at("2009-05-08T00:00:00")),
        ("Mon Jan  2 15:04:05 2006", at("2006-01-02T15:04:05")),
        ("Mon, 2 Jan 2006 15:04:05 -0700", at("2006-01-02T15:04:05", "-07:00")),
        ("02/Jan/2006:15:04:05 +0000", at("2006-01-02T15:04:05", "Z")),
        ("2024年1月1日 10時30分", at("2024-01-01T10:30:00")),
        ("2024年1月1日10時30分5秒", at("2024-01-01T10:30:05")),
        ("２０２４年１月", at("2024-01-01")),
        ("2024年1月1日 午後3時", at("2024-01-01T15:00:00")),
        ("02/13/2024", at("2024-02-13")),
        ("13/02/2024", at("2024-02-13")),
        ("03/03/2024", at("2024-03-03")),
        ("1960-05-05", at("1960-05-05")),
        ("1700000000", 1_700_000_000 * S),
        ("1700000000123", 1_700_000_000_123 * 10**6),
        ("1700000000123456", 1_700_000_000_123_456 * 10**3),
        ("1700000000123456789", 1_700_000_000_123_456_789),
        ("1700000000.5", 1_700_000_000 * S + S // 2),
        ("now", NOW),
        ("2h ago", NOW - 2 * H),
        ("since 2h", NOW - 2 * H),
        ("1h,", NOW - H),
        ("10:30", at("2026-11-21T10:30:00")),
        ("2pm", at("2026-11-21T14:00:00")),
        ("2pm yesterday", at("2026-11-20T14:00:00")),
        ("yesterday 14:05", at("2026-11-20T14:05:00")),
        ("yesterday noon", at("2026-11-20T12:00:00")),
        ("monday 8:00", at("2026-11-16T08:00:00")),
        ("since yesterday", at("2026-11-20")),
    ],
)
def test_a_moment_alone_is_the_start_of_a_range_without_an_end(text: str, start: int) -> None:
    assert ends(text) == (start, None)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024/1/1,1d", at("2024-01-01"), at("2024-01-02")),
        ("2024/1/1 10:00,1h30m", at("2024-01-01T10:00:00"), at("2024-01-01T11:30:00")),
        ("2024-01-01,2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("2026/02/24T10:30:10+0900,1h", at("2026-02-24T10:30:10"), at("2026-02-24T11:30:10")),
        ("2026-02-26T10:30:10Z,1h", at("2026-02-26T19:30:10"), at("2026-02-26T20:30:10")),
        ("2026/02/26 10:30,1h", at("2026-02-26T10:30:00"), at("2026-02-26T11:30:00")),
        ("20240102150405,1h", at("2024-01-02T15:04:05"), at("2024-01-02T16:04:05")),
        ("1700000000,1h", at("2023-11-15T07:13:20"), at("2023-11-15T08:13:20")),
        ("2024/1/2,-1d", at("2024-01-01"), at("2024-01-02")),
        ("1d,2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("-1d,2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("2024/1/1..1d", at("2024-01-01"), at("2024-01-02")),
        ("2024/1/1..+1d", at("2024-01-01"), at("2024-01-02")),
        ("2024/1/2..-1d", at("2024-01-01"), at("2024-01-02")),
        ("1d..2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("2pm yesterday..1h", at("2026-11-20T14:00:00"), at("2026-11-20T15:00:00")),
        ("-1h,now", NOW - H, NOW),
        ("2024/1/1-2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("2024/1/1 - 2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("2024-01-01-2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("2024/01/01T10:00-2024/01/02T11:00", at("2024-01-01T10:00:00"), at("2024-01-02T11:00:00")),
        ("2024-01-01..2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("2024-01-01/2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("2024/1/1/2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("2024-2025", at("2024-01-01"), at("2025-01-01")),
        ("2024/1/1〜2024/1/2", at("2024-01-01"), at("2024-01-02")),
        ("since 2024-01-01 until 2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("from 2024-01-01 to 2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("2024-01-01 to 2024-01-02", at("2024-01-01"), at("2024-01-02")),
        ("yesterday..now", at("2026-11-20"), NOW),
        ("May 8, 2009,1d", at("2009-05-08"), at("2009-05-09")),
        ("10:30,1h", at("2026-11-21T10:30:00"), at("2026-11-21T11:30:00")),
        ("10:30-11:00", at("2026-11-21T10:30:00"), at("2026-11-21T11:00:00")),
        ("2024-01-01 10:00,11:30", at("2024-01-01T10:00:00"), at("2024-01-01T11:30:00")),
        ("2024-01-01 00:00,24:00", at("2024-01-01"), at("2024-01-02")),
        ("1960-01-01,1970-01-01", at("1960-01-01"), at("1970-01-01")),
        ("today", at("2026-11-21"), at("2026-11-22") - 1),
        ("yesterday", at("2026-11-20"), at("2026-11-21") - 1),
        ("昨日", at("2026-11-20"), at("2026-11-21") - 1),
        ("saturday", at("2026-11-21"), at("2026-11-22") - 1),
        ("last saturday", at("2026-11-14"), at("2026-11-15") - 1),
        ("金曜日", at("2026-11-20"), at("2026-11-21") - 1),
        (",2024/1/2", None, at("2024-01-02")),
        ("..2024-01-02", None, at("2024-01-02")),
        ("until 2024-01-02", None, at("2024-01-02")),
        ("", None, None),
        ("  ", None, None),
    ],
)
def test_ranges_with_an_end(text: str, start: int | None, end: int | None) -> None:
    assert ends(text) == (start, end)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("foo,1d", "'foo'"),
        ("1d,foo", "'foo'"),
        ("2024-01-01,foo", "'foo'"),
        ("foo", "'foo'"),
        ("2024-01-01..x", "'x'"),
        ("last week", "'last week'"),
        ("1", "'1'"),
        ("1e5h", "'1e5h'"),
        ("1 fortnight", "fortnight"),
        ("٣h", "'٣h'"),
        (",", "','"),
        (",1h", "nothing to count it from"),
        ("2024-02-30", "'2024-02-30'"),
        ("2024-13-01,1d", "'2024-13-01'"),
        ("2024-01-01 25:00", "25:00"),
        ("13pm", "13"),
        ("01/02/2024,1d", "'01/02/2024' can be read in two ways"),
        ("Jun 14 15:16:01", "names no year"),
        ("3/4", "names no year"),
        ("2024-01-01 03:00-05:00", "a time or in a zone"),
        ("2024-01-01 10:30 XYZ", "'XYZ'"),
        ("1500-01-01", "1500-01-01"),
        ("9999-12-31,1d", "9999-12-31"),
        ("9999999999999999999", "9999999999999999999"),
        ("2024-01-02,2024-01-01", "ends before it starts"),
        ("22:00,02:00", "ends before it starts"),
        ("2024-01-01,2024-01-02,2024-01-03", "'2024-01-02,2024-01-03'"),
        ("x" * 500, "500 characters"),
        ("\x1b[31m", "cannot read"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_forms_are_listed(text: str, named: str) -> None:
    with pytest.raises(UsageError) as raised:
        ends(text)

    assert named in raised.value.message
    assert raised.value.hint


def test_an_ambiguous_date_is_answered_with_both_ways_to_write_it() -> None:
    with pytest.raises(UsageError) as raised:
        ends("01/02/2024")

    assert "2024-01-02 or 2024-02-01" in str(raised.value.hint)


def test_days_follow_the_clock_of_the_zone_through_its_changes() -> None:
    berlin = "Europe/Berlin"
    now = at("2024-03-31T12:00:00", "+02:00")

    today = parse_time_range("today", now_ns=now, zone=berlin)

    assert today == TimeRange(at("2024-03-31", "+01:00"), at("2024-04-01", "+02:00") - 1)
    assert today.end_ns is not None
    assert today.start_ns is not None
    assert today.end_ns - today.start_ns + 1 == 23 * H
    assert ends("2024-03-30 12:00,1d", berlin) == (
        at("2024-03-30T12:00:00", "+01:00"),
        at("2024-03-31T13:00:00", "+02:00"),
    )


def test_a_time_shown_twice_starts_with_the_first_and_ends_with_the_second() -> None:
    assert ends("2024-10-27 02:30,2024-10-27 02:30", "Europe/Berlin") == (
        at("2024-10-27T02:30:00", "+02:00"),
        at("2024-10-27T02:30:00", "+01:00"),
    )


def test_a_time_the_clock_skips_is_as_far_after_the_change() -> None:
    assert ends("2024-03-31 02:30", "Europe/Berlin") == (at("2024-03-31T03:30:00", "+02:00"), None)


def test_now_in_an_hour_shown_twice_is_now() -> None:
    now = at("2024-10-27T02:30:00", "+01:00")

    assert parse_time_range("now", now_ns=now, zone="Europe/Berlin").start_ns == now


def test_a_period_longer_than_all_time_reaches_back_as_far_as_time_goes() -> None:
    start, end = ends("99999999w")

    assert start is not None
    assert start < at("1700-01-01")
    assert end == NOW


def test_an_unknown_zone_is_explained() -> None:
    with pytest.raises(UsageError, match="Mars"):
        ends("today", "Mars/Olympus")


@given(text=st.text(st.sampled_from("0123456789-/:, .TZ+jJanSsmhdw日年月to")))
def test_any_text_gives_a_range_or_an_explained_error(text: str) -> None:
    try:
        found = parse_time_range(text, now_ns=NOW, zone=TOKYO)
    except UsageError as error:
        assert error.hint
    else:
        assert found.start_ns is None or found.end_ns is None or found.start_ns <= found.end_ns


NS = st.integers(-(2**63) + 10**14, 2**63 - 10**14)
ZONES = st.sampled_from(["UTC", TOKYO, "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "+05:30", "-03:00"])


@given(ns=NS, zone=ZONES, reading=ZONES)
def test_a_time_that_was_written_reads_back_as_the_same_nanosecond(ns: int, zone: str, reading: str) -> None:
    text = format_time(ns, zone)

    assert parse_time_range(text, now_ns=NOW, zone=reading) == TimeRange(ns, None)


@given(ns=NS, zone=st.sampled_from(["UTC", TOKYO, "Europe/Berlin", "America/St_Johns"]))
def test_the_text_of_a_time_is_that_of_datetime(ns: int, zone: str) -> None:
    second, below = divmod(ns, S)
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    text = format_time(ns, zone, digits=9)

    assert f".{below:09d}" in text
    if offset.seconds % 60 == 0:
        assert text == local.isoformat().replace("+00:00", "Z" if zone == "UTC" else "+00:00")[:19] + (
            f".{below:09d}" + ("Z" if zone == "UTC" else local.isoformat()[-6:])
        )


@pytest.mark.parametrize(
    ("ns", "digits", "text"),
    [
        (0, None, "1970-01-01T00:00:00Z"),
        (-1, None, "1969-12-31T23:59:59.999999999Z"),
        (1_500_000_000, None, "1970-01-01T00:00:01.500Z"),
        (1_000_001_000, None, "1970-01-01T00:00:01.000001Z"),
        (1_999_999_999, 3, "1970-01-01T00:00:01.999Z"),
        (1_999_999_999, 0, "1970-01-01T00:00:01Z"),
        (1_700_000_000_123_456_789, None, "2023-11-14T22:13:20.123456789Z"),
    ],
)
def test_digits_of_a_fraction(ns: int, digits: int | None, text: str) -> None:
    assert format_time(ns, "UTC", digits=digits) == text


# What Go's time.Duration prints.
DURATIONS = {
    0: "0s",
    1: "1ns",
    1_100: "1.1µs",
    2_200_000: "2.2ms",
    75_410_000: "75.41ms",
    1_500_000_000: "1.5s",
    3_300_000_000: "3.3s",
    245 * S: "4m5s",
    245 * S + S // 1000: "4m5.001s",
    5 * 60 * S: "5m0s",
    H: "1h0m0s",
    D: "24h0m0s",
    5 * H + 6 * 60 * S + 7 * S + S // 1000: "5h6m7.001s",
    8 * 60 * S + 1: "8m0.000000001s",
    7 * H + 48 * S: "7h0m48s",
    -3 * S: "-3s",
    2**63 - 1: "2562047h47m16.854775807s",
}


@pytest.mark.parametrize(("ns", "text"), DURATIONS.items())
def test_durations_as_go_writes_them(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@given(ns=st.integers(-(2**63), 2**63))
def test_a_duration_that_was_written_reads_back_as_the_same_nanoseconds(ns: int) -> None:
    assert parse_duration(format_duration(ns)) == ns


@given(parts=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["ns", "us", "ms", "s", "m", "h", "d", "w"]))))
def test_the_parts_of_a_duration_add_up(parts: list[tuple[int, str]]) -> None:
    units = {"ns": 1, "us": 10**3, "ms": 10**6, "s": S, "m": 60 * S, "h": H, "d": D, "w": 7 * D}
    text = "".join(f"{count}{unit}" for count, unit in parts)[:200]

    if text == "".join(f"{count}{unit}" for count, unit in parts) and parts:
        assert parse_duration(text) == sum(count * units[unit] for count, unit in parts)


def test_decimals_of_a_duration_are_exact() -> None:
    assert parse_duration("0.1s") == S // 10
    assert parse_duration("1.000000001s") == S + 1
    assert parse_duration("0.0000000001s") == 0
    assert parse_duration(".5h") == H // 2
    assert parse_duration("106751.99116730063d") == 106751 * D + 99116730063 * D // 10**11


@pytest.mark.parametrize("text", ["", "h", "1", "1x", "1h 2", "--1h", "1" * 5000 + "h"])
def test_what_is_no_duration_is_explained(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_duration(text)

    assert raised.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 3600),
        ("1h", 60),
        ("90m", 60),
        ("1d", 300),
        ("3d", 300),
        ("6d", 600),
        ("7d", 3600),
        ("30d", 3600),
        ("0", 60),
        ("2024-01-01", 3600),
        ("2024/1/1,1d", 300),
        ("2024-01-01,2024-01-02", 300),
        ("59999s", 60),
        ("60000s", 300),
        ("300000s", 600),
        ("600000s", 3600),
    ],
)
def test_the_interval_that_suits_a_range(text: str, seconds: int) -> None:
    assert auto_interval_s(parse_time_range(text, now_ns=NOW, zone=TOKYO)) == seconds
