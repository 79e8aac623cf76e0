"""MITRE ATT&CK in the tags of rules: tactics in their order, techniques."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

TACTICS: Final = (
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
)
"""As they follow each other. Since version 19 two stand in place of defense-evasion."""
_TECHNIQUE: Final = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


def tactics(tags: Iterable[str]) -> list[str]:
    """The tactics among some tags, in their order; ``attack.defense_evasion`` is one as well."""
    named = {tag.lower().removeprefix("attack.").replace("_", "-") for tag in tags if tag.lower().startswith("attack.")}
    return [tactic for tactic in TACTICS if tactic in named]


def techniques(tags: Iterable[str]) -> list[str]:
    """The techniques among some tags, as ATT&CK writes them: ``T1059.001``."""
    found = (_TECHNIQUE.fullmatch(tag.strip()) for tag in tags)
    return list(dict.fromkeys(match[1].upper() for match in found if match))
