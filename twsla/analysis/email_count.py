"""The email count analysis: how many mails in each interval of time, or with each sender, subject, domain …"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twsla.analysis.email_options import SpfOptions, mail_facts, mail_notes, open_checker
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Pie
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.query.mail import Mails

_KEYS: Final = {
    "to": ("recipients", "To"),
    "from": ("sender", "From"),
    "matrix": ("coalesce(sender, '') || '=>' || coalesce(recipients, '')", "From->To"),
    "subject": ("subject", "Subject"),
    "ip": ("sender_ip", "Sender IP"),
    "domain": ("domain", "Sender Domain"),
    "spf": ("spf", "SPF"),
    "spf.list": ("spf_list", "SPF List"),
}
"""SQL over the mails, and title."""
_HEADER: Final = re.compile(r"[!-9;-~]{1,200}")


@dataclass(frozen=True)
class KeyOptions:
    """What is counted."""

    by: str = opt(
        "--email-count-by",
        default="time",
        help="time, to, from, matrix (From=>To), subject, ip, domain, spf, spf.list, or the name of a header field.",
        metavar="WHAT",
    )
    interval: str = opt(
        "-i", "--interval", default="", help="Length of a bucket: seconds, or 5m, 1h, 1d, 1w.", metavar="SECONDS"
    )
    fill: bool = opt("--fill", default=False, help="List empty buckets too.")
    top: int = opt("--top", default=0, help="The N values with the most mails only.", metavar="N")


@dataclass(frozen=True)
class EmailCountOptions(SpfOptions, KeyOptions):
    """What ``email count`` takes besides the selection."""


def email_count(engine: Engine, options: EmailCountOptions, progress: Progress) -> Result:
    """Count mails by time, or by what their headers say.

    By time as ``count`` does; by anything else each value is counted, the most frequent first. ``spf`` and ``spf.list``
    ask name servers (see ``--resolver``). Of a header field that a mail has several times the first counts.

    Filters look at the whole mail and at what was read from it, as for ``email search``. Records that are no mail are
    left out.
    """
    from twsla.query.buckets import parse_interval
    from twsla.query.mail import find_mails

    by = options.by.strip() or "time"
    key = by.lower()
    interval_ns = parse_interval(options.interval)
    _check(options, key)
    checker = open_checker(options, wanted=key in ("spf", "spf.list"))
    header = "" if key == "time" or key in _KEYS else by.rstrip(":")
    mails = find_mails(engine, checker, progress, header=header)
    notes = mail_notes(engine, mails, checker)
    if key == "time":
        return replace(_by_time(engine, options, interval_ns, mails), notes=(*_undated(mails), *notes))
    if interval_ns is not None:
        notes = (*notes, Note("the interval (-i) had no effect: values were counted, not times"))
    sql, title = _KEYS.get(key, ("header", header))
    result = _by_key(engine, mails, sql, title, options.top)
    return replace(result, notes=(*result.notes, *notes))


def _check(options: EmailCountOptions, key: str) -> None:
    """Refuse what has no effect or cannot be read."""
    if options.top < 0:
        raise UsageError(f"--top {options.top} is less than none", hint="give a number from 0 on")
    if key == "time" and options.top:
        raise UsageError("--top is about values, but times are counted", hint="say which with --email-count-by")
    if key != "time" and options.fill:
        raise UsageError("--fill is for counts by time alone", hint="leave --email-count-by out")
    if not _HEADER.fullmatch(key.rstrip(":")):
        raise UsageError(
            f"--email-count-by {options.by!r} is no name of a header field",
            hint=f"one of time, {', '.join(_KEYS)}, or a name such as X-Mailer",
        )


def _by_time(engine: Engine, options: EmailCountOptions, interval_ns: int | None, mails: Mails) -> Result:
    from twsla.analysis.count import CountOptions
    from twsla.analysis.count_time import count_by_time
    from twsla.query.engine import Relation

    relation = Relation(f"SELECT ts FROM {mails.table}", {})  # noqa: S608  # our own name
    result = count_by_time(engine, CountOptions(fill=options.fill), interval_ns, relation)
    own = tuple(fact for fact in result.facts if fact.name not in ("hits", "records"))
    hits = next(fact for fact in result.facts if fact.name == "hits")
    return replace(result, title="E-mail by time", facts=(own[0], hits, *mail_facts(engine, mails)[1:], *own[1:]))


def _undated(mails: Mails) -> tuple[Note, ...]:
    if not mails.undated:
        return ()
    who = "1 mail without a time is" if mails.undated == 1 else f"{mails.undated:,} mails without a time are"
    return (Note(f"{who} in no bucket and not counted"),)


def _by_key(engine: Engine, mails: Mails, sql: str, title: str, top: int) -> Result:
    """Columns: key; count. By count, the largest first, ties by key."""
    from twsla.query.keycounts import KeyCounts
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table

    counted = derived_table(engine, f"SELECT {sql} AS key, count(*) AS count FROM {mails.table} GROUP BY ALL")  # noqa: S608
    counts = KeyCounts(engine, counted, ("key",))
    rows = SpooledRows(engine, counts.listed(("key",), top or None))
    keys, hits = counts.largest()
    notes = []
    if top and keys > top:
        _, listed = counts.largest(top)
        notes.append(
            Note(
                f"only the {top:,} most frequent of {keys:,} keys are listed (--top); "
                f"the other {keys - top:,} have {hits - listed:,} of the {hits:,} hits"
            )
        )
    _, *totals = mail_facts(engine, mails)
    return Result(
        title=f"E-mail by {title}",
        columns=(
            Column("key", title, Kind.LOG, sort_key="kt", share=4, heading=title),
            Column("count", "Count", Kind.COUNT, sort_key="cd", heading="Count"),
        ),
        rows=rows,
        facts=(
            Fact("keys", "Keys", keys, Kind.COUNT),
            Fact("hits", "Hits", hits, Kind.COUNT),
            *totals,
            Fact("mean", "Mean", hits / keys if keys else 0.0, Kind.NUMBER),
            Fact("without", "Without a value", mails.hits - hits, Kind.COUNT),
        ),
        charts=(Bar(x="key", y="count"), Pie(label=("key",), value="count")),
        notes=tuple(notes),
    )


analysis = Analysis(
    name="email count",
    options=EmailCountOptions,
    run=email_count,
    example="twsla email count --email-count-by domain --top 10",
)
