"""Comma- and tab-separated values with quotes (RFC 4180), as SQL.

Lenient where a file is not: what follows a closing quote belongs to the field, and a quote that is not closed reaches
to the end of the record. Either way there is one reading only, so that RE2, which would take any reading that lets a
match succeed, can split. White space around a field is no part of it unless it is quoted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.extraction import ExtractionKind
from twsla.query.extracted import PIECE, Extracted, Params, refined_list, refined_one
from twsla.query.matching import where_shape
from twsla.query.spaced import SPACE, either_way, place

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine

_HEADER_LINES: Final = 10
"""Among the first records of a source a header is looked for."""
_SHOWN_NAMES: Final = 20
_ZEEK: Final = "#fields"
_QUOTED: Final = '^"((?:[^"]|"")*)'


def compile_separated(extraction: Extraction, params: Params, engine: Engine | None) -> Extracted:
    """Comma- or tab-separated values.

    Raises:
        UsageError: A column is asked for by a name that no source has in its header.
    """
    refined = _cleaned(extraction, params)
    if extraction.all_matches:
        every = _split(extraction, params)
        return Extracted(refined_list(every, refined), params.values, many=True, rough=every, refined=refined)
    if extraction.name:
        rough, where = _by_name(extraction, params, engine), "true"
    else:
        rough = _split(extraction, params, extraction.position)
        where = where_shape([(_separator(extraction),)], params) if extraction.position > 0 else "true"
    return Extracted(refined_one(rough, refined), params.values, where=where, rough=rough, refined=refined)


def _separator(extraction: Extraction) -> str:
    return "\t" if extraction.kind is ExtractionKind.TSV else ","


def _space(extraction: Extraction) -> str:
    """White space around a field, inside a class of RE2."""
    return SPACE.replace(r"\t", "") if extraction.kind is ExtractionKind.TSV else SPACE


def _split(extraction: Extraction, params: Params, index: int | None = None) -> str:
    """SQL of one field as it stands in the text, or of the list of all."""
    sign, space = _separator(extraction), _space(extraction)
    quoted = rf'[{space}]*"(?:[^"]|"")*(?:"(?:[^"{sign}][^{sign}]*)?|\z)'
    field = rf'{quoted}|[{space}]*(?:[^"{sign}{space}][^{sign}]*)?'
    separator = params.bind(sign)
    without_quotes = either_way("NOT contains(shape, '\"')", "NOT contains(text, '\"')")
    plain = f"string_split(text, {separator})"
    # Each match begins with a separator, so that none is empty and each begins where the one before it ends.
    read = f"regexp_extract_all({separator} || text, {params.bind(f'{sign}(?:{field})')})"
    if index is None:
        read = f"list_transform({read}, lambda field: substr(field, 2))"
    else:
        plain, read = f"{plain}[{place(index)}]", f"substr({read}[{place(index)}], 2)"
    return f"CASE WHEN {without_quotes} THEN {plain} ELSE {read} END"


def _cleaned(extraction: Extraction, params: Params) -> str:
    """SQL of a field without the white space around it and without its quotes."""
    space = _space(extraction)
    trimmed = f"regexp_replace({PIECE}, {params.bind(f'^[{space}]+|[{space}]+$')}, '', 'g')"
    inner = f"regexp_extract({PIECE}, {params.bind(_QUOTED)}, 1)"
    value = f"replace({inner}, '\"\"', '\"') || substr({PIECE}, length({inner}) + 3)"
    return refined_one(trimmed, f"CASE WHEN starts_with({PIECE}, '\"') THEN {value} ELSE {PIECE} END")


# --- columns by name ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Header:
    """Where a source names its columns."""

    source: str
    line_no: int
    names: tuple[str, ...]
    zeek: bool
    """Other lines that begin with # are no records of the table either."""


def _by_name(extraction: Extraction, params: Params, engine: Engine | None) -> str:
    headers = [] if engine is None else _headers(extraction, engine)
    places: dict[tuple[int, int, bool], list[str]] = {}
    for header in headers:
        if extraction.name in header.names:
            where = header.names.index(extraction.name), header.line_no, header.zeek
            places.setdefault(where, []).append(header.source)
    if not places:
        known = list(dict.fromkeys(name for header in headers for name in header.names if name))
        more = f" and {len(known) - _SHOWN_NAMES} more" if len(known) > _SHOWN_NAMES else ""
        raise UsageError(
            f"no source has a column '{extraction.name}' in its header",
            hint=f"the first line of a source is its header; there are: {', '.join(known[:_SHOWN_NAMES])}{more}; "
            "or give the column's number by -p, from 0",
        )
    cases = []
    for (index, line_no, zeek), sources in sorted(places.items()):
        listed = f"SELECT unnest({params.bind(sources)}::VARCHAR[])"
        body = f"line_no > {line_no}" + (" AND NOT starts_with(text, '#')" if zeek else "")
        cases.append(f"WHEN source IN ({listed}) AND {body} THEN {_split(extraction, params, index)}")
    return f"CASE {' '.join(cases)} END"


def _headers(extraction: Extraction, engine: Engine) -> list[_Header]:
    """The header of each source of the store: its first record, or in TSV the line of Zeek that begins ``#fields``."""
    params = Params("h")
    names = refined_list(_split(extraction, params), _cleaned(extraction, params))
    rows = engine.fetch(
        f"SELECT source, line_no, {names} FROM records WHERE line_no <= {_HEADER_LINES} ORDER BY source, line_no",  # noqa: S608
        params.values,
        relation=engine.records(engine.store.files, filtered=False),
    )
    found: dict[str, _Header] = {}
    for source, line_no, columns in rows:
        zeek = extraction.kind is ExtractionKind.TSV and columns[0] == _ZEEK
        if zeek or line_no == 1:
            found[source] = _Header(source, line_no, tuple(columns[1:] if zeek else columns), zeek)
    return list(found.values())
