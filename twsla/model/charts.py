"""Charts as values: they name columns of a Result and never hold points. PNG, HTML and terminals draw the same value.

Titles of axes are the titles and units of the columns named. Whatever order the rows have on a screen, a chart with
time on an axis is drawn in order of time, and one of keys by value, the largest first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """Values over ``x`` (a time or a number), one line for each column of ``y``."""

    x: str
    y: tuple[str, ...]
    split: str | None = None
    """One line for each value of this column (key over time), instead of one a column."""
    title: str = ""
    step_ns: int | None = None
    """``x`` begins intervals of this length, and where one has no row nothing was counted; None: ``x`` are moments."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar for each ``x`` (a key, or a time bucket), as long as ``y``."""

    x: str
    y: str
    split: str | None = None
    """Bars stacked by the value of this column."""
    top: int = 30
    """Keys drawn; the rest are summed up as "Other". Times are all drawn."""
    title: str = ""
    step_ns: int | None = None
    """``x`` begins intervals of this length: so wide is a bar; None: as wide as the least distance of two."""


@dataclass(frozen=True, slots=True)
class Pie:
    """Shares of ``value`` by ``label``."""

    label: tuple[str, ...]
    """Columns whose values, joined, name a slice."""
    value: str
    top: int = 10
    """Slices drawn; the rest are summed up as "Other"."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often values of ``value`` fall into equal intervals."""

    value: str
    bins: int = 0
    """0: as many as suit the number of values."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Scatter:
    """A point for each row."""

    x: str
    y: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A cell for each ``x`` and ``y``, coloured by ``value``."""

    x: str
    y: str
    value: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """What is seen together: an edge from ``source`` to ``target`` for each row, as wide as ``weight``."""

    source: str
    target: str
    weight: str
    top: int = 200
    """Edges drawn, the heaviest; a caption tells how many there are."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Points on a map of the world, as large as ``value``."""

    latitude: str
    longitude: str
    label: str
    value: str
    title: str = ""


Chart = Line | Bar | Pie | Histogram | Scatter | Heatmap | Graph | Places
