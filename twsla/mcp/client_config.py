"""The block that a client's configuration file needs to start the server, or to connect to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENTS: Final = ("claude", "vscode", "cursor")
"""Claude Desktop and Claude Code read the same block."""


def config_block(client: str, command: Sequence[str], url: str | None) -> str:
    """The block, as JSON to be pasted.

    Args:
        client: One of ``CLIENTS``.
        command: The command line that starts the server on standard input and output.
        url: Of a server that runs already; its token is a placeholder. None: the client starts one.
    """
    if url is None:
        entry: dict[str, Any] = {"command": command[0], "args": list(command[1:])}
        if client == "vscode":
            entry = {"type": "stdio", **entry}
    else:
        entry = {"type": "http", "url": url, "headers": {"Authorization": "Bearer TOKEN"}}
        if url.endswith("/sse"):
            entry["type"] = "sse"
        if client == "cursor":
            del entry["type"]
    key = "servers" if client == "vscode" else "mcpServers"
    return json.dumps({key: {"twsla": entry}}, indent=2, ensure_ascii=False)
