"""Templates of records (``-e template``): the constant words, and ``<*>`` where they vary.

Everything is worked out on the distinct shapes of the records: identifiers and stamps in them are first made alike, so
that a few thousand forms are left of millions of records; the most frequent forms are then split into tokens, freed of
their headers and merged (``template_tokens``, ``template_headers``, ``template_merging``). Records of forms too rare
for that are not lost: their template is their own text with ``<*>`` for each number.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.model.result import Note
from twsla.query import stamps
from twsla.query.scratch import derived_table, drop_table, scratch_table
from twsla.query.template_headers import message_starts
from twsla.query.template_merging import merged
from twsla.query.template_names import constant_names, rename
from twsla.query.template_tokens import WILD, Token, Tokenizer, squeeze, text_of
from twsla.query.textkeys import TextKey, count_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from twsla.query.engine import Engine

MOST_FORMS: Final = 40_000
MOST_CHARACTERS: Final = 4_000_000
"""Of all forms that are worked on: what keeps time (a few seconds) and memory (some 200 MB) within bounds."""
_LONGEST: Final = 4096
"""Characters of a shape that are looked at; the rest is a variable."""
_ALIKE: Final = (
    stamps.IN_SHAPE.stamp,
    r"\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){3,}\b",  # MAC and IPv6 addresses, EUI-64
    r"\b[0-9A-Za-z]*0[A-Za-z]+0[0-9A-Za-z]*\b",  # letters between digits: hashes, UUIDs
)
"""RE2 of what becomes a single 0 in a shape, one after the other. The outcome is the form."""
_CUT: Final = " 0"


@dataclass(frozen=True, slots=True)
class Templates:
    """Templates of some texts."""

    numbers: list[int]
    """Of each text the index of its template."""
    texts: list[str]
    """Of each template."""


def count_templates(engine: Engine) -> tuple[pa.Table, TextKey]:
    """How often each template occurs (columns key string, count int64; the largest first), and its notes."""
    key = template_key(engine)
    return count_key(engine, key), key


def template_key(engine: Engine) -> TextKey:
    """The template of each record, for queries of any form."""
    shapes = scratch_table(
        engine,
        f"SELECT of_shape, {_form('of_shape')} AS form, records "  # noqa: S608  # our own names, as everywhere below
        "FROM (SELECT shape AS of_shape, count(*) AS records FROM records WHERE shape IS NOT NULL GROUP BY shape)",
    )
    all_shaped = all("shape" in entry.columns for entry in engine.selected.files)
    forms = _frequent_forms(engine, shapes, all_shaped=all_shaped)
    counts = [records for _, records, _ in forms]
    templates = mine_forms([form for form, _, _ in forms], counts)
    of_form = derived_table(
        engine,
        "SELECT unnest($forms::VARCHAR[]) AS of_form, unnest($templates::VARCHAR[]) AS template",
        {
            "forms": [form for form, _, _ in forms],
            "templates": [templates.texts[number] for number in templates.numbers],
        },
    )
    of_shape = derived_table(
        engine,
        f"SELECT of_shape, template FROM {shapes} JOIN {of_form} ON form = of_form",  # noqa: S608
    )
    drop_table(engine, shapes)
    rest = forms[0][2] - sum(counts) if forms else 0
    key = _key(of_shape, of_form, (_note(rest, len(forms)),) if rest else (), all_shaped=all_shaped)
    texts = constant_names(engine, key, templates.texts)
    if texts:
        rename(engine, (of_shape, of_form), texts)
    return key


def _key(of_shape: str, of_form: str, notes: tuple[Note, ...], *, all_shaped: bool) -> TextKey:
    """Templates by the two tables; the second is for records without a shape column."""
    join = f"LEFT JOIN {of_shape} ON records.shape = {of_shape}.of_shape"
    if all_shaped:
        plain = f"replace(records.shape, '0', '{WILD}')"
        return TextKey(join, f"coalesce({of_shape}.template, {plain})", notes)
    unshaped = f"CASE WHEN records.shape IS NULL THEN {_form(_SHAPE_OF_TEXT)} END"
    plain = f"replace(coalesce(records.shape, {_SHAPE_OF_TEXT}), '0', '{WILD}')"
    return TextKey(
        f"{join} LEFT JOIN {of_form} ON {unshaped} = {of_form}.of_form",
        f"coalesce({of_shape}.template, {of_form}.template, {plain})",
        notes,
    )


def _frequent_forms(engine: Engine, shapes: str, *, all_shaped: bool) -> list[tuple[str, int, int]]:
    """The forms that are worked on, the most frequent first: form, number of its records, and of records in all."""
    every = f"SELECT form, records FROM {shapes}"  # noqa: S608
    if not all_shaped:
        every += (
            f" UNION ALL SELECT {_form(_SHAPE_OF_TEXT)} AS form, count(*) AS records "  # noqa: S608
            "FROM records WHERE shape IS NULL GROUP BY form"
        )
    forms = scratch_table(engine, f"SELECT form, sum(records)::BIGINT AS records FROM ({every}) GROUP BY form")  # noqa: S608
    order = "ORDER BY records DESC, form"
    found = engine.execute(
        "SELECT form, records, total::BIGINT FROM ("  # noqa: S608
        f"SELECT *, sum(strlen(form)) OVER ({order} ROWS UNBOUNDED PRECEDING) AS characters, "
        f"sum(records) OVER () AS total FROM {forms}) WHERE characters <= {MOST_CHARACTERS} {order} LIMIT {MOST_FORMS}"
    )
    drop_table(engine, forms)
    return [(form, records, total) for form, records, total in found]


def mine(shapes: pa.Array | Sequence[str], counts: Sequence[int]) -> Templates:
    """The templates of texts at hand, such as those of a sample. All of them are worked on, whatever their number.

    Args:
        shapes: Texts with every run of digits as one 0; string.
        counts: How many records have each.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    forms = shapes if isinstance(shapes, pa.Array) else pa.array(shapes, pa.string())
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(forms, 0, _LONGEST), _CUT, "")
    forms = pc.if_else(pc.greater(pc.utf8_length(forms), _LONGEST), cut, forms)
    for re2 in _ALIKE:
        forms = pc.replace_substring_regex(forms, re2, "0")
    encoded = forms.dictionary_encode()
    of_form = np.bincount(encoded.indices, np.asarray(counts), len(encoded.dictionary)).astype(np.int64)
    found = mine_forms(encoded.dictionary.to_pylist(), of_form.tolist())
    return Templates([found.numbers[form] for form in encoded.indices.to_pylist()], found.texts)


def mine_forms(forms: Sequence[str], counts: Sequence[int]) -> Templates:
    """The templates of distinct forms of records.

    Args:
        forms: Shapes in which what is ``_ALIKE`` is one 0.
        counts: How many records have each.
    """
    tokenizer = Tokenizer()
    tokens = [tokenizer.tokens(form) for form in forms]
    starts = message_starts(tokens, counts)
    messages = merged([each[start:] for each, start in zip(tokens, starts, strict=True)])
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, message in enumerate(messages):
        members[tuple(word for word, _ in message)].append(number)
    numbers = [0] * len(forms)
    texts: dict[str, int] = {}
    for group in members.values():
        group.sort(key=lambda number: (-counts[number], forms[number]))
        header = _common([tokens[number][: starts[number]] for number in group])
        text = text_of(squeeze([*header, *messages[group[0]]]))
        for number in group:
            numbers[number] = texts.setdefault(text, len(texts))
    return Templates(numbers, list(texts))


def _common(headers: list[list[Token]]) -> list[Token]:
    """The header of the first, with ``<*>`` for what others have otherwise; one ``<*>`` if they differ in length."""
    first = headers[0]
    if any(len(header) != len(first) for header in headers):
        return [(WILD, False)]
    columns = zip(*headers, strict=True)
    return [
        token if all(other[0] == token[0] for other in column) else (WILD, token[1])
        for token, column in zip(first, columns, strict=True)
    ]


def _form(shape: str) -> str:
    """The form of a shape as a SQL expression."""
    form = f"CASE WHEN length({shape}) > {_LONGEST} THEN left({shape}, {_LONGEST}) || '{_CUT}' ELSE {shape} END"
    for re2 in _ALIKE:
        form = f"regexp_replace({form}, '{re2}', '0', 'g')"
    return form


_SHAPE_OF_TEXT: Final = "regexp_replace(records.text, '[0-9]+', '0', 'g')"


def _note(records: int, forms: int) -> Note:
    return Note(
        f"templates come from the {forms:,} most frequent forms of text; of the other {records:,} records the template "
        "is the text with <*> for each number"
    )
