"""summary and report: figures that grep gives too, every part in every document."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from twsla.model.levels import PATTERNS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

LINES = [
    "2024-05-01T10:00:00Z web app[1]: Login FAILED for root from 10.0.0.1",
    "2024-05-01T10:00:01Z web app[2]: Login FAILED for root from 10.0.0.1",
    "2024-05-01T10:00:02Z web app[3]: Warning: disk 91% full",
    "2024-05-01T10:00:03Z web app[4]: debug trace of request 7",
    "2024-05-01T10:00:04Z web app[5]: ok, failover to alertmanager <script>alert(1)</script>",
    "undated ok",
]


@pytest.fixture
def store(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text("\n".join(LINES) + "\n")
    assert run("import", "--multiline", "off", tmp_path / "a.log").code == 0
    return tmp_path


def summary(run: Run, *arguments: str) -> dict[str, Any]:
    done = run("summary", "--format", "json", *arguments)
    assert done.code == 0, done.err
    return dict(json.loads(done.text))


def section(found: dict[str, Any], name: str) -> list[tuple[str, int]]:
    return [(row["item"], row["count"]) for row in found["rows"] if row["section"] == name]


def test_summary(run: Run, store: Path) -> None:
    found = summary(run)
    # Words, not parts of words: failover and alertmanager are no errors; "alert(" is one.
    assert section(found, "level") == [("ERROR", 3), ("WARN", 1), ("DEBUG", 1), ("INFO", 1)]
    assert section(found, "ip") == [("10.0.0.1", 2)]
    assert section(found, "source") == [(str(store / "a.log"), 6)]
    assert section(found, "pattern")[0][1] == 2
    assert found["facts"]["hits"] == 6
    assert found["facts"]["undated"] == 1
    assert found["facts"]["first"] == "2024-05-01T10:00:00Z"
    assert found["facts"]["last"] == "2024-05-01T10:00:04Z"
    (failed,) = [row for row in found["rows"] if row["section"] == "pattern" and row["count"] == 2]
    assert failed["share"] == pytest.approx(33.33)


def test_summary_of_what_filters_leave(run: Run, store: Path) -> None:
    found = summary(run, "FAILED")
    assert section(found, "level") == [("ERROR", 2)]
    assert found["facts"]["hits"] == 2


def test_summary_of_nothing(run: Run, store: Path) -> None:
    assert summary(run, "no such text")["rows"] == []


@pytest.mark.parametrize(
    ("text", "level"),
    [("Login FAILED", "ERROR"), ("Warning: disk", "WARN"), ("debug trace", "DEBUG"), ("ok", "INFO"), ("err5", "ERROR")],
)
def test_levels_by_words(text: str, level: str) -> None:
    found = next((name for name, re2 in PATTERNS if re.search(re2, text)), "INFO")
    assert found == level


def test_report_as_a_page(run: Run, store: Path) -> None:
    done = run("report", "--case", "<b>17</b>", "-o", "case.html")
    assert done.code == 0, done.err
    page = (store / "case.html").read_text("utf-8")
    assert "<b>17</b>" not in page
    assert "&lt;b&gt;17&lt;/b&gt;" in page
    assert "<script>alert(1)</script>" not in page
    digest = run("sources", "--format", "jsonl")
    assert json.loads(digest.text)["sha256"] in page
    assert page.count('<section class="rows">') == page.count("<tbody>") == 6


def test_report_as_markdown_and_json(run: Run, store: Path) -> None:
    done = run("report", "--case", "17", "--include", "delay")
    assert done.code == 0, done.err
    titles = [line[3:] for line in done.lines if line.startswith("## ")]
    assert titles == ["Summary", "Records over time", "Heatmap", "Addresses", "Marked records", "Delay", "Evidence"]
    parts = json.loads(run("report", "--include", "delay", "--format", "json").text)["parts"]
    assert [part["title"] for part in parts] == titles
    assert parts[3]["rows"] == [{"key": "10.0.0.1", "count": 2}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "case.csv"], "cannot be written as csv"),
        (["--format", "parquet", "-o", "x"], "cannot be written as parquet"),
        (["--include", "search"], "'search' cannot be part of a report"),
        (["--include", "nonsense"], "'nonsense' cannot be part of a report"),
    ],
)
def test_report_refuses(run: Run, store: Path, arguments: list[str], said: str) -> None:
    done = run("report", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not (store / "case.csv").exists()


def test_report_includes_command_lines(run: Run, store: Path) -> None:
    lines = ["relation ip 'regex/for [a-z]+/' FAILED --top 3", "sql 'SELECT count(*) AS n FROM records'", "heatmap -w"]
    arguments = [each for line in lines for each in ("--include", line)]
    done = run("report", "--format", "json", "--utc", *arguments)
    assert done.code == 0, done.err
    report = json.loads(done.text)
    assert report["facts"]["zone"] == "UTC"
    parts = {part["title"]: part for part in report["parts"]}
    assert parts[f"Relation: {lines[0]}"]["rows"] == [{"key1": "10.0.0.1", "key2": "for root", "count": 2}]
    assert parts[f"SQL: {lines[1]}"]["rows"] == [{"n": 6}]
    assert [row["weekday"] for row in parts["Heatmap: heatmap -w"]["rows"]] == ["Wednesday"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("relation ip 'kv", "no closing quotation"),
        ("tfidf --nothing", "--include tfidf: unrecognized arguments: --nothing"),
        ("tfidf -n x", "invalid int value"),
        ("report --case 1", "'report' cannot be part of a report"),
        ("import x.log", "'import' cannot be part of a report"),
    ],
)
def test_report_refuses_command_lines(run: Run, store: Path, line: str, said: str) -> None:
    done = run("report", "--include", line)
    assert done.code == 2
    assert said in done.err


def test_report_tells_in_its_place_what_cannot_be_done(run: Run, store: Path) -> None:
    done = run("report", "--include", "relation ip", "--format", "json")
    assert done.code == 0, done.err
    (part,) = [part for part in json.loads(done.text)["parts"] if part["title"].startswith("Relation")]
    assert "two or more data" in part["notes"][0]
