"""Event records in the free space of chunks, left there by an earlier use of it.

Windows writes a log in place: when it was cleared or has come round, records of before stand behind the new ones until
these reach them. What such a record holds can be read as long as the template and the names that it refers to are not
written over. Nothing says that they are still its own, so only what is whole and looks like an event is taken.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

from twsla.formats.evtx_chunks import CHUNK_BYTES, Event, Place, read_alone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.formats.evtx_chunks import Chunk

_FIRST = 512
_MAGIC = b"**\0\0"
_RECORD = struct.Struct("<4sIQQ")
_LEAST_BYTES = _RECORD.size + 4
_NAME = re.compile(r"[A-Za-z_#][ -~]{0,120}")
"""Of an element or attribute: those that Windows and its programs use."""
_SECTIONS = frozenset({"#attributes", "System", "EventData", "UserData", "ProcessingErrorData", "RenderingInfo"})
_ORIGIN = re.compile(r"[^\W_][\w ./\\()\[\]{}%&+,:#@-]{0,250}")
"""Of a channel, a computer, a provider."""


def carve(raw: bytes, chunk: Chunk) -> list[Event]:
    """The events in the free space of a chunk, in the order in which they stand there.

    Args:
        raw: The chunk's bytes.
        chunk: What was read of it.
    """
    used = max((event.at + event.size for event in chunk.events), default=_FIRST)
    whole = raw.ljust(CHUNK_BYTES, b"\0")
    events = []
    for place in _places(whole, used):
        document = read_alone(whole, place, strict=False)
        event = document.get("Event") if document is not None else None
        mended = _mended(event) if isinstance(event, dict) else None
        if mended is not None and _is_plausible(mended):
            events.append(Event(place.at, place.size, {"Event": mended}))
    return events


def _places(chunk: bytes, start: int) -> Iterator[Place]:
    """Whole records behind a byte: their size stands at their end once more."""
    at = chunk.find(_MAGIC, start)
    while 0 <= at <= CHUNK_BYTES - _LEAST_BYTES:
        _, size, number, _ = _RECORD.unpack_from(chunk, at)
        end = at + size
        if _LEAST_BYTES < size <= CHUNK_BYTES - at and chunk[end - 4 : end] == chunk[at + 4 : at + 8]:
            yield Place(at, size, number)
            at = chunk.find(_MAGIC, end)
        else:
            at = chunk.find(_MAGIC, at + 1)


def _mended(event: dict[str, Any]) -> dict[str, Any] | None:
    """The event with its data under their names, where those of the elements around them are written over.

    ``<EventData><Data Name="x">`` says the name of the value in an attribute, which belongs to the record's template.
    """
    given: dict[str, Any] = {}
    for name, value in event.items():
        if name in _SECTIONS and _has_names(value, 0):
            given[name] = value
            continue
        data = _named(value)
        if data is None or "EventData" in given:
            return None
        given["EventData"] = data
    return given


def _named(section: object) -> dict[str, Any] | None:
    if not isinstance(section, dict) or not section:
        return None
    data: dict[str, Any] = {}
    for element in section.values():
        name = _attribute(element, "Name")
        if not isinstance(name, str) or name in data or not _NAME.fullmatch(name):
            return None
        data[name] = element.get("#text")
    return data


def _is_plausible(event: dict[str, Any]) -> bool:
    """Whether it says where it comes from, when, and under which number, and has names throughout."""
    system = event.get("System")
    if not isinstance(system, dict):
        return False
    provider, created = system.get("Provider"), system.get("TimeCreated")
    origins = (system.get("Channel"), system.get("Computer"), _attribute(provider, "Name"))
    numbered = str(system.get("EventRecordID")).isdecimal() and "EventID" in system
    dated = str(_attribute(created, "SystemTime"))[:4].isdecimal()
    return numbered and dated and all(isinstance(each, str) and _ORIGIN.fullmatch(each) for each in origins)


def _attribute(element: Any, name: str) -> object:
    attributes = element.get("#attributes") if isinstance(element, dict) else None
    return attributes.get(name) if isinstance(attributes, dict) else None


def _has_names(value: object, depth: int) -> bool:
    if depth > 20:
        return False
    if isinstance(value, dict):
        return all(_NAME.fullmatch(name) and _has_names(each, depth + 1) for name, each in value.items())
    return not isinstance(value, list) or all(_has_names(each, depth + 1) for each in value)
