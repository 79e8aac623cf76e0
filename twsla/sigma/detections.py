"""Detections, kept beside the store as a store of their own: ``twsla.db.case/detections``.

A record for each detection: its time, source, line and offset are those of the record that was found, its text is the
record's behind the rule's level and title, its fields are the record's and those of the rule (``sigma.title`` …).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twsla import __version__
from twsla.store.layout import new_ulid
from twsla.store.marks import detections_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from twsla.query.engine import Engine
    from twsla.sigma.rules import About

NAME: Final = "detections"
RUN: Final = "run.json"
FIELDS: Final = ("sigma.level", "sigma.title", "sigma.id", "sigma.tags", "sigma.path")
"""What every detection says of its rule."""
CORRELATED: Final = ("sigma.count", "sigma.first", "sigma.last", "sigma.group", "sigma.rules")
"""What the detection of a correlation says besides."""
_AT_ONCE: Final = 20_000
"""Detections fetched by one query."""


def head_sql(level: str, title: str, count: str, group: str) -> str:
    """SQL for what stands before the record's own text in the text of a detection, from SQL for the rule's fields."""
    counted = f"coalesce(' (' || trim({count} || ' ' || coalesce({group}, '')) || ')', '')"
    return f"coalesce('[' || {level} || '] ', '') || {title} || {counted} || ': '"


@dataclass(slots=True)
class Hits:
    """Which rules are true for which records, by the places of these in the store."""

    rules: list[About] = field(default_factory=list)
    numbers: list[Any] = field(default_factory=list)
    """Arrays of numbers of ``rules``."""
    files: list[Any] = field(default_factory=list)
    """Beside them, places of files in ``engine.selected.files``."""
    rows: list[Any] = field(default_factory=list)
    """And rows in them."""
    extra: dict[tuple[int, int, int], list[dict[str, str]]] = field(default_factory=dict)
    """Further fields of a detection, by rule, file and row: what correlations add, one for each detection."""


class DetectionsWriter:
    """Writes all detections of a run, which then take the place of those of the last one."""

    def __init__(self, store: Path, *, keep: bool) -> None:
        """Write beside the store if they are to be kept and that is possible; else to a directory that goes away."""
        self.path = detections_path(store)
        self.kept = keep
        self.problem = ""
        parent = self.path.parent
        if keep:
            try:
                parent.mkdir(exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=parent))
            except OSError as error:
                self.kept = False
                self.problem = f"the detections cannot be kept in {parent}: {error.strerror or error}"
        if not self.kept:
            self._folder = Path(tempfile.mkdtemp(prefix="twsla-"))
            self.path = self._folder / NAME
        self._made = self._folder / "store"

    def write(self, engine: Engine, hits: Hits, about: dict[str, object]) -> None:
        """Write them, with what there is to tell about the run."""
        from twsla.store.manifest import Manifest
        from twsla.store.writer import ImportWriter

        with ThreadPoolExecutor(1) as pool:
            writer = ImportWriter(self._made, pool)
            try:
                for table in _tables(engine, hits):
                    writer.add(table)
                writer.flush()
                created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
                writer.commit(lambda _: Manifest(new_ulid(), created, __version__, {}, (), writer.files()))
            except BaseException:
                writer.abort()
                self.discard()
                raise
        (self._made / RUN).write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")
        self._replace()

    def _replace(self) -> None:
        """Put what was made in its place; what was there is out of the way before, and then removed."""
        old = self._folder / "old"
        if self.path.exists():
            self.path.rename(old)
        self._made.rename(self.path)
        if self.kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def discard(self) -> None:
        """Remove what is not to be kept."""
        shutil.rmtree(self._folder, ignore_errors=True)


def read_run(path: Path) -> dict[str, Any]:
    """What is known of the run that made the detections that lie there; nothing if it cannot be read."""
    try:
        found = json.loads((path / RUN).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _tables(engine: Engine, hits: Hits) -> Any:
    """Detections as records, file by file."""
    import numpy as np

    if not hits.numbers:
        return
    numbers, files, rows = map(np.concatenate, (hits.numbers, hits.files, hits.rows))
    order = np.lexsort((numbers, rows, files))
    numbers, files, rows = numbers[order], files[order], rows[order]
    whole, engine.fields.whole = engine.fields.whole, True
    try:
        for start, stop in _pieces(files, rows):
            place = int(files[start])
            wanted, places = np.unique(rows[start:stop], return_inverse=True)
            found = _fetched(engine, place, wanted.tolist())
            yield from _expanded(found, hits, numbers[start:stop], place, rows[start:stop], places)
    finally:
        engine.fields.whole = whole


def _pieces(files: Any, rows: Any) -> Any:
    """Runs of detections of one file, not too long, the detections of a record together."""
    import numpy as np

    changes = np.flatnonzero(np.diff(files)) + 1
    for start, stop in zip([0, *changes.tolist()], [*changes.tolist(), len(files)], strict=True):
        while start < stop:
            end = min(stop, start + _AT_ONCE)
            while end < stop and rows[end] == rows[end - 1]:
                end += 1
            yield start, end
            start = end


def _fetched(engine: Engine, place: int, rows: list[int]) -> pa.Table:
    """Records of one file, by row."""
    relation = engine.chosen((engine.selected.files[place],), {0: rows})
    sql = 'SELECT ts, ts_flags, source, line_no, "offset", text, fields FROM records ORDER BY _row'
    return engine.rows(sql, relation=relation).table


def _expanded(found: pa.Table, hits: Hits, numbers: Any, place: int, rows: Any, places: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    repeated = [hits.extra.get((int(number), place, int(row)), [{}]) for number, row in zip(numbers, rows, strict=True)]
    counts = np.array([len(each) for each in repeated])
    further = [one for each in repeated for one in each]
    numbers, places = np.repeat(numbers, counts), np.repeat(places, counts)
    taken = found.take(pa.array(places)).combine_chunks()
    rules = [hits.rules[number] for number in numbers.tolist()]
    yield _records(taken, rules, further)


def _records(taken: pa.Table, rules: Sequence[About], further: Sequence[dict[str, str]]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    from twsla.model.records import fields_field, record_schema

    said = [_said(rule, more) for rule, more in zip(rules, further, strict=True)]
    heads = pa.array([_head(rule, more) for rule, more in zip(rules, further, strict=True)], pa.large_string())
    text = pc.binary_join_element_wise(heads, _one(taken["text"]).cast(heads.type), pa.scalar("", heads.type))
    schema = record_schema().append(fields_field())
    count = taken.num_rows
    columns = {
        "ts": _one(taken["ts"]).cast(pa.timestamp("ns", "UTC")),
        "ts_flags": _one(taken["ts_flags"]).cast(pa.uint8()),
        "source": _one(taken["source"]).cast(pa.string()).dictionary_encode(),
        "line_no": _one(taken["line_no"]),
        "offset": _one(taken["offset"]),
        "text": text,
        "raw": pa.nulls(count, pa.large_binary()),
        "shape": pa.nulls(count, schema.field("shape").type),
        "fields": _with_entries(_one(taken["fields"]), said),
    }
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined.chunk(0) if hasattr(combined, "chunks") else combined


def _head(rule: About, more: dict[str, str]) -> str:
    level = f"[{rule.level}] " if rule.level else ""
    counted = f"{more.get('sigma.count', '')} {more.get('sigma.group', '')}".strip()
    return f"{level}{rule.shown}{f' ({counted})' if counted else ''}: "


def _said(rule: About, more: dict[str, str]) -> dict[str, str]:
    values = (rule.level, rule.shown, rule.key, " ".join(rule.tags), rule.path)
    return {**{name: value for name, value in zip(FIELDS, values, strict=True) if value}, **more}


def _with_entries(fields: pa.MapArray, said: Sequence[dict[str, str]]) -> pa.MapArray:
    """A map column with further names and values in every row."""
    import numpy as np
    import pyarrow as pa

    offsets = fields.offsets.to_numpy()
    lengths = np.diff(offsets)
    if fields.null_count:
        lengths = np.where(fields.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
    added = np.array([len(each) for each in said], np.int64)
    made = np.concatenate(([0], np.cumsum(lengths + added)))
    keys = pa.concat_arrays([fields.keys, pa.array([name for each in said for name in each], pa.string())])
    items = pa.concat_arrays([fields.items, pa.array([value for each in said for value in each.values()], pa.string())])
    old = len(fields.keys)
    added_starts = old + np.concatenate(([0], np.cumsum(added)[:-1]))
    order = np.empty(int(made[-1]), np.int64)
    for place, (start, length, more_start, more) in enumerate(
        zip(offsets[:-1].tolist(), lengths.tolist(), added_starts.tolist(), added.tolist(), strict=True)
    ):
        at = int(made[place])
        order[at : at + length] = np.arange(start, start + length)
        order[at + length : at + length + more] = np.arange(more_start, more_start + more)
    taken = pa.array(order)
    return pa.MapArray.from_arrays(pa.array(made, pa.int32()), keys.take(taken), items.take(taken))
