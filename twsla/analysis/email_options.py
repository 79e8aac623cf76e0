"""What the commands about mail share: how SPF is checked, and what must be said about what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.analysis.bucketing import records_fact
from twsla.errors import UsageError
from twsla.model.result import Fact, Kind, Note
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.query.engine import Engine
    from twsla.query.mail import Mails
    from twsla.query.spf import SpfChecker


@dataclass(frozen=True)
class SpfOptions:
    """Whether SPF is checked, and whom to ask."""

    check_spf: bool = opt(
        "--check-spf",
        "--checkSPF",
        default=False,
        help="Ask name servers whether the sending machines were allowed to.",
    )
    resolver: tuple[str, ...] = opt(
        "--resolver",
        default=(),
        help="Name server to ask for SPF, instead of those of this machine.",
        metavar="ADDR[:PORT]",
    )
    no_dns: bool = opt("--no-dns", default=False, help="Ask no name server: an error where an answer would need one.")
    dns_timeout: float = opt(
        "--dns-timeout",
        default=5.0,
        help="Seconds to wait for one SPF check, all its questions together.",
        metavar="SECONDS",
    )
    dns_budget: float = opt(
        "--dns-budget", default=60.0, help="Seconds to wait for all SPF checks together.", metavar="SECONDS"
    )


def open_checker(options: SpfOptions, *, wanted: bool) -> SpfChecker | None:
    """What checks SPF, if it is asked for; else the network is not touched.

    Raises:
        UsageError: It cannot be done as the options say.
    """
    if not (wanted or options.check_spf):
        return None
    if options.no_dns:
        raise UsageError("SPF is checked by asking name servers, and none may be asked", hint="leave out --no-dns")
    from twsla.query.spf import SpfChecker

    return SpfChecker(options.resolver, options.dns_timeout, options.dns_budget)


def mail_facts(engine: Engine, mails: Mails) -> tuple[Fact, ...]:
    """How many mails match, how many there are, among how many records."""
    return (
        Fact("hits", "Hits", mails.hits, Kind.COUNT),
        Fact("mails", "Mails", mails.mails, Kind.COUNT),
        records_fact(engine),
    )


def mail_notes(engine: Engine, mails: Mails, checker: SpfChecker | None) -> tuple[Note, ...]:
    """What was left out."""
    notes = []
    if mails.others:
        one = mails.others == 1
        what = "record is no mail and was" if one else "records are no mail and were"
        notes.append(Note(f"{mails.others:,} {what} left out"))
    if mails.pieces:
        notes.append(Note(f"{mails.pieces:,} records go on with a mail longer than a record and were not looked at"))
    if outside := engine.selected.undated_rows:
        notes.append(Note(f"{outside:,} records without a time stamp are not in the time range and were not searched"))
    return (*notes, *(checker.notes() if checker is not None else ()))
