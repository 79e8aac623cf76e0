"""``import --dry-run`` and ``--report json``: what the import would say, word for word, and nothing stored."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Finished, Run

LOGS = ROOT / "testdata" / "logs"
WRITTEN_S = 1_794_000_000
"""2026-11-06."""


def report(done: Finished, code: int = 0) -> dict[str, Any]:
    assert done.code == code, done.err
    return dict(json.loads(done.text))


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what differs between any two runs, and between a dry one and a real one."""
    facts = {k: v for k, v in answer["facts"].items() if k not in {"seconds", "bytes_per_second", "dry_run"}}
    return {"rows": answer["rows"], "facts": facts, "notes": [n for n in answer["notes"] if "dry run" not in n]}


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def syslog(tmp_path: Path, name: str, *, days: int, mtime: int = WRITTEN_S) -> Path:
    """A log without years that passes several turns of the year, so that they are settled at its end."""
    months = ("Jan", "Apr", "Jul", "Oct")
    path = tmp_path / name
    path.write_text(
        "".join(f"{months[day % 4]} {day % 28 + 1:2} 00:00:00 host app: {day}\n  more\n" for day in range(days))
    )
    os.utime(path, (mtime, mtime))
    return path


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-f", "app: 1"),
        ("-t", "2024,2025"),
        ("-t", "2024,2025", "-v", "7"),
        ("--multiline", "off"),
        ("--no-ts",),
        ("--year", "2001"),
        ("--for", "a.log:tz=Asia/Tokyo,year=1999"),
    ],
    ids=" ".join,
)
def test_the_report_is_that_of_the_import(run: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    syslog(tmp_path, "a.log", days=30)
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(syslog(tmp_path, "b.log", days=9).read_bytes()))
    os.utime(tmp_path / "b.log.gz", (WRITTEN_S, WRITTEN_S))
    sources = ("a.log", "b.log.gz", LOGS, "missing.log")

    dry = report(run("import", "--dry-run", "--report", "json", *options, *sources), code=3)
    assert not (tmp_path / "twsla.db").exists()
    real = report(run("import", "--report", "json", *options, *sources), code=3)

    assert dry["facts"]["dry_run"] is True
    assert timeless(dry) == timeless(real)


def test_a_dry_run_knows_the_store_and_leaves_it_alone(run: Run, tmp_path: Path) -> None:
    path = syslog(tmp_path, "a.log", days=30)
    run("import", "a.log", LOGS / "app.log")
    before = snapshot(tmp_path / "twsla.db")
    with path.open("a") as file:
        file.write("Dec 31 00:00:00 host app: new\n")

    done = run("import", "--dry-run", "a.log", LOGS / "app.log")

    assert "nothing was stored" in done.err
    assert "app.log: in the store already, unchanged" in done.err
    assert [line.split("\t")[:3] for line in done.lines[1:]] == [["a.log", "1", "1"]]
    assert snapshot(tmp_path / "twsla.db") == before


def test_many_small_files(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        syslog(folder, f"{number:02}.log", days=number, mtime=WRITTEN_S - number * 86_400 * 100)

    dry = report(run("import", "--dry-run", "--report", "json", folder))
    real = report(run("import", "--report", "json", folder))

    assert timeless(dry) == timeless(real)


def test_the_report_for_programs_holds_the_evidence_and_what_was_left_out(run: Run, tmp_path: Path) -> None:
    lines = [f"2024-05-06 07:08:{n:02} {'keep' if n % 3 else 'drop'}" for n in range(30)]
    path = tmp_path / "a.log"
    path.write_text("".join(f"{line}\n" for line in lines) + "lost \xe9\n", "latin-1")
    (tmp_path / "program").write_bytes(b"\x7fELF\x00\x01\x02\x03")

    answer = report(
        run("import", "--report", "json", "-f", "keep", "-t", "2024-05-06 07:08:10,1h", "a.log", "program"), code=3
    )

    (row,) = answer["rows"]
    # By hand: of 30 lines every third says drop (10); of the 20 others those of seconds 1 to 9 are too early (6).
    # The last line belongs to the record of second 29.
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row["lines"], row["record_lines"], row["filtered_lines"], row["outside_lines"]) == (31, 15, 10, 6)
    assert (row["records"], row["filtered_records"], row["outside_records"]) == (14, 10, 6)
    assert row["lossy_lines"] == 1
    assert (row["first"], row["last"]) == ("2024-05-06T07:08:10Z", "2024-05-06T07:08:29Z")
    assert (row["zone"], row["zone_reason"]) == ("UTC", "the zone of this machine")
    assert answer["facts"]["lines_add_up"] is True
    assert answer["facts"]["problems"] == [
        {
            "source": "program",
            "kind": "unsupported",
            "sentence": "is no text in any encoding (--input-format text reads it all the same)",
            "loses_data": True,
        }
    ]
    assert answer["facts"]["seconds"] > 0


def test_the_report_can_go_to_a_file(run: Run, tmp_path: Path) -> None:
    done = run("import", "--report", "json", "-o", "report.json", LOGS / "app.log")

    assert done.out == b""
    assert json.loads((tmp_path / "report.json").read_text())["rows"][0]["lines"] > 0


def test_two_output_formats_contradict_each_other(run: Run) -> None:
    done = run("import", "--report", "json", "--format", "csv", LOGS)

    assert (done.code, done.out) == (2, b"")
    assert "--report json and --format csv contradict each other" in done.err


def test_another_saying_about_a_source_is_another_import_of_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "router.log").write_text("2024-05-06 07:08:09 r\n")
    (tmp_path / "other.log").write_text("2024-05-06 07:08:09 o\n")
    said = ("--for", "router*:tz=Asia/Tokyo")
    assert run("import", *said, "router.log", "other.log").code == 0

    same = run("import", *said, "router.log", "other.log")
    less = run("import", "router.log", "other.log")
    again = run("import", "--again", "router.log")
    sources = run("sources", "--columns", "source,zone,zone_reason,overrides", "--format", "csv")

    assert same.err.count("in the store already, unchanged") == 2
    assert "router.log: its content is in the store already, imported with other options" in less.err
    assert "other.log: in the store already, unchanged" in less.err
    assert again.code == 0
    assert sources.lines == [
        "source,zone,zone_reason,overrides",
        "router.log,Asia/Tokyo,--for 'router*',tz=Asia/Tokyo",
        "other.log,UTC,the zone of this machine,",
        "router.log#2,UTC,the zone of this machine,",
    ]


def test_a_saying_about_no_source_is_told(run: Run) -> None:
    done = run("import", "--for", "nothing*:tz=Asia/Tokyo", LOGS / "app.log")

    assert done.code == 0
    assert "nothing*:tz=Asia/Tokyo: no source has a name that matches" in done.err


def test_the_manifest_keeps_what_was_said(run: Run, tmp_path: Path) -> None:
    run("import", "--for", "app*:tz=Asia/Tokyo", "--for", "*:dmy", LOGS / "app.log")

    (path,) = (tmp_path / "twsla.db" / "imports").glob("*.json")
    manifest = json.loads(path.read_text())
    assert manifest["options"]["overrides"] == ["app*:tz=Asia/Tokyo", "*:dmy"]
    assert manifest["sources"][0]["overrides"] == {"tz": "Asia/Tokyo", "dmy": ""}


@pytest.mark.parametrize("options", [("--for", "x"), ("--for", "x:tz=Mars"), ("--input-format", "xls")])
def test_what_cannot_be_understood_is_refused_before_anything_is_opened(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = run("import", *options, LOGS)

    assert (done.code, done.out) == (2, b"")
    assert not (tmp_path / "twsla.db").exists()


@pytest.mark.parametrize(
    ("option", "told"),
    [("text", None), ("xls", "there is no format 'xls'"), ("csv", None)],
)
def test_format_names_an_output_or_an_input_format(run: Run, tmp_path: Path, option: str, told: str | None) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\x00\x01\x02\x03\n")

    done = run("import", "--format", option, "program", LOGS / "app.log")

    if told:
        assert (done.code, told in done.err) == (2, True)
    elif option == "text":
        # Without the option it would be told to be binary.
        assert (done.code, done.lines[1].split("\t")[:2]) == (0, ["program", "1"])
    else:
        assert (done.code, done.lines[0].split(",")[0]) == (3, "source")


def test_both_spellings_of_the_input_format_must_agree(run: Run) -> None:
    from twsla.ingest.overrides import input_formats

    assert "text" in input_formats()
    done = run("import", "--input-format", "text", "--format", "text", LOGS / "app.log")
    assert done.code == 0


def test_quoted_stamps_are_counted_in_the_report_and_with_the_source(run: Run, tmp_path: Path) -> None:
    trace = ["2024-05-06 07:08:09 failed", "  at a.b", "  lease of 2019-01-01 00:00:00", "2024-05-06 07:08:10 next"]
    (tmp_path / "a.log").write_text("".join(f"{line}\n" for line in trace))

    done = run("import", "a.log")
    sources = run("sources", "--columns", "records,quoted_lines,other_form", "--format", "csv")

    assert "lines that quote a time stamp and belong to the record before: 1 " in done.err
    assert sources.lines[1] == "2,1,0"
    assert run("search", "--count", "lease").text == "1\n"
