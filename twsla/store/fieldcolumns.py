"""Fields of records as columns: taken out of the map that holds a record's names and values. No Python per record."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa


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

    rows = len(fields)
    offsets = fields.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    keys = fields.keys.slice(first, last - first).dictionary_encode()
    values = fields.items.slice(first, last - first).dictionary_encode()
    value_codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    key_codes = keys.indices.to_numpy(zero_copy_only=False)
    lengths = np.diff(offsets)
    if fields.null_count:
        lengths = np.where(fields.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    owners = np.repeat(np.arange(rows, dtype=np.int64), lengths)
    order = np.argsort(key_codes, kind="stable")
    names = keys.dictionary.to_pylist()
    bounds = np.searchsorted(key_codes[order], np.arange(len(names) + 1))
    columns: dict[str, pa.DictionaryArray] = {}
    for code, name in enumerate(names):
        if wanted is not None and name not in wanted:
            continue
        places = order[bounds[code] : bounds[code + 1]][::-1]
        codes = np.full(rows, -1, np.int32)
        codes[owners[places]] = value_codes[places]  # of equal owners the last assignment, the first value, stays
        columns[name] = _compact(codes, values.dictionary)
    return columns


def _compact(codes: object, dictionary: pa.Array) -> pa.DictionaryArray:
    """Values by their codes in a larger dictionary, -1 for null, with a dictionary of no more than they need."""
    import numpy as np
    import pyarrow as pa

    codes = np.asarray(codes)
    used, own = np.unique(codes, return_inverse=True)
    nulls = bool(len(used)) and used[0] < 0
    indices = own.astype(np.int32) - np.int32(nulls)
    return pa.DictionaryArray.from_arrays(
        pa.array(indices, pa.int32(), mask=codes < 0), dictionary.take(pa.array(used[1:] if nulls else used))
    )
