"""Windows events as other tools write them: JSON of evtx_dump, winlogbeat (ECS), Splunk and NXLog, CSV, XML.

Each becomes what an event of an event log is: the same names of fields, and its own time.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any, Final

from twsla.formats.event_xml import read_xml
from twsla.formats.evtx_json import fields_of

Fields = dict[str, str]
Reader = Callable[[str], tuple[Fields, str | None] | None]
"""Gives the fields of a line and its time as written; None: it is no event."""

CSV_HEADER: Final = ("RecordNumber", "EventRecordId", "TimeCreated", "EventId", "Level", "Provider", "Channel")
_ATTRIBUTES: Final = "#attributes"
_FLAT: Final = {
    "EventCode": "EventID",
    "event_id": "EventID",
    "EventId": "EventID",
    "LogName": "Channel",
    "log_name": "Channel",
    "channel": "Channel",
    "ComputerName": "Computer",
    "computer_name": "Computer",
    "Hostname": "Computer",
    "RecordNumber": "EventRecordID",
    "RecordID": "EventRecordID",
    "record_id": "EventRecordID",
    "record_number": "EventRecordID",
    "EventRecordId": "EventRecordID",
    "SourceName": "Provider_Name",
    "source_name": "Provider_Name",
    "provider_name": "Provider_Name",
    "Provider": "Provider_Name",
    "ProviderGuid": "Provider_Guid",
    "provider_guid": "Provider_Guid",
    "ExecutionProcessID": "Execution_ProcessID",
    "ExecutionThreadID": "Execution_ThreadID",
    "ThreadID": "Execution_ThreadID",
    "UserID": "Security_UserID",
    "UserId": "Security_UserID",
    "opcode": "Opcode",
    "task": "Task",
    "version": "Version",
    "level": "Level",
}
"""Names that others give to what ``System`` holds."""
_TIMES: Final = ("TimeCreated_SystemTime", "@timestamp", "_time", "TimeCreated", "EventTime", "timestamp")
_WINLOG: Final = {
    "process.pid": "Execution_ProcessID",
    "process.thread.id": "Execution_ThreadID",
    "user.identifier": "Security_UserID",
    "activity_id": "Correlation_ActivityID",
    "related_activity_id": "Correlation_RelatedActivityID",
}


def reader_of(line: str) -> Reader | None:
    """What reads the lines of a source, by its first one; None: they are no Windows events."""
    if line.lstrip("\ufeff").split(",")[: len(CSV_HEADER)] == list(CSV_HEADER):
        header = next(csv.reader([line.lstrip("\ufeff")]))
        return lambda row: _read_csv(header, row)
    return next((read for read in (read_json, read_xml) if read(line) is not None), None)


def read_json(line: str) -> tuple[Fields, str | None] | None:
    """An event that is a JSON object on a line of its own, or an element of an array with one a line."""
    import orjson

    text = line.strip().lstrip("[,").rstrip(",]").strip()
    if not text.startswith("{"):
        return None
    try:
        document = orjson.loads(text)
    except ValueError:
        return None
    fields = _fields(document)
    if fields is None:
        return None
    return fields, next((fields[name] for name in _TIMES if fields.get(name)), None)


def _fields(document: dict[str, Any]) -> Fields | None:
    try:
        event = document.get("Event")
        if isinstance(event, dict) and isinstance(event.get("System"), dict):
            return fields_of(_as_parsed(event))
        if isinstance(document.get("result"), dict):  # an export of Splunk
            document = document["result"]
        if any(name.startswith("winlog.") for name in document):
            document = _nested(document)
        if isinstance(document.get("winlog"), dict):
            return _of_winlog(document)
        if isinstance(document.get("event_data"), dict) and "event_id" in document:
            return _of_winlog({**document, "winlog": document})
        has_number = "EventCode" in document or "EventID" in document
        if has_number and not {"Channel", "LogName", "SourceName"}.isdisjoint(document):
            return _of_flat(document)
    except RecursionError:
        pass
    return None


def _as_parsed(event: dict[str, Any]) -> dict[str, Any]:
    """The event with attributes where the package ``evtx`` has them: below ``#attributes``, text as ``#text``."""
    given = dict(event)
    system: dict[str, Any] = {}
    for name, value in event["System"].items():
        owner = name.removesuffix("_attributes")
        if owner != name and isinstance(value, dict):
            own = system.get(owner)
            text = {"#text": own} if own is not None else {}
            system[owner] = {_ATTRIBUTES: value, **text}
        elif isinstance(value, dict) and not {_ATTRIBUTES, "#text"} & value.keys():
            inner = {attribute: said for attribute, said in value.items() if attribute != "Value"}
            system[name] = {_ATTRIBUTES: inner, **({"#text": value["Value"]} if "Value" in value else {})}
        elif isinstance(system.get(name), dict):
            system[name] = {**system[name], "#text": value}
        else:
            system[name] = value
    given["System"] = system
    return given


def _nested(document: dict[str, Any]) -> dict[str, Any]:
    """``{"winlog.channel": …}`` as ``{"winlog": {"channel": …}}``."""
    given: dict[str, Any] = {}
    for name, value in document.items():
        *above, last = name.split(".")
        place = given
        for part in above:
            inner = place.setdefault(part, {})
            place = inner if isinstance(inner, dict) else place
        place[last] = value
    return given


def _of_winlog(document: dict[str, Any]) -> Fields:
    winlog = document["winlog"]
    fields: Fields = {}
    for name, value in winlog.items():
        if name in _FLAT and not isinstance(value, (dict, list)):
            fields[_FLAT[name]] = _text(value)
    for path, name in _WINLOG.items():
        inner: Any = winlog
        for part in path.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        if inner is not None and not isinstance(inner, (dict, list)):
            fields.setdefault(name, _text(inner))
    user = winlog.get("user_data")
    data = {"EventData": winlog.get("event_data") or {}, "UserData": {"": user} if isinstance(user, dict) else {}}
    for name, text in fields_of(_of_params(data)).items():
        fields[name if name not in fields else f"EventData.{name}"] = text
    for name in ("@timestamp", "message"):
        if isinstance(document.get(name), str):
            fields.setdefault(name, document[name])
    return fields


def _of_params(sections: dict[str, Any]) -> dict[str, Any]:
    """``param1``, ``param2`` … are what values without names are called: they are ``Data`` as well."""
    data = sections["EventData"]
    params: list[Any] = []
    while isinstance(data, dict) and f"param{len(params) + 1}" in data:
        params.append(data[f"param{len(params) + 1}"])
    if params and len(params) == len(data):
        return {**sections, "EventData": {**data, "Data": {"#text": params}}}
    return sections


def _of_flat(document: dict[str, Any]) -> Fields:
    given = fields_of({"EventData": {name: value for name, value in document.items() if value is not None}})
    fields: Fields = {}
    for name, text in given.items():
        known = _FLAT.get(name, name)
        fields[known if known not in fields and (known == name or known not in given) else name] = text
    return fields


def _read_csv(header: list[str], line: str) -> tuple[Fields, str | None] | None:
    import orjson

    try:
        row = next(csv.reader([line]), [])
    except csv.Error:
        return None
    if len(row) != len(header) or row == header:
        return None
    values = dict(zip(header, row, strict=True))
    if not values["EventId"].isdecimal():
        return None
    number = values.pop("RecordNumber")
    renamed = {**_FLAT, "ProcessId": "Execution_ProcessID", "ThreadId": "Execution_ThreadID"}
    fields = {renamed.get(name, name): text for name, text in values.items() if text}
    time = fields.pop("TimeCreated", None)
    fields |= {"RecordNumber": number, **({"TimeCreated_SystemTime": time} if time else {})}
    try:
        payload = orjson.loads(values.get("Payload") or "{}")
    except ValueError:
        payload = {}
    if isinstance(payload, dict):
        for name, text in fields_of(_of_named_data(payload)).items():
            fields[name if name not in fields else f"EventData.{name}"] = text
    return fields, f"{time.replace(' ', 'T')}Z" if time and "Z" not in time and "+" not in time[10:] else time


def _of_named_data(payload: dict[str, Any]) -> dict[str, Any]:
    """``{"Data": [{"@Name": "x", "#text": "1"}]}`` as ``{"x": "1"}``."""
    section = payload.get("EventData")
    data = section.get("Data") if isinstance(section, dict) else None
    listed = data if isinstance(data, list) else [data]
    if not isinstance(section, dict) or not all(isinstance(each, dict) and "@Name" in each for each in listed):
        return payload
    named = {str(each["@Name"]): each.get("#text", "") for each in listed if isinstance(each, dict)}
    rest = {name: value for name, value in section.items() if name != "Data"}
    return {**payload, "EventData": {**rest, **named}}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
