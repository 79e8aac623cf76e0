r"""Fields of a record as SQL: between white space, or as comma- or tab-separated values with quotes (RFC 4180).

Lenient where a file is not: what follows a closing quote belongs to the field, and a quote that is not closed reaches
to the end of the record. Either way there is one reading only, so that RE2, which would take any reading that lets a
match succeed, can split. White space around a field is no part of it unless it is quoted.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.extraction import ExtractionKind
from twsla.query.extracted import PIECE, Extracted, Params, refined_list, refined_one
from twsla.query.matching import MOST, if_any

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine

_WIDE: Final = r"\v\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
SPACE: Final = rf"\s{_WIDE}"
"""White space of Unicode, inside a class of RE2."""
SPACE_NOT_BLANK: Final = rf"\t\n\f\r{_WIDE}"
_SPACE_NOT_TAB: Final = rf"\n\f\r {_WIDE}"
_FEW: Final = 30
"""Up to this field one expression reaches it; for later ones the record is split, to keep RE2's program small."""
_HEADER_LINES: Final = 10
"""Among the first records of a source a header is looked for."""
_SHOWN_NAMES: Final = 20
_ZEEK: Final = "#fields"


def compile_field(extraction: Extraction, params: Params) -> Extracted:
    """Fields between white space."""
    if extraction.all_matches:
        return Extracted(_split_at_space(params), params.values, many=True)
    index = extraction.position
    if index >= _FEW or -index > _FEW:
        return Extracted(f"{_split_at_space(params)}[{_place(index)}]", params.values)
    if index >= 0:
        re2 = f"^[{SPACE}]*(?:[^{SPACE}]+[{SPACE}]+){{{index}}}([^{SPACE}]+)"
    else:
        re2 = f"([^{SPACE}]+)(?:[{SPACE}]+[^{SPACE}]+){{{-index - 1}}}[{SPACE}]*$"
    return dataclasses.replace(if_any(f"regexp_extract(text, {params.bind(re2)}, 1)"), params=params.values)


def _split_at_space(params: Params) -> str:
    return f"regexp_extract_all(text, {params.bind(f'[^{SPACE}]+')})"


def _place(index: int) -> int:
    """Of a list in SQL, where the first is 1."""
    return min(index + 1, MOST) if index >= 0 else max(index, -MOST)


def compile_separated(extraction: Extraction, params: Params, engine: Engine | None) -> Extracted:
    """Comma- or tab-separated values.

    Raises:
        UsageError: A column is asked for by a name that no source has in its header.
    """
    refined = _unquoted(params)
    if extraction.all_matches:
        rough = _split(extraction, params)
        return Extracted(refined_list(rough, refined), params.values, many=True, rough=rough, refined=refined)
    rough = _by_name(extraction, params, engine) if extraction.name else _field(extraction, extraction.position, params)
    return Extracted(refined_one(rough, refined), params.values, rough=rough, refined=refined)


def _separator(extraction: Extraction) -> tuple[str, str, str]:
    """The character, how RE2 writes it, and white space other than it."""
    return ("\t", r"\t", _SPACE_NOT_TAB) if extraction.kind is ExtractionKind.TSV else (",", ",", SPACE)


def _any_field(sign: str, space: str) -> tuple[str, str]:
    """RE2 of a field: with no group, and with what is between the white space as its group."""
    tail = f'[^{sign}"{space}](?:[^{sign}]*[^{sign}{space}])?'
    after = f"(?:{tail}|[{space}]+[^{sign}{space}](?:[^{sign}]*[^{sign}{space}])?)?"
    quoted = rf'"(?:[^"]|"")*(?:"{after}|\z)'
    value = f"{quoted}|{tail}|"
    return f"[{space}]*(?:{value})[{space}]*", f"[{space}]*({value})[{space}]*"


def _split(extraction: Extraction, params: Params) -> str:
    separator, sign, space = _separator(extraction)
    _, field = _any_field(sign, space)
    return f"regexp_extract_all({params.bind(separator)} || text, {params.bind(sign + field)}, 1)"


def _field(extraction: Extraction, index: int, params: Params) -> str:
    """SQL of one field as it stands in the text, NULL if there are too few."""
    every = f"{_split(extraction, params)}[{_place(index)}]"
    if not 0 <= index < _FEW:
        return every
    _, sign, space = _separator(extraction)
    skipped, field = _any_field(sign, space)
    re2 = params.bind(rf"^(?:{skipped}{sign}){{{index}}}{field}(?:{sign}|\z)")
    return refined_one(f"regexp_extract(text, {re2}, 1)", f"CASE WHEN {PIECE} <> '' THEN {PIECE} ELSE {every} END")


def _unquoted(params: Params) -> str:
    inner = f"regexp_extract({PIECE}, {params.bind(chr(94) + QUOTED)}, 1)"
    value = f"replace({inner}, '\"\"', '\"') || substr({PIECE}, length({inner}) + 3)"
    return f"CASE WHEN starts_with({PIECE}, '\"') THEN {value} ELSE {PIECE} END"


QUOTED: Final = '"((?:[^"]|"")*)'


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
            place = header.names.index(extraction.name), header.line_no, header.zeek
            places.setdefault(place, []).append(header.source)
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
        cases.append(f"WHEN source IN ({listed}) AND {body} THEN {_field(extraction, index, params)}")
    return f"CASE {' '.join(cases)} END"


def _headers(extraction: Extraction, engine: Engine) -> list[_Header]:
    """The header of each source of the store: its first record, or in TSV the line of Zeek that begins ``#fields``."""
    params = Params("h")
    names = refined_list(_split(extraction, params), _unquoted(params))
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
