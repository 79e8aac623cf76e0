"""The report analysis: one document about a case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

from twsla import __version__
from twsla.analysis.around import with_context
from twsla.analysis.bucketing import records_fact
from twsla.errors import TwslaError, UsageError
from twsla.model.analysis import Analysis
from twsla.model.result import Fact, Kind, Note, Result, ValueRows
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

ALWAYS: Final = ("summary", "count", "heatmap", "ip", "marks", "sources")
_ADDRESSES: Final = 20
_NOT_HERE: Final = frozenset({"report", "search", "sql", "extract", "relation", "time"})
"""They need something to be asked, or give records without end."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What ``report`` takes besides the selection."""

    case: str = opt("--case", default="", help="Name or number of the case.", metavar="TEXT")
    examiner: str = opt("--examiner", default="", help="Who made the report.", metavar="TEXT")
    comment: str = opt("--comment", default="", help="What the report is about, and what was found.", metavar="TEXT")
    include: tuple[str, ...] = opt(
        "--include", default=(), help="A further analysis without options, such as delay.", metavar="NAME"
    )


def report(engine: Engine, options: ReportOptions, progress: Progress) -> Result:
    """Gather summary, times, addresses, marked records and the evidence in one document.

    Write it with ``-o case.html`` (one page, charts included, that needs no network) or ``-o case.md``. Time range and
    filters limit all parts but the evidence: the table of sources with their hashes.
    """
    import datetime

    parts = []
    for name in (*ALWAYS[:-1], *_further(options.include), ALWAYS[-1]):
        progress.check()
        progress.message(name)
        parts.append(_part(engine, name, progress))
    made = datetime.datetime.now(datetime.UTC)
    facts = [
        Fact("case", "Case", options.case),
        Fact("examiner", "Examiner", options.examiner),
        Fact("comment", "Comment", options.comment),
        Fact("made", "Made", int(made.timestamp()) * 10**9, Kind.TIME),
        Fact("program", "Program", f"twsla {__version__}"),
        Fact("store", "Store", str(engine.store.path)),
        records_fact(engine),
    ]
    filters = [each.source for each in engine.query.filters]
    if engine.query.where is not None:
        filters.append(engine.query.where.source)
    if filters:
        facts.append(Fact("filters", "Filters", " · ".join(filters)))
    return Result(
        title=f"Report: {options.case}" if options.case else "Report",
        columns=(),
        rows=ValueRows((), ()),
        facts=tuple(fact for fact in facts if fact.value != ""),
        parts=tuple(parts),
    )


def _further(names: tuple[str, ...]) -> list[str]:
    """The analyses asked for.

    Raises:
        UsageError: One is none, or cannot be had without options.
    """
    from twsla.registry import COMMANDS

    wanted = [name.strip() for given in names for name in given.split(",") if name.strip()]
    known = [
        name
        for name, entry in COMMANDS.items()
        if entry.target.startswith("twsla.analysis.") and name not in {*ALWAYS, *_NOT_HERE}
    ]
    for name in wanted:
        if name not in known:
            raise UsageError(f"'{name}' cannot be part of a report", hint=f"choose from {', '.join(known)}")
    return wanted


def _part(engine: Engine, name: str, progress: Progress) -> Result:
    """One analysis; what it cannot do is told in its place, so that the rest of the report is not lost."""
    try:
        if name == "ip":
            return _addresses(engine, progress)
        found = _analysis(name)
        result: Result = found.run(engine, found.options(), progress)
    except TwslaError as error:
        return Result(name.capitalize(), (), ValueRows((), ()), notes=(Note(error.message),))
    titles = {"count": "Records over time", "sources": "Evidence", "marks": "Marked records"}
    return with_context(replace(result, title=titles.get(name, result.title), actions=()), engine)


def _addresses(engine: Engine, progress: Progress) -> Result:
    from twsla.analysis.count import CountOptions, count

    result = count(engine, CountOptions(extract=("ip",), name=("Address",), top=_ADDRESSES), progress)
    return replace(result, title="Addresses", actions=())


def _analysis(name: str) -> Analysis[Any, Any]:
    from twsla.registry import COMMANDS, load

    return cast("Analysis[Any, Any]", load(COMMANDS[name]))


analysis = Analysis(
    name="report", options=ReportOptions, run=report, example="twsla report --case 2024-17 -o case.html --force"
)
