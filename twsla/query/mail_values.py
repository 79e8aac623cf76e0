"""What the header block of a mail tells: who, what, the way it took, and what servers said of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from twsla.model.durations import NS_PER_S, format_duration
from twsla.model.mail import date_of_received, header_fields, is_header, parse_date
from twsla.model.mail_words import address_list, decode_words, mailboxes
from twsla.query.addresses import parse_address

if TYPE_CHECKING:
    from ipaddress import IPv6Address

_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
_IPV6: Final = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]", re.IGNORECASE)
_HELO: Final = re.compile(r"\bfrom\s+(\S+)", re.IGNORECASE)
_LOCAL_HOPS: Final = ("qmail", "invoked", "with l")
"""Words of Received fields that a server writes when it hands a mail to itself."""
_METHODS: Final = ("spf", "dkim", "dmarc")
_VERDICT: Final = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([A-Za-z]+)", re.IGNORECASE)
_LOOKED_AT: Final = 10_000
"""Characters of a field in which addresses are looked for."""


@dataclass(frozen=True, slots=True)
class SpfQuestion:
    """Whether a machine may send mail of a domain."""

    ip: str
    helo: str
    sender: str
    """Address, without angle brackets; empty: the null sender."""

    def __str__(self) -> str:
        return f"{self.ip}/{self.helo}/{self.sender}"


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received field."""

    text: str
    since_ns: int | None
    """Time from Date to its stamp; None: one of them is not known."""
    ip: str
    """The first address in it that can be a sender's; empty for none."""
    helo: str


@dataclass(slots=True)
class Mail:
    """The values of one mail; texts are decoded, empty where there is none."""

    fields: list[tuple[str, str]]
    sender: str = ""
    """From."""
    recipients: str = ""
    """To."""
    subject: str = ""
    return_path: str = ""
    domain: str = ""
    message_id: str = ""
    hops: list[Hop] = field(default_factory=list)
    """The last one first, as they stand in the mail."""
    verdicts: dict[str, str] = field(default_factory=dict)
    """What Authentication-Results says of spf, dkim and dmarc."""

    @property
    def delay_ns(self) -> int | None:
        """The longest time from Date to a Received stamp, in whole seconds; None: not known."""
        known = [hop.since_ns for hop in self.hops if hop.since_ns is not None]
        return max(0, *known) // NS_PER_S * NS_PER_S if known else None

    @property
    def relays(self) -> int:
        """Machines that handed the mail on."""
        return sum(not any(word in hop.text for word in _LOCAL_HOPS) for hop in self.hops)

    @property
    def sender_ip(self) -> str:
        """The address in the Received field nearest to the sender that has one."""
        return next((hop.ip for hop in reversed(self.hops) if hop.ip), "")

    @property
    def auth(self) -> str:
        """``spf=pass dkim=fail dmarc=none``."""
        return " ".join(f"{method}={self.verdicts[method]}" for method in _METHODS if method in self.verdicts)

    def value(self, name: str) -> str | None:
        """The first field of a name, in any case, decoded; None if there is none."""
        raw = next((value for each, value in self.fields if each.lower() == name), None)
        return None if raw is None else decode_words(raw)

    def questions(self) -> list[SpfQuestion]:
        """What SPF can be asked about, in the order of the Received fields."""
        sender = self.return_path.strip().strip("<>").strip()
        return [SpfQuestion(hop.ip, hop.helo or self.domain, sender) for hop in self.hops if hop.ip]

    def trace(self, spf: str, spf_list: str) -> str:
        """What stands behind the record in the text that filters look at."""
        lines = [
            f"Subject: {self.subject}",
            f"From: {self.sender}",
            f"To: {self.recipients}",
            f"Return-Path: {self.return_path}",
            f"Domain: {self.domain}",
            *(f"Received[{number}]: {_since(hop)}; {hop.text}" for number, hop in enumerate(self.hops)),
            f"SPF-List: {spf_list}",
            f"SPF: {spf}",
        ]
        return "\n".join(lines)


def read_mail(head: str, *, ts_ns: int | None, certain: bool) -> Mail | None:
    """The values of a mail.

    Args:
        head: The record, at least its header block.
        ts_ns: When the record is; a Date without a zone was read as this.
        certain: The source is mail: anything with a field is one.

    Returns:
        None if it is no mail.
    """
    fields = header_fields(head)
    if not fields or not (certain or head.startswith("From ") or is_header(fields)):
        return None
    first: dict[str, str] = {}
    for name, value in fields:
        first.setdefault(name.lower(), value)
    mail = Mail(fields)
    mail.subject = decode_words(first.get("subject", ""))
    mail.sender = address_list(first.get("from", ""))
    mail.recipients = address_list(", ".join(value for name, value in fields if name.lower() == "to"))
    mail.message_id = first.get("message-id", "")
    mail.return_path = first.get("return-path", "") or _first_address(first.get("from", ""))
    mail.domain = mail.return_path.rpartition("@")[2].strip("<> \t") if "@" in mail.return_path else ""
    sent_ns = _sent_ns(first.get("date", ""), ts_ns)
    mail.hops = [_hop(value, sent_ns) for name, value in fields if name.lower() == "received"]
    for name, value in fields:
        if name.lower() == "authentication-results":
            for method, verdict in _VERDICT.findall(value):
                # The uppermost field is of the last server, the one that the mail was for.
                mail.verdicts.setdefault(method.lower(), verdict.lower())
    return mail


def _first_address(text: str) -> str:
    found = mailboxes(text)
    return found[0].address if found else ""


def _sent_ns(date: str, ts_ns: int | None) -> int | None:
    moment = parse_date(date)
    if moment is None:
        return None
    return ts_ns if moment.ns is None else moment.ns


def _hop(text: str, sent_ns: int | None) -> Hop:
    moment = date_of_received(text)
    came_ns = None if moment is None else moment.ns
    since_ns = None if came_ns is None or sent_ns is None else came_ns - sent_ns
    return Hop(text, since_ns, sender_address(text), helo(text))


def sender_address(received: str) -> str:
    """The first address in a Received field that can be a sender's: private ones too, this machine's own not."""
    text = received[:_LOOKED_AT]
    for pattern in (_IPV4, _IPV6):
        for found in pattern.findall(text):
            if address := _usable(found):
                return address
    return ""


@lru_cache(maxsize=10_000)
def _usable(text: str) -> str:
    """The address as it is written usually; empty if it is none, or not one that mail comes from."""
    address = parse_address(text)
    return "" if address is None or _is_special(address) else str(address)


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    broadcast = isinstance(address, IPv4Address) and int(address) == 0xFFFFFFFF
    return address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified or broadcast


def helo(received: str) -> str:
    """The name by which the sending machine called itself: the word behind ``from``."""
    found = _HELO.search(received[:_LOOKED_AT])
    return found[1] if found else ""


def _since(hop: Hop) -> str:
    return "?" if hop.since_ns is None else format_duration(hop.since_ns)
