"""The sql analysis: a SELECT of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import arg, opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_KINDS: Final = {"time": Kind.TIME, "count": Kind.COUNT, "number": Kind.NUMBER, "log": Kind.LOG, "text": Kind.TEXT}


@dataclass(frozen=True, slots=True)
class SqlOptions:
    """What ``sql`` takes besides the selection."""

    statement: str = arg("STATEMENT", help="One SELECT over the view records.", required=True)
    timeout: float = opt("--timeout", default=300.0, help="Seconds it may run; 0: no limit.", metavar="SECONDS")
    max_rows: int = opt("--max-rows", default=1_000_000, help="At most this many rows of the answer.", metavar="N")


def sql(engine: Engine, options: SqlOptions, progress: Progress) -> Result:
    """Answer a SELECT over the records.

    The view ``records`` holds the records that the time range and the filters (``-f``, ``-r``, ``-v``) leave. Its
    columns are ts (UTC), ts_flags, source, line_no, offset, text, raw, shape and fields. The dialect is DuckDB's. The
    statement runs in a process of its own, which can open the files of the store and no others, has no network, writes
    nothing, and has a limit of time and of memory.
    """
    from twsla.query.statement import run_statement

    for value, flag in ((options.timeout, "--timeout"), (options.max_rows, "--max-rows")):
        if value < 0:
            raise UsageError(f"{flag} {value:g} is less than none", hint="give a number from 0 on")
    answer = run_statement(engine, options.statement, progress, most_rows=options.max_rows, timeout_s=options.timeout)
    notes = (
        ()
        if answer.complete
        else (Note(f"the answer has more than {options.max_rows:,} rows; the rest was left out (--max-rows)"),)
    )
    return Result(
        title="SQL",
        columns=tuple(
            Column(field.name, field.title, _KINDS[field.kind], share=4 if field.kind == "log" else 1)
            for field in answer.fields
        ),
        rows=answer.rows,
        facts=(Fact("rows", "Rows", len(answer.rows), Kind.COUNT),),
        notes=notes,
        close=answer.close,
    )


analysis = Analysis(
    name="sql",
    options=SqlOptions,
    run=sql,
    example="twsla sql 'SELECT source, count(*) AS records FROM records GROUP BY source ORDER BY source'",
    selection=("datastore", "time_range", "filter", "regex", "inverted", "ignore_case", "where", "tz", "utc", "on"),
)
