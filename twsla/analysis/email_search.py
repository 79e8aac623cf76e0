"""The email search analysis: mails with sender, subject and the way they took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.email_options import SpfOptions, mail_facts, mail_notes, open_checker
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.result import Action, Column, Kind, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress
    from twsla.query.engine import Engine

COLUMNS: Final = (
    Column("ts", "Time", Kind.TIME, sort_key="t", heading="Time"),
    Column("from", "From", Kind.LOG, share=4, heading="From"),
    Column("subject", "Subject", Kind.LOG, share=6, heading="Subject"),
    Column("delay", "Delay", Kind.DURATION, sort_key="d", heading="Delay", layout="duration"),
    Column("relay", "Relay", Kind.COUNT, sort_key="r", heading="Relay"),
    Column("spf", "SPF", Kind.LOG, sort_key="s", heading="SPF"),
    Column("to", "To", Kind.LOG, hidden=True, heading="To"),
    Column("return_path", "Return-Path", Kind.LOG, hidden=True),
    Column("domain", "Domain", Kind.OBSERVABLE, hidden=True),
    Column("sender_ip", "Sender IP", Kind.OBSERVABLE, hidden=True),
    Column("spf_list", "SPF List", Kind.LOG, hidden=True),
    Column("auth", "Authentication-Results", Kind.LOG, hidden=True),
    Column("auth_spf", "SPF as received", Kind.LOG, hidden=True),
    Column("dkim", "DKIM", Kind.LOG, hidden=True),
    Column("dmarc", "DMARC", Kind.LOG, hidden=True),
    Column("message_id", "Message-ID", Kind.LOG, hidden=True),
    Column("trace", "Trace", Kind.LOG, hidden=True),
    Column("text", "Log", Kind.LOG, hidden=True),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)
_OWN: Final = tuple(column.name for column in COLUMNS[:17])
_NAMES: Final = {"from": "sender", "to": "recipients", "relay": "relays"}
"""Of columns that the scratch table calls otherwise: these are words of SQL."""


@dataclass(frozen=True)
class EmailSearchOptions(SpfOptions):
    """What ``email search`` takes besides the selection."""


def email_search(engine: Engine, options: EmailSearchOptions, progress: Progress) -> Result:
    """List mails with sender, subject, delay and relays.

    Delay is the longest time from Date to a Received stamp; Relay is how many machines handed the mail on; SPF is
    checked with ``--check-spf`` only. Further columns (``--columns``): to, return_path, domain, sender_ip, spf_list,
    auth, auth_spf, dkim, dmarc (from Authentication-Results), message_id, trace.

    Filters look at the whole mail and at what was read from it, the decoded subject and addresses too. Records that are
    no mail are left out.
    """
    from twsla.query.mail import find_mails
    from twsla.query.placed import PlacedRows
    from twsla.query.scratch import derived_table, drop_table

    checker = open_checker(options, wanted=False)
    mails = find_mails(engine, checker, progress)
    listed = ", ".join(f'{_NAMES.get(name, name)} AS "{name}"' for name in _OWN)
    table = derived_table(engine, f"SELECT {listed}, _file, _row FROM {mails.table} ORDER BY rowid")  # noqa: S608  # ours
    drop_table(engine, mails.table)
    return Result(
        title="E-mail",
        columns=COLUMNS,
        rows=PlacedRows(engine.unfiltered(), table, _OWN),  # the filters have been applied, to more than the records
        facts=mail_facts(engine, mails),
        notes=mail_notes(engine, mails, checker),
        actions=(Action("e", "Trace", _trace),),
    )


def _trace(row: Mapping[str, object] | None, progress: Progress) -> str:
    if row is None:
        raise UsageError("no mail is selected", hint="choose one first")
    return f"{row['text']}\n-------\n{row['trace']}"


analysis = Analysis(
    name="email search",
    options=EmailSearchOptions,
    run=email_search,
    example="twsla email search --columns ts,from,subject,sender_ip 'Subject: *invoice'",
)
