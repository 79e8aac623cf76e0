"""What an inspection tells, as a Result: a row for each thing found, in the order in which one would ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.errors import ExitCode
from twsla.formats.fields.forms import named
from twsla.ingest.advice import advice, other_forms
from twsla.ingest.inspect import MOST_SILENCES
from twsla.ingest.suggest import suggestions
from twsla.model.durations import format_duration
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from twsla.ingest.chronicle import Stretch
    from twsla.ingest.inspect import Inspected
    from twsla.ingest.look import Example
    from twsla.sources.base import Problem

    Clock = Callable[[int], str]

COLUMNS = (
    Column("source", "Source", Kind.TEXT, share=2),
    Column("what", "What", Kind.TEXT),
    Column("value", "Value", Kind.TEXT, share=3),
    Column("line", "Line", Kind.COUNT),
    Column("time", "Time", Kind.TIME),
    Column("until", "Until", Kind.TIME),
    Column("why", "Why", Kind.TEXT, share=3),
    Column("text", "Text", Kind.LOG, hidden=True),
)
"""``text`` is the whole row as a sentence, which is what plain output prints."""
_ROWS = 4096
_WHAT = {
    "message": "every message is a record, headers and body",
    "auto": "a line without a stamp belongs to the stamped line before it",
    "off": "every line is a record",
    "start": "a record begins at each line that matches",
    "separator": "a record ends with each line that matches",
    "lines": "every record has this many lines",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One row, without its source."""

    what: str
    value: object = ""
    why: str = ""
    line: int | None = None
    time: int | None = None
    until: int | None = None

    def row(self, source: str, clock: Clock) -> list[object]:
        """In the order of ``COLUMNS``."""
        values = [source, self.what, str(self.value), self.line, self.time, self.until, self.why]
        return [*values, f"{source}: {self.sentence(clock)}"]

    def sentence(self, clock: Clock) -> str:
        """``first: 2024-05-01T10:00:00Z (line 1)``."""
        parts = [str(self.value)] if self.value != "" else []
        if self.time is not None:
            parts.append(clock(self.time) + (f" to {clock(self.until)}" if self.until is not None else ""))
        beside = [self.why] if self.why else []
        if self.line is not None:
            beside.append(f"line {self.line}")
        behind = f" ({'; '.join(beside)})" if beside else ""
        return f"{self.what.replace('_', ' ')}: {', '.join(parts)}{behind}"


class Report:
    """Collects the findings of one source after another."""

    def __init__(self, clock: Clock) -> None:
        """``clock`` writes a time (ns UTC) in the zone in which times are shown."""
        self._clock = clock
        self._rows: list[list[object]] = []
        self._tables: list[pa.Table] = []
        self._sources = self._lines = self._stamps = self._bytes = 0

    def take(self, seen: Inspected) -> None:
        """Add a source."""
        self._rows += [finding.row(seen.entry.name, self._clock) for finding in findings(seen)]
        self._sources += 1
        self._lines += seen.look.lines
        self._stamps += seen.look.own_lines + seen.look.other_lines
        self._bytes += seen.look.bytes
        if len(self._rows) >= _ROWS:
            self._pack()

    def _pack(self) -> None:
        """The rows so far as Arrow, which takes a tenth of the memory."""
        import pyarrow as pa

        times = pa.timestamp("ns", tz="UTC")
        types = {Kind.COUNT: pa.int64(), Kind.TIME: times}
        columns = list(zip(*self._rows, strict=True)) or [()] * len(COLUMNS)
        self._tables.append(
            pa.table(
                {
                    column.name: pa.array(values, types.get(column.kind, pa.string()))
                    for column, values in zip(COLUMNS, columns, strict=True)
                }
            )
        )
        self._rows = []

    def result(self, problems: Sequence[Problem], *, notes: Sequence[str] = ()) -> Result:
        """The result of the whole inspection."""
        import pyarrow as pa

        lost = [problem for problem in problems if problem.loses_data]
        self._rows += [
            Finding("problem", problem.sentence, problem.kind.value).row(problem.source, self._clock)
            for problem in lost
        ]
        self._pack()
        return Result(
            title="Inspection",
            columns=COLUMNS,
            rows=ArrowRows(pa.concat_tables(self._tables)),
            facts=(
                Fact("sources", "sources", self._sources, Kind.COUNT),
                Fact("lines", "lines", self._lines, Kind.COUNT),
                Fact("stamps", "lines with a time stamp", self._stamps, Kind.COUNT),
                Fact("bytes", "bytes", self._bytes, Kind.BYTES),
            ),
            notes=(
                *(Note(f"{problem.source}: {problem.sentence}") for problem in problems),
                *(Note(text) for text in notes),
            ),
            bare="text",
            exit_code=ExitCode.SOURCE if lost else ExitCode.OK,
        )


def findings(seen: Inspected) -> Iterator[Finding]:
    """Everything about one source."""
    if seen.entry.format == "evtx":
        yield from _events(seen)
        return
    yield from _text(seen)
    yield from _stamps(seen)
    yield from _times(seen)
    yield from _records(seen)
    for option in advice(seen):
        yield Finding("option", option.option, option.why, option.line)
    for sentence in seen.entry.problems:
        yield Finding("problem", sentence)


def _events(seen: Inspected) -> Iterator[Finding]:
    """Of a Windows event log."""
    look = seen.look
    yield Finding("format", "evtx", "asked for" if seen.settings.format is not None else "recognised")
    yield Finding("bytes", look.bytes)
    yield Finding("records", look.records, "only these were looked at" if seen.cut_short else "")
    yield from _times(seen)
    yield Finding("undated_records", look.undated)
    for sentence in seen.entry.problems:
        yield Finding("problem", sentence)


def _text(seen: Inspected) -> Iterator[Finding]:
    look, encoding, ends = seen.look, seen.encoding, seen.look.ends
    forced = seen.settings.format is not None
    yield Finding("format", seen.entry.format, "asked for" if forced else "recognised")
    why = encoding.why if encoding.confidence == 1 else f"{encoding.why}, sure to {encoding.confidence:.0%}"
    yield Finding("encoding", encoding.name, why)
    if seen.entry.fields is not None:
        by = "asked for" if seen.settings.fields != "auto" else "recognised; --fields off leaves them out"
        yield Finding("fields", f"{seen.entry.fields}: {named(seen.entry.fields).title}", by)
    if encoding.bom:
        yield Finding("byte_order_mark", encoding.bom, "bytes")
    yield Finding("bytes", look.bytes)
    yield Finding("lines", look.lines, "only these were looked at" if seen.cut_short else "")
    counted = {"LF": ends.lf, "CR LF": ends.crlf, "CR": ends.cr}
    kinds = ", ".join(f"{name} {number}" for name, number in counted.items() if number) or "none"
    yield Finding("line_ends", kinds, "the last line has none" if ends.open else "")
    yield Finding("longest_line", look.longest_bytes, "bytes", look.longest_line or None)
    why = f"on {_lines(look.lossy_lines)}; shown as \\xNN, the original bytes are kept" if look.bad_bytes else ""
    yield Finding("undecodable_bytes", look.bad_bytes, why, look.first_lossy)


def _stamps(seen: Inspected) -> Iterator[Finding]:
    look, plan = seen.look, seen.plan
    if seen.entry.format in {"mail", "events"}:
        yield Finding("stamps", seen.entry.stamp_form or "not looked for")
        return
    if plan is None:
        yield Finding("stamps", "not looked for", "--no-ts")
    else:
        value = "; ".join(plan.places) or "none found"
        on = f"on {look.own_lines:,} of {_lines(look.lines)}"
        yield Finding("stamps", value, f"asked for; {on}" if plan.forced else on)
        if plan.example:
            yield Finding("stamp", plan.example)
    for example in look.examples:
        yield _example("stamped_line", example)
    yield Finding(
        "stamped_lines",
        look.own_lines + look.other_lines,
        f"{_counted(look.own_lines + look.other_lines, 'stamp')} in {_lines(look.lines)}",
    )
    for form in other_forms(seen):
        yield Finding("other_stamp", form.name, form.why, form.line)
    if look.quoted_lines:
        yield Finding("quoted_stamps", look.quoted_lines, "lines quote a stamp and belong to the record before")
    bare = look.lines - look.own_lines - look.other_lines
    share = f"{bare / look.lines:.1%} of {_lines(look.lines)}" if look.lines else ""
    yield Finding(
        "unstamped_lines", bare, f"{share}; {look.empty_lines:,} of them empty" if look.empty_lines else share
    )
    for example in look.bare:
        yield _example("unstamped_line", example)


def _times(seen: Inspected) -> Iterator[Finding]:
    look, course = seen.look, seen.course
    dated = look.chronicle.records
    if dated:
        yield _zone(seen)
        yield _years(seen)
    for what, moment in (("first", course.first), ("last", course.last)):
        if moment is not None:
            yield Finding(what, line=moment.line, time=moment.ts_ns)
    for silence in course.silences:
        yield _stretch("gap", silence, "no record in between")
    if course.unseen_ns and len(course.silences) < MOST_SILENCES:
        yield Finding(
            "gap",
            "none",
            f"no {'further ' if course.silences else ''}silence longer than {format_duration(course.unseen_ns)}",
        )
    yield Finding("steps_back", look.chronicle.steps_back, "records earlier than the one before" if dated else "")
    for step in course.steps_back:
        yield _stretch("step_back", step, f"line {step.end.line:,} comes after it")


def _zone(seen: Inspected) -> Finding:
    assumed, dated = seen.look.zone_assumed, seen.look.chronicle.records
    if not assumed:
        return Finding("zone", "on the line", "every stamp names its zone, or is Unix time")
    many = "no stamp names" if assumed == dated else f"{assumed:,} of {dated:,} stamps do not name"
    return Finding("zone", seen.entry.zone, f"{seen.entry.zone_reason}; {many} a zone")


def _years(seen: Inspected) -> Finding:
    look, verdict = seen.look, seen.verdict
    if not look.year_assumed and not look.date_assumed:
        return Finding("years", "on the line", "every stamp names its year")
    reason = verdict.reason if verdict is not None else ""
    if seen.cut_short:
        reason += ", as far as can be foretold: the source was not read to its end"
    what = f"{look.year_assumed:,} stamps have no year" if look.year_assumed else f"{look.date_assumed:,} have no date"
    return Finding("years", reason, what)


def _records(seen: Inspected) -> Iterator[Finding]:
    look, how, mode = seen.look, seen.settings.multiline, seen.entry.multiline
    detail = f" {how.pattern}" if how.pattern else f" {how.lines}" if how.lines else ""
    if mode == "start" and how.mode == "auto":
        detail = " ^__CURSOR="
    yield Finding("multiline", f"{mode}{'' if mode == 'message' else detail}", _WHAT[mode])
    pieces = f"; {look.pieces:,} of them are further pieces of very long lines" if look.pieces else ""
    yield Finding("records", look.records, f"of {_lines(look.lines)}{pieces}")
    if look.longest_record > 1:
        yield Finding("longest_record", look.longest_record, "lines", look.longest_record_line)
    yield Finding("undated_records", look.undated)
    for example in look.undated_examples:
        yield _example("undated_record", example)
    if look.sample is None or mode == "message":
        return
    looked_at = len(look.sample.own)
    for each in suggestions(look.sample, seen.plan):
        outcome = f"{_counted(each.records, 'record')} of the first {_lines(looked_at)}"
        if look.own_lines:
            outcome += f", {each.one_stamp:,} with one stamp, {each.bare:,} without"
        if each.as_default:
            outcome += "; the same as without the option"
        yield Finding("suggestion", each.option, f"{each.why}: {outcome}")


def _example(what: str, example: Example) -> Finding:
    return Finding(what, example.text, line=example.line)


def _stretch(what: str, stretch: Stretch, why: str) -> Finding:
    start, end = stretch.start, stretch.end
    return Finding(what, format_duration(stretch.ns), why, start.line, start.ts_ns, end.ts_ns)


def _lines(count: int) -> str:
    return _counted(count, "line")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
