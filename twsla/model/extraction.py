r"""What is taken out of each record's text (``-e``, ``-p``, ``-n``, ``-x``, ``-g``), as a value.

``-e`` is a key of the table below, in any case, or else a template: a regular expression (RE2) in which ``%{ip}``,
``%{number}`` and the other observables stand for themselves and ``%{word}`` for ``\S+``, each as a group.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from twsla.errors import UsageError
from twsla.model.filters import regex_filter
from twsla.model.patterns import OBSERVABLES, observable


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
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What to take out of each record."""

    kind: ExtractionKind
    source: str
    """As the user wrote it (``-e``)."""
    position: int = 1
    """Which match, from 1; FIELD, CSV and TSV: which field, from 0, or from the end (-1 the last)."""
    group: int | None = None
    """PATTERN: which group, 0 the whole match; None: the first, or the whole match where there is none."""
    all_matches: bool = False
    """All values of a record, not one."""
    name: str = ""
    """``-n``: JSON path, grok field, key of a pair, column of CSV or TSV (then ``position`` is of no account), or named
    group; where it is none of these, it is a title only."""
    re2: str = ""
    """PATTERN: the regular expression; whether RE2 accepts it is for ``compile_extraction`` to say."""
    observable: str = ""
    """PATTERN: the name of the observable that ``re2`` is and nothing else."""
    grok_pattern: str = ""
    grok_definitions: str = ""
    """Empty: the default definitions; ``full``: all there are; else a file."""
    ip_info: str = ""
    """``-e country`` and the like: the value is an address to be looked up (host, domain, loc, country, asn)."""


_MODES: Final = {
    kind.value: kind
    for kind in ExtractionKind
    if kind not in (ExtractionKind.PATTERN, ExtractionKind.COLUMN, ExtractionKind.STORED)
}
_ADDRESS_INFO: Final = ("host", "domain", "loc", "country", "asn")
COLUMNS: Final = ("source",)
"""Columns of the store that are keys of their own."""
STORED: Final = "field:"
"""What stands before the name of a field that is stored."""
_PATTERNS: Final = tuple(each.name for each in OBSERVABLES if each.name != "kv")
KEYS: Final = (*_PATTERNS, *_MODES, *COLUMNS, *_ADDRESS_INFO)
"""All keys, as documented; ``num`` is ``number``."""

_TABULAR: Final = (ExtractionKind.FIELD, ExtractionKind.CSV, ExtractionKind.TSV)
_PLACE: Final = re.compile(r"%\{([^{}]*)\}")
_SIGNS: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_WORD: Final = r"(\S+)"
_LOOSE_END: Final = re.compile(r"\A\Z|(?<!\\)(?:\\\\)*[*+?.)\]}]\Z|(?<!\\)(?:\\\\)*\\[wdSDW]\Z")
"""Text before a place that ends with something that may take any character."""
_LOOSE_START: Final = re.compile(r"\Z|[.(\[]|\\[wdSDW]|%\{")


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

    Args:
        text: ``-e``; may be left empty if there is a grok pattern.
        position: ``-p``; None: the first match, or the second field of a table as the original has it.
        name: ``-n``; of a table it is the column to take unless ``position`` says which.
        grok_pattern: ``-x``.
        grok_definitions: ``-g``.
        group: Which group of the regular expression; None: the first.
        all_matches: All values of a record.

    Raises:
        UsageError: A key is not known, or options are missing or do not go together.
    """
    key = text.lower() or ("grok" if grok_pattern else "")
    if not key:
        raise UsageError("there is nothing to extract", hint=f"give -e one of {', '.join(KEYS)}, or a template")
    if key.startswith(STORED):
        return _stored(text, group)
    kind = _MODES.get(key, ExtractionKind.COLUMN if key in COLUMNS else ExtractionKind.PATTERN)
    known, re2 = _pattern(key, text) if kind is ExtractionKind.PATTERN else ("", "")
    _check_options(kind, key, name, grok_pattern, group)
    return Extraction(
        kind=kind,
        source=text or key,
        position=_position(kind, position),
        group=group,
        all_matches=all_matches,
        name=name if kind not in _TABULAR or position is None else "",
        re2=re2,
        observable=known,
        grok_pattern=grok_pattern,
        grok_definitions=grok_definitions,
        ip_info=key if key in _ADDRESS_INFO else "",
    )


def _stored(text: str, group: int | None) -> Extraction:
    name = text[len(STORED) :].strip()
    if not name:
        raise UsageError(f"-e {STORED} names no field", hint=f"such as: -e {STORED}EventID")
    if group is not None:
        raise UsageError(f"-e {STORED} has no groups", hint="--group is for regular expressions")
    return Extraction(ExtractionKind.STORED, text, name=name)


def _position(kind: ExtractionKind, position: int | None) -> int:
    if position is None:
        return 1
    return position if kind in _TABULAR else max(position, 1)


def _check_options(kind: ExtractionKind, key: str, name: str, grok_pattern: str, group: int | None) -> None:
    if kind is ExtractionKind.JSON and not name:
        raise UsageError("-e json needs a path", hint="give it by -n: -n '$.user.name', or short -n user.name")
    if kind is ExtractionKind.GROK and not grok_pattern:
        raise UsageError("-e grok needs a pattern", hint="give it by -x: -x '%{SYSLOGBASE}', or a definition's name")
    if group is not None and kind is not ExtractionKind.PATTERN:
        raise UsageError(f"-e {key} has no groups", hint="--group is for regular expressions")
    if group is not None and group < 0:
        raise UsageError(f"there is no group {group}", hint="groups count from 1; 0 is the whole match")


def _pattern(key: str, text: str) -> tuple[str, str]:
    """Of a key or template: the observable that it is, or "", and RE2 with the value as a group."""
    alone = _PLACE.fullmatch(key)
    plain = alone[1] if alone else key
    plain = "ip" if plain in _ADDRESS_INFO and not alone else "number" if plain == "num" else plain
    if plain in _PATTERNS:
        return plain, observable(plain).group()
    if not _PLACE.search(text) and not _SIGNS.search(text):
        raise _unknown(text)
    return "", regex_filter(_PLACE.sub(_embedded, text)).re2


def _embedded(place: re.Match[str]) -> str:
    """A place of a template as RE2.

    At the ends of the template, and beside what may take anything, nothing says what stands around the value: there
    the observable's own conditions apply, or else ``.*%{ip}`` would cut off the first digits of an address.
    """
    name = place[1]
    plain = name.lower()
    if plain == "word":
        return _WORD
    plain = "number" if plain == "num" else plain
    if plain not in _PATTERNS:
        near = _near(name, ("word", *_PATTERNS))
        raise UsageError(
            f"nothing is known by the name '%{{{name}}}'",
            hint=f"{near}a template may hold {', '.join(f'%{{{each}}}' for each in ('word', *_PATTERNS))}; "
            "for grok definitions use -e grok -x",
        )
    known = observable(plain)
    before = known.before if _LOOSE_END.search(place.string[: place.start()]) else ""
    after = known.after if _LOOSE_START.match(place.string[place.end() :]) else ""
    return f"{before}{known.embedded()}{after}"


def _unknown(text: str) -> UsageError:
    near = _near(text, KEYS)
    return UsageError(
        f"'{text}' is no key of -e, and as a template it would always give the same",
        hint=f"{near}the keys are {', '.join(KEYS)}; in a template something varies: 'user %{{word}}', '(GET|POST) '",
    )


def _near(text: str, names: tuple[str, ...]) -> str:
    found = difflib.get_close_matches(text.lower(), names, n=1)
    return f"did you mean {found[0]}? " if found else ""
