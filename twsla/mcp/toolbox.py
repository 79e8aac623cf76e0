"""All tools of a server, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.mcp.analyses import analysis_tools
from twsla.mcp.classic import classic_tools
from twsla.mcp.importing import import_tools

if TYPE_CHECKING:
    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Tool


def tools_of(desk: Desk) -> dict[str, Tool]:
    """Every tool, in the order in which they are listed."""
    tools = (*classic_tools(desk), *import_tools(desk), *analysis_tools(desk))
    return {tool.name: tool for tool in tools}
