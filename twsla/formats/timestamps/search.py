"""The left-most stamp of any form, for lines whose own place holds none.

RE2 looks for all forms at once, as one expression with a group for each thing that may stand before a stamp
(``LEADS``). What a group found is a short text; the first line's decides which form that is, and its layout reads all
others of the same shape. Where the date turns out not to exist, the search goes on behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twsla.formats.timestamps.forms import FORMS
from twsla.formats.timestamps.layouts import WINDOW, derive
from twsla.formats.timestamps.leads import FOLLOWS, INSIDE, LEADS
from twsla.formats.timestamps.matching import Found, Matcher
from twsla.formats.timestamps.places import FEW, Rows, line_array

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from twsla.formats.timestamps.bytesat import BytesAt
    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.layouts import Layout

SEARCHED_BYTES = 1 << 16
"""Bytes of a line in which a stamp is searched for; a source's own place may lie behind."""
ROUNDS = 12
"""Dates that do not exist passed over on one line."""
_MANY = 4096
"""Lines from which on it pays to ask for a match before asking where: RE2 is ten times as fast at that."""
TRIGGER = r"\d:\d|\d{6}|\d\.\d\d\.\d|\d時|\d-\d\d-\d\d|@4[0-9a-f]{15}"
"""Every form has one of these: a clock, six digits in a row, a clock with dots, dashes or kanji, a TAI64 label."""


@lru_cache(maxsize=4)
def groups(forms: tuple[Form, ...]) -> tuple[tuple[str, str, tuple[Form, ...]], ...]:
    """(name, lead, forms): neighbours in the table with the same lead and follow, so that its order is kept."""
    found: list[tuple[str, str, list[Form]]] = []
    for form in forms:
        for lead in form.leads if form.search else ():
            if not found or found[-1][:2] != (lead, form.follow):
                found.append((lead, form.follow, []))
            found[-1][2].append(form)
    return tuple((f"g{number}", lead, tuple(members)) for number, (lead, _, members) in enumerate(found))


@lru_cache(maxsize=8)
def expression(forms: tuple[Form, ...], leads: str = "line") -> str:
    """All forms as one RE2 expression, for whole lines (``line``) or the rest of lines (``inside``)."""
    texts = LEADS if leads == "line" else INSIDE
    alternatives = []
    for name, lead, members in groups(forms):
        if lead in texts:
            cores = "|".join(nameless(form.core) for form in members)
            alternatives.append(f"(?:{texts[lead]})(?P<{name}>{cores})(?:{FOLLOWS[members[0].follow]}|$)")
    return "|".join(alternatives)


def nameless(core: str) -> str:
    """The expression with its groups unnamed and not captured."""
    return re.sub(r"\(\?P<\w+>", "(?:", core)


def search(
    source: BytesAt, lines: Rows, rows: np.ndarray, found: Found, forms: tuple[Form, ...], order: str
) -> np.ndarray:
    """Find the left-most stamp on some lines.

    Args:
        source: The block.
        lines: All lines of the block.
        rows: int64: those to search.
        found: Where the stamps go.
        forms: ``FORMS``, or the one the user named.
        order: How ambiguous numbers are read; ``""``: a line whose left-most stamp is ambiguous has none.

    Returns:
        int64 (len(lines),): where the stamp of each line begins in the block; -1 on lines without, or not searched.
    """
    import numpy as np

    begins = np.full(len(lines), -1, np.int64)
    starts = lines.starts[rows]
    ends = np.minimum(lines.ends[rows], starts + SEARCHED_BYTES)
    if forms is FORMS:
        hits = _triggered(Rows(source, starts, ends))
        rows, starts, ends = rows[hits], starts[hits], ends[hits]
    leads = "line"
    if len(rows) >= _MANY:
        hits = _match(line_array(Rows(source, starts, ends), SEARCHED_BYTES), nameless(expression(forms, leads)))
        rows, starts, ends = rows[hits], starts[hits], ends[hits]
    for _ in range(ROUNDS):
        if not len(rows):
            break
        again, starts = Round(source, rows, starts, ends, found, forms, order).run(leads)
        read = found.valid[rows]
        begins[rows[read]] = starts[read]
        rows, starts, ends = rows[again], starts[again], ends[again]
        leads = "inside"
    return begins


def _triggered(rows: Rows) -> np.ndarray:
    """Which lines may have a stamp at all, int64."""
    import numpy as np

    if len(rows) > FEW:
        return _match(line_array(rows, SEARCHED_BYTES), TRIGGER)
    trigger = re.compile(TRIGGER.encode())
    spans = zip(rows.starts.tolist(), rows.ends.tolist(), strict=True)
    lines = (bytes(rows.source.buf[start:end]) for start, end in spans)
    return np.array([row for row, line in enumerate(lines) if trigger.search(line)], np.int64)


def _match(texts: pa.Array, pattern: str) -> np.ndarray:
    import numpy as np
    import pyarrow.compute as pc

    return np.flatnonzero(pc.match_substring_regex(texts, pattern=pattern).to_numpy(zero_copy_only=False))


def _spans(texts: pa.Array, pattern: str) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each group that took part: lines, where its text begins in them, and its length."""
    import numpy as np
    import pyarrow.compute as pc

    result = pc.extract_regex_span(texts, pattern=pattern)
    matched = result.is_valid().to_numpy(zero_copy_only=False)
    spans = {}
    for index in range(result.type.num_fields):
        group = result.field(index)
        rows = np.flatnonzero(matched & group.is_valid().to_numpy(zero_copy_only=False))
        if len(rows):
            pairs = group.take(rows).flatten().to_numpy(zero_copy_only=False).reshape(-1, 2)
            spans[result.type.field(index).name] = (rows, pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64))
    return spans


@dataclass(slots=True)
class Round:
    """One search on each of some lines, ``source.buf[starts[i]:ends[i]]``; ``rows`` are their places in ``found``."""

    source: BytesAt
    rows: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    found: Found
    forms: tuple[Form, ...]
    order: str

    def run(self, leads: str) -> tuple[np.ndarray, np.ndarray]:
        """Which of the lines to search again, int64, and from where on each line would be."""
        import numpy as np

        again = np.zeros(len(self.rows), bool)
        starts = self.starts.copy()
        texts = line_array(Rows(self.source, self.starts, self.ends), SEARCHED_BYTES)
        spans = _spans(texts, expression(self.forms, leads))
        for name, _, members in groups(self.forms):
            if name in spans:
                at, begin, widths = spans[name]
                starts[at] += begin
                again[at] = ~self.read_group(members, at, starts[at], widths)
        return np.flatnonzero(again & (starts < self.ends)), starts

    def read_group(
        self, members: tuple[Form, ...], at: np.ndarray, positions: np.ndarray, widths: np.ndarray
    ) -> np.ndarray:
        """Read the texts one group found on lines ``at``; gives bool (n,): the line is done with.

        It is where the text is a stamp, and where it would be one if the order of its numbers were known.
        """
        import numpy as np

        done = np.zeros(len(at), bool)
        left = np.arange(len(at))
        while len(left):
            first = left[0]
            end = min(self.ends[at[first]], positions[first] + WINDOW)
            form, layout = _first_form(members, bytes(self.source.buf[positions[first] : end]), int(widths[first]))
            if form is None or layout is None:
                left = left[1:]
                continue
            among = left[widths[left] == layout.width]
            fits, taken = self._read(form, layout, positions[among], at[among])
            done[among[taken]] = True
            gone = np.zeros(len(at), bool)
            gone[among[fits]] = gone[first] = True
            left = left[~gone[left]]
        return done

    def _read(self, form: Form, layout: Layout, positions: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        order = order_of(form, self.order)
        if order != "?":
            return Matcher(self.source, form, order).read_layout(
                layout, positions, self.ends[at], self.found, self.rows[at]
            )
        fits = taken = np.zeros(len(at), bool)
        for guess in ("mdy", "dmy", "ymd"):
            scratch = Found(len(at))
            fits, ok = Matcher(self.source, form, guess).read_layout(
                layout, positions, self.ends[at], scratch, np.arange(len(at))
            )
            taken = taken | ok
        return fits, taken


def _first_form(members: tuple[Form, ...], text: bytes, width: int) -> tuple[Form | None, Layout | None]:
    """The first form in the order of the table whose text is exactly so wide, as RE2 took it."""
    for form in members:
        layout = derive(form, text)
        if layout is not None and layout.width == width:
            return form, layout
    return None, None


def order_of(form: Form, order: str) -> str:
    """How the form's numbers are read: ``?`` for not at all, ``""`` where the form itself says so."""
    if not form.order:
        return ""
    if form.has("n3"):
        return "?"
    return order or form.order[1:] or "?"
