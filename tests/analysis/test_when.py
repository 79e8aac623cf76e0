"""heatmap, time and relation: the examples of the specification, and what happens at the edges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import SHARED, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

SYSLOG = SHARED / "data" / "twsla" / "syslog.log"


@pytest.fixture
def imported(run: Run, tmp_path: Path) -> Any:
    def import_lines(*lines: str) -> None:
        (tmp_path / "a.log").write_text("".join(f"{line}\n" for line in lines))
        assert run("import", "--utc", "--multiline", "off", tmp_path / "a.log").code == 0

    return import_lines


def answer(run: Run, *arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--utc", "--format", "json")
    assert done.code == 0, done.err
    return dict(json.loads(done.text))


# --- heatmap


def test_heatmap_of_dates_and_of_weekdays(run: Run, imported: Any) -> None:
    imported(
        *(f"{at} x" for at in ("2024-05-01 10:00:10", "2024-05-01 10:59:59", "2024-05-01 11:00:00")),
        "2024-05-02 10:00:00 x",
    )

    assert run("heatmap", "--utc", "--format=csv").text.splitlines() == [
        "Date,Hour,Count",
        "2024/05/01,10,2",
        "2024/05/01,11,1",
        "2024/05/02,10,1",
    ]
    assert run("heatmap", "--utc", "-w", "--format=csv").text.splitlines() == [
        "Weekday,Hour,Count",
        "Wednesday,10,2",
        "Wednesday,11,1",
        "Thursday,10,1",
    ]
    assert run("heatmap", "--utc", "--calendar", "--format=csv").text.splitlines() == [
        "Week,Weekday,Date,Count",
        "2024/04/29,Wednesday,2024/05/01,3",
        "2024/04/29,Thursday,2024/05/02,1",
    ]
    assert answer(run, "heatmap")["facts"]["mean"] == pytest.approx(4 / 3)


def test_days_stand_in_the_order_of_their_week(run: Run, imported: Any) -> None:
    imported("2024-05-05 10:00:00 x", "2024-05-06 10:00:00 x", "2024-05-11 10:00:00 x")  # Sunday, Monday, Saturday
    order = ("--utc", "--columns", "weekday,weekday_no", "--format=csv")
    assert run("heatmap", "--calendar", *order).text.splitlines()[1:] == ["Sunday,6", "Monday,0", "Saturday,5"]
    assert run("heatmap", "--week", *order).text.splitlines()[1:] == ["Sunday,0", "Monday,1", "Saturday,6"]


def test_heatmap_hours_are_those_of_the_local_clock(run: Run, imported: Any) -> None:
    # Summer time ended in Berlin at 01:00 UTC: the hour from 2 to 3 came twice. In Kolkata it is half past.
    imported("2024-10-27 00:30:00 x", "2024-10-27 01:30:00 x", "2024-10-27 02:30:00 x")

    assert run("heatmap", "--tz", "Europe/Berlin", "--format=csv").text.splitlines()[1:] == [
        "2024/10/27,2,2",
        "2024/10/27,3,1",
    ]
    assert run("heatmap", "--tz", "Asia/Kolkata", "--format=csv").text.splitlines()[1:] == [
        "2024/10/27,6,1",
        "2024/10/27,7,1",
        "2024/10/27,8,1",
    ]


@needs_shared
def test_heatmap_of_the_sample(run: Run) -> None:
    assert run("import", "--utc", SYSLOG).code == 0
    found = answer(run, "heatmap")
    assert len(found["rows"]) == 148
    assert found["facts"]["mean"] == pytest.approx(13.514, abs=0.0005)


# --- time


def test_time_between_records(run: Run, imported: Any) -> None:
    imported("2024-05-01 10:00:01 a", "2024-05-01 10:00:02 b", "2024-05-01 10:00:04 c")

    found = answer(run, "time")
    assert [(row["diff"], row["delta"]) for row in found["rows"]] == [(0, 0), (1, 1), (3, 2)]
    facts = found["facts"]
    assert (facts["mean"], facts["median"], facts["mode"], facts["std_dev"]) == (1.5, 1.5, 0, 0.5)
    assert [row["text"][-1] for row in answer(run, "time", "--sort", "delta:desc")["rows"]] == ["c", "b", "a"]


def test_marking_a_record_measures_from_there(imported: Any, tmp_path: Path) -> None:
    from twsla.analysis.time import TimeOptions, time
    from twsla.model.query import Query
    from twsla.progress import Silent
    from twsla.query.engine import Engine
    from twsla.store.store import Store

    imported("2024-05-01 10:00:01 a", "2024-05-01 10:00:02 b", "2024-05-01 10:00:04 c")
    engine = Engine(Store.open(tmp_path / "twsla.db"), Query())
    result = time(engine, TimeOptions(), Silent())
    (action,) = result.actions
    second_ns = 1_714_557_602 * 10**9  # date -u -d '2024-05-01 10:00:02' +%s
    marked = action.run({"ts": second_ns, "source": "a.log", "offset": 40}, Silent())
    assert not isinstance(marked, str)
    assert marked.reference == ("a.log", 40)
    assert marked.rows.slice(0, 3)["diff"].to_pylist() == [-1, 0, 2]
    engine.close()


def test_time_leaves_out_undated_records_and_says_so(run: Run, imported: Any) -> None:
    imported("undated", "2024-05-01 10:00:01 a")
    done = run("time", "--utc")
    assert done.text.splitlines()[1:] == ["2024-05-01T10:00:01Z\t2024-05-01 10:00:01 a\t0\t0"]
    assert "1 records without a time stamp" in done.err


def test_time_of_nothing(run: Run, imported: Any) -> None:
    imported("undated")
    assert answer(run, "time")["rows"] == []
    assert answer(run, "time", "--period")["rows"] == []
    assert answer(run, "heatmap")["rows"] == []


def test_a_period_is_found_in_spite_of_noise(run: Run, imported: Any) -> None:
    # Every 10 minutes, up to 20 seconds late, for a day.
    beats = [600 * beat + (beat * 7) % 21 for beat in range(144)]
    imported(*(f"2024-05-01 {s // 3600:02}:{s // 60 % 60:02}:{s % 60:02} beat" for s in beats))
    best = answer(run, "time", "--period")["rows"][0]
    assert best["period"] == 600 * 10**9
    assert best["correlation"] > 0.5


@needs_shared
def test_time_of_the_sample(run: Run) -> None:
    assert run("import", "--utc", SYSLOG).code == 0
    facts = answer(run, "time", "--limit", "1")["facts"]
    assert facts["mean"] == pytest.approx(1857.508, abs=0.0005)
    assert facts["median"] == 0
    assert facts["mode"] == 0
    assert facts["std_dev"] == pytest.approx(8928.434, abs=0.0005)


# --- relation


def test_relation_counts_combinations(run: Run, imported: Any) -> None:
    at = "2024-05-01 10:00:00"
    imported(
        f"{at} from 10.0.0.1 mac 00:11:22:33:44:55",
        f"{at} from 10.0.0.1 mac 00:11:22:33:44:55",
        f"{at} from 10.0.0.2 mac 00:11:22:33:44:55",
        f"{at} from 10.0.0.1 no mac",
    )
    done = run("relation", "ip", "mac", "--format=csv")
    assert done.text.splitlines() == [
        "ip,mac,Count",
        "10.0.0.1,00:11:22:33:44:55,2",
        "10.0.0.2,00:11:22:33:44:55,1",
    ]
    facts = answer(run, "relation", "ip", "mac")["facts"]
    assert (facts["rows"], facts["hits"], facts["records"], facts["mean"]) == (2, 3, 4, 1.5)


def test_relation_of_the_second_match_and_of_expressions(run: Run, imported: Any) -> None:
    imported("2024-05-01 10:00:00 a 1.1.1.1 b 2.2.2.2", "2024-05-01 10:00:00 c ip-less: user 7")
    assert run("relation", "ip", "ip:1", "--format=csv").text.splitlines()[1:] == ["1.1.1.1,2.2.2.2,1"]
    assert run("relation", "ip", "regex/[ab] [0-9]/:1", "--format=csv").text.splitlines()[1:] == ["1.1.1.1,b 2,1"]
    assert run("relation", "ip", "-e", "b (.*)", "--format=csv").text.splitlines()[1:] == ["1.1.1.1,2.2.2.2,1"]
    # A word that begins like the name of a thing is a filter.
    assert run("relation", "regex/user/", "regex/[0-9]$/", "ip-less", "--format=csv").text.splitlines()[1:] == [
        "user,7,1"
    ]


@pytest.mark.parametrize("arguments", [["ip"], ["ip", "word"], [], ["ip", "regex/(/"], ["ip", "regex//"]])
def test_relation_of_less_than_two_things_is_refused(run: Run, imported: Any, arguments: list[str]) -> None:
    imported("2024-05-01 10:00:00 x")
    done = run("relation", *arguments)
    assert done.code == 2
    assert done.err.startswith("twsla: error: ")


@needs_shared
def test_relation_of_the_sample(run: Run) -> None:
    assert run("import", "--utc", SYSLOG).code == 0
    found = answer(run, "relation", "ip", "kv")
    assert (found["facts"]["rows"], found["facts"]["hits"]) == (28, 310)
    assert found["rows"][0] == {"key1": "150.183.249.110", "key2": "uid=0 ", "count": 80}


# --- delay


def test_delay_against_the_record_before(run: Run, tmp_path: Path) -> None:
    lines = [
        f'10.0.0.{n} - - [14/Jun/2026:15:16:{second:02} +0900] "GET /{path} HTTP/1.1" 200 5'
        for n, second, path in ((1, 0, "a"), (2, 5, "b"), (3, 2, "slow"), (4, 6, "c"), (5, 6, "d"))
    ]
    (tmp_path / "access.log").write_text("\n".join(lines) + "\n")
    assert run("import", tmp_path / "access.log").code == 0
    found = answer(run, "delay")["rows"]
    assert [(row["text"], row["delay"]) for row in found] == [(lines[2], 3)]
    assert run("delay", "slow").lines[1].endswith("\t3")
    assert run("delay", "GET /b").lines[1:] == []


@pytest.mark.parametrize(
    ("line", "position", "seconds"),
    [
        ('Jun 14 15:16:05 web httpd: 192.168.1.10 - - [14/Jun/2026:15:16:01 +0900] "GET / HTTP/1.1"', 1, 4),
        ('2026-06-14T15:16:05+09:00 web httpd: 1.1.1.1 - - [14/Jun/2026:15:16:01 +0900] "GET /"', 1, 4),
        ('2026-06-14T15:16:05.123456+09:00 web httpd: 1.1.1.1 - - [14/Jun/2026:15:16:01 +0900] "GET /"', 1, 4.123456),
        ("2026/06/14 15:16:05 start 2026/06/14 15:16:01 end", 1, 4),
        ("Jun 14 15:16:05 a Jun 14 15:16:01 b Jun 14 15:15:01 c", 1, 4),
        ("Jun 14 15:16:05 a Jun 14 15:16:01 b Jun 14 15:15:01 c", 2, 64),
    ],
)
def test_delay_against_a_further_stamp(run: Run, tmp_path: Path, line: str, position: int, seconds: float) -> None:
    (tmp_path / "a.log").write_text(line + "\n")
    assert run("import", "--tz", "Asia/Tokyo", "--year", "2026", tmp_path / "a.log").code == 0
    rows = answer(run, "delay", "-q", str(position))["rows"]
    assert [row["delay"] for row in rows] == [pytest.approx(seconds)]


@needs_shared
def test_delay_of_the_sample(run: Run) -> None:
    assert run("import", "--utc", SYSLOG).code == 0
    found = answer(run, "delay", "--with-source", "--columns", "line_no,delay")["rows"]
    assert [(row["line_no"], row["delay"]) for row in found] == [(1983, 5), (1987, 5), (1991, 5)]


def test_a_calendar_has_a_place_for_each_week(run: Run, imported: Any, tmp_path: Path) -> None:
    imported("2024-05-01 10:00:00 x", "2024-05-22 10:00:00 x")  # 21 days: the weeks of 29 April, 6, 13 and 20 May
    assert run("heatmap", "--utc", "--calendar", "-o", tmp_path / "x.html").code == 0
    page = (tmp_path / "x.html").read_text("utf-8")
    assert "2024/05/06" in page
    assert "2024/05/07" not in page
