r"""Multi-line options to paste, each tried out on the first lines of the source.

The expression for ``--ml-start`` is made from the stamps themselves: texts of one shape become ``\d{4}/\d{2}/\d{2}``
and so on, behind what leads to their place on the line.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.formats.multiline import Multiline, line_texts, record_starts
from twsla.formats.timestamps.bytesat import BytesAt
from twsla.formats.timestamps.layouts import WINDOW
from twsla.formats.timestamps.places import Behind, Column, Field, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from twsla.formats.timestamps.model import Locator, StampPlan
    from twsla.formats.timestamps.places import Place
    from twsla.ingest.look import Sample

_TEXTS = 200
"""Stamps an expression is made from."""
_LEAST_DATE_DIGITS = 6
"""A stamp's first word is enough if it has so many digits: that is a date."""
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+| +|.", re.DOTALL)
_RULE = re.compile(r"([-=*#_~+])\1{2,}")
"""A line that separates: one character, three times at least."""
_SHORT = r"\d{1,2}"
_INDENTED_SHARE = 0.2
_LEAST_SHARE = 0.5
_AGREEMENT = 0.9
"""Share of the lines that an expression must judge as the stamps do."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way of making records of lines, and what it gives on the lines looked at."""

    option: str
    """As typed in a shell."""
    why: str
    records: int
    one_stamp: int
    """Records with exactly one stamp of the source's own."""
    bare: int
    """Records without."""
    as_default: bool
    """The same records come of ``--multiline auto``."""

    @property
    def share(self) -> float:
        """Share of records with exactly one stamp, 0 to 1."""
        return self.one_stamp / self.records


def suggestions(sample: Sample, plan: StampPlan | None) -> list[Suggestion]:
    """Ways of making records, the best first; none where every line is a record anyway.

    Where there are stamps, a way is worth naming if at least half of its records have exactly one.
    """
    if sample.own.all() or len(sample.own) < 2:
        return []
    found = [*_by_start(sample, plan), *_by_separator(sample), *_by_count(sample)]
    if sample.own.any():
        found = [each for each in found if each.share >= _LEAST_SHARE]
    return sorted(found, key=lambda each: -each.share)


def _by_start(sample: Sample, plan: StampPlan | None) -> Iterator[Suggestion]:
    if plan is not None and sample.own.any():
        expression = start_expression(sample, plan)
        if expression is not None:
            why = "a record begins where a line has the source's time stamp"
            matched = _matched(sample, expression)
            missed = int((sample.own & ~matched).sum())
            if missed:
                why += f"; {missed} stamped lines do not match"
            yield _tried(_option("--ml-start", expression), Multiline("start", expression), sample, matched, why)
        return
    indented = _matched(sample, r"^[ \t]")
    if _INDENTED_SHARE * len(indented) <= indented.sum() < len(indented):
        expression = r"^\S"
        why = f"there are no time stamps, and {int(indented.sum())} lines are indented"
        how = Multiline("start", expression)
        yield _tried(_option("--ml-start", expression), how, sample, _matched(sample, expression), why)


def _by_separator(sample: Sample) -> Iterator[Suggestion]:
    texts = line_texts(sample.lines).to_pylist()
    rules = Counter(text for text in texts if _RULE.fullmatch(text))
    if rules.total() > 1:
        (text, count), *_ = rules.most_common(1)
        alike = sum(number for each, number in rules.items() if each[0] == text[0])
        if alike == count:
            yield _separated(sample, f"^{_escaped(text)}$", f"{count} lines are {text!r}")
        else:
            yield _separated(sample, f"^{_escaped(text[0])}{{3,}}$", f"{alike} lines are nothing but {text[0]!r}")
    blank = [text for text in texts if not text.strip()]
    if len(blank) > 1:
        yield _separated(sample, r"^\s*$" if any(blank) else "^$", f"{len(blank)} lines are empty")


def _separated(sample: Sample, expression: str, why: str) -> Suggestion:
    how = Multiline("separator", expression)
    return _tried(_option("--ml-sep", expression), how, sample, _matched(sample, expression), why)


def _by_count(sample: Sample) -> Iterator[Suggestion]:
    import numpy as np

    stamped = np.flatnonzero(sample.own)
    distances = np.unique(np.diff(stamped))
    if len(stamped) > 1 and stamped[0] == 0 and len(distances) == 1 and distances[0] > 1:
        size = int(distances[0])
        why = f"there is a stamp every {size} lines, from the first on"
        yield _tried(f"--ml-lines {size}", Multiline("lines", lines=size), sample, None, why)


def _tried(option: str, how: Multiline, sample: Sample, matched: npt.NDArray[np.bool_] | None, why: str) -> Suggestion:
    """Make records as the import would, and count their stamps."""
    import numpy as np

    number = np.arange(1, len(sample.own) + 1)
    begins = record_starts(how, sample.begins, matched, number, False, True)
    default = record_starts(Multiline(), sample.begins, None, number, False, True)
    begins[0] = default[0] = True
    stamps = np.add.reduceat(sample.own.astype(np.int64), np.flatnonzero(begins))
    return Suggestion(
        option,
        why,
        records=len(stamps),
        one_stamp=int((stamps == 1).sum()),
        bare=int((stamps == 0).sum()),
        as_default=bool((begins == default).all()),
    )


def _option(name: str, expression: str) -> str:
    return f"{name} {shlex.quote(expression)}"


def _matched(sample: Sample, expression: str) -> npt.NDArray[np.bool_]:
    import pyarrow.compute as pc

    matched: npt.NDArray[np.bool_] = pc.match_substring_regex(line_texts(sample.lines), expression).to_numpy(
        zero_copy_only=False
    )
    return matched


def start_expression(sample: Sample, plan: StampPlan) -> str | None:
    """An RE2 expression that matches the lines with a stamp of the plan at its place, and no others; None if none does.

    The shortest that does: the first word of the stamp if that is a date, else all of it. Where no expression fits all
    lines the one that fits most is given, if these are nine tenths.
    """
    best: tuple[float, str] = (0.0, "")
    for short in (True, False):
        parts = [part for locator in plan.locators if (part := _expression(sample, locator, short=short))]
        if not parts:
            continue
        expression = parts[0] if len(parts) == 1 else "|".join(parts)
        agree = float((_matched(sample, expression) == sample.own).mean())
        if agree > best[0]:
            best = (agree, expression)
    return best[1] if best[0] >= _AGREEMENT else None


def _expression(sample: Sample, locator: Locator, *, short: bool) -> str | None:
    import numpy as np

    rows = Rows(BytesAt(sample.lines.buf), sample.lines.starts, sample.lines.ends)
    positions = locator.place.find(rows)
    core = re.compile(locator.form.core.encode())
    leads, stamps = [], []
    for at in np.flatnonzero(sample.own & (positions >= 0)).tolist():
        begin = int(positions[at])
        found = core.match(bytes(sample.lines.buf[begin : min(int(sample.lines.ends[at]), begin + WINDOW)]))
        if found is None:
            continue
        stamps.append(found[0].decode("utf-8", "replace"))
        leads.append(bytes(sample.lines.buf[int(sample.lines.starts[at]) : begin]).decode("utf-8", "replace"))
        if len(stamps) == _TEXTS:
            break
    if not stamps:
        return None
    if short:
        stamps = [_date_of(text) for text in stamps]
    body = generalised(stamps)
    return None if body is None else f"^{_lead(leads, locator.place)}{body}"


def _date_of(stamp: str) -> str:
    """The first word of a stamp, if it is a date."""
    word = re.split(r"[ T_]", stamp, maxsplit=1)[0]
    return word if sum(char.isdigit() for char in word) >= _LEAST_DATE_DIGITS else stamp


def _lead(leads: Sequence[str], place: Place) -> str:
    """What leads from the beginning of the line to the stamp."""
    if not any(leads):
        return ""
    if len(set(leads)) == 1 and not any(char.isalnum() for char in leads[0]):
        return _escaped(leads[0])
    match place:
        case Field(index, separator, skip):
            mark = separator.decode()
            one = r"(?:\S+ +)" if mark == " " else f"(?:[^{_in_class(mark)}]*{_escaped(mark)})"
            return (one if index == 1 else f"{one}{{{index}}}") + (f".{{{skip}}}" if skip else "")
        case Behind(text) if len(text) == 1:
            mark = text.decode("ascii", "replace")
            return f"[^{_in_class(mark)}]*{_escaped(mark)}"
        case Behind(text):
            return f".*?{_escaped(text.decode('utf-8', 'replace'))}"
        case Column(column):
            return f".{{{column}}}"
        case _:
            # The head of a syslog message.
            only_priority = all(re.fullmatch(r"<\d{1,3}>", lead) for lead in leads)
            return r"<\d{1,3}>" if only_priority else r"(?:<\d+>(?:\d )?)?(?:\d+: )?[*.% ]{0,2}"


def _in_class(mark: str) -> str:
    return "\\" + mark if mark in r"\]^-[" else mark


def generalised(texts: Sequence[str]) -> str | None:
    r"""One expression for stamps of the same make: digits by their number, letters by their case, the rest as it is.

    It also matches stamps of the same form that are not among the texts: of other months, and with one digit where two
    were seen without a leading zero. None where the texts are not of the same make (their runs of digits, letters and
    other characters do not correspond).
    """
    split = [_TOKEN.findall(text) for text in texts]
    if len({len(tokens) for tokens in split}) != 1:
        return None
    parts: list[str] = []
    for column in zip(*split, strict=True):
        part = _token(sorted(set(column)))
        if part is None:
            return None
        if part == _SHORT and parts[-1:] == [":"]:
            part = r"\d{2}"  # minutes and seconds
        elif part == _SHORT and parts[-1:] == [" "] and parts[-2:-1] and parts[-2].startswith("[A-Z][a-z]"):
            parts[-1] = " +"  # behind a month, a day of one digit has a blank more
        parts.append(part)
    return "".join(parts)


def _token(seen: list[str]) -> str | None:
    """The expression for what stands at one place of all texts."""
    least, most = min(map(len, seen)), max(map(len, seen))
    if all(text.isascii() and text.isdigit() for text in seen):
        return _digits(seen, least, most)
    if all(text.isalpha() for text in seen):
        return _letters(seen, least, most)
    if all(not text.strip(" ") for text in seen):
        return " " if most == 1 else " +"
    return _escaped(seen[0]) if len(seen) == 1 else None


def _digits(seen: list[str], least: int, most: int) -> str:
    may_be_short = most <= 2 and not any(len(text) == 2 and text[0] == "0" for text in seen)
    return _SHORT if may_be_short else rf"\d{_times(least, most)}"


def _letters(seen: list[str], least: int, most: int) -> str:
    if len(seen) == 1 and (not seen[0].isascii() or (most > 3 and seen[0].islower())):
        return seen[0]
    if not all(text.isascii() for text in seen):
        return r"\pL+"
    if most > 1 and all(text[0].isupper() and text[1:].islower() for text in seen):
        return "[A-Z][a-z]{2}" if least == most == 3 else "[A-Z][a-z]+"
    kind = "[A-Z]" if all(map(str.isupper, seen)) else "[a-z]" if all(map(str.islower, seen)) else "[A-Za-z]"
    return f"{kind}{_times(least, most)}"


def _times(least: int, most: int) -> str:
    if least == most:
        return "" if least == 1 else f"{{{least}}}"
    return f"{{{least},{most}}}"


def _escaped(text: str) -> str:
    """As RE2 and people read it: only what has a meaning is escaped."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)
