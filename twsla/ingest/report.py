"""What an import did, as a Result: one row a source, totals as facts, everything left out as notes."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from twsla.errors import ExitCode
from twsla.model.result import Column, Fact, Kind, Note, Result, ValueRows
from twsla.sources.base import printable

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.ingest.pipeline import Outcome
    from twsla.sources.base import Problem
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
    Column("zone_reason", "Zone from", Kind.TEXT, hidden=True),
    Column("years", "Years", Kind.TEXT, share=2, hidden=True),
    Column("encoding", "Encoding", Kind.TEXT, hidden=True),
    Column("encoding_reason", "Encoding from", Kind.TEXT, hidden=True),
    Column("format", "Format", Kind.TEXT, hidden=True),
    Column("multiline", "Multi-line", Kind.TEXT, hidden=True),
    Column("overrides", "Said by --for", Kind.TEXT, hidden=True),
    Column("record_lines", "Lines stored", Kind.COUNT, hidden=True),
    Column("filtered_lines", "Lines filtered", Kind.COUNT, hidden=True),
    Column("outside_lines", "Lines outside the range", Kind.COUNT, hidden=True),
    Column("filtered_records", "Records filtered", Kind.COUNT, hidden=True),
    Column("outside_records", "Records outside the range", Kind.COUNT, hidden=True),
    Column("other_form", "Other stamps", Kind.COUNT, hidden=True),
    Column("quoted_lines", "Lines quoting a stamp", Kind.COUNT, hidden=True),
    Column("lossy_lines", "Lossy lines", Kind.COUNT, hidden=True),
    Column("expected", "Expected", Kind.COUNT, hidden=True),
    Column("parsed", "Parsed", Kind.COUNT, hidden=True),
    Column("carved", "Carved", Kind.COUNT, hidden=True),
    Column("stamp_example", "Example", Kind.TEXT, hidden=True),
    Column("start_offset", "Began at byte", Kind.BYTES, hidden=True),
    Column("sha256", "SHA-256", Kind.TEXT, hidden=True),
    Column("path", "Path", Kind.TEXT, hidden=True),
    Column("modified", "Modified", Kind.TIME, hidden=True),
    Column("file_bytes", "Bytes on disk", Kind.BYTES, hidden=True),
    Column("file_sha256", "SHA-256 on disk", Kind.TEXT, hidden=True),
    Column("problems", "Problems", Kind.TEXT, hidden=True),
)

_QUOTED = "--multiline off makes each line a record"


def report(outcome: Outcome, store: Path, *, strict: bool, dry_run: bool = False, whole: bool = False) -> Result:
    """The report of a finished import.

    Args:
        outcome: What it did.
        store: The store's directory.
        strict: Whether to answer with INCOMPLETE where something was left out.
        dry_run: Whether it stored nothing.
        whole: Whether the facts hold every problem by source and kind as well; its sentence is a note in any case.
    """
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
    if logs := [entry for entry in added if entry.expected is not None]:
        facts += [
            Fact(
                "events_expected",
                "events in Windows event logs",
                sum(entry.expected or 0 for entry in logs),
                Kind.COUNT,
            ),
            Fact("events_parsed", "Windows events read", sum(entry.parsed or 0 for entry in logs), Kind.COUNT),
            Fact("events_carved", "Windows events out of free space", sum(entry.carved for entry in logs), Kind.COUNT),
        ]
    if dry_run or whole:
        facts.append(Fact("dry_run", "dry run", dry_run))
    if whole:
        facts.append(Fact("problems", "problems", [_problem(problem) for problem in outcome.problems]))
    notes = [Note("this was a dry run: nothing was stored")] if dry_run else []
    notes += [Note(f"{problem.source}: {problem.sentence}") for problem in outcome.problems]
    notes += [Note(sentence) for sentence in outcome.unchanged]
    lossy = sum(entry.lossy_lines for entry in added)
    if lossy:
        notes.append(Note(f"{lossy:,} lines hold bytes that are no text in their encoding; these bytes are kept"))
    quoted = sum(entry.quoted_lines for entry in added)
    if quoted:
        notes.append(Note(f"lines that quote a time stamp and belong to the record before: {quoted:,} ({_QUOTED})"))
    return Result(
        title="Import (dry run)" if dry_run else "Import",
        columns=COLUMNS,
        rows=ValueRows([column.name for column in COLUMNS], [_row(entry) for entry in added]),
        facts=tuple(facts),
        notes=tuple(notes),
        exit_code=_exit_code(outcome, strict=strict),
    )


def _row(entry: SourceEntry) -> list[object]:
    values = {item.name: getattr(entry, item.name) for item in fields(entry)} | {
        "source": entry.name,
        "left_out": entry.filtered_lines + entry.outside_lines,
        "parsed": entry.parsed,
        "first": entry.min_ts,
        "last": entry.max_ts,
        "stamps": entry.stamp_form or "none found",
        "years": entry.year_rule or "",
        "modified": entry.mtime_ns,
        "overrides": entry.overrides_text,
        "path": printable(entry.path) if entry.path else entry.path,
        "problems": "; ".join(entry.problems),
    }
    return [values[column.name] for column in COLUMNS]


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "source": problem.source,
        "kind": problem.kind.value,
        "sentence": problem.sentence,
        "loses_data": problem.loses_data,
    }


def _exit_code(outcome: Outcome, *, strict: bool) -> ExitCode:
    if strict and any(problem.leaves_out for problem in outcome.problems):
        return ExitCode.INCOMPLETE
    return ExitCode.SOURCE if any(problem.loses_data for problem in outcome.problems) else ExitCode.OK
