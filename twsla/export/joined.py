"""Columns of text glued to lines, a whole piece of a result at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.cells import text_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa


def glue(parts: Sequence[str | pa.Array]) -> memoryview:
    """The bytes of all rows: for each row its parts in order, constant texts and ``large_string`` cells without nulls.

    At least one part is an array; all arrays have the same length.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    large = pa.large_string()
    pieces = [pa.scalar(part, large) if isinstance(part, str) else part for part in parts]
    return text_bytes(pc.binary_join_element_wise(*pieces, pa.scalar("", large))).data


def lines(cells: Sequence[pa.Array], separator: str) -> memoryview:
    """The bytes of all rows: the cells of each with ``separator`` between them and a line end after the last."""
    parts: list[str | pa.Array] = []
    for cell in cells:
        parts += [cell, separator]
    return glue([*parts[:-1], "\n"])
