"""Names of fields: how a rule's name finds those of the records."""

from __future__ import annotations

import re
from typing import Final

_ELEMENT: Final = re.compile(r"\[\d+\]$")

SOURCE: Final = "_source"
"""In mappings: where the record came from (a path)."""
TEXT: Final = "_text"
"""In mappings: the text of a record that has no fields of its own."""
KEYWORDS: Final = ""
"""In rules: any value, and the text."""


def canonical(name: str) -> str:
    """What names have in common that mean one field: case and blanks do not count, nor the number of an element.

    >>> canonical("Threat Name"), canonical("Data[1]"), canonical("ThreatName")
    ('threatname', 'data', 'threatname')
    """
    return _ELEMENT.sub("", name.replace(" ", "").lower())
