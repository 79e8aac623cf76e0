"""Tells whether RE2 accepts a regular expression, and if not, where it goes wrong and why, in our words."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from twsla.errors import UsageError
from twsla.model.filters import Filter, FilterKind

if TYPE_CHECKING:
    from collections.abc import Iterable

_SKIPPED: Final = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_LOOK: Final = ("(?=", "(?!", "(?<")
_SENTENCES: Final = {
    "missing )": "a '(' is not closed",
    "unexpected )": "a ')' closes nothing",
    "missing ]": "a '[' is not closed",
    "no argument for repetition operator": "there is nothing for '%' to repeat",
    "bad repetition operator": "'%' repeats a repetition",
    "invalid repetition size": "'%' repeats more than 1000 times, or its ends are the wrong way round",
    "invalid character class range": "'%' is no range of characters",
    "look": "RE2 cannot look ahead or back",
    "invalid perl operator": "'%' is nothing RE2 knows",
    "back": "RE2 cannot refer back to a group ('%')",
    "invalid escape sequence": "'%' is nothing RE2 knows",
    "trailing": "a '\\' stands at its end with nothing behind it",
    "pattern too large - compile failed": "it is too large",
}
"""RE2's messages, the piece they name as ``%``."""
_HINT: Final = r"the syntax is RE2's; a backslash makes a sign plain: \( \[ \* \."


def check_filters(filters: Iterable[Filter]) -> None:
    """Raise UsageError for the first regular expression that RE2 does not accept.

    Simple filters and keywords are always accepted and cost nothing here.
    """
    for each in filters:
        if each.kind is FilterKind.REGEX and (complaint := _complaint(each.re2)) is not None:
            why, at = _explained(each.source, complaint)
            where = "" if at is None else f" at character {at + 1}"
            raise UsageError(f"the regular expression '{each.source}' cannot be used: {why}{where}", hint=_HINT)


def _complaint(re2: str) -> str | None:
    """RE2's own message; None if it accepts the expression. Asks the library that is loaded already, if one is."""
    if "pyarrow" in sys.modules:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            pc.match_substring_regex(pa.array([""], pa.string()), re2)
        except pa.ArrowInvalid as error:
            return str(error).removeprefix("Invalid regular expression: ")
        return None
    import _duckdb

    with _duckdb.connect(":memory:") as connection:
        try:
            connection.execute("SELECT regexp_matches('', ?)", [re2]).fetchall()
        except _duckdb.InvalidInputException as error:
            return str(error).partition("\n")[0].removeprefix("Invalid Input Error: ")
    return None


def _explained(source: str, complaint: str) -> tuple[str, int | None]:
    """Our sentence for RE2's message (``what: the piece``), and the index in ``source`` where it is found."""
    what, _, piece = complaint.partition(": ")
    at = source.find(piece) if piece else -1
    if what in ("missing )", "unexpected )"):
        at = _parenthesis(source, opening=what == "missing )")
    elif what.startswith("trailing"):
        what, at = "trailing", len(source) - 1
    elif what == "invalid perl operator" and piece.startswith(_LOOK):
        what = "look"
    elif what == "invalid escape sequence" and piece[1:].isdigit():
        what = "back"
    sentence = _SENTENCES.get(what, complaint).replace("%", piece)
    return sentence, at if at >= 0 else None


def _parenthesis(source: str, *, opening: bool) -> int:
    """The index of the last ``(`` that nothing closes, or of the first ``)`` that closes nothing; -1 if none."""
    signs = _SKIPPED.sub(lambda skipped: "x" * len(skipped[0]), source)
    open_at: list[int] = []
    for at, sign in enumerate(signs):
        if sign == "(":
            open_at.append(at)
        elif sign == ")" and open_at:
            open_at.pop()
        elif sign == ")" and not opening:
            return at
    return open_at[-1] if open_at and opening else -1
