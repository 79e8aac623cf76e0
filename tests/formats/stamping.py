"""How the tests of time stamps make lines, and write instants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twsla.formats.lines import Lines, find_lines
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.model import NO_OFFSET, StampOptions, StampPlan, Stamps
from twsla.formats.timestamps.stamp import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence


def lines_of(text: str | bytes) -> Lines:
    """The lines of a text."""
    data = text.encode() if isinstance(text, str) else text
    return find_lines(np.frombuffer(data, np.uint8))


def plan_of(lines: Sequence[str], options: StampOptions | None = None) -> StampPlan:
    """The plan for a source of these lines."""
    return choose(lines_of("".join(line + "\n" for line in lines)), options or StampOptions())


def instants(
    lines: Sequence[str], options: StampOptions | None = None, plan: StampPlan | None = None
) -> list[str | None]:
    """Each line's instant as text without needless zeros; zone-less is UTC, the year 2023, the date 2023-10-11."""
    block = lines_of("".join(line + "\n" for line in lines))
    stamps = stamp(block, plan or choose(block, options or StampOptions()))
    return [instant(stamps, row) for row in range(len(lines))]


def instant(stamps: Stamps, row: int) -> str | None:
    """One line's instant, as in ``instants``."""
    if not stamps.valid[row]:
        return None
    offset = int(stamps.offset_s[row])
    text = str(np.datetime64(int(stamps.wall_ns[row]) - (0 if offset == NO_OFFSET else offset) * 10**9, "ns"))
    if stamps.needs_date[row]:
        text = "2023-10-11" + text[10:]
    elif stamps.needs_year[row]:
        text = "2023" + text[4:]
    return text.rstrip("0").rstrip(".") if "." in text else text
