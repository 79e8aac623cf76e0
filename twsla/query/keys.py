"""The values that extractions give for each record, as SQL: one column a value, one row a combination of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.model.extraction import ExtractionKind
from twsla.query.extracted import PIECE, Extracted
from twsla.query.extraction import compile_extraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.model.extraction import Extraction
    from twsla.model.result import Note
    from twsla.query.engine import Engine
    from twsla.query.textkeys import TextKey


@dataclass(frozen=True, slots=True)
class Keys:
    """SQL over ``records``; our own names only."""

    expressions: tuple[str, ...]
    """VARCHAR, NULL where a record has no value; VARCHAR[] where there may be several."""
    many: tuple[bool, ...]
    joins: str = ""
    """Goes behind ``FROM records``."""
    params: dict[str, object] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    """What the reader must know about the values."""
    shape_only: bool = False
    """The expressions give the same with ``shape`` in place of ``text``."""
    alone: Extracted | None = None
    """The extraction, if there is but one, and it is one over single records."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of ``select``: ``k0``, ``k1``, one an extraction."""
        return tuple(f"k{index}" for index in range(len(self.expressions)))

    def select(self, *further: str, place: bool = False) -> str:
        """A SELECT over ``records`` with a column for each extraction, behind those of ``further``.

        A record with one value of each is one row; without a value of some, it is a row with NULL there. With several
        values it is a row for each combination, and no row if there is none at all; ``place`` adds a column with the
        place of the value among those of its record, from 1.
        """
        columns = [f"{each} AS {name}" for each, name in zip(self.expressions, self.names, strict=True)]
        sql = f"SELECT {', '.join([*further, *columns])} FROM records {self.joins}"  # noqa: S608  # ours
        for name, many in zip(self.names, self.many, strict=True):
            if many:
                among = f", generate_subscripts({name}, 1) AS place" if place else ""
                sql = f"SELECT * REPLACE (unnest({name}) AS {name}){among} FROM ({sql})"  # noqa: S608  # ours
        return sql

    def counted(self) -> str:
        """A SELECT over ``records``: the columns of ``names``, and ``count``, how many records have these values."""
        if self.alone is not None and (self.alone.rough or self.alone.many):
            return _counted_alone(self.alone)
        names = ", ".join(self.names)
        if not self.shape_only:
            return f"SELECT {names}, count(*) AS count FROM ({self.select()}) GROUP BY ALL"  # noqa: S608  # ours
        once = (
            "SELECT shape AS text, shape, count(*) AS rows FROM records WHERE shape IS NOT NULL GROUP BY shape "
            "UNION ALL SELECT text, shape, 1 FROM records WHERE shape IS NULL"
        )
        values = self.select("rows").replace("FROM records", f"FROM ({once}) AS records", 1)
        return f"SELECT {names}, sum(rows)::BIGINT AS count FROM ({values}) GROUP BY ALL"  # noqa: S608  # ours


def _counted_alone(one: Extracted) -> str:
    """As ``Keys.counted`` for a single extraction: what the texts hold is counted first, and refined once a value."""
    rough = _guarded(one.rough or one.expression, one)
    pieces = f"SELECT {f'unnest({rough})' if one.many else rough} AS {PIECE} FROM records {one.join}"  # noqa: S608  # ours
    grouped = f"SELECT {PIECE}, count(*) AS rows FROM ({pieces}) GROUP BY {PIECE}"  # noqa: S608  # ours
    values = f"SELECT CASE WHEN {PIECE} IS NOT NULL THEN {one.refined} END AS k0, rows FROM ({grouped})"  # noqa: S608
    return f"SELECT k0, sum(rows)::BIGINT AS count FROM ({values}) GROUP BY k0"  # noqa: S608  # ours


def compile_keys(engine: Engine, extractions: Sequence[Extraction]) -> Keys:
    """The values of several extractions side by side.

    Raises:
        UsageError: An expression, pattern or path cannot be used.
    """
    expressions: list[str] = []
    many: list[bool] = []
    joins: list[str] = []
    params: dict[str, object] = {}
    notes: list[Note] = []
    compiled: list[Extracted] = []
    for index, extraction in enumerate(extractions):
        if extraction.kind in (ExtractionKind.NORMALIZE, ExtractionKind.TEMPLATE):
            key = _text_key(engine, extraction.kind)
            expressions.append(key.expression)
            many.append(False)
            joins.append(key.join)
            notes += key.notes
            continue
        one = compile_extraction(extraction, prefix=f"e{index}", engine=engine)
        compiled.append(one)
        expressions.append(_guarded(one.expression, one))
        many.append(one.many)
        joins.append(one.join)
        params |= one.params
    return Keys(
        expressions=tuple(expressions),
        many=tuple(many),
        joins=" ".join(filter(None, joins)),
        params=params,
        notes=tuple(notes),
        shape_only=len(compiled) == len(extractions) and all(each.shape_only for each in compiled),
        alone=compiled[0] if len(extractions) == len(compiled) == 1 else None,
    )


def _guarded(expression: str, one: Extracted) -> str:
    """The expression where the record can have a value at all: the text is looked at for these shapes only."""
    if one.where == "true":
        return expression
    nothing = "[]::VARCHAR[]" if one.many else "NULL"
    return f"CASE WHEN {one.where} THEN {expression} ELSE {nothing} END"


def _text_key(engine: Engine, kind: ExtractionKind) -> TextKey:
    if kind is ExtractionKind.NORMALIZE:
        from twsla.query.normalize import normalized_key

        return normalized_key(engine)
    from twsla.query.templates import template_key

    return template_key(engine)
