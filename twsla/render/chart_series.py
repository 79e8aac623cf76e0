"""Lines, points and bars over time, read from the rows of a Result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.render.chart_sample import Sample, Spread
from twsla.render.chart_split import Split, read_split
from twsla.render.chart_values import Missing, Reader, axis_of, column_of, columns_read, is_additive, label_text
from twsla.render.drawings import OTHER, Axis, Bars, Points, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from twsla.model.charts import Bar, Line, Scatter
    from twsla.model.result import Column, Result
    from twsla.render.drawings import Floats, Numbers

MOST_SERIES = 8
"""Lines or stacked values told apart by colour; further ones are summed up as "Other"."""
MOST_DOTS = 10_000
MOST_BARS = 2_000
_MOST_TIMES = 2_000_000
"""Times for which the values of all series are held at once, so that each has a value at each."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the reading of a chart depends on besides the rows."""

    zone: str
    intervals: int
    """Of the x axis of long series; at least the columns of pixels."""


def line_points(chart: Line, result: Result, window: Window) -> Points:
    """The points of a line chart, thinned out so that peaks stay."""
    x = Reader(column_of(result, chart.x), window.zone)
    if chart.split is not None:
        return _split_lines(chart, chart.split, result, x, window)
    readers = [Reader(column_of(result, name), window.zone) for name in chart.y]
    samples = [Sample(window.intervals) for _ in readers]
    missing = Missing()
    for piece in columns_read(result, [chart.x, *chart.y]):
        xs, known = missing.read(x, piece)
        for reader, sample in zip(readers, samples, strict=True):
            ys, there = missing.read(reader, piece)
            sample.add(xs[known], _with_gaps(ys, there)[known])
    series = tuple(_series(reader, sample, chart.step_ns) for reader, sample in zip(readers, samples, strict=True))
    return Points(
        chart.title, x.finished_axis(), _shared_axis(readers), series, True, (*missing.notes(), *_thinned(samples))
    )


def _shared_axis(readers: Sequence[Reader]) -> Axis:
    """The y axis of several columns; its title is theirs if there is one, else the legend tells."""
    first = readers[0].finished_axis()
    if len(readers) == 1:
        return first
    units = {reader.axis.unit for reader in readers}
    return Axis("", first.kind, units.pop() if len(units) == 1 else "", first.zone)


def _series(reader: Reader, sample: Sample, step_ns: int | None) -> Series:
    x, y = _drawn(sample, step_ns, is_additive(reader.column))
    return Series(reader.axis.label, y, x)


def _drawn(sample: Sample, step_ns: int | None, adds: bool) -> tuple[Numbers, Floats]:
    """The points of a sample; where intervals have no row, 0 for counts and a gap for anything else."""
    return sample.points() if step_ns is None else sample.unbroken(step_ns, 0.0 if adds else math.nan)


def _split_lines(chart: Line, split: str, result: Result, x: Reader, window: Window) -> Points:
    y = column_of(result, chart.y[0])
    found = read_split(result, split, y.name, MOST_SERIES, zone=window.zone)
    matrix = _matrix(result, x, y, found) if is_additive(y) else None
    if matrix is not None:
        names = [*found.names, *([other_name(found)] if found.others else [])]
        samples = [Sample(window.intervals) for _ in names]
        for sample, each in zip(samples, matrix.values, strict=True):
            sample.add(matrix.xs, each)
        notes = matrix.notes
    else:
        names = list(found.names)
        samples, notes = _split_samples(result, x, Reader(y, window.zone), found, window)
    drawn = [_drawn(sample, chart.step_ns, is_additive(y)) for sample in samples]
    series = tuple(
        Series(name, ys, xs, is_other=place >= len(found.names))
        for place, (name, (xs, ys)) in enumerate(zip(names, drawn, strict=True))
    )
    notes = (*notes, *_thinned(samples))
    return Points(chart.title, x.finished_axis(), axis_of(y, window.zone), series, True, notes)


def _split_samples(
    result: Result, x: Reader, y: Reader, found: Split, window: Window
) -> tuple[list[Sample], tuple[str, ...]]:
    """The rows of each series by themselves; those of the others are left out."""
    samples, missing = [Sample(window.intervals) for _ in found.names], Missing()
    for piece in columns_read(result, [x.column.name, y.column.name, found.column]):
        xs, known = missing.read(x, piece)
        ys, there = missing.read(y, piece)
        codes = found.codes(piece)
        for code, sample in enumerate(samples):
            mine = known & (codes == code)
            sample.add(xs[mine], _with_gaps(ys, there)[mine])
    return samples, (*missing.notes(), *_left_out(found))


def other_name(found: Split) -> str:
    """``Other (12)``."""
    return f"{OTHER} ({found.others:,})"


def _left_out(found: Split) -> tuple[str, ...]:
    if not found.others:
        return ()
    drawn = len(found.names)
    return (f"{drawn} of {drawn + found.others:,} are drawn: those with the largest sums",)


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    """Sums by x and series, 0 where there is no row."""

    xs: Numbers
    values: Floats
    """(series, x); the last line is that of all others, if there are any."""
    notes: tuple[str, ...]


def _matrix(result: Result, x: Reader, y: Column, found: Split) -> _Matrix | None:
    """The sum of ``y`` at each x for each series; None where there are too many different x."""
    values, missing = Reader(y, x.axis.zone), Missing()
    sums = _Sums(len(found.names) + bool(found.others))
    for piece in columns_read(result, [x.column.name, y.name, *([found.column] if found.column else [])]):
        xs, known = missing.read(x, piece)
        ys, there = missing.read(values, piece)
        mine = known & there
        sums.add(xs[mine], found.codes(piece)[mine], ys[mine])
        if len(sums.xs) > _MOST_TIMES:
            return None
    return _Matrix(sums.xs, sums.values, missing.notes())


class _Sums:
    """Sums by x and series."""

    def __init__(self, series: int) -> None:
        import numpy as np

        self.xs: Numbers = np.empty(0)
        self.values: Floats = np.empty((series, 0))

    def add(self, xs: Numbers, codes: NDArray[np.int64], amounts: Floats) -> None:
        import numpy as np

        if not len(xs):
            return
        old = self.xs.astype(xs.dtype)
        merged, places = np.unique(np.concatenate([old, xs]), return_inverse=True)
        series = len(self.values)
        grown = np.zeros((series, len(merged)))
        grown[:, places[: len(old)]] = self.values
        flat = np.bincount(codes * len(merged) + places[len(old) :], weights=amounts, minlength=series * len(merged))
        self.xs, self.values = merged, grown + flat.reshape(series, len(merged))


def scatter_points(chart: Scatter, result: Result, window: Window) -> Points:
    """The points of a scatter plot; of those on one spot the first."""
    x, y = (Reader(column_of(result, name), window.zone) for name in (chart.x, chart.y))
    spread, missing = Spread(MOST_DOTS), Missing()
    for piece in columns_read(result, [chart.x, chart.y]):
        xs, known = missing.read(x, piece)
        ys, there = missing.read(y, piece)
        spread.add(xs[known & there], ys[known & there])
    xs, ys = spread.points()
    notes = missing.notes()
    if len(xs) < spread.total:
        notes = (*notes, f"{len(xs):,} of {spread.total:,} points are drawn: those on one spot once")
    return Points(chart.title, x.finished_axis(), y.finished_axis(), (Series(y.axis.label, ys, xs),), False, notes)


def time_bars(chart: Bar, result: Result, window: Window) -> Bars:
    """Bars at times; where there are more than can be drawn, the highest of each interval."""
    x, y = Reader(column_of(result, chart.x), window.zone), column_of(result, chart.y)
    found = Split("", (), (label_text(y.title),), 0)
    if chart.split is not None:
        found = read_split(result, chart.split, chart.y, MOST_SERIES, zone=window.zone)
    matrix = _matrix(result, x, y, found) if is_additive(y) else None
    if matrix is None:
        return _single_bars(chart, result, x, y)
    names = [*found.names, *([other_name(found)] if found.others else [])]
    times, sums, notes, width = _highest(matrix.xs, list(matrix.values), chart.step_ns)
    series = tuple(
        Series(name, each, times, is_other=place >= len(found.names))
        for place, (name, each) in enumerate(zip(names, sums, strict=True))
    )
    return Bars(chart.title, x.axis, axis_of(y, window.zone), series, width, notes=(*matrix.notes, *notes))


def _highest(
    times: NDArray[np.int64], sums: Sequence[Floats], step_ns: int | None
) -> tuple[NDArray[np.int64], Sequence[Floats], tuple[str, ...], int]:
    """Times, values, notes and width of the bars to draw."""
    import numpy as np

    width = step_ns or bar_width(times)
    if len(times) <= MOST_BARS:
        return times, sums, (), width
    sample = Sample(MOST_BARS // 2, peaks_only=True)
    sample.add(times, np.sum(sums, axis=0))
    drawn, _ = sample.points()
    kept = np.searchsorted(times, drawn)
    notes = (f"{len(kept):,} of {len(times):,} bars are drawn: the highest of each interval",)
    return drawn, [each[kept] for each in sums], notes, max(width, (int(drawn[-1]) - int(drawn[0])) // len(drawn))


def _single_bars(chart: Bar, result: Result, x: Reader, y: Column) -> Bars:
    """A bar for each row: where sums mean nothing, or there are too many times to sum up those that are equal."""
    values, missing = Reader(y, x.axis.zone), Missing()
    sample = Sample(MOST_BARS // 2, peaks_only=True)
    for piece in columns_read(result, [chart.x, chart.y]):
        xs, known = missing.read(x, piece)
        ys, there = missing.read(values, piece)
        sample.add(xs[known & there], ys[known & there])
    times, heights = sample.points()
    notes = missing.notes()
    if len(times) < sample.total:
        notes = (*notes, f"{len(times):,} of {sample.total:,} rows are drawn: the highest of each interval")
    distinct = times[:1] if not len(times) else times[[True, *(times[1:] != times[:-1])]]
    series = (Series(label_text(y.title), heights, times),)
    return Bars(chart.title, x.axis, values.axis, series, chart.step_ns or bar_width(distinct), notes=notes)


def bar_width(times: NDArray[np.int64]) -> int:
    """The time a bar stands for: the least distance between two; a minute where there is one bar alone."""
    import numpy as np

    # As unsigned numbers, because two times may be farther apart than an int64 holds.
    return int(np.diff(times.view(np.uint64)).min()) if len(times) > 1 else 60_000_000_000


def _with_gaps(values: Numbers, known: NDArray[np.bool_]) -> Floats:
    import numpy as np

    return np.where(known, values, np.nan)


def _thinned(samples: Sequence[Sample]) -> tuple[str, ...]:
    total = sum(sample.total for sample in samples)
    drawn = sum(len(sample.points()[0]) for sample in samples)
    if drawn == total:
        return ()
    return (f"{drawn:,} of {total:,} points are drawn: first, last, lowest and highest of each interval",)
