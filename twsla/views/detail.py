"""Everything about one row: its columns, where its record comes from, the whole text, and the fields found in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twsla.model.records import TsFlag
from twsla.model.result import Kind
from twsla.render.values import display_value
from twsla.views.cells import cells, fit_for, pad, styled, wrapped
from twsla.views.json_text import find_json, flat, pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twsla.model.result import Column
    from twsla.store.marks import Mark
    from twsla.views.cells import Fragments
    from twsla.views.paint import Paint
    from twsla.views.table import Look

MOST_FIELDS = 500
"""Fields listed; a record may be a JSON document of any size."""
SHORT_CHARS = 200
"""Log texts of one line up to this length stand among the other values of a row, where it has several."""
SEARCHED_CHARS = 100_000
"""Observables are looked for in so much of a record."""
_SKIPPED = {"number", "kv", "local_ip"}
"""Observables that are everywhere, listed by themselves, or listed as something else."""


def detail_lines(
    columns: Sequence[Column], row: Mapping[str, Any], look: Look, paint: Paint, width: int, mark: Mark | None
) -> list[Fragments]:
    """The lines of a row, none wider than ``width``."""
    texts = [column for column in columns if column.kind is Kind.LOG and not _is_short(row[column.name], columns)]
    head = [(column.title, _value(row[column.name], column, look)) for column in columns if column not in texts]
    if mark is not None:
        head += [("Marked", f"{mark.at} {mark.by}".strip()), ("Tags", " ".join(mark.tags)), ("Comment", mark.comment)]
    lines = list(_named([(name, text) for name, text in head if text], look, width))
    for column in texts:
        text = display_value(row[column.name], column.kind, zone=look.zone)
        if not text and len(texts) > 1:
            continue
        lines += [[], [("class:help.group", column.title)]]
        lines += list(_text(text, look, paint, width))
        for title, found in fields_of(text):
            lines += [[], [("class:help.group", title)]]
            lines += list(_named(found[:MOST_FIELDS], look, width))
            if len(found) > MOST_FIELDS:
                lines.append([("class:faint", f"... {len(found) - MOST_FIELDS:,} more")])
    return lines


def _is_short(value: object, columns: Sequence[Column]) -> bool:
    """Whether a text is one of several and says so little that it stands beside its name: the subject of a mail."""
    several = sum(column.kind is Kind.LOG for column in columns) > 1
    return several and isinstance(value, str) and len(value) <= SHORT_CHARS and "\n" not in value


def _value(value: Any, column: Column, look: Look) -> str:
    text = display_value(value, column.kind, zone=look.zone)
    if column.name == "ts_flags" and isinstance(value, int):
        return ", ".join(flag.name.lower().replace("_", " ") for flag in TsFlag(value) if flag.name)
    if column.kind is Kind.BYTES and isinstance(value, int) and value >= 1000:
        return f"{value:,} ({text})"
    if column.kind is Kind.TIME and value is not None and look.zone != "UTC":
        return f"{text}  ({display_value(value, column.kind, zone='UTC')})"
    return text


def _named(pairs: Sequence[tuple[str, str]], look: Look, width: int) -> Iterator[Fragments]:
    """Names and values, the values below each other."""
    names = [fit_for(name, look.encoding) for name, _ in pairs]
    indent = min(max(map(cells, names), default=0), max(8, width // 3)) + 2
    for name, (_, value) in zip(names, pairs, strict=True):
        text = fit_for(value, look.encoding, keep="\n")
        inside = wrapped([("", text)], max(8, width - indent))
        if cells(name) > indent - 2:
            yield from wrapped([("class:name", name)], width)
        else:
            yield [("class:name", pad(name, indent)), *inside.pop(0)]
        for line in inside:
            yield [("", " " * indent), *line]


def _text(text: str, look: Look, paint: Paint, width: int) -> Iterator[Fragments]:
    """The whole text: JSON indented and coloured, the rest as it is."""
    shown = fit_for(text, look.encoding, keep="\n")
    found = find_json(shown)
    if not found:
        yield from wrapped(styled(shown, paint.of(shown)), width)
        return
    before = shown[: found[0]]
    if before.strip():
        yield from wrapped(styled(before, paint.of(before)), width)
    for line in pretty(shown[slice(*found)]):
        yield from wrapped(line, width)


def fields_of(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What is found in a text: the fields of its JSON, key=value pairs, observables: (title, pairs), not empty."""
    found = find_json(text)
    if found:
        yield "JSON fields", list(flat(json.loads(text[slice(*found)])))
    else:
        pairs = [
            (key, value) for piece in _matches("kv", text) for key, _, value in [piece.rstrip(" ,").partition("=")]
        ]
        if pairs:
            yield "Key and value", pairs
    from twsla.model.patterns import OBSERVABLES

    things = [
        (each.title, value) for each in OBSERVABLES if each.name not in _SKIPPED for value in _matches(each.name, text)
    ]
    if things:
        yield "Found in the text", list(dict.fromkeys(things))


def _matches(name: str, text: str) -> list[str]:
    """The values of an observable in a text, in order; matched by RE2."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from twsla.model.patterns import observable

    kind = observable(name)
    plain = text[:SEARCHED_CHARS].replace("\x01", " ").replace("\x02", " ")
    bracketed = pc.replace_substring_regex(pa.array([plain]), kind.parts(), "\\1\x01\\2\x02\\3")[0].as_py()
    return [piece.partition("\x02")[0] for piece in bracketed.split("\x01")[1:]]
