r"""Normalised texts: time stamps, numbers and addresses replaced by what they are (``-e normalize``).

Six rules, one after the other, decide (``RULES``). They look at lengths of digit runs, and they keep digits that touch
a letter (``ssh2``), so the shape of a text alone does not tell the outcome. But one text of each shape does, if every
other text of that shape passes two cheap tests: no digit run is of an odd length for an address or a stamp, and the
pieces with digits that were kept are in it. Then the rules, with any length allowed, take the same places of both
texts. A text that does not pass, or whose shape is rare or might hold a UUID, a MAC address or Unix time, goes
through the rules itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.model.filters import quoted
from twsla.query import stamps
from twsla.query.address_places import find_places
from twsla.query.scratch import scratch_table
from twsla.query.textkeys import TextKey, count_key

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.query.address_places import AddressPlaces
    from twsla.query.engine import Engine

_N: Final = "[0-9]+"
_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_EMAIL: Final = r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,}\b"
_MAC: Final = r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b"
_NUMBER: Final = r"\b-?[0-9]+(?:\.[0-9]+)?\b"


def _ip(octet: str) -> str:
    return rf"\b(?:{octet}\.){{3}}{octet}\b"


RULES: Final = (
    ("TIMESTAMP", rf"{stamps.EPOCH}|{stamps.IN_TEXT.stamp}"),
    ("UUID", _UUID),
    ("EMAIL", _EMAIL),
    ("IP", _ip("[0-9]{1,3}")),
    ("MAC", _MAC),
    ("NUM", _NUMBER),
)
"""Name and RE2; of stamps the first is replaced, of all others each."""

_RULES_OF_ANY_LENGTH: Final = (
    ("TIMESTAMP", stamps.IN_SHAPE.stamp),
    ("EMAIL", _EMAIL),
    ("IP", _ip(_N)),
    ("NUM", _NUMBER),
)
_UNDECIDED: Final = "|".join(
    (stamps.MAYBE_EPOCH, "[0-9a-f]+(?:-[0-9a-f]+){4}", r"\b(?:[0-9A-Fa-f]{1,2}[:-]){5}[0-9A-Fa-f]{1,2}\b")
)
_LONG: Final = "[0-9]{4,}"
_ODD_IP: Final = "|".join((
    rf"{_LONG}(?:\.{_N}){{3}}", rf"{_N}\.{_LONG}(?:\.{_N}){{2}}", rf"{_N}\.{_N}\.{_LONG}\.{_N}",
    rf"{_N}\.{_N}\.{_N}\.{_LONG}",
))  # fmt: skip
_MARKERS: Final = f"#(?:{'|'.join(name for name, _ in RULES)})#"
_PIECES: Final = 4
"""Pieces with digits that are looked for in a text; with more the text goes through the rules."""
_FREQUENT: Final = 4
_MOST_SHAPES: Final = 1 << 17


def count_normalized(engine: Engine) -> pa.Table:
    """How often each normalised text occurs.

    Columns: key string, count int64; the largest first, ties by key.
    """
    return count_key(engine, normalized_key(engine))


def normalized_key(engine: Engine) -> TextKey:
    """The normalised text of each record, for queries of any form: keys over time, delays by key."""
    rules = _applied(RULES, stamps.IN_TEXT.comma, "text")
    if not any("shape" in entry.columns for entry in engine.selected.files):
        return TextKey("", rules)
    name = scratch_table(engine, f"SELECT * FROM ({_OF_SHAPES})")  # noqa: S608  # our own names
    has_pieces = [
        f"({name}.piece_{n} IS NULL OR contains(concat(chr(10), text, chr(10)), {name}.piece_{n}))"
        for n in range(1, _PIECES + 1)
    ]
    places = find_places(engine)
    checks = (
        f"{name}.normalized IS NOT NULL",
        f"(NOT {name}.has_four OR NOT regexp_matches(text, '{stamps.ODD_FOUR}'))",
        f"(NOT {name}.has_ip OR NOT {_odd_ip(places)})",
        has_pieces[0],
        f"({name}.piece_2 IS NULL OR ({' AND '.join(has_pieces[1:])}))",
    )
    expression = f"CASE WHEN {' AND '.join(checks)} THEN {name}.normalized ELSE {rules} END"
    join = f"LEFT JOIN {name} ON records.shape = {name}.of_shape"
    return TextKey(f"{join} {places.join}" if places is not None else join, expression)


def _odd_ip(places: AddressPlaces | None) -> str:
    """SQL: perhaps a number of an address has more than three digits.

    RE2 finds expressions that begin with a text several times faster than others. Where a shape has one address, its
    first number stands behind the lead, the others behind a dot.
    """
    anywhere = f"regexp_matches(text, '{_ODD_IP}')"
    if places is None:
        return anywhere
    first = " ".join(
        f"WHEN {number} THEN regexp_matches(text, '{quoted(lead)}[0-9]{{4}}') OR regexp_matches(text, '[.][0-9]{{4}}')"
        for number, lead in enumerate(places.leads)
        if lead and re.fullmatch(r"[ -&(-~]+", lead)  # what a literal in SQL may hold as it is: no quotes
    )
    return f"CASE {places.table}.lead {first} ELSE {anywhere} END" if first else anywhere


def _is_once(text: str, piece: str) -> str:
    """SQL for ``piece`` standing at one place of ``text``, overlaps counted too."""
    return f"(strpos({text}, {piece}) > 0 AND strpos(substr({text}, strpos({text}, {piece}) + 1), {piece}) = 0)"


def _applied(rules: tuple[tuple[str, str], ...], comma: str, text: str) -> str:
    """The rules as a SQL expression; every expression is our own and has no quote in it."""
    for name, re2 in rules:
        if name == "TIMESTAMP":
            text = f"regexp_replace({text}, '{re2}', '#TIMESTAMP#')"
            text = rf"regexp_replace({text}, '#TIMESTAMP#{comma}', '#TIMESTAMP#\1')"
        else:
            text = f"regexp_replace({text}, '{re2}', '#{name}#', 'g')"
    return text


# Of the shapes that decide: of_shape, normalized, piece_1 to piece_4 VARCHAR, has_ip, has_four BOOL. Our names only.
_OF_SHAPES: Final = rf"""
WITH seen AS (
    SELECT shape AS of_shape, any_value(text) AS text
    FROM records WHERE shape IS NOT NULL
    GROUP BY shape HAVING count(*) >= {_FREQUENT} ORDER BY count(*) DESC LIMIT {_MOST_SHAPES}
),
replaced AS (
    SELECT of_shape, {_applied(_RULES_OF_ANY_LENGTH, stamps.IN_SHAPE.comma, "text")} AS normalized
    FROM seen WHERE NOT regexp_matches(of_shape, '{_UNDECIDED}')
),
split AS (
    SELECT of_shape, normalized, concat(chr(10), of_shape, chr(10)) AS lined, list_distinct(list_filter(
        regexp_split_to_array(concat(chr(10), normalized, chr(10)), '{_MARKERS}'),
        lambda piece: regexp_matches(piece, '[0-9]')
    )) AS pieces
    FROM replaced
),
placed AS (
    SELECT *, list_transform(pieces, lambda piece: regexp_replace(piece, '[0-9]+', '0', 'g')) AS of_pieces
    FROM split WHERE len(pieces) <= {_PIECES}
)
SELECT of_shape, normalized, {", ".join(f"pieces[{n}] AS piece_{n}" for n in range(1, _PIECES + 1))},
    regexp_matches(of_shape, '{_ip("0")}') AS has_ip, regexp_matches(of_shape, '{stamps.MAYBE_FOUR}') AS has_four
FROM placed
WHERE len(list_filter(pieces, lambda piece: regexp_matches(piece, '^[0-9]|[0-9]$'))) = 0
    AND len(list_filter(of_pieces, lambda piece: NOT {_is_once("lined", "piece")})) = 0
"""  # noqa: S608
