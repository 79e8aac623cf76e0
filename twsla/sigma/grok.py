"""Records whose fields are what a grok pattern captures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from twsla.query.engine import Engine


class GrokReader:
    """The records of an engine's query that a pattern matches, with its captures as fields; others have none."""

    def __init__(self, engine: Engine, pattern: str, definitions: str) -> None:
        """Read the pattern.

        Raises:
            UsageError: It cannot be used.
        """
        from twsla.query.grok import checked

        self._engine = engine
        self._grok = checked(pattern, definitions)
        self._re2 = _named(self._grok.re2)
        self.matched = 0

    def names(self) -> Sequence[str]:
        """Names of the captures."""
        return tuple(dict.fromkeys(self._grok.fields))

    def pieces(self, names: Sequence[str], extra: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """One file of the store after the other."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from twsla.query.fields import field_batches

        columns = [*extra, *(["text"] if "text" not in extra else [])]
        for batch in field_batches(self._engine, (), extra=columns):
            captured = pc.extract_regex(batch.column(columns.index("text")), self._re2)
            self.matched += batch.num_rows - captured.null_count
            fields = [self._field(captured, name) for name in names]
            yield pa.RecordBatch.from_arrays(
                [batch.column(each) for each in range(len(extra))] + fields, [*extra, *names]
            )

    def texts(self, piece: pa.RecordBatch, rows: object) -> None:
        """They do not count: the fields are known."""

    def _field(self, captured: pa.StructArray, name: str) -> pa.DictionaryArray:
        """The first capture of a name that is not empty."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = []
        for at, each in enumerate(self._grok.fields):
            if each == name:
                column = pc.struct_field(captured, f"g{at}")
                columns.append(pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column))
        return pc.coalesce(*columns).cast(pa.string()).dictionary_encode()


def _named(re2: str) -> str:
    """An expression with names for its capturing groups: ``g0``, ``g1`` …"""
    count = -1

    def name(match: re.Match[str]) -> str:
        nonlocal count
        if match[0] != "(":
            return match[0]
        count += 1
        return f"(?P<g{count}>"

    return re.sub(r"\\Q.*?\\E|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\((?!\?)", name, re2, flags=re.DOTALL)
