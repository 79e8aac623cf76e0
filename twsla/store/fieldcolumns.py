"""Fields of records as columns: which get one of their own in a file, and the map of the rest. No Python per record.

On the way to a file, fields may come in a map column, or in columns of their own (``field_…``), or both; a record has a
name in one of them only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.model.records import field_column, field_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

MAP = "fields"
MOST_COLUMNS = 64
"""Measured on 227,000 Windows events: 64 columns hold all fields of 96 % of the conditions in Sigma's rules."""
LEAST_SHARE = 0.005
"""Of the records with fields, for a column to pay."""
LEAST_RECORDS = 16
"""The same as a number."""
MOST_NAMES = 2000
"""Names in the maps of a file that its entry lists. Where there are more, they are read from the file when needed."""
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Arranged:
    """The rows of a file with their fields in place."""

    table: pa.Table
    names: tuple[str, ...]
    """Fields that have no column of their own, sorted; none where there are more than ``MOST_NAMES``."""


def arrange(table: pa.Table) -> Arranged:
    """Give the most frequent fields a column each, and put the others in the map.

    Of names that differ only in case the most frequent can have a column: to most readers of Parquet, and to DuckDB,
    such names are the same.
    """
    own = [name for name in table.column_names if field_of(name) is not None]
    if MAP not in table.column_names and not own:
        return Arranged(table, ())
    fields = {name: _one(table[field_column(name)]) for each in own if (name := field_of(each)) is not None}
    if MAP in table.column_names:
        fields |= split_map(_one(table[MAP]))
        own.append(MAP)
    counts = {name: len(column) - column.null_count for name, column in fields.items()}
    chosen = _chosen(counts, _structured(fields, table.num_rows))
    rest = sorted(name for name, count in counts.items() if count and name not in chosen)
    table = table.drop_columns(own)
    for name in chosen:
        table = table.append_column(field_column(name), fields[name])
    if rest:
        table = table.append_column(MAP, join_map({name: fields[name] for name in rest}, table.num_rows))
    return Arranged(table, tuple(rest) if len(rest) <= MOST_NAMES else ())


def _structured(fields: Mapping[str, pa.DictionaryArray], rows: int) -> int:
    """How many records have any field."""
    import numpy as np

    some = np.zeros(rows, bool)
    for column in fields.values():
        if not column.null_count:
            return rows
        some |= column.is_valid().to_numpy(zero_copy_only=False)
    return int(some.sum())


def _chosen(counts: Mapping[str, int], records: int) -> list[str]:
    """Names of the fields that get a column, sorted."""
    chosen: dict[str, str] = {}
    least = max(LEAST_RECORDS, LEAST_SHARE * records)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        if len(chosen) == MOST_COLUMNS or counts[name] < least:
            break
        if name.isprintable() and len(name) <= LONGEST_NAME and name.casefold() not in chosen:
            chosen[name.casefold()] = name
    return sorted(chosen.values())


def join_map(fields: Mapping[str, pa.DictionaryArray], rows: int) -> pa.MapArray:
    """Columns of fields as one map column: (rows,) map<string, string>, null for records without any of them."""
    import numpy as np
    import pyarrow as pa

    from twsla.model.records import fields_field

    owners: list[npt.NDArray[np.int64]] = []
    values: list[pa.Array] = []
    for column in fields.values():
        owners.append(np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False)))
        values.append(column.drop_null().dictionary_decode())
    keys = np.repeat(np.arange(len(owners), dtype=np.int32), [len(each) for each in owners])
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    lengths = np.bincount(owner, minlength=rows)
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    names = pa.array(list(fields), pa.string()).take(pa.array(keys[order]))
    texts = pa.concat_arrays(values).take(pa.array(order))
    # A null offset makes its list null; the last is the end of all.
    missing = np.append(lengths == 0, False)
    return pa.MapArray.from_arrays(pa.array(offsets, mask=missing), names, texts, type=fields_field().type)


def _one(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; texts as a dictionary."""
    import pyarrow as pa

    if column.type == pa.string():
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def split_map(fields: pa.MapArray, wanted: Collection[str] | None = None) -> dict[str, pa.DictionaryArray]:
    """The values of a map column, name by name.

    Args:
        fields: (records,) map<string, string>; null where a record has none. A name that stands in a map more than
            once counts with its first value.
        wanted: Only these names; None: all that occur.

    Returns:
        For each name that occurs (records,) dictionary<int32, string>, null where the record does not have it; names
        in the order of their first occurrence.
    """
    import numpy as np
    import pyarrow as pa

    rows = len(fields)
    offsets = fields.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    keys = fields.keys.slice(first, last - first).dictionary_encode()
    items = fields.items.slice(first, last - first)
    key_codes = keys.indices.to_numpy(zero_copy_only=False)
    lengths = np.diff(offsets)
    if fields.null_count:
        lengths = np.where(fields.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    owners = np.repeat(np.arange(rows, dtype=np.int64), lengths)
    names = keys.dictionary.to_pylist()
    if wanted is not None:
        chosen = np.flatnonzero(np.array([name in wanted for name in names], bool)[key_codes])
        key_codes, owners, items = key_codes[chosen], owners[chosen], items.take(pa.array(chosen))
    values = items.dictionary_encode()
    value_codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    order = np.argsort(key_codes, kind="stable")
    bounds = np.searchsorted(key_codes[order], np.arange(len(names) + 1))
    columns: dict[str, pa.DictionaryArray] = {}
    for code, name in enumerate(names):
        if wanted is None or name in wanted:
            places = order[bounds[code] : bounds[code + 1]]
            columns[name] = _spread(owners[places], value_codes[places], values.dictionary, rows)
    return columns


def _spread(
    owners: npt.NDArray[np.int64], codes: npt.NDArray[np.int32], dictionary: pa.Array, rows: int
) -> pa.DictionaryArray:
    """Values by their codes in a larger dictionary, as a column with a dictionary of no more than they need.

    Args:
        owners: (values,) row of each, ascending; of those of one row the first counts.
        codes: (values,) in ``dictionary``; -1 for null.
        dictionary: All values.
        rows: Length of the column.
    """
    import numpy as np
    import pyarrow as pa

    counting = codes >= 0
    counting[1:] &= owners[1:] != owners[:-1]
    used, own = np.unique(codes[counting], return_inverse=True)
    indices = np.full(rows, -1, np.int32)
    indices[owners[counting]] = own
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, pa.int32(), mask=indices < 0), dictionary.take(pa.array(used))
    )
