"""Deciding, once per source and from its first lines alone, which stamps its lines have and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.formats.timestamps.bytesat import BytesAt
from twsla.formats.timestamps.calendar import SECOND_NS
from twsla.formats.timestamps.candidates import (
    EXAMINED_BYTES,
    Candidate,
    candidate_at_start,
    candidates,
    companions,
    field_place,
    places,
    shape_of,
)
from twsla.formats.timestamps.folding import folded
from twsla.formats.timestamps.forms import COMPANIONS, FORMS, form_named, forms_by_name
from twsla.formats.timestamps.layouts import WINDOW, derive
from twsla.formats.timestamps.matching import Found, Matcher
from twsla.formats.timestamps.merging import same_moment
from twsla.formats.timestamps.model import NO_OFFSET, Locator, StampPlan
from twsla.formats.timestamps.places import Field, Rows
from twsla.formats.timestamps.stamp import complete_all, search_rest
from twsla.formats.timestamps.strptime import form_of_pattern
from twsla.formats.timestamps.tails import byte_set

if TYPE_CHECKING:
    from twsla.formats.lines import Lines
    from twsla.formats.timestamps.forms import Form
    from twsla.formats.timestamps.model import StampOptions

_MOST_LINES = 1024
_MOST_EXAMINED = 96
"""Lines on which all forms are tried; each has a shape not seen before."""
_MOST_NUMBERS = 2000
"""Numbers on those lines in all: at each, Python tries the forms one by one, in about 10 microseconds."""
_MOST_LOCATORS = 4
_FEW_LINES = 16
"""Lines looked at first where one is enough."""
_ENOUGH = 0.98
"""Share of the lines at which no further place for the same form is tried."""
_SMALLEST_SHARE = 0.02
_COLUMN_LINES, _COLUMN_SHARE = 8, 0.95
"""A column of plain numbers is Unix time if so many lines, and nearly all, have a plausible one there."""
_COLUMN_SPAN_NS = 20 * 365 * 86_400 * SECOND_NS
_HELPER_SHARE = 0.9
_AT_START = tuple(
    forms_by_name()[name]
    for name in ("iso", "iso-slash", "ctime", "syslog-year", "rfc3164", "epoch-s", "hdfs", "mysql")
)
"""Tried first where a line begins with them: no other form begins with the same text and comes before them."""


def choose(sample: Lines, options: StampOptions) -> StampPlan:
    """The plan for a source, from its first lines.

    Args:
        sample: Lines of the source's beginning; at most ``_MOST_LINES`` of them are used.
        options: What the user said.

    Raises:
        UsageError: ``options.form`` is neither a form's name nor a strptime pattern.
    """
    forced = None if options.form is None else asked_form(options.form)
    chooser = _Chooser(folded(sample), options, FORMS if forced is None else (forced,))
    if options.field is not None:
        return chooser.plan(chooser.behind_field(options.field), forced)
    tried = chooser.locate()
    if not tried and forced is None:
        tried = chooser.number_columns()
    return chooser.plan(tried, forced)


def asked_form(wanted: str) -> Form:
    """The form a user asks for, by its name or as a strptime pattern.

    Raises:
        UsageError: ``wanted`` is neither.
    """
    return form_of_pattern(wanted) if "%" in wanted else form_named(wanted)


@dataclass(slots=True)
class _Tried:
    """A locator, and what it finds on the sample."""

    locator: Locator
    found: Found
    count: int


class _Chooser:
    """The sample of one source."""

    def __init__(self, sample: Lines, options: StampOptions, forms: tuple[Form, ...]) -> None:
        import numpy as np

        self.options = options
        self.forms = forms
        self.source = BytesAt(sample.buf)
        kept = np.flatnonzero(sample.ends > sample.starts)
        if len(kept) > _MOST_LINES:
            # The first half as they come, the others spread evenly over the rest.
            spread = np.linspace(_MOST_LINES // 2, len(kept) - 1, _MOST_LINES // 2).astype(np.int64)
            kept = kept[np.concatenate((np.arange(_MOST_LINES // 2), spread))]
        self.rows = Rows(self.source, sample.starts[kept], sample.ends[kept])
        self.problems: list[str] = []
        self.example = ""

    def line(self, row: int) -> bytes:
        """The beginning of one line of the sample."""
        start = self.rows.starts[row]
        return bytes(self.source.buf[start : min(self.rows.ends[row], start + EXAMINED_BYTES)])

    def locate(self) -> list[_Tried]:
        """The places that explain the sample's stamps, the most frequent first."""
        import numpy as np

        unexplained = np.ones(len(self.rows), bool)
        tried: list[_Tried] = []
        seen: set[bytes] = set()
        row = -1
        budget = _MOST_NUMBERS
        while len(seen) < _MOST_EXAMINED and len(tried) < 2 * _MOST_LOCATORS and budget > 0:
            ahead = np.flatnonzero(unexplained[row + 1 :])
            if not len(ahead):
                break
            row += 1 + int(ahead[0])
            line = self.line(row)
            shape = shape_of(line)
            if shape in seen:
                continue
            seen.add(shape)
            budget -= shape.count(b"0")
            best = self.explain(row, line)
            if best is not None:
                tried.append(best)
                unexplained &= ~best.found.valid
        return self._worthwhile(tried)

    def _worthwhile(self, tried: list[_Tried]) -> list[_Tried]:
        """The most frequent ones, without those that add next to nothing."""
        import numpy as np

        tried.sort(key=lambda entry: -entry.count)
        kept: list[_Tried] = []
        covered = np.zeros(len(self.rows), bool)
        for entry in tried:
            new = int((entry.found.valid & ~covered).sum())
            if new and (not kept or new >= max(2, _SMALLEST_SHARE * len(self.rows))):
                kept.append(entry)
                covered |= entry.found.valid
        return kept[:_MOST_LOCATORS]

    def explain(self, row: int, line: bytes) -> _Tried | None:
        """The best place of the best stamp on one line."""
        quick = candidate_at_start(line, _AT_START) if self.forms is FORMS else None
        for candidate in [quick] if quick is not None else candidates(line, self.forms):
            best = self.best_place(candidate, row, line)
            if best is not None:
                if not self.example:
                    self.example = line[candidate.start : candidate.end].decode("utf-8", "replace")
                return self.with_helpers(best, candidate, line)
        return None

    def behind_field(self, name: str) -> list[_Tried]:
        """The forms behind the name of a field, the most frequent first; a problem if there is none."""
        import numpy as np

        tried: list[_Tried] = []
        left = np.ones(len(self.rows), bool)
        for row in range(len(self.rows)):
            if not left[row] or len(tried) == 2 * _MOST_LOCATORS:
                continue
            line = self.line(row)
            place = field_place(line, name)
            found = None if place is None else candidate_at_start(line[place[0] :], self.forms)
            if place is None or found is None:
                continue
            layout = derive(found.form, line[place[0] : place[0] + WINDOW])
            best = self.evaluate(Locator(found.form, place[1], layouts=() if layout is None else (layout,)))
            if best.found.valid[row]:
                self.example = self.example or line[place[0] : place[0] + found.end].decode("utf-8", "replace")
                tried.append(best)
                left &= ~best.found.valid
        if not tried:
            self.problems.append(f"no line of its beginning has a time stamp behind '{name}'")
        return self._worthwhile(tried)

    def best_place(self, candidate: Candidate, row: int, line: bytes) -> _Tried | None:
        """The place that gives the most lines of the sample a stamp of the candidate's form, this line among them."""
        layout = derive(candidate.form, line[candidate.start : candidate.start + WINDOW])
        if layout is None:
            return None
        best: _Tried | None = None
        for place in places(line, candidate.start):
            tried = self.evaluate(Locator(candidate.form, place, layouts=(layout,)))
            if tried.found.valid[row] and (best is None or tried.count > best.count):
                best = tried
                if best.count >= _ENOUGH * len(self.rows):
                    break
        return best

    def evaluate(self, locator: Locator) -> _Tried:
        """What the locator finds, with the best order of its numbers and the layouts that occur."""
        orders = _orders(locator.form)
        if len(orders) == 1:
            return self._evaluate(replace(locator, order=orders[0]))
        return self._decide([self._evaluate(replace(locator, order=order)) for order in orders])

    def _evaluate(self, locator: Locator) -> _Tried:
        import numpy as np

        found = Found(len(self.rows))
        matcher = Matcher(self.source, locator.form, locator.order, locator.layouts)
        positions = locator.place.find(self.rows)
        left = matcher.fast(positions, self.rows.ends, found, np.arange(len(self.rows)))
        if len(left):
            matcher.slow(positions[left], self.rows.ends[left], found, left)
        return _Tried(replace(locator, layouts=tuple(matcher.layouts)), found, int(found.valid.sum()))

    def _decide(self, tried: list[_Tried]) -> _Tried:
        """Which order the numbers have: by dates that exist, the option, running forwards, the vendor; or undecided."""
        most = max(entry.count for entry in tried)
        able = [entry for entry in tried if entry.count == most]
        if len(able) == 1:
            return able[0]
        day_first = self.options.day_first
        wanted = None if day_first is None else "dmy" if day_first else "mdy"
        for order in (wanted, _forward(able), able[0].locator.form.order[1:] or None):
            for entry in able:
                if entry.locator.order == order:
                    return entry
        return replace(able[0], locator=replace(able[0].locator, order="?"))

    def with_helpers(self, tried: _Tried, candidate: Candidate, line: bytes) -> _Tried:
        """Add the other stamps of the line that denote the same moment on nearly all lines and know more."""
        found, valid = tried.found, tried.found.valid
        complete = not found.needs_year[valid].any() and (found.offset_s[valid] != NO_OFFSET).all()
        if complete or tried.locator.order == "?" or found.needs_date[valid].any():
            return tried
        helpers = []
        for other in companions(line, self.forms if self.forms[0].search else FORMS, candidate):
            helper = self._helper(other, tried, line)
            if helper is not None:
                helpers.append(helper)
        helpers.sort(key=_knowledge, reverse=True)
        return replace(tried, locator=replace(tried.locator, helpers=tuple(entry.locator for entry in helpers)))

    def _helper(self, other: Candidate, tried: _Tried, line: bytes) -> _Tried | None:
        layout = derive(other.form, line[other.start : other.start + WINDOW])
        if layout is None:
            return None
        best: _Tried | None = None
        for place in places(line, other.start):
            found = self.evaluate(Locator(other.form, place, layouts=(layout,)))
            both = found.found.valid & tried.found.valid
            agree = both if other.form.is_zone else both & same_moment(tried.found, found.found)
            if agree.sum() >= max(1, _HELPER_SHARE * both.sum()) and (best is None or agree.sum() > best.count):
                best = replace(found, count=int(agree.sum()))
        if best is None or best.locator.order == "?":
            return None
        return best if other.form.has("iana") or _adds(best.found, tried.found) else None

    def number_columns(self) -> list[_Tried]:
        """A column of Unix times: the left-most field that has a plausible one on nearly all of many lines."""
        import numpy as np

        if len(self.rows) < _COLUMN_LINES:
            return []
        for row in np.linspace(0, len(self.rows) - 1, 3).astype(int):
            line = self.line(int(row))
            for candidate in candidates(line, COMPANIONS[1:]):
                for place in places(line, candidate.start):
                    if not isinstance(place, Field):
                        continue
                    tried = self.evaluate(Locator(candidate.form, place))
                    times = tried.found.wall_ns[tried.found.valid]
                    if len(times) >= _COLUMN_SHARE * len(self.rows) and 0 < np.ptp(times) <= _COLUMN_SPAN_NS:
                        self.example = line[candidate.start : candidate.end].decode()
                        return [tried]
        return []

    def plan(self, tried: list[_Tried], forced: Form | None) -> StampPlan:
        """The plan, with what the report says about it."""
        import numpy as np

        found = Found(len(self.rows))
        day_first = self.options.day_first
        problems = self.problems
        for entry in tried:
            locator = entry.locator
            if locator.order == "?":
                problems.append(_undecided(locator, self.example))
                continue
            if locator.form.order and not locator.form.has("n3") and day_first is None:
                day_first = locator.order == "dmy"
            rows = np.flatnonzero(entry.found.valid & ~found.valid)
            found.put(rows, entry.found, rows)
            complete_all(locator, self.rows, rows, found)
        valid = found.valid.copy()
        locators = tuple(entry.locator for entry in tried)
        plan = StampPlan(
            locators=locators,
            forms=tuple(locator.form.name for locator in locators),
            where=tuple(str(locator.place) for locator in locators),
            example=self.example,
            share=float(valid.mean()) if len(valid) else 0.0,
            year_known=not bool((found.needs_year | found.needs_date)[valid].any()),
            zone_on_line=bool(valid.any() and (found.offset_s[valid] != NO_OFFSET).all()),
            problems=tuple(problems),
            day_first=day_first,
            forced=forced,
        )
        return replace(plan, multiline=self.has_continuations(plan, found))

    def has_continuations(self, plan: StampPlan, found: Found) -> bool:
        """Whether lines that go on with another come below one that has the plan's stamp; ``found`` holds these.

        Such a line has no stamp at all, or none at its place and is set in, which no stamped line is.
        """
        import numpy as np

        if not found.valid.any():
            return False
        rest = np.flatnonzero(~found.valid)
        rest = rest[rest > int(np.argmax(found.valid))]
        indented = byte_set(b" \t")[self.source.bytes_at(self.rows.starts)]
        if indented[rest].any() and not indented[found.valid].any():
            return True
        for part in (rest[:_FEW_LINES], rest[_FEW_LINES:]):
            search_rest(self.rows, part, found, plan)
            if not found.valid[part].all():
                return True
        return False


def _orders(form: Form) -> tuple[str, ...]:
    """Orders to try of a form's numbers; (``""``,) where they are fixed."""
    if not form.order:
        return ("",)
    return ("mdy", "dmy", "ymd") if form.has("n3") else ("mdy", "dmy")


def _forward(able: list[_Tried]) -> str | None:
    """The one order in which the sample runs forwards, if there is just one and it does run."""
    import numpy as np

    forward = []
    for entry in able:
        steps = np.diff(entry.found.wall_ns[entry.found.valid])
        if len(steps) and (steps >= 0).all() and (steps >= 86_400 * SECOND_NS).any():
            forward.append(entry.locator.order)
    backward = [entry for entry in able if (np.diff(entry.found.wall_ns[entry.found.valid]) < 0).any()]
    return forward[0] if len(forward) == 1 and len(backward) == len(able) - 1 else None


def _adds(helper: Found, found: Found) -> bool:
    """Whether the helper knows the year or the zone where the other does not; a finer fraction alone is no reason."""
    both = helper.valid & found.valid
    year = found.needs_year & ~helper.needs_year
    zone = (found.offset_s == NO_OFFSET) & (helper.offset_s != NO_OFFSET)
    return bool((both & (year | zone)).any())


def _knowledge(tried: _Tried) -> tuple[bool, bool, bool, int]:
    """Sorts helpers: those that know year and zone first, then those with a fraction."""
    valid = tried.found.valid
    return (
        not bool(tried.found.needs_year[valid].any()),
        bool((tried.found.offset_s[valid] != NO_OFFSET).all()),
        bool(tried.found.fraction[valid].any()),
        tried.count,
    )


def _undecided(locator: Locator, example: str) -> str:
    return (
        f"it is not clear whether the day or the month comes first in '{example}' "
        f"({locator.form.name} at {locator.place}): such lines stay without a time stamp; say --dmy or --mdy"
    )
