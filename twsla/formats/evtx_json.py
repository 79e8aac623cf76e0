"""One Windows event, from the JSON of the package ``evtx``: its text, its time and its fields."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any

from twsla.model.event_places import ALL_ODD, SYSTEM_ATTRIBUTES, SYSTEM_ELEMENTS, SYSTEM_NAMES, SYSTEM_PARENTS

_ATTRIBUTES, _TEXT = "#attributes", "#text"
_EPOCH_FILETIME = 116_444_736_000_000_000
"""100 ns from 1601-01-01 to 1970-01-01."""
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,9})\d*)?(?:Z| UTC|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_MOST_NS = (1 << 63) - 1
_FLAT = frozenset({"System", "EventData", "ProcessingErrorData"})
"""Sections whose elements have the names of fields."""
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
    ts = instant(written)
    if ts is None:
        return None
    rounded = ts // 100 + _EPOCH_FILETIME
    exact = _near(rounded, record)
    if exact is None:
        return ts
    if written[:4] > "1601":
        attributes["SystemTime"] = f"{written[:19]}.{exact % 10_000_000:07d}Z"
    if exact // 10_000_000 != rounded // 10_000_000:  # rounded up to the next second
        attributes["SystemTime"] = f"{_seconds_text(exact)}.{exact % 10_000_000:07d}Z"
    return (exact - _EPOCH_FILETIME) * 100


def _near(rounded: int, record: bytes) -> int | None:
    """The first file time in a record that is at most a microsecond from one."""
    first, last = rounded - 9, rounded + 9
    if first <= 0:
        return None
    for high in (first >> 8, last >> 8) if first >> 8 != last >> 8 else (first >> 8,):
        wanted = high.to_bytes(7, "little")
        at = record.find(wanted, 1)
        while at > 0:
            value = high << 8 | record[at - 1]
            if first <= value <= last:
                return value
            at = record.find(wanted, at + 1)
    return None


def _seconds_text(filetime: int) -> str:
    days, seconds = divmod(filetime // 10_000_000 - _EPOCH_FILETIME // 10_000_000, 86_400)
    day = date.fromordinal(_EPOCH_DAY + days)
    return f"{day}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def instant(text: str) -> int | None:
    """Nanoseconds UTC of a time as it stands in events; None: it is none, or outside 1677 to 2262."""
    if _is_usual(text):
        minute = _minute(text[:17])
        if minute is not None:
            return minute + int(text[17:19] + text[20:26]) * 1000
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


def _is_usual(text: str) -> bool:
    """Whether it is as the package writes times: ``2020-10-23T21:57:29.217562Z``."""
    digits = text[17:19] + text[20:26]
    return len(text) == 27 and text[19] == "." and text[26] == "Z" and digits.isdecimal() and digits[:2] < "60"


@lru_cache(1024)
def _minute(text: str) -> int | None:
    """Nanoseconds of the minute that ``2020-10-23T21:57:`` names."""
    return instant(f"{text}00Z")


@lru_cache(256)
def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        return None


def read_event(event: dict[str, Any], odd: set[str]) -> tuple[dict[str, str], dict[str, object]]:
    """What ``fields_of`` and ``strings_of`` give, in one pass: most elements are texts, numbers or bare attributes.

    Args:
        event: Its parsed JSON.
        odd: Takes the names of fields that are something else than what stands in the text at their usual place (see
            ``twsla.model.event_places``), or that lack there.
    """
    fields: dict[str, str] = {}
    body: dict[str, object] = {}
    for section in sorted(event, key=_is_not_system):
        value = event[section]
        known = len(fields)
        usual = False
        if section in _FLAT and type(value) is dict and _TEXT not in value and _ATTRIBUTES not in value:
            usual = section != "ProcessingErrorData"
            body[section] = _read_section(section, value, fields, odd)
        elif section != _ATTRIBUTES:
            body[section] = text = _strings(value)
            _put_section(fields, section, value)
            if section == "System":
                odd.add(ALL_ODD)
            elif section == "EventData" and isinstance(text, dict):
                odd.update(text)
        if not usual:
            odd.update(islice(fields, known, None))
    return fields, body


def _is_not_system(section: str) -> bool:
    return section != "System"


def _read_section(section: str, value: dict[str, Any], fields: dict[str, str], odd: set[str]) -> dict[str, object]:
    given: dict[str, object] = {}
    odd |= value.keys() - SYSTEM_ELEMENTS - SYSTEM_PARENTS if section == "System" else value.keys() & SYSTEM_NAMES
    for name, each in value.items():
        kind = type(each)
        if name in fields:
            given[name] = _read_odd(fields, section, name, each, odd)
        elif kind is str:
            fields[name] = given[name] = each
        elif kind is int:
            fields[name] = given[name] = str(each)
        elif kind is dict and len(each) == 1 and type(attributes := each.get(_ATTRIBUTES)) is dict:
            given[name] = _read_attributes(fields, section, name, attributes, odd)
        elif _is_qualified(section, name, each) and "EventID_Qualifiers" not in fields:
            _put(fields, section, name, each)
            given[name] = _strings(each)
        elif kind is dict or kind is list or name == "Correlation":
            given[name] = _read_odd(fields, section, name, each, odd)
        else:
            fields[name] = given[name] = _scalar(each)
    return given


def _read_attributes(
    fields: dict[str, str], section: str, name: str, attributes: dict[str, Any], odd: set[str]
) -> dict[str, str]:
    """An element that has nothing but attributes."""
    is_system = section == "System"
    if not is_system or name in SYSTEM_ELEMENTS:
        odd.add(name)
    given = {}
    for attribute, said in attributes.items():
        text = said if type(said) is str else _scalar(said)
        given[attribute] = text
        full = f"{name}_{attribute}"
        if not is_system or full not in SYSTEM_ATTRIBUTES:
            odd.add(full)
        if full in fields:
            _read_odd(fields, section, full, said, odd)
        else:
            fields[full] = text
    return given


def _read_odd(fields: dict[str, str], section: str, name: str, value: object, odd: set[str]) -> object:
    """An element of which neither itself, nor its attributes, nor what it gives stand where they are looked for."""
    known = len(fields)
    _put(fields, section, name, value)
    odd.add(name)
    odd.update(islice(fields, known, None))
    if isinstance(value, (dict, list)):
        odd.update(each for each in SYSTEM_ATTRIBUTES if each.startswith(f"{name}_"))
    return "" if value is None and name != "Correlation" else _strings(value)


def _is_qualified(section: str, name: str, value: object) -> bool:
    """Whether the number of an event is two numbers and no more: its text is then known from them."""
    if section != "System" or name != "EventID" or not isinstance(value, dict) or value.keys() != {_ATTRIBUTES, _TEXT}:
        return False
    attributes = value[_ATTRIBUTES]
    if not isinstance(attributes, dict) or attributes.keys() != {"Qualifiers"}:
        return False
    parts = (attributes["Qualifiers"], value[_TEXT])
    return all(type(part) is int or (type(part) is str and part.isascii() and part.isdigit()) for part in parts)


def text_of(event: dict[str, Any]) -> str:
    r"""The event as compact JSON: keys sorted, every value a string, attributes beside the elements.

    ``<``, ``>`` and ``&`` are written as ``\u003c`` and so on.
    """
    return text_of_strings(strings_of(event))


def strings_of(event: dict[str, Any]) -> dict[str, object]:
    """The event with every value a string and attributes beside the elements."""
    return {name: _strings(value) for name, value in event.items() if name != _ATTRIBUTES}


def text_of_strings(body: dict[str, object]) -> str:
    """As ``text_of``, of what ``strings_of`` gives."""
    import orjson

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
    for section in sorted(event, key=_is_not_system):
        if section != _ATTRIBUTES:
            _put_section(fields, section, event[section])
    return fields


def _put_section(fields: dict[str, str], section: str, value: object) -> None:
    if section == "UserData":
        value = _below(value)
    if section == "RenderingInfo" or not isinstance(value, dict):
        _put(fields, section, section, value)
        return
    for name, each in value.items():
        if name == _ATTRIBUTES and isinstance(each, dict):
            for attribute, said in each.items():
                _put(fields, section, f"{section}_{attribute}", said)
        else:
            _put(fields, section, section if name == _TEXT else name, each)


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
