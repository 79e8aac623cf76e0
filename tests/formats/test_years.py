"""Years and dates that stamps leave out: against true timelines, and whatever the blocks are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twsla.formats.timestamps.model import NO_OFFSET, Stamps
from twsla.formats.timestamps.moves import SKIPPED_TIME
from twsla.formats.timestamps.sourcetime import date_in_name
from twsla.formats.timestamps.years import (
    Resolved,
    SourceTime,
    YearClock,
    YearVerdict,
    shift_years,
    source_time,
)
from twsla.model.records import TsFlag

ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "+05:30"]


def ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def stamps(*texts: str) -> Stamps:
    """``MM-DD hh:mm:ss``, ``YYYY-MM-DD hh:mm:ss``, ``hh:mm:ss`` or ``-``; ``~`` before: another form; ``Z`` behind."""
    walls, offsets, valid, years, dates, flags = [], [], [], [], [], []
    for text in texts:
        bare = text.strip("~Z")
        missing = {8: "2000-01-01 ", 14: "2000-"}.get(len(bare), "")
        walls.append(ns(missing + bare) if bare != "-" else 0)
        valid.append(bare != "-")
        years.append(missing == "2000-")
        dates.append(missing == "2000-01-01 ")
        offsets.append(0 if text.endswith("Z") else NO_OFFSET)
        flags.append(int(TsFlag.OTHER_FORM) if text.startswith("~") else 0)
    return Stamps(
        wall_ns=np.array(walls, np.int64),
        offset_s=np.array(offsets, np.int32),
        valid=np.array(valid, bool),
        needs_year=np.array(years, bool),
        needs_date=np.array(dates, bool),
        flags=np.array(flags, np.uint8),
        quoted=np.zeros(len(flags), bool),
    )


def part(whole: Stamps, start: int, stop: int) -> Stamps:
    return Stamps(*(getattr(whole, name)[start:stop] for name in Stamps.__slots__))


def resolve(clock: YearClock, whole: Stamps, cuts: list[int] | None = None) -> tuple[Resolved, YearVerdict]:
    """What a caller that writes while it reads ends up with."""
    bounds = sorted({0, len(whole.valid), *(cuts or [])})
    blocks = [clock.assign(part(whole, start, stop)) for start, stop in pairwise(bounds)]
    verdict = clock.finish()
    columns = [np.concatenate([getattr(block, name) for block in blocks]) for name in ("ts_ns", "valid", "flags")]
    if verdict.shift_years or verdict.shift_days or verdict.undatable:
        ts_ns, valid, flags = columns
        columns = list(clock.corrected(ts_ns, valid, flags, verdict))
    return Resolved(*columns), verdict


def texts(rows: Resolved) -> list[str | None]:
    shown = np.datetime_as_string(rows.ts_ns.astype("datetime64[ns]"), unit="s").tolist()
    return [text.replace("T", " ") if valid else None for text, valid in zip(shown, rows.valid.tolist(), strict=True)]


def mtime(text: str) -> SourceTime:
    return SourceTime(ns(text), "its modification time")


def test_the_last_line_lies_at_or_before_the_source_time() -> None:
    rows, verdict = resolve(YearClock(mtime("2023-06-15 00:00")), stamps("06-14 15:16:01", "06-14 15:16:02"))

    assert texts(rows) == ["2023-06-14 15:16:01", "2023-06-14 15:16:02"]
    assert rows.flags.tolist() == [TsFlag.YEAR_ASSUMED | TsFlag.ZONE_ASSUMED] * 2
    assert verdict == YearVerdict(0, 0, 2023, 0, "year 2023 from its modification time", undatable=False)


def test_a_last_line_after_the_source_time_is_from_the_year_before() -> None:
    rows, _ = resolve(YearClock(mtime("2023-06-10 00:00")), stamps("12-31 23:59:59"))

    assert texts(rows) == ["2022-12-31 23:59:59"]


def test_a_day_of_slack_allows_for_zones() -> None:
    rows, _ = resolve(YearClock(mtime("2023-06-10 00:00")), stamps("06-10 12:00:00"))

    assert texts(rows) == ["2023-06-10 12:00:00"]


def test_turns_of_the_year_are_counted_back_from_the_last_line() -> None:
    rows, verdict = resolve(
        YearClock(mtime("2024-03-01 00:00")),
        stamps(
            "11-30 00:00:00", "12-31 23:59:59", "01-01 00:00:01", "05-01 00:00:00", "09-01 00:00:00", "01-02 00:00:00"
        ),
    )

    assert texts(rows) == [
        "2022-11-30 00:00:00",
        "2022-12-31 23:59:59",
        "2023-01-01 00:00:01",
        "2023-05-01 00:00:00",
        "2023-09-01 00:00:00",
        "2024-01-02 00:00:00",
    ]
    assert [bool(flag & TsFlag.ROLLED_OVER) for flag in rows.flags] == [False, False, True, True, True, True]
    assert (verdict.first_year, verdict.turns) == (2022, 2)
    assert verdict.reason == "years 2022 to 2024 from its modification time, 2 turns of the year"


def test_a_late_line_of_the_old_year_moves_only_itself() -> None:
    rows, _ = resolve(
        YearClock(mtime("2024-03-01 00:00")),
        stamps("12-31 23:59:59", "01-01 00:00:01", "12-31 23:59:58", "01-01 00:00:03"),
    )

    assert texts(rows) == ["2023-12-31 23:59:59", "2024-01-01 00:00:01", "2023-12-31 23:59:58", "2024-01-01 00:00:03"]


def test_a_clock_step_or_a_line_out_of_order_changes_no_year() -> None:
    lines = ["03-10 10:00:00", "03-08 10:00:00", "08-01 00:00:00", "03-09 10:00:00", "03-11 00:00:00"]

    rows, _ = resolve(YearClock(mtime("2024-03-12 00:00")), stamps(*lines))

    assert texts(rows) == [f"2024-{line}" for line in lines]


@pytest.mark.parametrize("reset", ["01-01 00:00:05", "12-31 19:00:05", "02-28 19:00:00", "03-01 00:00:05"])
def test_a_device_that_starts_at_the_zero_of_its_clock_moves_no_other_line(reset: str) -> None:
    lines = ["10-10 00:00:00", reset, reset, "10-20 00:00:02", reset, "10-30 00:00:02"]

    rows, _ = resolve(YearClock(mtime("2024-10-30 00:00")), stamps(*lines))

    found = texts(rows)
    assert [found[index] for index in (0, 3, 5)] == [f"2024-{lines[index]}" for index in (0, 3, 5)]


def test_a_stray_line_far_ahead_moves_no_other_line() -> None:
    lines = ["01-10 00:00:00", "08-20 00:00:05", "01-10 00:00:02", "01-11 00:00:01"]

    rows, verdict = resolve(YearClock(mtime("2024-01-12 00:00")), stamps(*lines))

    assert [texts(rows)[index] for index in (0, 2, 3)] == [f"2024-{lines[index]}" for index in (0, 2, 3)]
    assert verdict.reason == "year 2024 from its modification time, 1 stretch out of sequence"


def test_a_stray_last_line_does_not_date_the_others() -> None:
    rows, _ = resolve(YearClock(mtime("2024-08-10 00:01")), stamps("08-10 00:00:00", "01-01 00:00:05"))

    assert texts(rows)[0] == "2024-08-10 00:00:00"


def test_29_february_picks_a_year_that_has_it() -> None:
    rows, verdict = resolve(YearClock(mtime("2023-06-01 00:00")), stamps("02-29 10:00:00", "03-02 00:00:00"))

    assert texts(rows) == ["2020-02-29 10:00:00", "2020-03-02 00:00:00"]
    assert not verdict.undatable


@pytest.mark.parametrize("cuts", [[], [1], [2]])
def test_29_february_after_a_wrong_prediction_is_still_29_february(cuts: list[int]) -> None:
    clock = YearClock(mtime("2023-06-01 00:00"), zone="America/New_York")

    rows, _ = resolve(clock, stamps("02-27 10:00:00", "02-28 10:00:00", "02-29 10:00:00"), cuts)

    assert texts(rows) == ["2020-02-27 15:00:00", "2020-02-28 15:00:00", "2020-02-29 15:00:00"]


def test_29_february_in_two_years_running_is_left_undated() -> None:
    rows, verdict = resolve(
        YearClock(mtime("2024-06-01 00:00")),
        stamps("02-29 10:00:00", "11-01 00:00:00", "02-28 00:00:00", "02-29 00:00:00"),
    )

    assert texts(rows) == [None, "2023-11-01 00:00:00", "2024-02-28 00:00:00", "2024-02-29 00:00:00"]
    assert verdict.undatable
    assert rows.flags[0] == 0


def test_the_users_year_is_that_of_the_first_line() -> None:
    rows, verdict = resolve(
        YearClock(mtime("2024-06-01 00:00"), year=2019),
        stamps("~2022-12-01 00:00:00", "12-31 00:00:00", "01-01 00:00:00"),
    )

    assert texts(rows) == ["2022-12-01 00:00:00", "2019-12-31 00:00:00", "2020-01-01 00:00:00"]
    assert verdict.reason == "years 2019 to 2020 from --year, 1 turn of the year"


@pytest.mark.parametrize("cuts", [[], [1], [2], [1, 2, 3, 4]])
def test_a_line_with_a_year_dates_its_neighbours(cuts: list[int]) -> None:
    whole = stamps("12-30 00:00:00", "01-02 00:00:00", "~2020-01-02 00:00:05", "01-02 00:00:06", "07-01 00:00:00")

    rows, verdict = resolve(YearClock(mtime("2024-06-01 00:00")), whole, cuts)

    assert texts(rows) == [
        "2019-12-30 00:00:00",
        "2020-01-02 00:00:00",
        "2020-01-02 00:00:05",
        "2020-01-02 00:00:06",
        "2020-07-01 00:00:00",
    ]
    assert verdict.reason == "years 2019 to 2020 from other lines, 1 turn of the year"


def test_a_date_quoted_in_a_line_dates_no_neighbour() -> None:
    whole = stamps("06-10 00:00:00", "~2019-03-01 00:00:00", "06-10 00:00:01", "~2034-06-10 00:00:00", "06-10 00:00:02")

    rows, verdict = resolve(YearClock(mtime("2024-06-11 00:00")), whole)

    assert [texts(rows)[index] for index in (0, 2, 4)] == [f"2024-06-10 00:00:0{second}" for second in range(3)]
    assert verdict.reason == "year 2024 from its modification time"


def test_the_first_of_two_forms_dates_the_second() -> None:
    rows, _ = resolve(YearClock(mtime("2026-11-21 02:53")), stamps("2024-05-06 07:08:09", "06-14 15:16:01"))

    assert texts(rows) == ["2024-05-06 07:08:09", "2024-06-14 15:16:01"]


def test_without_any_evidence_there_is_no_time() -> None:
    rows, verdict = resolve(YearClock(None), stamps("06-14 15:16:01", "-", "10:00:00"))

    assert rows.valid.tolist() == [False] * 3
    assert rows.ts_ns.tolist() == rows.flags.tolist() == [0] * 3
    assert verdict.undatable
    assert verdict.first_year is None


def test_whole_stamps_need_no_verdict() -> None:
    rows, verdict = resolve(
        YearClock(mtime("2024-06-11 00:00"), zone="Asia/Tokyo"),
        stamps("2024-05-06 07:08:09", "2024-05-06 07:08:09Z", "-"),
    )

    assert texts(rows) == ["2024-05-05 22:08:09", "2024-05-06 07:08:09", None]
    assert rows.flags.tolist() == [TsFlag.ZONE_ASSUMED, 0, 0]
    assert verdict == YearVerdict(0, 0, None, 0, "", undatable=False)


def test_a_written_offset_is_used() -> None:
    rows, _ = resolve(YearClock(mtime("2024-06-11 00:00"), zone="Asia/Tokyo"), stamps("06-10 07:08:09Z"))

    assert texts(rows) == ["2024-06-10 07:08:09"]
    assert rows.flags.tolist() == [TsFlag.YEAR_ASSUMED]


def test_a_time_the_zone_skips_is_marked() -> None:
    clock = YearClock(mtime("2024-06-11 00:00"), zone="America/New_York")

    rows, _ = resolve(clock, stamps("03-10 01:59:59", "03-10 02:30:00", "03-10 03:00:00"))

    assert texts(rows) == ["2024-03-10 06:59:59", "2024-03-10 07:30:00", "2024-03-10 07:00:00"]
    assert [bool(flag & SKIPPED_TIME) for flag in rows.flags] == [False, True, False]


def test_a_time_of_day_gets_the_date_of_the_source() -> None:
    rows, verdict = resolve(
        YearClock(mtime("2023-09-01 11:00")), stamps("23:00:00", "03:00:00", "23:50:00", "10:59:59")
    )

    assert texts(rows) == ["2023-08-30 23:00:00", "2023-08-31 03:00:00", "2023-08-31 23:50:00", "2023-09-01 10:59:59"]
    assert set(rows.flags.tolist()) == {TsFlag.YEAR_ASSUMED | TsFlag.DATE_ASSUMED | TsFlag.ZONE_ASSUMED}
    assert verdict.reason == "date 2023-09-01 of the last line from its modification time, 2 turns of the day"


def test_a_line_just_before_midnight_that_comes_late_is_of_the_day_before() -> None:
    rows, _ = resolve(YearClock(mtime("2023-09-01 00:10")), stamps("23:59:59", "00:00:01", "23:59:58", "00:00:02"))

    assert texts(rows) == ["2023-08-31 23:59:59", "2023-09-01 00:00:01", "2023-08-31 23:59:58", "2023-09-01 00:00:02"]


def test_two_runs_a_day_are_days_not_strays() -> None:
    rows, _ = resolve(
        YearClock(mtime("2023-09-02 00:00")), stamps("00:00:00", "12:30:00", "00:00:00", "12:30:00", "00:00:00")
    )

    assert [text[:10] for text in texts(rows) if text] == ["2023-08-31"] * 2 + ["2023-09-01"] * 2 + ["2023-09-02"]


@pytest.mark.parametrize("last", ["00:00:01", "12:00:00", "23:59:59"])
def test_the_date_in_a_name_is_the_day_of_the_last_time(last: str) -> None:
    source = source_time("app.2023-10-12.log", None, ns("2026-01-01"))
    assert source is not None

    rows, _ = resolve(YearClock(source, zone="Asia/Tokyo"), stamps(last))

    assert rows.ts_ns.tolist() == [ns(f"2023-10-12 {last}") - 9 * 3600 * 10**9]


def test_a_time_of_day_after_a_dated_line_is_of_its_day() -> None:
    rows, verdict = resolve(
        YearClock(mtime("2024-06-01 00:00")),
        stamps("22:00:00", "2022-12-31 23:00:00", "23:10:00", "00:10:00", "12-31 00:00:00"),
    )

    assert texts(rows)[:4] == [
        "2022-12-31 22:00:00",
        "2022-12-31 23:00:00",
        "2022-12-31 23:10:00",
        "2023-01-01 00:10:00",
    ]
    assert "from other lines" in verdict.reason


# -- against true timelines -------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.integers(0, 3600),
        st.integers(0, 86_400 * 40),
        st.integers(0, 86_400 * 170),
        st.integers(-43_200, 0),
    ),
    max_size=40,
)


def nominal_of(moments: list[datetime]) -> Stamps:
    return stamps(*(f"{moment:%m-%d %H:%M:%S}" for moment in moments))


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2150, 1, 1)),  # noqa: DTZ001 - wall clock
    STEPS,
    st.integers(0, 86_400 * 100),
    st.sampled_from(ZONES),
    st.booleans(),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_a_log_without_long_silences_gets_its_true_times(
    start: datetime, steps: list[int], idle: int, zone: str, hinted: bool, cuts: list[int]
) -> None:
    wall = start.replace(microsecond=0)
    moments = [wall]
    for step in steps:
        moments.append(moments[-1] + timedelta(seconds=step))
    assume(moments[-1].year < 2190)
    info = (
        ZoneInfo(zone)
        if "/" in zone
        else UTC
        if zone == "UTC"
        else datetime.fromisoformat(f"2000-01-01T00{zone}").tzinfo
    )
    true = [round(moment.replace(tzinfo=info).timestamp()) * 10**9 for moment in moments]
    whole = nominal_of(moments)
    clock = YearClock(
        SourceTime(true[-1] + idle * 10**9, "its modification time"),
        zone=zone,
        tail_hint_ns=int(whole.wall_ns[-1]) if hinted else None,
    )

    rows, verdict = resolve(clock, whole, [cut for cut in cuts if cut < len(moments)])

    assert rows.ts_ns.tolist() == true
    assert rows.valid.all()
    assert verdict.first_year == moments[0].year
    assert [bool(flag & TsFlag.ROLLED_OVER) for flag in rows.flags] == [at.year != start.year for at in moments]


@given(st.datetimes(datetime(2001, 1, 1), datetime(2040, 1, 1)), STEPS, st.integers(0, 40))  # noqa: DTZ001 - wall clock
def test_with_the_last_stamp_known_one_turn_is_predicted(start: datetime, steps: list[int], cut: int) -> None:
    moments = [start.replace(microsecond=0)]
    for step in steps:
        moments.append(moments[-1] + timedelta(seconds=abs(step)))
    assume((moments[-1] - moments[0]).days < 360)
    whole = nominal_of(moments)
    assume(not any(text.month == 2 and text.day == 29 for text in moments))
    source = SourceTime(int(moments[-1].replace(tzinfo=UTC).timestamp()) * 10**9, "its modification time")
    clock = YearClock(source, tail_hint_ns=int(whole.wall_ns[-1]))

    _, verdict = resolve(clock, whole, [cut] if 0 < cut < len(moments) else [])

    assert verdict.shift_years == 0


def timeline(days: st.SearchStrategy[int]) -> st.SearchStrategy[list[str]]:
    moment = st.tuples(days, st.integers(0, 86_399)).map(
        lambda pair: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=pair[0], seconds=pair[1])
    )
    partial = moment.map(lambda at: f"{at:%m-%d %H:%M:%S}")
    whole = st.tuples(
        st.sampled_from(["", "~"]), st.integers(2015, 2025), moment.filter(lambda at: (at.month, at.day) != (2, 29))
    )
    full = whole.map(lambda triple: f"{triple[0]}{triple[1]}-{triple[2]:%m-%d %H:%M:%S}")
    return st.lists(st.one_of(partial, partial, full, st.just("-")), min_size=1, max_size=30)


@given(
    st.one_of(
        timeline(st.integers(0, 365)), timeline(st.sampled_from([0, 1, 58, 59, 60, 181, 182, 183, 222, 364, 365]))
    ),
    st.lists(st.integers(1, 30), max_size=6),
    st.sampled_from(["UTC", "America/New_York"]),
)
def test_blocks_have_no_influence(lines: list[str], cuts: list[int], zone: str) -> None:
    whole = stamps(*lines)
    source = mtime("2024-07-02 00:00")

    at_once, verdict = resolve(YearClock(source, zone=zone), whole)
    in_blocks, cut_verdict = resolve(YearClock(source, zone=zone), whole, [cut for cut in cuts if cut < len(lines)])

    assert texts(in_blocks) == texts(at_once)
    assert in_blocks.flags.tolist() == at_once.flags.tolist()
    assert (cut_verdict.first_year, cut_verdict.turns, cut_verdict.reason, cut_verdict.undatable) == (
        verdict.first_year,
        verdict.turns,
        verdict.reason,
        verdict.undatable,
    )


@given(
    st.lists(
        st.one_of(
            st.times().map(lambda at: f"{at:%H:%M:%S}"),
            st.tuples(st.sampled_from(["", "~"]), st.dates(date(2015, 1, 1), date(2025, 1, 1)), st.times()).map(
                lambda triple: f"{triple[0]}{triple[1]} {triple[2]:%H:%M:%S}"
            ),
        ),
        min_size=1,
        max_size=30,
    ),
    st.lists(st.integers(1, 30), max_size=6),
)
def test_blocks_have_no_influence_on_dates(lines: list[str], cuts: list[int]) -> None:
    whole = stamps(*lines)
    source = mtime("2024-07-02 10:00")

    at_once, verdict = resolve(YearClock(source), whole)
    in_blocks, cut_verdict = resolve(YearClock(source), whole, [cut for cut in cuts if cut < len(lines)])

    assert texts(in_blocks) == texts(at_once)
    assert cut_verdict.reason == verdict.reason


@given(
    st.lists(
        st.one_of(
            st.integers(0, 366 * 86_400 - 1),
            st.integers(58 * 86_400, 61 * 86_400),
            st.integers(68 * 86_400, 75 * 86_400),  # clocks go forward in New York
        ),
        max_size=20,
    ),
    st.integers(1990, 2030),
    st.integers(1990, 2030),
    st.sampled_from(ZONES),
)
def test_moved_years_equal_years_assigned_at_once(seconds: list[int], wrong: int, right: int, zone: str) -> None:
    moments = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=second) for second in seconds]
    # One line on 1 July first: every line's year is then given by the user's, whatever the order of the others.
    whole = [stamps("07-01 00:00:00", f"{moment:%m-%d %H:%M:%S}") for moment in moments]
    for pair in whole:
        predicted = YearClock(None, zone=zone, year=wrong).assign(pair)
        clock = YearClock(None, zone=zone, year=right)

        moved = shift_years(predicted, right - wrong, zone)

        expected, _ = resolve(clock, pair)
        assert texts(moved) == texts(expected)
        assert moved.flags.tolist() == expected.flags.tolist()


def test_what_leaves_the_range_of_years_has_no_time() -> None:
    clock = YearClock(None, year=2199)

    rows, _ = resolve(clock, stamps("12-31 00:00:00", "01-01 00:00:00"))

    assert texts(rows) == ["2199-12-31 00:00:00", None]


# -- source times -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("messages-20231012.gz", date(2023, 10, 12)),
        ("app.2023-10-12.log", date(2023, 10, 12)),
        ("app_2023_10_12.log", date(2023, 10, 12)),
        ("20231012T101500.log", date(2023, 10, 12)),
        ("20231012101500.log", date(2023, 10, 12)),
        ("202310121015.log", date(2023, 10, 12)),
        ("app-2023-02.log", date(2023, 2, 28)),
        ("app-2023_12.log", date(2023, 12, 31)),
        ("tool-2023.10.log", None),
        ("20231001-20231031.log", date(2023, 10, 31)),
        ("messages", None),
        ("messages-20231312.gz", None),
        ("messages-20230231.gz", None),
        ("host202310.log", None),
        ("120231012.log", None),
        ("app-1697068800.log", None),
        ("2023-10-123.log", None),
    ],
)
def test_a_date_in_a_file_name(name: str, day: date | None) -> None:
    assert date_in_name(name) == day


def test_the_strongest_source_time_wins() -> None:
    mtime_ns, member_ns = ns("2024-01-01"), ns("2023-11-11")

    assert source_time("/var/20200101/messages-20231012.gz", member_ns, mtime_ns) == SourceTime(
        ns("2023-10-13") - 1, "the date in its name", whole_day=True
    )
    assert source_time("a-20200101.zip!messages", member_ns, mtime_ns) == SourceTime(
        member_ns, "the time recorded in its archive"
    )
    assert source_time("messages", None, mtime_ns) == SourceTime(mtime_ns, "its modification time")
    assert source_time("-", None, None, now_ns=mtime_ns) == SourceTime(mtime_ns, "the time of the import")
    assert source_time("-", None, None) is None


@pytest.mark.parametrize("zero", ["1970-01-01 00:00:00", "1980-01-01 00:00:00"])
def test_a_recorded_time_of_zero_is_none(zero: str) -> None:
    assert source_time("messages", ns(zero), ns("2024-01-01")) == mtime("2024-01-01")
