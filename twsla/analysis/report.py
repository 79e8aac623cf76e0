"""The report analysis: one document about a case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

from twsla import __version__
from twsla.analysis.around import with_context
from twsla.analysis.bucketing import records_fact
from twsla.analysis.included import Included, included
from twsla.errors import TwslaError
from twsla.model.analysis import Analysis
from twsla.model.result import Fact, Kind, Note, Result, ValueRows
from twsla.options import opt

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.progress import Progress
    from twsla.query.engine import Engine

ALWAYS: Final = ("summary", "count", "heatmap", "ip", "marks", "sources")
_DETECTIONS: Final = "detections"
_ADDRESSES: Final = 20


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What ``report`` takes besides the selection."""

    case: str = opt("--case", default="", help="Name or number of the case.", metavar="TEXT")
    examiner: str = opt("--examiner", default="", help="Who made the report.", metavar="TEXT")
    comment: str = opt("--comment", default="", help="What the report is about, and what was found.", metavar="TEXT")
    include: tuple[str, ...] = opt(
        "--include",
        default=(),
        help="A further analysis, such as delay; or a command line, such as 'tfidf -n 5 Failed'. May be given again.",
        metavar="COMMAND",
    )


def report(engine: Engine, options: ReportOptions, progress: Progress) -> Result:
    """Gather summary, times, addresses, marked records, detections and the evidence in one document.

    Write it with ``-o case.html`` (one page, charts included, that needs no network) or ``-o case.md``. Time range and
    filters limit all parts but the evidence: the table of sources with their hashes. Each further analysis says with
    which options it was made. What the last ``twsla sigma`` detected has a part if it is kept beside the store.
    """
    import datetime

    further = included(options.include, (*ALWAYS, "report"))
    parts = []
    # Behind the further ones: of these, sigma puts new detections in the place of those that were there.
    wanted: list[str | Included] = [*ALWAYS[:-1], *further, _DETECTIONS, ALWAYS[-1]]
    for part in wanted:
        progress.check()
        progress.message(part if isinstance(part, str) else part.command)
        made_part = _part(engine, part, progress)
        if made_part is not None:
            parts.append(made_part)
    made = datetime.datetime.now(datetime.UTC)
    facts = [
        Fact("case", "Case", options.case),
        Fact("examiner", "Examiner", options.examiner),
        Fact("comment", "Comment", options.comment),
        Fact("made", "Made", int(made.timestamp()) * 10**9, Kind.TIME),
        Fact("program", "Program", f"twsla {__version__}"),
        Fact("zone", "Time zone", engine.query.zone),
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
        close=_closing(parts),
    )


def _part(engine: Engine, part: str | Included, progress: Progress) -> Result | None:
    """One analysis; what it cannot do is told in its place, so that the rest of the report is not lost.

    None where there is nothing to tell: no detections were made.
    """
    name = part if isinstance(part, str) else part.command
    try:
        if isinstance(part, Included):
            result = part.run(engine, progress)
            asked = name.partition(" ")[2]
            return _as_part(engine, result, f"{result.title}: {name}" if asked else result.title)
        if name == "ip":
            return _addresses(engine, progress)
        if name == _DETECTIONS:
            from twsla.analysis.sigma_kept import kept_detections

            return kept_detections(engine)
        found = _analysis(name)
        result = found.run(engine, found.options(), progress)
    except TwslaError as error:
        return Result(name.capitalize(), (), ValueRows((), ()), notes=(Note(error.message),))
    titles = {"count": "Records over time", "sources": "Evidence", "marks": "Marked records"}
    return _as_part(engine, result, titles.get(name, result.title))


def _as_part(engine: Engine, result: Result, title: str) -> Result:
    """As it stands in a document: one chart, no keys."""
    return with_context(replace(result, title=title, charts=result.charts[:1], actions=()), engine)


def _closing(parts: list[Result]) -> Callable[[], None]:
    def close() -> None:
        for part in parts:
            if part.close:
                part.close()

    return close


def _addresses(engine: Engine, progress: Progress) -> Result:
    from twsla.analysis.count import CountOptions, count

    result = count(engine, CountOptions(extract=("ip",), name=("Address",), top=_ADDRESSES), progress)
    return replace(result, title="Addresses", charts=result.charts[:1], actions=())


def _analysis(name: str) -> Analysis[Any, Any]:
    from twsla.registry import COMMANDS, load

    return cast("Analysis[Any, Any]", load(COMMANDS[name]))


analysis = Analysis(
    name="report", options=ReportOptions, run=report, example="twsla report --case 2024-17 -o case.html --force"
)
