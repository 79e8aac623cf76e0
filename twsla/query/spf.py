"""Sender Policy Framework: whether a machine may send mail of a domain, asked of name servers, many at once.

The library ``spf`` (pyspf) reads the policies; its questions go to the servers named here. Source: RFC 7208.
"""

from __future__ import annotations

import math
import re
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twsla.errors import UsageError
from twsla.model.result import Note
from twsla.query.reverse_dns import server_address, shown_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dns.resolver import Resolver

    from twsla.progress import Progress
    from twsla.query.mail_values import SpfQuestion

AT_ONCE: Final = 30
_KEPT: Final = 200_000
"""Answers remembered."""
_LONGEST: Final = 300
"""Characters of an explanation, which the domain's owner writes."""
_LOOK_S: Final = 0.05
_LEAD: Final = re.compile(r"^SPF (?:Temporary|Permanent) Error: ")
_EXPLAINED: Final = frozenset({"fail", "softfail", "temperror", "permerror"})


class Verdict(NamedTuple):
    """An answer."""

    result: str
    """``pass``, ``fail``, ``softfail``, ``neutral``, ``none``, ``temperror``, ``permerror``."""
    why: str = ""

    def __str__(self) -> str:
        return f"{self.result}:{self.why}" if self.why else self.result


class SpfChecker:
    """Answers questions until its time is over. Not for several threads at once."""

    def __init__(self, servers: Sequence[str], timeout_s: float, budget_s: float) -> None:
        """Read the configuration; asks nobody.

        Args:
            servers: ``ADDR`` or ``ADDR:PORT``; none: those of this machine.
            timeout_s: For one question, all look-ups together.
            budget_s: For all questions.

        Raises:
            UsageError: The library is not installed, a server is no address, this machine has none, or a time is not
                above 0.
        """
        for flag, seconds in (("--dns-timeout", timeout_s), ("--dns-budget", budget_s)):
            if not (math.isfinite(seconds) and seconds > 0):
                raise UsageError(f"{flag} {seconds:g}: not a number of seconds above 0")
        self._library = _library()
        self._resolver = _resolver(servers)
        self._timeout_s, self._budget_s, self._left_s = timeout_s, budget_s, budget_s
        self._resolver.timeout = timeout_s / 2
        self._known: dict[SpfQuestion, Verdict] = {}
        self._unasked = 0
        self._stop = threading.Event()
        self.servers = ", ".join(shown_server(str(server)) for server in self._resolver.nameservers)

    def check(self, questions: Iterable[SpfQuestion], progress: Progress) -> dict[SpfQuestion, Verdict]:
        """The answers, without those for which there was no time.

        Raises:
            Cancelled: The user asked to stop.
        """
        distinct = list(dict.fromkeys(questions))
        missing = [each for each in distinct if each not in self._known]
        if len(self._known) + len(missing) > _KEPT:
            self._known = {each: self._known[each] for each in distinct if each in self._known}
        if missing and self._left_s > 0:
            progress.message(f"asking {self.servers} for SPF")
            began = time.monotonic()
            self._ask(missing, began + self._left_s, progress)
            self._left_s -= time.monotonic() - began
        self._unasked += sum(each not in self._known for each in missing)
        return {each: self._known[each] for each in distinct if each in self._known}

    def notes(self) -> tuple[Note, ...]:
        """How many answers are missing, and why."""
        if not self._unasked:
            return ()
        text = f"{self._unasked:,} SPF checks were not made: the time for all of them was over"
        return (Note(f"{text}: {self._budget_s:g} s (--dns-budget)"),)

    def _ask(self, questions: Sequence[SpfQuestion], deadline: float, progress: Progress) -> None:
        self._stop.clear()
        pool = ThreadPoolExecutor(min(AT_ONCE, len(questions)), thread_name_prefix="spf", initializer=self._begin)
        try:
            running = {pool.submit(self._one, each): each for each in questions}
            while running and time.monotonic() < deadline:
                progress.check()
                done, _ = wait(running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    self._known[running.pop(future)] = future.result()
        finally:
            # A look-up under way ends by itself, at the latest when its time is over; nobody waits for its answer.
            self._stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        """In a new thread: its questions go to our servers."""
        _asked.lookup = self._lookup

    def _one(self, question: SpfQuestion) -> Verdict:
        try:
            query = self._library.query(
                question.ip, question.sender, question.helo, timeout=self._timeout_s, querytime=self._timeout_s
            )
            query.set_default_explanation("")
            result, _, why = query.check()
        except Exception as error:  # noqa: BLE001  # policies are hostile, and the library checks little
            return Verdict("permerror", f"cannot be evaluated: {type(error).__name__}")
        why = _LEAD.sub("", " ".join(str(why).split()))[:_LONGEST] if result in _EXPLAINED else ""
        return Verdict(str(result), why.encode("utf-8", "replace").decode())

    def _lookup(self, name: str, kind: str, timeout_s: float) -> list[tuple[tuple[str, str], Any]]:
        """One look-up, as the library wants it: ``((name, type), value)`` of each record."""
        import dns.exception
        import dns.resolver

        if self._stop.is_set():
            raise self._library.TempError("DNS: stopped")
        try:
            found = self._resolver.resolve(name, kind, lifetime=timeout_s, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            reason = "no answer in time" if isinstance(error, dns.exception.Timeout) else type(error).__name__
            raise self._library.TempError(f"DNS {reason}: {kind} {name}") from error
        return [((name, kind), _value(each, kind)) for each in found]


def _value(record: Any, kind: str) -> object:
    if kind in ("A", "AAAA"):
        return record.address
    if kind == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    return record.target.to_text(omit_final_dot=True) if kind == "PTR" else record.strings


class _Asked(threading.local):
    """Whom the questions of this thread go to."""

    lookup: Any = None


_asked = _Asked()


def _library() -> Any:
    """The library, asking as ``_asked`` says: its own way of asking is a function of the module, and the only hook."""
    try:
        import spf
    except ImportError as error:
        raise UsageError("SPF cannot be checked: pyspf is not installed", hint="pip install 'twsla[spf]'") from error
    spf.DNSLookup = _lookup
    return spf


def _lookup(name: str, kind: str, strict: object = True, timeout: float = 20) -> object:
    return _asked.lookup(name, kind, timeout)


def _resolver(servers: Sequence[str]) -> Resolver:
    import dns.nameserver
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(configure=not servers)
    except (dns.resolver.NoResolverConfiguration, ValueError, OSError) as error:
        raise UsageError(
            "this machine has no name server that could be asked", hint="name one with --resolver ADDR"
        ) from error
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server_address(text)) for text in servers]
    resolver.cache = dns.resolver.LRUCache(20_000)
    return resolver
