"""Fields of structured records, by name: which there are, as SQL over ``records``, and as columns for many at once.

    names = field_names(engine)                       # as the sources have them
    image = field_sql(engine, "Image")                # SQL over records, VARCHAR or NULL
    engine.rows(f"SELECT {image} AS image, count(*) FROM records GROUP BY 1")
    for batch in field_batches(engine, ["EventID", "Image"], extra=("ts", "source", "line_no")):
        ...                                           # pa.RecordBatch, fields as dictionary columns

A name stands for the field that is called so. Where a record has none, it stands for one whose name differs only in
upper and lower case, or in blanks (``sourcename`` for ``Source Name``). A field that no record has is NULL everywhere;
an empty value is the empty text.

Nothing is read of fields that nobody asks for: ``records`` gets a column for a field when ``field_sql`` is called, so a
``Relation`` that an engine gave before does not have it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.model.records import COLUMNS, FIELD_PREFIX, field_column, field_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from twsla.model.extraction import Extraction
    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry

_MAP = "fields"


@dataclass(frozen=True, slots=True)
class StoredPath:
    """A JSON path that some files have as fields."""

    column: str
    """Of ``records``."""
    fields: tuple[str, ...]
    stored: str
    """SQL, with a ``{}`` for each of the fields, in files that have it so."""
    files: frozenset[str]
    """Their paths."""
    text: str
    """SQL for all others."""
    params: Mapping[str, object]
    """Of ``text``."""

    def select(self, columns: frozenset[str], params: dict[str, object]) -> str:
        """SQL for files that have ``columns``: VARCHAR; binds to ``params``."""
        if self.column in columns:
            return self.stored.format(*(expression((name,), columns, params) for name in self.fields))
        params |= self.params
        return self.text


@dataclass(slots=True)
class FieldColumns:
    """The columns for fields that ``records`` has; one for an engine and all that were made of it."""

    paths: dict[tuple[str, ...], StoredPath] = field(default_factory=dict)
    """JSON paths that files have as fields, as ``twsla.query.jsonfields`` has found."""
    whole: bool = False
    """``records`` has the column ``fields`` with all names and values of a record."""
    _names: tuple[str, ...] | None = None
    _asked: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """By the name that was asked for: the column of ``records``, and the fields that are meant."""

    def names(self, engine: Engine) -> tuple[str, ...]:
        """All names in the store, sorted."""
        if self._names is None:
            self._names = tuple(sorted(_names_of(engine)))
        return self._names

    def ask(self, engine: Engine, name: str) -> str:
        """The column of ``records`` for a field."""
        if name not in self._asked:
            self._asked[name] = (f"_field{len(self._asked)}", meant(name, self.names(engine)))
        return self._asked[name][0]

    def relevant(self, entry: FileEntry, compared: Iterable[str] = ()) -> frozenset[str]:
        """Those columns of a file that matter for what is asked: files that have the same are read together.

        With them, as if they were columns, come the ``StoredPath.column`` of those that the file has as fields.

        Args:
            entry: The file.
            compared: Fields that are asked for besides.
        """
        wanted = {field_column(each) for _, fields in self._asked.values() for each in fields}
        wanted |= {field_column(each) for each in compared}
        wanted |= {field_column(name) for path in self.paths.values() for name in path.fields}
        columns = (each for each in entry.columns if self.whole or each in wanted or not each.startswith(FIELD_PREFIX))
        return frozenset((*columns, *(path.column for path in self.paths.values() if entry.path in path.files)))

    def select(self, columns: frozenset[str], params: dict[str, object]) -> list[str]:
        """SQL for the columns of ``records`` that hold fields, in files that have ``columns``; binds to ``params``."""
        wanted = [f"{expression(fields, columns, params)} AS {column}" for column, fields in self._asked.values()]
        wanted += [f"{path.select(columns, params)} AS {path.column}" for path in self.paths.values()]
        return [*wanted, f"{_whole_map(columns, params)} AS fields"] if self.whole else wanted

    def empty(self) -> list[str]:
        """The same columns where there is no file."""
        return self.select(frozenset(), {})


def field_names(engine: Engine) -> tuple[str, ...]:
    """Names of the fields that occur in the store, as their sources have them; sorted."""
    return engine.fields.names(engine)


def field_sql(engine: Engine, name: str) -> str:
    """SQL over ``records`` that gives the value of a field: VARCHAR, NULL where a record has none.

    Holds for this engine and those that it was made of or that are made of it, in relations that are asked for later.
    """
    return engine.fields.ask(engine, name)


def ask_for_fields(engine: Engine, extractions: Sequence[Extraction]) -> None:
    """Give ``records`` the columns for those extractions that are stored fields, before a relation is made."""
    from twsla.model.extraction import ExtractionKind

    for each in extractions:
        if each.kind is ExtractionKind.STORED:
            field_sql(engine, each.name)
        elif each.kind is ExtractionKind.JSON:
            from twsla.query.jsonfields import ask_for_path

            ask_for_path(engine, each)


def meant(name: str, names: Sequence[str]) -> tuple[str, ...]:
    """The fields among ``names`` that a name stands for, the best first: the same, else alike but for case and blanks.

    >>> meant("processid", ["Image", "ProcessID", "ProcessId"])
    ('ProcessID', 'ProcessId')
    """
    key = squashed(name)
    found = [each for each in names if squashed(each) == key]
    return tuple(sorted(found, key=lambda each: (each != name, each.casefold() != name.casefold(), each)))


def squashed(name: str) -> str:
    """What names that are alike have in common."""
    return name.replace(" ", "").casefold()


def expression(fields: Sequence[str], columns: frozenset[str], params: dict[str, object]) -> str:
    """SQL for the first of several fields that a record has, in files with ``columns``: VARCHAR, NULL if none."""
    own = []
    for each in fields:
        if field_column(each) in columns:
            own.append(quoted_name(field_column(each)))
        elif _MAP in columns:
            name = f"f{len(params)}"
            params[name] = each
            own.append(f"{_MAP}[${name}]")
    if not own:
        return "NULL::VARCHAR"
    return own[0] if len(own) == 1 else f"coalesce({', '.join(own)})"


def _whole_map(columns: frozenset[str], params: dict[str, object]) -> str:
    """SQL for all names and values of a record, whether they have columns of their own or not; NULL if it has none."""
    own = sorted(each for each in columns if field_of(each) is not None)
    if not own:
        return _MAP if _MAP in columns else "NULL::MAP(VARCHAR, VARCHAR)"
    entries = []
    for column in own:
        name = f"f{len(params)}"
        params[name] = field_of(column)
        entries.append(f"{{'key': ${name}::VARCHAR, 'value': {quoted_name(column)}}}")
    present = f"list_filter([{', '.join(entries)}], lambda entry: entry.value IS NOT NULL)"
    if _MAP in columns:
        present = f"list_concat({present}, coalesce(map_entries({_MAP}), []))"
    return f"nullif(map_from_entries({present}), MAP {{}})"


def quoted_name(column: str) -> str:
    """A name of a column in SQL."""
    return '"' + column.replace('"', '""') + '"'


def _names_of(engine: Engine) -> set[str]:
    found = {name for entry in engine.store.files for column in entry.columns if (name := field_of(column)) is not None}
    found |= {name for entry in engine.store.files for name in entry.field_names}
    files = [entry for entry in engine.store.files if _MAP in entry.columns and not entry.field_names]
    if files:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in engine.file_paths(files))
        keys = f"SELECT map_keys({_MAP}) AS keys FROM read_parquet([{listed}], hive_partitioning = false)"  # noqa: S608
        sql = f"SELECT DISTINCT unnest(keys) FROM ({keys})"  # noqa: S608  # our own names
        found |= {name for (name,) in engine.execute(sql)}
    return found


# --- many fields at once ------------------------------------------------------------------------------------------


def field_batches(
    engine: Engine, names: Sequence[str], *, extra: Sequence[str] = ("ts", "source", "line_no")
) -> Iterator[pa.RecordBatch]:
    """The records of the engine's query with many of their fields, one batch for each file of the store.

    Args:
        engine: Its query decides which records; their order is that of ``engine.selected.files``, and in each file of
            time, source, offset.
        names: Names of fields, as for ``field_sql``.
        extra: Columns of the store (``ts``, ``source``, ``line_no``, ``offset``, ``text``, …), ``_file`` (place of the
            file in ``engine.selected.files``) and ``_row`` (row number in it): ``engine.chosen`` finds records by them.

    Yields:
        A batch with the columns of ``extra``, then those of ``names``, each called as it was asked for and in this
        order (two may have the same name: take them by place). Fields are dictionary<int32, string> with no entry
        twice, null where a record has none; so is ``source``. A file has about a million records at most; one without
        records of the query gives no batch.
    """
    from twsla.query.fieldbatches import read_batch

    asked = [meant(name, field_names(engine)) for name in names]
    for place, entry in enumerate(engine.selected.files):
        batch = read_batch(engine, place, entry, names, asked, extra)
        if batch.num_rows:
            yield batch


def structured_files(engine: Engine) -> tuple[FileEntry, ...]:
    """The files of the query in which records have fields."""
    return tuple(entry for entry in engine.selected.files if _MAP in entry.columns or set(entry.columns) - set(COLUMNS))
