"""One column's values told apart by colour: the largest, and the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.model.result import Kind
from twsla.render.cells import canonical_array
from twsla.render.chart_totals import largest_totals
from twsla.render.chart_values import column_of, label_texts, rows_at

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from twsla.model.result import Result


@dataclass(frozen=True, slots=True)
class Split:
    """The values of a column that are drawn by themselves."""

    column: str
    keys: tuple[str, ...]
    """Their canonical texts, the largest sum first."""
    names: tuple[str, ...]
    """How they are shown."""
    others: int
    """How many more there are."""
    kind: Kind = Kind.TEXT

    def codes(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """For each row the place of its value in ``keys``; that of the others is behind the last."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.column:
            return np.zeros(batch.num_rows, np.int64)
        texts = canonical_array(batch.column(self.column), self.kind)
        places = pc.index_in(texts, value_set=pa.array(self.keys, pa.large_string()))
        return np.asarray(places.fill_null(len(self.keys)).to_numpy(zero_copy_only=False), np.int64)


def read_split(result: Result, column: str, value: str, most: int, *, zone: str = "UTC") -> Split:
    """The ``most`` values of ``column`` with the largest sums of ``value``; all if there is but one more."""
    held = column_of(result, column)
    totals = largest_totals(result, [column], value, most + 1)
    count = len(totals.rows) if totals.others == 0 else most
    others = totals.others + len(totals.rows) - count
    table = rows_at(result, [column], totals.rows[:count].tolist())
    keys = canonical_array(table.column(column), held.kind)
    names = tuple(label_texts(table.column(column), held.kind, zone))
    return Split(column, tuple(keys.to_pylist()), names, others, held.kind)
