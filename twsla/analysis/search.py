"""The search analysis: the records that match, as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.result import Column, Fact, Kind, Note, Result, ValueRows
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

COLUMNS = (
    Column("ts", "Time", Kind.TIME),
    Column("text", "Log", Kind.LOG, share=8),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.COUNT, hidden=True),
    Column("ts_flags", "Stamp", Kind.COUNT, hidden=True),
    Column("raw", "Original bytes", Kind.TEXT, hidden=True),
)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What ``search`` takes besides the selection."""

    count: bool = opt("--count", default=False, help="Print the number of matching records only.")
    quiet: bool = opt(
        "-q", "--quiet", default=False, help="Print nothing; exit with 0 if a record matches, with 1 if none does."
    )
    after: int = opt(
        "-A", "--after-context", default=0, help="Also N records of the same source after each hit.", metavar="N"
    )
    before: int = opt(
        "-B", "--before-context", default=0, help="Also N records of the same source before each hit.", metavar="N"
    )
    context: int = opt("-C", "--context", default=0, help="Short for -A N -B N.", metavar="N")
    color: str = opt(
        "-c",
        "--color",
        default="",
        help="Colour these: filter, ip, mac, email, url, kv, regex/RE/COLOUR, with commas between them.",
        metavar="LIST",
    )
    wrap: bool = opt("-w", "--wrap", default=False, help="On a screen, wrap long records.")
    explain: bool = opt("--explain", default=False, help="Tell how the query runs, instead of its answer.")


def search(engine: Engine, options: SearchOptions, progress: Progress) -> Result:
    """List the records that match.

    Filters are simple filters (text with ``*``, ``?`` and a final ``$``), ``#KEYWORD`` for things such as ``#IP``, and
    ``^filter`` for records that do not match. All filters must hold. Records come in order of time; those without a
    time stamp come last.
    """
    from twsla.query.rows import RecordRows, count_records

    if options.quiet:
        hit = engine.fetch("SELECT 1 FROM records LIMIT 1")
        return Result("Search", (), ValueRows((), ()), exit_code=0 if hit else 1)
    if options.explain:
        return _explained(engine)
    if options.count:
        rows = ValueRows(("count",), [(count_records(engine),)])
        return Result("Search", (Column("count", "Count", Kind.COUNT),), rows, notes=_notes(engine), bare="count")
    before, after = options.before or options.context, options.after or options.context
    if before < 0 or after < 0:
        raise UsageError("the context cannot be negative", hint="give a number of records, such as -C 3")
    if before or after:
        return _with_context(engine, options, before, after)
    return Result(
        title="Search",
        columns=COLUMNS,
        rows=RecordRows(engine, [column.name for column in COLUMNS]),
        notes=_notes(engine),
        bare="text",
        colours=options.color,
        wrap=options.wrap,
    )


def _notes(engine: Engine) -> tuple[Note, ...]:
    undated = engine.selected.undated_rows
    if not undated:
        return ()
    return (Note(f"{undated:,} records without a time stamp are not in the time range and were not searched"),)


def _with_context(engine: Engine, options: SearchOptions, before: int, after: int) -> Result:
    from twsla.query.context import context_rows

    columns = (
        *COLUMNS,
        Column("hit", "Hit", Kind.COUNT, hidden=True),
        Column("block", "Block", Kind.COUNT, hidden=True),
    )
    return Result(
        title="Search",
        columns=columns,
        rows=context_rows(engine, [column.name for column in columns], before, after),
        notes=_notes(engine),
        bare="text",
        bare_break="block",
        colours=options.color,
        wrap=options.wrap,
    )


def _explained(engine: Engine) -> Result:
    from twsla.query.explain import explain_query

    lines = explain_query(engine)
    rows = ValueRows(("what", "value"), lines)
    columns = (Column("what", "What", Kind.TEXT), Column("value", "Value", Kind.TEXT, share=4))
    return Result(
        "How the query runs", columns, rows, facts=(Fact("files", "Files", len(engine.store.files), Kind.COUNT),)
    )


analysis = Analysis(
    name="search", options=SearchOptions, run=search, example="twsla search -t 2024-05-01,1d 'Failed password' '^root'"
)
