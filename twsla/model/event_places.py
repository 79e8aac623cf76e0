"""Where the text of an event of EVTX has the value of a field, and the other way round.

The text is JSON with every value a string: ``{"Event": {"System": {"Channel": …}, "EventData": {"Image": …}}}``. Most
fields are the value at one path of it. An import names those of a source that are not, as its ``odd_fields``.
"""

from __future__ import annotations

import re
from typing import Final

SYSTEM_ELEMENTS: Final = frozenset(
    ("EventID", "Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer")
)
"""Fields called like the element of ``System`` that they are the text of."""
_ATTRIBUTES: Final = (
    ("Provider", "Name"),
    ("Provider", "Guid"),
    ("Provider", "EventSourceName"),
    ("EventID", "Qualifiers"),
    ("TimeCreated", "SystemTime"),
    ("Correlation", "ActivityID"),
    ("Correlation", "RelatedActivityID"),
    ("Execution", "ProcessID"),
    ("Execution", "ThreadID"),
    ("Security", "UserID"),
)
SYSTEM_ATTRIBUTES: Final = {f"{element}_{attribute}": (element, attribute) for element, attribute in _ATTRIBUTES}
"""Fields that are an attribute of an element of ``System``."""
SYSTEM_PARENTS: Final = frozenset(element for element, _ in _ATTRIBUTES)
SYSTEM_NAMES: Final = SYSTEM_ELEMENTS | SYSTEM_ATTRIBUTES.keys() | SYSTEM_PARENTS
ALL_ODD: Final = ""
"""Stands for all fields among odd ones."""
MOST_ODD: Final = 1000
"""More odd fields are not told one by one."""
_ADDED: Final = "carved"
"""A field that no text has."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_ .-]+")


def field_at(path: tuple[str, ...]) -> str | None:
    """The field that is the value at a path of an event's text, unless it is odd; None: none is.

    >>> field_at(("Event", "System", "Provider", "Name")), field_at(("Event", "EventData", "Image"))
    ('Provider_Name', 'Image')
    """
    match path:
        case ("Event", "System", element) if element in SYSTEM_ELEMENTS:
            return element
        case ("Event", "System", element, attribute) if f"{element}_{attribute}" in SYSTEM_ATTRIBUTES:
            return f"{element}_{attribute}"
        case ("Event", "EventData", name) if name not in SYSTEM_NAMES and name != _ADDED and _PLAIN.fullmatch(name):
            return name
    return None
