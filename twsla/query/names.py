"""Names and domains of addresses: from the hosts file, from what is remembered, and from name servers."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from twsla.errors import UsageError
from twsla.model.result import Note
from twsla.query.addresses import parse_address
from twsla.query.enrich import Info
from twsla.query.reverse_dns import SILENT_AFTER, Answer, Asker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.options import IpOptions
    from twsla.progress import Progress
    from twsla.query.name_cache import NameCache

HOSTS = Path(r"C:\Windows\System32\drivers\etc\hosts" if os.name == "nt" else "/etc/hosts")


class NameLookup:
    """Names (``host``) or domains of addresses."""

    def __init__(self, kind: str, options: IpOptions, *, hosts: Path = HOSTS) -> None:
        """Read the configuration; asks nobody.

        Args:
            kind: ``host`` or ``domain``.
            options: Which servers, how long, and where to remember.
            hosts: Looked at first, unless servers are named.

        Raises:
            UsageError: None may be asked, a time is not above 0, a name server is no address, this machine has none, or
                the file of names cannot be used.
        """
        if options.no_dns:
            raise UsageError(
                f"a {kind} is found by asking name servers, and none may be asked", hint="leave out --no-dns"
            )
        for flag, seconds in (("--dns-timeout", options.dns_timeout), ("--dns-budget", options.dns_budget)):
            if not (math.isfinite(seconds) and seconds > 0):
                raise UsageError(f"{flag} {seconds:g}: not a number of seconds above 0")
        self._options = options
        self._is_domain = kind == "domain"
        self._asker = Asker(options.resolver, options.dns_timeout, options.dns_budget)
        self._hosts = {} if options.resolver else read_hosts(hosts)
        self._cache: NameCache | None = None
        if options.dns_cache is not None:
            from twsla.query.name_cache import NameCache

            self._cache = NameCache(options.dns_cache, self._asker.servers)
        self._looked_up = 0
        self._missing = {"silent": 0, "error": 0, "unasked": 0}

    def look_up(self, addresses: Sequence[str], progress: Progress) -> list[Info]:
        """One answer for each text: of the hosts file, else what is remembered, else what the servers say."""
        parsed = {text: parse_address(text) for text in addresses}
        names: dict[str, str | None] = {
            text: self._hosts[str(address)] for text, address in parsed.items() if str(address) in self._hosts
        }
        wanted = [text for text, address in parsed.items() if address is not None and text not in names]
        self._looked_up += len(names) + len(wanted)
        if self._cache is not None:
            names |= self._remembered(wanted)
        missing = [text for text in wanted if text not in names]
        answers = self._asker.ask(missing, progress)
        self._note(answers, missing)
        names |= {text: answer.name for text, answer in answers.items()}
        return [Info(self._shown(text, names.get(text))) for text in addresses]

    def _remembered(self, addresses: Sequence[str]) -> dict[str, str | None]:
        assert self._cache is not None
        known = self._cache.known(addresses)
        return {text: name for text, name in known.items() if name is None or is_name(name)}

    def _note(self, answers: dict[str, Answer], asked: Sequence[str]) -> None:
        self._missing["unasked"] += len(asked) - len(answers)
        for answer in answers.values():
            if answer.problem:
                self._missing[answer.problem] += 1
        if self._cache is not None:
            self._cache.keep({text: (each.name, each.holds_s) for text, each in answers.items() if each.holds_s})

    def _shown(self, text: str, name: str | None) -> str:
        if name is None:
            return f"{text}(unknown)"
        return domain_of(name) if self._is_domain else name

    def notes(self) -> tuple[Note, ...]:
        """How many addresses are without a name only because it could not be found out."""
        servers = self._asker.servers
        if self._asker.is_silent:
            unasked = f"{servers} answered none of {SILENT_AFTER} questions, so no more were asked"
        else:
            unasked = f"the time for all names was over: {self._options.dns_budget:g} s (--dns-budget)"
        because = {
            "silent": f"{servers} did not answer in {self._options.dns_timeout:g} s (--dns-timeout)",
            "error": f"{servers} could not be reached or answered with an error",
            "unasked": unasked,
        }
        notes = [
            Note(f"{count:,} of {self._looked_up:,} addresses are without a name because {because[what]}")
            for what, count in self._missing.items()
            if count
        ]
        if self._cache is not None and self._cache.problem:
            notes.append(Note(f"names could not be kept in {self._cache.path}: {self._cache.problem}"))
        return tuple(notes)

    def close(self) -> None:
        """Close the file of names."""
        if self._cache is not None:
            self._cache.close()


def domain_of(name: str) -> str:
    """``example.com.`` of ``www.example.com.``: the name without its first part if it has three or more."""
    import dns.name

    labels = dns.name.from_text(name)
    return name if len(labels) < 4 else str(labels.parent())  # the empty label of the root counts


def is_name(text: object) -> TypeGuard[str]:
    """Whether a text is an absolute name as we write it."""
    import dns.exception
    import dns.name

    if not isinstance(text, str) or not text.isascii() or not text.endswith(".") or text == ".":
        return False
    try:
        return str(dns.name.from_text(text)) == text
    except (dns.exception.DNSException, ValueError):
        return False


def read_hosts(path: Path) -> dict[str, str]:
    """The first name of each address in a hosts file, with a dot at its end; nothing if there is no file."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        words = line.partition("#")[0].split()
        if len(words) < 2:
            continue
        address, name = parse_address(words[0]), f"{words[1].rstrip('.')}."
        if address is not None and str(address) not in found and is_name(name):
            found[str(address)] = name
    return found
