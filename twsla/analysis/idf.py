"""In how many records each term is, for weights by how rare a term is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from twsla.analysis.features_terms import Terms

_MOST_TERMS: Final = 10_000_000
"""Distinct terms held; some 50 bytes each."""
_UNMERGED: Final = 4_000_000


class Frequencies:
    """Counts records by term; then gives each term its weight."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []
        self._records = 0
        self._size = 0
        self._merged: tuple[pa.Array, np.ndarray[Any, Any]] | None = None

    def add(self, terms: Terms) -> None:
        """Count a batch."""
        import numpy as np
        import pyarrow as pa

        having = np.bincount(terms.counts.indices, minlength=len(terms.terms))
        self._tables.append(pa.table({"term": terms.terms, "n": having}))
        self._records += terms.counts.shape[0]
        self._size += len(terms.terms)
        if self._size > _UNMERGED:
            self._merge()

    def _merge(self) -> None:
        import pyarrow as pa

        if not self._tables:
            return
        table = pa.concat_tables(self._tables).group_by("term").aggregate([("n", "sum")])
        self._tables = [pa.table({"term": table["term"], "n": table["n_sum"]}).combine_chunks()]
        self._size = 0
        if table.num_rows > _MOST_TERMS:
            raise UsageError(
                f"the records have more than {_MOST_TERMS:,} different terms, too many to weigh",
                hint="leave --idf out, or narrow the time range or the filters",
            )

    def of(self, terms: pa.Array) -> np.ndarray[Any, Any]:
        """The weight of each term: 1 + ln((1 + n) / (1 + df)), n records of which df have the term; never 0."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._merged is None:
            self._merge()
            table = self._tables[0] if self._tables else pa.table({"term": pa.array([], pa.large_string()), "n": []})
            names = table["term"].combine_chunks()
            self._merged = names, np.asarray(table["n"]).astype(np.float64)
        names, counts = self._merged
        places = np.asarray(pc.fill_null(pc.index_in(terms, names), -1))
        having = np.where(places >= 0, counts[places] if len(counts) else 0.0, 0.0)
        weights: np.ndarray[Any, Any] = 1.0 + np.log((1.0 + self._records) / (1.0 + having))
        return weights
