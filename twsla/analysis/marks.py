"""The marks analysis: the records that somebody marked, with tags and comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.model.analysis import Analysis
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.store.marks import Mark

COLUMNS = (
    Column("ts", "Time", Kind.TIME),
    Column("text", "Log", Kind.LOG, share=8),
    Column("tags", "Tags", Kind.TEXT, share=2),
    Column("comment", "Comment", Kind.TEXT, share=4),
    Column("source", "Source", Kind.TEXT, share=2),
    Column("line_no", "Line", Kind.COUNT),
    Column("offset", "Offset", Kind.COUNT, hidden=True),
    Column("marked_at", "Marked", Kind.TEXT, hidden=True),
    Column("marked_by", "By", Kind.TEXT, hidden=True),
)
TIMESKETCH = (
    Column("datetime", "Time", Kind.TIME),
    Column("timestamp", "Microseconds", Kind.COUNT),
    Column("timestamp_desc", "Kind of time", Kind.TEXT),
    Column("message", "Message", Kind.LOG, share=8),
    Column("tag", "Tags", Kind.TEXT),
    Column("comment", "Comment", Kind.TEXT),
    Column("source", "Source", Kind.TEXT),
    Column("line_no", "Line", Kind.COUNT),
    Column("offset", "Offset", Kind.COUNT),
)
_JOINED = """
SELECT coalesce(epoch_ns(r.ts), m.ts_ns) AS ts_ns, r.text, m.tags, m.comment, m.source, m.line_no, m."offset",
       m.at, m.by, r.text IS NOT NULL AS found
FROM (
    SELECT unnest($sources) AS source, unnest($offsets) AS "offset", unnest($lines) AS line_no,
           unnest($stamps) AS ts_ns, unnest($tags) AS tags, unnest($comments) AS comment,
           unnest($ats) AS at, unnest($bys) AS by
) m LEFT JOIN (SELECT * FROM records WHERE "offset" IN (SELECT unnest($offsets))) r
  ON r.source = m.source AND r."offset" = m."offset" AND r.line_no = m.line_no
ORDER BY ts_ns NULLS LAST, m.source, m."offset"
"""


@dataclass(frozen=True, slots=True)
class MarksOptions:
    """What ``marks`` takes besides the selection."""

    tag: tuple[str, ...] = opt("--tag", default=(), help="Only records with this tag; may be given again.")
    timesketch: bool = opt(
        "--timesketch", default=False, help="Name the columns as Timesketch does; add '--format jsonl'."
    )


def marks(engine: Engine, options: MarksOptions, progress: Progress) -> Result:
    """List the records that were marked.

    Marks, tags and comments are made on the screen of other commands (``M``, ``#``, ``+``). They are kept beside the
    store, in ``STORE.case/marks.jsonl``, with who made them and when; the store itself is never changed. Any output
    format exports them; ``--timesketch --format jsonl -o marks.jsonl`` makes a file that Timesketch imports.
    """
    from twsla.store.marks import MarkFile

    file = MarkFile(engine.store.path)
    wanted = set(options.tag)
    found = [mark for mark in file.marks().values() if wanted <= set(mark.tags)]
    rows = _rows(engine, found)
    narrowed = engine.query.is_selective or not engine.query.time_range.is_everything
    lost = sum(not row[-1] for row in rows)
    if narrowed:  # what the filters leave out is not lost
        rows = [row for row in rows if row[-1]]
    notes = []
    if lost and not narrowed:
        notes.append(Note(f"{lost:,} marked records are not in this store; they are listed without their text"))
    if file.unreadable:
        notes.append(Note(f"{file.unreadable:,} lines of {file.path} are no marks and were passed over"))
    if options.timesketch:
        undated = sum(row[0] is None for row in rows)
        if undated:
            notes.append(Note(f"{undated:,} records without a time stamp are left out: Timesketch needs one"))
        return _timesketch([row for row in rows if row[0] is not None], tuple(notes))
    return _result(rows, COLUMNS, _plain(rows), tuple(notes))


def _rows(engine: Engine, found: Sequence[Mark]) -> list[tuple[object, ...]]:
    """ts_ns, text, tags, comment, source, line_no, offset, at, by, found; in order of time."""
    if not found:
        return []
    params: dict[str, object] = {
        "sources": [mark.source for mark in found],
        "offsets": [mark.offset for mark in found],
        "lines": [mark.line_no for mark in found],
        "stamps": [mark.ts_ns for mark in found],
        "tags": [list(mark.tags) for mark in found],
        "comments": [mark.comment for mark in found],
        "ats": [mark.at for mark in found],
        "bys": [mark.by for mark in found],
    }
    return engine.fetch(_JOINED, params)


def _plain(rows: Sequence[tuple[object, ...]]) -> dict[str, list[object]]:
    names = ("ts", "text", "tags", "comment", "source", "line_no", "offset", "marked_at", "marked_by")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    columns["tags"] = [" ".join(tags) if isinstance(tags, list) else "" for tags in columns["tags"]]
    return columns


def _timesketch(rows: Sequence[tuple[object, ...]], notes: tuple[Note, ...]) -> Result:
    columns: dict[str, list[object]] = {
        "datetime": [row[0] for row in rows],
        "timestamp": [int(str(row[0])) // 1000 for row in rows],
        "timestamp_desc": ["Log time" for _ in rows],
        "message": [row[1] or "" for row in rows],
        "tag": [row[2] for row in rows],
        "comment": [row[3] for row in rows],
        "source": [row[4] for row in rows],
        "line_no": [row[5] for row in rows],
        "offset": [row[6] for row in rows],
    }
    return _result(rows, TIMESKETCH, columns, notes)


def _result(
    rows: Sequence[object], columns: tuple[Column, ...], values: dict[str, list[object]], notes: tuple[Note, ...]
) -> Result:
    import pyarrow as pa

    from twsla.model.result import ArrowRows

    types = {Kind.TIME: pa.int64(), Kind.COUNT: pa.int64(), Kind.BYTES: pa.int64()}
    table = {}
    for column in columns:
        kind = pa.list_(pa.string()) if column.name == "tag" else types.get(column.kind, pa.string())
        array = pa.array(values[column.name], kind)
        table[column.name] = array.cast(pa.timestamp("ns", "UTC")) if column.kind is Kind.TIME else array
    return Result(
        title="Marks",
        columns=columns,
        rows=ArrowRows(pa.table(table)),
        facts=(Fact("marks", "Marks", len(rows), Kind.COUNT),),
        notes=notes,
    )


analysis = Analysis(name="marks", options=MarksOptions, run=marks, example="twsla marks --tag c2 -o marks.md")
