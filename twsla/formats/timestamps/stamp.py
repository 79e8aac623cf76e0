"""The stamps of a block of lines, by the plan of its source."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from twsla.formats.timestamps.bytesat import BytesAt
from twsla.formats.timestamps.calendar import SECOND_NS
from twsla.formats.timestamps.folding import folded
from twsla.formats.timestamps.forms import FORMS
from twsla.formats.timestamps.layouts import WINDOW
from twsla.formats.timestamps.matching import Found, Matcher
from twsla.formats.timestamps.merging import complete, take_offset
from twsla.formats.timestamps.model import NO_OFFSET, Stamps
from twsla.formats.timestamps.places import Head, Rows, line_array
from twsla.formats.timestamps.search import search
from twsla.formats.timestamps.tails import byte_set
from twsla.model.records import TsFlag
from twsla.model.zones import to_utc

if TYPE_CHECKING:
    import numpy as np

    from twsla.formats.lines import Lines
    from twsla.formats.timestamps.model import Locator, StampPlan

_PUNCTUATION = b"[](){}<>\"'#*|"
_MOST_PUNCTUATION = 8
"""Bytes of it that may stand before a stamp at the beginning of a line."""


def stamp(lines: Lines, plan: StampPlan) -> Stamps:
    """The stamp of each line. Pure: each line's stamp depends on that line and the plan alone; any thread.

    A line that has the plan's form at the plan's place is stamped with that. Any other line gets its left-most stamp
    of any form, looked for in its first 64 KiB, and the flag OTHER_FORM; see ``Stamps.quoted``.
    """
    import numpy as np

    lines = folded(lines)
    rows = Rows(BytesAt(lines.buf), lines.starts, lines.ends)
    found = Found(len(rows))
    left = np.arange(len(rows))
    for locator in plan.locators:
        if not len(left):
            break
        left = locate(locator, rows, left, found)
    other = left[rows.ends[left] > rows.starts[left]]
    quoted = np.zeros(len(rows), bool)
    if len(other):
        begins = search_rest(rows, other, found, plan)
        if plan.multiline:
            hits = other[found.valid[other]]
            quoted[hits] = ~_at_own_place(rows.take(hits), begins[hits], plan)
    flags = np.where(found.fraction, np.uint8(TsFlag.FRACTION), np.uint8(0))
    if plan.forced is None:
        flags[other] |= np.where(found.valid[other], np.uint8(TsFlag.OTHER_FORM), np.uint8(0))
    return Stamps(found.wall_ns, found.offset_s, found.valid, found.needs_year, found.needs_date, flags, quoted)


def search_rest(rows: Rows, other: np.ndarray, found: Found, plan: StampPlan) -> np.ndarray:
    """Stamp the lines ``other``, int64, that have no stamp at the plan's places; gives what ``search`` gives."""
    forms = FORMS if plan.forced is None else (plan.forced,)
    order = "" if plan.day_first is None else "dmy" if plan.day_first else "mdy"
    return search(rows.source, rows, other, found, forms, order)


def _at_own_place(rows: Rows, begins: np.ndarray, plan: StampPlan) -> np.ndarray:
    """Bool (n,): the stamp at ``begins`` stands where a record has its own.

    That is at the beginning of the line, behind nothing but brackets, quotes and the head of a syslog message (not
    behind blanks: what is set in goes on with the line before), or at one of the source's places.
    """
    import numpy as np

    before = rows.source.windows(rows.starts, _MOST_PUNCTUATION)
    own: np.ndarray = (begins == Head().find(rows)) & ~byte_set(b" \t")[before[:, 0]]
    is_text = ~byte_set(_PUNCTUATION)[before]
    width = begins - rows.starts
    own |= (width <= _MOST_PUNCTUATION) & ~(is_text & (np.arange(_MOST_PUNCTUATION) < width[:, None])).any(axis=1)
    for locator in plan.locators:
        own |= begins == locator.place.find(rows)
    return own


def locate(locator: Locator, lines: Rows, rows: np.ndarray, found: Found) -> np.ndarray:
    """Stamp the lines that have the locator's form at its place; gives the rows that do not."""
    here = lines if len(rows) == len(lines) else lines.take(rows)
    if locator.order == "?":
        return _leave_undecided(locator, here, rows)
    left = _match(locator, here, rows, found)
    complete_all(locator, lines, rows, found)
    return left


def _match(locator: Locator, here: Rows, rows: np.ndarray, found: Found) -> np.ndarray:
    matcher = Matcher(here.source, locator.form, locator.order, locator.layouts)
    positions = locator.place.find(here)
    left = matcher.fast(positions, here.ends, found, rows)
    if len(left):
        left = left[matcher.slow(positions[left], here.ends[left], found, rows[left])]
    rest: np.ndarray = rows[left]
    return rest


def _leave_undecided(locator: Locator, here: Rows, rows: np.ndarray) -> np.ndarray:
    """Lines whose stamp cannot be read for want of an order are done with, without a stamp."""
    import numpy as np

    left = np.arange(len(rows))
    for order in ("mdy", "dmy", "ymd"):
        undecided = _with_order(locator, order)
        left = left[np.searchsorted(left, _match(undecided, here.take(left), left, Found(len(rows))))]
    return rows[left]


def _with_order(locator: Locator, order: str) -> Locator:
    from dataclasses import replace

    return replace(locator, order=order)


def complete_all(locator: Locator, lines: Rows, rows: np.ndarray, found: Found) -> None:
    """Let the helpers add year, zone and fraction where the stamp lacks them."""
    import numpy as np

    for helper in locator.helpers:
        if helper.form.has("iana"):
            _take_named_zone(helper, lines, rows, found)
            continue
        lacking = found.needs_year[rows] | (found.offset_s[rows] == NO_OFFSET) | ~found.fraction[rows]
        at = rows[found.valid[rows] & lacking]
        if not len(at):
            return
        second = Found(len(at))
        _match(helper, lines.take(at), np.arange(len(at)), second)
        if helper.form.is_zone:
            take_offset(found, at, second.offset_s)
        else:
            complete(found, at, second)


def _take_named_zone(helper: Locator, lines: Rows, rows: np.ndarray, found: Found) -> None:
    """Give stamps without an offset that of the zone named on their line; an unknown name counts for none."""
    import numpy as np
    import pyarrow.compute as pc

    at = rows[found.valid[rows] & (found.offset_s[rows] == NO_OFFSET) & ~found.needs_year[rows]]
    positions = helper.place.find(lines.take(at))
    at, positions = at[positions >= 0], positions[positions >= 0]
    texts = line_array(Rows(lines.source, positions, lines.ends[at]), WINDOW)
    names = pc.extract_regex(texts, pattern=f"^{helper.form.core}").field("iana").dictionary_encode()
    codes = names.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for code, name in enumerate(names.dictionary.to_pylist()):
        zone = name.decode()
        if zone in _zone_names():
            chosen = at[codes == code]
            wall = found.wall_ns[chosen]
            found.offset_s[chosen] = ((wall - to_utc(wall, zone)) // SECOND_NS).astype(np.int32)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
