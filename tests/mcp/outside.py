"""A client that sees every byte the server writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HELLO = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]


def start(store: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The server, its streams in our hands."""
    variables = {**os.environ, **(env or {})}
    variables["PYTHONPATH"] = f"{variables['PYTHONPATH']}:{ROOT}"
    return subprocess.Popen(
        [sys.executable, "-m", "twsla", "mcp", "-d", store, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
        cwd=store.parent,
    )


def send(process: subprocess.Popen[bytes], *messages: Any) -> None:
    """Send messages."""
    assert process.stdin is not None
    for message in messages:
        process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def tool_call(number: int, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The message of a call."""
    parameters = {"name": tool, "arguments": dict(arguments)}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": parameters}


def call_raw(
    store: Path, calls: Sequence[tuple[str, Mapping[str, Any]]], env: Mapping[str, str] | None = None
) -> list[bytes]:
    """Every line that the server writes for some calls, until it ends because we have gone."""
    process = start(store, env=env)
    send(process, *HELLO)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    for number, (tool, arguments) in enumerate(calls, start=2):
        send(process, tool_call(number, tool, arguments))
        while f'"id":{number}'.encode() not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return [*lines, *out.splitlines()]
