r"""Grok: patterns made of named definitions, as one RE2 expression with the field that is asked for as its only group.

``%{SYNTAX}`` stands for the definition SYNTAX and is captured by that name, ``%{SYNTAX:id}`` by the name ``id``; a type
(``%{SYNTAX:id:int}``) is accepted and of no account here. Definitions hold references again.

Definitions come from Ruby's regular expressions. What RE2 writes otherwise is translated: ``(?<name>`` to a capture,
``\h`` to hexadecimal digits, ``\Z`` to the end (a record has no line end there), and atomic groups and possessive
repetitions to plain ones, which can only find more. Looking ahead or back cannot be translated: a definition that does
is an error where it is used, unless it is one of Logstash's own, which are kept as bundled.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.filters import Filter, FilterKind
from twsla.model.patterns import observable
from twsla.query.extracted import Extracted
from twsla.query.groups import only_group, tokens
from twsla.query.matching import matched, shape_groups, where_shape
from twsla.query.re2_check import check_filters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.model.extraction import Extraction
    from twsla.query.extracted import Params

_SETS: Final = Path(__file__).with_name("grok_sets")
_REFERENCE: Final = re.compile(r"%\{(?P<syntax>\w+)(?::(?P<id>[^:{}]+)(?::(?P<type>\w+))?)?\}")
_LINE: Final = re.compile(r"(?P<name>\w+)[ \t]+(?P<pattern>.+)")
_LONGEST: Final = 200_000
"""Characters of an expression; RE2 would refuse longer ones, and nested references can grow without bound."""
_DEEPEST: Final = 60
_BIGGEST_FILE: Final = 4 << 20
"""Bytes of a definitions file."""
_POSSESSIVE: Final = re.compile(r"([*+?])\+")
_HEX: Final = "0-9A-Fa-f"
_LOGSTASH: Final = {
    "BASE10NUM": r"(?<![0-9.+-])(?>[+-]?(?:(?:[0-9]+(?:\.[0-9]+)?)|(?:\.[0-9]+)))",
    "BASE16NUM": r"(?<![0-9A-Fa-f])(?:[+-]?(?:0x)?(?:[0-9A-Fa-f]+))",
    "BASE16FLOAT": r"\b(?<![0-9A-Fa-f.])(?:[+-]?(?:0x)?(?:(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?)|(?:\.[0-9A-Fa-f]+)))\b",
    "QUOTEDSTRING": r"""(?>(?<!\\)(?>"(?>\\.|[^\\"]+)+"|""|(?>'(?>\\.|[^\\']+)+')|''|(?>`(?>\\.|[^\\`]+)+`)|``))""",
    "IPV4": r"(?<![0-9])(?:(?:[0-1]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])[.](?:[0-1]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])[.]"
    r"(?:[0-1]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])[.](?:[0-1]?[0-9]{1,2}|2[0-4][0-9]|25[0-5]))(?![0-9])",
    "TIME": r"(?!<[0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})(?![0-9])",
}
"""Definitions of Logstash that look ahead or back, as files of definitions repeat them."""
_ECS: Final = {
    "source.address": "clientip",
    "apache.access.user.identity": "ident",
    "user.name": "auth",
    "http.request.method": "verb",
    "url.original": "request",
    "http.version": "httpversion",
    "http.response.status_code": "response",
    "http.response.body.size": "bytes",
    "http.request.referrer": "referrer",
    "user_agent.original": "agent",
    "log.level": "loglevel",
    "host.hostname": "logsource",
    "process.name": "program",
    "process.pid": "pid",
}
"""Field names of the Elastic Common Schema, accepted for those of the bundled definitions."""


@dataclass(frozen=True, slots=True)
class GrokExpression:
    """A pattern with all references written out."""

    re2: str
    """Its capturing groups are the fields, in order."""
    fields: tuple[str, ...]
    """The name of each group; one name may occur several times."""
    used: tuple[str, ...]
    """Definitions in it, the inner ones first."""


def compile_grok(extraction: Extraction, params: Params) -> Extracted:
    """The field ``extraction.name`` of the pattern ``extraction.grok_pattern``; empty text is no value.

    Raises:
        UsageError: A definition is missing, broken or not translatable, or there is no such field.
    """
    pattern = _as_pattern(extraction.grok_pattern)
    grok = checked(pattern, extraction.grok_definitions)
    wanted = _field(extraction, pattern, grok)
    found = [
        matched(params.bind(only_group(grok.re2, index)), extraction, group=1, empty=False)
        for index, name in enumerate(grok.fields, 1)
        if name == wanted
    ]
    one = found[0]
    if len(found) > 1:
        listed = ", ".join(each.expression for each in found)
        one = Extracted(f"flatten([{listed}])" if one.many else f"coalesce({listed})", many=one.many)
    needed = shape_groups(_REFERENCE.sub("(?:.*)", pattern))
    return dataclasses.replace(one, params=params.values, where=where_shape(needed, params))


def checked(pattern: str, definitions: str) -> GrokExpression:
    """A pattern, or the name of a definition, as an expression that RE2 takes.

    Raises:
        UsageError: A definition is missing, broken or not translatable.
    """
    known = load_definitions(definitions)
    pattern = _as_pattern(pattern)
    grok = expand(pattern, known)
    _check(pattern, grok, known)
    return grok


def _as_pattern(given: str) -> str:
    return f"%{{{given}}}" if re.fullmatch(r"\w+", given) else given


def _field(extraction: Extraction, pattern: str, grok: GrokExpression) -> str:
    """Which field is asked for."""
    if extraction.name in grok.fields:
        return extraction.name
    if _ECS.get(extraction.name) in grok.fields:
        return _ECS[extraction.name]
    named = list(dict.fromkeys(grok.fields))
    if not named:
        raise UsageError(f"the grok pattern '{pattern}' has no fields", hint="write %{SYNTAX:name} where a value is")
    if not extraction.name:
        whole = _REFERENCE.fullmatch(pattern)
        if whole or len(named) == 1:
            return named[0]
        raise UsageError(f"which field of the grok pattern '{pattern}'?", hint=f"give -n one of: {', '.join(named)}")
    near = difflib.get_close_matches(extraction.name, named, n=1)
    raise UsageError(
        f"the grok pattern '{pattern}' has no field '{extraction.name}'",
        hint=f"{f'did you mean {near[0]}? ' if near else ''}there are: {', '.join(named)}",
    )


# --- definitions --------------------------------------------------------------------------------------------------


@functools.cache
def bundled(which: str) -> Mapping[str, str]:
    """The bundled definitions: ``default``, or ``full`` for all sets."""
    names = ["default"] if which == "default" else sorted(path.stem for path in _SETS.glob("*.grok"))
    found: dict[str, str] = {"IPV6": f"(?:{observable('ipv6').body})(?:%[0-9A-Za-z]+)?"}
    for name in names:
        found |= _parsed(_SETS.joinpath(f"{name}.grok").read_text("utf-8"))
    return found


def load_definitions(which: str) -> Mapping[str, str]:
    """The definitions that ``-g`` names: default ones, ``full``, or those of a file on top of the default ones.

    Raises:
        UsageError: The file cannot be read.
    """
    if which in ("", "default", "full"):
        return bundled(which or "default")
    path = Path(which).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(_BIGGEST_FILE + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"the grok definitions '{which}' cannot be read: {error.strerror}", hint="-g is 'full' or a file"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the grok definitions '{which}' are not UTF-8 text", hint="-g is 'full' or a file") from error
    if len(data) > _BIGGEST_FILE:
        raise UsageError(f"the grok definitions '{which}' are larger than {_BIGGEST_FILE >> 20} MiB")
    own = {name: body for name, body in _parsed(text).items() if _LOGSTASH.get(name) != body}
    return {**bundled("default"), **own}


def _parsed(text: str) -> dict[str, str]:
    """Lines ``NAME pattern``; others, and those that begin with ``#``, say nothing."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        definition = _LINE.fullmatch(line)
        if definition:
            found[definition["name"]] = definition["pattern"].rstrip()
    return found


# --- writing out --------------------------------------------------------------------------------------------------


def expand(pattern: str, definitions: Mapping[str, str]) -> GrokExpression:
    """The pattern as RE2.

    Raises:
        UsageError: A definition is missing, refers to itself, or looks ahead or back; or all becomes too long.
    """
    writer = _Writer(definitions)
    return GrokExpression(writer.written(pattern, ()), tuple(writer.fields), tuple(writer.used))


class _Writer:
    def __init__(self, definitions: Mapping[str, str]) -> None:
        self.definitions = definitions
        self.fields: list[str] = []
        self.used: dict[str, None] = {}
        self._length = 0

    def written(self, pattern: str, inside: tuple[str, ...]) -> str:
        """The text of a pattern, ``inside`` being the definitions it is part of, the outermost first."""
        text = "".join([self._token(token, inside) for token in tokens(pattern)])
        self._length += len(pattern)
        if self._length > _LONGEST or len(text) > _LONGEST:
            raise UsageError(f"the grok pattern becomes longer than {_LONGEST:,} characters", hint=_within(inside))
        return text

    def _token(self, token: re.Match[str], inside: tuple[str, ...]) -> str:
        piece = token[0]
        match token.lastgroup:
            case "named":
                self.fields.append(token["name"])
                return "("
            case "open":
                return "(?:"
            case "comment":
                return ""
            case "special":
                return _special(piece, inside)
            case "escape":
                return {r"\h": f"[{_HEX}]", r"\H": f"[^{_HEX}]", r"\Z": r"\z"}.get(piece, piece)
            case "class":
                return piece.replace(r"\h", _HEX)
            case "other":
                return self._with_references(piece, inside)
            case _:
                return piece

    def _with_references(self, piece: str, inside: tuple[str, ...]) -> str:
        texts = []
        at = 0
        for reference in _REFERENCE.finditer(piece):
            texts += [_POSSESSIVE.sub(r"\1", piece[at : reference.start()]), self._reference(reference, inside)]
            at = reference.end()
        return "".join(texts) + _POSSESSIVE.sub(r"\1", piece[at:])

    def _reference(self, reference: re.Match[str], inside: tuple[str, ...]) -> str:
        syntax = reference["syntax"]
        if syntax in inside:
            raise UsageError(f"the grok definition {syntax} refers to itself", hint=_within((*inside, syntax)))
        if syntax not in self.definitions:
            raise _missing(syntax, inside, self.definitions)
        if len(inside) == _DEEPEST:
            raise UsageError(f"grok definitions are nested deeper than {_DEEPEST}", hint=_within(inside))
        self.fields.append(reference["id"] or syntax)
        text = self.written(self.definitions[syntax], (*inside, syntax))
        self.used[syntax] = None
        return f"({text})"


def _special(piece: str, inside: tuple[str, ...]) -> str:
    if piece == "(?>":
        return "(?:"
    if piece in ("(?=", "(?!", "(?<=", "(?<!"):
        what = f"the grok definition {inside[-1]}" if inside else "the grok pattern"
        raise UsageError(
            f"{what} looks ahead or back ('{piece}'), which RE2 cannot",
            hint="write what stands before or after the value into the pattern",
        )
    return piece


def _within(inside: tuple[str, ...]) -> str:
    return "the way there: " + " > ".join(inside) if inside else "use fewer references"


def _missing(syntax: str, inside: tuple[str, ...], definitions: Mapping[str, str]) -> UsageError:
    where = f" that {inside[-1]} refers to" if inside else ""
    if syntax in bundled("full"):
        hint = f"{syntax} is in the full set: -g full"
    else:
        near = difflib.get_close_matches(syntax, definitions, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "'-g full' has more, '-g FILE' adds your own"
    return UsageError(f"there is no grok definition {syntax}{where}", hint=hint)


def _check(pattern: str, grok: GrokExpression, definitions: Mapping[str, str]) -> None:
    """Raise UsageError naming the innermost definition that RE2 does not accept."""
    try:
        check_filters([Filter(FilterKind.REGEX, pattern, grok.re2)])
    except UsageError:
        for name in grok.used:
            try:
                check_filters([Filter(FilterKind.REGEX, definitions[name], expand(definitions[name], definitions).re2)])
            except UsageError as error:
                raise UsageError(f"in the grok definition {name}, {error.message}", hint=error.hint) from None
        raise
