r"""Where the first IPv4 address of a record stands, worked out from its shape: cutting replaces searching.

An address in the text is four numbers with dots in its shape, ``0.0.0.0``. What stands before it and has no digits, as
``from `` or ``rhost=``, stands as often and in the same order in the text as in the shape. So where a lead of that kind
occurs in the shape for the first time right before the first address, the text behind its first occurrence begins with
that address; it and one character more are at most 16. On 4.9 million sshd lines, one core: reading the texts 0.4 s,
cutting and counting such pieces 0.75 s more, against 2.1 s for an expression.

Which shape has which lead is kept in a scratch table; joining by a dictionary column takes next to no time.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.query.scratch import derived_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.query.engine import Engine
    from twsla.query.extracted import Params

FOUR_NUMBERS: Final = "0.0.0.0"  # noqa: S104 - the shape of an address, nothing is bound to it
_TOUCHED: Final = re.compile(r"[.A-Za-z_]0\.0\.0\.0|0\.0\.0\.0[.A-Za-z_]")
"""At the sides of an address something that could belong to it. Of others an expression for addresses matches all four
numbers or nothing of them."""
_PIECE: Final = 16
"""Characters of the longest address, and one more that tells where it ends."""
_MOST_SHAPES: Final = 1 << 14
_MOST_LEADS: Final = 8
_SHORTEST_LEAD: Final = 3
_LONGEST_LEAD: Final = 24
_SEVERAL: Final = 100
"""Added to the number of a lead where the shape has more than one address."""
_WINDOW: Final = (
    f"substr(text, instr(shape, '{FOUR_NUMBERS}') - 1, {len(FOUR_NUMBERS) + 2} + strlen(text) - strlen(shape))"
)
"""Where the one address of a shape must be in the text, with a character at each side. Each number is one character of
the shape and one or more of the text, so the address begins where it does in the shape, or later by at most the digits
that the text has more; likewise it ends. (Place 0 is one that no character has.)"""


@dataclass(frozen=True, slots=True)
class AddressPlaces:
    """What is known about shapes with addresses."""

    table: str
    """Columns ``of_shape`` and ``lead``, the number of a lead; -1: one address without a lead."""
    leads: tuple[str, ...]
    """"" is the beginning of the record."""

    @property
    def join(self) -> str:
        """Goes behind ``FROM records``."""
        return f"LEFT JOIN {self.table} ON records.shape = {self.table}.of_shape"

    def cut(self, begins: str, body: str, search: str, params: Params) -> str:
        """SQL of a text that begins with the first address of the record, or else has none.

        Args:
            begins: A parameter: an expression for texts that begin with an address that counts.
            body: A parameter: an expression for such addresses.
            search: SQL of the address found in the text at large.
            params: Takes the leads.
        """
        place = f"{self.table}.lead"
        pieces = [_piece(lead, params) for lead in self.leads]
        single = [f"WHEN {number} THEN {piece}" for number, piece in enumerate(pieces)]
        # Where there are several addresses, the next is looked for if the first does not count.
        several = [
            f"WHEN {number + _SEVERAL} THEN CASE WHEN regexp_matches({piece}, {begins}) THEN {piece} ELSE {search} END"
            for number, piece in enumerate(pieces)
        ]
        window = f"WHEN -1 THEN regexp_extract({_WINDOW}, {body})"
        return f"CASE {place} {' '.join([*single, *several, window])} ELSE {search} END"


def find_places(engine: Engine) -> AddressPlaces | None:
    """Look at the shapes of the time range; None: there are none with addresses."""
    if not any("shape" in entry.columns for entry in engine.selected.files):
        return None
    shapes = engine.unfiltered().fetch(
        f"SELECT shape, count(*) AS rows FROM records WHERE contains(shape, '{FOUR_NUMBERS}') "  # noqa: S608  # our own
        f"GROUP BY shape ORDER BY rows DESC, shape LIMIT {_MOST_SHAPES}"
    )
    leads, places = choose_leads(dict(shapes))
    if not places:
        return None
    rows = "SELECT unnest($shapes::VARCHAR[]) AS of_shape, unnest($leads::INTEGER[]) AS lead"
    table = derived_table(engine, rows, {"shapes": list(places), "leads": list(places.values())})
    return AddressPlaces(table, leads)


def choose_leads(shapes: Mapping[str, int]) -> tuple[tuple[str, ...], dict[str, int]]:
    """As few leads as serve many rows, and the number of the lead of each shape that has one, as in ``AddressPlaces``.

    Args:
        shapes: With how many rows have each, the most frequent first.
    """
    clean = {shape: shape.find(FOUR_NUMBERS) for shape in shapes if not _TOUCHED.search(shape)}
    served: Counter[str] = Counter()
    for shape, at in clean.items():
        known = next((lead for lead in served if _leads_to(shape, lead, at)), None)
        lead = _shortest_lead(shape, at) if known is None else known
        if lead is not None:
            served[lead] += shapes[shape]
    leads = tuple(lead for lead, _ in served.most_common(_MOST_LEADS))
    places = {}
    for shape, at in clean.items():
        number = next((number for number, lead in enumerate(leads) if _leads_to(shape, lead, at)), None)
        single = shape.find(FOUR_NUMBERS, at + 1) < 0
        if number is not None:
            places[shape] = number if single else number + _SEVERAL
        elif single:
            places[shape] = -1
    return leads, places


def _shortest_lead(shape: str, at: int) -> str | None:
    """The shortest lead of the address at ``at``; None: there is none."""
    if at == 0:
        return ""
    stretch = shape[max(shape.rfind("0", 0, at) + 1, at - _LONGEST_LEAD) : at]
    lengths = range(min(_SHORTEST_LEAD, len(stretch)), len(stretch) + 1)
    return next((stretch[-n:] for n in lengths if n and _leads_to(shape, stretch[-n:], at)), None)


def _leads_to(shape: str, lead: str, at: int) -> bool:
    return at == 0 if not lead else at >= len(lead) and shape.find(lead) == at - len(lead)


def _piece(lead: str, params: Params) -> str:
    return f"left({f'split_part(text, {params.bind(lead)}, 2)' if lead else 'text'}, {_PIECE})"
