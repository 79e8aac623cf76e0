"""The HTTP transports: who may come in, and what they do for those who may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import anyio
import httpx2
import pytest

from tests.mcp.clients import TOKEN, ask, over_http, serving
from twsla.mcp.http import Access, networks_of

if TYPE_CHECKING:
    from pathlib import Path

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPTED = {"Accept": "application/json, text/event-stream"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
REFUSED: list[tuple[dict[str, str], int]] = [
    ({}, 401),
    ({"Authorization": "Bearer x"}, 401),
    ({"Authorization": f"Basic {TOKEN}"}, 401),
    ({"Authorization": f"Bearer {TOKEN}x"}, 401),
    ({**BEARER, "Origin": "https://evil.example"}, 403),
    ({**BEARER, "Origin": "null"}, 403),
    ({**BEARER, "Origin": "http://localhost.evil.example"}, 403),
    ({**BEARER, "Host": "evil.example"}, 421),
    ({**BEARER, "Host": "localhost.evil.example:80"}, 421),
    ({**BEARER, "Host": ""}, 421),
]


@pytest.mark.parametrize("transport", ["sse", "stream"])
def test_who_may_not_come_in_is_refused_and_the_server_goes_on(shared_case: Path, transport: str) -> None:
    async def work() -> None:
        with serving(shared_case, transport) as served:
            async with httpx2.AsyncClient() as http:
                for headers, status in REFUSED:
                    for method in ("GET", "POST"):
                        got = await http.request(method, served.url, json=PING, headers={**ACCEPTED, **headers})
                        assert got.status_code == status, (method, headers, got.text)
                assert (await http.get(served.url)).headers["www-authenticate"] == "Bearer"
                well_known = served.url.rpartition("/")[0] + "/.well-known/oauth-protected-resource"
                assert (await http.get(well_known, headers=BEARER)).status_code == 404
                for own in ({"Origin": "http://localhost:6274"}, {"Host": f"localhost:{served.port}"}):
                    got = await http.post(served.url, json=PING, headers={**BEARER, **ACCEPTED, **own})
                    assert got.status_code not in {401, 403, 421}, got.text
            async with over_http(served) as client:
                assert (await ask(client, "search", limit=1))["total_rows"] == 905

    anyio.run(work)


@pytest.mark.parametrize("transport", ["sse", "stream"])
def test_addresses_that_are_not_listed_are_refused(shared_case: Path, transport: str) -> None:
    async def work() -> None:
        with serving(shared_case, transport, "--clients", "192.0.2.1, 198.51.100.0/24") as served:
            async with httpx2.AsyncClient() as http:
                forged = {**BEARER, **ACCEPTED, "X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}
                got = await http.post(served.url, json=PING, headers=forged)
                assert got.status_code == 403

    anyio.run(work)


def test_addresses_are_known_by_networks_and_in_both_families() -> None:
    headers = {"host": ["127.0.0.1:1"], "authorization": ["Bearer secret"]}
    access = Access("secret", networks_of("127.0.0.0/8, 2001:db8::1"))
    for address, known in {
        "127.0.0.1": True,
        "::ffff:127.0.0.1": True,
        "2001:db8::1": True,
        "2001:db8::2": False,
        "192.0.2.1": False,
        "": False,
        None: False,
    }.items():
        assert (access.refusal(address, headers) is None) is known


def test_a_token_is_made_where_none_is_given_and_every_path_answers(shared_case: Path) -> None:
    async def work() -> None:
        with serving(shared_case, "stream", token=None) as served:
            (token,) = [line.partition("token: ")[2] for line in served.told if "token: " in line]
            assert re.fullmatch(r"[\w-]{43}", token)
            served.url = served.url.replace("/mcp", "/any/where")
            async with over_http(served, token) as client:
                assert (await ask(client, "search", limit=1))["total_rows"] == 905

    anyio.run(work)
