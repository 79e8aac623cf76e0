"""The tfidf analysis: records that are like no others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.analysis.bucketing import records_fact
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Histogram, Scatter
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    import numpy as np

    from twsla.analysis.rare import Passes
    from twsla.analysis.similarity import Comparison
    from twsla.progress import Progress
    from twsla.query.engine import Engine

COLUMNS: Final = (
    Column("text", "Log", Kind.LOG, share=8, heading="Log"),
    Column("min", "Min", Kind.NUMBER, sort_key="i", heading="Min"),
    Column("mean", "Mean", Kind.NUMBER, sort_key="e", heading="Mean"),
    Column("max", "Max", Kind.NUMBER, sort_key="a", heading="Max"),
    Column("ts", "Time", Kind.TIME, sort_key="t", hidden=True),
    Column("nearest", "Nearest", Kind.LOG, hidden=True),
    Column("terms", "Rare terms", Kind.TEXT, hidden=True),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)
_OWN: Final = ("min", "mean", "max", "ts", "nearest", "terms")
_TERMS: Final = 8
_DIGITS: Final = 9
"""Of a mean: what follows may depend on how the records come in batches."""


@dataclass(frozen=True, slots=True)
class TfidfOptions:
    """What ``tfidf`` takes besides the selection."""

    threshold: float = opt(
        "-l", "--threshold", default=0.5, help="Records are alike if they are more similar than this.", metavar="NUMBER"
    )
    count: int = opt("-c", "--count", default=0, help="How many others a rare record may be like.", metavar="N")
    top: int = opt(
        "-n", "--top", default=0, help="The N rarest records, whatever -l and -c say; the rarest first.", metavar="N"
    )
    idf: bool = opt("--idf", default=False, help="Rare terms weigh more than frequent ones.")


def tfidf(engine: Engine, options: TfidfOptions, progress: Progress) -> Result:
    """List records that are like no others.

    Two records are as similar as the cosine of the counts of their terms says: 1 for the same terms, 0 for none in
    common. Listed are the records that at most ``-c`` others are more similar to than ``-l``. Min, Mean and Max are
    those of the similarity to all other records. With ``--idf`` a term in n of N records weighs
    1 + ln((1 + N) / (1 + n)).

    The hidden columns ``nearest`` and ``terms`` say why: the text of the most similar record, and the terms that the
    fewest records have, with the number of records.
    """
    from twsla.analysis.idf import Frequencies
    from twsla.analysis.rare import Passes, rare_records, rarest_records
    from twsla.query.placed import PlacedRows

    _check(options)
    passes = Passes(engine, progress)
    if options.idf:
        frequencies = Frequencies()
        for batch in passes.batches():
            frequencies.add(batch.terms)
        passes.weights = frequencies
    if options.top:
        comparison = rarest_records(passes, options.top)
    else:
        comparison = rare_records(passes, options.threshold, options.count)
    rows = PlacedRows(engine, _table(passes, comparison, options.top), _OWN)
    return Result(
        title="TF-IDF",
        columns=COLUMNS,
        rows=rows,
        facts=(
            Fact("rows", "Rows", len(rows), Kind.COUNT),
            Fact("hits", "Hits", passes.seen, Kind.COUNT),
            records_fact(engine),
        ),
        charts=(Histogram("max"), Scatter(x="ts", y="max")) if len(rows) else (),
        notes=_notes(engine, passes),
    )


def _check(options: TfidfOptions) -> None:
    if not math.isfinite(options.threshold):
        raise UsageError(f"--threshold {options.threshold} is no similarity", hint="give a number from 0 to 1")
    for value, flag in ((options.count, "--count"), (options.top, "--top")):
        if value < 0:
            raise UsageError(f"{flag} {value} is less than none", hint="give a number from 0 on")


def _notes(engine: Engine, passes: Passes) -> tuple[Note, ...]:
    notes = []
    if passes.without:
        notes.append(
            Note(f"{passes.without:,} records have no terms (but for stop words), and were compared with nothing")
        )
    outside = engine.selected.undated_rows
    if outside:
        notes.append(Note(f"{outside:,} records without a time stamp are not in the time range and were not searched"))
    return tuple(notes)


def _table(passes: Passes, comparison: Comparison, top: int) -> str:
    """A scratch table of the rows, in order."""
    from twsla.analysis.rare import place_of

    keys = [int(key) for key in comparison.keys]
    own = passes.read(comparison.keys, 'epoch_ns(ts), source, "offset"')
    means = comparison.means().round(_DIGITS)
    lone = comparison.compared < 2
    rows = []
    for place, key in enumerate(keys):
        ns, source, offset = own[key]
        scores = [None] * 3 if lone else [float(each[place]) for each in (comparison.least, means, comparison.most)]
        rows.append((ns, source, offset, scores, place, key))
    rows.sort(key=lambda row: (row[0] is None, row[0] or 0, row[1], row[2]))
    if top:
        rows.sort(key=lambda row: -1.0 if row[3][2] is None else row[3][2])
        del rows[top:]
    places = [row[4] for row in rows]
    nearest = comparison.nearest[places]
    texts = passes.read(nearest[nearest >= 0], "text")
    terms = _rare_terms(comparison, places)
    engine = passes.engine
    name = engine.scratch_name()
    columns = {
        "ns": ("BIGINT", [row[0] for row in rows]),
        "min": ("DOUBLE", [row[3][0] for row in rows]),
        "mean": ("DOUBLE", [row[3][1] for row in rows]),
        "max": ("DOUBLE", [row[3][2] for row in rows]),
        "nearest": ("VARCHAR", [texts[key][0] if key >= 0 else None for key in nearest.tolist()]),
        "terms": ("VARCHAR", terms),
        "_file": ("INTEGER", [place_of(row[5])[0] for row in rows]),
        "_row": ("BIGINT", [place_of(row[5])[1] for row in rows]),
    }
    lists = ", ".join(f"unnest(${name}::{kind}[]) AS {name}" for name, (kind, _) in columns.items())
    engine.execute(
        f"CREATE TABLE {name} AS SELECT make_timestamp_ns(ns)::TIMESTAMPTZ_NS AS ts, * EXCLUDE (ns) FROM (SELECT {lists})",  # noqa: S608, E501
        {column: values for column, (_, values) in columns.items()},
    )
    return name


def _rare_terms(comparison: Comparison, places: list[int]) -> list[str]:
    """Of each record the terms that the fewest records have."""
    names = comparison.terms
    matrix = comparison.vectors.matrix
    texts = []
    for place in places:
        columns: np.ndarray[Any, Any] = matrix.indices[matrix.indptr[place] : matrix.indptr[place + 1]]
        found = sorted((int(comparison.having[column]), names[int(column)].as_py()) for column in columns)
        texts.append(" ".join(f"{term} ({count:,})" for count, term in found[:_TERMS]))
    return texts


analysis = Analysis(name="tfidf", options=TfidfOptions, run=tfidf, example="twsla tfidf -n 3")
