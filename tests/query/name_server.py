"""A name server on the loopback address, over UDP and TCP, that answers well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.reversename
import dns.rrset

if TYPE_CHECKING:
    from types import TracebackType

    from dns.message import Message

Behaviour = Callable[["Message", bool], list[bytes]]
"""From a question, and whether it came over TCP, to the datagrams sent back."""


def names(*given: str, ttl: int = 300) -> Behaviour:
    """Answers with these names, as PTR records of the question."""

    def answer(question: Message, tcp: bool) -> list[bytes]:
        response = dns.message.make_response(question)
        response.answer.append(dns.rrset.from_text(question.question[0].name, ttl, "IN", "PTR", *given))
        return [response.to_wire()]

    return answer


def code(rcode: dns.rcode.Rcode) -> Behaviour:
    """Answers with a response code and nothing else."""

    def answer(question: Message, tcp: bool) -> list[bytes]:
        response = dns.message.make_response(question)
        response.set_rcode(rcode)
        return [response.to_wire()]

    return answer


NXDOMAIN = code(dns.rcode.NXDOMAIN)
SERVFAIL = code(dns.rcode.SERVFAIL)
NOTHING = code(dns.rcode.NOERROR)


def silent(question: Message, tcp: bool) -> list[bytes]:
    """Never answers."""
    return []


def garbage(question: Message, tcp: bool) -> list[bytes]:
    """Bytes that are no message."""
    return [b"", b"\xff" * 40, question.to_wire()[:2] + b"\x84\x00" + b"\xc0\x0c" * 200]


def wrong_identifier(question: Message, tcp: bool) -> list[bytes]:
    """A forged answer with another identifier."""
    (wire,) = names("forged.example.")(question, tcp)
    return [bytes([wire[0] ^ 0xFF]) + wire[1:]]


def wrong_question(question: Message, tcp: bool) -> list[bytes]:
    """An answer to something nobody asked."""
    other = dns.message.make_query("1.0.0.10.in-addr.arpa.", "PTR", id=question.id)
    return names("forged.example.")(other, tcp)


def forged_first(then: Behaviour) -> Behaviour:
    """Forged answers before the true one."""
    return lambda question, tcp: [
        *wrong_identifier(question, tcp),
        *wrong_question(question, tcp),
        *then(question, tcp),
    ]


def truncated(then: Behaviour) -> Behaviour:
    """Over UDP only that there is more; the answer over TCP."""

    def answer(question: Message, tcp: bool) -> list[bytes]:
        if tcp:
            return then(question, tcp)
        response = dns.message.make_response(question)
        response.flags |= dns.flags.TC
        return [response.to_wire()]

    return answer


def alias(*chain: str, name: str) -> Behaviour:
    """Aliases from name to name (RFC 2317), and the name at the last of them."""

    def answer(question: Message, tcp: bool) -> list[bytes]:
        response = dns.message.make_response(question)
        at = question.question[0].name
        for step in chain:
            response.answer.append(dns.rrset.from_text(at, 60, "IN", "CNAME", step))
            at = dns.name.from_text(step)
        response.answer.append(dns.rrset.from_text(at, 60, "IN", "PTR", name))
        return [response.to_wire()]

    return answer


def alias_loop(question: Message, tcp: bool) -> list[bytes]:
    """An alias of an alias of itself."""
    response = dns.message.make_response(question)
    response.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "CNAME", "a.example."))
    response.answer.append(dns.rrset.from_text("a.example.", 60, "IN", "CNAME", str(question.question[0].name)))
    return [response.to_wire()]


class NameServer:
    """Serves in a thread of its own from ``with`` to its end."""

    def __init__(
        self, answers: Mapping[str, Behaviour], *, otherwise: Behaviour = NXDOMAIN, delay_s: float = 0.0
    ) -> None:
        self._answers = {str(dns.reversename.from_address(address)): each for address, each in answers.items()}
        self._otherwise = otherwise
        self._delay_s = delay_s
        self.asked: Counter[str] = Counter()
        """How often each address was asked about."""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """As ``--resolver`` takes it."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def replies(self, wire: bytes, *, tcp: bool) -> list[bytes]:
        """What is sent back."""
        question = dns.message.from_wire(wire)
        name = question.question[0].name
        self.asked[dns.reversename.to_address(name)] += 1
        return self._answers.get(str(name), self._otherwise)(question, tcp)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        transport, server = self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        transport.close()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _start(self) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
        while True:
            server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            try:
                transport, _ = await self._loop.create_datagram_endpoint(
                    lambda: _Datagrams(self, self._delay_s), ("127.0.0.1", self.port)
                )
            except OSError:  # another program has the port for UDP
                server.close()
                continue
            return transport, server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2))
                for reply in self.replies(await reader.readexactly(length), tcp=True):
                    writer.write(len(reply).to_bytes(2) + reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer, delay_s: float) -> None:
        self._server = server
        self._delay_s = delay_s
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        for reply in self._server.replies(data, tcp=False):
            asyncio.get_running_loop().call_later(self._delay_s, self._transport.sendto, reply, addr)
