"""How often each shape occurs in a store file, kept in its Parquet footer.

A question that shapes alone decide ("how many lines hold this text") is answered from there without reading a row.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "twsla.shapes"
"""Key of the footer's metadata. The value is zlib-compressed JSON: ``[[shape, …], [rows, …]]``."""
MOST_SHAPES = 4096
MOST_BYTES = 1 << 20
"""Of the texts. Every reader of the file reads its footer: beyond this, counting the rows is as quick."""


def encode(shapes: pa.ChunkedArray) -> tuple[int, bytes]:
    """The footer's value for a file's ``shape`` column, and the number of shapes in it.

    Args:
        shapes: dictionary<int32, string> without nulls, one dictionary for all chunks.

    Returns:
        (0, b"") where there are too many.
    """
    import numpy as np

    column = shapes.combine_chunks()
    column = column.chunk(0) if hasattr(column, "chunks") else column
    dictionary = column.dictionary
    if len(dictionary) > MOST_SHAPES or dictionary.nbytes > MOST_BYTES:
        return 0, b""
    rows = np.bincount(column.indices.to_numpy(), minlength=len(dictionary))
    used = [(shape, int(count)) for shape, count in zip(dictionary.to_pylist(), rows, strict=True) if count]
    names, counts = zip(*used, strict=True) if used else ((), ())
    return len(names), zlib.compress(json.dumps([names, counts], ensure_ascii=False).encode())


def decode(value: bytes) -> tuple[list[str], list[int]]:
    """Shapes and how many rows have each.

    Raises:
        ValueError: The value is damaged.
    """
    try:
        shapes, rows = json.loads(zlib.decompress(value))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    return shapes, rows
