"""Counting by key: how many records have each value, or each combination of values, perhaps over time."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import buckets_of, records_fact, time_column, undated_notes
from twsla.model.charts import Bar, Line, Pie, Places
from twsla.model.extraction import ExtractionKind
from twsla.model.result import Column, Fact, Kind, Note, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.analysis.count import CountOptions
    from twsla.model.charts import Chart
    from twsla.model.extraction import Extraction
    from twsla.progress import Progress
    from twsla.query.buckets import Buckets
    from twsla.query.engine import Engine, Relation
    from twsla.query.keycounts import KeyCounts

_TITLES: Final = {
    ExtractionKind.NORMALIZE: "Normalized Pattern",
    ExtractionKind.TEMPLATE: "Template",
    ExtractionKind.WORD: "Word",
}


def count_by_key(
    engine: Engine, options: CountOptions, interval_ns: int | None, relation: Relation, progress: Progress
) -> Result:
    """Count the records with each value.

    Columns: time, where the bucket begins (with ``--by time`` only); key, or key1, key2 …; count. By count, the largest
    first, ties by key; over time by time before that.
    """
    from twsla.query.enrich import open_lookup
    from twsla.query.keycounts import count_keys
    from twsla.query.keys import compile_keys

    extractions = options.extractions()
    infos = options.infos(extractions)
    with ExitStack() as opened:
        lookups = [opened.enter_context(closing(open_lookup(kind, options))) if kind else None for kind in infos]
        keys = compile_keys(engine, extractions)
        buckets = buckets_of(engine, interval_ns) if options.by else None
        counts = count_keys(engine, keys, buckets, relation)
        asked = None if any(keys.many) else counts.records()
        notes = list(keys.notes)
        for place, lookup in enumerate(lookups):
            if lookup is not None:
                counts = counts.with_info(place, lookup, progress)
                notes += lookup.notes()
    if interval_ns is not None and buckets is None:
        notes.append(Note("the interval (-i) had no effect: values were counted, not times"))
    return _result(counts, options, extractions, buckets, asked, notes)


def _result(
    counts: KeyCounts,
    options: CountOptions,
    extractions: Sequence[Extraction],
    buckets: Buckets | None,
    asked: int | None,
    notes: Sequence[Note],
) -> Result:
    """The counts as a result.

    Args:
        counts: What was counted.
        options: Titles, and how many to list.
        extractions: Of each column of values.
        buckets: The time column's; None: there is none.
        asked: How many records were looked at for values; None: one may have several, and is counted several times.
        notes: Further ones.
    """
    from twsla.query.rows import SpooledRows

    engine = counts.engine
    columns = _key_columns(options, extractions, first_key="k" if buckets else "kt")
    top = options.top or None
    rows = SpooledRows(engine, counts.listed(tuple(column.name for column in columns), top))
    keys, hits = counts.largest()
    undated = counts.undated()
    facts = [
        Fact("keys", "Keys", keys, Kind.COUNT),
        Fact("hits", "Hits", hits, Kind.COUNT),
        records_fact(engine),
        Fact("mean", "Mean", hits / keys if keys else 0.0, Kind.NUMBER),
    ]
    if asked is not None:
        facts.append(Fact("without", "Without a value", asked - hits - undated, Kind.COUNT))
    return Result(
        title=f"Count by {', '.join(options.titles(options.extract[0]))}",
        columns=(
            *([time_column(buckets)] if buckets else []),
            *columns,
            Column("count", "Count", Kind.COUNT, sort_key="cd", heading="Count"),
            *(_PLACE_COLUMNS if counts.placed else ()),
        ),
        rows=rows,
        facts=tuple(facts),
        charts=_charts(columns, buckets, placed=counts.placed),
        notes=(*_top_notes(counts, top, keys, hits), *undated_notes(engine, undated), *notes),
    )


_PLACE_COLUMNS: Final = (
    Column("latitude", "Latitude", Kind.NUMBER, hidden=True, unit="°"),
    Column("longitude", "Longitude", Kind.NUMBER, hidden=True, unit="°"),
)


def _key_columns(options: CountOptions, extractions: Sequence[Extraction], first_key: str) -> tuple[Column, ...]:
    default = _TITLES.get(extractions[0].kind, "Key")
    columns = []
    for place, (title, extraction) in enumerate(zip(options.titles(default), extractions, strict=True), start=1):
        name = "key" if len(extractions) == 1 else f"key{place}"
        kind = Kind.LOG if extraction.kind in (ExtractionKind.NORMALIZE, ExtractionKind.TEMPLATE) else Kind.TEXT
        if extraction.observable and not extraction.ip_info and not options.ip:
            kind = Kind.OBSERVABLE
        columns.append(Column(name, title, kind, sort_key=first_key if place == 1 else None, share=4, heading=title))
    return tuple(columns)


def _charts(columns: Sequence[Column], buckets: Buckets | None, *, placed: bool) -> tuple[Chart, ...]:
    names = tuple(column.name for column in columns)
    if buckets is not None:
        step = buckets.interval_ns
        lines = (Line(x="time", y=("count",), split=names[0], step_ns=step),) if len(names) == 1 else ()
        return (*lines, Bar(x="time", y="count", split=names[0], step_ns=step))
    bar = Bar(x=names[0], y="count", split=names[1] if len(names) > 1 else None)
    places = (Places(latitude="latitude", longitude="longitude", label=names[0], value="count"),) if placed else ()
    return (bar, Pie(label=names, value="count"), *places)


def _top_notes(counts: KeyCounts, top: int | None, keys: int, hits: int) -> tuple[Note, ...]:
    if top is None or keys <= top:
        return ()
    _, listed = counts.largest(top)
    return (
        Note(
            f"only the {top:,} most frequent of {keys:,} keys are listed (--top); "
            f"the other {keys - top:,} have {hits - listed:,} of the {hits:,} hits"
        ),
    )
