"""How long an assistant waits: from starting the server to its first answer, and for calls on a large store.

    python -m benchmarks.mcp [--megabytes 500] [--data DIR]

The client is the official one. The peer of the start is the smallest server that the official package can be: what it
takes, every server takes.
Times are wall and processor time of the server process; of ten warm calls the median and the mean.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import psutil
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SMALLEST = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("smallest")
@server.tool()
def search() -> dict[str, int]:
    return {"n": 1}
server.run("stdio")
"""
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("search", {"filters": ["Failed password"]}),
    ("search", {"filters": ["Failed password", "invalid user", "^root"]}),
    ("search", {"regex": "port 22[0-9][0-9] "}),
    ("search", {"filters": ["no record has this"]}),
    ("search", {"time_range": "2024-01-01,1h", "limit": 10}),
    ("search_log", {"filter": "Accepted", "limit": 100}),
    ("count", {"filters": ["Failed password"], "interval": "1h"}),
    ("count", {"extract": ["ip"], "top": 10}),
    ("sql", {"statement": "SELECT count(*) AS n FROM records"}),
]


@asynccontextmanager
async def connected(command: list[str]) -> AsyncIterator[Client]:
    """A client of a server in a process of its own."""
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=dict(os.environ))
    with Path(os.devnull).open("w") as nowhere:
        async with Client(stdio_client(parameters, errlog=nowhere)) as client:
            yield client


async def start(command: list[str], arguments: dict[str, Any]) -> tuple[float, float]:
    """Wall and processor seconds from starting a server to its first answer, the tools listed in between."""
    before = time.perf_counter()
    async with connected(command) as client:
        await client.list_tools()
        result = await client.call_tool("search", arguments)
        assert not result.is_error, result
        wall = time.perf_counter() - before
        (server,) = psutil.Process().children()
        return wall, sum(server.cpu_times()[:2])


def report_start(name: str, command: list[str], arguments: dict[str, Any], repeat: int) -> float:
    """Print the best of several starts; gives its processor seconds."""
    runs = [anyio.run(start, command, arguments) for _ in range(repeat)]
    wall, cpu = min(run[0] for run in runs), min(run[1] for run in runs)
    print(f"{name}: start to first answer {wall:.2f} s wall, {cpu:.2f} s processor")
    return cpu


async def report_calls(command: list[str]) -> None:
    """Print what calls take."""
    async with connected(command) as client:
        (server,) = psutil.Process().children()
        for tool, arguments in CALLS:
            times: list[float] = []
            used = 0.0
            for turn in range(11):
                if turn == 1:
                    used = sum(server.cpu_times()[:4])
                before = time.perf_counter()
                result = await client.call_tool(tool, arguments)
                times.append(time.perf_counter() - before)
                assert not result.is_error, result
            found = result.structured_content or {}
            total = found.get("total_rows", found.get("total"))
            wall, cpu = statistics.median(times[1:]), (sum(server.cpu_times()[:4]) - used) / 10
            print(f"{tool} {arguments}: {wall * 1000:.0f} ms wall, {cpu * 1000:.0f} ms processor, {total:,} rows")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = given.data or Path(temporary)
        log, store = data / f"sshd-{given.megabytes}.log", data / f"sshd-{given.megabytes}.db"
        if not store.exists():
            subprocess.run(
                [sys.executable, "-m", "benchmarks.generate", "sshd", str(given.megabytes), str(log)], check=True
            )
            imported = [
                sys.executable,
                "-m",
                "twsla",
                "import",
                "--quiet",
                "--year",
                "2024",
                "-d",
                str(store),
                str(log),
            ]
            subprocess.run(imported, check=True, stdout=subprocess.DEVNULL)
        server = [sys.executable, "-m", "twsla", "mcp", "-d", str(store)]
        ours = report_start("twsla mcp", server, {"filters": ["Failed password"], "limit": 10}, given.repeat)
        peer = report_start("smallest server of the package", [sys.executable, "-c", SMALLEST], {}, given.repeat)
        print(f"ratio {ours / peer:.2f}")
        anyio.run(report_calls, server)


if __name__ == "__main__":
    main()
