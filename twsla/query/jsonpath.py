r"""JSON paths as SQL: the value at a path in the JSON object that a record holds, from its first ``{`` to its end.

    $.a.b   a.b         members; a name may also be quoted: $["a.b"], $['a'], $."a b"
    $.a[0]  $.a[-1]     items, from 0, or from the end
    $.a[*]  $.a.*       all items, all members
    $..b                members of that name at any depth
    $.a[?@.b > 1].c  $.a[1:3]  $.a[0,2]     filters, slices and unions, as RFC 9535 has them: slower

A path of which more than one value can be meant gives the first (``-p`` another, ``--all`` all of them). A missing
value and null are none. Strings come as they are, numbers in their shortest decimal form without exponent (whole
numbers exactly), arrays and objects as compact JSON. Of a key that occurs twice in an object the first counts.

DuckDB knows all but the last; they are written anew for it with every name quoted, so that a name is never syntax.
The others are for ``twsla.query.jsonnodes``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.query.extracted import PIECE, Extracted, refined_list, refined_one
from twsla.query.matching import MOST, where_shape

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery

    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine
    from twsla.query.extracted import Params

_STEP: Final = re.compile(
    r"""(?xs)
    (?P<deep>\.\.)? (?:
        (?(deep)|\.) (?: (?P<all_members>\*) | "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<name>[^.\[\]"'*\s?@()][^.\[\]"'*]*) )
      | \[\s* (?: (?P<all>\*) | (?P<index>-?[0-9]{1,9})
              | "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>(?:[^'\\]|\\.)*)' ) \s*\]
    )
    """
)
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_ODD: Final = ("*", "")
"""Names that DuckDB's paths cannot say."""
_BIGGEST: Final = 1 << 28
"""Characters that a path which looks at every depth may give for one record: each level repeats what is below it."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A path that has been read."""

    parts: tuple[str, ...]
    """As DuckDB takes it, one part after the other."""
    is_many: bool
    """More than one value can be meant."""
    is_deep: bool
    """Every depth is looked at."""
    query: JSONPathQuery | None = None
    """Of a path that DuckDB does not know; then there are no parts."""
    members: tuple[str, ...] = ()
    """Names one below the other, of a path that has nothing else; else empty."""


def parse_json_path(text: str) -> JsonPath:
    """Read a path.

    Raises:
        UsageError: It is none.
    """
    body = text.strip()
    body = body[1:] if body.startswith("$") else f".{body}" if not body.startswith(("[", ".")) else body
    steps: list[re.Match[str]] = []
    at = 0
    while at < len(body):
        step = _STEP.match(body, at)
        if step is None:
            return _unknown_to_duckdb(body, text)
        steps.append(step)
        at = step.end()
    is_deep = any(step["deep"] for step in steps)
    is_many = is_deep or any(step["all"] or step["all_members"] for step in steps)
    if is_many and any(_name(step) in _ODD for step in steps):
        return _unknown_to_duckdb(body, text)
    names = tuple(name for step in steps if (name := _name(step)) is not None)
    plain = not is_many and len(names) == len(steps)
    return JsonPath(_parts(steps), is_many, is_deep, members=names if plain else ())


def _unknown_to_duckdb(body: str, text: str) -> JsonPath:
    from twsla.query.jsonnodes import compile_query

    return JsonPath((), is_many=True, is_deep=False, query=compile_query(f"${body}", text))


def _parts(steps: list[re.Match[str]]) -> tuple[str, ...]:
    """JSON pointers say the names that paths cannot."""
    parts = ["$"]
    for step in steps:
        name = _name(step)
        if name in _ODD:
            parts += [f"/{name}", "$"]
        else:
            parts[-1] += _written(step, name)
    return tuple(part for part in parts if part != "$") or ("$",)


def _name(step: re.Match[str]) -> str | None:
    """The member that is meant, if one is."""
    escaped = next((step[kind] for kind in ("quoted", "double", "single") if step[kind] is not None), None)
    return step["name"] if escaped is None else re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL)


def _written(step: re.Match[str], name: str | None) -> str:
    dots = ".." if step["deep"] else "."
    if name is None and step["all_members"]:
        return f"{dots}*"
    if name is None:
        return f"{step['deep'] or ''}[{step['all'] or int(step['index'])}]"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{dots}"{quoted}"'


def compile_json(extraction: Extraction, params: Params, engine: Engine | None) -> Extracted:
    """The value at the path ``extraction.name``.

    Args:
        extraction: Says the path, and which of its values.
        params: Takes the path.
        engine: Gets to know paths that DuckDB does not; None: such paths are not asked for.

    Raises:
        UsageError: The path cannot be read.
    """
    path = parse_json_path(extraction.name)
    if engine is not None and (stored := engine.fields.paths.get(path.members)) and is_single(extraction):
        return Extracted(stored.column)
    json = "substr(text, instr(text, '{'))"
    found = json
    for part in path.parts:
        found = f"json_extract({found}, {params.bind(part)})"
    if path.query is not None:
        from twsla.query.jsonnodes import register_places

        assert engine is not None
        places = register_places(engine, path.query)
        found = f"list_transform({places}({json}), lambda place: json_extract({json}, place))"
    if path.is_deep:
        message = params.bind(f"the path {extraction.name} would give more than {_BIGGEST:,} characters for one record")
        found = f"CASE WHEN {_too_deep(json)} THEN error({message})::JSON[] ELSE {found} END"
    many = extraction.all_matches
    if many and not path.is_many:
        found = f"[{found}]"
    elif path.is_many and not many:
        present = f"list_filter({found}, lambda value: json_type(value) <> 'NULL')"
        found = f"{present}[{min(extraction.position, MOST)}]"
    elif extraction.position > 1 and not many:
        found = "NULL::JSON"
    nothing = "[]::JSON[]" if many else "NULL::JSON"
    rough = f"CASE WHEN contains(text, '{{') AND json_valid({json}) THEN {found} ELSE {nothing} END"
    refined = value_text(PIECE)
    expression = (refined_list if many else refined_one)(rough, refined)
    return Extracted(
        expression, params.values, many=many, where=where_shape([("{",)], params), rough=rough, refined=refined
    )


def is_single(extraction: Extraction) -> bool:
    """Whether the one value that a path of names means is asked for."""
    return extraction.position == 1 and not extraction.all_matches


def _too_deep(json: str) -> str:
    """SQL: objects within objects of that name could be too long together. Few records have to be looked at closely."""
    opened = f"strlen({json}) - strlen(replace(replace({json}, '{{', ''), '[', ''))"
    marks = f"regexp_extract_all(regexp_replace({json}, '{_STRING}', '', 'g'), '[\\[\\]{{}}]')"
    steps = (
        f"list_transform({marks}, lambda mark: {{'now': CASE WHEN mark IN ('{{', '[') THEN 1 ELSE -1 END, 'top': 1}})"
    )
    sums = "{'now': sum.now + step.now, 'top': greatest(sum.top, sum.now + step.now)}"
    deepest = f"list_reduce({steps}, lambda sum, step: {sums}).top"
    return (
        f"CASE WHEN ({opened}) * strlen({json}) <= {_BIGGEST} THEN false "
        f"ELSE {deepest} * strlen({json}) > {_BIGGEST} END"
    )


def value_text(json: str) -> str:
    """SQL: the text of a JSON value, NULL for null."""
    text = f"json_extract_string({json}, '$')"
    return f"CASE WHEN json_type({json}) = 'DOUBLE' THEN {_decimal(text)} ELSE {text} END"


def _decimal(text: str) -> str:
    """SQL: a number as DuckDB writes it (``1.5e-7``, ``1000000.0``; of more digits than it can hold as the record has
    it) without exponent. What would have more than 400 zeros stays as it is.
    """
    power = f"try_cast(regexp_extract({text}, '[eE][+]?(-?[0-9]+)$', 1) AS INTEGER)"
    sign = f"regexp_extract({text}, '^-?')"
    whole = f"regexp_extract({text}, '[0-9]+')"
    digits = rf"({whole} || regexp_extract({text}, '\.([0-9]+)', 1))"
    point = f"(length({whole}) + {power})"
    small = f"'0.' || repeat('0', -{point}) || {digits}"
    large = f"{digits} || repeat('0', {point} - length({digits}))"
    between = f"substr({digits}, 1, {point}) || '.' || substr({digits}, {point} + 1)"
    moved = f"CASE WHEN {point} <= 0 THEN {small} WHEN {point} >= length({digits}) THEN {large} ELSE {between} END"
    return (
        rf"CASE WHEN regexp_extract({text}, '[eE]') = '' THEN regexp_replace({text}, '\.0$', '') "
        f"WHEN abs({power}) <= 400 THEN {sign} || {moved} ELSE {text} END"
    )
