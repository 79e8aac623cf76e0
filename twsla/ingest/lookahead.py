"""What a few reads tell beforehand of a file whose stamps leave out the year: its last stamp, and a 29 February.

Years are predicted when the first record is written, and verified at the end. A right prediction saves writing again;
a wrong one costs time and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
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
_YEAR_NS = 366 * DAY_NS


def look_ahead(path: Path, encoding: Encoding, plan: StampPlan) -> tuple[int | None, bool]:
    """The nominal time of the last stamp (None if the end shows none), and whether a 29 February was found.

    The 29 February is looked for by halving, so it is found if the file is in order and passes one turn of the year at
    most.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, 2)
        look = _Look(file, size, encoding, plan)
        last = look.stamps_at(size - WINDOW_BYTES)
        first = look.stamps_at(0) if len(last) else last
        if not len(first):
            return None, False
        return int(last[-1]), look.has_leap_day(int(first[0]), int(last[-1]))


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

    def has_leap_day(self, first_ns: int, last_ns: int) -> bool:
        """Whether the file, from ``first_ns`` to ``last_ns``, shows a 29 February where it should stand."""
        wanted = LEAP_DAY_NS + (_YEAR_NS if first_ns >= MARCH_NS else 0)
        if last_ns < first_ns:
            last_ns += _YEAR_NS
        if last_ns < wanted:
            return False
        low, high = 0, self.size
        while high - low > WINDOW_BYTES // 2:
            middle = (low + high) // 2
            found = self.stamps_at(middle)
            if len(found) and int(found[0]) + (_YEAR_NS if found[0] < first_ns else 0) < wanted:
                low = middle
            else:
                high = middle
        near = self.stamps_at(low)
        return bool(((near >= LEAP_DAY_NS) & (near < MARCH_NS)).any())
