"""``twsla mcp``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twsla.cli.bind import make_command
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.cli.bind import Call


@dataclass(frozen=True, slots=True)
class McpOptions:
    """What ``mcp`` takes."""

    transport: Literal["stdio", "sse", "stream"] = opt(
        "--transport", default="stdio", help="stdio: for one client that starts it; stream, sse: HTTP, for several."
    )
    mask: bool = opt("--mask", default=False, help="Mask personal data in everything that leaves.")


def mcp(call: Call, options: McpOptions) -> None:
    """Serve the store to assistants, by the Model Context Protocol.

    An assistant gets a tool for every analysis. It can read the store and nothing else, and change nothing. Filters
    and a time range given here hold for every call.
    """
    from twsla.mcp.desk import Desk
    from twsla.mcp.server import Service, serve_stdio
    from twsla.mcp.toolbox import tools_of

    desk = Desk(environment=call.environment, scope=call.selection, fixed={"no_dns": True}, mask=options.mask)
    serve_stdio(Service(desk, tools_of(desk)))


command = make_command("mcp", McpOptions, mcp, example="twsla mcp -d case.db", selection=None, output=False)
