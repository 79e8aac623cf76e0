"""How late records are: against the record before them, or against a further time stamp in the record itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.model.result import Note

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from twsla.progress import Progress
    from twsla.query.engine import Engine, Relation
    from twsla.store.manifest import FileEntry


_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class Delays:
    """The delays of the engine's records."""

    table: str
    """Scratch table with the columns source, offset and delay_s (DOUBLE, seconds)."""
    notes: tuple[Note, ...] = ()

    def at_least(self, engine: Engine, seconds: int) -> Relation:
        """The engine's records that have a delay of so many seconds or more."""
        from twsla.query.engine import Relation

        records = engine.records()
        late = f'SELECT source, "offset" FROM {self.table} WHERE delay_s >= {int(seconds)}'  # noqa: S608  # ours
        sql = f'SELECT found.* FROM ({records.sql}) AS found SEMI JOIN ({late}) AS late USING (source, "offset")'  # noqa: S608
        return Relation(sql, records.params)


def order_delays(engine: Engine) -> Delays:
    """How far the time of each record lies before that of the record before it in its source; positive ones only."""
    from twsla.query.reversals import late_records

    return Delays(late_records(engine))


def inner_delays(engine: Engine, number: int, zone: str, progress: Progress) -> Delays:
    """How far the time of each record lies behind a further time stamp in its text; may be negative.

    Args:
        engine: Gives the records.
        number: Which stamp, from 1, the left-most of the text not counted.
        zone: Of stamps that name none; empty: that of the record's source.
        progress: Told about rows.
    """
    made = _Delays(engine, number, zone)
    for entry in engine.selected.files:
        if entry.min_ts is not None:
            progress.check()
            progress.advance("rows", made.add(entry))
    notes = []
    if made.without:
        what = f"{made.without:,} of {made.examined:,} records have no such time stamp (-q {number}) and no delay"
        notes.append(Note(what))
    return Delays(made.table, tuple(notes))


class _Delays:
    """The scratch table while it is filled, one file of the store after the other."""

    def __init__(self, engine: Engine, number: int, zone: str) -> None:
        self.table = engine.scratch_name()
        self.examined = self.without = 0
        self._engine = engine
        self._number = number
        self._zone = zone
        self._zones = {source.name: source.zone for source in engine.store.sources}
        engine.execute(f'CREATE TABLE {self.table} (source VARCHAR, "offset" BIGINT, delay_s DOUBLE)')

    def add(self, entry: FileEntry) -> int:
        """The delays of the records in one file; gives how many there are."""
        examined = 0
        sources: list[str] = []
        offsets: list[int] = []
        delays: list[float] = []
        select = 'SELECT source, "offset", epoch_ns(ts) AS ns, text FROM records'
        # Held until the file is read: the connection takes nothing else as long as it has an answer to give.
        for batch in self._engine.stream(select, relation=self._engine.records((entry,))):
            for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
                part = batch.slice(start, _ROWS_AT_ONCE)
                rows, late = self._of_rows(part)
                chosen = part.take(rows)
                sources += chosen.column("source").to_pylist()
                offsets += chosen.column("offset").to_pylist()
                delays += late.tolist()
            examined += batch.num_rows
        rows_sql = "SELECT unnest($sources::VARCHAR[]), unnest($offsets::BIGINT[]), unnest($delays::DOUBLE[])"
        values = {"sources": sources, "offsets": offsets, "delays": delays}
        self._engine.execute(f"INSERT INTO {self.table} {rows_sql}", values)
        self.examined += examined
        self.without += examined - len(delays)
        return examined

    def _of_rows(self, rows: pa.RecordBatch) -> tuple[pa.Array, np.ndarray]:
        """Which rows have a delay, and the delays: float64, in seconds."""
        import numpy as np
        import pyarrow as pa

        from twsla.formats.timestamps.further import further_stamps, instants

        found = further_stamps(rows.column("text").cast(pa.large_string()), self._number)
        ts_ns = rows.column("ns").to_numpy(zero_copy_only=False)
        then_ns = np.zeros(len(ts_ns), np.int64)
        coded = rows.column("source").cast(pa.string()).dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        for code, source in enumerate(coded.dictionary.to_pylist()):
            zone = self._zone or self._zones.get(source, "UTC")
            then_ns = np.where(codes == code, instants(found, ts_ns, zone), then_ns)
        valid = np.flatnonzero(found.valid)
        return pa.array(valid), (ts_ns[valid] - then_ns[valid]) / 1e9
