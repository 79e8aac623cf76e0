"""What every analysis returns: a title, typed columns, paged rows, and what belongs beside them.

A ``Result`` does not know who is looking. Screens, exporters and other surfaces read the same value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from twsla.model.charts import Chart
    from twsla.progress import Progress


class Kind(Enum):
    """What a column holds; decides its text, alignment and sort order."""

    TEXT = "text"
    LOG = "log"
    """Log text: hostile, long, may hold line breaks."""
    TIME = "time"
    """timestamp[ns, UTC], or null."""
    DURATION = "duration"
    """int64 nanoseconds."""
    COUNT = "count"
    """int64."""
    NUMBER = "number"
    """float64."""
    SCORE = "score"
    """float64, higher is worse."""
    BYTES = "bytes"
    """int64 number of bytes."""
    OBSERVABLE = "observable"
    """Address, name, hash … found in a record."""
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a Result."""

    name: str
    """Machine name: lower case, as in JSON and SQL."""
    title: str
    """Heading."""
    kind: Kind
    sort_key: str | None = None
    """The key that sorts by it on a screen, or several, a letter each; the first is the one shown."""
    order: tuple[str, ...] = ()
    """Columns whose values sort it instead, the most important first: for names of days."""
    share: int = 1
    """Weight when the width left over is shared out."""
    hidden: bool = False
    """Kept for exports that ask for it and for actions; not shown."""
    unit: str = ""
    """As written behind the title on an axis: ``s``, ``%``; none for times, counts and texts."""
    heading: str = ""
    """The heading in CSV, TSV and plain tables, where that is not ``name``."""
    layout: Literal["", "minute", "second", "duration"] = ""
    """Written for people everywhere but in JSON and Parquet: a TIME as ``2024/05/01 10:00`` or with seconds, a
    DURATION as ``3m0s``."""


class Rows(Protocol):
    """The rows of a Result, in their final order. Arrow columns are named by ``Column.name``."""

    def __len__(self) -> int:
        """Number of rows."""

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``; fewer at the end."""

    def sorted(self, column: str, *, descending: bool = False) -> Rows:
        """The same rows by ``column``; ties keep their order; nulls last."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, piece by piece."""


class ArrowRows:
    """Rows of an Arrow table in memory: the small case."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        return self.table.slice(start, count)

    def sorted(self, column: str, *, descending: bool = False) -> ArrowRows:
        """The same rows by ``column``, stable, nulls last."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        position = pa.array(np.arange(self.table.num_rows))
        keyed = pa.table({"key": self.table[column].combine_chunks(), "position": position})
        direction = "descending" if descending else "ascending"
        # Nulls come last by default; naming that is deprecated from pyarrow 25 on, and its new spelling needs 25.
        order = pc.sort_indices(keyed, sort_keys=[("key", direction), ("position", "ascending")])
        return ArrowRows(self.table.take(order))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, chunk by chunk."""
        yield from self.table.to_batches()


class ValueRows:
    """A handful of Python values as rows, for results that must not cost an Arrow import (0.2 s)."""

    def __init__(self, names: Sequence[str], values: Sequence[Sequence[object]]) -> None:
        self.names = tuple(names)
        self.values = [tuple(row) for row in values]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.values)

    def _arrow(self) -> ArrowRows:
        import pyarrow as pa

        columns = list(zip(*self.values, strict=True)) if self.values else [()] * len(self.names)
        return ArrowRows(pa.table({name: list(column) for name, column in zip(self.names, columns, strict=True)}))

    def slice(self, start: int, count: int) -> pa.Table:
        """At most ``count`` rows from ``start``."""
        return self._arrow().slice(start, count)

    def sorted(self, column: str, *, descending: bool = False) -> ArrowRows:
        """The same rows by ``column``."""
        return self._arrow().sorted(column, descending=descending)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows."""
        return self._arrow().batches()


@dataclass(frozen=True, slots=True)
class Fact:
    """One named figure about a result: rows scanned, matched, seconds, seed."""

    name: str
    """Machine name, as in JSON."""
    title: str
    value: object
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence the reader must not miss: what was left out, assumed or could not be read."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """What a key does beyond looking: gives another Result, or a text to show."""

    key: str
    title: str
    """Two or three words, as on a line of keys."""
    run: Callable[[Mapping[str, object] | None, Progress], Result | str]
    """Gets the selected row, hidden columns included, with times in nanoseconds since 1970; None if there are no rows.
    Runs in a thread of its own, which has a connection of its own to the engine."""
    replaces: bool = False
    """The result takes the place of this one, the same row selected, instead of being opened on top of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one question."""

    title: str
    columns: tuple[Column, ...]
    rows: Rows
    facts: tuple[Fact, ...] = ()
    charts: tuple[Chart, ...] = ()
    """The first is the default."""
    notes: tuple[Note, ...] = ()
    actions: tuple[Action, ...] = ()
    parts: tuple[Result, ...] = ()
    """Further results that belong to this one, in a document (a report); their facts and notes are their own."""
    bare: str | None = None
    """Name of the one column that plain output prints, without a header (search: the record texts)."""
    bare_break: str | None = None
    """Name of the column whose change plain output marks with a line ``--`` (search with context), as grep does."""
    colours: str = ""
    """What to colour in log texts on a terminal, as ``search --color`` takes it."""
    exit_code: int = 0
    """What the process answers: ``search -q`` gives 1 when nothing matches."""
    wrap: bool = False
    """A screen wraps long texts from the start."""
    cursor: int = 0
    """Number of the row that a screen selects first."""
    reference: tuple[str, int] | None = None
    """Source and offset of the record that the others are measured from; a screen shows which it is."""
    around: Callable[[Mapping[str, object], Progress], Result] | None = field(default=None, compare=False)
    """The records around that of a row (as an action gets it) in its source; for rows with source, line_no, offset."""
    close: Callable[[], None] | None = field(default=None, compare=False)
    """Frees what the rows hold (a scratch table); call it when done with the result."""
    interrupt: Callable[[int | None], None] | None = field(default=None, compare=False)
    """Stops what rows or actions are computing, in one thread (its ``ident``) or in all; it raises ``Cancelled`` there.
    Callable from any thread."""

    def sorted_by(self, name: str, *, descending: bool = False) -> Rows:
        """The rows by a column, as people expect it: days of the week, for one, from Sunday on."""
        (order,) = (column.order or (name,) for column in self.columns if column.name == name)
        rows = self.rows
        for each in reversed(order):
            rows = rows.sorted(each, descending=descending)
        return rows
