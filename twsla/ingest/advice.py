"""Which options would make the import understand a source otherwise, and what each would change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.formats.timestamps.candidates import candidates
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.forms import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.ingest.inspect import Inspected
    from twsla.ingest.look import Example

_ENCODINGS = ("utf-8", "cp932", "euc_jp", "gb18030", "cp949", "big5", "cp1252", "iso8859-1")
"""Tried where the encoding is in doubt, the stricter ones first."""
_SURE = 0.95
_MOST_ENCODINGS = 3
_MOST_FORMS = 5
_SHOWN = 60
"""Characters of a line shown as an option would read it."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One option, as it is typed."""

    option: str
    why: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class OtherForm:
    """A form of time stamp that the source has beside its own."""

    name: str
    why: str
    line: int


def advice(seen: Inspected) -> Iterator[Advice]:
    """The options that would change something."""
    yield from _zone(seen)
    yield from _year(seen)
    yield from _order(seen)
    yield from _form(seen)
    yield from _encoding(seen)
    look = seen.look
    joined = look.lines - look.records + look.pieces
    if seen.entry.multiline == "auto" and joined > 0:
        yield Advice("--multiline off", f"{joined:,} lines would become records of their own, undated without a stamp")


def other_forms(seen: Inspected) -> Iterator[OtherForm]:
    """The forms on lines that do not have the source's own stamp at its place, the most frequent first."""
    look = seen.look
    named: Counter[str] = Counter()
    first: dict[str, Example] = {}
    texts: dict[str, str] = {}
    for example in look.others:
        line = example.text.encode()
        found = next(iter(candidates(line, FORMS)), None)
        if found is None:
            continue
        name = found.form.name
        named[name] += 1
        if name not in first:
            first[name], texts[name] = example, line[found.start : found.end].decode("utf-8", "replace")
    whole = "" if len(look.others) == look.other_lines else f" of the first {len(look.others):,} such"
    for name, count in named.most_common(_MOST_FORMS):
        yield OtherForm(name, f"on {count:,}{whole} lines; '{texts[name]}': {first[name].text}", first[name].line)


def _zone(seen: Inspected) -> Iterator[Advice]:
    look = seen.look
    if not look.zone_assumed:
        return
    if look.skipped_times:
        yield Advice(
            "--tz ZONE",
            f"the clock of {seen.entry.zone} was put forward and never showed {look.skipped_times:,} of the times: "
            "the source is probably from another zone",
        )
    yield Advice(
        "--tz ZONE",
        f"would move {look.zone_assumed:,} records, which are read in {seen.entry.zone} ({seen.entry.zone_reason})",
    )


def _year(seen: Inspected) -> Iterator[Advice]:
    verdict = seen.verdict
    if seen.look.year_assumed and verdict is not None:
        now = "is not known" if verdict.first_year is None else f"is taken to be {verdict.first_year}"
        yield Advice("--year N", f"says the year of the first stamp without one, which {now}")


def _order(seen: Inspected) -> Iterator[Advice]:
    """``--dmy`` and ``--mdy``, where they change how the first lines are read."""
    plan, sample = seen.plan, seen.look.sample
    if plan is None or sample is None or not any(locator.form.order for locator in plan.locators):
        return
    now = [locator.order for locator in plan.locators]
    for option, day_first, words in (("--dmy", True, "day first"), ("--mdy", False, "month first")):
        asked = choose(sample.lines, replace(seen.settings.stamps, day_first=day_first))
        if [locator.order for locator in asked.locators] == now:
            continue
        before = "the lines tell nothing, they stay undated" if "?" in now else "now it is the other way round"
        yield Advice(option, f"'{plan.example}' is read {words}; {before}")


def _form(seen: Inspected) -> Iterator[Advice]:
    """Other stamps on a line that has the source's own."""
    plan, look = seen.plan, seen.look
    if plan is None or not look.examples:
        return
    example = look.examples[0]
    line = example.text.encode()
    for found in candidates(line, FORMS):
        if found.form.name not in plan.forms and found.form.search:
            text = line[found.start : found.end].decode("utf-8", "replace")
            yield Advice(f"--ts-format {found.form.name}", f"takes '{text}' of such lines instead", example.line)


def _encoding(seen: Inspected) -> Iterator[Advice]:
    """Other encodings that the first undecodable, or first non-ASCII, line is valid in."""
    encoding, look = seen.encoding, seen.look
    if look.doubtful is None or (encoding.confidence >= _SURE and not look.bad_bytes):
        return
    shown: list[str] = []
    for name in _ENCODINGS:
        if name == encoding.name or len(shown) == _MOST_ENCODINGS:
            continue
        try:
            text = look.doubtful.raw.decode(name).strip()[:_SHOWN]
        except UnicodeDecodeError:
            continue
        if text.replace("\t", " ").isprintable() and text not in shown:
            shown.append(text)
            yield Advice(f"--encoding {name}", f"would read: {text}", look.doubtful.line)
