"""All tools of a server, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.mcp.analyses import analysis_tools

if TYPE_CHECKING:
    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Tool


def tools_of(desk: Desk) -> dict[str, Tool]:
    """Every tool, in the order in which they are listed."""
    return {tool.name: tool for tool in analysis_tools(desk)}
