"""Further time stamps of records: the second, the third …, in the order in which they stand in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.timestamps.bytesat import BytesAt
from twsla.formats.timestamps.calendar import SECOND_NS
from twsla.formats.timestamps.forms import FORMS
from twsla.formats.timestamps.matching import Found
from twsla.formats.timestamps.merging import in_year_of
from twsla.formats.timestamps.model import NO_OFFSET
from twsla.formats.timestamps.nominal import DAY_NS, NOMINAL_NS
from twsla.formats.timestamps.search import ROUNDS, SEARCHED_BYTES, Round
from twsla.model.zones import to_utc, to_wall

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from twsla.formats.timestamps.forms import Form


def further_stamps(texts: pa.LargeStringArray, skipped: int) -> Found:
    """The stamp behind the first ``skipped`` stamps of each text, as it is written.

    Stamps of any form count, from the left, each search going on behind the stamp found before. One whose order of day
    and month cannot be told is none. Each text is looked at for 64 KiB.

    Args:
        texts: No nulls.
        skipped: 0 gives the left-most stamp.
    """
    import numpy as np
    import pyarrow as pa

    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    source = BytesAt(np.frombuffer(data if data is not None else pa.py_buffer(b""), np.uint8))
    rows = np.arange(len(texts))
    starts = offsets[:-1].astype(np.int64)
    ends = np.minimum(offsets[1:], starts + SEARCHED_BYTES)
    found, leads = Found(len(texts)), "line"
    for _ in range(skipped + 1):
        found = Found(len(texts))
        after = _search(source, rows, starts, ends, found, leads)
        hits = found.valid[rows]
        rows, starts, ends = rows[hits], after[hits], ends[hits]
        leads = "inside"
    return found


def _search(
    source: BytesAt, rows: np.ndarray, starts: np.ndarray, ends: np.ndarray, found: Found, leads: str
) -> np.ndarray:
    """Put the left-most stamp of each text into ``found``; gives where its last part begins, int64 (n,)."""
    import numpy as np

    after = starts.copy()
    at = np.arange(len(rows))
    for _ in range(ROUNDS):
        if not len(at):
            break
        measuring = _Measuring(source, rows[at], starts[at], ends[at], found, FORMS, "", after[at])
        again, begins = measuring.run(leads)
        after[at] = measuring.after
        starts = starts.copy()
        starts[at] = begins
        at, leads = at[again], "inside"
    return after


@dataclass(slots=True)
class _Measuring(Round):
    """A search that also tells where stamps end; zones and fractions behind them are not looked at."""

    after: np.ndarray

    def read_group(
        self, members: tuple[Form, ...], at: np.ndarray, positions: np.ndarray, widths: np.ndarray
    ) -> np.ndarray:
        """As in a search."""
        self.after[at] = positions + widths
        return Round.read_group(self, members, at, positions, widths)


def instants(found: Found, ts_ns: np.ndarray, zone: str) -> np.ndarray:
    """When it was by these stamps, int64 (n,): nanoseconds since 1970 UTC; of no meaning where not valid.

    Args:
        found: As they are written.
        ts_ns: The times of the records: what a stamp leaves out (year, day) is taken so that it comes next to them.
        zone: Of stamps that name none.
    """
    import numpy as np

    named = found.offset_s != NO_OFFSET
    offset_ns = np.where(named, found.offset_s, 0).astype(np.int64) * SECOND_NS
    near = np.where(named, ts_ns + offset_ns, to_wall(ts_ns, zone))
    wall = found.wall_ns
    if found.needs_year.any():
        wall = np.where(found.needs_year & ~found.needs_date, in_year_of(wall, near), wall)
    if found.needs_date.any():
        of_day = wall - NOMINAL_NS
        days = (near - of_day + DAY_NS // 2) // DAY_NS
        wall = np.where(found.needs_date, days * DAY_NS + of_day, wall)
    return np.where(named, wall - offset_ns, to_utc(wall, zone))
