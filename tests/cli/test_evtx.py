"""Windows event logs through the program: import, counts, fields, losses, archives, the same log again."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

from tests.conftest import SHARED, Run, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = SHARED / "data/twsla/winevent.evtx"
LOGS = SHARED / "data/evtx"
pytestmark = needs_shared


def counted(run: Run, store: Path, sql: str) -> list[list[Any]]:
    """Rows of a query, as JSON has them."""
    document = json.loads(run("sql", "-d", store, "--format", "json", sql).text)
    return [list(row.values()) for row in document["rows"]]


def test_events_by_number(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert run("import", "-d", store, SAMPLE).code == 0
    found = run("count", "-d", store, "-e", "json", "-n", "$.Event.System.EventID", "--format", "tsv").lines
    assert [line.split("\t") for line in found[1:]] == [
        ["13", "24"],
        ["12", "10"],
        ["1", "8"],
        ["11", "5"],
        ["10", "3"],
    ]


def test_fields_beside_text_without_fields(run: Run, tmp_path: Path) -> None:
    store, log = tmp_path / "s.db", tmp_path / "a.log"
    log.write_text("2020-10-23T21:57:30Z a line\nundated\n")
    assert run("import", "-d", store, SAMPLE, log).code == 0
    asked = (
        "SELECT count(*), count(fields), count(fields['Image']) FILTER (lower(fields['Image']) LIKE '%rundll32.exe') "
    )
    assert counted(run, store, f"{asked} FROM records") == [[51, 50, 42]]
    assert run("verify", "-d", store).code == 0
    assert run("search", "-d", store, "a line").lines == ["2020-10-23T21:57:30Z a line", "undated"]


def test_fields_stay_where_times_are_corrected_at_the_end(run: Run, tmp_path: Path) -> None:
    """A log without years is settled when all of it has been read; what was staged beside it is written again."""
    store, log = tmp_path / "s.db", tmp_path / "a.log"
    log.write_text("".join(f"{month} 10 00:00:00 host x: y\n" for month in ("Nov", "Dec", "Jan", "Feb", "Dec", "Jan")))
    assert run("import", "-d", store, "-t", "2000-01-01,", SAMPLE, log).code == 0
    asked = (
        "SELECT count(*), count(fields), count(fields['Image']) FILTER (lower(fields['Image']) LIKE '%rundll32.exe') "
    )
    assert counted(run, store, f"{asked} FROM records") == [[56, 50, 42]]


def test_every_log_of_a_directory(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    done = run("import", "-d", store, "--again", "--report", "json", "-p", "*.evtx", LOGS)
    document = json.loads(done.text)
    assert done.code == 0
    assert len(document["rows"]) == len(list(LOGS.rglob("*.evtx")))
    assert {row["format"] for row in document["rows"]} == {"evtx"}
    # As many as the package alone finds, and as the headers of the chunks tell.
    assert sum(row["records"] for row in document["rows"]) == 4084
    assert counted(run, store, "SELECT count(*), count(ts), count(fields['EventID']) FROM records") == [[4084] * 3]


def test_expected_and_parsed_of_each_log(run: Run, tmp_path: Path) -> None:
    store, cut = tmp_path / "s.db", tmp_path / "cut.evtx"
    cut.write_bytes(SAMPLE.read_bytes()[:30_000])
    document = json.loads(run("import", "-d", store, "--report", "json", SAMPLE, cut).text)
    rows = [(row["expected"], row["parsed"], row["carved"]) for row in document["rows"]]
    assert rows[0] == (50, 50, 0)
    assert rows[1][0] == 50
    assert 0 < rows[1][1] < 50
    assert document["facts"]["events_expected"] == 100
    assert document["facts"]["events_parsed"] == 50 + rows[1][1]
    told = run("sources", "-d", store, "--format", "csv", "--columns", "expected,parsed,carved").lines
    assert told == ["expected,parsed,carved", "50,50,0", f"50,{rows[1][1]},0"]


def test_carved_records_are_marked_and_counted(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    log = next(LOGS.rglob("de_PsScriptBlockLogging_disabled_sysmon12_13.evtx"))
    done = run("import", "-d", store, "--carve", log)
    assert done.code == 0
    assert "records were found in free space (field carved)" in done.err
    (row,) = counted(run, store, "SELECT count(*), count(fields['carved']), count(ts) FROM records")
    assert row[0] == row[2] == 2 + row[1]
    assert row[1] > 40
    # Without it they are not there, and the same log is not imported twice for being asked in another way.
    assert "imported with other options" in run("import", "-d", store, log).err


def test_damaged_logs_are_read_in_time_and_their_losses_told(run: Run, tmp_path: Path) -> None:
    chance, data = random.Random(3), SAMPLE.read_bytes()
    for number in range(60):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 10, 200))):
            damaged[chance.randrange(4096 + 512, len(data))] ^= 1 << chance.randrange(8)
        (tmp_path / f"{number}.evtx").write_bytes(damaged)
    (tmp_path / "zeros.evtx").write_bytes(data[:4096] + bytes(len(data)))
    (tmp_path / "empty.evtx").write_bytes(b"")
    done = run("import", "-d", tmp_path / "s.db", "--carve", "--report", "json", *sorted(tmp_path.glob("*.evtx")))
    assert done.code == 3
    document = json.loads(done.text)
    rows = {row["source"]: row for row in document["rows"] if row["format"] == "evtx"}
    assert len(rows) == 61
    for row in rows.values():
        lost = row["expected"] - row["parsed"]
        assert row["records"] == row["parsed"] + row["carved"]
        assert (f"{lost:,} of {row['expected']:,} event records cannot be read" in row["problems"]) == (lost > 0)


def test_a_large_log_is_read_by_several_processes_as_by_one(run: Run, tmp_path: Path) -> None:
    large, packed = tmp_path / "large.evtx", tmp_path / "large.evtx.gz"
    data = SAMPLE.read_bytes()
    chunk = data[4096 : 4096 + (64 << 10)]
    large.write_bytes(data[:4096] + chunk * 150 + chunk[:1000])
    packed.write_bytes(gzip.compress(large.read_bytes(), 1))  # what is unpacked is read by threads
    for name, source in (("a", large), ("b", packed)):
        done = run("import", "-d", tmp_path / f"{name}.db", source)
        assert done.code == 3
        assert "ends within a chunk, after 1,000 of its 65,536 bytes" in done.err
    asked = 'SELECT line_no, "offset", ts, text FROM records ORDER BY line_no'
    one, two = (counted(run, tmp_path / f"{name}.db", asked) for name in "ab")
    assert one == two
    assert len(one) >= 150 * 50


def test_archives_and_pipes(run: Run, tmp_path: Path) -> None:
    store, archive, packed = tmp_path / "s.db", tmp_path / "a.zip", tmp_path / "b.evtx.gz"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.write(SAMPLE, "logs/winevent.evtx")
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    assert run("import", "-d", store, "--again", archive, packed).code == 0
    rows = counted(run, store, "SELECT source, count(*) FROM records GROUP BY 1 ORDER BY 1")
    assert rows == [[f"{archive}!logs/winevent.evtx", 50], [str(packed), 50]]


def test_losses_are_named(run: Run, tmp_path: Path) -> None:
    store, cut = tmp_path / "s.db", tmp_path / "cut.evtx"
    cut.write_bytes(SAMPLE.read_bytes()[:30_000])
    done = run("import", "-d", store, cut)
    assert done.code == 3
    records = int(counted(run, store, "SELECT count(*) FROM records")[0][0])
    assert 0 < records < 50
    assert f"{50 - records} of 50 event records cannot be read (numbers {records + 1}-50)" in done.err


def test_the_same_log_again_and_a_log_that_went_on(run: Run, tmp_path: Path) -> None:
    store, log = tmp_path / "s.db", tmp_path / "System.evtx"
    shutil.copy(SAMPLE, log)
    assert run("import", "-d", store, log).code == 0
    assert "unchanged" in run("import", "-d", store, log).err
    with log.open("ab") as file:
        file.write(next(LOGS.rglob("*.evtx")).read_bytes()[4096:])
    assert run("import", "-d", store, log).code == 0
    sources = counted(run, store, "SELECT DISTINCT source FROM records ORDER BY 1")
    assert sources == [[str(log)], [f"{log}#2"]]


def test_summary_filters_and_no_stamps(run: Run, tmp_path: Path) -> None:
    one, two, three = tmp_path / "1.db", tmp_path / "2.db", tmp_path / "3.db"
    assert run("import", "-d", one, "-l", "summary", "-f", "EventID=11 ", SAMPLE).code == 0
    lines = run("search", "-d", one).lines
    assert len(lines) == 5
    assert all(" EventID=11 Level=4 RecordID=" in line for line in lines)
    assert run("import", "-d", two, "-t", "2020-10-23T21:58:00Z,2020-10-23T21:59:00Z", "--utc", SAMPLE).code == 0
    kept = counted(run, two, "SELECT count(*) FROM records WHERE epoch_ns(ts) >= 1603490280000000000")
    assert kept == counted(run, two, "SELECT count(*) FROM records")
    assert run("import", "-d", three, "--no-ts", SAMPLE).code == 0
    assert counted(run, three, "SELECT count(*), count(ts) FROM records") == [[50, 0]]
    assert run("import", "-d", three, "-l", "nonsense", SAMPLE).code == 2


def test_inspect_and_dry_run(run: Run, tmp_path: Path) -> None:
    told = run("inspect", SAMPLE)
    assert told.code == 0
    assert f"{SAMPLE}: records: 50" in told.lines
    assert "2020-10-23T21:57:29.217562500Z" in told.text
    done = run("import", "--dry-run", "-d", tmp_path / "s.db", SAMPLE)
    assert done.code == 0
    assert not (tmp_path / "s.db").exists()
