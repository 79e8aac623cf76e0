"""Stamps of one form at known positions: by layout where the shape was seen before, else by RE2 and a new layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.formats.timestamps.layouts import WINDOW, check, derive, matrix_width
from twsla.formats.timestamps.leads import FOLLOWS
from twsla.formats.timestamps.model import NO_OFFSET
from twsla.formats.timestamps.places import FEW, Rows, line_array
from twsla.formats.timestamps.reading import half_days, read
from twsla.formats.timestamps.tails import TAIL_WIDTH, read_tail, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from twsla.formats.timestamps.bytesat import BytesAt
    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.layouts import Layout
    from twsla.formats.timestamps.reading import Moments
    from twsla.formats.timestamps.tails import Tail

_CHUNK = 1 << 15
"""Lines worked on at a time, so that their bytes stay in the processor's cache."""
_GUESSES = 3
"""Layouts taken from the first line left before RE2 is asked which lines are of the form."""
_MOST_LAYOUTS = 4096
"""Shapes of one form in one block; no form has nearly as many."""


class Found:
    """Stamps of n lines while they are being found: like ``Stamps``, and where each ends."""

    def __init__(self, count: int) -> None:
        import numpy as np

        self.valid = np.zeros(count, bool)
        self.wall_ns = np.zeros(count, np.int64)
        self.offset_s = np.full(count, NO_OFFSET, np.int32)
        self.fraction = np.zeros(count, bool)
        self.needs_year = np.zeros(count, bool)
        self.needs_date = np.zeros(count, bool)

    def put(self, rows: np.ndarray, other: Found, part: np.ndarray) -> None:
        """Copy entries ``part`` of ``other`` to ``rows``, int64 ascending."""
        into = slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) and rows[-1] - rows[0] == len(rows) - 1 else rows
        for name in ("valid", "wall_ns", "offset_s", "fraction", "needs_year", "needs_date"):
            getattr(self, name)[into] = getattr(other, name)[part]

    def store(self, rows: np.ndarray, moments: Moments, tail: Tail) -> None:
        """Put what was read into entries ``rows``, int64 ascending; entries that are not valid stay as new."""
        import numpy as np

        ok, wall = moments.ok, moments.wall_ns
        if tail.nanos is not None:
            wall = wall + tail.nanos
        if moments.hour is not None and tail.half is not None:
            wall = wall + half_days(moments.hour, tail.half)
        offset = np.asarray(moments.offset_s, np.int32)
        if tail.offset_s is not None:
            offset = np.where(tail.offset_s == NO_OFFSET, offset, tail.offset_s)
        into: np.ndarray | slice = rows
        if not ok.all():
            into, wall = rows[ok], wall[ok]
            offset = offset[ok] if offset.ndim else offset
        elif rows[-1] - rows[0] == len(rows) - 1:
            into = slice(int(rows[0]), int(rows[-1]) + 1)
        fraction = np.asarray(tail.fraction | moments.fraction)
        self.valid[into] = True
        self.wall_ns[into] = wall
        self.offset_s[into] = offset
        self.fraction[into] = fraction[ok] if fraction.ndim else fraction
        self.needs_year[into] = moments.needs_year
        self.needs_date[into] = moments.needs_date


class Matcher:
    """One form, read in one order of its numbers, with the layouts known so far."""

    def __init__(self, source: BytesAt, form: Form, order: str, layouts: Sequence[Layout] = ()) -> None:
        self.source = source
        self.form = form
        self.order = order
        self.layouts = list(layouts)

    def fast(self, positions: np.ndarray, ends: np.ndarray, found: Found, rows: np.ndarray) -> np.ndarray:
        """Read stamps of known layouts into ``found``; gives the rows that are left.

        Args:
            positions: int64 (n,): where the text of each of ``rows`` begins; -1 for nowhere.
            ends: int64 (n,): where its line ends.
            found: Of the whole block.
            rows: int64 (n,): indices into ``found``.
        """
        import numpy as np

        left = []
        for begin in range(0, len(rows), _CHUNK):
            part = slice(begin, begin + _CHUNK)
            left.append(self._fast(positions[part], ends[part], found, rows[part]) + begin)
        return np.concatenate(left) if left else rows

    def _fast(self, positions: np.ndarray, ends: np.ndarray, found: Found, rows: np.ndarray) -> np.ndarray:
        import numpy as np

        left = np.flatnonzero(positions >= 0)
        absent = np.flatnonzero(positions < 0)
        for layout in self.layouts:
            if not len(left):
                break
            _, taken = self.read_layout(layout, positions[left], ends[left], found, rows[left])
            left = left[~taken]
        return left if not len(absent) else np.sort(np.concatenate((left, absent)))

    def read_layout(
        self, layout: Layout, positions: np.ndarray, ends: np.ndarray, found: Found, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read the rows of that layout into ``found``; gives bool (n,) twice: those of it, those with a valid stamp."""
        import numpy as np

        width = matrix_width(layout.width + (TAIL_WIDTH if self.form.tail else 0))
        matrix = self.source.windows(positions, width)
        first = runs(matrix, layout.width, self.form.tail)
        if first is None:
            return self._read_matrix(layout, matrix, positions, ends, found, rows)
        # Lines of the same second have the same stamp: it is read once for each run of them.
        once = Found(len(first))
        fits, taken = self._read_matrix(
            layout, matrix[first], positions[first], ends[first], once, np.arange(len(first))
        )
        run = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(rows))))
        if taken.all():
            found.put(rows, once, run)
        else:
            at = np.flatnonzero(taken[run])
            found.put(rows[at], once, run[at])
        return fits[run], taken[run]

    def _read_matrix(
        self,
        layout: Layout,
        matrix: np.ndarray,
        positions: np.ndarray,
        ends: np.ndarray,
        found: Found,
        rows: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        fits = check(layout, matrix) & (positions + layout.width <= ends)
        chosen = np.flatnonzero(fits)
        if not len(chosen):
            return fits, fits
        if len(chosen) < len(fits):
            matrix, rows = matrix[chosen], rows[chosen]
        moments = read(layout, self.form, self.order, matrix)
        tail = read_tail(matrix, layout.width, self.form.tail)
        found.store(rows, moments, tail)
        if len(chosen) == len(fits):
            return fits, moments.ok
        taken = np.zeros(len(fits), bool)
        taken[chosen[moments.ok]] = True
        return fits, taken

    def slow(self, positions: np.ndarray, ends: np.ndarray, found: Found, rows: np.ndarray) -> np.ndarray:
        """As ``fast`` for texts of any layout: RE2 picks the lines of the form if they are many; layouts are made."""
        import numpy as np

        at = np.flatnonzero(positions >= 0)
        left = np.ones(len(rows), bool)
        for _ in range(_GUESSES):
            if len(at) <= FEW:
                break
            # Nearly always all of them are of one new layout ("Jan 10" after "Jan  9"): no need to ask RE2.
            layout = derive(self.form, self._text(int(positions[at[0]]), int(ends[at[0]])))
            if layout is None:
                break
            fits, taken = self.read_layout(layout, positions[at], ends[at], found, rows[at])
            left[at[taken]] = False
            at = at[~fits]
        if len(at) > FEW:
            import pyarrow.compute as pc

            texts = line_array(Rows(self.source, positions[at], ends[at]), WINDOW)
            pattern = f"^(?:{self.form.core})(?:{FOLLOWS[self.form.follow]}|$)"
            at = at[pc.match_substring_regex(texts, pattern=pattern).to_numpy(zero_copy_only=False)]
        left[at[self.read_new(positions[at], ends[at], found, rows[at])]] = False
        return np.flatnonzero(left)

    def _text(self, position: int, end: int) -> bytes:
        return bytes(self.source.buf[position : min(end, position + WINDOW)])

    def read_new(
        self, positions: np.ndarray, ends: np.ndarray, found: Found, rows: np.ndarray, widths: np.ndarray | None = None
    ) -> np.ndarray:
        """Read texts known to be of the form, whatever their layout; gives bool (n,): those with a valid stamp.

        Args:
            positions: As in ``fast``; none is -1.
            ends: As in ``fast``.
            found: As in ``fast``.
            rows: As in ``fast``.
            widths: int64 (n,): length of each text, if known: then only a layout of that width is taken.
        """
        import numpy as np

        valid = np.zeros(len(rows), bool)
        left = np.arange(len(rows))
        for _ in range(_MOST_LAYOUTS):
            if not len(left):
                break
            first = left[0]
            layout = derive(self.form, self._text(int(positions[first]), int(ends[first])))
            if layout is None or (widths is not None and layout.width != widths[first]):
                left = left[1:]
                continue
            among = left if widths is None else left[widths[left] == layout.width]
            fits, taken = self.read_layout(layout, positions[among], ends[among], found, rows[among])
            valid[among[taken]] = True
            if layout not in self.layouts:
                self.layouts.append(layout)
            done = np.zeros(len(rows), bool)
            done[among[fits]] = True
            done[first] = True
            left = left[~done[left]]
        return valid
