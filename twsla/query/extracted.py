"""What an extraction is in SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

PIECE: Final = "piece"
"""The name by which ``Extracted.refined`` calls a rough value."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """An extraction as SQL over ``records``; our own names only, every value of the user's is a ``$name`` parameter."""

    expression: str
    """VARCHAR, NULL where the record has no value; if ``many`` VARCHAR[], empty where there is none."""
    params: dict[str, object] = field(default_factory=dict)
    many: bool = False
    where: str = "true"
    """True for every record that has a value, and cheap: it looks at ``shape`` only. Also true where shape is NULL."""
    shape_only: bool = False
    """``expression`` gives the same with ``shape`` in place of ``text``, whatever the record."""
    rough: str = ""
    """Like ``expression``, but each value still as it stands in the text; empty: there is nothing to refine."""
    join: str = ""
    """SQL that goes behind ``FROM records``, for ``expression`` and ``rough``."""
    refined: str = PIECE
    """SQL that makes of a rough value, a column called ``piece``, the value or NULL. Different rough values may give
    the same value."""


class Params:
    """Values bound to parameters of one prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.values: dict[str, object] = {}

    def bind(self, value: object) -> str:
        """The parameter that stands for ``value``; the same for the same text."""
        for name, known in self.values.items():
            if isinstance(value, str) and known == value:
                return f"${name}"
        name = f"{self._prefix}_{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def refined_list(rough: str, refined: str) -> str:
    """The values of a list of rough ones, in SQL."""
    return f"list_filter(list_transform({rough}, lambda {PIECE}: {refined}), lambda value: value IS NOT NULL)"


def refined_one(rough: str, refined: str) -> str:
    """The value of a rough one, in SQL."""
    return f"list_transform([{rough}], lambda {PIECE}: {refined})[1]"
