"""One Windows event, from the JSON of the package ``evtx``: its text, its time and its fields."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTRIBUTES, _TEXT = "#attributes", "#text"
_EPOCH_FILETIME = 116_444_736_000_000_000
"""100 ns from 1601-01-01 to 1970-01-01."""
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,9})\d*)?(?:Z| UTC|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_MOST_NS = (1 << 63) - 1
_SUMMARY = (
    ("EventID", "EventID"),
    ("Level", "Level"),
    ("RecordID", "EventRecordID"),
    ("Channel", "Channel"),
    ("Provider", "Provider_Name"),
    ("Computer", "Computer"),
    ("UserID", "Security_UserID"),
)


def sharpen(event: dict[str, Any], record: bytes) -> int | None:
    """Give an event's time the 100 ns back that the package rounds to microseconds.

    Args:
        event: Its parsed JSON; ``SystemTime`` is replaced by one of seven digits where the record holds that time.
        record: The bytes of the record, its beginning (with the time of writing) left out.

    Returns:
        Nanoseconds UTC; None if the event names no time, or one that 64 bits do not hold.
    """
    system = event.get("System")
    created = system.get("TimeCreated") if isinstance(system, dict) else None
    attributes = created.get(_ATTRIBUTES) if isinstance(created, dict) else None
    written = attributes.get("SystemTime") if isinstance(attributes, dict) else None
    if not isinstance(attributes, dict) or not isinstance(written, str):
        return None
    ts = _instant(written)
    if ts is None:
        return None
    rounded = ts // 100 + _EPOCH_FILETIME
    exact = next((value for value in _near(rounded, record)), None)
    if exact is None:
        return ts
    attributes["SystemTime"] = f"{written[:19]}.{exact % 10_000_000:07d}Z" if written[:4] > "1601" else written
    if exact // 10_000_000 != rounded // 10_000_000:  # rounded up to the next second
        attributes["SystemTime"] = f"{_seconds_text(exact)}.{exact % 10_000_000:07d}Z"
    return (exact - _EPOCH_FILETIME) * 100


def _near(rounded: int, record: bytes) -> Iterator[int]:
    """The file times in a record that are at most a microsecond from one; in the order in which they stand there."""
    first, last = rounded - 9, rounded + 9
    if first <= 0:
        return
    for high in sorted({first >> 8, last >> 8}):
        wanted = high.to_bytes(7, "little")
        at = record.find(wanted, 1)
        while at > 0:
            value = high << 8 | record[at - 1]
            if first <= value <= last:
                yield value
            at = record.find(wanted, at + 1)


def _seconds_text(filetime: int) -> str:
    days, seconds = divmod(filetime // 10_000_000 - _EPOCH_FILETIME // 10_000_000, 86_400)
    day = date.fromordinal(_EPOCH_DAY + days)
    return f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _instant(text: str) -> int | None:
    """Nanoseconds UTC of a time as it stands in events; None: it is none, or outside 1677 to 2262."""
    found = _STAMP.fullmatch(text)
    day = _day(found[1]) if found else None
    if found is None or day is None:
        return None
    seconds = day * 86_400 + int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4])
    if found[6]:
        ahead = int(found[7]) * 3600 + int(found[8]) * 60
        seconds += ahead if found[6] == "-" else -ahead
    value = seconds * 10**9 + int((found[5] or "").ljust(9, "0"))
    return value if abs(value) <= _MOST_NS else None


@lru_cache(256)
def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def text_of(event: dict[str, Any]) -> str:
    r"""The event as compact JSON: keys sorted, every value a string, attributes beside the elements.

    ``<``, ``>`` and ``&`` are written as ``\u003c`` and so on.
    """
    import orjson

    body = {name: _strings(value) for name, value in event.items() if name != _ATTRIBUTES}
    dumped = orjson.dumps({"Event": body}, option=orjson.OPT_SORT_KEYS)
    if b"<" in dumped or b">" in dumped or b"&" in dumped:
        dumped = dumped.replace(b"&", b"\\u0026").replace(b"<", b"\\u003c").replace(b">", b"\\u003e")
    return dumped.decode()


def _strings(value: object) -> object:
    """An element with its attributes as members; ``Value`` is its text where it has attributes."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_strings(each) for each in value]
    if not isinstance(value, dict):
        return {} if value is None else _scalar(value)
    if value.keys() == {_TEXT}:
        return _strings(value[_TEXT])
    given: dict[str, object] = {}
    for name, each in value.items():
        if type(each) is str and name != _TEXT:  # most are
            given[name] = each
        elif name == _ATTRIBUTES and isinstance(each, dict):
            for attribute, said in each.items():
                given[attribute if attribute not in value else f"@{attribute}"] = _scalar(said)
        elif name == _TEXT:
            given["Value"] = _strings(each)
        else:
            given[name] = "" if each is None and name != "Correlation" else _strings(each)
    return given


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def fields_of(event: dict[str, Any]) -> dict[str, str]:
    """The event's values by name.

    Elements of ``System`` by their names, attributes as ``Provider_Name``; what ``EventData``, ``UserData`` (below its
    one element) and ``ProcessingErrorData`` hold by its own names, or as ``EventData.Channel`` where ``System`` has
    that name; anything else with the names above it, as ``RenderingInfo.Message``. Several values are the lines of one,
    and ``Data[0]``, ``Data[1]`` … each.
    """
    fields: dict[str, str] = {}
    for section in sorted(event, key=lambda name: name != "System"):
        value = event[section]
        if section == _ATTRIBUTES:
            continue
        if section == "UserData":
            value = _below(value)
        if section == "RenderingInfo" or not isinstance(value, dict):
            _put(fields, section, section, value)
            continue
        for name, each in value.items():
            if type(each) is str and name not in fields and name != _TEXT:  # most are
                fields[name] = each
            elif name == _ATTRIBUTES and isinstance(each, dict):
                for attribute, said in each.items():
                    _put(fields, section, f"{section}_{attribute}", said)
            else:
                _put(fields, section, section if name == _TEXT else name, each)
    return fields


def _below(value: object) -> object:
    """What the one element of ``UserData`` holds."""
    if isinstance(value, dict):
        elements = [each for name, each in value.items() if name[:1] != "#"]
        if len(elements) == 1 and isinstance(elements[0], dict):
            return elements[0]
    return value


def _put(fields: dict[str, str], section: str, name: str, value: object) -> None:
    if isinstance(value, dict) and value:
        for member, each in value.items():
            if member == _ATTRIBUTES and isinstance(each, dict):
                for attribute, said in each.items():
                    _put(fields, section, f"{name}_{attribute}", said)
            else:
                _put(fields, section, name if member == _TEXT else f"{name}.{member}", each)
    elif isinstance(value, list):
        plain = [_scalar(each) for each in value if not isinstance(each, (dict, list))]
        if len(plain) == len(value):
            _put(fields, section, name, "\n".join(plain))
        for number, each in enumerate(value) if len(value) > 1 or len(plain) < len(value) else ():
            _put(fields, section, f"{name}[{number}]", each)
    else:
        while name in fields:
            name = f"{section}.{name}"
        fields[name] = _scalar(value)


def summary_of(fields: dict[str, str], ts: int | None) -> str:
    """The event in one line: its time in UTC to the millisecond, and what is known of where it comes from."""
    parts = [f"{label}={fields[name]}" for label, name in _SUMMARY if fields.get(name)]
    if ts is not None:
        filetime = ts // 100 + _EPOCH_FILETIME
        parts.insert(0, f"{_seconds_text(filetime)}.{filetime // 10_000 % 1000:03d}")
    return " ".join(parts).replace("\n", " ")
