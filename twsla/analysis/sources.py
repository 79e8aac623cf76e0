"""The sources analysis: what is in the store, where it came from, and how it was understood."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from twsla.model.analysis import Analysis
from twsla.model.result import ArrowRows, Column, Fact, Kind, Result

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.store.manifest import Manifest, SourceEntry

COLUMNS = (
    Column("source", "Source", Kind.TEXT, share=4),
    Column("bytes", "Bytes", Kind.BYTES),
    Column("lines", "Lines", Kind.COUNT),
    Column("records", "Records", Kind.COUNT),
    Column("undated", "Undated", Kind.COUNT),
    Column("left_out", "Left out", Kind.COUNT),
    Column("first", "First", Kind.TIME),
    Column("last", "Last", Kind.TIME),
    Column("stamps", "Stamps", Kind.TEXT, share=2),
    Column("zone", "Zone", Kind.TEXT),
    Column("years", "Years", Kind.TEXT, share=2),
    Column("encoding", "Encoding", Kind.TEXT),
    Column("fields", "Fields", Kind.TEXT),
    Column("problems", "Problems", Kind.TEXT, share=2),
    Column("sha256", "SHA-256", Kind.TEXT),
    Column("modified", "Modified", Kind.TIME, hidden=True),
    Column("zone_reason", "Zone from", Kind.TEXT, hidden=True),
    Column("overrides", "Said by --for", Kind.TEXT, hidden=True),
    Column("path", "Path", Kind.TEXT, hidden=True),
    Column("file_bytes", "Bytes on disk", Kind.BYTES, hidden=True),
    Column("file_sha256", "SHA-256 on disk", Kind.TEXT, hidden=True),
    Column("multiline", "Multi-line", Kind.TEXT, hidden=True),
    Column("stamp_example", "Example", Kind.TEXT, hidden=True),
    Column("filtered_lines", "Lines filtered", Kind.COUNT, hidden=True),
    Column("outside_lines", "Lines outside the range", Kind.COUNT, hidden=True),
    Column("other_form", "Other stamps", Kind.COUNT, hidden=True),
    Column("quoted_lines", "Lines quoting a stamp", Kind.COUNT, hidden=True),
    Column("lossy_lines", "Lossy lines", Kind.COUNT, hidden=True),
    Column("expected", "Expected", Kind.COUNT, hidden=True),
    Column("parsed", "Parsed", Kind.COUNT, hidden=True),
    Column("carved", "Carved", Kind.COUNT, hidden=True),
    Column("import", "Import", Kind.TEXT, hidden=True),
    Column("imported", "Imported", Kind.TEXT, hidden=True),
    Column("program", "Program", Kind.TEXT, hidden=True),
    Column("options", "Options", Kind.TEXT, hidden=True),
)


@dataclass(frozen=True, slots=True)
class SourcesOptions:
    """``sources`` has no options of its own."""


def sources(engine: Engine, options: SourcesOptions, progress: Progress) -> Result:
    """List what was imported, with hashes and problems.

    One row a source, oldest import first. Further columns (``--columns``): modified, zone_reason, overrides, path,
    file_bytes, file_sha256, multiline, stamp_example, filtered_lines, outside_lines, other_form, quoted_lines,
    lossy_lines, expected, parsed, carved, import, imported, program, options.
    """
    store = engine.store
    rows = [_row(manifest, entry) for manifest in store.manifests for entry in manifest.sources]
    return Result(
        title="Sources",
        columns=COLUMNS,
        rows=ArrowRows(_table(rows)),
        facts=(
            Fact("imports", "Imports", len(store.manifests), Kind.COUNT),
            Fact("files", "Files", len(store.files), Kind.COUNT),
            Fact("records", "Records", store.rows, Kind.COUNT),
            Fact("store_bytes", "Bytes in the store", sum(entry.bytes for entry in store.files), Kind.BYTES),
        ),
    )


def _row(manifest: Manifest, entry: SourceEntry) -> dict[str, object]:
    import json

    from twsla.sources.base import printable

    known = {item.name: getattr(entry, item.name) for item in fields(entry)}
    return known | {
        "source": entry.name,
        "path": printable(entry.path) if entry.path else entry.path,
        "left_out": entry.filtered_lines + entry.outside_lines,
        "parsed": entry.parsed,
        "first": entry.min_ts,
        "last": entry.max_ts,
        "stamps": entry.stamp_form or "none found",
        "years": entry.year_rule or "",
        "fields": entry.fields or "",
        "problems": "; ".join(entry.problems),
        "modified": entry.mtime_ns,
        "overrides": entry.overrides_text,
        "import": manifest.id,
        "imported": manifest.created,
        "program": manifest.program,
        "options": json.dumps(manifest.options, ensure_ascii=False),
    }


def _table(rows: list[dict[str, object]]) -> pa.Table:
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string(),
        Kind.COUNT: pa.int64(),
        Kind.BYTES: pa.int64(),
        Kind.TIME: pa.timestamp("ns", tz="UTC"),
    }
    columns = {}
    for column in COLUMNS:
        values = [_valid(row[column.name]) for row in rows]
        kind = types[column.kind]
        array = pa.array(values, pa.int64()).cast(kind) if column.kind is Kind.TIME else pa.array(values, kind)
        columns[column.name] = array
    return pa.table(columns)


def _valid(value: object) -> object:
    """A manifest may hold half a character; Arrow may not."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


analysis = Analysis(
    name="sources",
    options=SourcesOptions,
    run=sources,
    example="twsla sources --format json",
    selection=("datastore", "tz", "utc"),
)
