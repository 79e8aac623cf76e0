"""All leaves about one field against its distinct values: one automaton for the texts of thousands of rules."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from twsla.sigma.values import test_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from twsla.sigma.rules import Leaf

_CHUNK: Final = 4 << 20
"""Characters searched at once."""
_ENDS: Final = {"contains": 0, "starts": 1, "ends": 2}
Hits = tuple["np.ndarray", "np.ndarray"]
"""Numbers of leaves, and beside each the place of a value for which it is true."""


class Scanner:
    """The leaves of one field, by number."""

    def __init__(self, leaves: Sequence[tuple[int, Leaf]]) -> None:
        self._equal: dict[str, list[int]] = {}
        self._equal_cased: dict[str, list[int]] = {}
        self._any: list[int] = []
        self._tests: list[tuple[int, Callable[[str], bool]]] = []
        self._expressions: dict[int, Leaf] = {}
        lower, cased = _Texts(), _Texts()
        for number, leaf in leaves:
            if leaf.op == "eq":
                (self._equal_cased if leaf.cased else self._equal).setdefault(leaf.value, []).append(number)
            elif leaf.op in _ENDS:
                (cased if leaf.cased else lower).add(leaf.value, leaf.op, number)
            elif leaf.op == "any":
                self._any.append(number)
            elif leaf.op in {"like", "re"}:
                self._expressions[number] = leaf
                if leaf.guard:
                    lower.add(leaf.guard, "guard", number)
            elif test := test_of(leaf):
                self._tests.append((number, test))
        self._lower, self._cased = lower, cased
        self._unguarded = [number for number, leaf in self._expressions.items() if not leaf.guard]

    def scan(self, values: Sequence[str]) -> Hits:
        """Which leaves are true for which values; no pair twice. Empty values must be left out."""
        import numpy as np

        lowered = [value.lower() for value in values]
        found: list[Hits] = []
        found.extend(self._lower.search(lowered))
        found.extend(self._cased.search(values))
        found.extend(self._matched(values, lowered))
        pairs = list(self._single(values, lowered))
        if pairs:
            array = np.array(pairs, np.int64)
            found.append((array[:, 0], array[:, 1]))
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([hit[0] for hit in found]), np.concatenate([hit[1] for hit in found])

    def _single(self, values: Sequence[str], lowered: Sequence[str]) -> Iterator[tuple[int, int]]:
        for known, texts in ((self._equal, lowered), (self._equal_cased, values)):
            if known:
                for place, text in enumerate(texts):
                    for number in known.get(text, ()):
                        yield number, place
        for number in self._any:
            yield from ((number, place) for place in range(len(values)))
        for number, test in self._tests:
            yield from ((number, place) for place, value in enumerate(values) if test(value))

    def _matched(self, values: Sequence[str], lowered: Sequence[str]) -> Iterator[Hits]:
        """Expressions, on those values that hold their guard."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        places = {number: np.arange(len(values)) for number in self._unguarded}
        places.update(self._lower.guarded(lowered))
        for number, candidates in places.items():
            leaf = self._expressions[number]
            texts = lowered if leaf.op == "like" and not leaf.cased else values
            array = pa.array([texts[place] for place in candidates.tolist()], pa.large_string())
            matching = pc.match_substring_regex(array, leaf.value).to_numpy(zero_copy_only=False)
            hit = candidates[matching.astype(bool)]
            yield np.full(len(hit), number, np.int64), hit


class _Texts:
    """Texts to look for, and which leaf is true when one is found where."""

    def __init__(self) -> None:
        self._patterns: dict[str, int] = {}
        self._leaves: list[list[int]] = []
        """For each pattern the leaf that wants it anywhere, at the start, at the end; -1 for none."""
        self._guards: dict[int, list[int]] = {}
        self._automaton: object = None
        self._found_guards: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, text: str, kind: str, number: int) -> None:
        pattern = self._patterns.setdefault(text, len(self._patterns))
        if pattern == len(self._leaves):
            self._leaves.append([-1, -1, -1])
        if kind == "guard":
            self._guards.setdefault(pattern, []).append(number)
        else:
            self._leaves[pattern][_ENDS[kind]] = number

    def search(self, values: Sequence[str]) -> Iterator[Hits]:
        """Leaves and places of values; remembers where guards are."""
        import numpy as np

        self._found_guards = []
        if not self._patterns:
            return
        leaves = np.array(self._leaves, np.int64)
        is_guard = np.zeros(len(leaves), bool)
        is_guard[list(self._guards)] = True
        for start, stop in _chunks(values):
            patterns, places, at_start, at_end = self._occurrences(values[start:stop], start)
            for kind, among in ((0, None), (1, at_start), (2, at_end)):
                wanted = leaves[patterns, kind] >= 0
                chosen = wanted if among is None else wanted & among
                yield _once(leaves[patterns[chosen], kind], places[chosen])
            guarding = is_guard[patterns]
            if guarding.any():
                self._found_guards.append(_once(patterns[guarding], places[guarding]))

    def _occurrences(self, values: Sequence[str], first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of every pattern in every value: pattern, place of the value, whether at its start, whether at its end."""
        import numpy as np

        if self._automaton is None:
            from ahocorasick_rs import AhoCorasick

            self._automaton = AhoCorasick(list(self._patterns), store_patterns=False)
        lengths = np.fromiter(map(len, values), np.int64, len(values))
        starts = np.zeros(len(values), np.int64)
        np.cumsum(lengths[:-1] + 1, out=starts[1:])
        found = self._automaton.find_matches_as_indexes("\n".join(values), overlapping=True)  # type: ignore[attr-defined]  # held as an object until it is needed
        array = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        places = np.searchsorted(starts, array[:, 1], "right") - 1
        ends = starts[places] + lengths[places]
        within = array[:, 2] <= ends  # a text with a line end could reach into the next value
        array, places, ends = array[within], places[within], ends[within]
        return array[:, 0], places + first, array[:, 1] == starts[places], array[:, 2] == ends

    def guarded(self, values: Sequence[str]) -> dict[int, np.ndarray]:
        """For each guarded leaf the places of values that hold its guard, as the last search found them."""
        import numpy as np

        if not self._found_guards:
            return {}
        patterns = np.concatenate([each[0] for each in self._found_guards])
        places = np.concatenate([each[1] for each in self._found_guards])
        order = np.argsort(patterns, kind="stable")
        patterns, places = patterns[order], places[order]
        distinct, first = np.unique(patterns, return_index=True)
        found = {}
        for pattern, start, stop in zip(distinct, first, [*first[1:], len(patterns)], strict=True):
            for number in self._guards[int(pattern)]:
                found[number] = np.sort(places[start:stop])
        return found


def _once(leaves: np.ndarray, places: np.ndarray) -> Hits:
    """The same pairs, each once."""
    import numpy as np

    if not len(leaves):
        return leaves, places
    width = int(places.max()) + 1
    both = np.unique(leaves * width + places)
    return both // width, both % width


def _chunks(values: Sequence[str]) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for place, value in enumerate(values):
        size += len(value) + 1
        if size >= _CHUNK:
            yield start, place + 1
            start, size = place + 1, 0
    if start < len(values):
        yield start, len(values)
