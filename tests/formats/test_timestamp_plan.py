"""How a source's stamps are decided and then read line by line."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from tests.formats.stamping import instants, lines_of, plan_of
from twsla.errors import UsageError
from twsla.formats.timestamps.model import NO_OFFSET, StampOptions
from twsla.formats.timestamps.stamp import stamp
from twsla.model.records import TsFlag


def _other(lines: list[str]) -> list[bool]:
    stamps = stamp(lines_of("\n".join(lines)), plan_of(lines))
    return [bool(flag & TsFlag.OTHER_FORM) for flag in stamps.flags]


# Specification 7.4; zone-less stamps here in UTC.
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Jun 14 15:16:01 combo sshd…", "2023-06-14T15:16:01"),
        ("Dec 31 23:59:59 host", "2023-12-31T23:59:59"),
        ("[Sun Oct 09 00:36:03 2022] [error]", "2022-10-09T00:36:03"),
        ("2022/12/26 5:48:00 x", "2022-12-26T05:48:00"),
        ("2022/12/26 15:48:00 x", "2022-12-26T15:48:00"),
        ("2022/1/5 15:48:00 x", "2022-01-05T15:48:00"),
        ("2024-05-06T07:08:09Z x", "2024-05-06T07:08:09"),
        ("2024-05-06T07:08:09.123456+09:00 x", "2024-05-05T22:08:09.123456"),
        ("2024-05-06T07:08:09.5 x", "2024-05-06T07:08:09.5"),
        ("2024-05-06 07:08:09.123 INFO", "2024-05-06T07:08:09.123"),
        ("2024-05-06 07:08:09,123 INFO", "2024-05-06T07:08:09.123"),
        ('127.0.0.1 - - [04/May/2026:10:30:00 +0900] "GET …', "2026-05-04T01:30:00"),
        ("1136473445 x", "2006-01-05T15:04:05"),
        ("1136473445.99 x", "2006-01-05T15:04:05.99"),
        ("1136473445000 x", "2006-01-05T15:04:05"),
        ("1136473445000000000 x", "2006-01-05T15:04:05"),
        ("26/12/2022 15:48:00,123 x", "2022-12-26T15:48:00.123"),
        ('{"time":"2024-05-06T07:08:09Z","msg":"x"}', "2024-05-06T07:08:09"),
        ('{"ts":1136473445.99,"msg":"zeek"}', "2006-01-05T15:04:05.99"),
        ("key=1136473445 …", None),
        ("no timestamp", None),
    ],
)
def test_the_worked_examples(line: str, expected: str | None) -> None:
    assert instants([line]) == [expected]


def test_the_29th_of_february_needs_a_year_and_stays_what_it_is() -> None:
    stamps = stamp(lines_of("Feb 29 00:00:00 x"), plan_of(["Feb 29 00:00:00 x"]))

    assert stamps.needs_year[0]
    assert stamps.wall_ns[0] == np.datetime64("2000-02-29", "ns").astype(np.int64)


def test_a_stamp_in_the_message_does_not_win_over_the_records_own() -> None:
    lines = ["2024-05-06 07:08:09 first", "Jun 14 15:16:01 host at 2024-01-01 00:00:00 msg"]

    assert instants(lines) == ["2024-05-06T07:08:09", "2023-06-14T15:16:01"]


def test_a_locked_place_wins_over_a_stamp_farther_left() -> None:
    lines = [f"[worker-{n}] 2023-10-11 22:14:1{n} x" for n in range(9)]
    odd = "[2020-01-01T00:00:00] 2023-10-11 22:14:19 x"

    found = instants([*lines, odd], plan=plan_of(lines))

    assert found[-1] == "2023-10-11T22:14:19"


def test_a_line_of_another_form_gets_its_left_most_stamp_and_the_flag() -> None:
    lines = [f"2023-10-11 22:14:1{n} x" for n in range(9)] + ["boot at Oct 12 01:02:03, was 2019-01-01T00:00:00Z"]

    assert instants(lines)[-1] == "2023-10-12T01:02:03"
    assert _other(lines) == [False] * 9 + [True]


def test_two_forms_in_one_source_are_both_its_own() -> None:
    lines = ["Oct 11 22:14:15 a x: 1", "2023-10-11T22:14:16Z a y: 2"] * 20

    assert instants(lines[:2]) == ["2023-10-11T22:14:15", "2023-10-11T22:14:16"]
    assert not any(_other(lines))


def test_a_date_that_does_not_exist_is_passed_over() -> None:
    assert instants(["x 2023-02-31 22:14:15 then 2023-02-28 22:14:15"]) == ["2023-02-28T22:14:15"]


def test_an_impossible_clock_is_no_stamp_though_its_shape_is_that_of_the_source() -> None:
    lines = [f"2023-10-11 22:14:1{n} x" for n in range(9)] + ["2023-10-11 24:14:10 x", "2023-02-29 22:14:10 x"]

    assert instants(lines)[-2:] == [None, None]


def test_continuation_lines_have_none() -> None:
    lines = ["2023-10-11 22:14:15,003 ERROR x", "java.lang.Error: x", "\tat a.b(C.java:12)", "  ... 12 more", ""]

    assert instants(lines) == ["2023-10-11T22:14:15.003", None, None, None, None]


def test_a_time_of_day_below_a_dated_header_is_the_records_own() -> None:
    lines = ["Log started 2023-10-11 22:00:00", *(f"22:14:{n} message" for n in range(10, 40))]
    stamps = stamp(lines_of("\n".join(lines)), plan_of(lines))

    assert stamps.valid.all()
    assert stamps.needs_date.tolist() == [False] + [True] * 30
    assert stamps.wall_ns[1] == np.datetime64("2000-01-01T22:14:10", "ns").astype(np.int64)
    assert not stamps.needs_year.any()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["10/11/2023 22:14:15 a", "10/13/2023 22:14:15 b"], ["2023-10-11T22:14:15", "2023-10-13T22:14:15"]),
        (["10/11/2023 22:14:15 a", "13/11/2023 22:14:15 b"], ["2023-11-10T22:14:15", "2023-11-13T22:14:15"]),
        # Both exist, but only read day first the lines run forwards.
        (["11/10/2023 22:14:15 a", "12/10/2023 22:14:15 b", "01/11/2023 22:14:15 c"],
         ["2023-10-11T22:14:15", "2023-10-12T22:14:15", "2023-11-01T22:14:15"]),
        (["10/11/2023 22:14:15 a"], [None]),
        (["10/11/2023 10:14:15 PM a"], ["2023-10-11T22:14:15"]),
        (["10/11/2023 10:14:15 PM a", "13/11/2023 10:14:15 PM b"], ["2023-11-10T22:14:15", "2023-11-13T22:14:15"]),
        (["99/10/31 22:14:15 a"], ["1999-10-31T22:14:15"]),
    ],
)  # fmt: skip
def test_day_or_month_first_is_decided_by_the_source(lines: list[str], expected: list[str | None]) -> None:
    assert instants(lines) == expected


@pytest.mark.parametrize(("day_first", "expected"), [(True, "2023-11-10T22:14:15"), (False, "2023-10-11T22:14:15")])
def test_day_or_month_first_can_be_said(day_first: bool, expected: str) -> None:
    lines = ["10/11/2023 22:14:15 a"]

    assert instants(lines, StampOptions(day_first=day_first)) == [expected]


def test_evidence_is_stronger_than_the_option() -> None:
    assert instants(["13/11/2023 22:14:15 a"], StampOptions(day_first=False)) == ["2023-11-13T22:14:15"]


def test_an_undecided_order_is_said_and_hides_no_later_stamp_of_the_message() -> None:
    lines = ["10/11/2023 22:14:15 copied from 2020-01-01T00:00:00Z"]
    plan = plan_of(lines)

    assert instants(lines) == [None]
    assert len(plan.problems) == 1
    assert "--dmy" in plan.problems[0]
    assert plan.share == 0.0


def test_a_stronger_stamp_of_the_same_moment_gives_year_and_fraction() -> None:
    lines = [
        f"Oct 11 22:14:{n} lb haproxy[1]: 10.0.0.1:1 [11/Oct/2023:22:14:{n}.00{n % 10}] fe be/s 0/0/0/1/1 200 1"
        for n in range(10, 40)
    ]
    plan = plan_of(lines)
    stamps = stamp(lines_of("\n".join(lines)), plan)

    assert instants(lines) == [f"2023-10-11T22:14:{n}.00{n % 10}".rstrip("0").rstrip(".") for n in range(10, 40)]
    assert not stamps.needs_year.any()
    assert plan.forms == ("rfc3164",)
    assert plan.year_known


def test_the_year_beside_counts_also_across_the_turn_of_the_year() -> None:
    lines = ["Dec 31 23:59:59 lb haproxy[1]: [31/Dec/2023:23:59:59.001] x"] * 20
    late = "Jan  1 00:00:05 lb haproxy[1]: [31/Dec/2023:23:59:58.500] x"

    assert instants([*lines, late], plan=plan_of(lines))[-1] == "2024-01-01T00:00:05"


def test_unix_time_beside_gives_year_and_zone() -> None:
    line = "- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond(pam_unix)[2915]: x"
    stamps = stamp(lines_of(line), plan_of([line]))

    assert instants([line]) == ["2005-11-09T20:01:01"]
    assert stamps.offset_s[0] == -8 * 3600
    assert not stamps.needs_year[0]


def test_a_zone_named_behind_the_stamp_gives_the_offset_of_its_date() -> None:
    lines = [
        "[11-Oct-2023 22:14:15 Europe/Berlin] PHP Warning:  x",
        "[11-Dec-2023 22:14:15 Europe/Berlin] PHP Warning:  x",
        "[11-Dec-2023 22:14:15 Asia/Kolkata] PHP Warning:  x",
        "[11-Dec-2023 22:14:15 Europe/Nowhere] PHP Warning:  x",
    ]

    assert instants(lines) == [
        "2023-10-11T20:14:15",
        "2023-12-11T21:14:15",
        "2023-12-11T16:44:15",
        "2023-12-11T22:14:15",
    ]


def test_a_stamp_of_another_moment_gives_nothing() -> None:
    lines = [f"Oct 11 22:14:{n} host app: valid until 2024-0{n % 9 + 1}-01T00:00:00Z" for n in range(10, 40)]
    stamps = stamp(lines_of("\n".join(lines)), plan_of(lines))

    assert stamps.needs_year.all()
    assert (stamps.offset_s == NO_OFFSET).all()


def test_a_column_of_unix_times_needs_many_lines() -> None:
    line = "134681 node-246 unix.hw state_change {} 1 Component"

    assert instants([line.format(1077804742)]) == [None]
    many = [line.format(1077804742 + 60 * n) for n in range(20)]
    assert instants(many)[:2] == ["2004-02-26T14:12:22", "2004-02-26T14:13:22"]


def test_a_column_of_one_number_is_no_clock() -> None:
    assert instants(["a 1077804742 b"] * 20) == [None] * 20


def test_the_field_of_the_record_is_found_wherever_it_stands_in_the_object() -> None:
    lines = [
        '{"user":{"created":"2020-01-01T00:00:00Z"},"eventTime":"2023-10-11T22:14:15Z"}',
        '{"eventTime":"2023-10-11T22:14:16Z","user":{"created":"2020-01-01T00:00:00Z"}}',
        '{"x":"' + "y" * 70_000 + '","eventTime":"2023-10-11T22:14:17Z"}',
    ]

    assert instants(lines, plan=plan_of(lines[:2])) == [f"2023-10-11T22:14:1{n}" for n in (5, 6, 7)]


def test_a_fields_name_is_a_whole_word() -> None:
    lines = ["CEF:0|V|P|1|1|N|5|start=1697062400000 rt=1697062455003 src=1.1.1.1"]
    plan = plan_of(["CEF:0|V|P|1|1|N|5|src=1.1.1.1 rt=1697062455003"])

    assert instants(lines, plan=plan) == ["2023-10-11T22:14:15.003"]


def test_a_plan_is_frozen_and_can_be_sent_to_another_process() -> None:
    lines = ["Oct 11 22:14:15 lb haproxy[1]: [11/Oct/2023:22:14:15.003] x"]
    plan = plan_of(lines)

    with pytest.raises(FrozenInstanceError):
        plan.share = 0.0  # type: ignore[misc]  # that it cannot be is what is tested
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert instants(lines, plan=pickle.loads(pickle.dumps(plan))) == instants(lines)


def test_a_plan_says_what_the_report_needs() -> None:
    plan = plan_of(["# header", *(f"Oct 11 22:14:{n} host su: x" for n in range(10, 40)), ""])

    assert plan.forms == ("rfc3164",)
    assert plan.where == ("the beginning of the line",)
    assert plan.example == "Oct 11 22:14:10"
    assert plan.share == pytest.approx(30 / 31)
    assert not plan.year_known
    assert not plan.zone_on_line


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        ("%d.%m.%Y %H-%M-%S", "x 11.10.2023 22-14-15 y", "2023-10-11T22:14:15"),
        ("%y%j:%H%M%S.%f", "23284:221415.0034 y", "2023-10-11T22:14:15.0034"),
        ("%Y-%m-%d %H:%M:%S.%f %z", "a 2023-10-11 22:14:15.003456789 +0930 y", "2023-10-11T12:44:15.003456789"),
        ("%b %d %I:%M:%S %p %Y", "Oct  1 10:14:15 PM 2023", "2023-10-01T22:14:15"),
        ("at=%s;", "pid=1 at=1697062455; x", "2023-10-11T22:14:15"),
        ("%FT%T%z", "2023-10-11T22:14:15Z x", "2023-10-11T22:14:15"),
        ("[%d/%m/%Y %R]", "[10/11/2023 22:14] x", "2023-11-10T22:14:00"),
        ("%Y年%m月%d日%H時%M分", "2023年10月11日22時14分", "2023-10-11T22:14:00"),
        ("%H:%M:%S", "x 22:14:15 y", "2023-10-11T22:14:15"),
        ("%%%Y-%m-%d %H:%M", "%2023-10-11 22:14", "2023-10-11T22:14:00"),
        ("%G-W%V-%u %H:%M:%S", "2023-W41-3 22:14:15", "2023-10-11T22:14:15"),
        ("us-ampm", "13/10/2023 10:14:15 PM", "2023-10-13T22:14:15"),
    ],
)
def test_a_pattern_of_the_user(pattern: str, line: str, expected: str) -> None:
    other = "1697062455 another form does not count"

    assert instants([line, other], StampOptions(form=pattern)) == [expected, None]


@pytest.mark.parametrize("pattern", ["%Q", "%Y-%m-%d", "%H:%M %H", "%d %H:%M", "rfc9999", "%", "%Y %H:%M"])
def test_a_pattern_that_cannot_be_used_is_an_error_that_lists_the_forms(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(["x"], StampOptions(form=pattern))

    assert "rfc3164" in str(caught.value.hint)
    assert pattern in caught.value.message


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [
                '{"created":"2024-05-06T07:08:09Z","started": "2023-01-01 00:00:00"}',
                '{"started": "2023-01-02 00:00:00","created":"2024-05-06T07:08:19Z"}',
            ],
            ["2023-01-01T00:00:00", "2023-01-02T00:00:00"],
        ),
        # Any number will do behind a name that was said, which is not a part of another name.
        (
            ["restarted=5 started=1697062455 x", "restarted=2023-01-01T00:00:00Z started=1697062456.5 y"],
            ["2023-10-11T22:14:15", "2023-10-11T22:14:16.5"],
        ),
        # Lines without the field have their left-most stamp.
        (["started='11 Oct 22:14:15'", "Oct 12 01:02:03 x"], ["2023-10-11T22:14:15", "2023-10-12T01:02:03"]),
    ],
)
def test_the_field_of_the_stamp_can_be_said(lines: list[str], expected: list[str | None]) -> None:
    assert instants(lines, StampOptions(field="started")) == expected


def test_a_field_without_stamps_is_said() -> None:
    assert plan_of(["2024-05-06 07:08:09 started=soon"], StampOptions(field="started")).problems == (
        "no line of its beginning has a time stamp behind 'started'",
    )
