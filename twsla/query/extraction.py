"""Extractions as SQL over the columns ``text``, ``shape`` and ``source``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction


@dataclass(frozen=True, slots=True)
class Extracted:
    """An extraction as SQL; our own names only, every value of the user's is a ``$name`` parameter."""

    expression: str
    """VARCHAR, NULL where the record has no value; if ``many`` VARCHAR[], never NULL, empty where there is none."""
    params: dict[str, object] = field(default_factory=dict)
    many: bool = False
    where: str = "true"
    """True for every record that has a value, and cheap: it looks at ``shape`` only. Also true where shape is NULL."""
    shape_only: bool = False
    """``expression`` gives the same with ``shape`` in place of ``text``, whatever the record."""


def compile_extraction(extraction: Extraction, *, prefix: str = "e0") -> Extracted:
    """The SQL of an extraction; parameters are called ``prefix`` and a number.

    Not for NORMALIZE and TEMPLATE, which are no expressions over one record.

    Raises:
        UsageError: RE2 does not accept the regular expression, a grok definition is missing or broken, a path cannot
            be read.
    """
    raise NotImplementedError
