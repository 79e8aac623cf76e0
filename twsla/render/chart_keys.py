"""Bars and slices of keys, histograms, cells, networks and places, read from the rows of a Result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.cells import is_text
from twsla.render.chart_series import MOST_SERIES, Window, other_name
from twsla.render.chart_split import Split, read_split
from twsla.render.chart_totals import largest_totals
from twsla.render.chart_values import (
    Missing,
    Reader,
    axis_of,
    column_of,
    columns_read,
    is_additive,
    label_text,
    label_texts,
    rows_at,
)
from twsla.render.drawings import OTHER, Axis, Bars, Bins, Network, Series, Slices, Spots

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.model.charts import Bar, Graph, Histogram, Pie, Places
    from twsla.model.result import Column, Result
    from twsla.render.chart_totals import Totals
    from twsla.render.drawings import Floats

_KEY_SEPARATOR = " · "
"""Between the values of several columns that name one slice."""
MOST_BINS = 60
MOST_SPOTS = 500


def key_bars(chart: Bar, result: Result, window: Window) -> Bars:
    """Bars of keys, the largest first; numbers as keys in their own order. The rest is one bar, "Other"."""
    import numpy as np

    x, y = column_of(result, chart.x), column_of(result, chart.y)
    totals = largest_totals(result, [chart.x], chart.y, chart.top)
    table = rows_at(result, [chart.x], totals.rows.tolist())
    names = label_texts(table.column(chart.x), x.kind, window.zone)
    order = np.arange(len(names))
    if not is_text(x.kind) and not totals.others:
        order = np.argsort(Reader(x, window.zone).read(_as_batch(table))[0], kind="stable")
    parts = [(label_text(y.title), np.asarray(totals.sums), totals.others_sum, False)]
    if chart.split is not None:
        parts = _stacked(chart, chart.split, result, table.column(chart.x), totals, window)
    with_rest = bool(totals.others) and is_additive(y)
    keys = [names[place] for place in order] + ([_rest_name(totals.others)] if with_rest else [])
    series = tuple(
        Series(name, np.append(sums[order], [rest] if with_rest else []), np.arange(len(keys)), is_other)
        for name, sums, rest, is_other in parts
    )
    notes = (*_without_number(y, totals), *(() if with_rest else _top_note(len(names), totals.others, "keys")))
    return Bars(
        chart.title, _named(axis_of(x, window.zone), keys), axis_of(y, window.zone), series, 0, with_rest, notes
    )


def _stacked(
    chart: Bar, split: str, result: Result, keys: pa.ChunkedArray, totals: Totals, window: Window
) -> list[tuple[str, Floats, float, bool]]:
    """The parts of a bar: name, sums by key, sum over all other keys, whether it is that of the other values."""
    import numpy as np

    from twsla.render.cells import canonical_array

    y, x = column_of(result, chart.y), column_of(result, chart.x)
    parts = read_split(result, split, chart.y, MOST_SERIES, zone=window.zone)
    texts = tuple(canonical_array(keys, x.kind).to_pylist())
    bars = Split(chart.x, texts, texts, totals.others, x.kind)
    values = Reader(y, window.zone)
    lines = len(parts.names) + 1
    sums = np.zeros((lines, len(texts) + 1))
    for piece in columns_read(result, [chart.x, chart.y, split]):
        amounts, known = values.read(piece)
        places = parts.codes(piece) * (len(texts) + 1) + bars.codes(piece)
        found = np.bincount(places[known], weights=amounts[known], minlength=sums.size)
        sums += found.reshape(sums.shape)
    names = [*parts.names, *([other_name(parts)] if parts.others else [])]
    return [(name, sums[at, :-1], float(sums[at, -1]), at >= len(parts.names)) for at, name in enumerate(names)]


def pie_slices(chart: Pie, result: Result, window: Window) -> Slices:
    """The largest shares, and the rest as "Other"."""
    import numpy as np

    labels = [column_of(result, name) for name in chart.label]
    value = column_of(result, chart.value)
    totals = largest_totals(result, chart.label, chart.value, chart.top)
    drawn = totals.sums > 0
    rows = totals.rows[drawn]
    table = rows_at(result, chart.label, rows.tolist())
    texts = [label_texts(table.column(column.name), column.kind, window.zone) for column in labels]
    names = [label_text(_KEY_SEPARATOR.join(parts)) for parts in zip(*texts, strict=True)]
    sums = totals.sums[drawn]
    has_other = bool(totals.others) and totals.others_sum > 0
    notes = (*_without_number(value, totals), *_not_drawn(int(np.count_nonzero(~drawn)), "key", "without a share"))
    if has_other:
        names.append(_rest_name(totals.others))
        sums = np.append(sums, totals.others_sum)
    return Slices(chart.title, axis_of(value, window.zone), tuple(names), sums, has_other, notes)


def histogram_bins(chart: Histogram, result: Result, window: Window) -> Bins:
    """How many values fall into each of equal intervals; whole numbers never share one unequally."""
    import numpy as np

    reader = Reader(column_of(result, chart.value), window.zone)
    low, high, count, whole = np.inf, -np.inf, 0, True
    missing = Missing()
    for piece in columns_read(result, [chart.value]):
        values, known = missing.read(reader, piece)
        values = values[known].astype(np.float64)
        if len(values):
            low, high, count = min(low, values.min()), max(high, values.max()), count + len(values)
            whole = whole and bool(np.all(values == np.floor(values)))
    if not count:
        return Bins(chart.title, reader.finished_axis(), np.empty(0), np.empty(0), missing.notes())
    edges = bin_edges(float(low), float(high), count, chart.bins, whole=whole)
    if reader.is_time:
        edges = np.clip(edges, -(2.0**63), 2.0**63 - 1024)  # what an int64 holds
    counts = np.zeros(len(edges) - 1)
    for piece in columns_read(result, [chart.value]):
        values, known = reader.read(piece)
        counts += np.histogram(values[known].astype(np.float64), edges)[0]
    return Bins(chart.title, reader.finished_axis(), edges, counts, missing.notes())


def bin_edges(low: float, high: float, count: int, bins: int, *, whole: bool) -> Floats:
    """The edges of the intervals of a histogram.

    As many as asked for, else by the rule of Rice (twice the cube root of the number of values), at least 5 and at most
    ``MOST_BINS``. Of whole numbers an interval is a whole number wide and begins at one.
    """
    import numpy as np

    wanted = bins or int(min(MOST_BINS, max(5, np.ceil(2 * count ** (1 / 3)))))
    if low == high:
        half = max(0.5, abs(low) * 1e-6)
        return np.array([low - half, high + half])
    if whole and high - low < 1e15:
        width = max(1.0, np.ceil((high - low + 1) / wanted))
        return np.arange(low, high + 1 + width, width)[: int(np.floor((high - low) / width)) + 2]
    return np.linspace(low, high, wanted + 1)


def graph_network(chart: Graph, result: Result, window: Window) -> Network:
    """The heaviest edges and their nodes; a value seen on both sides is one node."""
    import numpy as np

    columns = [column_of(result, name) for name in (chart.source, chart.target)]
    weight = column_of(result, chart.weight)
    totals = largest_totals(result, [chart.source, chart.target], chart.weight, chart.top)
    heavy = totals.sums > 0
    notes = [*_without_number(weight, totals), *_top_note(len(totals.rows), totals.others, "edges")]
    notes += _not_drawn(int(np.count_nonzero(~heavy)), "edge", "without weight")
    table = rows_at(result, [chart.source, chart.target], totals.rows[heavy].tolist())
    ends = [label_texts(table.column(column.name), column.kind, window.zone) for column in columns]
    names = list(dict.fromkeys([*ends[0], *ends[1]]))
    places = {name: place for place, name in enumerate(names)}
    is_source, is_target = set(ends[0]), set(ends[1])
    groups = tuple(2 if name in is_source and name in is_target else int(name in is_target) for name in names)
    sources, targets = (np.array([places[name] for name in each], np.int64) for each in ends)
    if np.any(sources == targets):
        notes.append("a ring around a node is an edge to itself")
    titles = (label_text(columns[0].title), label_text(columns[1].title))
    axis, sums = axis_of(weight, window.zone), totals.sums[heavy]
    return Network(chart.title, tuple(names), groups, titles, sources, targets, sums, axis, tuple(notes))


def map_spots(chart: Places, result: Result, window: Window) -> Spots:
    """Places with their values, the largest first; rows of one place and label are summed up."""
    import numpy as np

    value, label = column_of(result, chart.value), column_of(result, chart.label)
    keys = [chart.latitude, chart.longitude, chart.label]
    totals = largest_totals(result, keys, chart.value, MOST_SPOTS)
    table = rows_at(result, keys, totals.rows.tolist())
    batch = _as_batch(table)
    latitude, has_latitude = Reader(column_of(result, chart.latitude), window.zone).read(batch)
    longitude, has_longitude = Reader(column_of(result, chart.longitude), window.zone).read(batch)
    placed = has_latitude & has_longitude & (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)
    known = placed & (totals.sums > 0)
    texts = label_texts(table.column(chart.label), label.kind, window.zone)
    names = tuple(text for text, there in zip(texts, known.tolist(), strict=True) if there)
    notes = (
        *_not_drawn(int(np.count_nonzero(~placed)), "place", "without a position"),
        *_not_drawn(int(np.count_nonzero(placed & ~known)), "place", "without a value above 0"),
        *_without_number(value, totals),
        *_top_note(len(totals.rows), totals.others, "places"),
    )
    axis = axis_of(value, window.zone)
    return Spots(chart.title, longitude[known], latitude[known], names, totals.sums[known], axis, notes)


def _not_drawn(count: int, what: str, why: str) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"{count:,} {what}{' ' if count == 1 else 's '}{why} {'is' if count == 1 else 'are'} not drawn",)


def _named(axis: Axis, names: list[str]) -> Axis:
    return Axis(axis.title, axis.kind, axis.unit, axis.zone, tuple(names))


def _rest_name(others: int) -> str:
    return f"{OTHER} ({others:,})"


def _top_note(drawn: int, others: int, what: str) -> tuple[str, ...]:
    return (f"{drawn:,} of {drawn + others:,} {what} are drawn: the largest",) if others else ()


def _without_number(column: Column, totals: Totals) -> tuple[str, ...]:
    missing = Missing()
    missing.add(column, totals.missing)
    return missing.notes()


def _as_batch(table: pa.Table) -> pa.RecordBatch:
    import pyarrow as pa

    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
