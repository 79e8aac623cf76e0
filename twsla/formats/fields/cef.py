r"""Common Event Format and Log Event Extended Format: a header of seven (five) values, then pairs.

    CEF:0|Vendor|Product|1.0|100|Name|5|src=10.0.0.1 dst=2.1.2.2 msg=text with blanks \= and signs
    LEEF:1.0|Vendor|Product|1.0|100|src=10.0.0.1<TAB>dst=2.1.2.2

Source: ArcSight CEF, "Header information" and "Character encoding"; IBM LEEF version 2, "header".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.formats.fields.columns import from_pairs

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.formats.fields.columns import Columns

_CEF_NAMES: Final = ("DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Name", "Severity")
_LEEF_NAMES: Final = ("DeviceVendor", "DeviceProduct", "DeviceVersion", "EventID")
_PART: Final = r"((?:[^|\\]|\\.)*)\|"
_CEF: Final = re.compile(rf"CEF:([0-9.]+)\|{_PART * 6}(.*)", re.DOTALL)
_LEEF: Final = re.compile(rf"LEEF:([0-9.]+)\|{_PART * 4}(.*)", re.DOTALL)
_KEY: Final = re.compile(r"(?:^|(?<=\s))([\w.\[\]-]+)=")
_HEX_DELIMITER: Final = re.compile(r"(?:0x|x)([0-9A-Fa-f]{1,4})")


def is_cef(line: str) -> bool:
    """Whether a line holds a record of either format."""
    return _CEF.search(line) is not None or _LEEF.search(line) is not None


def read_cef(texts: pa.Array) -> Columns:
    """The fields of records: (records,) strings."""
    import numpy as np

    names: list[str] = []
    values: list[str] = []
    counts = []
    for text in texts.to_pylist():
        before = len(names)
        for name, value in _fields(text):
            if value:
                names.append(name)
                values.append(value)
        counts.append(len(names) - before)
    return from_pairs(names, values, np.repeat(np.arange(len(counts)), counts), len(texts))


def _fields(text: str) -> list[tuple[str, str]]:
    if (found := _CEF.search(text)) is not None:
        header = zip(_CEF_NAMES, found.groups()[1:7], strict=True)
        return [*((name, _plain(value)) for name, value in header), *_extension(found[8])]
    if (found := _LEEF.search(text)) is not None:
        header = zip(_LEEF_NAMES, found.groups()[1:5], strict=True)
        return [*((name, _plain(value)) for name, value in header), *_attributes(found[1], found[6])]
    return []


def _extension(text: str) -> list[tuple[str, str]]:
    """Pairs with blanks between them and in their values; a ``=`` in a value has a backslash before it."""
    keys = list(_KEY.finditer(text))
    ends = [each.start() for each in keys[1:]] + [len(text)]
    return [(each[1], _plain(text[each.end() : end].rstrip())) for each, end in zip(keys, ends, strict=True)]


def _attributes(version: str, text: str) -> list[tuple[str, str]]:
    """Pairs with tabs between them, or with what version 2 says in one more value of the header."""
    delimiter = "\t"
    if version.startswith("2"):
        named, bar, rest = text.partition("|")
        if bar and len(named) <= 6:
            code = _HEX_DELIMITER.fullmatch(named)
            delimiter, text = (chr(int(code[1], 16)) if code else named[:1] or "\t"), rest
    pairs = (each.partition("=") for each in text.split(delimiter))
    return [(key.strip(), value) for key, equals, value in pairs if equals and key.strip()]


def _plain(text: str) -> str:
    """Without the backslashes of an escaped text."""
    if "\\" not in text:
        return text
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), text, flags=re.DOTALL)
