"""The windows base64 analysis: what command lines and scripts hide in base64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.analysis.bucketing import records_fact
from twsla.analysis.windows import event_notes
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Pie
from twsla.model.result import Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

FIELDS: Final = (
    "CommandLine",
    "ParentCommandLine",
    "ScriptBlockText",
    "Payload",
    "ContextInfo",
    "ImagePath",
    "ServiceFileName",
    "TaskContent",
    "TaskContentNew",
    "Details",
    "NewValue",
    "Data",
    "PossibleCause",
    "Destination",
    "Query",
    "QueryName",
    "Contents",
)
_PIECES: Final = """
SELECT {place}, id, channel, computer, field, image, unnest(regexp_extract_all(value, $piece)) AS piece
FROM (SELECT * EXCLUDE (said), unnest(said, recursive := true) FROM {events}) WHERE value IS NOT NULL
"""
_LISTED: Final = """
SELECT min(ts) AS first, count(DISTINCT (source, "offset")) AS count, coalesce(computer, '') AS computer,
    string_agg(DISTINCT id::VARCHAR, ', ' ORDER BY id::VARCHAR) AS ids,
    string_agg(DISTINCT field, ', ' ORDER BY field) AS fields, any_value(how) AS how, any_value(depth)::BIGINT AS depth,
    any_value(decoded.text) AS decoded, max(ts) AS last, length(any_value(decoded.text))::BIGINT AS chars,
    coalesce(arg_min(image, (ts, source, "offset")), '') AS image, any_value(decoded.encoded) AS encoded,
    unnest(arg_min({{'source': source, 'line_no': line_no, 'offset': "offset"}}, (ts, source, "offset")))
FROM {pieces} AS pieces JOIN {decoded} AS decoded USING (piece) GROUP BY computer, piece, place
ORDER BY first NULLS LAST, computer, min((source, "offset")), piece, place
"""


@dataclass(frozen=True, slots=True)
class Base64Options:
    """What ``windows base64`` takes besides the selection."""

    field: tuple[str, ...] = opt(
        "--field",
        default=(),
        help="Look in this field; may be given several times. Default: those that hold commands and scripts.",
        metavar="NAME",
    )
    least: int = opt("--least", default=20, help="Pieces of at least so many characters.", metavar="N")


def windows_base64(engine: Engine, options: Base64Options, progress: Progress) -> Result:
    """Decode the base64 in command lines, scripts, services and tasks.

    A row for each piece that holds text (UTF-16, as PowerShell takes it, or UTF-8; compressed or not) or a Windows
    program: in how many events of a computer it is, from when on, and what it says. What is in decoded text again is
    decoded too, as a row of its own with a depth above 0. Pieces that decode to nothing readable are left out.

    Hidden columns: last, chars, image (the process that the event is about), encoded, and source, line_no and offset of
    the first event.
    """
    from twsla.query.base64_text import PIECE
    from twsla.query.events import PLACE, event_table, said
    from twsla.query.fields import field_sql
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table, drop_table

    if options.least < 16:
        raise UsageError(f"--least {options.least} would take words for base64", hint="give a number from 16 on")
    names = options.field or FIELDS
    texts = [field_sql(engine, name) for name in names]
    entries = ", ".join(f"{{'field': $name{at}, 'value': {text}}}" for at, text in enumerate(texts))
    events = event_table(
        engine,
        {"image": said(engine, "Image"), "said": f"[{entries}]"},
        where=f"regexp_matches(concat_ws(' ', {', '.join(texts)}), $piece)",
        params={"piece": PIECE, **{f"name{at}": name for at, name in enumerate(names)}},
    )
    pieces = derived_table(engine, _PIECES.format(place=PLACE, events=events), {"piece": PIECE})
    drop_table(engine, events)
    found = [piece for (piece,) in engine.execute(f"SELECT DISTINCT piece FROM {pieces}")]  # noqa: S608  # our name
    decoded = _decoded(engine, found, options.least, progress)
    listed = derived_table(engine, _LISTED.format(pieces=pieces, decoded=decoded))
    rows = SpooledRows(engine, listed)
    return Result(
        title="Base64",
        columns=(
            Column("first", "First", Kind.TIME, sort_key="t"),
            Column("count", "Count", Kind.COUNT, sort_key="c"),
            Column("computer", "Computer", Kind.TEXT, share=2),
            Column("ids", "Event IDs", Kind.TEXT),
            Column("fields", "Fields", Kind.TEXT, share=2),
            Column("how", "Decoded", Kind.TEXT, share=2),
            Column("depth", "Depth", Kind.COUNT),
            Column("decoded", "Text", Kind.LOG, share=8),
            Column("last", "Last", Kind.TIME, hidden=True),
            Column("chars", "Characters", Kind.COUNT, hidden=True),
            Column("image", "Image", Kind.TEXT, hidden=True),
            Column("encoded", "Encoded", Kind.LOG, hidden=True),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
            Column("offset", "Offset", Kind.COUNT, hidden=True),
        ),
        rows=rows,
        facts=(
            Fact("pieces", "Pieces", len(rows), Kind.COUNT),
            records_fact(engine),
            Fact("looked_at", "Different pieces looked at", len(found), Kind.COUNT),
        ),
        charts=(Bar(x="computer", y="count"), Pie(label=("how",), value="count")),
        notes=event_notes(engine, len(rows), "pieces of base64 with text in them"),
    )


def _decoded(engine: Engine, pieces: list[str], least: int, progress: Progress) -> str:
    """A scratch table of what the pieces hold: piece, place, how, depth, text, encoded."""
    from twsla.query.base64_text import find_base64
    from twsla.query.scratch import derived_table

    columns: dict[str, list[Any]] = {name: [] for name in ("piece", "place", "how", "depth", "text", "encoded")}
    for piece in pieces:
        progress.check()
        for place, each in enumerate(find_base64(piece, least)):
            values = (piece, place, each.how, each.depth, each.text, each.encoded)
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
    kinds = {"place": "BIGINT[]", "depth": "BIGINT[]"}
    listed = ", ".join(f"unnest(${name}::{kinds.get(name, 'VARCHAR[]')}) AS {name}" for name in columns)
    return derived_table(engine, f"SELECT {listed}", columns)


analysis = Analysis(
    name="windows base64",
    options=Base64Options,
    run=windows_base64,
    example="twsla windows base64 --field CommandLine",
)
