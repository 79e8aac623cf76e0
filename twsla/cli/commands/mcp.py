"""``twsla mcp``."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twsla.cli.bind import make_command
from twsla.errors import UsageError
from twsla.options import OF_RECORDS, describe, opt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.cli.bind import Call
    from twsla.mcp.desk import Desk


MOST_PARALLEL = 64
"""Calls at once, each with a database of its own."""


@dataclass(frozen=True, slots=True)
class McpOptions:
    """What ``mcp`` takes."""

    transport: Literal["stdio", "sse", "stream"] = opt(
        "--transport", default="stdio", help="stdio: for one client that starts it; stream, sse: HTTP, for several."
    )
    endpoint: str = opt("--endpoint", default="127.0.0.1:8085", help="Where to listen for HTTP.", metavar="HOST:PORT")
    clients: str = opt(
        "--clients",
        default="",
        help="Only clients at these addresses or networks, with commas between; default: any that has the token.",
        metavar="ADDR,ADDR",
    )
    token: str = opt(
        "--token",
        default="",
        help="Token that HTTP clients must send; default: a new one each time, told on standard error.",
        env=("TWSLA_MCP_TOKEN",),
        metavar="TEXT",
    )
    allow_host: tuple[str, ...] = opt(
        "--allow-host",
        default=(),
        help="A further name by which HTTP clients may call this machine; may be given several times.",
        metavar="NAME",
    )
    allow_import: tuple[Path, ...] = opt(
        "--allow-import",
        default=(),
        help="Clients may import what is below this directory; may be given several times. Default: nothing.",
        multiple=True,
        metavar="DIR",
    )
    mask: bool = opt(
        "--mask", default=False, help="Mask personal data (addresses, e-mail, telephone numbers …) in all that leaves."
    )
    dns: bool = opt("--dns", default=False, help="Tools may ask name servers for the names of addresses.")
    resolver: tuple[str, ...] = opt(
        "--resolver",
        default=(),
        help="With --dns: name server to ask, instead of those of this machine.",
        metavar="ADDR[:PORT]",
    )
    geoip: tuple[Path, ...] = opt(
        "--geoip", default=(), help="MaxMind database (.mmdb) for country, loc and asn.", metavar="FILE"
    )
    rules: tuple[Path, ...] = opt(
        "-s",
        "--rules",
        default=(),
        help="Sigma rules, a file or a directory, for the tools that use them.",
        metavar="PATH",
    )
    grok: str = opt("-g", "--grok", default="", help="Grok definitions for all calls.", metavar="full|FILE")
    tools: str = opt(
        "--tools", default="", help="Offer only these tools, with commas between; default: all.", metavar="A,B"
    )
    timeout: float = opt("--timeout", default=60.0, help="Seconds that a call may work.", metavar="SECONDS")
    parallel: int = opt("--parallel", default=4, help="Calls that work at once; others wait.", metavar="N")
    print_config: Literal["claude", "vscode", "cursor"] | None = opt(
        "--print-config", default=None, help="Print what the configuration of this client needs, and end."
    )


def mcp(call: Call, options: McpOptions) -> None:
    """Serve the store to assistants, by the Model Context Protocol.

    An assistant gets a tool for every analysis. It can read the store and nothing else, and change nothing, but for
    imports from directories that ``--allow-import`` names. Filters and a time range given here hold for every call.
    """
    desk = _desk(call, options)
    if options.print_config:
        _print_config(call, options)
        return
    from twsla.mcp.server import Service, serve_stdio
    from twsla.mcp.toolbox import tools_of

    if options.transport == "stdio":
        serve_stdio(lambda: Service(desk, tools_of(desk, options.tools)))
        return
    import secrets
    import socket

    from twsla.mcp.http import LEAST_TOKEN, LOOPBACK, Access, listen, networks_of, serve_http

    if options.token and len(options.token) < LEAST_TOKEN:
        raise UsageError(
            f"the token has {len(options.token)} characters, less than {LEAST_TOKEN}",
            hint="leave --token out, and a good one is made",
        )
    token = options.token or secrets.token_urlsafe(32)
    networks = networks_of(options.clients)
    bound, host = listen(options.endpoint)
    names = {*LOOPBACK, host.lower(), socket.gethostname().lower(), *(name.lower() for name in options.allow_host)}
    stderr = call.environment.stderr
    if not options.token:
        stderr.write(f"twsla: token: {token}\n")
    if host not in LOOPBACK:
        stderr.write("twsla: note: the connection is not encrypted; let only machines connect that you trust\n")
    access = Access(token, networks, frozenset(names))
    serve_http(
        Service(desk, tools_of(desk, options.tools)), options.transport, bound, access, shown=host, stderr=stderr
    )


def _desk(call: Call, options: McpOptions) -> Desk:
    """What the options allow.

    Raises:
        UsageError: An option cannot be used.
        StoreError: There is no usable store.
    """
    from twsla.config import find_config
    from twsla.mcp.desk import Desk, Limits
    from twsla.query.engine import query_of
    from twsla.store.layout import check_marker

    if not (options.timeout > 0 and 1 <= options.parallel <= MOST_PARALLEL):
        raise UsageError(
            f"--timeout {options.timeout:g} or --parallel {options.parallel} cannot be",
            hint=f"a timeout above 0, and from 1 to {MOST_PARALLEL} calls at once",
        )
    roots = tuple(_root(each) for each in options.allow_import)
    query_of(call.selection, call.environment)
    if not roots:
        check_marker(call.selection.datastore)
    fixed: dict[str, object] = {
        "no_dns": not (options.dns or options.resolver),
        "resolver": options.resolver,
        "geoip": options.geoip,
        "dns_cache": None,
        "no_save": True,  # nothing that clients do is kept
    }
    fixed |= {name: value for name, value in (("grok", options.grok), ("rules", options.rules)) if value}
    return Desk(
        environment=call.environment,
        scope=call.selection,
        fixed=fixed,
        import_roots=roots,
        mask=options.mask,
        limits=Limits(seconds=options.timeout, parallel=options.parallel),
        config=find_config(call.output.config, call.environment.home),
    )


def _root(path: Path) -> Path:
    """A directory for imports, links resolved.

    Raises:
        UsageError: It is none.
    """
    real = Path(os.path.realpath(path))
    if not real.is_dir():
        raise UsageError(f"--allow-import {path} is no directory", hint="name one that is there")
    return real


def _print_config(call: Call, options: McpOptions) -> None:
    from twsla.mcp.client_config import config_block

    place = {"stream": "mcp", "sse": "sse"}.get(options.transport)
    url = f"http://{options.endpoint}/{place}" if place else None
    program = shutil.which(sys.argv[0]) if Path(sys.argv[0]).stem == "twsla" else None
    command = [os.path.abspath(program)] if program else [sys.executable, "-m", "twsla"]  # noqa: PTH100  # no links
    command += ["mcp", *_spelt(call.selection), *_spelt(options)]
    text = config_block(str(options.print_config), command, url)
    call.environment.stdout.write(f"{text}\n".encode())


def _spelt(given: object) -> Iterator[str]:
    """Options that differ from their defaults as they are typed; the store always, paths from the root."""
    for info in describe(type(given)):
        value = getattr(given, info.name)
        if info.name in {"print_config", "transport", "token"} or (value == info.default and info.name != "datastore"):
            continue
        for one in value if isinstance(value, tuple) else (value,):
            text = os.path.abspath(one) if isinstance(one, Path) else str(one)  # noqa: PTH100  # no links
            if info.positional:
                yield text
            elif info.type == "flag":
                yield info.long if one else f"--no-{info.long.removeprefix('--')}"
            else:
                yield f"{info.long}={text}"


command = make_command(
    "mcp", McpOptions, mcp, example="twsla mcp --print-config claude", selection=OF_RECORDS, output=("config", "debug")
)
