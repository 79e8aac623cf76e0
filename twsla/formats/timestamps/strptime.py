"""A strptime pattern given by the user, as an entry like those of the table of forms."""

from __future__ import annotations

import re

from twsla.errors import UsageError
from twsla.formats.timestamps.folding import folded_text
from twsla.formats.timestamps.forms import Form, forms_by_name

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DIRECTIVES = {
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<yy>\d\d)",
    "m": r"(?P<month>\d\d?)",
    "d": r"(?P<day>\d\d?)",
    "e": r" ?(?P<day>\d\d?)",
    "H": r"(?P<hour>\d\d?)",
    "I": r"(?P<hour>\d\d?)",
    "M": r"(?P<minute>\d\d?)",
    "S": r"(?P<second>\d\d?)",
    "f": r"(?P<fraction>\d{1,9})",
    "j": r"(?P<doy>\d{3})",
    "G": r"(?P<year>\d{4})",
    "V": r"(?P<week>\d\d)",
    "u": r"(?P<isowday>\d)",
    "b": rf"(?P<mon>(?i:{_MONTHS}))",
    "h": rf"(?P<mon>(?i:{_MONTHS}))",
    "B": rf"(?P<mon>(?i:{_MONTHS}))(?i:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?",
    "a": r"(?P<wday>(?i:mon|tue|wed|thu|fri|sat|sun))",
    "A": r"(?P<wday>(?i:mon|tue|wed|thu|fri|sat|sun))(?i:day|sday|nesday|rsday|urday)",
    "p": r"(?P<ampm>(?i:[ap]m)|午前|午後)",
    "z": r"(?:(?P<utc>Z)|(?P<offset>[+-]\d\d(?::?\d\d)?))",
    "Z": r"(?P<zone>[A-Z]{1,5})",
    "s": r"(?P<epoch>\d{9,10})",
    "%": "%",
    "n": " +",
    "t": " +",
}
_ALIASES = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y", "c": "%a %b %e %H:%M:%S %Y"}
_DATES = (
    frozenset(("day", "month")),
    frozenset(("day", "mon")),
    frozenset(("doy", "year")),
    frozenset(("doy", "yy")),
    frozenset(("year", "week", "isowday")),
)


def form_of_pattern(pattern: str) -> Form:
    """The form of a strptime pattern: what it says, wherever it stands on the line.

    A space is any run of spaces. ``%z`` or ``%Z`` at the end is an offset, a name or ``Z``; a line may lack it.

    Raises:
        UsageError: An unknown directive, one used twice, or no complete date or time of day.
    """
    text = re.sub(r"%(.)", lambda match: _ALIASES.get(match[1], match[0]), folded_text(pattern))
    zoned = re.search(r" *%[zZ]$", text)
    parts, groups = [], []
    for literal, letter in re.findall(r"([^%]+)|%-?(.|$)", text[: zoned.start()] if zoned else text, re.DOTALL):
        part = re.sub(r"(?:\\ )+", " +", re.escape(literal)) if literal else _DIRECTIVES.get(letter)
        if part is None:
            raise _refusal(pattern, f"%{letter} is not known")
        parts.append(part)
        groups += re.findall(r"\?P<(\w+)>", "" if literal else part)
    _check(pattern, groups)
    core = "".join(parts)
    return Form(
        name=pattern,
        family="given by the user",
        example="",
        core=core,
        leads=("digitless",) if re.match(r"(?: \?)?\(\?P<\w+>\\d", core) else ("free",),
        follow="digit" if re.search(r"\\d(?:\{[\d,]+\}|\?)?\)*$", core) else "free",
        tail="z" if zoned else "",
    )


def _check(pattern: str, groups: list[str]) -> None:
    twice = {group for group in groups if groups.count(group) > 1}
    if twice:
        raise _refusal(pattern, f"it gives the {', '.join(sorted(twice))} twice")
    if "epoch" in groups:
        return
    if "hour" not in groups:
        raise _refusal(pattern, "it has no hour")
    dated = any(date <= set(groups) for date in _DATES)
    if not dated and set(groups) & {"day", "month", "mon", "year", "yy", "doy", "week"}:
        raise _refusal(pattern, "its date is incomplete")


def _refusal(pattern: str, why: str) -> UsageError:
    return UsageError(
        f"the time-stamp pattern '{pattern}' cannot be used: {why}",
        hint="directives are those of strptime (%Y %m %d %H %M %S %f %z %b %a %p %j %y %s); or name a form: "
        + ", ".join(forms_by_name()),
    )
