"""Events in memory as a source of records: the same batches of columns that the store gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from tests.sigma.stores import plan_of
from twsla.progress import Silent
from twsla.sigma.detecting import Detector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


class MemoryReader:
    """Events, some of them in each piece."""

    def __init__(self, events: Sequence[Mapping[str, str]], piece: int = 7) -> None:
        self.events = events
        self.piece = piece

    def names(self) -> Sequence[str]:
        """Names of all fields."""
        return tuple(dict.fromkeys(name for event in self.events for name in event))

    def pieces(self, names: Sequence[str], extra: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Piece by piece."""
        for start in range(0, len(self.events), self.piece):
            events = self.events[start : start + self.piece]
            fixed: dict[str, Any] = {
                "_file": pa.array([0] * len(events), pa.int32()),
                "_row": pa.array(range(start, start + len(events)), pa.int64()),
                "ts": pa.array([0] * len(events), pa.timestamp("ns", "UTC")),
                "text": pa.array(["{}"] * len(events), pa.large_string()),
                "source": pa.array(["events"] * len(events)).dictionary_encode(),
            }
            columns = [fixed[name] for name in extra]
            columns += [
                pa.array([event.get(name) for event in events], pa.string()).dictionary_encode() for name in names
            ]
            yield pa.RecordBatch.from_arrays(columns, [*extra, *names])

    def texts(self, piece: pa.RecordBatch, rows: object) -> None:
        """They do not count: the fields are known."""


def detected(rules: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, str]]) -> dict[str, list[int]]:
    """By title of a rule the events that it finds; rules that are refused are not in it."""
    plan = plan_of(rules)
    found: dict[str, list[int]] = {rule.about.title: [] for rule in plan.rules}
    for each in Detector(plan, MemoryReader(events), Silent()).run(range(len(plan.rules))):
        rows = [row for piece in each.batch.place for row in piece.column("_row").to_pylist()]
        for number, hits in each.hits:
            found[plan.rules[number].about.title] += [rows[hit] for hit in hits.tolist()]
    return found
