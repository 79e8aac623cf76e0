"""What is known only at the end of an import: the years, what falls outside the time range, what was a duplicate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.ingest.building import in_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.timestamps.years import YearVerdict
    from twsla.ingest.dry import DryRun
    from twsla.ingest.pipeline import Outcome
    from twsla.ingest.reader import Finished
    from twsla.ingest.settings import Settings
    from twsla.store.manifest import Manifest, SourceEntry
    from twsla.store.writer import ImportWriter


def settle(
    writer: ImportWriter | DryRun,
    readings: Sequence[Finished],
    in_force: Sequence[Manifest],
    settings: Settings,
    outcome: Outcome,
) -> list[SourceEntry]:
    """Correct what was written so far; gives the entries of the sources that are added to the store."""
    duplicates = _duplicates(readings, in_force, settings, outcome)
    added = [reading for index, reading in enumerate(readings) if index not in duplicates]
    changes = {readings[index].entry.name: None for index in duplicates}
    fixes: dict[str, tuple[Finished, YearVerdict]] = {}
    for reading in added:
        verdict = reading.clock.finish()
        reading.entry.year_rule = verdict.reason or None
        if verdict.shift_years or verdict.shift_days or verdict.undatable or reading.range_pending:
            fixes[reading.entry.name] = (reading, verdict)
            reading.entry.min_ts = reading.entry.max_ts = None
            reading.entry.undated = 0
    if changes or fixes:
        writer.rewrite([*changes, *fixes], lambda table: _changed(table, set(changes), fixes, settings))
    return [reading.entry for reading in added]


def _duplicates(
    readings: Sequence[Finished], in_force: Sequence[Manifest], settings: Settings, outcome: Outcome
) -> set[int]:
    """Indices of readings whose content turned out to be in the store, or in this run, already."""
    if settings.again:
        return set()
    seen = {(source.sha256, source.options_key): source.name for manifest in in_force for source in manifest.sources}
    found = set()
    for index, reading in enumerate(readings):
        entry = reading.entry
        if not entry.bytes:
            continue
        key = (entry.sha256, entry.options_key)
        if key in seen:
            found.add(index)
            outcome.unchanged.append(
                f"{entry.name}: the same content is in the store as {seen[key]} (--again imports it once more)"
            )
        seen.setdefault(key, entry.name)
    return found


def _changed(
    table: pa.Table, dropped: set[str], fixes: dict[str, tuple[Finished, YearVerdict]], settings: Settings
) -> pa.Table:
    """A staged file's rows with their final years, without duplicates and what is outside the time range."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table["source"].cast(pa.string()).combine_chunks()
    ts_type = table.schema.field("ts").type
    dated = pc.is_valid(table["ts"]).to_numpy(zero_copy_only=False)
    ts = pc.fill_null(table["ts"].cast(pa.int64()), 0).to_numpy().copy()
    flags = table["ts_flags"].to_numpy().copy()
    keep = np.ones(table.num_rows, bool)
    for name in pc.unique(names).to_pylist():
        rows = pc.equal(names, name).to_numpy(zero_copy_only=False)
        if name in dropped:
            keep &= ~rows
        elif name in fixes:
            reading, verdict = fixes[name]
            ts[rows], dated[rows], flags[rows] = reading.clock.corrected(ts[rows], dated[rows], flags[rows], verdict)
            if reading.range_pending:
                outside = rows & ~in_range(ts, dated, settings.time_range)
                _count_outside(reading, table, outside)
                keep &= ~outside
            reading.entry.undated += int((rows & keep & ~dated).sum())
            _count_ends(reading.entry, ts[rows & keep & dated])
    column = pa.array(ts, pa.int64(), mask=~dated).cast(ts_type)
    table = table.set_column(table.schema.get_field_index("ts"), "ts", column)
    table = table.set_column(table.schema.get_field_index("ts_flags"), "ts_flags", pa.array(flags, pa.uint8()))
    return table.filter(pa.array(keep))


def _count_outside(reading: Finished, table: pa.Table, outside: npt.NDArray[np.bool_]) -> None:
    """Move records from the stored ones to those outside the time range."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    entry, records = reading.entry, int(outside.sum())
    rows = table.filter(pa.array(outside))
    breaks = pc.sum(rows["breaks"] if "breaks" in rows.column_names else pc.count_substring(rows["text"], "\n")).as_py()
    lines = records + (breaks or 0)
    if reading.pieces:
        lines -= int(np.isin(rows["offset"].to_numpy(), reading.pieces).sum())
    entry.records -= records
    entry.record_lines -= lines
    entry.outside_records += records
    entry.outside_lines += lines


def _count_ends(entry: SourceEntry, ts: npt.NDArray[np.int64]) -> None:
    if not len(ts):
        return
    first, last = int(ts.min()), int(ts.max())
    entry.min_ts = first if entry.min_ts is None else min(entry.min_ts, first)
    entry.max_ts = last if entry.max_ts is None else max(entry.max_ts, last)
