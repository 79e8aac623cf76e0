"""What an import did, as a Result: one row a source, totals as facts, everything left out as notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.errors import ExitCode
from twsla.model.result import Column, Fact, Kind, Note, Result, ValueRows

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.ingest.pipeline import Outcome
    from twsla.store.manifest import SourceEntry

COLUMNS = (
    Column("source", "Source", Kind.TEXT, share=4),
    Column("lines", "Lines", Kind.COUNT),
    Column("records", "Records", Kind.COUNT),
    Column("undated", "Undated", Kind.COUNT),
    Column("left_out", "Left out", Kind.COUNT),
    Column("bytes", "Bytes", Kind.BYTES),
    Column("first", "First", Kind.TIME),
    Column("last", "Last", Kind.TIME),
    Column("stamps", "Stamps", Kind.TEXT, share=2),
    Column("zone", "Zone", Kind.TEXT, hidden=True),
    Column("years", "Years", Kind.TEXT, share=2, hidden=True),
    Column("encoding", "Encoding", Kind.TEXT, hidden=True),
    Column("problems", "Problems", Kind.TEXT, hidden=True),
)


def report(outcome: Outcome, store: Path, *, strict: bool) -> Result:
    """The report of a finished import."""
    added = outcome.manifest.sources if outcome.manifest else ()
    lines = sum(entry.lines for entry in added)
    size = sum(entry.bytes for entry in added)
    seconds = max(outcome.seconds, 1e-9)
    facts = [
        Fact("store", "store", str(store)),
        Fact("files", "files", len(added), Kind.COUNT),
        Fact("lines", "lines", lines, Kind.COUNT),
        Fact("records", "records", sum(entry.records for entry in added), Kind.COUNT),
        Fact("undated", "undated records", sum(entry.undated for entry in added), Kind.COUNT),
        Fact("filtered", "lines left out by filters", sum(entry.filtered_lines for entry in added), Kind.COUNT),
        Fact("outside", "lines outside the time range", sum(entry.outside_lines for entry in added), Kind.COUNT),
        Fact("lines_add_up", "lines add up", all(entry.lines_add_up for entry in added)),
        Fact("unchanged", "sources in the store already", len(outcome.unchanged), Kind.COUNT),
        Fact("bytes", "bytes", size, Kind.BYTES),
        Fact("seconds", "seconds", round(seconds, 3), Kind.NUMBER),
        Fact("bytes_per_second", "bytes per second", round(size / seconds), Kind.BYTES),
    ]
    notes = [Note(f"{problem.source}: {problem.sentence}") for problem in outcome.problems]
    notes += [Note(sentence) for sentence in outcome.unchanged]
    lossy = sum(entry.lossy_lines for entry in added)
    if lossy:
        notes.append(Note(f"{lossy:,} lines hold bytes that are no text in their encoding; these bytes are kept"))
    return Result(
        title="Import",
        columns=COLUMNS,
        rows=ValueRows([column.name for column in COLUMNS], [_row(entry) for entry in added]),
        facts=tuple(facts),
        notes=tuple(notes),
        exit_code=_exit_code(outcome, strict=strict),
    )


def _row(entry: SourceEntry) -> tuple[object, ...]:
    return (
        entry.name,
        entry.lines,
        entry.records,
        entry.undated,
        entry.filtered_lines + entry.outside_lines,
        entry.bytes,
        entry.min_ts,
        entry.max_ts,
        entry.stamp_form or "none found",
        entry.zone,
        entry.year_rule or "",
        entry.encoding,
        "; ".join(entry.problems),
    )


def _exit_code(outcome: Outcome, *, strict: bool) -> ExitCode:
    if any(problem.loses_data for problem in outcome.problems):
        return ExitCode.INCOMPLETE if strict else ExitCode.SOURCE
    return ExitCode.OK
