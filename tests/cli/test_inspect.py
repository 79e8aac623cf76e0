"""``twsla inspect`` through the real command line."""

from __future__ import annotations

import gzip
import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Finished, Run

SAMPLES = ROOT.parent / "shared" / "data"
MULTI = """2024/05/01 10:00:00 [INFO] Start process
  detail line 1
  detail line 2
2024/05/01 10:01:00 [ERROR] Failed to connect
  stacktrace:
    at connection.go:123
    at main.go:45
2024/05/01 10:02:00 [DEBUG] Config loaded
---
Log entry with separator
"""
WRITTEN_S = 1_794_000_000
"""2026-11-06, the modification time of files written here."""


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (WRITTEN_S, WRITTEN_S))
    return path


def found(inside: Run, *arguments: str | Path, code: int = 0) -> dict[str, list[dict[str, Any]]]:
    """The rows by ``what``."""
    done = inside("inspect", *arguments, "--format", "json")
    assert done.code == code, done.err
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(done.text)["rows"]:
        rows.setdefault(row["what"], []).append(row)
    return rows


def value(rows: dict[str, list[dict[str, Any]]], what: str) -> str:
    (row,) = rows[what]
    return str(row["value"])


def stored(inside: Run, *arguments: str | Path) -> list[str]:
    done = inside("import", "-d", "check.db", *arguments)
    assert done.code == 0, done.err
    lines = inside("search", "-d", "check.db", "--format", "jsonl", "--columns", "text").lines
    return [json.loads(line)["text"] for line in lines]


@pytest.mark.skipif(not (SAMPLES / "twsla" / "multi.log").exists(), reason="the original's samples are not here")
def test_the_originals_multi_log(inside: Run, tmp_path: Path) -> None:
    path = SAMPLES / "twsla" / "multi.log"

    rows = found(inside, path)

    assert rows["stamped_lines"][0]["why"] == "3 stamps in 21 lines"
    (suggestion,) = rows["suggestion"]
    assert suggestion["value"] == r"--ml-start '^\d{4}/\d{2}/\d{2}'"
    texts = stored(inside, "--ml-start", r"^\d{4}/\d{2}/\d{2}", path)
    assert [text.count("\n") + 1 for text in texts] == [3, 4, 14]
    assert not (tmp_path / "twsla.db").exists()


def test_everything_an_import_would_decide(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", MULTI)

    rows = found(inside, "a.log", "--tz", "Asia/Tokyo")

    assert value(rows, "format") == "text"
    assert (value(rows, "encoding"), rows["encoding"][0]["why"]) == ("utf-8", "ASCII")
    assert (value(rows, "lines"), value(rows, "bytes")) == ("10", str(len(MULTI)))
    assert value(rows, "line_ends") == "LF 10"
    assert (value(rows, "longest_line"), rows["longest_line"][0]["line"]) == ("45", 4)
    assert value(rows, "undecodable_bytes") == "0"
    assert value(rows, "stamps") == "iso-slash at the beginning of the line"
    assert [row["line"] for row in rows["stamped_line"]] == [1, 4, 8]
    assert value(rows, "unstamped_lines") == "7"
    assert [row["line"] for row in rows["unstamped_line"]] == [2, 3, 5]
    assert (value(rows, "zone"), "--tz Asia/Tokyo" in rows["zone"][0]["why"]) == ("Asia/Tokyo", True)
    assert value(rows, "years") == "on the line"
    assert (rows["first"][0]["time"], rows["first"][0]["line"]) == ("2024-05-01T10:00:00+09:00", 1)
    assert (rows["last"][0]["time"], rows["last"][0]["line"]) == ("2024-05-01T10:02:00+09:00", 8)
    assert [(row["value"], row["line"]) for row in rows["gap"]] == [("1m0s", 1), ("1m0s", 4)]
    assert (value(rows, "records"), value(rows, "undated_records")) == ("3", "0")
    assert (value(rows, "longest_record"), rows["longest_record"][0]["line"]) == ("4", 4)


def test_it_tells_what_the_import_then_does(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "messages", "".join(f"{line}\n" for line in SYSLOG))

    rows = found(inside, "messages")
    report = json.loads(inside("import", "--report", "json", "messages").text)["rows"][0]

    assert int(value(rows, "records")) == report["records"]
    assert int(value(rows, "undated_records")) == report["undated"]
    assert value(rows, "years") == report["years"]
    assert value(rows, "stamps") == report["stamps"]
    assert (rows["first"][0]["time"], rows["last"][0]["time"]) == (report["first"], report["last"])


SYSLOG = [
    "no stamp at all",
    "Dec 30 23:59:00 host a: 1",
    "Dec 31 23:59:59 host a: 2",
    "Jan  1 00:00:01 host a: 3",
    "Jan  1 00:00:00 host a: 4",
    "  continued since 2019-05-05T00:00:00Z",
    "Jan  3 00:00:00 host a: 5",
]


def test_years_steps_back_and_quoted_stamps(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "messages", "".join(f"{line}\n" for line in SYSLOG))

    rows = found(inside, "messages")

    # Written on 2026-11-06: the last line is of January of that year.
    assert value(rows, "years") == "years 2025 to 2026 from its modification time, 1 turn of the year"
    assert (rows["first"][0]["time"], rows["first"][0]["line"]) == ("2025-12-30T23:59:00Z", 2)
    assert value(rows, "steps_back") == "1"
    (step,) = rows["step_back"]
    assert (step["value"], step["line"], step["time"], step["until"]) == (
        "-1s",
        4,
        "2026-01-01T00:00:01Z",
        "2026-01-01T00:00:00Z",
    )
    assert value(rows, "quoted_stamps") == "1"
    (other,) = rows["other_stamp"]
    assert (other["value"], other["line"]) == ("iso", 6)
    assert [(row["value"], row["line"]) for row in rows["undated_record"]] == [("no stamp at all", 1)]
    assert [row["value"] for row in rows["option"]] == ["--tz ZONE", "--year N", "--multiline off"]


def test_only_the_first_lines_are_looked_at_where_that_is_said(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", MULTI)

    rows = found(inside, "a.log", "--lines", "4")

    assert (value(rows, "lines"), rows["lines"][0]["why"]) == ("4", "only these were looked at")
    assert rows["stamped_lines"][0]["why"] == "2 stamps in 4 lines"
    assert value(rows, "bytes") == str(len("".join(MULTI.splitlines(keepends=True)[:4])))


@pytest.mark.parametrize("count", ["10", "11"])
def test_as_many_lines_as_there_are_is_all(inside: Run, tmp_path: Path, count: str) -> None:
    write(tmp_path / "a.log", MULTI)

    rows = found(inside, "a.log", "--lines", count)

    assert (value(rows, "lines"), rows["lines"][0]["why"]) == ("10", "")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-8", "cp932"])
def test_lines_are_counted_in_any_encoding(inside: Run, tmp_path: Path, encoding: str) -> None:
    lines = [f"2024-05-06 07:08:{n:02} エラーが発生しました {n}" for n in range(40)]
    write(tmp_path / "a.log", "".join(f"{line}\r\n" for line in lines).encode(encoding))

    rows = found(inside, "a.log", "--lines", "7")

    assert value(rows, "encoding") == encoding
    assert value(rows, "line_ends") == "CR LF 7"
    assert (value(rows, "lines"), rows["last"][0]["line"]) == ("7", 7)


def test_line_ends_of_all_kinds(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", b"2024-05-06 07:08:09 a\n2024-05-06 07:08:09 b\r\n\n2024-05-06 07:08:09 c")

    rows = found(inside, "a.log")

    assert (value(rows, "line_ends"), rows["line_ends"][0]["why"]) == ("LF 2, CR LF 1", "the last line has none")


def test_undecodable_bytes_are_counted_and_other_encodings_named(inside: Run, tmp_path: Path) -> None:
    raw = "2024-05-06 07:08:09 ok\n2024-05-06 07:08:10 caf\xe9 \xe0 \xe9\n".encode("latin-1")
    write(tmp_path / "a.log", raw)

    rows = found(inside, "a.log", "--encoding", "utf-8")

    (bad,) = rows["undecodable_bytes"]
    assert (bad["value"], bad["line"]) == ("3", 2)
    assert {row["value"] for row in rows["option"]} >= {"--encoding cp1252"}
    (option,) = [row for row in rows["option"] if row["value"] == "--encoding cp1252"]
    assert option["why"] == "would read: 2024-05-06 07:08:10 café à é"


def test_day_or_month_first_that_nothing_decides(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "03/04/2024 07:08:09 a\n03/04/2024 07:08:10 b\n")

    rows = found(inside, "a.log")

    assert {"--dmy", "--mdy"} <= {row["value"] for row in rows["option"]}
    assert "it is not clear whether the day or the month comes first" in rows["problem"][0]["value"]
    assert "first" not in rows
    assert found(inside, "a.log", "--dmy")["first"][0]["time"] == "2024-04-03T07:08:09Z"
    assert found(inside, "a.log", "--mdy")["first"][0]["time"] == "2024-03-04T07:08:09Z"


def test_another_stamp_on_the_line_can_be_chosen(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "2024-05-06 07:08:09 job of 05/May/2024:01:02:03 +0900 done\n" * 3)

    rows = found(inside, "a.log")
    (option,) = [row for row in rows["option"] if row["value"].startswith("--ts-format")]

    assert (option["value"], option["line"]) == ("--ts-format day-month-year", 1)
    again = found(inside, "a.log", *option["value"].split())
    assert again["first"][0]["time"] == "2024-05-04T16:02:03Z"


def test_a_time_that_the_clock_skipped_speaks_against_the_zone(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "2024-03-31 02:30:00 a\n")

    rows = found(inside, "a.log", "--tz", "Europe/Berlin")

    assert "the clock of Europe/Berlin was put forward and never showed 1 of the times" in rows["option"][0]["why"]


def test_settings_for_some_sources(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "router.log", "May  6 07:08:09 r x\n")
    write(tmp_path / "other.log", "May  6 07:08:09 o x\n")

    done = inside("inspect", "router.log", "other.log", "--for", "router*:tz=Asia/Tokyo,year=2021", "--format", "json")

    rows = {(row["source"], row["what"]): row for row in json.loads(done.text)["rows"]}
    assert rows["router.log", "first"]["time"] == "2021-05-05T22:08:09Z"
    assert "--for 'router*'" in rows["router.log", "zone"]["why"]
    assert rows["other.log", "first"]["time"] == "2026-05-06T07:08:09Z"


def test_members_of_archives_pipes_and_unreadable_sources(inside: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(MULTI.encode()))
    (tmp_path / "program").write_bytes(b"\x7fELF\x00\x01\x02\x03")

    done = inside(
        "inspect", "a.log.gz", "-", "program", "missing.log", "--format", "json", input=b"2024-05-06 07:08:09 x\n"
    )

    answer = json.loads(done.text)
    assert done.code == 3
    assert {row["source"] for row in answer["rows"]} == {"a.log.gz", "-", "program", "missing.log"}
    problems = {row["source"]: row["value"] for row in answer["rows"] if row["what"] == "problem"}
    assert problems["missing.log"] == "no such file or directory"
    assert "no text in any encoding" in problems["program"]
    assert answer["facts"]["sources"] == 2


def test_a_binary_file_is_read_where_the_user_insists(inside: Run, tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\x00\x01\x02\x03\n")

    for option in ("--input-format", "--format"):
        done = inside("inspect", "program", option, "text")
        assert done.code == 0
        assert "format: text (asked for)" in done.text


def test_plain_output_can_be_pasted_and_grepped(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", MULTI)

    done = inside("inspect", "a.log")

    assert r"a.log: suggestion: --ml-start '^\d{4}/\d{2}/\d{2}' (" in done.text
    assert "a.log: first: 2024-05-01T10:00:00Z (line 1)" in done.lines


def test_nothing_is_hidden_of_hostile_lines_and_nothing_breaks(inside: Run, tmp_path: Path) -> None:
    write(
        tmp_path / "a.log",
        b"\x1b[31mred\x07\x00\n" + b"x" * 300 + b"\n\xff\xfe\xfd\n" + os.urandom(64) + b"\n2024-05-06\n",
    )

    done = inside("inspect", "a.log", "--input-format", "text", "--format", "json")

    assert done.code == 0, done.err
    json.loads(done.text)


def test_a_very_long_line_is_one_line(inside: Run, tmp_path: Path) -> None:
    long = "2024-05-06 07:08:10 " + "x" * 9_000_000
    write(tmp_path / "a.log", f"2024-05-06 07:08:09 a\n{long}\n  more\n2024-05-06 07:08:11 c\n")

    rows = found(inside, "a.log")

    assert (value(rows, "lines"), value(rows, "longest_line"), rows["longest_line"][0]["line"]) == (
        "4",
        str(len(long)),
        2,
    )
    assert value(rows, "stamped_lines") == "3"
    assert [row["line"] for row in rows["unstamped_line"]] == [3]
    assert "further pieces of very long lines" in rows["records"][0]["why"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\n\n\n", b"x", b"\xff", b"\x00"])
def test_next_to_nothing(inside: Run, tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.log", content)

    rows = found(inside, "a.log", "--input-format", "text")

    assert value(rows, "bytes") == str(len(content))


def import_inspect(inside: Run, *arguments: str) -> Finished:
    done = inside("import", *arguments)
    assert done.code == 0, done.err
    return done


@pytest.mark.parametrize("option", ["--mlInspect", "--ml-inspect"])
def test_import_reaches_it_as_the_original_did(inside: Run, tmp_path: Path, option: str) -> None:
    write(tmp_path / "a.log", MULTI)

    done = import_inspect(inside, option, "-s", "a.log")

    assert done.text == inside("inspect", "a.log").text
    assert not (tmp_path / "twsla.db").exists()
    assert "no effect on an inspection" in import_inspect(inside, option, "-t", "2024", "a.log").err


def test_nothing_and_no_number_of_lines_are_usage_errors(inside: Run) -> None:
    nothing, zero = inside("inspect"), inside("inspect", "--lines", "0", "x")

    assert (nothing.code, nothing.err.splitlines()[0]) == (2, "twsla: error: nothing to inspect")
    assert (zero.code, "--lines 0" in zero.err) == (2, True)


def test_every_kind_of_finding_is_in_the_manual(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "".join(f"{line}\n" for line in SYSLOG) + "x\xff\n")
    write(tmp_path / "b.log", "\ufeff03/04/2024 07:08:09 a\n")

    done = inside("inspect", "a.log", "b.log", "--format", "json")

    kinds = {row["what"] for row in json.loads(done.text)["rows"]}
    manual = (ROOT / "docs" / "inspect.md").read_text("utf-8")
    assert {kind for kind in kinds if not re.search(rf"`{kind}`", manual)} == set()
