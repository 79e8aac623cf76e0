"""A result whose texts are masked, for what draws rows instead of listing them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from twsla.model.result import Result, Rows


def masked_result(result: Result) -> Result:
    """The same result with personal data masked in title, rows, notes and facts."""
    from twsla.render.masking import mask_text

    return replace(
        result,
        title=mask_text(result.title),
        columns=tuple(replace(each, title=mask_text(each.title)) for each in result.columns),
        rows=MaskedRows(result.rows),
        facts=tuple(
            replace(each, value=mask_text(each.value)) if isinstance(each.value, str) else each for each in result.facts
        ),
        notes=tuple(replace(each, text=mask_text(each.text)) for each in result.notes),
        charts=tuple(replace(each, title=mask_text(each.title)) for each in result.charts),
    )


class MaskedRows:
    """Other rows with personal data masked in every column of texts."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        import pyarrow as pa

        table = self._rows.slice(start, count)
        return pa.Table.from_batches([masked_batch(batch) for batch in table.to_batches()]) if len(table) else table

    def sorted(self, column: str, *, descending: bool = False) -> MaskedRows:
        """The same rows by ``column``, as it was before it was masked."""
        return MaskedRows(self._rows.sorted(column, descending=descending))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, piece by piece."""
        for batch in self._rows.batches():
            yield masked_batch(batch)


def masked_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch with its texts masked; columns of texts become ``large_string``."""
    import pyarrow as pa

    from twsla.render.masking import mask_array

    arrays = []
    for array in batch.columns:
        held = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
        is_text = pa.types.is_string(held) or pa.types.is_large_string(held)
        arrays.append(mask_array(array.cast(pa.large_string())) if is_text else array)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
