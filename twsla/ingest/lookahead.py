"""What a few reads tell beforehand of a file whose stamps leave out the year: its last stamp, and a 29 February.

Years are predicted when the first record is written, and verified at the end. A right prediction saves writing again;
a wrong one costs time and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

from twsla.formats.decode import cut, decode_block
from twsla.formats.timestamps.nominal import DAY_NS, LEAP_DAY_NS, MARCH_NS
from twsla.formats.timestamps.stamp import stamp

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from twsla.formats.encodings import Encoding
    from twsla.formats.timestamps.model import StampPlan

WINDOW_BYTES = 64 << 10
STEP_BYTES = 16 << 20
MOST_LOOKS = 512
_YEAR_NS = 366 * DAY_NS


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was seen; all None where the file is short enough to be seen whole, or shows no such stamp."""

    last_ns: int | None = None
    """Nominal time of the last stamp."""
    turns: int | None = None
    """Turns of the year between the first stamp and the last."""
    leap_turn: int | None = None
    """Turns before a 29 February that was found."""


def look_ahead(path: Path, encoding: Encoding, plan: StampPlan) -> Ahead:
    """Look into a file here and there: 64 KiB in every 16 MiB, or at 512 places.

    Turns are counted right if no two looks are half a year apart and the file is in order.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, 2)
        look = _Look(file, size, encoding, plan)
        last = look.stamps_at(size - WINDOW_BYTES)
        if not len(last):
            return Ahead()
        places = range(0, max(1, size - WINDOW_BYTES), max(STEP_BYTES, size // MOST_LOOKS))
        seen = [(place, int(found[0])) for place in places if len(found := look.stamps_at(place))]
        seen.append((size, int(last[-1])))
        turn, leap_turn = 0, None
        for (start, before), (stop, after) in pairwise(seen):
            turned = before - after > _YEAR_NS // 2
            for passed, is_ahead in ((turn, before < MARCH_NS), (turn + 1, turned)):
                reached = after >= LEAP_DAY_NS or (turned and passed == turn)
                if leap_turn is None and is_ahead and reached and look.has_leap_day(start, stop, before):
                    leap_turn = passed
            turn += turned
        return Ahead(int(last[-1]), turn, leap_turn)


@dataclass(slots=True)
class _Look:
    file: BinaryIO
    size: int
    encoding: Encoding
    plan: StampPlan

    def stamps_at(self, position: int) -> npt.NDArray[np.int64]:
        """Nominal times of the stamps without a year (or date) in the whole lines of the window at ``position``."""
        position = max(0, position) // self.encoding.width * self.encoding.width
        self.file.seek(position)
        raw = self.file.read(WINDOW_BYTES)
        if position:
            half = len(raw) // 2 // self.encoding.width * self.encoding.width
            raw = raw[cut(raw[:half], self.encoding) :]
        if position + WINDOW_BYTES < self.size:
            raw = raw[: cut(raw, self.encoding)]
        stamps = stamp(decode_block(raw, self.encoding, first=position == 0).lines, self.plan)
        found: npt.NDArray[np.int64] = stamps.wall_ns[stamps.valid & (stamps.needs_year | stamps.needs_date)]
        return found

    def has_leap_day(self, low: int, high: int, first_ns: int) -> bool:
        """Whether the part of the file from ``low`` to ``high``, which begins at ``first_ns``, shows a 29 February."""
        wanted = LEAP_DAY_NS + (_YEAR_NS if first_ns >= MARCH_NS else 0)
        while high - low > WINDOW_BYTES // 2:
            middle = (low + high) // 2
            found = self.stamps_at(middle)
            if len(found) and int(found[0]) + (_YEAR_NS if found[0] < first_ns else 0) < wanted:
                low = middle
            else:
                high = middle
        near = self.stamps_at(low)
        return bool(((near >= LEAP_DAY_NS) & (near < MARCH_NS)).any())
