"""Windows events from other tools through the program: recognised, dated, and asked as those of event logs."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.analysis.commands import answered
from tests.conftest import SHARED, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

LOGS = SHARED / "data/evtx"


def beat(time: str, number: int, event_id: int, data: dict[str, str], **winlog: Any) -> str:
    """A line as winlogbeat writes it, of the channel that the event is usually of."""
    channel = {1: "Microsoft-Windows-Sysmon/Operational", 4104: "Microsoft-Windows-PowerShell/Operational"}
    inner = {
        "channel": channel.get(event_id, "Security"),
        "event_id": event_id,
        "record_id": number,
        "computer_name": "pc1",
        "event_data": data,
    }
    return json.dumps({"@timestamp": time, "winlog": {**inner, **winlog}})


def imported(folder: Path, lines: list[str]) -> Path:
    log = folder / "events.json"
    log.write_text("".join(f"{line}\n" for line in lines))
    answered("import", "-d", folder / "s.db", log)
    return folder / "s.db"


def ask(store: Path, *words: str, columns: str = "") -> list[dict[str, Any]]:
    rows = answered(*words, "-d", store, "--format", "json", *(("--columns", columns) if columns else ())).json["rows"]
    assert isinstance(rows, list)
    return rows


def test_they_are_recognised_dated_and_every_line_is_kept(tmp_path: Path) -> None:
    failed = {"TargetUserName": "anna", "Status": "0xc000006d", "SubStatus": "0xc000006a"}
    logon = {"TargetUserName": "anna", "LogonType": "10", "IpAddress": "::ffff:198.51.100.7"}
    lines = [
        beat("2024-05-01T10:00:00.123Z", 1, 4625, failed),
        "no event at all",
        beat("2024-05-01T10:00:01Z", 2, 4624, logon),
    ]
    log = tmp_path / "a.jsonl.gz"
    log.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    done = answered("import", "-d", tmp_path / "s.db", "--report", "json", log)
    assert (done.json["rows"][0]["format"], done.json["rows"][0]["records"]) == ("events", 3)
    assert "1 line is no event" in done.json["rows"][0]["problems"]
    assert answered("search", "-d", tmp_path / "s.db").text.splitlines() == [lines[0], lines[2], lines[1]]
    rows = ask(tmp_path / "s.db", "windows", "logons")
    assert [(row["event"], row["type"], row["address"], row["status"], row["first"]) for row in rows] == [
        ("failed logon", "", "", "wrong password (0xc000006a)", "2024-05-01T10:00:00.123Z"),
        ("logon", "remote interactive", "198.51.100.7", "", "2024-05-01T10:00:01Z"),
    ]
    told = answered("inspect", log).text
    assert "format: events" in told


def test_a_file_that_has_grown_and_one_read_as_text(tmp_path: Path) -> None:
    log, store = tmp_path / "events.json", tmp_path / "s.db"
    log.write_text(beat("2024-05-01T10:00:00Z", 1, 4624, {"TargetUserName": "anna"}) + "\n")
    answered("import", "-d", store, log)
    with log.open("a") as file:
        file.write(beat("2024-05-01T10:00:05Z", 2, 4624, {"TargetUserName": "bert"}) + "\n")
    answered("import", "-d", store, log)
    rows = ask(store, "windows", "logons", columns="user,first")
    assert rows == [
        {"user": "anna", "first": "2024-05-01T10:00:00Z"},
        {"user": "bert", "first": "2024-05-01T10:00:05Z"},
    ]
    answered("import", "-d", tmp_path / "t.db", "--input-format", "text", log)
    assert ask(tmp_path / "t.db", "sources", columns="stamps")[0]["stamps"] != "time of each event"


def test_utf_16_with_a_byte_order_mark_and_an_array(tmp_path: Path) -> None:
    log, store = tmp_path / "events.json", tmp_path / "s.db"
    line = beat("2024-05-01T10:00:00Z", 1, 4624, {"TargetUserName": "änna"})
    log.write_bytes(f"[\n{line},\n{line}\n]\n".encode("utf-16"))
    answered("import", "-d", store, log)
    assert ask(store, "windows", "logons", columns="user,count") == [{"user": "änna", "count": 2}]
    assert ask(store, "sources", columns="records,problems") == [{"records": 4, "problems": ""}]


def process(time: str, number: int, pid: int, parent: int, name: str) -> str:
    data = {"NewProcessId": hex(pid), "ProcessId": hex(parent), "NewProcessName": f"C:\\{name}", "SubjectUserName": "u"}
    return beat(time, number, 4688, data)


def test_numbers_of_processes_are_used_again(tmp_path: Path) -> None:
    """a (10) begins b (20) and ends; c takes its number and begins d; e's parent had ended: nobody knows it."""
    ended = beat("2024-05-01T10:00:03Z", 3, 4689, {"ProcessId": hex(10), "ProcessName": "C:\\a.exe"})
    over = beat("2024-05-01T10:00:06Z", 6, 4689, {"ProcessId": hex(10), "ProcessName": "C:\\c.exe"})
    store = imported(
        tmp_path,
        [
            process("2024-05-01T10:00:01Z", 1, 10, 4, "a.exe"),
            process("2024-05-01T10:00:02Z", 2, 20, 10, "b.exe"),
            ended,
            process("2024-05-01T10:00:04Z", 4, 10, 4, "c.exe"),
            process("2024-05-01T10:00:05Z", 5, 30, 10, "d.exe"),
            over,
            process("2024-05-01T10:00:07Z", 7, 40, 10, "e.exe"),
        ],
    )
    rows = ask(store, "windows", "processes", columns="tree,pid,ended,parent_name")
    assert [row["tree"] for row in rows] == [
        "(?)",
        "├─ a.exe",
        "│  └─ b.exe",
        "└─ c.exe",
        "   └─ d.exe",
        "(?)",
        "└─ e.exe",
    ]
    assert [row["ended"] for row in rows[1:4:2]] == ["2024-05-01T10:00:03Z", "2024-05-01T10:00:06Z"]


def part(second: int, number: int, total: int, text: str, script: str = "s1") -> str:
    data = {"ScriptBlockId": script, "MessageNumber": str(number), "MessageTotal": str(total), "ScriptBlockText": text}
    return beat(f"2024-05-01T10:00:{second:02}Z", 100 + second, 4104, data)


def test_scripts_from_their_parts(tmp_path: Path) -> None:
    store = imported(
        tmp_path,
        [
            part(3, 3, 6, "ccc"),
            part(1, 1, 6, "aaa"),
            part(4, 3, 6, "again"),
            part(9, 1, 1, "whole", script="s2"),
        ],
    )
    rows = ask(store, "windows", "scripts", columns="script_id,parts,missing,script")
    broken = "aaa\n[part 2 is missing]\nccc\n[part 4-6 is missing]"
    assert rows == [
        {"script_id": "s1", "parts": "2/6", "missing": "2, 4-6", "script": broken},
        {"script_id": "s2", "parts": "1/1", "missing": "", "script": "whole"},
    ]
    # A filter that one part matches gives the whole script.
    (row,) = ask(store, "windows", "scripts", "ccc", columns="script")
    assert row["script"] == broken
    assert len(ask(store, "windows", "scripts", "--incomplete")) == 1


def test_gaps(tmp_path: Path) -> None:
    cleared = beat("2024-05-03T10:00:00Z", 9, 1102, {}, user_data={"SubjectUserName": "eve", "SubjectDomainName": "D"})
    store = imported(
        tmp_path,
        [
            beat("2024-05-01T10:00:00Z", 1, 4624, {}),
            beat("2024-05-01T10:00:10Z", 2, 4624, {}),
            beat("2024-05-01T09:00:00Z", 5, 4624, {}),
            cleared,
        ],
    )
    rows = ask(store, "windows", "gaps", columns="kind,ts,until,missing,detail")
    assert [(row["kind"], row["ts"], row["until"], row["missing"]) for row in rows] == [
        ("records missing", "2024-05-01T09:00:00Z", "2024-05-03T10:00:00Z", 3),
        ("silence", "2024-05-01T09:00:00Z", "2024-05-03T10:00:00Z", None),
        ("clock went back", "2024-05-01T10:00:10Z", "2024-05-01T09:00:00Z", None),
        ("records missing", "2024-05-01T10:00:10Z", "2024-05-01T09:00:00Z", 2),
        ("log cleared", "2024-05-03T10:00:00Z", None, None),
    ]
    assert rows[-1]["detail"] == "by D\\eve"
    assert [row["kind"] for row in ask(store, "windows", "gaps", "--silence", "3d", "--tolerance", "2h")] == [
        "records missing",
        "records missing",
        "log cleared",
    ]


@needs_shared
def test_a_dump_answers_as_the_logs_do(tmp_path: Path) -> None:
    from evtx import PyEvtxParser

    logs = sorted(LOGS.rglob("*.evtx"))[:40]
    dumped = [
        record["data"] for path in logs for record in PyEvtxParser(str(path)).records_json() if record is not None
    ]
    store = imported(tmp_path, [line.replace("\n", "") for line in dumped])
    answered("import", "-d", tmp_path / "logs.db", "--again", *logs)
    for name in ("logons", "computers"):
        one, two = (ask(where, "windows", name) for where in (store, tmp_path / "logs.db"))
        leave = {"first", "last", "sources"}  # the dump knows microseconds only
        assert [{k: v for k, v in row.items() if k not in leave} for row in one] == [
            {k: v for k, v in row.items() if k not in leave} for row in two
        ]
