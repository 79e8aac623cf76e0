"""The commands about Windows events, on real logs, against what the package alone gives and plain Python counts."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.analysis.commands import answered, refused
from tests.conftest import SHARED, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

LOGS = SHARED / "data/evtx"
pytestmark = needs_shared


@dataclass(frozen=True)
class Case:
    """The imported logs, and their events read without the program."""

    store: Path
    events: list[dict[str, Any]] = field(default_factory=list)
    """``id``, ``System`` and ``data`` (of EventData or below UserData's element), ``source``."""

    def ask(self, *words: str, columns: str = "") -> list[dict[str, Any]]:
        asked = ("--columns", columns) if columns else ()
        rows = answered(*words, "-d", self.store, "--format", "json", *asked).json["rows"]
        assert isinstance(rows, list)
        return rows


def plain(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("#text")
    return "" if value is None else str(value)


def read(path: Path) -> list[dict[str, Any]]:
    from evtx import PyEvtxParser

    events = []
    for record in PyEvtxParser(str(path)).records_json():
        assert record is not None
        event: dict[str, Any] = json.loads(record["data"])["Event"]
        user = event.get("UserData") or {}
        inner: dict[str, Any] = next((value for name, value in user.items() if name != "#attributes"), {})
        data = {name: plain(value) for name, value in (event.get("EventData") or inner).items()}
        events.append(
            {
                "id": int(plain(event["System"]["EventID"])),
                "channel": event["System"]["Channel"],
                "computer": event["System"]["Computer"],
                "provider": event["System"]["Provider"]["#attributes"]["Name"],
                "record": int(event["System"]["EventRecordID"]),
                "time": event["System"]["TimeCreated"]["#attributes"]["SystemTime"],
                "data": data,
                "source": str(path),
            }
        )
    return events


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    store = tmp_path_factory.mktemp("windows") / "s.db"
    answered("import", "-d", store, "--again", "-p", "*.evtx", LOGS)
    return Case(store, [event for path in sorted(LOGS.rglob("*.evtx")) for event in read(path)])


def test_events_are_counted_by_channel_and_number(case: Case) -> None:
    rows = case.ask("windows", "events")
    assert {(row["channel"], int(row["id"]), row["provider"]): row["count"] for row in rows} == Counter(
        (event["channel"], event["id"], event["provider"]) for event in case.events
    )
    meanings = {(row["channel"], row["id"]): row["meaning"] for row in rows}
    assert meanings["Security", "4624"] == "Logon"
    assert meanings["Microsoft-Windows-Sysmon/Operational", "10"] == "Process accessed"
    assert [row["count"] for row in rows] == sorted((row["count"] for row in rows), reverse=True)
    assert rows[:3] == case.ask("windows", "events", "--top", "3")


def test_computers_are_counted(case: Case) -> None:
    rows = case.ask("windows", "computers")
    assert {row["computer"]: row["count"] for row in rows} == Counter(event["computer"] for event in case.events)
    one = max(rows, key=lambda row: row["count"])
    own = [event for event in case.events if event["computer"] == one["computer"]]
    assert one["channels"] == len({event["channel"] for event in own})
    assert one["sources"] == len({event["source"] for event in own})
    assert one["first"][:19] == min(event["time"] for event in own)[:19]
    assert one["last"][:19] == max(event["time"] for event in own)[:19]


def test_logons_by_user_type_and_address(case: Case) -> None:
    rows = case.ask("windows", "logons", "--by", "id,user,type,address,computer")
    names = {"2": "interactive", "3": "network", "5": "service", "7": "unlock", "9": "new credentials"}
    names |= {"10": "remote interactive", "11": "cached interactive"}
    expected: Counter[tuple[str, ...]] = Counter()
    for event in case.events:
        data = {name: "" if value == "-" else value for name, value in event["data"].items()}
        if event["channel"] == "Security" and event["id"] == 4624:
            user = "\\".join(filter(None, (data["TargetDomainName"], data["TargetUserName"])))
            address = data["IpAddress"].removeprefix("::ffff:")
            expected["4624", user, names[data["LogonType"]], address, event["computer"]] += 1
        elif event["id"] == 1149:
            user = "\\".join(filter(None, (data["Param2"], data["Param1"])))
            expected["1149", user, "", data["Param3"], event["computer"]] += 1
    found = {tuple(row[key] for key in ("id", "user", "type", "address", "computer")): row["count"] for row in rows}
    assert expected
    assert {key: count for key, count in found.items() if key[0] in ("4624", "1149")} == expected
    assert {row["outcome"] for row in case.ask("windows", "logons", "--by", "outcome")} == {"success", "other"}


def test_what_logons_cannot_be_counted_by(case: Case) -> None:
    told = refused("windows", "logons", "--by", "color", "-d", case.store)
    assert "--by 'color' is nothing to count by" in told


def test_processes_and_their_parents(case: Case) -> None:
    columns = "ts,tree,pid,parent_pid,name,parent_name,guid,parent_guid,depth,seen,computer,image"
    rows = case.ask("windows", "processes", columns=columns)
    sysmon = {
        (event["computer"], event["data"]["ProcessGuid"].strip("{}").upper()): event["data"]
        for event in case.events
        if event["channel"].endswith("Sysmon/Operational") and event["id"] == 1
    }
    created = [event for event in case.events if event["channel"] == "Security" and event["id"] == 4688]
    seen = [row for row in rows if row["seen"] == "yes"]
    assert len(seen) == len(sysmon) + len(created)
    last_at: dict[int, dict[str, Any]] = {}
    for row in rows:
        above = last_at.get(row["depth"] - 1)
        last_at[row["depth"]] = row
        if row["depth"]:
            assert above is not None
            assert row["parent_name"] == above["name"]
            assert row["computer"] == above["computer"]
            assert row["parent_guid"] == above["guid"]
            assert row["parent_pid"] == above["pid"]
        if row["guid"] and row["seen"] == "yes":
            data = sysmon[row["computer"], row["guid"]]
            assert (row["image"], row["pid"]) == (data["Image"], data["ProcessId"])
            assert row["parent_pid"] == data["ParentProcessId"]
            assert row["parent_name"] == (
                "?" if data["ParentImage"] == "-" else data["ParentImage"].rpartition("\\")[2]
            )
            parent = sysmon.get((row["computer"], data["ParentProcessGuid"].strip("{}").upper()))
            assert above is not None
            assert (above["seen"] == "yes") == (parent is not None)
    assert len({(row["computer"], row["guid"]) for row in rows if row["guid"] and row["seen"] == "yes"}) == len(sysmon)
    flat = case.ask("windows", "processes", "--flat", columns="ts,tree")
    assert [row["ts"] for row in flat] == sorted(row["ts"] for row in flat)
    assert len(flat) == len(seen)


def test_matching_processes_keep_what_began_them_and_what_they_began(case: Case) -> None:
    rows = case.ask("windows", "processes", "--match", "WHOAMI", columns="tree,depth,image,command_line,seen")
    hits = [row for row in rows if "whoami" in (row["image"] + row["command_line"]).lower()]
    told = [
        event
        for event in case.events
        if event["id"] in (1, 4688)
        and event["channel"] in ("Security", "Microsoft-Windows-Sysmon/Operational")
        and "whoami" in f"{event['data'].get('Image', '')} {event['data'].get('CommandLine', '')}".lower()
    ]
    assert sum(row["seen"] == "yes" for row in hits) == len(told) > 5
    assert any(row not in hits for row in rows)


def test_scripts_are_whole(case: Case) -> None:
    rows = case.ask("windows", "scripts", columns="script,script_id,parts,missing")
    blocks = {event["data"]["ScriptBlockId"]: event["data"] for event in case.events if event["id"] == 4104}
    assert {row["script_id"]: row["script"] for row in rows} == {
        name: data["ScriptBlockText"].replace("\r\n", "\r\n") for name, data in blocks.items()
    }
    assert {(row["parts"], row["missing"]) for row in rows} == {("1/1", "")}


def test_base64_is_decoded(case: Case) -> None:
    rows = case.ask("windows", "base64", "--field", "CommandLine", columns="how,decoded,encoded,count,computer")
    wide = {row["encoded"]: row for row in rows if row["how"] == "base64, utf-16le"}
    expected: Counter[str] = Counter()
    for event in case.events:
        for piece in re.findall(r"(?i)-e(?:nc\w*|c)?\s+([A-Za-z0-9+/=]{40,})", event["data"].get("CommandLine", "")):
            expected[piece] += 1
            assert wide[piece]["decoded"] == base64.b64decode(piece).decode("utf-16-le")
    assert expected
    assert {piece: wide[piece]["count"] for piece in expected} == expected
    assert "--least 3 would take words" in refused("windows", "base64", "--least", "3", "-d", case.store)


def test_gaps_in_numbers_and_silences(case: Case) -> None:
    rows = case.ask("windows", "gaps", "--silence", "30d", columns="kind,missing,source,channel,detail,count")
    lines: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for event in case.events:
        key = (event["source"], event["computer"], event["channel"])
        lines.setdefault(key, []).append((event["record"], event["time"]))
    missing: Counter[str] = Counter()
    for (source, _, _), numbers in lines.items():
        for (before, _), (after, _) in pairwise(sorted(set(numbers))):
            missing[source] += max(0, after - before - 1)
    found: Counter[str] = Counter()
    for row in rows:
        if row["kind"] == "records missing":
            found[row["source"]] += row["missing"]
    assert +found == +missing
    cleared = [
        event for event in case.events if (event["channel"], event["id"]) in {("Security", 1102), ("System", 104)}
    ]
    assert sum(row["kind"] == "log cleared" for row in rows) == len(cleared) > 0
    by = [row["detail"] for row in rows if row["kind"] == "log cleared" and row["channel"] == "Security"]
    assert sorted(by) == sorted(
        f"by {event['data']['SubjectDomainName']}\\{event['data']['SubjectUserName']}"
        for event in cleared
        if event["id"] == 1102
    )


@pytest.mark.parametrize("name", ["events", "computers", "logons", "processes", "scripts", "base64", "gaps"])
def test_filters_and_time_ranges_hold(case: Case, name: str) -> None:
    asked = ("windows", name, "-d", case.store, "--format", "json")
    whole = answered(*asked).json
    narrow = answered(*asked, "-t", "2019-05-01,2019-06-01", "IEWIN7").json
    assert len(narrow["rows"]) <= len(whole["rows"])
    assert all(row.get("computer", "IEWIN7") == "IEWIN7" for row in narrow["rows"])
    nothing = answered(*asked, "no such text anywhere")
    assert nothing.json["rows"] == []
    assert "there are no " in " ".join(nothing.json["notes"])
