"""All tools of a server, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.mcp.analyses import analysis_tools
from twsla.mcp.classic import classic_tools
from twsla.mcp.importing import import_tools

if TYPE_CHECKING:
    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Tool


def tools_of(desk: Desk, only: str = "") -> dict[str, Tool]:
    """Every tool, in the order in which they are listed; ``only`` names some, with commas between.

    Raises:
        UsageError: There is no tool of such a name.
    """
    tools = (*classic_tools(desk), *import_tools(desk), *analysis_tools(desk))
    found = {tool.name: tool for tool in tools}
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in found:
            raise UsageError(f"--tools: there is no tool '{name}'", hint=f"tools: {', '.join(found)}")
    return {name: tool for name, tool in found.items() if not names or name in names}
