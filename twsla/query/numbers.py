r"""Numbers in texts, as people and programs write them: ``1,234.5``, ``12ms``, ``3.4 GB``, ``45%``, ``1m30s``.

A text is a number or it is none; nothing that cannot be read becomes a 0. Digits may have a point, an exponent, and
commas between groups of three. A unit may follow: of time (``ns us ms s m h d w`` and their longer names, or several as
in ``1h2m3.5s``), of bytes (``kB`` and ``KB`` are 1000 of them, ``KiB`` 1024) or ``%``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.model.durations import NS_PER_S, UNITS_NS

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WRITTEN: Final = r"[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WITH_UNIT: Final = rf"^\s*({_WRITTEN})\s*(\pL*|%)\s*$"
_IN_PARTS: Final = r"^\s*(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:\.[0-9]+)?)s)?\s*$"
"""As Go writes durations from a minute on."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that may stand behind a number."""

    base: str
    """The unit that all of its kind are turned into where several occur."""
    times: int = 1
    """How many ``over``-ths of the base it is."""
    over: int = 1


def _byte_units() -> dict[str, Unit]:
    units = dict.fromkeys(("B", "byte", "bytes", "Byte", "Bytes"), Unit("B"))
    for power, letter in enumerate("KMGTPE", start=1):
        units |= dict.fromkeys((f"{letter}B", f"{letter.lower()}B", f"{letter.lower()}b"), Unit("B", 1000**power))
        units[f"{letter}iB"] = Unit("B", 1024**power)
    return units


UNITS: Final[Mapping[str, Unit]] = {
    "": Unit(""),
    "%": Unit("%"),
    **{name: Unit("s", ns, NS_PER_S) for name, ns in UNITS_NS.items()},
    **_byte_units(),
}
"""By the name that stands behind the number; numbers without one are of a kind of their own."""


def parsed(rows: str) -> str:
    """A SELECT of what ``rows``, SQL of rows with a VARCHAR ``value``, has, and of two further columns.

    ``written`` DOUBLE, the number in the unit it is written in: NULL if the value is none, or none that is finite.
    ``unit`` VARCHAR: one of ``UNITS``, ``s`` for a duration in several parts; without a number it says nothing.
    """
    known = ", ".join(f"'{name}'" for name in UNITS)
    parts = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    seconds = " + ".join(f"{per} * coalesce(TRY_CAST(_parts.{name} AS DOUBLE), 0)" for name, per in parts.items())
    any_part = " || ".join(f"_parts.{name}" for name in parts)
    return f"""
        SELECT * EXCLUDE (_plain, _one, _parts, _number),
            CASE WHEN isfinite(_number) THEN _number END AS written,
            CASE WHEN _plain THEN '' WHEN _parts IS NOT NULL THEN 's' ELSE _one.unit END AS unit
        FROM (
            SELECT *,
                CASE WHEN _plain THEN TRY_CAST(value AS DOUBLE)
                    WHEN _parts IS NULL THEN
                        CASE WHEN _one.unit IN ({known}) THEN TRY_CAST(replace(_one.number, ',', '') AS DOUBLE) END
                    WHEN {any_part} <> '' THEN (CASE WHEN _parts.sign = '-' THEN -1 ELSE 1 END) * ({seconds})
                END AS _number
            FROM (
                SELECT *,
                    regexp_full_match(value, '{_PLAIN}') AS _plain,
                    CASE WHEN NOT _plain THEN regexp_extract(value, '{_WITH_UNIT}', ['number', 'unit']) END AS _one,
                    CASE WHEN _one['number'] = '' THEN
                        regexp_extract(value, '{_IN_PARTS}', ['sign', 'd', 'h', 'm', 's']) END AS _parts
                FROM {rows}
            )
        )
    """  # noqa: S608  # our own names and expressions only


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers with different units become comparable."""

    unit: str
    """Of the numbers; empty: they have none."""
    units: tuple[str, ...]
    """Of the values that are comparable, the most frequent first."""
    others: tuple[str, ...] = ()
    """Units of values that are not: they are numbers of something else."""

    def sql(self) -> str:
        """The comparable number of columns ``written`` and ``unit``, else NULL."""
        cases = []
        for name in self.units:
            known = UNITS[name]
            same = self.unit == name or (known.times, known.over) == (1, 1)
            scaled = "written" if same else f"written * {known.times} / {known.over}"
            cases.append(f"WHEN '{name}' THEN {scaled}")
        return f"CASE unit {' '.join(cases)} END" if cases else "NULL::DOUBLE"


def scale_of(counts: Mapping[str, int]) -> Scale:
    """The scale for the values of a column: that of the kind of unit that most of them have.

    Args:
        counts: How many values have each of ``UNITS``.
    """
    kinds: dict[str, int] = {}
    for name, count in counts.items():
        kinds[UNITS[name].base] = kinds.get(UNITS[name].base, 0) + count
    if not kinds:
        return Scale("", ())
    base = min(kinds, key=lambda kind: (-kinds[kind], kind))
    by_count = sorted(counts, key=lambda name: (-counts[name], name))
    same = tuple(name for name in by_count if UNITS[name].base == base)
    unit = same[0] if len(same) == 1 else base
    return Scale(unit, same, tuple(name for name in by_count if name not in same))
