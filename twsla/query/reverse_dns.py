r"""Asking name servers for the names of addresses: PTR questions, many at once, limited in time each and all together.

What a server says is not trusted: an answer must come from where the question went and must fit it (dnspython compares
server, identifier and question), and a name is what DNS allows, anything but printable ASCII written as ``\ddd``.

Source: RFC 1035 sections 3.5 and 5.1, RFC 3596 section 2.5.
"""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from ipaddress import ip_address
from threading import Event
from typing import TYPE_CHECKING, Literal, NamedTuple

from twsla.errors import UsageError
from twsla.query.addresses import parse_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dns.asyncresolver import Resolver

    from twsla.progress import Progress

AT_ONCE = 50
"""Questions under way."""
SILENT_AFTER = 2 * AT_ONCE
"""Questions after which servers that have answered none of them are asked no more."""
LONGEST_S = 86_400
"""For which a name holds at most, whatever its server says."""
NONE_S = 3_600
"""For which it holds that an address has no name."""
_LOOK_S = 0.05
"""Between two looks at whether to stop."""


class Answer(NamedTuple):
    """What came of a question: a name, or the knowledge that there is none, or neither."""

    name: str | None
    """With a dot at its end."""
    holds_s: int = 0
    """Seconds for which this may be remembered; 0: not at all."""
    problem: Literal["", "silent", "error"] = ""
    """Why nothing was learnt; empty: the question was answered."""


class Asker:
    """Asks the name servers of this machine, or others, until its time is over."""

    def __init__(self, servers: Sequence[str], timeout_s: float, budget_s: float) -> None:
        """Read the configuration; asks nobody.

        Args:
            servers: ``ADDR`` or ``ADDR:PORT`` (an IPv6 address with a port in brackets); none: those of this machine.
            timeout_s: For one address, all tries together.
            budget_s: For all addresses.

        Raises:
            UsageError: A server is no address, or this machine has none.
        """
        self._resolver = _resolver(servers)
        self._timeout_s = timeout_s
        self._left_s = budget_s
        # A try for each server, and a second one where there is one server only: datagrams get lost.
        self._resolver.timeout = timeout_s / max(2, len(self._resolver.nameservers))
        self.servers = ", ".join(shown_server(str(server)) for server in self._resolver.nameservers)
        """For telling the user."""
        self._asked = 0
        self._answered = 0

    @property
    def is_silent(self) -> bool:
        """No question was answered, and there were enough of them to give up."""
        return self._answered == 0 and self._asked >= SILENT_AFTER

    def ask(self, addresses: Sequence[str], progress: Progress) -> dict[str, Answer]:
        """The answers, without those addresses for which there was no time. Every text must be an address.

        Raises:
            Cancelled: The user asked to stop; no question is left under way.
        """
        answers: dict[str, Answer] = {}
        if not addresses or self._left_s <= 0:
            return answers
        import asyncio

        progress.message(f"asking {self.servers} for {len(addresses):,} names")
        stop, started = Event(), time.monotonic()
        # A thread of its own, because the caller may be inside an event loop.
        with ThreadPoolExecutor(1, thread_name_prefix="names") as pool:
            running = pool.submit(lambda: asyncio.run(self._ask_all(addresses, answers, stop)))
            try:
                while True:
                    try:
                        running.result(timeout=_LOOK_S)
                        break
                    except StillRunning:
                        progress.check()
            finally:
                stop.set()
        self._left_s -= time.monotonic() - started
        progress.advance("names", len(answers))
        return answers

    async def _ask_all(self, addresses: Sequence[str], answers: dict[str, Answer], stop: Event) -> None:
        import asyncio

        deadline = time.monotonic() + self._left_s
        waiting = iter(addresses)
        workers = {asyncio.create_task(self._work(waiting, answers)) for _ in range(min(AT_ONCE, len(addresses)))}
        ended: set[asyncio.Task[None]] = set()
        while workers and not stop.is_set() and (left_s := deadline - time.monotonic()) > 0:
            done, workers = await asyncio.wait(workers, timeout=min(_LOOK_S, left_s))
            ended |= done
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for worker in ended:
            worker.result()

    async def _work(self, waiting: Iterator[str], answers: dict[str, Answer]) -> None:
        for address in waiting:
            if self.is_silent:
                return
            self._asked += 1
            answer = await self._one(address)
            self._answered += answer.problem != "silent"
            answers[address] = answer

    async def _one(self, address: str) -> Answer:
        import dns.asyncbackend
        import dns.exception
        import dns.resolver
        import dns.reversename

        question = dns.reversename.from_address(str(parse_address(address)))
        backend = dns.asyncbackend.get_backend("asyncio")
        try:
            found = await self._resolver.resolve(
                question, "PTR", lifetime=self._timeout_s, search=False, backend=backend
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Answer(None, NONE_S)
        except dns.exception.Timeout:
            return Answer(None, problem="silent")
        except (dns.exception.DNSException, OSError):
            return Answer(None, problem="error")
        # An address may have several names, and servers turn their order round: the first by spelling.
        name = min(str(each.target) for each in found)
        ttl_s = found.rrset.ttl if found.rrset is not None else 0
        return Answer(None, NONE_S) if name == "." else Answer(name, min(ttl_s, LONGEST_S))


def _resolver(servers: Sequence[str]) -> Resolver:
    import dns.asyncresolver
    import dns.nameserver
    import dns.resolver

    if servers:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server_address(text)) for text in servers]
        return resolver
    try:
        return dns.asyncresolver.Resolver()
    except (dns.resolver.NoResolverConfiguration, ValueError, OSError) as error:
        raise UsageError(
            "this machine has no name server that could be asked", hint="name one with --resolver ADDR"
        ) from error


_SERVER = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<v4>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?")


def server_address(text: str) -> tuple[str, int]:
    """Address and port of ``192.0.2.53``, ``192.0.2.53:5353``, ``2001:db8::53``, ``[2001:db8::53]:5353``."""
    match = _SERVER.fullmatch(text)
    address = text if match is None else match["v6"] or match["v4"] or ""
    port = int(match["port"] or 53) if match else 53
    try:
        return str(ip_address(address)), _port(port)
    except ValueError:
        raise UsageError(
            f"--resolver {text!r} is not an address of a name server", hint="such as 192.0.2.53 or [2001:db8::53]:5353"
        ) from None


def _port(port: int) -> int:
    if not 0 < port < 1 << 16:
        raise ValueError
    return port


def shown_server(server: str) -> str:
    """``192.0.2.53`` of dnspython's ``Do53:192.0.2.53@53``."""
    return server.removeprefix("Do53:").removesuffix("@53").replace("@", " port ")
