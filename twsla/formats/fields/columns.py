"""Columns of values: null where a record has none, and as long as there are records."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Columns = dict[str, pa.DictionaryArray]
    """By field: (records,) dictionary<int32, string>, null where a record does not have it."""


MOST_CELLS = 1 << 24
"""Names times records of one block. Names beyond, by which something else than names is meant, stay in the text."""
LEAST_NAMES = 256


def most_names(records: int) -> int:
    """How many fields can be told of so many records."""
    return max(LEAST_NAMES, MOST_CELLS // max(records, 1))


def spread(values: pa.Array, rows: npt.NDArray[np.int64] | None, count: int) -> pa.DictionaryArray:
    """Values of some records as a column of all.

    Args:
        values: (rows,) string or dictionary; null for none.
        rows: Places of the records, ascending; None: they are all.
        count: Of all records.
    """
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    if rows is None:
        return values
    codes = np.full(count, -1, np.int32)
    codes[rows] = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), values.dictionary)


def merged(one: pa.DictionaryArray, other: pa.DictionaryArray) -> pa.DictionaryArray:
    """A column with the values of both, which do not have any for the same record."""
    import numpy as np
    import pyarrow as pa

    shift = len(one.dictionary)
    first = one.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    second = other.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    codes = np.where(first >= 0, first, np.where(second >= 0, second + shift, -1)).astype(np.int32)
    both = pa.concat_arrays([one.dictionary, other.dictionary])
    unique = both.dictionary_encode()
    places = np.append(unique.indices.to_numpy(zero_copy_only=False), np.int32(-1))[codes]
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32(), mask=codes < 0), unique.dictionary)


def add(columns: Columns, name: str, column: pa.DictionaryArray) -> None:
    """Put a column beside others; into one of the same name, if there is one."""
    columns[name] = merged(columns[name], column) if name in columns else column


def from_pairs(names: Sequence[str], values: Sequence[str], owners: npt.NDArray[np.int64], count: int) -> Columns:
    """Columns of names and values one after the other.

    Args:
        names: Of the fields.
        values: As many.
        owners: (pairs,) places of the records, ascending. Of a name that comes twice in a record the first counts.
        count: Of all records.
    """
    import numpy as np
    import pyarrow as pa

    if not len(names):
        return {}
    keys = pa.array(names, pa.string()).dictionary_encode()
    texts = pa.array(values, pa.string()).dictionary_encode()
    key_codes = keys.indices.to_numpy()
    text_codes = texts.indices.to_numpy()
    order = np.argsort(key_codes, kind="stable")
    bounds = np.searchsorted(key_codes[order], np.arange(len(keys.dictionary) + 1))
    columns = {}
    frequent = set(np.argsort(bounds[:-1] - bounds[1:], kind="stable")[: most_names(count)].tolist())
    for code, name in enumerate(keys.dictionary.to_pylist()):
        if code not in frequent:
            continue
        places = order[bounds[code] : bounds[code + 1]][::-1]
        codes = np.full(count, -1, np.int32)
        codes[owners[places]] = text_codes[places]
        used, own = np.unique(codes, return_inverse=True)
        nulls = int(used[0] < 0)
        columns[name] = pa.DictionaryArray.from_arrays(
            pa.array((own - nulls).astype(np.int32), mask=codes < 0), texts.dictionary.take(pa.array(used[nulls:]))
        )
    return columns


def separated(
    texts: pa.Array, names: Sequence[str], *, delimiter: str, quote: str | None = None, none: Sequence[str] = ()
) -> list[pa.DictionaryArray]:
    """Columns of lines that are all of the same number of values.

    Args:
        texts: (records,) strings without line ends (neither of both), none empty.
        names: Of the columns; all different.
        delimiter: Between values.
        quote: Around values that hold the delimiter; no such value holds a quote.
        none: Texts that stand for no value.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pc_csv

    newline, nothing = (pa.scalar(text, pa.large_string()) for text in ("\n", ""))
    lines = pc.binary_join_element_wise(texts.cast(pa.large_string()), newline, nothing)
    whole = lines.buffers()[2]
    table = pc_csv.read_csv(
        pa.BufferReader(whole),
        read_options=pc_csv.ReadOptions(use_threads=False, column_names=list(names), block_size=1 << 30),
        parse_options=pc_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote or False,
            double_quote=False,
            escape_char=False,
            newlines_in_values=False,
            ignore_empty_lines=False,
        ),
        convert_options=pc_csv.ConvertOptions(
            check_utf8=False,
            column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in names},
            null_values=list(none),
            strings_can_be_null=bool(none),
            quoted_strings_can_be_null=True,
        ),
    )
    return [table.column(place).unify_dictionaries().combine_chunks() for place in range(len(names))]
