"""The values that extractions give for each record, as SQL: one column a value, one row a combination of values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from twsla.model.extraction import ExtractionKind
from twsla.query.extracted import PIECE, Extracted, refined_one
from twsla.query.extraction import compile_extraction
from twsla.query.shape_values import by_shape

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
    guards: tuple[str, ...] = ()
    """Each true for every record that has a value of an extraction, and cheap."""
    compiled: tuple[Extracted | None, ...] = ()
    """What the values were made from, where they are of single records."""
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

    def counted(self, *, complete: bool = False) -> str:
        """A SELECT over ``records``: the columns of ``names``, and ``count``, how many records have these values.

        Args:
            complete: Only records with all values are needed; others may be left out.
        """
        if self.alone is not None and (self.alone.rough or self.alone.many):
            return _counted_alone(self.alone)
        names = ", ".join(self.names)
        if not self.shape_only:
            return self._counted_rough(" AND ".join(self.guards) if complete else "")
        once = (
            "SELECT shape AS text, shape, count(*) AS rows FROM records WHERE shape IS NOT NULL GROUP BY shape "
            "UNION ALL SELECT text, shape, 1 FROM records WHERE shape IS NULL"
        )
        values = self.select("rows").replace("FROM records", f"FROM ({once}) AS records", 1)
        return f"SELECT {names}, sum(rows)::BIGINT AS count FROM ({values}) GROUP BY ALL"  # noqa: S608  # ours

    def _counted_rough(self, condition: str) -> str:
        """What the texts hold is counted first, and refined once a combination."""
        ones = [one if one is not None and one.rough and not one.many else None for one in self.compiled]
        roughs = tuple(
            _guarded(one.rough, one) if one is not None else expression
            for one, expression in zip(ones, self.expressions, strict=True)
        )
        joins = f"{self.joins} WHERE {condition}" if condition else self.joins
        values = replace(self, expressions=roughs, joins=joins).select()
        grouped = f"SELECT {', '.join(self.names)}, count(*) AS rows FROM ({values}) GROUP BY ALL"  # noqa: S608  # ours
        refined = [
            f"CASE WHEN {name} IS NOT NULL THEN {refined_one(name, one.refined)} END AS {name}" if one else name
            for one, name in zip(ones, self.names, strict=True)
        ]
        return (
            f"SELECT {', '.join(self.names)}, sum(rows)::BIGINT AS count "  # noqa: S608  # ours
            f"FROM (SELECT {', '.join(refined)}, rows FROM ({grouped})) GROUP BY ALL"
        )


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
    params: dict[str, object] = {}
    compiled: list[Extracted | None] = []
    texts: dict[int, TextKey] = {}
    for index, extraction in enumerate(extractions):
        if extraction.kind in (ExtractionKind.NORMALIZE, ExtractionKind.TEMPLATE):
            texts[index] = _text_key(engine, extraction.kind)
            compiled.append(None)
        else:
            one = compile_extraction(extraction, prefix=f"e{index}", engine=engine)
            compiled.append(one)
            params |= one.params
    shape_only = all(one is not None and one.shape_only for one in compiled)
    if not shape_only:
        compiled = [by_shape(engine, one) if one and one.shape_only and not one.many else one for one in compiled]
    joins = [one.join if one is not None else texts[index].join for index, one in enumerate(compiled)]
    return Keys(
        expressions=tuple(
            _guarded(one.expression, one) if one is not None else texts[index].expression
            for index, one in enumerate(compiled)
        ),
        many=tuple(one is not None and one.many for one in compiled),
        joins=" ".join(filter(None, joins)),
        params=params,
        notes=tuple(note for key in texts.values() for note in key.notes),
        shape_only=shape_only,
        guards=tuple(one.where if one is not None else "true" for one in compiled),
        compiled=tuple(compiled),
        alone=compiled[0] if len(compiled) == 1 else None,
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
