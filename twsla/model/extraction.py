"""What is taken out of a record's text (``-e``, ``-p``, ``-n``, ``-x``, ``-g``), as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ExtractionKind(Enum):
    """How the values are found."""

    PATTERN = "pattern"
    FIELD = "field"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    GROK = "grok"
    WORD = "word"
    NORMALIZE = "normalize"
    TEMPLATE = "template"
    KV = "kv"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What to take out of each record."""

    kind: ExtractionKind
    source: str
    """As the user wrote it (``-e``)."""
    position: int = 1
    """PATTERN, GROK, KV: which match, from 1; FIELD, CSV, TSV: which field, from 0, or from the end (-1 the last)."""
    group: int | None = None
    """PATTERN: which group, 0 the whole match; None: the first, or the whole match where there is none."""
    all_matches: bool = False
    """All values of a record, not one."""
    name: str = ""
    """``-n``: JSON path, grok field, key, column of a table, or named group."""
    re2: str = ""
    """PATTERN: the regular expression."""
    shape_hints: tuple[str, ...] = ()
    """PATTERN: one of these is in the shape of every record with a value; none: nothing is known."""
    grok_pattern: str = ""
    grok_definitions: str = ""
    """Empty: the default definitions; ``full``: all; else a file."""
    ip_info: str = ""
    """``-e country`` and the like: the value is an address to be looked up (host, domain, loc, country)."""


def parse_extraction(
    text: str,
    *,
    position: int | None,
    name: str,
    grok_pattern: str = "",
    grok_definitions: str = "",
    group: int | None = None,
    all_matches: bool = False,
) -> Extraction:
    """The extraction that the options describe.

    Raises:
        UsageError: A key is not known, or an option that the key needs is missing.
    """
    raise NotImplementedError
