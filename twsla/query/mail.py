"""The mails of a query as a scratch table: found in SQL by how they begin, read one by one from their header blocks.

Filters look at a mail as it stands in the store with its trace behind it (``Mail.trace``), so decoded subjects can be
filtered; they are applied once the traces are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.model.times import TimeRange
from twsla.query.mail_values import read_mail
from twsla.query.placed import files_of, placed_table
from twsla.query.scratch import derived_table, drop_table
from twsla.query.totals import records_in_range
from twsla.query.where import compile_where

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twsla.model.filters import FilterSet
    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.query.mail_values import Mail
    from twsla.query.spf import SpfChecker

RULER: Final = "\n-------\n"
"""Between a record and its trace."""
_PAGE_ROWS: Final = 1000
_PAGE_CHARS: Final = 8 << 20
"""Of header blocks held at once; a single one may be longer."""
_COLUMNS: Final = {
    "sender": "VARCHAR",
    "recipients": "VARCHAR",
    "subject": "VARCHAR",
    "return_path": "VARCHAR",
    "domain": "VARCHAR",
    "message_id": "VARCHAR",
    "delay": "BIGINT",
    "relays": "BIGINT",
    "sender_ip": "VARCHAR",
    "spf": "VARCHAR",
    "spf_list": "VARCHAR",
    "auth": "VARCHAR",
    "auth_spf": "VARCHAR",
    "dkim": "VARCHAR",
    "dmarc": "VARCHAR",
    "header": "VARCHAR",
    "trace": "VARCHAR",
}
_HEAD: Final = "CASE WHEN strpos(text, $gap) > 0 THEN left(text, strpos(text, $gap) - 1) ELSE text END"
_BEGINS: Final = "(\"offset\" = 0 OR starts_with(text, 'From '))"
"""Of records of sources that are mail: the others go on with a message that is longer than a record."""
_MAY_BE_MAIL: Final = rf"""
CASE WHEN list_contains($sources, source) THEN {_BEGINS} ELSE
    contains(text, $newline)
    AND regexp_matches(text, '\A(?:From |>?[!-9;-~]+[ \t]*:)')
    AND regexp_matches(text, '(?i)(?:\A|\n)(?:from|received|return-path|message-id|subject)[ \t]*:')
END
"""


@dataclass(frozen=True, slots=True)
class Mails:
    """The mails that match."""

    table: str
    """Scratch table in the order of a search: ``ts``, ``_file``, ``_row`` (see ``placed``), then ``_COLUMNS``: texts
    are NULL where there is nothing; ``delay`` in nanoseconds."""
    hits: int
    mails: int
    """Of the time range, whether they match or not."""
    others: int
    """Records of the time range that are no mail."""
    pieces: int
    """Records of the time range that go on with a mail longer than a record."""
    undated: int
    """Of the hits."""


def find_mails(engine: Engine, checker: SpfChecker | None, progress: Progress, *, header: str = "") -> Mails:
    """Read all mails of the time range and keep those that pass the query's filters.

    Args:
        engine: The query.
        checker: Checks SPF; None: it is not checked.
        progress: Is told about records.
        header: Name of the field whose first value is put into the column ``header``.
    """
    base = engine.unfiltered()
    known = [source.name for source in base.store.sources if source.format == "mail"]
    heads = _candidates(base, known)
    table = engine.scratch_name()
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    engine.execute(f"CREATE TABLE {table} (ts TIMESTAMPTZ_NS, _file INTEGER, _row BIGINT, {columns})")
    for page in _pages(engine, heads):
        progress.check()
        _insert(engine, table, heads, _read(page, checker, header.lower(), progress))
        progress.advance("records", len(page))
    drop_table(engine, heads)
    (mails,) = engine.execute(f"SELECT count(*) FROM {table}")[0]  # noqa: S608  # our own name
    pieces = _pieces(base, known)
    kept = _filtered(base, table, engine.query.filters) if engine.query.filters else table
    hits, undated = engine.execute(f"SELECT count(*), count(*) FILTER (ts IS NULL) FROM {kept}")[0]  # noqa: S608
    return Mails(kept, hits, mails, records_in_range(base) - mails - pieces, pieces, undated)


def _candidates(base: Engine, known: list[str]) -> str:
    """A scratch table of the header blocks of records that may be mail; those of the sources ``known`` are."""
    params = {"gap": "\n\n", "newline": "\n", "sources": known}
    columns = f"ts, epoch_ns(ts) AS ns, list_contains($sources, source) AS certain, {_HEAD} AS head"
    return placed_table(base, columns, _MAY_BE_MAIL, params)


def _pieces(base: Engine, known: list[str]) -> int:
    if not known:
        return 0
    sql = f"SELECT count(*) FROM records WHERE list_contains($sources, source) AND NOT {_BEGINS}"  # noqa: S608  # ours
    return int(base.fetch(sql, {"sources": known})[0][0])


_Row = tuple[int, "int | None", bool, str]
"""Number in the table of candidates, time in ns, whether it is mail for certain, header block."""


def _pages(engine: Engine, heads: str) -> Iterator[list[_Row]]:
    """The candidates, some at a time: bounded in rows and, but for a single long one, in characters."""
    first = 0
    while True:
        sql = f"SELECT length(head) FROM {heads} WHERE rowid >= $first AND rowid < $last ORDER BY rowid"  # noqa: S608
        sizes = [size for (size,) in engine.execute(sql, {"first": first, "last": first + _PAGE_ROWS})]
        if not sizes:
            return
        count, taken = 1, sizes[0]
        while count < len(sizes) and taken + sizes[count] <= _PAGE_CHARS:
            taken += sizes[count]
            count += 1
        sql = (
            f"SELECT rowid, ns, certain, head FROM {heads} "  # noqa: S608  # our own name
            "WHERE rowid >= $first AND rowid < $last ORDER BY rowid"
        )
        yield engine.execute(sql, {"first": first, "last": first + count})
        first += count


def _read(page: Sequence[_Row], checker: SpfChecker | None, header: str, progress: Progress) -> list[tuple[Any, ...]]:
    """Rows for the table: number of the candidate, then ``_COLUMNS``."""
    read = [(row, read_mail(head, ts_ns=ns, certain=certain)) for row, ns, certain, head in page]
    mails = [(row, mail) for row, mail in read if mail is not None]
    verdicts = {}
    if checker is not None:
        verdicts = checker.check([each for _, mail in mails for each in mail.questions()], progress)
    rows = []
    for row, mail in mails:
        answers = [(each, verdicts[each]) for each in mail.questions() if each in verdicts]
        spf = str(answers[-1][1]) if answers else ""
        spf_list = ",".join(f"{answer.result}({each}){_why(answer.why)}" for each, answer in answers)
        rows.append((row, *_values(mail, spf, spf_list, header)))
    return rows


def _why(text: str) -> str:
    return f":{text}" if text else ""


def _values(mail: Mail, spf: str, spf_list: str, header: str) -> tuple[Any, ...]:
    texts = (mail.sender, mail.recipients, mail.subject, mail.return_path, mail.domain, mail.message_id)
    verdicts = (mail.verdicts.get(method) for method in ("spf", "dkim", "dmarc"))
    return (
        *(text or None for text in texts),
        mail.delay_ns,
        mail.relays,
        *(text or None for text in (mail.sender_ip, spf, spf_list, mail.auth)),
        *verdicts,
        (mail.value(header) or None) if header else None,
        mail.trace(spf, spf_list),
    )


def _insert(engine: Engine, table: str, heads: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = list(_COLUMNS)
    params = {f"c{place}": column for place, column in enumerate(columns)}
    values = ", ".join(f"unnest($c{place + 1}::{_COLUMNS[name]}[]) AS {name}" for place, name in enumerate(names))
    engine.execute(
        f"INSERT INTO {table} SELECT heads.ts, heads._file, heads._row, {', '.join(f'new.{name}' for name in names)} "  # noqa: S608
        f"FROM (SELECT unnest($c0::BIGINT[]) AS place, {values}) AS new "
        f"JOIN {heads} AS heads ON heads.rowid = new.place ORDER BY new.place",
        params,
    )


def _filtered(base: Engine, table: str, filters: FilterSet) -> str:
    """The mails whose record with the trace behind it passes all filters."""
    where = compile_where(filters, TimeRange(None, None), shape=False)
    params: dict[str, object] = {}
    first, *pieces = where.sql.split("?")
    condition = first
    for number, (value, piece) in enumerate(zip(where.params, pieces, strict=True)):
        params[f"f{number}"] = value
        condition += f"$f{number}{piece}"
    records = base.records(files_of(base), placed=True)
    sql = (
        "SELECT place FROM (SELECT mails.rowid AS place, found.text || $ruler || mails.trace AS text "  # noqa: S608
        f"FROM {table} AS mails JOIN ({records.sql}) AS found "
        f"ON found._file = mails._file AND found._row = mails._row) WHERE {condition}"
    )
    kept = derived_table(
        base,
        f"SELECT * FROM {table} WHERE rowid IN ({sql}) ORDER BY rowid",  # noqa: S608  # our own names
        {**records.params, **params, "ruler": RULER},
    )
    drop_table(base, table)
    return kept
