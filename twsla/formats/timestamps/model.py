"""What the recogniser is told, and what it gives: the stamps of a block of lines, not yet in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

NO_OFFSET = -(2**31)
"""In ``Stamps.offset_s``: the line names no zone."""


@dataclass(frozen=True, slots=True)
class StampOptions:
    """What the user says about the time stamps of a source."""

    zone: str = "UTC"
    """Zone of stamps that name none: a name ``zones.check_zone`` gives."""
    day_first: bool | None = None
    """Whether 03/04 is 3 April; None: decided per source."""
    form: str | None = None
    """The name of a form in the table, or a strptime pattern; None: recognised."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamps of n lines, one entry a line."""

    wall_ns: np.ndarray
    """int64: wall-clock time, ns since 1970-01-01T00:00:00 of its own zone; in the nominal leap year 2000 where the
    year is unknown; 0 where not valid."""
    offset_s: np.ndarray
    """int32: seconds east of UTC written on the line (0 for Z and epochs), or ``NO_OFFSET``."""
    valid: np.ndarray
    """bool: the line has a stamp."""
    needs_year: np.ndarray
    """bool: ``wall_ns`` is in the nominal year 2000."""
    needs_date: np.ndarray
    """bool: only a time of day was found; ``wall_ns`` is on the nominal day 2000-01-01."""
    flags: np.ndarray
    """uint8: the ``TsFlag`` bits FRACTION and OTHER_FORM only."""
