"""What the recogniser is told, what it decides for a source, and what it gives for the lines of a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.layouts import Layout
    from twsla.formats.timestamps.places import Place

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
    field: str | None = None
    """The name in front of the stamp, as in ``started=…`` or ``"started":"…"``; None: any place."""


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
    quoted: np.ndarray
    """bool: in a source of records of several lines, the stamp stands inside the text, where no record of the source
    has its own: most likely it is quoted on a line that goes on with the record before."""


@dataclass(frozen=True, slots=True)
class Locator:
    """One form at one place of the line: where the records of a source have their stamp."""

    form: Form
    place: Place
    order: str = ""
    """How the numbers of a form like 10/11/2023 are read: ``mdy``, ``dmy``, ``ymd``; ``""`` if its table entry says
    so; ``"?"`` if nothing tells: its lines are then not valid."""
    layouts: tuple[Layout, ...] = ()
    """Layouts seen in the sample, the most frequent first. They only make it fast: the result is the same without."""
    helpers: tuple[Locator, ...] = ()
    """Further stamps on the same line that denote the same moment and know the year, the zone or a finer fraction."""


@dataclass(frozen=True, slots=True)
class StampPlan:
    """Where the stamps of one source are, and how that was decided; frozen and picklable."""

    locators: tuple[Locator, ...]
    """Tried in this order on each line; empty if the sample has no stamp: then any form is taken where it occurs."""
    forms: tuple[str, ...] = ()
    """Names of the locked forms, as in the table."""
    where: tuple[str, ...] = ()
    """Their places in words, in the same order."""
    example: str = ""
    """The text of the first stamp in the sample."""
    share: float = 0.0
    """Share of the sample's non-empty lines with a stamp of a locked form at its place, 0 to 1."""
    year_known: bool = True
    """Whether all locked stamps have their year (false: it must be inferred)."""
    zone_on_line: bool = False
    """Whether all locked stamps have their zone (false: the source's zone is assumed where they do not)."""
    problems: tuple[str, ...] = ()
    """Sentences for the user about what could not be decided."""
    day_first: bool | None = None
    """Order of the numbers in stamps like 10/11/2023 anywhere else in this source; None: such a line is not valid."""
    forced: Form | None = None
    """The only form to look for, if the user named one."""
    multiline: bool = False
    """Below a stamped line of the sample there are lines that go on with it: without any stamp, or set in."""

    @property
    def places(self) -> tuple[str, ...]:
        """Each locked form and where it stands, for the report: "iso behind '['"."""
        return tuple(
            f"{form} {'' if where.startswith('behind') else 'at '}{where}"
            for form, where in zip(self.forms, self.where, strict=True)
        )
