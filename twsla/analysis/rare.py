"""Which records are like no others: the two passes over the store, and what is kept of them."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from twsla.analysis.features_terms import Terms, joined, terms_of
from twsla.analysis.similarity import QUICK, THOROUGH, Comparison, Vectors, bounds, weighted
from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import pyarrow as pa

    from twsla.analysis.idf import Frequencies
    from twsla.progress import Progress
    from twsla.query.engine import Engine

    Array = np.ndarray[Any, Any]

T = TypeVar("T")
_THREADS: Final = min(4, os.cpu_count() or 1)
"""Each holds a batch: some 100 MB."""
_FILE_BITS: Final = 40
"""A record's key is the number of its file, shifted by these, and its row there."""
_POOL: Final = 1 << 15
_MOST_PAIRS: Final = 30_000_000_000
"""Comparisons that take some minutes."""
_SPARE: Final = 64
_ABOUT_ALIKE: Final = 0.7
_SLACK: Final = 1e-9
"""Similarities are rounded differently in the two passes."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of one file that have terms."""

    keys: Array
    texts: pa.LargeStringArray
    terms: Terms
    vectors: Vectors


@dataclass(slots=True)
class Passes:
    """Reads the records of a query as vectors, as often as wanted."""

    engine: Engine
    progress: Progress
    weights: Frequencies | None = None
    """For weights by how rare a term is; None: all terms weigh the same."""
    without: int = field(default=0, init=False)
    """Records without terms, after a pass."""
    seen: int = field(default=0, init=False)
    """Records in all, after a pass."""

    def texts_read(self) -> Iterator[tuple[Array, pa.LargeStringArray]]:
        """Keys and texts of the records, in the order of the files."""
        import numpy as np
        import pyarrow as pa

        from twsla.query.placed import files_of

        for number, entry in enumerate(files_of(self.engine)):
            relation = self.engine.records((entry,), placed=True)
            for read in self.engine.stream("SELECT text, _row FROM records", relation=relation):
                self.progress.check()
                self.progress.advance("records", read.num_rows)
                keys = np.asarray(read.column(1)).astype(np.int64) + (number << _FILE_BITS)
                yield keys, read.column(0).cast(pa.large_string())

    def mapped(self, work: Callable[[Batch], T]) -> Iterator[tuple[Batch, T]]:
        """The records that can be compared, in the order of the files, with what ``work`` gives; it runs in threads."""
        self.without = self.seen = 0

        def made(keys: Array, texts: pa.Array) -> tuple[Batch, T | None]:
            batch = self.batch(keys, texts)
            return batch, work(batch) if len(batch.keys) else None

        def finished() -> Iterator[tuple[Batch, T]]:
            batch, answer = waiting.popleft().result()
            self.without -= len(batch.keys)
            if answer is not None:
                yield batch, answer

        waiting: deque[Future[tuple[Batch, T | None]]] = deque()
        with ThreadPoolExecutor(_THREADS) as pool:
            for keys, texts in self.texts_read():
                self.seen += len(keys)
                self.without += len(keys)
                waiting.append(pool.submit(made, keys, texts))
                if len(waiting) > _THREADS:
                    yield from finished()
            while waiting:
                yield from finished()

    def batches(self) -> Iterator[Batch]:
        """The records that can be compared, in the order of the files."""
        return (batch for batch, _ in self.mapped(lambda _: True))

    @property
    def records(self) -> int:
        """Records of the files that are read, filters aside."""
        return sum(entry.rows for entry in self.engine.selected.files)

    def batch(self, keys: Array, texts: pa.Array) -> Batch:
        """Texts as vectors, without those that have no terms."""
        import numpy as np
        import pyarrow as pa

        terms = terms_of(texts)
        filled = np.diff(terms.counts.indptr) > 0
        if not filled.all():
            terms = Terms(terms.counts[filled], terms.terms, terms.tokens[filled])
            keys, texts = keys[filled], texts.filter(pa.array(filled))
        return Batch(keys, texts, terms, weighted(terms.counts, self._weights(terms)))

    def _weights(self, terms: Terms) -> Array | None:
        return None if self.weights is None else self.weights.of(terms.terms)

    def texts(self, keys: Array) -> Batch:
        """Records by their keys, in that order."""
        import numpy as np
        import pyarrow as pa

        found = self.read(keys, "text")
        texts = pa.array([found[key][0] for key in keys.tolist()], pa.large_string())
        return self.batch(np.asarray(keys, np.int64), texts)

    def read(self, keys: Array, columns: str) -> dict[int, tuple[Any, ...]]:
        """Columns (SQL) of records by their keys."""
        from twsla.query.placed import files_of

        wanted: dict[int, list[int]] = {}
        for key in keys.tolist():
            wanted.setdefault(key >> _FILE_BITS, []).append(key & ((1 << _FILE_BITS) - 1))
        found = self.engine.chosen(files_of(self.engine), wanted)
        rows = self.engine.fetch(f"SELECT _file, _row, {columns} FROM records", relation=found)  # noqa: S608  # ours
        return {(file << _FILE_BITS) + row: tuple(rest) for file, row, *rest in rows}


def place_of(key: int) -> tuple[int, int]:
    """The number of the file and of the row that a key says."""
    return key >> _FILE_BITS, key & ((1 << _FILE_BITS) - 1)


def rare_records(passes: Passes, limit: float, count: int) -> Comparison:
    """The records with at most ``count`` others that are more similar than ``limit``, compared with all.

    Raises:
        UsageError: There are too many of them to compare each with all records.
    """
    pool = _Pool(passes, limit, count)
    for batch, left in passes.mapped(lambda batch: pool.open_rows(batch, QUICK)):
        pool.add(batch, left)
    return _compared(passes, pool.batch(), limit, count)


def rarest_records(passes: Passes, number: int) -> Comparison:
    """The records whose most similar other is the least similar; at least ``number`` of them if there are so many.

    All that are as rare as the last of them are among them, and perhaps others: they have to be put in order.
    """
    import numpy as np

    keys, least = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for batch, known in passes.mapped(lambda batch: bounds(batch.vectors, 0, _ABOUT_ALIKE, QUICK)):
        keys.append(batch.keys)
        least.append(known.astype(np.float32))
    every, lowest = np.concatenate(keys), np.concatenate(least)
    order = np.argsort(lowest, kind="stable")
    first = np.sort(every[order[: number + _SPARE]])
    found = _compared(passes, passes.texts(first), np.inf, None)
    if len(first) == len(every):
        return found
    # The rarest cannot be more similar to another than the last of any so many.
    return rare_records(passes, float(np.sort(found.most)[number - 1]) + _SLACK, 0)


def _compared(passes: Passes, batch: Batch, limit: float, count: int | None) -> Comparison:
    """Compare some records with all."""
    comparison = Comparison(batch.vectors, batch.terms.terms, batch.keys)
    total = passes.records
    done = 0
    for other in passes.batches() if len(batch.keys) else ():
        comparison.add(other.vectors, other.terms.terms, other.keys, limit, count)
        done += len(other.keys)
        left = len(comparison.keys) * (total - done)
        if left > _MOST_PAIRS:
            raise UsageError(
                f"some {len(comparison.keys):,} records are that rare, too many to compare each with {total:,} others",
                hint="lower --threshold, ask for the rarest with -n, or narrow the filters",
            )
    return comparison


class _Pool:
    """Records that nothing was found for that is alike, yet; now and then compared with each other."""

    def __init__(self, passes: Passes, limit: float, count: int) -> None:
        self._passes = passes
        self._limit = limit
        self._count = count
        self._keys: list[Array] = []
        self._texts: list[pa.Array] = []
        self._size = 0
        self._full = _POOL

    def add(self, batch: Batch, left: Array) -> None:
        """Keep some records of a batch."""
        import pyarrow as pa

        self._keys.append(batch.keys[left])
        self._texts.append(batch.texts.filter(pa.array(left)))
        self._size += len(self._keys[-1])
        if self._size > self._full:
            self.batch()
            self._full = max(_POOL, 2 * self._size)

    def open_rows(self, batch: Batch, rounds: int) -> Array:
        """The records that nothing in the batch shows to be common."""
        import numpy as np

        found = bounds(batch.vectors, self._count, self._limit + _SLACK, rounds)
        left: Array = np.asarray(found <= self._limit + _SLACK)
        return left

    def batch(self) -> Batch:
        """What is left when all are compared with each other a little."""
        import numpy as np
        import pyarrow as pa

        keys = np.concatenate([np.zeros(0, np.int64), *self._keys])
        batch = self._passes.batch(keys, joined(self._texts))
        left = self.open_rows(batch, THOROUGH)
        self._keys, self._texts = [batch.keys[left]], [batch.texts.filter(pa.array(left))]
        self._size = len(self._keys[0])
        return self._passes.batch(self._keys[0], self._texts[0])
