"""The anomaly analysis: records, or stretches of time, that are unlike the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import records_fact
from twsla.analysis.detectors import DETECTORS, check_detector
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Histogram, Scatter
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.analysis.anomaly_vectors import Scored
    from twsla.progress import Progress
    from twsla.query.engine import Engine

MODES: Final = ("tfidf", "sql", "os", "dir", "walu", "number", "pattern", "rate")
COLUMNS: Final = (
    Column("text", "Log", Kind.LOG, share=8, heading="Log"),
    Column("score", "Score", Kind.SCORE, sort_key="r", heading="Score"),
    Column("ts", "Time", Kind.TIME, sort_key="t", hidden=True),
    Column("why", "Why", Kind.TEXT, hidden=True),
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)
_OWN: Final = ("score", "ts", "why")


@dataclass(frozen=True, slots=True)
class AnomalyOptions:
    """What ``anomaly`` takes besides the selection."""

    mode: str = opt("-m", "--mode", default="tfidf", choices=MODES, help="What records are judged by.")
    extract: str = opt(
        "-e",
        "--extract",
        default="",
        help="With -m number: the numbers between A and B only, or behind A.",
        metavar="A*B",
    )
    classic: bool = opt(
        "--classic", default=False, help="Vectors as those of earlier versions: by letter case, encoded, with numbers."
    )
    detector: str = opt(
        "--detector", default="iforest", choices=tuple(DETECTORS), help="Scores vectors; all but iforest need PyOD."
    )
    seed: int = opt(
        "--seed", default=1, help="Of what is random: another gives scores a little different.", metavar="N"
    )
    bucket: str = opt(
        "--bucket",
        default="",
        help="With -m pattern and rate: length of a bucket; rate: 60 seconds if nothing is said.",
        metavar="SECONDS",
    )
    threshold: float = opt(
        "--threshold", default=3.0, help="With -m rate: standard deviations from the baseline.", metavar="NUMBER"
    )
    baseline: str = opt(
        "--baseline",
        default="",
        help="With -m rate: buckets of this time range are what is normal, and the others are judged.",
        metavar="RANGE",
    )


def anomaly(engine: Engine, options: AnomalyOptions, progress: Progress) -> Result:
    """List records that are unlike the others, the worst first.

    Modes: ``tfidf`` judges records by their words; ``sql``, ``os`` and ``dir`` by what attacks on databases, systems
    and directories are written with; ``walu`` by the request of an access log; ``number`` by their numbers. These make
    a vector of each record, which a detector scores: an isolation forest of 1,000 trees, or one of PyOD.

    ``pattern`` finds records of rare templates, of templates at unusual times (bursts, and what comes after a long
    silence), and of grave ones. ``rate`` lists stretches of time with more or less records, errors or warnings than the
    others have.

    The hidden column ``why`` says what made the score.
    """
    _check(options)
    if options.mode == "rate":
        from twsla.analysis.anomaly_rate import rate

        return rate(engine, options.bucket, options.threshold, options.baseline)
    if options.mode == "pattern":
        from twsla.analysis.anomaly_pattern import pattern

        return _result(engine, pattern(engine, options.bucket), "pattern")
    from twsla.analysis.anomaly_vectors import scored, vectors_of

    check_detector(options.detector)
    searched = _searched(engine, options)
    progress.message("vectors")
    vectors = vectors_of(searched, options.mode, classic=options.classic, extract=options.extract)
    progress.check()
    progress.message("scores")
    result = _result(searched, scored(searched, vectors, options.detector, options.seed), options.mode)
    facts = (
        Fact("vectors", "Vectors", len(vectors.counts), Kind.COUNT),
        Fact("detector", "Detector", options.detector),
        Fact("seed", "Seed", options.seed, Kind.COUNT),
    )
    return replace(result, facts=(*result.facts, *facts))


def _searched(engine: Engine, options: AnomalyOptions) -> Engine:
    """With no other filter ``-e`` is one itself."""
    if options.mode != "number" or not options.extract or engine.query.is_selective:
        return engine
    from twsla.model.filters import parse_filters

    filters = parse_filters(
        simple=options.extract, regex="", inverted="", arguments=(), ignore_case=engine.query.ignore_case
    )
    return engine.narrowed(filters)


def _check(options: AnomalyOptions) -> None:
    if options.extract and options.mode != "number":
        raise UsageError("-e is for numbers", hint="add -m number")
    if options.bucket and options.mode not in {"pattern", "rate"}:
        raise UsageError("--bucket is about time", hint="add -m pattern or -m rate")
    if options.baseline and options.mode != "rate":
        raise UsageError("--baseline is about stretches of time", hint="add -m rate")
    if options.seed < 0 or options.seed >= 1 << 32:
        raise UsageError(f"--seed {options.seed} is not between 0 and 4294967295", hint="give another")
    if not 0 < options.threshold < float("inf"):
        raise UsageError(f"--threshold {options.threshold} is no number above 0", hint="such as 3")


def _result(engine: Engine, found: Scored, mode: str) -> Result:
    from twsla.query.placed import PlacedRows

    rows = PlacedRows(engine, found.table, _OWN)
    notes = list(found.notes)
    outside = engine.selected.undated_rows
    if outside:
        notes.append(Note(f"{outside:,} records without a time stamp are not in the time range and were not searched"))
    return Result(
        title=f"Anomaly ({mode})",
        columns=COLUMNS,
        rows=rows,
        facts=(Fact("hits", "Hits", len(rows), Kind.COUNT), records_fact(engine), Fact("mode", "Mode", mode)),
        charts=(Histogram("score"), Scatter(x="ts", y="score")) if len(rows) else (),
        notes=tuple(notes),
    )


analysis = Analysis(name="anomaly", options=AnomalyOptions, run=anomaly, example="twsla anomaly -m pattern --limit 5")
