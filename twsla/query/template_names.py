"""Names with a number that is always the same (``ssh2``): templates keep it.

A template is made of shapes, which do not know their numbers. This asks the texts, and only those with such names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.query.scratch import derived_table, drop_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.query.engine import Engine
    from twsla.query.textkeys import TextKey

_NAME: Final = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z]+)<\*>(?![A-Za-z0-9_])")
_MOST_NAMES: Final = 64
_MOST_OF_A_TEMPLATE: Final = 4
"""Names that may keep their number."""


def constant_names(engine: Engine, key: TextKey, templates: Sequence[str]) -> dict[str, str]:
    """Templates with names whose number never changes, to the same with the number.

    Args:
        engine: Whose records are asked.
        key: Their templates.
        templates: All of them, the most frequent first; the names of the first are asked for.
    """
    names = {template: _NAME.findall(template) for template in templates}
    asked = set(list(dict.fromkeys(name for found in names.values() for name in found))[:_MOST_NAMES])
    wanted = [template for template, found in names.items() if found and asked.issuperset(found)]
    if not wanted:
        return {}
    table = derived_table(engine, "SELECT unnest($templates) AS template", {"templates": wanted})
    pattern = rf"\b(?:{'|'.join(sorted(asked))})[0-9]+\b"
    extremes = ", ".join(f"min(found[{n}]), max(found[{n}])" for n in range(1, _MOST_OF_A_TEMPLATE + 1))
    rows = engine.fetch(
        f"SELECT template, min(len(found)), max(len(found)), {extremes} FROM ("  # noqa: S608  # our names, letters only
        f"SELECT template, regexp_extract_all(text, '{pattern}') AS found "
        f"FROM (SELECT {key.expression} AS template, text FROM records {key.join}) JOIN {table} USING (template)"
        ") GROUP BY template"
    )
    drop_table(engine, table)
    filled: dict[str, str] = {}
    for template, fewest, most, *words in rows:
        # Otherwise some of the words come from other places of the texts.
        if fewest == most == len(names[template]):
            filled[template] = _filled(template, names[template], words)
    return {template: text for template, text in filled.items() if text != template}


def _filled(template: str, names: list[str], words: list[str | None]) -> str:
    """The template with its names and their numbers, as far as the least and the greatest word of a place agree."""
    if any(word and word.rstrip("0123456789") != name for name, word in zip(names, words[::2], strict=False)):
        return template
    extremes = iter(zip(words[::2], words[1::2], strict=True))

    def word_or_name(name: re.Match[str]) -> str:
        least, greatest = next(extremes, (None, None))
        return least if least and least == greatest else name[0]

    return _NAME.sub(word_or_name, template)


def rename(engine: Engine, tables: Sequence[str], texts: dict[str, str]) -> None:
    """Put other texts for templates in the column ``template`` of some tables."""
    renamed = derived_table(
        engine, "SELECT unnest($old) AS old, unnest($new) AS new", {"old": list(texts), "new": list(texts.values())}
    )
    for table in tables:
        engine.execute(f"UPDATE {table} SET template = new FROM {renamed} WHERE template = old")  # noqa: S608
    drop_table(engine, renamed)
