"""JSON paths of Windows events, read from the fields that an import has stored, where the text would say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.model.event_places import field_at
from twsla.query.extracted import Params
from twsla.query.fields import StoredPath
from twsla.query.jsonpath import compile_json, is_single, parse_json_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry

_NUMBER = ("EventID", "EventID_Qualifiers")
_NUMBER_PATH = ("Event", "System", "EventID")
# The text has an object where the number has an attribute.
_NUMBER_SQL = (
    "CASE WHEN {1} IS NULL THEN {0} "
    """ELSE '{{"Qualifiers":"' || {1} || '","Value":"' || {0} || '"}}' END"""
)


def ask_for_path(engine: Engine, extraction: Extraction) -> None:
    """Give ``records`` a column with what ``extraction`` takes, if most of its records have it as fields.

    Of files with other records it has what their texts say.

    Raises:
        UsageError: The path cannot be read.
    """
    path = parse_json_path(extraction.name).members
    known = engine.fields.paths
    if not path or not is_single(extraction) or path in known:
        return
    fields, stored = _fields_at(path)
    files = tuple(_certain(engine, fields)) if fields else ()
    if not files or 2 * sum(entry.rows for entry in files) < sum(entry.rows for entry in engine.selected.files):
        return
    column = f"_path{len(known)}"
    text = compile_json(extraction, Params(column), None)
    known[path] = StoredPath(
        column=column,
        fields=fields,
        stored=stored,
        files=frozenset(entry.path for entry in files),
        text=f"CASE WHEN {text.where} THEN {text.expression} END",
        params=text.params,
    )


def _fields_at(path: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The fields that a path can be taken from, none if it cannot, and the SQL for that."""
    if path == _NUMBER_PATH:
        return _NUMBER, _NUMBER_SQL
    if path == (*_NUMBER_PATH, "Value"):
        return _NUMBER, "CASE WHEN {1} IS NOT NULL THEN {0} END"
    name = field_at(path)
    return ((name,), "{0}") if name is not None else ((), "")


def _certain(engine: Engine, names: Sequence[str]) -> Iterator[FileEntry]:
    """The files of the query whose sources all have these fields where, and as, their texts have them."""
    chosen = {entry.path for entry in engine.selected.files}
    for manifest in engine.store.manifests:
        certain: dict[str, bool] = {}
        for source in manifest.sources:
            odd = source.odd_fields
            same = odd is not None and set(names).isdisjoint(odd)
            certain[source.name] = same and certain.get(source.name, True)
        for entry in manifest.files:
            if entry.path in chosen and entry.sources and all(certain.get(name, False) for name in entry.sources):
                yield entry
