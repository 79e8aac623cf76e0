"""Extractions as SQL over the columns ``text``, ``shape``, ``source`` and ``line_no``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.extraction import COLUMNS, ExtractionKind
from twsla.query.extracted import Extracted, Params

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine

__all__ = ["Extracted", "compile_extraction"]


def compile_extraction(extraction: Extraction, *, prefix: str = "e0", engine: Engine | None = None) -> Extracted:
    """The SQL of an extraction.

    Args:
        extraction: Not NORMALIZE or TEMPLATE, which are no expressions over one record.
        prefix: What the names of its parameters begin with.
        engine: Where columns of CSV and TSV are asked for by name: reads the headers of the sources. Where a JSON path
            has filters: gets to know it. Where a field is stored: its ``records`` have it from then on.

    Raises:
        UsageError: RE2 does not accept the regular expression, a grok definition is missing or broken, a path cannot
            be read, or no source has a column of that name.
    """
    params = Params(prefix)
    match extraction.kind:
        case ExtractionKind.PATTERN:
            from twsla.query.matching import compile_pattern

            return compile_pattern(extraction, params, engine)
        case ExtractionKind.FIELD:
            from twsla.query.spaced import compile_field

            return compile_field(extraction, params)
        case ExtractionKind.CSV | ExtractionKind.TSV:
            from twsla.query.tabular import compile_separated

            return compile_separated(extraction, params, engine)
        case ExtractionKind.JSON:
            from twsla.query.jsonpath import compile_json

            return compile_json(extraction, params, engine)
        case ExtractionKind.GROK:
            from twsla.query.grok import compile_grok

            return compile_grok(extraction, params)
        case ExtractionKind.WORD:
            from twsla.query.words import compile_word

            return compile_word(params)
        case ExtractionKind.KV:
            from twsla.query.words import compile_pairs

            return compile_pairs(extraction, params)
        case ExtractionKind.COLUMN | ExtractionKind.STORED:
            return _of_store(extraction, engine)
        case ExtractionKind.NORMALIZE | ExtractionKind.TEMPLATE:
            raise AssertionError(f"{extraction.kind.value} is worked out from all records together")


def _of_store(extraction: Extraction, engine: Engine | None) -> Extracted:
    """A column of the store, or a field that is stored."""
    if extraction.kind is ExtractionKind.COLUMN:
        assert extraction.source.lower() in COLUMNS
        return Extracted(extraction.source.lower())
    from twsla.query.conditions import check_field
    from twsla.query.fields import field_sql

    assert engine is not None
    check_field(engine, extraction.name, f"-e {extraction.source}")
    return Extracted(field_sql(engine, extraction.name))
