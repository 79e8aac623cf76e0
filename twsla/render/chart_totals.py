"""Sums by key over all rows: exact, in one order, and in bounded memory however many keys there are.

A key is told by the hash of its texts. Python keys that anew for each process, so nobody can prepare two that fall
together; that two of ten million do by chance has odds of one in 300,000. Which keys are the largest never depends on
the hash: of equal sums the one that appears first comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.render.cells import canonical_array
from twsla.render.chart_values import column_of, columns_read, number_values
from twsla.render.drawings import UndrawableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from twsla.model.result import Column, Result
    from twsla.render.drawings import Floats

MOST_KEYS = 4_000_000
"""Keys held at once (about 100 bytes each while they are put together); more are read in several passes."""
_MOST_PASSES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """The largest sums, and what is left over."""

    rows: NDArray[np.int64]
    """Number of the row in which each of the keys appears first; the largest sum first."""
    sums: Floats
    others: int
    """How many keys there are besides."""
    others_sum: float
    missing: int
    """Rows without a value that can be added."""


class _TooManyKeysError(Exception):
    """There are more keys than one pass can hold."""


def largest_totals(result: Result, keys: Sequence[str], value: str, top: int, *, most_keys: int = MOST_KEYS) -> Totals:
    """The ``top`` keys (values of the columns ``keys``) with the largest sums of ``value``.

    Args:
        result: Its rows are read once, or in several passes where there are many keys.
        keys: Columns that tell the key.
        value: Column that is summed up.
        top: Keys wanted.
        most_keys: Keys that are held at once.

    Raises:
        UndrawableError: There are more than 250 million keys.
    """
    passes = 1
    while passes <= _MOST_PASSES:
        try:
            parts = [_one_pass(result, keys, value, top, (part, passes), most_keys) for part in range(passes)]
            return _merge(parts, top)
        except _TooManyKeysError:
            passes *= 4
    raise UndrawableError(
        f"'{result.title}' has too many different keys for a chart", hint="narrow the time range (-t) or the filters"
    )


def _one_pass(
    result: Result, keys: Sequence[str], value: str, top: int, part: tuple[int, int], most_keys: int
) -> Totals:
    """The sums of those keys whose hash, divided by the second number of ``part``, leaves the first."""
    import numpy as np

    mine_at, passes = part
    found, start, missing = _Found(most_keys), 0, 0
    columns, held = [column_of(result, key) for key in keys], column_of(result, value)
    for piece in columns_read(result, [*keys, value]):
        amounts, known = number_values(piece.column(value), held.kind)
        codes, hashes = key_codes(piece, columns)
        mine = known & ((hashes % np.uint64(passes)) == mine_at)[codes] if passes > 1 else known
        missing += int(np.count_nonzero(~known))
        places = np.flatnonzero(mine)
        # Reversed, so that of several rows with one key the first is what remains.
        first = np.full(len(hashes), -1, np.int64)
        first[codes[places][::-1]] = places[::-1] + start
        sums = np.asarray(np.bincount(codes[places], amounts[places], len(hashes)), np.float64)
        seen = first >= 0
        found.add(hashes[seen], sums[seen], first[seen])
        start += piece.num_rows
    found.merge()
    return found.largest(top, missing)


class _Found:
    """Sums by hash: sorted arrays, and further ones that are merged in when they have grown as long."""

    def __init__(self, most_keys: int) -> None:
        self._most_keys = most_keys
        self._parts: list[tuple[NDArray[np.uint64], Floats, NDArray[np.int64]]] = []
        self._merged = 0
        self._waiting = 0

    def add(self, hashes: NDArray[np.uint64], sums: Floats, first: NDArray[np.int64]) -> None:
        self._parts.append((hashes, sums, first))
        self._waiting += len(hashes)
        if self._waiting > max(1 << 20, self._merged):
            self.merge()

    def merge(self) -> None:
        import numpy as np

        if not self._parts:
            return
        hashes, sums, first = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else order
        if len(starts):
            sums, first = np.add.reduceat(sums[order], starts), np.minimum.reduceat(first[order], starts)
        self._parts = [(hashes[starts], sums, first)]
        self._merged, self._waiting = len(starts), 0
        if self._merged > self._most_keys:
            raise _TooManyKeysError

    def largest(self, top: int, missing: int) -> Totals:
        import numpy as np

        if not self._parts:
            return Totals(np.empty(0, np.int64), np.empty(0), 0, 0.0, missing)
        _, sums, first = self._parts[0]
        order = np.lexsort((first, -sums))
        kept = order[:top]
        return Totals(first[kept], sums[kept], len(order) - len(kept), float(sums[order[top:]].sum()), missing)


def _merge(parts: Sequence[Totals], top: int) -> Totals:
    import numpy as np

    rows, sums = np.concatenate([part.rows for part in parts]), np.concatenate([part.sums for part in parts])
    order = np.lexsort((rows, -sums))
    kept, rest = order[:top], order[top:]
    return Totals(
        rows[kept],
        sums[kept],
        sum(part.others for part in parts) + len(rest),
        sum(part.others_sum for part in parts) + float(sums[rest].sum()),
        parts[0].missing,
    )


def key_codes(batch: pa.RecordBatch, columns: Sequence[Column]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """For each row the place of its key among the different keys of this batch, and the hash of each of these."""
    import numpy as np

    coded = [canonical_array(batch.column(column.name), column.kind).dictionary_encode() for column in columns]
    codes = np.asarray(coded[0].indices.to_numpy(zero_copy_only=False), np.int64)
    texts = coded[0].dictionary.to_pylist()
    keys: list[tuple[str, ...]] = [(text,) for text in texts]
    for each in coded[1:]:
        more = each.dictionary.to_pylist()
        pairs, codes = np.unique(codes * max(1, len(more)) + each.indices.to_numpy(), return_inverse=True)
        keys = [(*keys[pair // len(more)], more[pair % len(more)]) for pair in pairs.tolist()]
    hashes = np.array([hash(key) for key in keys], np.int64).view(np.uint64)
    return codes, hashes
