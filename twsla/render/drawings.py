"""What is drawn: the points, bars, slices and cells that ``twsla.render.chartdata`` has read from the rows of a Result.

PNG, HTML and terminals draw these values, so all three show the same numbers. All texts have their control characters
made visible and are at most ``LABEL_CHARACTERS`` long; whoever draws cuts them further to the space there is. Times are
nanoseconds since 1970 UTC (int64), durations are seconds, everything else is as it is in the rows (float64).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twsla.errors import TwslaError
from twsla.model.result import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Numbers = NDArray[Any]
    """float64, or int64 where the axis holds times."""


class UndrawableError(TwslaError):
    """The chart names a column that the result has not got, or has more different keys than can be counted."""


LABEL_CHARACTERS = 300
OTHER = "Other"
_SEEN = 0.01
"""Of the highest bar: what is lower cannot be told from nothing."""
_FEW_LOW = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """What the values along one direction are."""

    title: str
    kind: Kind = Kind.NUMBER
    unit: str = ""
    zone: str = "UTC"
    """Zone in which times are shown."""
    names: tuple[str, ...] = ()
    """Of categories: the value 0, 1, 2 … stands for this name. Empty where values are numbers or times."""

    @property
    def label(self) -> str:
        """The title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values of one name."""

    name: str
    y: Floats
    """NaN where there is no value: a line has a gap there."""
    x: Numbers
    """Ascending."""
    is_other: bool = False
    """The sum of those that are not drawn by themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Lines, or single points."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    joined: bool
    """Lines between the points."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars at times or for keys, in order; several values a bar are stacked."""

    title: str
    x: Axis
    """With ``names`` for keys; without for times."""
    y: Axis
    series: tuple[Series, ...]
    """All with the same ``x``."""
    width_ns: int = 0
    """How much time a bar stands for; 0 for keys."""
    has_rest: bool = False
    """The last bar is the sum of all other keys."""
    notes: tuple[str, ...] = ()

    def totals(self) -> Floats:
        """How long each bar is."""
        import numpy as np

        return np.asarray(np.sum([each.y for each in self.series], axis=0), np.float64)

    def cut_at(self) -> float | None:
        """Where the bar of all other keys is cut, because beside it the others would hardly be seen; None: nowhere."""
        totals = self.totals()
        most = float(totals[:-1].max(initial=0))
        return most * 1.2 if self.has_rest and most > 0 and totals[-1] > 2 * most else None


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Shares of a whole, the largest first, what is left over last."""

    title: str
    value: Axis
    names: tuple[str, ...]
    values: Floats
    has_other: bool = False
    """The last slice is the sum of the rest."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """How many values fall between two edges; the last interval holds its upper edge too."""

    title: str
    x: Axis
    edges: Floats
    counts: Floats
    notes: tuple[str, ...] = ()

    def too_low(self) -> list[int]:
        """The intervals whose bars are too low to be seen beside the highest, if they are few: they need numbers."""
        import numpy as np

        places = np.flatnonzero((self.counts > 0) & (self.counts < self.counts.max(initial=0) * _SEEN))
        return places.tolist() if len(places) <= _FEW_LOW else []


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A value for each pair of an ``x`` and a ``y``; both axes have names, or times as ``xs``."""

    title: str
    x: Axis
    y: Axis
    value: Axis
    values: Floats
    """(len(y.names), len(x.names)); NaN where there is no row, 0 instead where counts are shown."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Nodes and the directed edges between them, the heaviest first."""

    title: str
    names: tuple[str, ...]
    """Of the nodes."""
    groups: tuple[int, ...]
    """0: only ever a source, 1: only ever a target, 2: both."""
    group_titles: tuple[str, str]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    """Indices of nodes, one an edge."""
    weights: Floats
    weight: Axis
    notes: tuple[str, ...] = ()

    def sides(self) -> tuple[list[str], list[str]]:
        """The names of the nodes that are only ever sources, and of the others."""
        paired = list(zip(self.names, self.groups, strict=True))
        return [name for name, group in paired if not group], [name for name, group in paired if group]


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Places on the map, the largest first."""

    title: str
    longitude: Floats
    """Degrees east, -180 to 180."""
    latitude: Floats
    """Degrees north, -90 to 90."""
    names: tuple[str, ...]
    values: Floats
    value: Axis
    notes: tuple[str, ...] = ()


Drawing = Points | Bars | Slices | Bins | Cells | Network | Spots


def is_empty(drawing: Drawing) -> bool:
    """Whether there is nothing to draw."""
    match drawing:
        case Points(series=series) | Bars(series=series):
            return not any(len(each.x) for each in series)
        case Slices(values=values) | Cells(values=values) | Network(weights=values) | Spots(values=values):
            return not values.size
        case Bins(counts=counts):
            return not counts.size
