"""The official client against the installed program."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
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


TOKEN = "a token for tests, long enough"


@dataclass
class Served:
    """A server over HTTP, at work."""

    process: subprocess.Popen[str]
    url: str
    told: list[str]
    """What it wrote on standard error until it was ready."""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


@contextmanager
def serving(
    store: Path,
    transport: str,
    *arguments: str | Path,
    token: str | None = TOKEN,
    env: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """``twsla mcp`` over HTTP at a free port."""
    command = [sys.executable, "-m", "twsla", "mcp", "-d", str(store), "--transport", transport]
    command += ["--endpoint", "127.0.0.1:0", *map(str, arguments)]
    variables = {**os.environ, **(env or {}), **({"TWSLA_MCP_TOKEN": token} if token else {})}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables, cwd=store.parent)
    try:
        assert process.stderr is not None
        told: list[str] = []
        while not told or "serving at" not in told[-1]:
            line = process.stderr.readline()
            assert line, told
            told.append(line.rstrip())
        yield Served(process, told[-1].split()[-1], told)
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.communicate()


@asynccontextmanager
async def over_http(served: Served, token: str = TOKEN) -> AsyncIterator[Client]:
    """A client of it."""
    headers = {"Authorization": f"Bearer {token}"}
    if served.url.endswith("/sse"):
        async with Client(sse_client(served.url, headers=headers)) as client:
            yield client
        return
    async with (
        httpx2.AsyncClient(headers=headers, timeout=120) as http,
        Client(streamable_http_client(served.url, http_client=http)) as client,
    ):
        yield client


@asynccontextmanager
async def over(transport: str, store: Path, *arguments: str | Path) -> AsyncIterator[Client]:
    """A client over any transport."""
    if transport == "stdio":
        async with over_stdio(store, *arguments) as client:
            yield client
        return
    with serving(store, transport, *arguments) as served:
        async with over_http(served) as client:
            yield client
