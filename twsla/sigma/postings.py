"""Which records of a batch have which values of a field, and for which of them a leaf is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from twsla.sigma.scanning import Scanner
    from twsla.sigma.vocabulary import Vocabulary


class Known:
    """What is known of a field's values from all batches so far: the leaves that are true for each."""

    def __init__(self, scanner: Scanner | None) -> None:
        import numpy as np

        self._scanner = scanner
        self._own = np.full(1, -1, np.int32)
        """By number in the vocabulary: the number here, -1 if not seen yet."""
        self._starts = np.zeros(1, np.int64)
        self._leaves = np.empty(0, np.int32)

    def leaves_of(self, numbers: np.ndarray, vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of leaf and place in ``numbers``: the leaf is true for that value. Scans values not seen before."""
        import numpy as np

        if len(self._own) < len(vocabulary):
            grown = np.full(len(vocabulary) + len(vocabulary) // 2, -1, np.int32)
            grown[: len(self._own)] = self._own
            self._own = grown
        unseen = numbers[self._own[numbers] < 0]
        if len(unseen):
            self._learn(unseen, vocabulary)
        own = self._own[numbers]
        starts, stops = self._starts[own], self._starts[own + 1]
        places = np.repeat(np.arange(len(numbers)), stops - starts)
        return self._leaves[spans(starts, stops)], places

    def _learn(self, unseen: np.ndarray, vocabulary: Vocabulary) -> None:
        import numpy as np

        seen = len(self._starts) - 1
        self._own[unseen] = np.arange(seen, seen + len(unseen), dtype=np.int32)
        counts = np.zeros(len(unseen), np.int64)
        if self._scanner:
            filled = np.flatnonzero(unseen)  # the empty text is number 0: it is no value
            texts = vocabulary.texts
            leaves, places = self._scanner.scan([texts[number] for number in unseen[filled]])
            places = filled[places]
            order = np.argsort(places, kind="stable")
            counts = np.bincount(places, minlength=len(unseen))
            self._leaves = np.concatenate((self._leaves, leaves[order].astype(np.int32)))
        self._starts = np.concatenate((self._starts, self._starts[-1] + np.cumsum(counts)))


class Postings:
    """The values of one field in a batch."""

    def __init__(self, parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        """From rows and the numbers of their values; a row may come again with another value."""
        import numpy as np

        rows = np.concatenate([part[0] for part in parts])
        numbers = np.concatenate([part[1] for part in parts])
        order = np.argsort(numbers, kind="stable")
        self.rows = rows[order]
        """Rows by the number of their value."""
        numbers = numbers[order]
        self.starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        self.numbers = numbers[self.starts]
        """Distinct numbers, and where their rows begin."""
        self.stops = np.append(self.starts[1:], len(self.rows))[: len(self.starts)]
        self._by_leaf: dict[int, tuple[int, int]] = {}
        self._places: np.ndarray = np.empty(0, np.int64)

    def ask(self, known: Known, vocabulary: Vocabulary) -> dict[int, int]:
        """Find out for which values leaves are true; gives for each such leaf an upper bound of its rows."""
        import numpy as np

        leaves, places = known.leaves_of(self.numbers, vocabulary)
        order = np.argsort(leaves, kind="stable")
        leaves, self._places = leaves[order], places[order]
        first = np.flatnonzero(np.diff(leaves, prepend=-1))
        distinct = leaves[first]
        lengths = (self.stops - self.starts)[self._places]
        totals = np.add.reduceat(lengths, first) if len(first) else first
        stops = np.append(first[1:], len(leaves))[: len(first)]
        self._by_leaf = dict(zip(distinct.tolist(), zip(first.tolist(), stops.tolist(), strict=True), strict=True))
        return dict(zip(distinct.tolist(), totals.tolist(), strict=True))

    def rows_of(self, leaf: int) -> np.ndarray:
        """Rows for which a leaf is true, ascending, each once."""
        import numpy as np

        if leaf not in self._by_leaf:
            return np.empty(0, self.rows.dtype)
        start, stop = self._by_leaf[leaf]
        places = self._places[start:stop]
        if len(places) == 1:
            found = self.rows[self.starts[places[0]] : self.stops[places[0]]]
        else:
            found = self.rows[spans(self.starts[places], self.stops[places])]
        return ascending(found)

    def filled(self) -> np.ndarray:
        """Rows with a value that is not empty, ascending."""
        start = self.stops[0] if len(self.numbers) and self.numbers[0] == 0 else 0
        return ascending(self.rows[start:])

    def present(self) -> np.ndarray:
        """Rows that have the field, ascending."""
        return ascending(self.rows)

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and numbers of their values, by row."""
        import numpy as np

        numbers = np.repeat(self.numbers, self.stops - self.starts)
        order = np.argsort(self.rows, kind="stable")
        return self.rows[order], numbers[order]


def ascending(rows: np.ndarray) -> np.ndarray:
    """Rows in order, each once."""
    import numpy as np

    return rows if bool(np.all(rows[1:] > rows[:-1])) else np.unique(rows)


def spans(starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """All places from each start to its stop, one span after the other."""
    import numpy as np

    lengths = stops - starts
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int64)
    ends = np.cumsum(lengths)
    places: np.ndarray = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return places
