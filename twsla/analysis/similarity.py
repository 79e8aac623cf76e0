"""How alike records are: the cosine of their terms, exactly, without comparing every pair.

Two passes over the records. The first (``bounds``) compares each record with a few that are probably alike: its
neighbours in time, and its neighbours in orders made by the least of randomly numbered terms (MinHash, Broder 1997).
Whoever is found alike there is not rare, which is nearly every record of a log. The second (``Comparison``) compares
the few that are left with all records, those with equal terms at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]

QUICK: Final = 2
THOROUGH: Final = 10
"""Orders in which neighbours are compared."""
_MOST_RANK: Final = 64
_CELLS: Final = 1 << 21
"""Numbers of a dense block of similarities: 16 MB."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Weighted terms of some records."""

    matrix: Any
    """Sparse (CSR, canonical), a row for each record."""
    squares: Array
    """Of each row the square of its length; 0: there is nothing to compare."""


def weighted(counts: Any, weights: Array | None) -> Vectors:
    """Counts of terms times the weights of the terms."""
    import numpy as np

    matrix = counts
    if weights is not None:
        matrix = counts.copy()
        matrix.data = counts.data * weights[counts.indices]
    squares = np.zeros(matrix.shape[0])
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        squares[filled] = np.add.reduceat(matrix.data**2, matrix.indptr[filled])
    return Vectors(matrix, squares)


def pair_similarity(vectors: Vectors, left: Array, right: Array) -> Array:
    """Cosines of rows ``left`` with rows ``right``."""
    import numpy as np

    product = vectors.matrix[left].multiply(vectors.matrix[right])
    dots = np.asarray(product.sum(axis=1)).ravel()
    cosines: Array = dots / np.sqrt(vectors.squares[left] * vectors.squares[right])
    return cosines


def bounds(vectors: Vectors, rank: int, enough: float, rounds: int) -> Array:
    """What the similarity of each record to the one ``rank`` places behind its nearest is at least.

    Args:
        vectors: Rows with something in them.
        rank: 0: to the nearest itself.
        enough: Rows known to be above it are not looked at again.
        rounds: How many orders to look at, ``QUICK`` or ``THOROUGH``.

    Returns:
        A bound for each row; -1 if none is known.
    """
    import numpy as np

    size = vectors.matrix.shape[0]
    found = np.full(size, -1.0)
    if size <= rank + 1 or rank > _MOST_RANK:
        return found
    random = np.random.default_rng(0)
    order = np.arange(size)
    for number in range(rounds):
        open_rows = found <= enough
        if not open_rows.any():
            break
        if number:
            order = _minhash_order(vectors.matrix, random)
        _look_around(vectors, order, open_rows, rank, found)
    return found


def _minhash_order(matrix: Any, random: np.random.Generator) -> Array:
    """Rows in order of the least of their terms, as numbered at random, twice."""
    import numpy as np

    key = np.zeros(matrix.shape[0], np.int64)
    for _ in range(2):
        numbers = random.permutation(matrix.shape[1]).astype(np.uint32)
        key = (key << 32) | np.minimum.reduceat(numbers[matrix.indices], matrix.indptr[:-1])
    order: Array = np.argsort(key, kind="stable")
    return order


def _look_around(vectors: Vectors, order: Array, open_rows: Array, rank: int, found: Array) -> None:
    """Raise the bounds of open rows by what stands next to them in an order."""
    import numpy as np

    is_open = open_rows[order]
    seen = np.full((2 * (rank // 2 + 1), len(order)), -1.0)
    for distance in range(1, min(rank // 2 + 1, len(order) - 1) + 1):
        left = np.flatnonzero(is_open[:-distance] | is_open[distance:])
        likeness = pair_similarity(vectors, order[left], order[left + distance])
        seen[2 * distance - 2, left] = likeness
        seen[2 * distance - 1, left + distance] = likeness
    best = np.partition(seen, -1 - rank, axis=0)[-1 - rank]
    found[order] = np.maximum(found[order], best)


class Comparison:
    """Some records against all, batch after batch; whoever has too many that are alike drops out."""

    def __init__(self, vectors: Vectors, terms: pa.LargeStringArray, keys: Array) -> None:
        """Take the records.

        Args:
            vectors: Of the records; none is empty.
            terms: Of each column.
            keys: Of each record a number that says which it is, so that it is not compared with itself.
        """
        import numpy as np

        size = len(keys)
        self.vectors = vectors
        self.terms = terms
        self.keys = keys
        self.places = np.arange(size)
        """Of each record still in its place among those taken."""
        self.least = np.full(size, np.inf)
        self.most = np.full(size, -np.inf)
        self.sums = np.zeros(size)
        self.above = np.zeros(size, np.int64)
        self.nearest = np.full(size, -1, np.int64)
        """Key of the most similar record; -1: there is no other."""
        self.having = np.zeros(len(terms), np.int64)
        """Of each term how many records have it."""
        self.compared = 0
        """Records seen, each record itself included."""

    def add(self, batch: Vectors, terms: pa.Array, keys: Array, limit: float, most_above: int | None) -> None:
        """Compare with the records of a batch.

        Args:
            batch: Their vectors; none is empty.
            terms: Of each column of theirs.
            keys: Of each which it is; ascending.
            limit: Similarities above it are counted.
            most_above: A record with more of these drops out; None: none does.
        """
        import numpy as np

        known = self._columns(batch.matrix, terms)
        self.having += np.bincount(known.indices, minlength=len(self.terms))
        self.compared += len(keys)
        kinds = _distinct(known, batch.squares)
        begin = 0
        while begin < len(kinds.first) and len(self.keys):
            end = min(len(kinds.first), begin + max(1, _CELLS // len(self.keys)))
            here = kinds.first[begin:end]
            likeness = self._likeness(known[here], batch.squares[here])
            own = self._own(keys, kinds.which, begin, end)
            best = self._note(likeness, kinds.times[begin:end], own, limit)
            self._name_nearest(best, keys[here], keys[kinds.second[begin:end]])
            if most_above is not None:
                self._keep(self.above <= most_above)
            begin = end

    def _columns(self, matrix: Any, terms: pa.Array) -> Any:
        """The terms of a batch that are terms of ours, in our columns."""
        import numpy as np
        import pyarrow.compute as pc
        from scipy.sparse import csr_matrix

        places = np.asarray(pc.fill_null(pc.index_in(terms, self.terms), -1)).astype(np.int64)
        columns = places[matrix.indices]
        keep = columns >= 0
        starts = np.concatenate(([0], np.cumsum(keep)))[matrix.indptr]
        known = csr_matrix((matrix.data[keep], columns[keep], starts), shape=(matrix.shape[0], len(self.terms)))
        known.sort_indices()
        return known

    def _likeness(self, rows: Any, squares: Array) -> Array:
        """Cosines, a row for each of ``rows`` and a column for each record."""
        import numpy as np

        dots: Array = (rows @ self.vectors.matrix.T).toarray()
        dots /= np.sqrt(squares[:, None] * self.vectors.squares[None, :])
        return dots

    def _own(self, keys: Array, which: Array, begin: int, end: int) -> tuple[Array, Array]:
        """Where in a block of distinct rows the records meet themselves: rows and columns."""
        import numpy as np

        at = np.minimum(np.searchsorted(keys, self.keys), len(keys) - 1)
        rows = which[at]
        columns = np.flatnonzero((keys[at] == self.keys) & (rows >= begin) & (rows < end))
        return rows[columns] - begin, columns

    def _note(self, likeness: Array, times: Array, own: tuple[Array, Array], limit: float) -> Array:
        """Take in a block of similarities to distinct rows that come ``times`` times.

        Returns:
            Of each record the row that is nearer than all before; -1 if none is.
        """
        import numpy as np

        rows, columns = own
        itself = likeness[own]
        # einsum adds in one order; the products of BLAS depend on the number of its threads.
        self.sums += np.einsum("i,ij->j", times.astype(np.float64), likeness)
        self.above += np.einsum("i,ij->j", times, likeness > limit)
        self.sums[columns] -= itself
        self.above[columns] -= itself > limit
        alone = times[rows] == 1
        hidden = rows[alone], columns[alone]
        likeness[hidden] = np.inf
        self.least = np.minimum(self.least, likeness.min(axis=0))
        likeness[hidden] = -np.inf
        best = likeness.argmax(axis=0)
        highest = likeness[best, np.arange(likeness.shape[1])]
        better = highest > self.most
        self.most[better] = highest[better]
        return np.where(better, best, -1)

    def _name_nearest(self, best: Array, first: Array, second: Array) -> None:
        """Keep which record the nearest is; of those that are all alike, another than the record itself."""
        import numpy as np

        found = np.flatnonzero(best >= 0)
        rows = best[found]
        itself = first[rows] == self.keys[found]
        self.nearest[found] = np.where(itself, second[rows], first[rows])

    def _keep(self, kept: Array) -> None:
        if kept.all():
            return
        self.vectors = Vectors(self.vectors.matrix[kept], self.vectors.squares[kept])
        self.keys, self.places, self.nearest = self.keys[kept], self.places[kept], self.nearest[kept]
        self.least, self.most = self.least[kept], self.most[kept]
        self.sums, self.above = self.sums[kept], self.above[kept]

    def means(self) -> Array:
        """Mean similarity of each record to all others; NaN if there are none."""
        import numpy as np

        others = self.compared - 1
        return self.sums / others if others > 0 else np.full(len(self.keys), np.nan)


@dataclass(frozen=True, slots=True)
class _Distinct:
    """Rows that differ."""

    first: Array
    """The first row of each kind."""
    second: Array
    """The second; the first where there is one only."""
    which: Array
    """Of each row the number of its kind."""
    times: Array
    """Of each kind how many rows there are."""


def _distinct(matrix: Any, squares: Array) -> _Distinct:
    """Find the rows that differ.

    Rows are told apart by their lengths and two random linear functions modulo 2**64: that two which differ agree in
    all of them cannot be arranged, and is not going to happen.
    """
    import numpy as np

    random = np.random.default_rng()
    traits = [squares.view(np.uint64)]
    bits = matrix.data.view(np.uint64)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    for _ in range(2):
        factors, summands = random.integers(0, 1 << 63, (2, matrix.shape[1]), np.uint64)
        trait = np.zeros(matrix.shape[0], np.uint64)
        if len(filled):
            mixed = (bits >> np.uint64(20)) * factors[matrix.indices] + summands[matrix.indices]
            trait[filled] = np.add.reduceat(mixed, matrix.indptr[filled])
        traits.append(trait)
    order = np.lexsort(traits)  # stable: the first of equal rows comes first
    changes = np.zeros(len(order), bool)
    changes[:1] = True
    for trait in traits:
        ordered = trait[order]
        changes[1:] |= ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(changes)
    times = np.diff(np.append(starts, len(order)))
    ranks = np.argsort(order[starts])  # kinds in the order of their first rows, so that sums come out the same
    numbers = np.empty(len(starts), np.int64)
    numbers[ranks] = np.arange(len(starts))
    which = np.empty(len(order), np.int64)
    which[order] = numbers[np.cumsum(changes) - 1]
    starts, times = starts[ranks], times[ranks]
    return _Distinct(order[starts], order[starts + (times > 1)], which, times)
