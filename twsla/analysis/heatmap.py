"""The heatmap analysis: at which hours of which days records lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import bucket_sql, records_fact, undated_notes
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Heatmap
from twsla.model.durations import NS_PER_S
from twsla.model.result import ArrowRows, Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HeatmapOptions:
    """What ``heatmap`` takes besides the selection."""

    week: bool = opt("-w", "--week", default=False, help="Hours of the days of the week, instead of dates.")
    calendar: bool = opt("--calendar", default=False, help="Days of weeks, for long periods.")


def heatmap(engine: Engine, options: HeatmapOptions, progress: Progress) -> Result:
    """Count records by date and hour.

    Hours and days are those of the local clock of ``--tz``; an hour that the clock shows twice is one row. Only hours
    with records are listed. ``--week`` adds up the same hours of the same weekday, Sunday first; ``--calendar`` counts
    days, with the Monday their week begins on.
    """
    from twsla.query.buckets import make_buckets
    from twsla.query.totals import time_span

    if options.week and options.calendar:
        raise UsageError("--week and --calendar are two different views", hint="give one of them")
    first, last = time_span(engine) or (0, 0)
    step = (24 if options.calendar else 1) * 3600 * NS_PER_S
    buckets = make_buckets(step, engine.query.zone, first, last)
    counted = engine.fetch(
        f"SELECT {bucket_sql(buckets)} AS bucket, count(*) "  # noqa: S608  # numbers
        "FROM (SELECT epoch_ns(ts) AS ns FROM records) GROUP BY bucket"
    )
    undated = sum(count for start, count in counted if start is None)
    starts = {start: count for start, count in counted if start is not None}
    local = _local_times(engine.query.zone, starts)
    if options.calendar:
        return _result(engine, _by_day(local), ("week", "weekday", "date"), undated)
    if options.week:
        return _result(engine, _by_weekday(local), ("weekday", "hour"), undated)
    return _result(engine, _by_date(local), ("date", "hour"), undated)


def _local_times(zone: str, starts: dict[int, int]) -> list[tuple[datetime, int]]:
    """What the clock showed when each bucket began, and the records of that bucket."""
    from twsla.model.moments import find_zone

    rules = find_zone(zone)
    return [
        ((_EPOCH + timedelta(seconds=start // NS_PER_S)).astimezone(rules), count)
        for start, count in sorted(starts.items())
    ]


def _by_date(local: list[tuple[datetime, int]]) -> dict[tuple[object, ...], int]:
    cells: dict[tuple[object, ...], int] = {}
    for at, count in local:
        cell = (f"{at:%Y/%m/%d}", at.hour)
        cells[cell] = cells.get(cell, 0) + count
    return cells


def _by_weekday(local: list[tuple[datetime, int]]) -> dict[tuple[object, ...], int]:
    cells: dict[tuple[int, int], int] = {}
    for at, count in local:
        cell = (at.isoweekday() % 7, at.hour)
        cells[cell] = cells.get(cell, 0) + count
    return {(WEEKDAYS[day], hour): count for (day, hour), count in sorted(cells.items())}


def _by_day(local: list[tuple[datetime, int]]) -> dict[tuple[object, ...], int]:
    cells: dict[tuple[object, ...], int] = {}
    for at, count in local:
        monday = at - timedelta(days=at.weekday())
        cell = (f"{monday:%Y/%m/%d}", WEEKDAYS[at.isoweekday() % 7], f"{at:%Y/%m/%d}")
        cells[cell] = cells.get(cell, 0) + count
    return cells


_TITLES: Final = {"date": "Date", "weekday": "Weekday", "week": "Week", "hour": "Hour"}


def _result(engine: Engine, cells: dict[tuple[object, ...], int], names: tuple[str, ...], undated: int) -> Result:
    import pyarrow as pa

    hits = sum(cells.values())
    columns = [
        Column(
            name,
            _TITLES[name],
            Kind.COUNT if name == "hour" else Kind.TEXT,
            sort_key="k" if position == 0 else None,
            order=("weekday_no",) if name == "weekday" else (),
            heading=_TITLES[name],
        )
        for position, name in enumerate(names)
    ]
    types = {"hour": pa.int64()}
    arrays = {
        name: pa.array([cell[position] for cell in cells], types.get(name, pa.string()))
        for position, name in enumerate(names)
    }
    arrays["count"] = pa.array(cells.values(), pa.int64())
    if "weekday" in arrays:
        columns.append(Column("weekday_no", "Day", Kind.COUNT, hidden=True))
        begin = WEEKDAYS.index("Monday") if "week" in names else 0  # the days of a row or column of one week in order
        numbers = [(WEEKDAYS.index(day) - begin) % len(WEEKDAYS) for day in arrays["weekday"].to_pylist()]
        arrays["weekday_no"] = pa.array(numbers, pa.int64())
    facts = [Fact("rows", "Rows", len(cells), Kind.COUNT), Fact("hits", "Hits", hits, Kind.COUNT), records_fact(engine)]
    if cells:
        facts.append(Fact("mean", "Mean", hits / len(cells), Kind.NUMBER))
    return Result(
        title="Heatmap",
        columns=(*columns, Column("count", "Count", Kind.COUNT, sort_key="c", heading="Count")),
        rows=ArrowRows(pa.table(arrays)),
        facts=tuple(facts),
        charts=(Heatmap(x=names[0], y=names[1], value="count"),),
        notes=undated_notes(engine, undated),
    )


analysis = Analysis(
    name="heatmap", options=HeatmapOptions, run=heatmap, example="twsla heatmap --week 'Failed password'"
)
