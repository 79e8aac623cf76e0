"""A source's course in time: where it begins and ends, where it is silent, where its clock steps back.

Records come in the order of the source and need not be in order of time. A silence is a stretch of time without any
record of the source, wherever its records stand; a step back is between neighbours. Memory is bounded: where there are
too many records, the first and the last of every second are kept, or of longer steps where there are too many seconds.
What is silent for longer than a step is found and its ends are exact; shorter silences are not told then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.model.durations import NS_PER_S
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    Correct = Callable[
        [npt.NDArray[np.int64], npt.NDArray[np.uint8]], tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]
    ]

_MOST_STEPS = 20
"""Steps back kept, the largest."""
_ASSUMED = int(TsFlag.YEAR_ASSUMED | TsFlag.DATE_ASSUMED)


@dataclass(frozen=True, slots=True)
class Moment:
    """A dated record."""

    ts_ns: int
    line: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one record to another: for a silence the later one, for a step back the next one in the source."""

    start: Moment
    end: Moment

    @property
    def ns(self) -> int:
        """Its length; negative for a step back."""
        return self.end.ts_ns - self.start.ts_ns


@dataclass(slots=True)
class _Ends:
    """The first and the last record of each step of time: parallel arrays."""

    ts: npt.NDArray[np.int64]
    """(2, n): of the first, of the last."""
    line: npt.NDArray[np.int64]
    """(2, n)."""
    flags: npt.NDArray[np.uint8]
    """(2, n)."""

    def __len__(self) -> int:
        return int(self.ts.shape[1])


class Chronicle:
    """Takes the dated records of one source in their order."""

    def __init__(self, *, most: int = 1 << 20) -> None:
        """``most``: steps of time held at once."""
        self.records = 0
        self.steps_back = 0
        self._most = most
        self._resolution_ns = NS_PER_S
        self._parts: list[_Ends] = []
        self._held = 0
        self._merged = False
        self._last: tuple[int, int, int] | None = None
        """Time, line and flags of the last record."""
        self._steps: list[tuple[tuple[int, int, int], tuple[int, int, int]]] = []

    def add(self, ts: npt.NDArray[np.int64], line: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8]) -> None:
        """Take the next records: (n,) each, all dated."""
        import numpy as np

        if not len(ts):
            return
        self.records += len(ts)
        if self._last is not None:
            last_ts, last_line, last_flags = self._last
            ts, line = np.append(np.int64(last_ts), ts), np.append(np.int64(last_line), line)
            flags = np.append(np.uint8(last_flags), flags)
        self._note_steps(ts, line, flags)
        self._last = (int(ts[-1]), int(line[-1]), int(flags[-1]))
        part = _Ends(np.stack((ts, ts)), np.stack((line, line)), np.stack((flags, flags)))
        self._parts.append(self._thinned(part) if self._merged else part)
        self._held += len(self._parts[-1])
        if self._held > self._most:
            self._merge()

    def _note_steps(self, ts: npt.NDArray[np.int64], line: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8]) -> None:
        import numpy as np

        diff = np.diff(ts)
        back = np.flatnonzero(diff < 0)
        self.steps_back += len(back)
        largest = back[np.argsort(diff[back], kind="stable")[:_MOST_STEPS]]
        for at in largest.tolist():
            first, second = ((int(ts[i]), int(line[i]), int(flags[i])) for i in (at, at + 1))
            self._steps.append((first, second))
        self._steps.sort(key=lambda step: (step[1][0] - step[0][0], step[0][1]))
        del self._steps[_MOST_STEPS:]

    def _thinned(self, ends: _Ends) -> _Ends:
        """One entry a step of time; years that may yet move are kept apart from those that will not."""
        import numpy as np

        key = ends.ts[0] // self._resolution_ns * 2 + ((ends.flags[0] & _ASSUMED) != 0)
        order = np.lexsort((ends.ts[0], key))
        start = np.flatnonzero(np.diff(key[order], prepend=key[order[0]] - 1))
        first = order[start]
        order = np.lexsort((ends.ts[1], key))
        last = order[np.append(start[1:], len(key)) - 1]
        return _Ends(*(np.stack((column[0][first], column[1][last])) for column in (ends.ts, ends.line, ends.flags)))

    def _merge(self) -> None:
        """One part again, and at most half of what may be held."""
        self._merged = True
        merged = self._thinned(self._joined())
        while len(merged) > self._most // 2:
            self._resolution_ns *= 2
            merged = self._thinned(merged)
        self._parts = [merged]
        self._held = len(merged)

    def _joined(self) -> _Ends:
        import numpy as np

        return _Ends(
            np.concatenate([part.ts for part in self._parts], axis=1),
            np.concatenate([part.line for part in self._parts], axis=1),
            np.concatenate([part.flags for part in self._parts], axis=1),
        )

    def finish(self, correct: Correct, *, most_silences: int, most_steps: int) -> Course:
        """What it comes to.

        Args:
            correct: From times and flags as they were added to those that hold, and whether there is one at all.
            most_silences: How many of the longest.
            most_steps: How many of the largest.
        """
        import numpy as np

        if not self._parts:
            return Course(None, None, (), (), 0)
        ends = self._joined()
        held = [correct(ts, flags) for ts, flags in zip(ends.ts, ends.flags, strict=True)]
        valid = held[0][1] & held[1][1]
        first, last = held[0][0][valid], held[1][0][valid]
        first_line, last_line = ends.line[0][valid], ends.line[1][valid]
        steps = self._corrected_steps(correct, most_steps)
        if not len(first):
            return Course(None, None, (), steps, 0)
        order = np.lexsort((first_line, first))
        first, last, first_line, last_line = first[order], last[order], first_line[order], last_line[order]
        latest = np.maximum.accumulate(last)
        # The record that each running maximum is of.
        holder = np.maximum.accumulate(np.where(last == latest, np.arange(len(last)), 0))
        silent = first[1:] - latest[:-1]
        longest = np.argsort(-silent, kind="stable")[:most_silences]
        silences = tuple(
            Stretch(
                Moment(int(latest[at]), int(last_line[holder[at]])), Moment(int(first[at + 1]), int(first_line[at + 1]))
            )
            for at in longest.tolist()
            if silent[at] > self._shortest_ns
        )
        end = int(holder[-1])
        return Course(
            Moment(int(first[0]), int(first_line[0])),
            Moment(int(last[end]), int(last_line[end])),
            silences,
            steps,
            self._shortest_ns,
        )

    @property
    def _shortest_ns(self) -> int:
        """Silences up to this long may have been lost; 0: none."""
        return self._resolution_ns if self._merged else 0

    def _corrected_steps(self, correct: Correct, most: int) -> tuple[Stretch, ...]:
        import numpy as np

        if not self._steps:
            return ()
        ts = np.array([moment[0] for step in self._steps for moment in step], np.int64)
        flags = np.array([moment[2] for step in self._steps for moment in step], np.uint8)
        moved, valid = correct(ts, flags)
        stretches = [
            Stretch(Moment(int(moved[2 * at]), step[0][1]), Moment(int(moved[2 * at + 1]), step[1][1]))
            for at, step in enumerate(self._steps)
            if valid[2 * at] and valid[2 * at + 1]
        ]
        return tuple(sorted(stretches, key=lambda stretch: (stretch.ns, stretch.start.line))[:most])


@dataclass(frozen=True, slots=True)
class Course:
    """What a source's times show."""

    first: Moment | None
    """The earliest record, not the first line."""
    last: Moment | None
    silences: tuple[Stretch, ...]
    """The longest, longest first."""
    steps_back: tuple[Stretch, ...]
    """The largest, largest first."""
    unseen_ns: int
    """Silences up to this long are not among them."""
