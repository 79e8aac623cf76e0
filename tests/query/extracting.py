"""Runs an extraction over texts and holds every promise of ``Extracted`` against it."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow  # noqa: F401  # once it is loaded, expressions are checked by it, which takes no connection

from twsla.model.extraction import parse_extraction
from twsla.query.extracted import PIECE
from twsla.query.extraction import compile_extraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.query.extracted import Extracted


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def shape(text: str) -> str:
    return re.sub("[0-9]+", "0", text)


def extracted(what: str, texts: Sequence[str], position: int | None = None, **options: Any) -> list[Any]:
    """The value of each text, after checking that all ways to it give the same."""
    extraction = parse_extraction(what, position=position, name=options.pop("name", ""), **options)
    compiled = compile_extraction(extraction, prefix="x7")
    with_shape = _values(compiled, texts, "shape")

    assert _values(compiled, texts, "NULL::VARCHAR AS shape") == with_shape
    if compiled.shape_only:
        assert _values(compiled, [shape(text) for text in texts], "shape") == with_shape
    return with_shape


def extracted_one(what: str, text: str, position: int | None = None, **options: Any) -> Any:
    return extracted(what, [text], position, **options)[0]


def _values(compiled: Extracted, texts: Sequence[str], shape_column: str) -> list[Any]:
    names = set(re.findall(r"\$(x7_\d+)", " ".join((compiled.expression, compiled.where, compiled.refined))))
    assert set(compiled.params) == names
    rough = compiled.rough or compiled.expression
    if compiled.many:
        refined = f"list_filter(list_transform({rough}, lambda {PIECE}: {compiled.refined}), lambda v: v IS NOT NULL)"
    else:
        refined = f"(SELECT {compiled.refined} FROM (SELECT {rough} AS {PIECE}))"
    numbered = _connection().execute(
        f"""
        WITH records AS (
            SELECT n, text, {shape_column}, 'source' AS source, 1 AS line_no
            FROM (SELECT unnest($texts) AS text, unnest($shapes) AS shape, generate_subscripts($texts, 1) AS n)
        )
        SELECT {compiled.expression}, {refined}, {compiled.where},
               CASE WHEN {compiled.where} THEN {compiled.expression} END
        FROM records ORDER BY n
        """,
        {"texts": list(texts), "shapes": [shape(text) for text in texts], **compiled.params},
    )
    values = []
    for value, again, possible, guarded in numbered.fetchall():
        assert again == value
        assert possible is True or not value
        assert guarded == (value if possible else None)
        values.append(value)
    return values
