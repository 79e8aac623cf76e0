"""Windows events as XML on a line: of wevtutil, of Splunk, of Sysmon for Linux behind what syslog puts before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twsla.formats.evtx_json import fields_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BEGIN, _END = "<Event", "</Event>"


def read_xml(line: str) -> tuple[dict[str, str], str | None] | None:
    """Fields and time of the event that stands in a line; None: there is none."""
    from xml.etree import ElementTree

    begin, end = line.find(_BEGIN), line.rfind(_END)
    if begin < 0 or end < begin:
        return None
    text = line[begin : end + len(_END)]
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # it has no entities of its own
        event = {_name(section): _event_data(section) for section in root}
        if "System" not in event:
            return None
        fields = fields_of(event)
    except (ElementTree.ParseError, RecursionError, ValueError):
        return None
    return fields, fields.get("TimeCreated_SystemTime")


def _event_data(section: Element) -> object:
    """A section; of ``EventData`` the values by their names, and those without as ``Data``."""
    if _name(section) != "EventData":
        return _value(section)
    given: dict[str, Any] = {}
    bare: list[str] = []
    for element in section:
        name = element.get("Name")
        if name is not None and not len(element):
            given[name] = element.text or ""
        elif _name(element) == "Data" and not len(element):
            bare.append(element.text or "")
        else:
            given[_name(element)] = _value(element)
    if bare:
        given["Data"] = {"#text": bare}
    return given or None


def _value(element: Element) -> object:
    attributes = {_bare(name): text for name, text in element.attrib.items()}
    if len(element):
        inner: dict[str, Any] = {_name(each): _value(each) for each in element}
        return {"#attributes": attributes, **inner} if attributes else inner
    text = element.text
    if attributes:
        return {"#attributes": attributes, "#text": text} if text else {"#attributes": attributes}
    return text


def _name(element: Element) -> str:
    return _bare(element.tag)


def _bare(name: str) -> str:
    """Without the namespace, which ElementTree puts before it in braces."""
    return name.rpartition("}")[2]
