"""How many records an answer is about: in the time range, and without a time stamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twsla.query.engine import Engine
    from twsla.store.manifest import FileEntry


def records_in_range(engine: Engine) -> int:
    """Records of the time range, filters aside: from the manifests, but for files that the range cuts."""
    cut = [entry for entry in engine.selected.files if is_cut(engine, entry)]
    whole = sum(entry.rows for entry in engine.selected.files if not is_cut(engine, entry))
    if not cut:
        return whole
    bounds = {"first": engine.query.time_range.start_ns, "last": engine.query.time_range.end_ns}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    signs = {"first": ">=", "last": "<="}
    condition = " AND ".join(f"epoch_ns(ts) {signs[name]} ${name}" for name in given)
    sql = f"SELECT count(*) FROM records WHERE {condition}"  # noqa: S608  # our names only
    return whole + int(engine.fetch(sql, given, relation=engine.records(cut, filtered=False))[0][0])


def is_cut(engine: Engine, entry: FileEntry) -> bool:
    """Whether the time range leaves out some of a file's records."""
    start, end = engine.query.time_range.start_ns, engine.query.time_range.end_ns
    if entry.min_ts is None or entry.max_ts is None:
        return False
    return (start is not None and entry.min_ts < start) or (end is not None and entry.max_ts > end)


def time_span(engine: Engine) -> tuple[int, int] | None:
    """The earliest and the latest instant that a record of the query can have; None if none can have any."""
    files = [entry for entry in engine.selected.files if entry.min_ts is not None and entry.max_ts is not None]
    if not files:
        return None
    first, last = min(entry.min_ts or 0 for entry in files), max(entry.max_ts or 0 for entry in files)
    start, end = engine.query.time_range.start_ns, engine.query.time_range.end_ns
    return first if start is None else max(first, start), last if end is None else min(last, end)


def undated_matches(engine: Engine) -> int:
    """How many records of the query have no time stamp."""
    files = [entry for entry in engine.selected.files if entry.min_ts is None]
    if not files:
        return 0
    return int(engine.fetch("SELECT count(*) FROM records", relation=engine.records(files))[0][0])
