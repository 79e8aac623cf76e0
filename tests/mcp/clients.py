"""The official client against the installed program."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path


@asynccontextmanager
async def over_stdio(
    store: Path, *arguments: str | Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Client]:
    """A client of ``twsla mcp`` in a process of its own."""
    command = ["-m", "twsla", "mcp", "-d", str(store), *map(str, arguments)]
    parameters = StdioServerParameters(
        command=sys.executable, args=command, env={**os.environ, **(env or {})}, cwd=store.parent
    )
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        async with Client(stdio_client(parameters, errlog=nowhere)) as client:
            yield client


async def ask(client: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool call that must succeed."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


async def refused(client: Client, tool: str, /, **arguments: Any) -> str:
    """The message of a tool call that must not succeed."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    (content,) = result.content
    assert content.type == "text"
    return content.text
