"""Resources: what the case is made of, for clients that read before they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twsla import registry
from twsla.errors import UsageError
from twsla.mcp.answers import Page, answer_of
from twsla.options import Selection

if TYPE_CHECKING:
    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Working

_ROWS: Final = 1000
RESOURCES: Final = {
    "twsla://sources": ("sources", "Sources", "What was imported: path, hash, time span, zone, problems."),
    "twsla://summary": ("summary", "Summary", "Levels, sources, frequent and rare patterns, addresses."),
}
"""URI to analysis, title, description."""


def listed() -> list[dict[str, Any]]:
    """The resources, as the protocol has them."""
    return [
        {"uri": uri, "name": name, "title": title, "description": text, "mimeType": "application/json"}
        for uri, (name, title, text) in RESOURCES.items()
    ]


def read(uri: str, desk: Desk, working: Working) -> dict[str, Any]:
    """What a resource holds, before it is made fit to leave.

    Raises:
        UsageError: There is no such resource.
    """
    if uri not in RESOURCES:
        raise UsageError(f"there is no resource '{uri[:200]}'", hint=f"resources: {', '.join(RESOURCES)}")
    name = RESOURCES[uri][0]
    analysis: Any = registry.load(registry.COMMANDS[name])
    scope = desk.scope
    with desk.engine(Selection(datastore=desk.datastore, tz=scope.tz, utc=scope.utc)) as engine:
        working.stoppable(engine.interrupt)
        result = analysis.run(engine, analysis.options(), working.progress)
        answer, _ = answer_of(result, Page(rows=_ROWS, zone=engine.query.zone), desk.limits)
    return answer
