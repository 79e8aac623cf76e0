"""The windows processes analysis: what was run, as a tree of who began whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.analysis.bucketing import records_fact
from twsla.analysis.process_tree import branches, related
from twsla.analysis.windows import event_notes
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar
from twsla.model.result import Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress
    from twsla.query.engine import Engine

_COLUMNS: Final = (
    Column("ts", "Time", Kind.TIME),
    Column("tree", "Process", Kind.TEXT, share=4),
    Column("pid", "PID", Kind.TEXT),
    Column("user", "User", Kind.TEXT, share=2),
    Column("command_line", "Command line", Kind.LOG, share=8),
    Column("computer", "Computer", Kind.TEXT, share=2),
    Column("parent_name", "Parent", Kind.TEXT, share=2, hidden=True),
    Column("parent_pid", "Parent PID", Kind.TEXT, hidden=True),
    Column("ended", "Ended", Kind.TIME, hidden=True),
    Column("depth", "Depth", Kind.COUNT, hidden=True),
    Column("seen", "Start seen", Kind.TEXT, hidden=True),
    Column("name", "Name", Kind.TEXT, hidden=True),
    Column("image", "Image", Kind.TEXT, hidden=True),
    Column("parent_image", "Parent image", Kind.TEXT, hidden=True),
    Column("parent_command_line", "Parent command line", Kind.LOG, hidden=True),
    Column("guid", "GUID", Kind.TEXT, hidden=True),
    Column("parent_guid", "Parent GUID", Kind.TEXT, hidden=True),
    Column("integrity", "Integrity", Kind.TEXT, hidden=True),
    Column("hashes", "Hashes", Kind.TEXT, hidden=True),
    Column("processes", "Processes", Kind.COUNT, hidden=True),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.COUNT, hidden=True),
)
_NAME: Final = "coalesce(nullif(parse_filename(replace({0}.image, '\\', '/')), ''), '?')"
_LISTED: Final = """
SELECT own.ts, placed.lead || CASE WHEN own.seen THEN {name} ELSE '(' || {name} || ')' END AS tree,
    coalesce(own.pid::VARCHAR, '') AS pid, coalesce(own.account, '') AS user,
    coalesce(own.command_line, '') AS command_line, coalesce(own.computer, '') AS computer,
    CASE WHEN above.number IS NULL THEN '' ELSE {parent_name} END AS parent_name,
    coalesce(own.parent_pid::VARCHAR, '') AS parent_pid, own.ended, placed.depth::BIGINT AS depth,
    CASE WHEN own.seen THEN 'yes' ELSE 'no' END AS seen, {name} AS name, coalesce(own.image, '') AS image,
    coalesce(own.parent_image, '') AS parent_image, coalesce(own.parent_command_line, '') AS parent_command_line,
    coalesce(own.guid, '') AS guid, coalesce(own.parent_guid, '') AS parent_guid,
    coalesce(own.integrity, '') AS integrity, coalesce(own.hashes, '') AS hashes, own.seen::BIGINT AS processes,
    own.source, own.line_no, own."offset"
FROM {placed} AS placed JOIN {found} AS own USING (number) LEFT JOIN {found} AS above ON above.number = own.parent
ORDER BY placed.place
"""
_WANTED: Final = "contains(lower(concat_ws(' ', image, command_line)), lower($match))"


@dataclass(frozen=True, slots=True)
class ProcessesOptions:
    """What ``windows processes`` takes besides the selection."""

    match: str = opt(
        "--match",
        default="",
        help="Only processes with this in their path or command line, whatever its case, with all that began them and "
        "that they began.",
        metavar="TEXT",
    )
    flat: bool = opt("--flat", default=False, help="In order of time, without the lines of the tree.")


def windows_processes(engine: Engine, options: ProcessesOptions, progress: Progress) -> Result:
    """List the processes that began on Windows computers, as a tree of who began whom.

    From Sysmon 1 (by GUID) and Security 4688 (by number and time: the parent is the last process that began with the
    number before and had not ended). A parent whose own start is not among the events stands in brackets, without a
    time; what is known of it was said by its children. Filters and the time range leave out events, and with them
    parents; ``--match`` keeps these.

    Hidden columns: parent_name, parent_pid, ended (Sysmon 5, Security 4689), depth, seen, name, image, parent_image,
    parent_command_line, guid, parent_guid, integrity, hashes, source, line_no, offset.
    """
    from twsla.query.processes import find_processes
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table, drop_table

    found = find_processes(engine)
    parents = _column(engine, found.table, "parent")
    wanted = _column(engine, found.table, _WANTED, {"match": options.match}) if options.match else None
    progress.check()
    keep = related(parents, wanted) if wanted is not None else None
    shown = [branch for branch in branches(parents, found.count) if keep is None or keep[branch.number]]
    if options.flat:
        shown = sorted((branch for branch in shown if branch.number < found.count), key=lambda branch: branch.number)
    placed = derived_table(
        engine,
        "SELECT unnest($place) AS place, unnest($number) AS number, unnest($depth) AS depth, unnest($lead) AS lead",
        {
            "place": list(range(len(shown))),
            "number": [branch.number for branch in shown],
            "depth": [branch.depth for branch in shown],
            "lead": ["" if options.flat else branch.lead for branch in shown],
        },
    )
    listed = derived_table(
        engine,
        _LISTED.format(found=found.table, placed=placed, name=_NAME.format("own"), parent_name=_NAME.format("above")),
    )
    for name in (placed, found.table):
        drop_table(engine, name)
    rows = SpooledRows(engine, listed)
    absent = sum(branch.number >= found.count for branch in shown)
    return Result(
        title="Windows processes",
        columns=_COLUMNS,
        rows=rows,
        facts=(
            Fact("processes", "Processes", len(rows) - absent, Kind.COUNT),
            records_fact(engine),
            Fact("absent", "Parents without an event", absent, Kind.COUNT),
        ),
        charts=(Bar(x="name", y="processes"), Bar(x="parent_name", y="processes", split="name")),
        notes=event_notes(engine, found.count, "starts of processes (Sysmon 1, Security 4688)"),
    )


def _column(engine: Engine, table: str, sql: str, params: Mapping[str, object] | None = None) -> list[Any]:
    return [value for (value,) in engine.execute(f"SELECT {sql} FROM {table} ORDER BY number", params)]  # noqa: S608


analysis = Analysis(
    name="windows processes",
    options=ProcessesOptions,
    run=windows_processes,
    example="twsla windows processes --match powershell",
)
