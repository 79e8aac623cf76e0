"""``twsla marks``: what was marked, joined with the records, in every form."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from twsla.store.marks import Mark, MarkFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

LINES = ["2024-05-01T00:00:00.5Z one", "2024-05-01T00:00:01Z two | =cmd", "no stamp", "2024-05-01T00:00:03Z four"]
OFFSETS = [sum(len(line) + 1 for line in LINES[:at]) for at in range(len(LINES))]


@pytest.fixture
def case(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text("".join(f"{line}\n" for line in LINES))
    assert run("import", "--multiline", "off", "a.log").code == 0
    file = MarkFile(tmp_path / "twsla.db")
    ts = 1714521600 * 10**9
    file.add(
        Mark("a.log", OFFSETS[1], 2, ts + 10**9, tags=("c2", "x"), comment="see", at="2026-01-01T00:00:00Z", by="ann")
    )
    file.add(Mark("a.log", OFFSETS[2], 3, None))
    file.add(Mark("a.log", OFFSETS[0], 1, ts + 5 * 10**8, tags=("c2",)))
    file.add(Mark("gone.log", 0, 1, ts))
    file.add(Mark("a.log", OFFSETS[3], 4, ts, marked=False))
    return tmp_path


def test_marks_in_order_of_time_with_their_records(run: Run, case: Path) -> None:
    done = run("marks", "--format", "csv")

    rows = list(csv.reader(io.StringIO(done.text)))
    assert rows == [
        ["ts", "text", "tags", "comment", "source", "line_no"],
        ["2024-05-01T00:00:00Z", "", "", "", "gone.log", "1"],
        ["2024-05-01T00:00:00.500Z", LINES[0], "c2", "", "a.log", "1"],
        ["2024-05-01T00:00:01Z", LINES[1], "c2 x", "see", "a.log", "2"],
        ["", LINES[2], "", "", "a.log", "3"],
    ]
    assert "1 marked records are not in this store" in done.err


def test_only_some_tags_and_only_some_records(run: Run, case: Path) -> None:
    assert [json.loads(line)["line_no"] for line in run("marks", "--tag", "c2", "--format", "jsonl").lines] == [1, 2]
    assert [
        json.loads(line)["line_no"] for line in run("marks", "--tag", "c2", "--tag", "x", "--format", "jsonl").lines
    ] == [2]
    done = run("marks", "two", "--format", "jsonl")
    assert [json.loads(line)["line_no"] for line in done.lines] == [2]
    assert "not in this store" not in done.err
    assert run("marks", "-t", "2024-05-01T00:00:00Z,2024-05-01T00:00:00.9Z", "--format", "jsonl").text.count("\n") == 1


def test_timesketch_gets_what_it_asks_for(run: Run, case: Path) -> None:
    done = run("marks", "--timesketch", "--format", "jsonl", "--tag", "c2")

    assert [json.loads(line) for line in done.lines] == [
        {
            "datetime": "2024-05-01T00:00:00.500Z",
            "timestamp": 1714521600500000,
            "timestamp_desc": "Log time",
            "message": LINES[0],
            "tag": ["c2"],
            "comment": "",
            "source": "a.log",
            "line_no": 1,
            "offset": OFFSETS[0],
        },
        {
            "datetime": "2024-05-01T00:00:01Z",
            "timestamp": 1714521601000000,
            "timestamp_desc": "Log time",
            "message": LINES[1],
            "tag": ["c2", "x"],
            "comment": "see",
            "source": "a.log",
            "line_no": 2,
            "offset": OFFSETS[1],
        },
    ]
    assert "1 records without a time stamp are left out" in run("marks", "--timesketch", "--format", "jsonl").err


def test_markdown_keeps_hostile_texts_in_their_cells(run: Run, case: Path) -> None:
    page = run("marks", "--format", "md", "--tag", "x").text

    assert "two &#124; =cmd" in page or "two \\| =cmd" in page
    assert page.count("\n") == 3


def test_a_store_without_marks_has_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"{LINES[0]}\n")
    run("import", "a.log")

    done = run("marks")

    assert (done.code, done.lines) == (0, ["ts\ttext\ttags\tcomment\tsource\tline_no"])
    assert not (tmp_path / "twsla.db.case").exists()


def test_damaged_lines_are_told(run: Run, case: Path) -> None:
    with (case / "twsla.db.case" / "marks.jsonl").open("a") as file:
        file.write("{torn\n")

    assert "1 lines of" in run("marks").err
