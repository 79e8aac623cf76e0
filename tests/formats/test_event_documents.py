"""Windows events as other tools write them have the names and values that the event log itself gives."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SHARED, needs_shared
from twsla.formats.event_documents import read_json, reader_of
from twsla.formats.event_xml import read_xml
from twsla.formats.evtx_json import fields_of, text_of

SAMPLE = SHARED / "data/twsla/winevent.evtx"


def events() -> list[dict[str, Any]]:
    from evtx import PyEvtxParser

    found = []
    for path in [SAMPLE, *sorted((SHARED / "data/evtx").rglob("*.evtx"))[::10]]:
        for record in PyEvtxParser(str(path)).records_json():
            assert record is not None
            found.append(json.loads(record["data"])["Event"])
    return found


@needs_shared
def test_json_of_evtx_dump_and_our_own_texts() -> None:
    for event in events():
        dumped = read_json(json.dumps({"Event": event}))
        assert dumped is not None
        fields, time = dumped
        assert fields == fields_of(event)
        assert time == event["System"]["TimeCreated"]["#attributes"]["SystemTime"]
        again = read_json(text_of(event))
        assert again is not None
        names = {name for name in fields if fields[name] and "Data" not in name and not name.startswith("EventData_")}
        assert {name: again[0].get(name) for name in names if "EventData" in event} == {
            name: fields[name] for name in names if "EventData" in event
        }


def test_separate_attributes() -> None:
    line = (
        '{"Event":{"System":{"Provider_attributes":{"Name":"P"},"EventID":7036,"EventID_attributes":{"Qualifiers":16384},'
        '"TimeCreated_attributes":{"SystemTime":"2024-05-01T10:00:00.5Z"}},"EventData":{"param1":"x"}}}'
    )
    found = read_json(line)
    assert found is not None
    assert found[0] == {
        "Provider_Name": "P",
        "EventID": "7036",
        "EventID_Qualifiers": "16384",
        "TimeCreated_SystemTime": "2024-05-01T10:00:00.5Z",
        "param1": "x",
    }


WINLOGBEAT = {
    "@timestamp": "2024-05-01T10:00:00.123Z",
    "message": "An account was successfully logged on.",
    "winlog": {
        "channel": "Security",
        "event_id": "4624",
        "computer_name": "pc1.example.com",
        "record_id": 5312,
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "provider_guid": "{54849625-5478-4994-a5ba-3e3b0328c30d}",
        "process": {"pid": 700, "thread": {"id": 711}},
        "event_data": {"TargetUserName": "anna", "LogonType": "3", "IpAddress": "198.51.100.7"},
        "opcode": "Info",
    },
}
EXPECTED = {
    "EventID": "4624",
    "Channel": "Security",
    "Computer": "pc1.example.com",
    "EventRecordID": "5312",
    "Provider_Name": "Microsoft-Windows-Security-Auditing",
    "TargetUserName": "anna",
    "LogonType": "3",
    "IpAddress": "198.51.100.7",
}


def flattened(value: dict[str, Any], above: str = "") -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, each in value.items():
        given |= flattened(each, f"{above}{name}.") if isinstance(each, dict) else {f"{above}{name}": each}
    return given


OLD_BEAT = {
    "@timestamp": "2024-05-01T10:00:00.123Z",
    "event_id": 4624,
    "log_name": "Security",
    "computer_name": "pc1.example.com",
    "record_number": "5312",
    "source_name": "Microsoft-Windows-Security-Auditing",
    "event_data": {"TargetUserName": "anna", "LogonType": "3", "IpAddress": "198.51.100.7"},
}
SPLUNK = {
    "preview": False,
    "result": {
        "_time": "2024-05-01T12:00:00.123+02:00",
        "EventCode": "4624",
        "LogName": "Security",
        "ComputerName": "pc1.example.com",
        "RecordNumber": "5312",
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "TargetUserName": "anna",
        "LogonType": "3",
        "IpAddress": "198.51.100.7",
    },
}
NXLOG = {
    "@timestamp": "2024-05-01T10:00:00.123Z",
    "EventID": 4624,
    "Channel": "Security",
    "Hostname": "pc1.example.com",
    "RecordNumber": 5312,
    "SourceName": "Microsoft-Windows-Security-Auditing",
    "TargetUserName": "anna",
    "LogonType": "3",
    "IpAddress": "198.51.100.7",
}
FORMS = {
    "winlogbeat": WINLOGBEAT,
    "dotted": flattened(WINLOGBEAT),
    "old winlogbeat": OLD_BEAT,
    "splunk": SPLUNK,
    "nxlog": NXLOG,
}


@pytest.mark.parametrize("form", FORMS)
def test_json_of_shippers(form: str) -> None:
    line = json.dumps(FORMS[form])
    assert reader_of(line) is read_json
    found = read_json(f"  {line},")  # as in an array with an element a line
    assert found is not None
    fields, time = found
    assert {name: fields.get(name) for name in EXPECTED} == EXPECTED
    assert time in {"2024-05-01T10:00:00.123Z", "2024-05-01T12:00:00.123+02:00"}


HEADER = (
    "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,ProcessId,ThreadId,Computer,ChunkNumber,"
    "UserId,MapDescription,UserName,RemoteHost,PayloadData1,PayloadData2,PayloadData3,PayloadData4,PayloadData5,"
    "PayloadData6,ExecutableInfo,HiddenRecord,SourceFile,Keywords,ExtraDataOffset,Payload"
)


def csv_line(values: dict[str, str]) -> str:
    sink = io.StringIO()
    csv.DictWriter(sink, HEADER.split(","), lineterminator="").writerow(values)
    return sink.getvalue()


def test_csv_of_evtxecmd() -> None:
    payload = {
        "EventData": {
            "Data": [
                {"@Name": "TargetUserName", "#text": "anna"},
                {"@Name": "LogonType", "#text": "3"},
                {"@Name": "IpAddress", "#text": "198.51.100.7"},
                {"@Name": "Empty"},
            ]
        }
    }
    read = reader_of("\ufeff" + HEADER)
    assert read is not None
    assert read(HEADER) is None
    line = csv_line(
        {
            "RecordNumber": "1",
            "EventRecordId": "5312",
            "TimeCreated": "2024-05-01 10:00:00.1234567",
            "EventId": "4624",
            "Level": "LogAlways",
            "Provider": "Microsoft-Windows-Security-Auditing",
            "Channel": "Security",
            "ProcessId": "700",
            "Computer": "pc1.example.com",
            "MapDescription": "Successful logon",
            "Payload": json.dumps(payload),
        }
    )
    found = read(line)
    assert found is not None
    fields, time = found
    assert {name: fields.get(name) for name in EXPECTED} == EXPECTED
    assert (fields["Empty"], fields["Execution_ProcessID"]) == ("", "700")
    assert time == "2024-05-01T10:00:00.1234567Z"


SYSTEM = (
    "<System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625}'/><EventID>4624</EventID>"
    "<TimeCreated SystemTime='2024-05-01T10:00:00.1234567Z'/><EventRecordID>5312</EventRecordID>"
    "<Channel>Security</Channel><Computer>pc1.example.com</Computer><Security/></System>"
)
XML = (
    f"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>{SYSTEM}<EventData>"
    "<Data Name='TargetUserName'>anna</Data><Data Name='LogonType'>3</Data><Data Name='Empty'/>"
    "<Data Name='IpAddress'>198.51.100.7</Data></EventData></Event>"
)


@pytest.mark.parametrize("line", [XML, f"May  1 10:00:01 pc1 sysmon: {XML}\r"])
def test_xml(line: str) -> None:
    assert reader_of(line) is read_xml
    found = read_xml(line)
    assert found is not None
    assert {name: found[0].get(name) for name in EXPECTED} == EXPECTED
    assert (found[0]["Empty"], found[0]["Provider_Guid"]) == ("", "{54849625}")
    assert found[1] == "2024-05-01T10:00:00.1234567Z"


def test_xml_of_other_shapes() -> None:
    bare = f"<Event>{SYSTEM}<EventData><Data>a</Data><Data>b</Data></EventData></Event>"
    cleared = "<LogFileCleared xmlns='x'><SubjectUserName>eve</SubjectUserName></LogFileCleared>"
    user = f"<Event>{SYSTEM}<UserData>{cleared}</UserData></Event>"
    fields = [read[0] for read in (read_xml(bare), read_xml(user)) if read is not None]
    assert (fields[0]["Data"], fields[0]["Data[1]"]) == ("a\nb", "b")
    assert fields[1]["SubjectUserName"] == "eve"
    bomb = f"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><Event>{SYSTEM}<EventData><Data>&a;</Data></EventData></Event>"
    assert read_xml(bomb) is None
    assert read_xml("<Event>" * 100_000 + "</Event>" * 100_000) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "<Event/>",
        "<EventData></EventData>",
        "<Event><System></Event>",
        "{",
        "[]",
        "{}",
        '{"level":"info","msg":"x"}',
        '{"Event":"x"}',
        '{"EventID":1}',
        '{"event_id":1,"message":"x"}',
        "a,b,c",
        "1 {",
        '{"Event":{"System":[]}}',
    ],
)
def test_what_is_no_event(line: str) -> None:
    assert reader_of(line) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["Event", "System", "winlog", "winlog.event_id", "winlog.a.b", "event_data", "event_id", "result", "EventID",
     "Channel", "EventCode", "LogName", "EventData", "Data", "param1", "param2"]
)  # fmt: skip


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, JSON, max_size=4) | JSON, max_size=6))
def test_any_document(document: dict[str, Any]) -> None:
    found = read_json(json.dumps(document))
    if found is not None:
        assert {type(each) for each in (*found[0], *found[0].values())} <= {str}


@given(st.text(max_size=60))
def test_any_line(line: str) -> None:
    read = reader_of(HEADER)
    assert read is not None
    read(line)
    read_json(line)
    read_xml(f"<Event>{line}</Event>")
