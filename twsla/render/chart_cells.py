"""Cells of a heat map, read from the rows of a Result; both axes complete where it is known what belongs on them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from twsla.model.result import Kind
from twsla.render.cells import is_text, plain_array, time_texts
from twsla.render.chart_values import (
    Missing,
    axis_of,
    column_of,
    columns_read,
    is_additive,
    label_text,
    label_texts,
    number_values,
    time_values,
)
from twsla.render.drawings import Axis, Cells
from twsla.render.values import number_display

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from twsla.model.charts import Heatmap
    from twsla.model.result import Column, Result
    from twsla.render.chart_series import Window
    from twsla.render.drawings import Floats

MOST_PLACES = 4_000
"""Rows or columns that a regular axis is filled up to."""
MOST_KEYS = 100
"""Rows or columns of keys; the rest is left out."""
_MOST_DIFFERENT = 50_000
"""Different values an axis can tell apart while it is read."""
_DATE = re.compile(r"(\d{4})([-/])(\d\d)\2(\d\d)")
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_HOURS = "hour"
"""A column of this name holds hours of the day: all 24 are shown."""
_WEEKS = "week"
"""A column of this name holds the days that weeks begin on."""


def heatmap_cells(chart: Heatmap, result: Result, window: Window) -> Cells:
    """A value for each pair: the sum of counts, the highest of anything else."""
    import numpy as np

    x, y, value = (column_of(result, name) for name in (chart.x, chart.y, chart.value))
    columns, lines, missing = _Different(x, window.zone), _Different(y, window.zone), Missing()
    adds = is_additive(value)
    cells = _Values(adds=adds)
    for piece in columns_read(result, [chart.x, chart.y, chart.value]):
        amounts, known = number_values(piece.column(value.name), value.kind)
        at_column, at_line = columns.places(piece), lines.places(piece)
        for column, there in ((value, known), (x, at_column >= 0), (y, at_line >= 0)):
            missing.add(column, int(np.count_nonzero(~there)))
        drawn = known & (at_column >= 0) & (at_line >= 0)
        cells.add(at_line[drawn], at_column[drawn], amounts[drawn])
    at_line, at_column, amounts = cells.cells()
    places_x, x_axis, left_x = _arranged(columns, at_column, amounts)
    places_y, y_axis, left_y = _arranged(lines, at_line, amounts)
    table = np.full((len(y_axis.names), len(x_axis.names)), 0.0 if adds else np.nan)
    if len(amounts):
        drawn = (places_y[at_line] >= 0) & (places_x[at_column] >= 0)
        table[places_y[at_line][drawn], places_x[at_column][drawn]] = amounts[drawn]
    table, x_axis, pooled = _pooled(table, x_axis, window.intervals)
    notes = (*missing.notes(), *filter(None, (left_x, left_y, pooled)))
    return Cells(chart.title, x_axis, y_axis, axis_of(value, window.zone), table, notes)


class _Different:
    """The different values of one column in the order in which they appear."""

    def __init__(self, column: Column, zone: str) -> None:
        self.column = column
        self.zone = zone
        self.found: dict[Any, int] = {}
        """Texts, or numbers, or times in nanoseconds; and the place of each."""

    def places(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """For each row the place of its value; -1 where it has none that can be told apart."""
        import numpy as np

        array, kind = batch.column(self.column.name), self.column.kind
        if is_text(kind):
            coded = plain_array(array, kind).dictionary_encode(null_encoding="encode")
            values: list[Any] = label_texts(coded.dictionary, kind, self.zone)
            codes, known = coded.indices.to_numpy(), np.ones(len(array), np.bool_)
        else:
            numbers, known = time_values(array) if kind is Kind.TIME else number_values(array, kind)
            # Ascending, not in order of appearance: numbers are sorted in the end.
            distinct, codes = np.unique(np.where(known, numbers, 0), return_inverse=True)
            values = distinct.tolist()
            values = [value if there else None for value, there in zip(values, _used(codes, known), strict=True)]
        places = np.array([self._place(value) for value in values] or [-1], np.int64)
        return np.where(known, places[codes], -1)

    def _place(self, value: Any) -> int:
        place = self.found.get(value)
        if place is None:
            if value is None or len(self.found) >= _MOST_DIFFERENT:
                return -1
            place = self.found[value] = len(self.found)
        return place


def _used(codes: NDArray[np.intp], known: NDArray[np.bool_]) -> list[bool]:
    """Which of the codes belong to a row whose value is known."""
    import numpy as np

    return [bool(count) for count in np.bincount(codes, weights=known, minlength=int(codes.max(initial=-1)) + 1)]


class _Values:
    """One value a cell, as far as there are rows for it."""

    def __init__(self, *, adds: bool) -> None:
        import numpy as np

        self._adds = adds
        self._keys: NDArray[np.int64] = np.empty(0, np.int64)
        self._amounts: Floats = np.empty(0)

    def add(self, lines: NDArray[np.int64], columns: NDArray[np.int64], amounts: Floats) -> None:
        import numpy as np

        keys = np.concatenate([self._keys, lines << 32 | columns])
        amounts = np.concatenate([self._amounts, amounts])
        order = np.argsort(keys, kind="stable")
        keys, amounts = keys[order], amounts[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else order
        if len(starts):
            amounts = (np.add if self._adds else np.maximum).reduceat(amounts, starts)
        self._keys, self._amounts = keys[starts], amounts

    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Line, column and value of each cell that has one."""
        return self._keys >> 32, self._keys & 0xFFFFFFFF, self._amounts


def _arranged(different: _Different, at: NDArray[np.int64], amounts: Floats) -> tuple[NDArray[np.int64], Axis, str]:
    """For each value its place on the axis (-1: left out), the axis with all its names, and what is left out.

    ``at`` has the place of the value of each cell, in order of appearance, and ``amounts`` what the cell holds.
    """
    import numpy as np

    values, kind = list(different.found), different.column.kind
    order: list[Any]
    names: list[str]
    note = ""
    if kind is Kind.TIME:
        order, names = _filled_times(values, different.zone)
    elif not is_text(kind):
        order, names = _filled_numbers(values, different.column)
    elif values and all(_DATE.fullmatch(value) for value in values):
        order = _filled_dates(values, 7 if different.column.name == _WEEKS else 1)
        names = order
    elif values and set(values) <= set(_WEEKDAYS):
        order = names = _weekdays(values)
    else:
        order = names = values
        if len(values) > MOST_KEYS:
            kept = sorted(np.argsort(-np.bincount(at, amounts, len(values)), kind="stable")[:MOST_KEYS].tolist())
            order = names = [values[place] for place in kept]
            note = f"{MOST_KEYS} of {len(values):,} {label_text(different.column.title)} are drawn: the largest"
    new = {value: place for place, value in enumerate(order)}
    axis = axis_of(different.column, different.zone)
    places = np.array([new.get(value, -1) for value in values], np.int64)
    return places, Axis(axis.title, axis.kind, axis.unit, axis.zone, tuple(names)), note


def _filled_times(values: list[int], zone: str) -> tuple[list[int], list[str]]:
    """Times in order, those between them too where they follow at one distance, and their texts without what is 0."""
    import numpy as np
    import pyarrow as pa

    times = np.sort(np.array(values, np.int64))
    if len(times) > 1:
        step = int(np.diff(times.view(np.uint64)).min())
        count = (int(times[-1]) - int(times[0])) // step + 1
        if count <= MOST_PLACES and not np.any((times - times[0]).view(np.uint64) % np.uint64(step)):
            times = times[0] + step * np.arange(count)
    texts = time_texts(pa.array(times, pa.timestamp("ns", "UTC")), zone).to_pylist()
    shown = [re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text).replace("T", " ") for text in texts]
    for tail in (":00", " 00:00"):
        if all(text.endswith(tail) for text in shown):
            shown = [text.removesuffix(tail) for text in shown]
    return times.tolist(), shown


def _filled_numbers(values: list[float], column: Column) -> tuple[list[float], list[str]]:
    """Numbers in order; whole ones without gaps where there are few, all 24 hours of a day."""
    order = sorted(values)
    if order and all(value == int(value) for value in order):
        low, high = int(order[0]), int(order[-1])
        if column.name == _HOURS and low >= 0 and high <= 23:
            low, high = 0, 23
        if high - low < MOST_KEYS:
            order = [float(value) for value in range(low, high + 1)]
    return order, [number_display(value) for value in order]


def _filled_dates(values: list[str], every: int) -> list[str]:
    """Days in order without gaps, ``every`` so many days, written as the first one is."""
    days = sorted(values)
    try:
        first, last = (date(int(day[:4]), int(day[5:7]), int(day[8:])) for day in (days[0], days[-1]))
    except ValueError:  # 31 February
        return days
    mark = days[0][4]
    if len({day[4] for day in days}) > 1 or (last - first).days // every >= MOST_PLACES:
        return days
    count = (last - first).days // every + 1
    filled = [(first + timedelta(days=step * every)).strftime(f"%Y{mark}%m{mark}%d") for step in range(count)]
    return filled if set(days) <= set(filled) else days


def _weekdays(values: list[str]) -> list[str]:
    """All seven; from Monday where the rows have Sunday behind another day, else from Sunday."""
    from_monday = values[-1] == _WEEKDAYS[0] and len(values) > 1
    return [*_WEEKDAYS[1:], _WEEKDAYS[0]] if from_monday else list(_WEEKDAYS)


def _pooled(table: Floats, axis: Axis, most: int) -> tuple[Floats, Axis, str]:
    """Columns joined in groups, each with its highest value, where there are more than can be drawn."""
    import numpy as np

    count = table.shape[1]
    if count <= most:
        return table, axis, ""
    group = -(-count // most)
    padded = np.full((table.shape[0], -(-count // group) * group), np.nan)
    padded[:, :count] = table
    parts = padded.reshape(table.shape[0], -1, group)
    highest = np.where(np.isnan(parts).all(axis=2), np.nan, np.where(np.isnan(parts), -np.inf, parts).max(axis=2))
    note = f"each column stands for {group} of {count:,}: the highest of them"
    return highest, Axis(axis.title, axis.kind, axis.unit, axis.zone, axis.names[::group]), note
