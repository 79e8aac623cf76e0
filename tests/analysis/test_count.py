"""``twsla count``: buckets of time, keys, keys over time."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tests.analysis.commands import answered, refused, store_of, twsla
from tests.query.mmdb import city, write_mmdb
from tests.query.name_server import NameServer, names

if TYPE_CHECKING:
    from pathlib import Path

FOUR = [f"2024-05-01 10:{at} x" for at in ("00:10", "00:50", "03:00", "13:00")]
"""The records of the specification's example."""


# --- time -------------------------------------------------------------------------------------------------------------


def test_buckets_of_a_minute_are_those_of_the_specification(tmp_path: Path) -> None:
    store = store_of(tmp_path, FOUR, zone="Asia/Tokyo")

    answer = answered("count", "-d", store, "-i", "60", "--format", "csv", zone="Asia/Tokyo")

    assert answer.text == (
        "Time,Count,Delta,Delta(sec)\n"
        "2024/05/01 10:00,2,0s,0\n"
        "2024/05/01 10:03,1,3m0s,180\n"
        "2024/05/01 10:13,1,10m0s,600\n"
    )
    assert "Mean delta: 6m30s" in answer.err.splitlines()


def test_buckets_below_a_minute_have_labels_with_seconds(tmp_path: Path) -> None:
    answer = answered("count", "-d", store_of(tmp_path, FOUR), "-i", "10", "--format", "csv")

    assert [row[0] for row in answer.rows] == [
        "2024/05/01 10:00:10", "2024/05/01 10:00:50", "2024/05/01 10:03:00", "2024/05/01 10:13:00",
    ]  # fmt: skip


def test_buckets_below_a_second_have_labels_with_a_fraction(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["2024-05-01T10:00:00.250Z x", "2024-05-01T10:00:00.999Z x", "2024-05-01T10:00:01Z x"])

    answer = answered("count", "-d", store, "-i", "500ms", "--format", "csv")

    assert answer.rows == [
        ["2024/05/01 10:00:00", "1", "0s", "0"],
        ["2024/05/01 10:00:00.500", "1", "500ms", "0.5"],
        ["2024/05/01 10:00:01", "1", "500ms", "0.5"],
    ]


def test_days_begin_at_local_midnight(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["2024-05-01T14:59:59Z a", "2024-05-01T15:00:00Z b", "2024-05-02T14:59:59Z c"])

    answer = answered("count", "-d", store, "-i", "1d", "--tz", "Asia/Tokyo", "--format", "csv")

    assert [row[:2] for row in answer.rows] == [["2024/05/01 00:00", "1"], ["2024/05/02 00:00", "2"]]


def test_the_hour_that_a_clock_shows_twice_is_two_buckets(tmp_path: Path) -> None:
    lines = ["2024-10-27T00:30:00Z a", "2024-10-27T01:30:00Z b", "2024-10-27T02:30:00Z c"]
    store = store_of(tmp_path, lines)

    hours = answered("count", "-d", store, "-i", "1h", "--tz", "Europe/Berlin", "--format", "csv")
    days = answered("count", "-d", store, "-i", "1d", "--tz", "Europe/Berlin", "--format", "csv")

    assert [row[0] for row in hours.rows] == ["2024/10/27 02:00", "2024/10/27 02:00 +01:00", "2024/10/27 03:00"]
    assert [row[:2] for row in days.rows] == [["2024/10/27 00:00", "3"]]


def test_counts_by_local_day_are_those_of_datetime(tmp_path: Path) -> None:
    zone = ZoneInfo("America/New_York")
    seeded = random.Random(5)
    start = datetime(2024, 3, 8, tzinfo=zone)
    moments = [start + timedelta(seconds=seeded.randrange(6 * 86_400)) for _ in range(2000)]
    store = store_of(tmp_path, [f"{moment.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%SZ} x" for moment in moments])

    answer = answered("count", "-d", store, "-i", "1d", "--tz", "America/New_York", "--format", "csv")

    expected = Counter(f"{moment.astimezone(ZoneInfo('UTC')).astimezone(zone):%Y/%m/%d} 00:00" for moment in moments)
    assert [(row[0], int(row[1])) for row in answer.rows] == sorted(expected.items())


def test_empty_buckets_are_listed_where_asked_for(tmp_path: Path) -> None:
    store = store_of(tmp_path, FOUR)

    between = answered("count", "-d", store, "-i", "5m", "--fill", "--format", "csv")
    ranged = answered("count", "-d", store, "-i", "1h", "--fill", "-t", "2024-05-01 08:30,3h", "--format", "csv")
    nothing = answered("count", "-d", store, "-i", "1h", "--fill", "-t", "2023-05-01 08:30,1h", "--format", "csv")

    assert [row[:2] for row in between.rows] == [
        ["2024/05/01 10:00", "3"], ["2024/05/01 10:05", "0"], ["2024/05/01 10:10", "1"],
    ]  # fmt: skip
    assert [row[:2] for row in ranged.rows] == [
        ["2024/05/01 08:00", "0"], ["2024/05/01 09:00", "0"], ["2024/05/01 10:00", "4"], ["2024/05/01 11:00", "0"],
    ]  # fmt: skip
    assert [row[:2] for row in nothing.rows] == [["2023/05/01 08:00", "0"], ["2023/05/01 09:00", "0"]]


def test_too_many_empty_buckets_are_refused(tmp_path: Path) -> None:
    said = refused("count", "-d", store_of(tmp_path, FOUR), "-i", "1", "--fill", "-t", "2020,2025")

    assert "--fill would list 157,852,801 buckets of 1s; at most 10,000,000 are listed" in said


def test_undated_records_are_told_of_and_not_counted(tmp_path: Path) -> None:
    store = store_of(tmp_path, FOUR, ["no time here", "nor here", "none x"])

    everything = answered("count", "-d", store, "-i", "1h", "--format", "csv")
    some = answered("count", "-d", store, "-i", "1h", "--format", "csv", "x")
    ranged = answered("count", "-d", store, "-i", "1h", "-t", "2024", "--format", "csv")

    assert everything.rows == [["2024/05/01 10:00", "4", "0s", "0"]]
    assert everything.notes == ["3 records without a time stamp are in no bucket and were not counted"]
    assert some.notes == ["1 records without a time stamp are in no bucket and were not counted"]
    assert ranged.notes == ["3 records without a time stamp are not in the time range and were not searched"]


def test_stamps_centuries_apart_do_no_harm(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["1900-01-01T00:00:00Z a", "2199-12-31T00:00:00Z b"])

    answer = answered("count", "-d", store, "-i", "1d", "--format", "json").json

    days = (date(2199, 12, 31) - date(1900, 1, 1)).days  # more nanoseconds than a column of durations can hold
    assert [(row["count"], row["delta"], row["delta_s"]) for row in answer["rows"]] == [
        (1, 0, 0), (1, None, days * 86_400),
    ]  # fmt: skip
    assert answer["facts"]["mean_delta"] == days * 86_400 * 10**9


def test_json_has_typed_values(tmp_path: Path) -> None:
    store = store_of(tmp_path, FOUR)

    answer = answered("count", "-d", store, "-i", "5m", "--tz", "Asia/Tokyo", "--format", "json").json

    assert answer["rows"] == [
        {"time": "2024-05-01T19:00:00+09:00", "count": 3, "delta": 0, "delta_s": 0},
        {"time": "2024-05-01T19:10:00+09:00", "count": 1, "delta": 600_000_000_000, "delta_s": 600},
    ]
    assert answer["facts"] == {
        "rows": 2, "hits": 4, "records": 4, "interval": 300_000_000_000, "mean_delta": 600_000_000_000,
    }  # fmt: skip
    assert {chart["type"] for chart in answer["charts"]} == {"line", "bar"}


def test_records_are_those_of_the_time_range_and_hits_those_that_match(tmp_path: Path) -> None:
    store = store_of(tmp_path, [*FOUR, "2024-05-01 10:13:30 y"])

    answer = answered("count", "-d", store, "-t", "2024-05-01 10:03..", "--format", "json", "y").json

    assert (answer["facts"]["records"], answer["facts"]["hits"]) == (3, 1)


def test_an_empty_store_gives_an_empty_table(tmp_path: Path) -> None:
    store = store_of(tmp_path, FOUR)

    for arguments in (["-i", "1h"], ["-i", "1h", "--fill"], ["-e", "ip"], ["-e", "ip", "--by", "time"], ["-e", "word"]):
        answer = answered("count", "-d", store, *arguments, "--format", "csv", "nothing like this")
        assert answer.rows == []
        assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    ("range_", "interval_s"),
    [
        ("12h", 60), ("1d", 300), ("3d", 300), ("6d", 600), ("7d", 3600), ("59999s", 60), ("60000s", 300),
        ("299999s", 300), ("300000s", 600), ("599999s", 600), ("600000s", 3600), ("2024/1/1", 3600), ("0", 60),
        ("2024/1/1,1d", 300), ("2024/1/1 10:00,1h30m", 60), ("2024/1/2,-1d", 300), ("2024/1/1,", 3600),
    ],
)  # fmt: skip
def test_the_automatic_interval_follows_the_time_range(tmp_path: Path, range_: str, interval_s: int) -> None:
    store = store_of(tmp_path, FOUR)

    answer = answered("count", "-d", store, "-t", range_, "--format", "json").json

    assert answer["facts"]["interval"] == interval_s * 10**9


def test_the_column_has_the_name_that_is_given(tmp_path: Path) -> None:
    store = store_of(tmp_path, FOUR)

    assert answered("count", "-d", store, "-n", "When", "--format", "csv").text.startswith("When,Count,Delta,")


# --- keys -------------------------------------------------------------------------------------------------------------

SSH = [
    "2024-05-01T10:00:00Z sshd: Failed password for root from 1.1.1.1",
    "2024-05-01T10:20:00Z sshd: Failed password for root from 2.2.2.2",
    "2024-05-01T11:00:00Z sshd: Accepted password for amy from 1.1.1.1",
    "2024-05-01T11:30:00Z sshd: Failed password for amy from 1.1.1.1",
    "2024-05-01T12:00:00Z cron: run",
    "sshd: Failed password for joe from 3.3.3.3",
]


def test_keys_are_counted_largest_first_ties_by_key(tmp_path: Path) -> None:
    answer = answered("count", "-d", store_of(tmp_path, SSH), "-e", "ip", "--format", "csv")

    assert answer.text == "Key,Count\n1.1.1.1,3\n2.2.2.2,1\n3.3.3.3,1\n"
    assert answer.err.splitlines() == ["Keys: 3", "Hits: 5", "Records: 6", "Mean: 1.667", "Without a value: 1"]


def test_the_mean_is_hits_by_keys(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["k=a", "k=a", "k=b", "none"])

    answer = answered("count", "-d", store, "-e", "k=%{word}", "-n", "K", "--format", "json").json

    assert answer["facts"]["mean"] == 1.5
    assert answer["rows"] == [{"key": "a", "count": 2}, {"key": "b", "count": 1}]


def test_words_are_all_counted(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["Failed password for root; Failed (again)"])

    answer = answered("count", "-d", store, "-e", "word", "--format", "csv")

    assert answer.text == "Word,Count\nfailed,2\nagain,1\nfor,1\npassword,1\nroot,1\n"


def test_several_keys_count_each_combination(tmp_path: Path) -> None:
    store = store_of(tmp_path, SSH)

    answer = answered(
        "count", "-d", store, "-e", "ip", "-e", "(Failed|Accepted)", "-n", "Address", "-n", "Way", "--format", "csv"
    )

    assert answer.text == (
        "Address,Way,Count\n1.1.1.1,Failed,2\n1.1.1.1,Accepted,1\n2.2.2.2,Failed,1\n3.3.3.3,Failed,1\n"
    )
    assert "Without a value: 1" in answer.err


def test_groups_of_one_expression_are_two_keys(tmp_path: Path) -> None:
    store = store_of(tmp_path, SSH)
    pattern = "password for %{word} from %{ip}"

    answer = answered(
        "count", "-d", store, "-e", pattern, "-e", pattern, "--group", "1", "--group", "2", "--format", "csv"
    )

    assert answer.rows == [
        ["amy", "1.1.1.1", "2"], ["joe", "3.3.3.3", "1"], ["root", "1.1.1.1", "1"], ["root", "2.2.2.2", "1"],
    ]  # fmt: skip


def test_all_values_of_a_record_are_counted_with_those_of_another_extraction(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["a from 1.1.1.1 to 2.2.2.2", "b from 1.1.1.1 to nobody", "c"])

    alone = answered("count", "-d", store, "-e", "ip", "--all", "--format", "csv")
    combined = answered("count", "-d", store, "-e", "ip", "-e", "^(.) from", "--all", "--format", "csv")

    assert alone.rows == [["1.1.1.1", "2"], ["2.2.2.2", "1"]]
    assert combined.rows == [["1.1.1.1", "a", "1"], ["1.1.1.1", "b", "1"], ["2.2.2.2", "a", "1"]]


def test_keys_over_time(tmp_path: Path) -> None:
    answer = answered("count", "-d", store_of(tmp_path, SSH), "-e", "ip", "--by", "time", "-i", "1h", "--format", "csv")

    assert answer.text == (
        "Time,Key,Count\n2024/05/01 10:00,1.1.1.1,1\n2024/05/01 10:00,2.2.2.2,1\n2024/05/01 11:00,1.1.1.1,2\n"
    )
    assert answer.notes == ["1 records without a time stamp are in no bucket and were not counted"]


def test_what_top_leaves_out_is_told(tmp_path: Path) -> None:
    store = store_of(tmp_path, SSH)

    keys = answered("count", "-d", store, "-e", "ip", "--top", "1", "--format", "csv")
    over_time = answered("count", "-d", store, "-e", "ip", "--by", "time", "--top", "1", "--format", "csv")
    all_of_them = answered("count", "-d", store, "-e", "ip", "--top", "3", "--format", "csv")

    assert keys.rows == [["1.1.1.1", "3"]]
    assert keys.notes == ["only the 1 most frequent of 3 keys are listed (--top); the other 2 have 2 of the 5 hits"]
    assert [row[1:] for row in over_time.rows] == [["1.1.1.1", "1"], ["1.1.1.1", "2"]]
    assert (
        over_time.notes[0] == "only the 1 most frequent of 2 keys are listed (--top); the other 1 have 1 of the 4 hits"
    )
    assert (len(all_of_them.rows), all_of_them.notes) == (3, [])


def test_files_with_and_without_shapes_are_counted_alike(tmp_path: Path) -> None:
    words = [f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(10_000)]
    unique = [f"2024-05-06T00:00:00Z {word}x{'failed' if i % 3 else 'passed'}" for i, word in enumerate(words)]
    alike = [f"2024-05-07T00:00:00Z job {i} {'failed' if i % 4 else 'passed'}" for i in range(10_000)]
    store = store_of(tmp_path, unique, alike)

    answer = answered("count", "-d", store, "-e", "(failed|passed)", "--format", "csv")

    expected = Counter("failed" if "failed" in line else "passed" for line in [*unique, *alike])
    assert {row[0]: int(row[1]) for row in answer.rows} == dict(expected)


def test_normalised_texts_are_counted(tmp_path: Path) -> None:
    store = store_of(tmp_path, SSH[:2])

    answer = answered("count", "-d", store, "-e", "normalize", "--format", "csv")

    assert answer.text == "Normalized Pattern,Count\n#TIMESTAMP# sshd: Failed password for root from #IP#,2\n"


def test_keys_can_be_hostile(tmp_path: Path) -> None:
    hostile = ["k='; DROP TABLE x; --", 'k="a,b"', "k=\x1b[31m", "k=$w0", "k=<script>", "k=" + "long" * 5000]
    store = store_of(tmp_path, hostile)

    answer = answered("count", "-d", store, "-e", "k=(.*)", "--format", "csv")

    assert sorted(row[0] for row in answer.rows) == sorted(text[2:] for text in hostile)


def test_counting_is_the_same_as_sort_and_uniq(tmp_path: Path) -> None:
    seeded = random.Random(7)
    users = ["root", "admin", "amy", "joe-1", "x_y"]
    lines = [
        f"2024-05-{1 + second // 86_400 % 28:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z "
        f"host sshd[{seeded.randrange(30_000)}]: Failed password for {seeded.choice(users)} "
        f"from 10.{seeded.randrange(4)}.{seeded.randrange(9)}.{seeded.randrange(250)} port {seeded.randrange(65_536)}"
        for second in sorted(seeded.randrange(20 * 86_400) for _ in range(30_000))
    ]
    store = store_of(tmp_path, lines)
    log = tmp_path / "a.log"
    scripts = {
        ("-e", "ip"): r"grep -oE '10(\.[0-9]+){3}' LOG",
        ("-e", "for %{word} from"): r"sed -E 's/.* for ([^ ]+) from .*/\1/' LOG",
        ("-e", "field", "-p", "2"): r"awk '{print $3}' LOG",
        ("-e", r"\[([0-9]+)\]"): r"sed -E 's/.*\[([0-9]+)\].*/\1/' LOG",
    }
    for arguments, script in scripts.items():
        command = f"{script.replace('LOG', str(log))} | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2,2"
        expected = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
        answer = answered("count", "-d", store, *arguments, "--format", "csv")
        assert [f"{row[1]} {row[0]}" for row in answer.rows] == [line.strip() for line in expected.splitlines()]

    hours = subprocess.run(
        ["sh", "-c", f"cut -c1-13 {log} | uniq -c"], capture_output=True, text=True, check=True
    ).stdout
    answer = answered("count", "-d", store, "-i", "1h", "--format", "csv")
    assert [f"{row[1]} {row[0].replace('/', '-').replace(' ', 'T')[:13]}" for row in answer.rows] == [
        line.strip() for line in hours.splitlines()
    ]


# --- addresses --------------------------------------------------------------------------------------------------------

CITIES = {"1.1.0.0/16": city("AU", "Sydney", -33.8688, 151.2093), "3.3.0.0/16": city("AU", "Perth", -31.95, 115.86)}


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    return write_mmdb(tmp_path / "city.mmdb", "GeoLite2-City", CITIES)


def test_countries_are_counted_in_place_of_addresses(tmp_path: Path, cities: Path) -> None:
    store = store_of(tmp_path, SSH)

    key = answered("count", "-d", store, "-e", "country", "--geoip", cities, "--format", "csv")
    option = answered("count", "-d", store, "-e", "from %{ip}", "--ip", "country", "--geoip", cities, "--format", "csv")

    assert key.rows == [["AU", "4"], ["", "1"]]
    assert option.rows == key.rows
    assert [line for line in key.err.splitlines() if ": " in line][:2] == ["Keys: 2", "Hits: 5"]


def test_countries_over_time_and_with_another_key(tmp_path: Path, cities: Path) -> None:
    store = store_of(tmp_path, SSH)

    over_time = answered(
        "count", "-d", store, "-e", "country", "--by", "time", "-i", "1h", "--geoip", cities, "--format", "csv"
    )
    with_user = answered(
        "count", "-d", store, "-e", "ip", "-e", "for %{word}", "--ip", "country", "--geoip", cities, "--format", "csv"
    )

    assert over_time.rows == [
        ["2024/05/01 10:00", "", "1"], ["2024/05/01 10:00", "AU", "1"], ["2024/05/01 11:00", "AU", "2"],
    ]  # fmt: skip
    assert with_user.rows == [["AU", "amy", "2"], ["", "root", "1"], ["AU", "joe", "1"], ["AU", "root", "1"]]


def test_places_can_be_put_on_a_map(tmp_path: Path, cities: Path) -> None:
    store = store_of(tmp_path, SSH)

    answer = answered("count", "-d", store, "-e", "loc", "--geoip", cities, "--format", "json", "--columns",
                      "key,count,latitude,longitude").json  # fmt: skip

    assert answer["rows"][0] == {
        "key": "AU:Sydney:-33.869,151.209", "count": 3, "latitude": -33.8688, "longitude": 151.2093,
    }  # fmt: skip
    assert answer["charts"][-1]["type"] == "places"


def test_names_are_asked_for(tmp_path: Path) -> None:
    store = store_of(tmp_path, SSH)
    with NameServer({"1.1.1.1": names("www.example.com.")}) as server:
        answer = answered("count", "-d", store, "-e", "domain", "--resolver", server.address, "--format", "csv")

    assert answer.rows == [["example.com.", "3"], ["2.2.2.2(unknown)", "1"], ["3.3.3.3(unknown)", "1"]]


# --- late records -----------------------------------------------------------------------------------------------------


def access(second: int, path: str = "/") -> str:
    return f'10.0.0.3 - - [14/Jun/2026:15:16:{second:02d} +0900] "GET {path} HTTP/1.1" 200 1'


@pytest.mark.parametrize(("seconds", "rows"), [("3", [["/slow", "1"]]), ("4", [])])
def test_records_behind_later_ones_are_late(tmp_path: Path, seconds: str, rows: list[list[str]]) -> None:
    store = store_of(tmp_path, [access(0), access(5), access(2, "/slow"), access(6), access(6)])

    answer = answered("count", "-d", store, "--delay", seconds, "-e", "GET %{word}", "--format", "csv")

    assert answer.rows == rows


def test_the_record_before_is_that_of_the_source_whether_it_matches_or_not(tmp_path: Path) -> None:
    store = store_of(tmp_path, [access(9), access(2, "/slow")], [access(5)])

    answer = answered("count", "-d", store, "--delay", "7", "-i", "1m", "-t", "..2026-06-14T06:16:03Z", "slow")

    assert "Hits: 1" in answer.err


def test_records_are_late_against_a_further_stamp_in_them(tmp_path: Path) -> None:
    lines = [
        "2026-06-14T15:16:05+09:00 web: [14/Jun/2026:15:16:01 +0900] a",
        "2026-06-14T15:16:05+09:00 web: 2026-06-14 15:16:01 b",
        "2026-06-14T15:16:05+09:00 web: c",
        "2026-06-14T15:16:05+09:00 web: [14/Jun/2026:15:16:03 +0900] d",
        "2026-06-14T15:16:05+09:00 web: [14/Jun/2026:15:16:03 +0900] then [14/Jun/2026:15:15:59 +0900] e",
    ]
    store = store_of(tmp_path, lines, zone="Asia/Tokyo")

    def late(*arguments: str) -> list[str]:
        answer = answered("count", "-d", store, "-e", "(.)$", "--format", "csv", *arguments)
        return [row[0] for row in answer.rows]

    assert late("--delay", "2", "-q", "1") == ["a", "b", "d", "e"]
    assert late("--delay", "4", "-q", "1") == ["a", "b"]
    assert late("--delay", "5", "-q", "1") == []
    assert late("--delay", "6", "-q", "2") == ["e"]
    assert late("--delay", "4", "-q", "1", "--stamp-zone", "UTC") == ["a"]
    told = answered("count", "-d", store, "--delay", "2", "-q", "1").notes
    assert told == ["1 of 5 records have no such time stamp (-q 1) and no delay"]


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-i", "-5"], "cannot read the interval '-5'"),
        (["-i", "soon"], "cannot read the interval 'soon'"),
        (["-i", "1µs"], "the interval '1µs' is not between 1ms and 3650d"),
        (["--by", "time"], "--by is about values, but none are asked for"),
        (["--top", "3"], "--top is about values, but none are asked for"),
        (["-e", "ip", "--top", "-1"], "--top -1 is less than none"),
        (["-e", "ip", "--fill"], "--fill is for counts by time alone"),
        (["-q", "1"], "--time-pos says how late a record is"),
        (["--delay", "-1"], "--delay -1 is less than none"),
        (["--delay", "1", "-q", "1", "--stamp-zone", "Nowhere"], "there is no time zone 'Nowhere'"),
        (["-p", "2"], "--pos says which value, but not of what"),
        (["-e", "ip", "-p", "1", "-p", "2"], "--pos is given 2 times for 1 extraction (-e)"),
        (["-e", "ip", "-e", "mac", "--ip", "country"], "country"),
        (["-e", "(unclosed"], "unclosed"),
        (["-e", "nosuchkey"], "'nosuchkey' is no key of -e"),
        (["-e", "json"], "-e json needs a path"),
        (["-e", "ip", "--ip", "country"], "country"),
        (["-n", "a", "-n", "b"], "--name is given 2 times"),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in refused("count", "-d", store_of(tmp_path, FOUR[:1]), *arguments)


def test_an_interval_without_effect_is_told(tmp_path: Path) -> None:
    answer = answered("count", "-d", store_of(tmp_path, SSH), "-e", "ip", "-i", "60")

    assert answer.notes == ["the interval (-i) had no effect: values were counted, not times"]


def test_no_store_is_an_error(tmp_path: Path) -> None:
    assert twsla("count", "-d", tmp_path / "none.db").code == 4
