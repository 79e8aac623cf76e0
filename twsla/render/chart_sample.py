"""Long series made short enough to draw, in one pass and bounded memory, so that the picture stays the same.

Rows may come in any order. Values are put into intervals of the x axis whose width is a power of two and doubles
whenever there would be too many of them; because wider intervals are made of whole narrower ones, nothing is lost by
doubling late.

Source of the choice of points: U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl, "M4: A Visualization-Oriented Time
Series Data Aggregation", VLDB 2014: first, last, lowest and highest of each interval draw the same line as all points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twsla.render.drawings import Floats, Numbers

_PENDING = 1 << 18
"""Values held back before they are thinned out."""


class Sample:
    """The points of one series that are drawn."""

    def __init__(self, intervals: int, *, peaks_only: bool = False) -> None:
        """Draw all points if there are at most four an interval, else four of each of ``intervals`` or twice as many.

        Args:
            intervals: At least as many as the picture has columns of pixels.
            peaks_only: Keep the highest of each interval alone (bars), once there are more than ``intervals``.
        """
        self.total = 0
        self._intervals = intervals
        self._peaks_only = peaks_only
        self._limit = intervals if peaks_only else 4 * intervals
        self._xs: list[Numbers] = []
        self._ys: list[Floats] = []
        self._held = 0

    def add(self, x: Numbers, y: Floats) -> None:
        """Further points; ``y`` may be NaN for a gap."""
        self.total += len(x)
        self._held += len(x)
        self._xs.append(x)
        self._ys.append(y)
        if self._held > max(_PENDING, 4 * self._limit):
            self._thin()

    def points(self) -> tuple[Numbers, Floats]:
        """The points to draw in order of x; equal ones in the order of the rows."""
        import numpy as np

        if self.total > self._limit:
            self._thin()
        if not self._xs:
            return np.empty(0), np.empty(0)
        x, y = np.concatenate(self._xs), np.concatenate(self._ys)
        order = np.argsort(x, kind="stable")
        return x[order], y[order]

    def unbroken(self, step: int, empty: float) -> tuple[Numbers, Floats]:
        """The points to draw of intervals that are ``step`` long, with ``empty`` at both ends of a stretch without any.

        Where points are left out, such a stretch is only seen if it is longer than what the points left out may fill.
        """
        import numpy as np

        x, y = self.points()
        if len(x) < 2 or x.dtype != np.int64:
            return x, y
        least = max(step * 3 // 2, 2 * _interval_width(x, self._intervals) if len(x) < self.total else 0)
        gaps = np.flatnonzero(np.diff(x.view(np.uint64)) > np.uint64(least))
        ends = np.stack([x[gaps] + step, x[gaps + 1] - step], axis=1).ravel()
        places = np.repeat(gaps + 1, 2)
        return np.insert(x, places, ends), np.insert(y, places, empty)

    def _thin(self) -> None:
        import numpy as np

        x, y = np.concatenate(self._xs), np.concatenate(self._ys)
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        keep = _kept(_intervals_of(x, self._intervals), y, peaks_only=self._peaks_only)
        self._xs, self._ys = [x[keep]], [y[keep]]
        self._held = len(keep)


def _intervals_of(x: Numbers, intervals: int) -> NDArray[np.int64]:
    """The number of the interval each value is in: at most twice ``intervals`` different ones."""
    import numpy as np

    if not len(x):
        return np.empty(0, np.int64)
    if x.dtype == np.int64:
        return x >> (_interval_width(x, intervals).bit_length() - 1)
    half_span = float(x[-1]) / 2 - float(x[0]) / 2  # the whole might not be finite
    if half_span <= 0:
        return np.zeros(len(x), np.int64)
    exponent = int(np.frexp(half_span / intervals)[1]) + 1
    place = np.floor(np.ldexp(x, -exponent))
    return np.asarray(place - place[0], np.int64)


def _interval_width(x: NDArray[np.int64], intervals: int) -> int:
    """The length of an interval of times in ns: a power of two."""
    shift, first, last = 0, int(x[0]), int(x[-1])
    while (last >> shift) - (first >> shift) >= 2 * intervals:
        shift += 1
    return 1 << shift


def _kept(interval: NDArray[np.int64], y: Floats, *, peaks_only: bool) -> NDArray[np.intp]:
    """The indices of the values to keep, ascending. ``interval`` is ascending.

    Of an interval that has values, its gaps are dropped; of one that has none, one gap stays.
    """
    import numpy as np

    missing = np.isnan(y)
    if missing.any():
        has_value = np.isin(interval, interval[~missing])
        first_gap = np.zeros(len(y), np.bool_)
        gaps = np.flatnonzero(missing & ~has_value)
        first_gap[gaps[np.unique(interval[gaps], return_index=True)[1]]] = True
        places = np.flatnonzero(~missing)
        kept = places[_kept(interval[places], y[places], peaks_only=peaks_only)] if len(places) else places
        return np.sort(np.concatenate([kept, np.flatnonzero(first_gap)]))
    starts = np.flatnonzero(np.concatenate([[True], interval[1:] != interval[:-1]]))
    ends = np.concatenate([starts[1:], [len(interval)]]) - 1
    by_height = np.lexsort((np.arange(len(y)), y, interval))
    if peaks_only:
        highest = np.lexsort((np.arange(len(y))[::-1], y, interval))[ends]
        return np.sort(highest)
    return np.unique(np.concatenate([starts, ends, by_height[starts], by_height[ends]]))


class Spread:
    """The points of a scatter plot that are drawn: of those that would fall on one spot, the first."""

    def __init__(self, limit: int, columns: int = 180, lines: int = 110) -> None:
        """Draw all points if there are at most ``limit``, else one for each spot of a grid about this fine."""
        self.total = 0
        self._limit = limit
        self._grid = (columns, lines)
        self._xs: list[Numbers] = []
        self._ys: list[Numbers] = []
        self._held = 0

    def add(self, x: Numbers, y: Numbers) -> None:
        """Further points."""
        self.total += len(x)
        self._held += len(x)
        self._xs.append(x)
        self._ys.append(y)
        if self._held > max(_PENDING, 4 * self._limit):
            self._thin()

    def points(self) -> tuple[Numbers, Numbers]:
        """The points to draw in order of x; equal ones in the order of the rows."""
        import numpy as np

        if self.total > self._limit:
            self._thin()
        if not self._xs:
            return np.empty(0), np.empty(0)
        x, y = np.concatenate(self._xs), np.concatenate(self._ys)
        order = np.argsort(x, kind="stable")
        return x[order], y[order]

    def _thin(self) -> None:
        import numpy as np

        x, y = np.concatenate(self._xs), np.concatenate(self._ys)
        columns, lines = _spots(x, self._grid[0]), _spots(y, self._grid[1])
        _, first = np.unique(columns * (lines.max(initial=0) + 1) + lines, return_index=True)
        first.sort()
        self._xs, self._ys = [x[first]], [y[first]]
        self._held = len(first)


def _spots(values: Numbers, count: int) -> NDArray[np.int64]:
    """For each value the number of its interval, from 0."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    interval = _intervals_of(values[order], count)
    found = np.empty(len(values), np.int64)
    found[order] = interval - (interval[0] if len(interval) else 0)
    return found
