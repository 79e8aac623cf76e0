"""HTTP: who may connect, and the two transports over it.

A page in the user's browser can send requests to servers on this machine, and with a name that it lets point here
(DNS rebinding) read their answers. So besides the token a request must name this machine in ``Host`` by an address or
by a name that is known to be its own, and where it comes from a page (``Origin``), the page must be this machine's.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from twsla.errors import TwslaError, UsageError
from twsla.mcp.sdk import sdk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TextIO

    from twsla.mcp.server import Service

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
LEAST_TOKEN: Final = 16
"""Characters of a token; one that is shorter can be guessed."""
_MOST_SESSIONS: Final = 100
_SHUTDOWN_S: Final = 2


@dataclass(frozen=True, slots=True)
class Access:
    """Who may connect."""

    token: str
    networks: tuple[Network, ...] = ()
    """Addresses of clients; none: any."""
    hosts: frozenset[str] = frozenset(LOOPBACK)
    """Names of this machine, lower case; addresses are always names of it."""

    def refusal(self, client: str | None, headers: dict[str, list[str]]) -> tuple[int, str] | None:
        """Status and reason for a request that may not come in.

        Args:
            client: Address of the peer.
            headers: By name in lower case.
        """
        if not self._knows(client):
            return 403, "this address may not connect"
        hosts = headers.get("host", [])
        host = _host_of(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._is_here(host):
            return 421, "this server does not go by that name (Host)"
        for origin in headers.get("origin", []):
            if not _is_local(origin, hosts[0]):
                return 403, "pages from elsewhere may not connect (Origin)"
        given = headers.get("authorization", [])
        scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self.token.encode()):
            return 401, "the token is missing or wrong: send the header 'Authorization: Bearer TOKEN'"
        return None

    def _knows(self, client: str | None) -> bool:
        if not self.networks:
            return True
        try:
            address = ipaddress.ip_address(client or "")
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    def _is_here(self, host: str) -> bool:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host in self.hosts
        return True


def _host_of(header: str) -> str | None:
    """The name in ``name:8085`` or ``[::1]:8085``."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def _is_local(origin: str, host: str) -> bool:
    """Whether a page is this machine's, or comes from the very address that it asks."""
    try:
        parts = urlsplit(origin)
        return parts.scheme in {"http", "https"} and (parts.hostname in LOOPBACK or parts.netloc == host)
    except ValueError:
        return False


def networks_of(text: str) -> tuple[Network, ...]:
    """The addresses and networks of ``192.0.2.1, 198.51.100.0/24``.

    Raises:
        UsageError: One is none.
    """
    found = []
    for part in text.split(","):
        if part.strip():
            try:
                found.append(ipaddress.ip_network(part.strip(), strict=False))
            except ValueError:
                raise UsageError(
                    f"--clients: '{part.strip()}' is no address",
                    hint="write 192.0.2.1,198.51.100.0/24",
                ) from None
    return tuple(found)


def listen(endpoint: str) -> tuple[socket.socket, str]:
    """A socket that listens at ``HOST:PORT``, and the host as written.

    Raises:
        UsageError: It is no endpoint.
        TwslaError: Nothing can listen there.
    """
    host, colon, port = endpoint.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise UsageError(f"--endpoint {endpoint} is no endpoint", hint="write HOST:PORT, such as 127.0.0.1:8085")
    try:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, int(port)), family=family, backlog=128), host
    except OSError as error:
        raise TwslaError(
            f"cannot listen at {endpoint}: {error.strerror or error}",
            hint="name another with --endpoint",
        ) from error


class Gate:
    """Lets in what may come in, and answers the rest itself."""

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        client = scope["client"][0] if scope.get("client") else None
        refusal = self._access.refusal(client, headers)
        if refusal is None and scope["path"].startswith("/.well-known/"):
            refusal = 404, "there is nothing here"  # clients look here for ways to log in
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, reason = refusal
        body = f"{reason}\n".encode()
        answer = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        if status == 401:
            answer.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": body})


def serve_http(
    service: Service, transport: str, bound: socket.socket, access: Access, *, shown: str, stderr: TextIO
) -> None:
    """Serve clients over HTTP until interrupted; every path is answered.

    Args:
        service: What is served.
        transport: ``stream`` (streamable HTTP) or ``sse``.
        bound: The socket that listens.
        access: Who may connect.
        shown: The host for the URL told.
        stderr: Is told the URL.
    """
    import anyio

    from twsla.mcp.server import make_server

    server = make_server(service)

    async def serve() -> None:
        host = f"[{shown}]" if ":" in shown else shown
        place = "mcp" if transport == "stream" else "sse"
        stderr.write(f"twsla: serving at http://{host}:{bound.getsockname()[1]}/{place}\n")
        stderr.flush()
        if transport == "sse":
            await _run(_sse_app(server), access, bound)
            return
        manager = sdk("server.streamable_http_manager").StreamableHTTPSessionManager(
            app=server, max_sessions=_MOST_SESSIONS
        )
        async with manager.run():
            await _run(manager.handle_request, access, bound)

    try:
        anyio.run(serve)
    finally:
        service.close()


def _sse_app(server: Any) -> App:
    """GET opens a stream of events, POST sends a message to one."""
    transport = sdk("server.sse").SseServerTransport("/messages")

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await transport.handle_post_message(scope, receive, send)
            return
        async with transport.connect_sse(scope, receive, send) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    return app


async def _run(app: App, access: Access, bound: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        Gate(app, access),
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # what a client says of its own address is not believed
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    await uvicorn.Server(config).serve(sockets=[bound])
