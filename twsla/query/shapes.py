"""What the numbers of rows by shape in the footers of store files answer, without reading a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.errors import StoreError
from twsla.model.times import TimeRange
from twsla.query.where import compile_where, decided_by_shape
from twsla.store import shapecounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry


def count_by_shape(engine: Engine) -> tuple[int, tuple[FileEntry, ...]]:
    """How many records match in the files that need not be read, and the files that have to be."""
    query = engine.query
    covered, others = covered_files(engine.selected.files, query.time_range)
    if query.where is not None:
        return 0, engine.selected.files
    if not query.filters:
        return sum(entry.rows for entry in covered), others
    if not decided_by_shape(query.filters):
        return 0, engine.selected.files
    told = tuple(entry for entry in covered if entry.shapes)
    others += tuple(entry for entry in covered if not entry.shapes)
    if not told:
        return 0, others
    rows = shape_rows(engine, told)
    where = compile_where(query.filters, TimeRange(None, None), shape=True)
    params = {f"v{index}": value for index, value in enumerate(where.params)}
    condition = "".join(
        piece + (f"$v{index}" if index < len(where.params) else "") for index, piece in enumerate(where.sql.split("?"))
    )
    counted = "SELECT unnest($shapes::VARCHAR[]) AS shape, unnest($rows::BIGINT[]) AS rows"
    sql = f"SELECT coalesce(sum(rows), 0)::BIGINT FROM ({counted}) WHERE {condition or 'true'}"  # noqa: S608  # ours
    params |= {"shapes": list(rows), "rows": list(rows.values())}
    return int(engine.execute(sql, params)[0][0]), others


def covered_files(
    files: Sequence[FileEntry], time_range: TimeRange
) -> tuple[tuple[FileEntry, ...], tuple[FileEntry, ...]]:
    """The files all of whose records are in the time range, and the others."""
    start, end = time_range.start_ns, time_range.end_ns

    def covered(entry: FileEntry) -> bool:
        if entry.min_ts is None or entry.max_ts is None:
            return start is None and end is None
        return (start is None or entry.min_ts >= start) and (end is None or entry.max_ts <= end)

    return tuple(filter(covered, files)), tuple(entry for entry in files if not covered(entry))


def shape_rows(engine: Engine, files: Sequence[FileEntry]) -> dict[str, int]:
    """Shapes and how many rows of these files have each, filters aside. All must have them in their footers."""
    paths = engine.file_paths(files)
    found = engine.execute(
        "SELECT value FROM parquet_kv_metadata($paths) WHERE key = $key", {"paths": paths, "key": shapecounts.KEY}
    )
    total: dict[str, int] = {}
    counted = 0
    try:
        for (value,) in found:
            for shape, rows in zip(*shapecounts.decode(value), strict=True):
                total[shape] = total.get(shape, 0) + rows
                counted += rows
    except ValueError as error:
        raise StoreError(
            f"the footer of a file in {engine.store.path} is damaged: {error}", hint="'twsla verify' tells which"
        ) from error
    if counted != sum(entry.rows for entry in files):
        raise StoreError(
            f"the footers of the files in {engine.store.path} do not tell of all their rows",
            hint="'twsla verify' tells what is wrong",
        )
    return total
