"""A run as a whole: rules over the records of a store, correlations over what they find, detections kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.sigma.correlating import Stream, correlate, field_of
from twsla.sigma.detecting import Detector
from twsla.sigma.detections import Hits
from twsla.sigma.names import canonical
from twsla.sigma.rules import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from twsla.progress import Progress
    from twsla.sigma.detecting import Found, Scoped
    from twsla.sigma.plan import Plan
    from twsla.sigma.reading import Reader
    from twsla.sigma.rules import About, Correlation


@dataclass(slots=True)
class Outcome:
    """What a run gave."""

    plan: Plan
    scoped: Scoped
    hits: Hits
    records: int = 0
    """That were looked at."""
    hit_records: int = 0
    """For which a rule is true."""
    active: list[int] = field(default_factory=list)
    """Numbers of the rules for which there were records."""
    counts: dict[int, int] = field(default_factory=dict)
    """Records found, by number of rule."""
    seconds: dict[int, float] = field(default_factory=dict)
    undated: int = 0
    """Records that correlations could not use for want of a time."""
    hidden: int = 0
    """Detections of rules that are only there for a correlation."""


def run_plan(plan: Plan, reader: Reader, progress: Progress) -> Outcome:
    """Run all rules."""
    detector = Detector(plan, reader, progress)
    scoped = detector.scope()
    outcome = Outcome(plan, scoped, Hits([rule.about for rule in plan.rules]))
    outcome.active = [number for number in range(len(plan.rules)) if scoped.active(plan, number)]
    correlations = _Correlations(plan)
    progress.message("Running rules")
    for found in detector.run(outcome.active, fields=correlations.fields):
        _take(outcome, found, correlations)
    outcome.seconds = detector.seconds
    correlations.finish(outcome)
    return outcome


def _take(outcome: Outcome, found: Found, correlations: _Correlations) -> None:
    import numpy as np

    outcome.records += found.batch.size
    if not found.hits:
        return
    files, rows, ts = _places(found)
    hit = np.zeros(found.batch.size, bool)
    for number, hits in found.hits:
        hit[hits] = True
        outcome.counts[number] = outcome.counts.get(number, 0) + len(hits)
        if number in correlations.references:
            correlations.add(number, found, hits, files, rows, ts)
        if number in correlations.silent:
            outcome.hidden += len(hits)
            continue
        outcome.hits.numbers.append(np.full(len(hits), number, np.int64))
        outcome.hits.files.append(files[hits])
        outcome.hits.rows.append(rows[hits])
    outcome.hit_records += int(hit.sum())


def _places(found: Found) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """File, row and time of every row of a batch; the time of undated ones is the least number."""
    import numpy as np
    import pyarrow as pa

    files = np.concatenate([piece.column("_file").to_numpy(zero_copy_only=False) for piece in found.batch.place])
    rows = np.concatenate([piece.column("_row").to_numpy(zero_copy_only=False) for piece in found.batch.place])
    stamps = [
        piece.column("ts").cast(pa.int64()).fill_null(_UNDATED).to_numpy(zero_copy_only=False)
        for piece in found.batch.place
    ]
    return files, rows, np.concatenate(stamps)


_UNDATED = -(1 << 63)


class _Correlations:
    """The correlation rules of a plan, and the events of the rules they refer to."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers: dict[str, int] = {}
        """By reference the number of a rule."""
        self._rules: list[Correlation] = []
        """In an order in which those that are referred to come first."""
        self._named: dict[str, Correlation] = {}
        self.undated = 0
        self._resolve()
        self.references = set(self._numbers.values())
        generating = {reference for rule in self._rules if not rule.generate for reference in rule.rules}
        self.silent = {number for reference, number in self._numbers.items() if reference in generating}
        self._silent_names = generating
        self._fields: dict[int, set[str]] = {number: set() for number in self.references}
        for rule in self._rules:
            for reference in rule.rules:
                if reference in self._numbers:
                    names = {field_of(rule, name, reference) for name in (*rule.group_by, *rule.fields)}
                    self._fields[self._numbers[reference]] |= names
        self.fields = {canonical(name) for names in self._fields.values() for name in names}
        self._streams: dict[int, Stream] = {}

    def _resolve(self) -> None:
        """Find what is referred to; rules that refer to what is not there, or to themselves, are refused."""
        waiting = list(self._plan.correlations)
        while waiting:
            ready = [rule for rule in waiting if self._missing(rule) is None]
            if not ready:
                break
            for rule in ready:
                waiting.remove(rule)
                self._rules.append(rule)
                for name in (rule.about.id, rule.about.name, rule.about.title):
                    if name:
                        self._named.setdefault(name, rule)
        for rule in waiting:
            reason = f"it refers to '{self._missing(rule)}', which is not among the rules that can run"
            self._plan.refused.append(Refused(rule.about, reason, "reference"))

    def _missing(self, rule: Correlation) -> str | None:
        for reference in rule.rules:
            if reference in self._named or reference in self._numbers:
                continue
            for number, bound in enumerate(self._plan.rules):
                if bound.about.answers_to(reference):
                    self._numbers[reference] = number
                    break
            else:
                return reference
        return None

    def add(
        self, number: int, found: Found, hits: np.ndarray, files: np.ndarray, rows: np.ndarray, ts: np.ndarray
    ) -> None:
        """Take the events of a rule."""
        dated = hits[ts[hits] != _UNDATED]
        self.undated += len(hits) - len(dated)
        stream = self._streams.setdefault(number, Stream(fields={name: [] for name in self._fields[number]}))
        stream.ts.extend(ts[dated].tolist())
        stream.places.extend(zip(files[dated].tolist(), rows[dated].tolist(), strict=True))
        for name, column in stream.fields.items():
            values = found.evaluator.values(canonical(name), dated)
            column.extend(next((value for value in values.get(row, ()) if value), None) for row in dated.tolist())

    def finish(self, outcome: Outcome) -> None:
        """Run the correlation rules, and add what they find."""
        import numpy as np

        outcome.undated = self.undated
        made: dict[str, Stream] = {}
        for rule in self._rules:
            streams = {
                reference: self._streams.get(self._numbers[reference], Stream())
                if reference in self._numbers
                else made[reference]
                for reference in rule.rules
            }
            found = correlate(rule, streams)
            stream = Stream(fields={name: [] for name in rule.group_by})
            for each in found:
                stream.ts.append(each.first_ns)
                stream.places.append(each.place)
                for name, value in each.group:
                    stream.fields[name].append(value)
            names = [name for name in (rule.about.id, rule.about.name, rule.about.title) if name]
            made.update({name: stream for name in names if self._named.get(name) is rule})
            if not found:
                continue
            number = len(outcome.hits.rules)
            outcome.hits.rules.append(rule.about)
            outcome.counts[number] = len(found)
            if self._silent_names & set(names):
                outcome.hidden += len(found)
                continue
            places = sorted({each.place for each in found})
            for each in found:
                outcome.hits.extra.setdefault((number, *each.place), []).append(_told(each))
            outcome.hits.numbers.append(np.full(len(places), number, np.int64))
            outcome.hits.files.append(np.array([place[0] for place in places], np.int64))
            outcome.hits.rows.append(np.array([place[1] for place in places], np.int64))


def _told(each: object) -> dict[str, str]:
    from twsla.sigma.correlating import Correlated

    assert isinstance(each, Correlated)
    value = f"{each.value:.15g}"
    return {
        "sigma.count": value,
        "sigma.first": _stamp(each.first_ns),
        "sigma.last": _stamp(each.last_ns),
        "sigma.group": " ".join(f"{name}={value}" for name, value in each.group),
        "sigma.rules": " ".join(each.rules),
    }


def _stamp(ns: int) -> str:
    from datetime import UTC, datetime

    seconds, rest = divmod(ns, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def counts_by_rule(outcome: Outcome) -> Sequence[tuple[About, int]]:
    """Rules that found something, with the number of their detections, the most first."""
    pairs = [(outcome.hits.rules[number], count) for number, count in outcome.counts.items()]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0].key))
