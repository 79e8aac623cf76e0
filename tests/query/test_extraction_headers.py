"""Columns of tables by the names in the headers of the sources, through the program."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Finished, Run

ROWS = [
    ("2024-05-01 10:00:00", "bob", "a,b"),
    ("2024-05-01 10:00:01", "alice", 'say "hi"'),
    ("2024-05-01 10:00:02", "bob", ""),
    ("2024-05-01 10:00:03", "日本", "a,b"),
]
ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#path\tconn\n#fields\tts\tuser\tnote\n#types\ttime\tstring\tstring\n"
    "1714557600.5\tbob\tx\n1714557601.5\tcarol\ty\n#close\t2024-05-01-11-00-00\n"
)


@pytest.fixture
def store(tmp_path: Path, run: Run) -> Path:
    with (tmp_path / "one.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("time", "user", "note"), *ROWS])
    with (tmp_path / "two.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("time", "note", "more", " user "), *((t, n, "", u) for t, u, n in ROWS[:2])])
    (tmp_path / "plain.log").write_text("2024-05-01 10:00:00 users,notes\n2024-05-01 10:00:05 x,y\n")
    (tmp_path / "conn.log").write_text(ZEEK)
    assert run("import", ".", "--multiline", "off").code == 0
    return tmp_path


def counts(done: Finished) -> dict[str, int]:
    assert done.code == 0, done.err
    rows = list(csv.reader(done.text.splitlines()))[1:]
    return {key: int(count) for key, count in rows}


def count(run: Run, *arguments: str) -> dict[str, int]:
    return counts(run("count", *arguments, "--format", "csv"))


@pytest.mark.usefixtures("store")
def test_a_column_is_found_wherever_each_source_has_it(run: Run) -> None:
    assert count(run, "-e", "csv", "-n", "user") == {"bob": 3, "alice": 2, "日本": 1}
    assert count(run, "-e", "csv", "-n", "note") == {"a,b": 3, 'say "hi"': 2, "": 1}
    assert count(run, "-e", "csv", "-n", "more") == {"": 2}


@pytest.mark.usefixtures("store")
def test_filters_do_not_hide_the_header(run: Run) -> None:
    assert count(run, "-e", "csv", "-n", "user", "a,b") == {"bob": 2, "日本": 1}
    assert count(run, "-e", "csv", "-n", "user", "-t", "2024-05-01T10:00:01Z,1s") == {"alice": 2, "bob": 1}


@pytest.mark.usefixtures("store")
def test_fields_of_zeek(run: Run) -> None:
    assert count(run, "-e", "tsv", "-n", "user") == {"bob": 1, "carol": 1}


@pytest.mark.usefixtures("store")
def test_a_place_is_not_a_name(run: Run) -> None:
    done = run("count", "-e", "csv", "-p", "1", "-n", "Who", "bob", "--format", "csv")

    assert done.lines[0] == "Who,Count"
    assert counts(done) == dict(Counter({"bob": 2, "a,b": 1}))


@pytest.mark.usefixtures("store")
def test_an_unknown_column_is_explained(run: Run) -> None:
    done = run("count", "-e", "csv", "-n", "nobody")

    assert done.code == 2
    assert "no source has a column 'nobody' in its header" in done.err
    assert "user" in done.err
