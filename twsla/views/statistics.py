"""Figures, notes, and statistics of the columns of any result, read piece by piece."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.cells import is_numeric
from twsla.render.values import display_value
from twsla.views.arrange import WatchedRows, as_ns
from twsla.views.cells import cells, fit_for, pad, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from twsla.model.result import Column, Result, Rows
    from twsla.progress import Progress
    from twsla.views.cells import Fragments
    from twsla.views.table import Look


@dataclass
class Summary:
    """Of one column."""

    column: Column
    missing: int = 0
    count: int = 0
    least: float | int | None = None
    most: float | int | None = None
    total: float | int = 0
    """Exact where the values are whole numbers."""
    squares: float = 0.0
    """Sum of squared distances from the mean."""

    def add(self, array: pa.Array) -> None:
        """Count a piece of the column in. Moments are combined as Chan et al. (1983) do, which loses no digits."""
        import numpy as np

        self.missing += array.null_count
        if not _measurable(self.column):
            self.count += len(array) - array.null_count
            return
        if self.column.kind is Kind.TIME:
            array = as_ns(array)
        values = array.drop_null().to_numpy(zero_copy_only=False)
        values = values[~np.isnan(values)] if values.dtype.kind == "f" else values
        if not len(values):
            return
        low, high = values.min().item(), values.max().item()
        self.least = low if self.least is None else min(self.least, low)
        self.most = high if self.most is None else max(self.most, high)
        if self.column.kind is not Kind.TIME:
            added, mean = len(values), float(values.mean())
            distance = mean - (self.total / self.count if self.count else mean)
            self.squares += float(((values - mean) ** 2).sum()) + distance**2 * self.count * added / (
                self.count + added
            )
            self.total += _whole_sum(values) if values.dtype.kind in "iu" else mean * added
        self.count += len(values)


def _whole_sum(values: NDArray[np.int64]) -> int:
    """The exact sum of any number of int64: their halves cannot overflow."""
    high, low = values >> 32, values & 0xFFFFFFFF
    return (int(high.sum()) << 32) + int(low.sum())


def _measurable(column: Column) -> bool:
    return is_numeric(column.kind) or column.kind is Kind.TIME


def summarise(rows: Rows, columns: Sequence[Column], progress: Progress) -> list[Summary]:
    """The figures of each column, over all rows."""
    found = [Summary(column) for column in columns]
    for batch in WatchedRows(rows, progress).batches():
        for each in found:
            each.add(batch.column(each.column.name))
    return found


def statistics_lines(result: Result, summaries: Sequence[Summary], look: Look, width: int) -> list[Fragments]:
    """Figures, notes and the table of columns, as lines."""
    lines: list[Fragments] = []
    if result.facts:
        lines.append([("class:help.group", "Figures")])
        size = max(cells(fact.title) for fact in result.facts) + 2
        for fact in result.facts:
            value = fit_for(display_value(fact.value, fact.kind, zone=look.zone), look.encoding)
            lines.append([("class:name", pad(fact.title, size)), ("", value)])
    if result.notes:
        lines += [[], [("class:help.group", "Notes")]]
        for note in result.notes:
            lines += wrapped([("class:note", fit_for(note.text, look.encoding))], width)
    lines += [[], [("class:help.group", "Columns")]]
    return [*lines, *_table(summaries, look)]


def _table(summaries: Sequence[Summary], look: Look) -> list[Fragments]:
    heads = ("", "values", "missing", "least", "most", "mean", "deviation", "sum", "span")
    table = [heads, *(_cells(each, look) for each in summaries)]
    used = [at for at in range(len(heads)) if at < 3 or any(row[at] for row in table[1:])]
    table = [tuple(row[at] for at in used) for row in table]
    sizes = [max(cells(row[at]) for row in table) for at in range(len(used))]
    lines = []
    for place, row in enumerate(table):
        style = "class:heading" if place == 0 else ""
        line = [("class:name" if place else style, pad(row[0], sizes[0]))]
        line += [(style, "  " + pad(text, size, right=True)) for text, size in zip(row[1:], sizes[1:], strict=True)]
        lines.append(line)
    return lines


def _cells(each: Summary, look: Look) -> tuple[str, ...]:
    column = each.column
    texts = [f"{each.count:,}", f"{each.missing:,}"]
    if each.least is None or each.most is None:
        return (column.title, *texts, *[""] * 6)
    texts += [display_value(value, column.kind, zone=look.zone) for value in (each.least, each.most)]
    if column.kind is Kind.TIME:
        span = display_value(int(each.most) - int(each.least), Kind.DURATION)
        return (column.title, *texts, "", "", "", span)
    mean, deviation = each.total / each.count, math.sqrt(max(0.0, each.squares / each.count))
    whole = column.kind in (Kind.DURATION, Kind.BYTES)
    texts += [
        display_value(round(value) if whole else value, column.kind if whole else Kind.NUMBER)
        for value in (mean, deviation)
    ]
    total = each.total if column.kind in (Kind.NUMBER, Kind.SCORE) else round(each.total)
    return (column.title, *texts, display_value(total, column.kind), "")
