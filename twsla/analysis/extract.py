"""The extract analysis: one value of each record, over time."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.analysis.bucketing import buckets_of, records_fact, undated_notes
from twsla.analysis.extracting import ValueOptions
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Histogram, Line
from twsla.model.result import Action, Column, Fact, Kind, Note, Result
from twsla.options import opt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.progress import Progress
    from twsla.query.engine import Engine
    from twsla.query.series import Series

_EXAMPLE_LENGTH = 40
"""Characters of a value that a note shows."""


@dataclass(frozen=True)
class StatisticsOptions:
    """What to tell about the values."""

    stats: bool = opt("--stats", default=False, help="Statistics of the values, instead of the values.")
    interval: str = opt(
        "-i", "--interval", default="", help="With --stats: of each 60 (seconds), 5m, 1h, 1d.", metavar="SECONDS"
    )


@dataclass(frozen=True)
class ExtractOptions(ValueOptions, StatisticsOptions):
    """What ``extract`` takes besides the selection."""


def extract(engine: Engine, options: ExtractOptions, progress: Progress) -> Result:
    """List a value of each record over time, with its changes.

    Delta is the difference to the number before, PS the same per second. Commas between groups of digits and units
    (``12ms``, ``3.4 GB``, ``45%``) are understood; numbers with different units of time or of bytes are turned into
    seconds or bytes. What is no number is listed, and left out of everything else.

    ``--stats`` gives the smallest and the largest value, mean, median, mode, variance and percentiles; with ``-i`` of
    each interval.
    """
    from twsla.query.buckets import parse_interval
    from twsla.query.enrich import open_lookup
    from twsla.query.fields import ask_for_fields
    from twsla.query.keys import compile_keys
    from twsla.query.series import make_series

    if len(options.extract) != 1:
        given = f"-e is given {len(options.extract)} times" if options.extract else "there is nothing to extract"
        raise UsageError(given, hint="give one: -e ip, -e 'time=%{number}', -e json -n '$.size'")
    interval_ns = parse_interval(options.interval)
    extractions = options.extractions()
    (info,) = options.infos(extractions)
    ask_for_fields(engine, extractions)
    with ExitStack() as opened:
        lookup = opened.enter_context(closing(open_lookup(info, options))) if info else None
        keys = compile_keys(engine, extractions)
        series = make_series(engine, keys, lookup, progress)
        notes = [*keys.notes, *(lookup.notes() if lookup else ())]
    result = _result(series, options, interval_ns)
    return replace(result, notes=(*result.notes, *number_notes(series), *undated_notes(engine, 0), *notes))


def _result(series: Series, options: ExtractOptions, interval_ns: int | None) -> Result:
    from twsla.analysis.statistics import statistics, statistics_over_time

    (title,) = options.titles("Value")
    if options.stats and interval_ns is not None:
        return statistics_over_time(series, buckets_of(series.engine, interval_ns), title)
    if options.stats:
        return statistics(series, title)
    result = replace(_listed(series, title), title=f"Extract {options.titles(options.extract[0])[0]}")
    if interval_ns is None:
        return result
    return replace(result, notes=(Note("the interval (-i) had no effect without --stats"),))


def _listed(series: Series, title: str) -> Result:
    """The values one by one, in order of time; the statistics are an action away."""

    def show_statistics(row: Mapping[str, object] | None, progress: Progress) -> Result:
        from twsla.analysis.statistics import statistics

        return statistics(series, title)

    unit, mean = series.scale.unit, series.mean()
    facts = [
        Fact("values", "Values", series.values, Kind.COUNT),
        Fact("numbers", "Numbers", series.numbers, Kind.COUNT),
        records_fact(series.engine),
    ]
    if mean is not None:
        facts.append(Fact("mean", "Mean", mean, Kind.NUMBER))
    if unit:
        facts.append(Fact("unit", "Unit", unit))
    return Result(
        title="Extract",
        columns=(
            Column("ts", "Time", Kind.TIME, sort_key="t", heading="Time"),
            Column("value", title, Kind.TEXT, sort_key="v", share=2, heading=title),
            Column("delta", "Delta", Kind.NUMBER, sort_key="d", heading="Delta", unit=unit),
            Column("ps", "PS", Kind.NUMBER, sort_key="p", heading="PS", unit=f"{unit}/s" if unit else "1/s"),
            Column("number", title, Kind.NUMBER, hidden=True, unit=unit),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
            Column("offset", "Offset", Kind.COUNT, hidden=True),
        ),
        rows=series.rows(),
        facts=tuple(facts),
        charts=(Line(x="ts", y=("number",)), Histogram("number")) if series.numbers else (),
        actions=(Action("i", "Statistics", show_statistics),),
    )


def number_notes(series: Series) -> tuple[Note, ...]:
    """What must be said about values and their numbers: what was left out, turned into another unit, understood."""
    notes = []
    unread = series.values - series.numbers
    if unread:
        examples = ", ".join(f"'{_shortened(value)}' ({count:,})" for value, count in series.not_numbers())
        more = " …" if unread > sum(count for _, count in series.not_numbers()) else ""
        notes.append(
            f"{unread:,} of {series.values:,} values are not numbers and are left out of Delta, PS and statistics: "
            f"{examples}{more}"
        )
    if series.scale.others:
        others = _in_units(series, series.scale.others)
        notes.append(f"that includes numbers in other units than the rest: {others}")
    if len(series.scale.units) > 1:
        notes.append(
            f"numbers are in {_in_units(series, series.scale.units)}: all were turned into {series.scale.unit}"
        )
    if series.separated:
        notes.append(f"{series.separated:,} numbers have commas, taken for separators of thousands")
    undated = series.values - series.dated
    if undated:
        notes.append(
            f"{undated:,} values are of records without a time stamp: they have no Delta and PS and are in no interval"
        )
    return tuple(map(Note, notes))


def _in_units(series: Series, names: tuple[str, ...]) -> str:
    return ", ".join(f"{name or 'no unit'} ({series.units[name]:,})" for name in names)


def _shortened(value: str) -> str:
    return value if len(value) <= _EXAMPLE_LENGTH else f"{value[:_EXAMPLE_LENGTH]}…"


analysis = Analysis(
    name="extract",
    options=ExtractOptions,
    run=extract,
    example="twsla extract -e 'port %{number}' -n Port --limit 10 'Failed password'",
)
