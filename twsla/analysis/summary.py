"""The summary analysis: the page one reads first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.analysis.bucketing import records_fact
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.levels import LEVELS, level_sql
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.query.textkeys import TextKey

COLUMNS: Final = (
    Column("section", "Section", Kind.TEXT),
    Column("item", "Item", Kind.LOG, share=8),
    Column("count", "Count", Kind.COUNT, sort_key="c"),
    Column("share", "Share", Kind.NUMBER, unit="%"),
    Column("first", "First", Kind.TIME),
    Column("last", "Last", Kind.TIME),
    Column("example", "Example", Kind.LOG, hidden=True),
)
OBSERVED: Final = ("ip", "ipv6", "email", "url", "mac", "uuid")
_SHAPED: Final = """
SELECT shape AS text, shape, count(*) AS rows, min(epoch_ns(ts)) AS first, max(epoch_ns(ts)) AS last,
    count(*) - count(ts) AS undated
FROM records WHERE shape IS NOT NULL GROUP BY shape
UNION ALL
SELECT regexp_replace(text, '[0-9]+', '0', 'g') AS text, NULL AS shape, count(*) AS rows,
    min(epoch_ns(ts)) AS first, max(epoch_ns(ts)) AS last, count(*) - count(ts) AS undated
FROM records WHERE shape IS NULL GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """What ``summary`` takes besides the selection."""

    top: int = opt("--top", default=10, help="Rows of each section.", metavar="N")


def summary(engine: Engine, options: SummaryOptions, progress: Progress) -> Result:
    """Tell what the records are: levels, sources, patterns, what they name.

    Sections: ``level`` by the words in a record (ERROR, WARN, DEBUG, else INFO); ``source``; ``pattern``, the most
    frequent templates; ``rare``, the least frequent; ``error``, the most frequent of level ERROR; ``ip``, ``ipv6``,
    ``email``, ``url``, ``mac``, ``uuid``, the most frequent values. First and last are times of records. The hidden
    column ``example`` holds a record of each pattern.
    """
    from twsla.query.scratch import derived_table, scratch_table
    from twsla.query.templates import template_key

    if options.top < 1:
        raise UsageError(f"--top {options.top} would show nothing", hint="give a number from 1 on")
    key = template_key(engine)
    shapes = scratch_table(engine, _SHAPED)
    kinds = derived_table(
        engine,
        f"SELECT {key.expression} AS template, {level_sql('records.text')} AS level, records.* "  # noqa: S608  # ours
        f"FROM {shapes} AS records {key.join}",
    )
    total, undated, first, last = engine.execute(
        f"SELECT coalesce(sum(rows), 0)::BIGINT, coalesce(sum(undated), 0)::BIGINT, min(first), max(last) FROM {kinds}"  # noqa: S608
    )[0]
    rows: list[tuple[Any, ...]] = []
    for section, items in _sections(engine, kinds, key, options.top, progress):
        rows += [(section, *item) for item in items]
    return Result(
        title="Summary",
        columns=COLUMNS,
        rows=ArrowRows(_table(rows, total)),
        facts=_facts(engine, kinds, total, undated, first, last),
        notes=_notes(engine, key),
    )


def _sections(
    engine: Engine, kinds: str, key: TextKey, top: int, progress: Progress
) -> Iterable[tuple[str, list[tuple[Any, ...]]]]:
    """Each section with its items: text, count, first and last in nanoseconds, example."""
    levels = {row[0]: row for row in engine.execute(_grouped(kinds, "level"))}
    yield "level", [(*levels[level], None) for level in LEVELS if level in levels]
    progress.check()
    sources = engine.fetch(
        "SELECT source, count(*) AS rows, min(epoch_ns(ts)), max(epoch_ns(ts)) FROM records "  # noqa: S608  # a number
        f"GROUP BY source ORDER BY rows DESC, source LIMIT {top}"
    )
    yield "source", [(*row, None) for row in sources]
    progress.check()
    for section, order, condition in (
        ("pattern", "rows DESC", "true"),
        ("rare", "rows", "true"),
        ("error", "rows DESC", "level = 'ERROR'"),
    ):
        found = engine.execute(f"{_grouped(kinds, 'template', condition)} ORDER BY {order}, template LIMIT {top}")
        yield section, _with_examples(engine, kinds, found)
        progress.check()
    for name in OBSERVED:
        yield name, _observed(engine, name, top)
        progress.check()


def _grouped(kinds: str, column: str, condition: str = "true") -> str:
    return (
        f"SELECT {column}, sum(rows)::BIGINT AS rows, min(first), max(last) FROM {kinds} "  # noqa: S608  # our names
        f"WHERE {condition} GROUP BY {column}"
    )


def _with_examples(engine: Engine, kinds: str, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The items with the first text of one shape of each."""
    shapes = dict(
        engine.execute(
            f"SELECT template, min(shape) FROM {kinds} WHERE template IN (SELECT unnest($wanted)) GROUP BY template",  # noqa: S608
            {"wanted": [row[0] for row in found]},
        )
    )
    wanted = [shape for shape in shapes.values() if shape is not None]
    texts: dict[str, str] = {}
    if wanted:
        sql = "SELECT shape, min(text) FROM records WHERE shape IN (SELECT unnest($wanted)) GROUP BY shape"
        texts = dict(engine.fetch(sql, {"wanted": wanted}))
    return [(*row, texts.get(shapes.get(row[0]) or "")) for row in found]


def _observed(engine: Engine, name: str, top: int) -> list[tuple[Any, ...]]:
    from twsla.model.extraction import parse_extraction
    from twsla.query.keys import compile_keys

    keys = compile_keys(engine, [parse_extraction(name, position=None, name="")])
    sql = f"SELECT k0, count FROM ({keys.counted()}) WHERE k0 IS NOT NULL ORDER BY count DESC, k0 LIMIT {top}"  # noqa: S608
    return [(value, count, None, None, None) for value, count in engine.fetch(sql, keys.params)]


def _table(rows: list[tuple[Any, ...]], total: int) -> Any:
    import pyarrow as pa

    moment = pa.timestamp("ns", tz="UTC")
    sections, items, counts, firsts, lasts, examples = zip(*rows, strict=True) if rows else ((),) * 6
    return pa.table(
        {
            "section": pa.array(sections, pa.string()),
            "item": pa.array(items, pa.string()),
            "count": pa.array(counts, pa.int64()),
            "share": pa.array([round(100 * count / total, 2) for count in counts], pa.float64()),
            "first": pa.array(firsts, pa.int64()).cast(moment),
            "last": pa.array(lasts, pa.int64()).cast(moment),
            "example": pa.array(examples, pa.string()),
        }
    )


def _facts(
    engine: Engine, kinds: str, total: int, undated: int, first: int | None, last: int | None
) -> tuple[Fact, ...]:
    templates, shapes = engine.execute(f"SELECT count(DISTINCT template), count(*) FROM {kinds}")[0]  # noqa: S608
    facts = [
        Fact("hits", "Hits", total, Kind.COUNT),
        records_fact(engine),
        Fact("undated", "Undated", undated, Kind.COUNT),
    ]
    if first is not None and last is not None:
        facts += [
            Fact("first", "First", first, Kind.TIME),
            Fact("last", "Last", last, Kind.TIME),
            Fact("span", "Span", last - first, Kind.DURATION),
        ]
    return (*facts, Fact("patterns", "Patterns", templates, Kind.COUNT), Fact("shapes", "Shapes", shapes, Kind.COUNT))


def _notes(engine: Engine, key: TextKey) -> tuple[Note, ...]:
    notes = list(key.notes)
    outside = engine.selected.undated_rows
    if outside:
        notes.append(Note(f"{outside:,} records without a time stamp are not in the time range and were not searched"))
    problems = [f"{source.name}: {problem}" for source in engine.store.sources for problem in source.problems]
    if problems:
        notes.append(
            Note(f"{len(problems):,} problems were met at import, see 'twsla sources'; the first: {problems[0]}")
        )
    return tuple(notes)


analysis = Analysis(name="summary", options=SummaryOptions, run=summary, example="twsla summary --top 5")
