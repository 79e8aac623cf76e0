"""A plan run over records: for every rule the records it is true for, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from twsla.sigma.aliases import apply_aliases
from twsla.sigma.evaluation import Evaluator
from twsla.sigma.names import KEYWORDS, SOURCE, TEXT, canonical
from twsla.sigma.postings import Known
from twsla.sigma.reading import Wanted, read_batches
from twsla.sigma.scanning import Scanner
from twsla.sigma.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import numpy as np

    from twsla.progress import Progress
    from twsla.sigma.plan import Plan
    from twsla.sigma.reading import Batch, Reader


@dataclass(slots=True)
class Scoped:
    """What a first look at the records showed."""

    records: int = 0
    counts: list[int] = field(default_factory=list)
    """Records of each scope of the plan."""

    def active(self, plan: Plan, rule: int) -> bool:
        """Whether there are any records for a rule."""
        scopes = plan.rules[rule].scopes
        return not scopes or any(self.counts[scope] for scope in scopes)


@dataclass(slots=True)
class Found:
    """What the rules found in one batch."""

    batch: Batch
    evaluator: Evaluator
    hits: list[tuple[int, np.ndarray]]
    """Numbers of rules, and their rows, ascending."""
    scopes: dict[int, np.ndarray]
    """Rows of each scope, ascending."""


class Detector:
    """One run."""

    def __init__(self, plan: Plan, reader: Reader, progress: Progress) -> None:
        self._plan = plan
        self._reader = reader
        self._progress = progress
        self._vocabulary = Vocabulary()
        self._known: dict[str, Known] = {}
        self._scanners: dict[str, Scanner] = {}
        self.seconds: dict[int, float] = {}
        """Time that each rule's condition took, by number."""

    # --- first look --------------------------------------------------------------------------------------------

    def scope(self) -> Scoped:
        """Count the records of each scope."""
        plan = self._plan
        leaves = {leaf for tree in plan.scope_trees if tree is not None for leaf in leaves_in(tree)}
        wanted = {plan.names[leaf] for leaf in leaves}
        found = Scoped(counts=[0] * len(plan.scopes))
        if not wanted:
            return Scoped(1, [1] * len(plan.scopes))
        self._progress.message("Looking for what the rules are about")
        known = {name: Known(self._scanner(name, leaves)) for name in wanted}
        vocabulary = Vocabulary()
        for batch in read_batches(self._reader, Wanted(frozenset(wanted)), vocabulary):
            self._progress.check()
            found.records += batch.size
            evaluator = Evaluator(batch.size, plan.leaves, plan.names, batch.postings(), known, vocabulary)
            everything = _all(batch.size)
            for number, tree in enumerate(plan.scope_trees):
                found.counts[number] += len(everything if tree is None else evaluator.rows(tree, everything))
            if vocabulary.is_full:
                vocabulary = Vocabulary()
                known = {name: Known(self._scanner(name, leaves)) for name in wanted}
        return found

    def _scanner(self, name: str, only: Collection[int]) -> Scanner:
        plan = self._plan
        return Scanner([(number, plan.leaves[number]) for number in sorted(only) if plan.names[number] == name])

    # --- the rules -----------------------------------------------------------------------------------------------

    def run(self, rules: Sequence[int], *, extra: Sequence[str] = (), fields: Iterable[str] = ()) -> Iterator[Found]:
        """Run some rules over all records.

        Args:
            rules: Their numbers.
            extra: Columns of the store to keep.
            fields: Canonical names of further fields that somebody will ask the evaluator for.
        """
        plan = self._plan
        asked = self._leaves_of(rules)
        scopes = sorted({scope for rule in rules for scope in plan.rules[rule].scopes})
        wanted = {plan.names[leaf] for leaf in asked} | set(fields)
        wanted |= {canonical(plan.leaves[leaf].value) for leaf in asked if plan.leaves[leaf].op.startswith("ref")}
        for scope in scopes:
            for alias in plan.scopes[scope].aliases:
                wanted |= set(alias.sources)
        every = KEYWORDS in wanted
        if every:
            wanted.add(TEXT)
        by_name: dict[str, list[int]] = {}
        for leaf in asked:
            by_name.setdefault(plan.names[leaf], []).append(leaf)
        for batch in read_batches(self._reader, Wanted(frozenset(wanted), every), self._vocabulary, extra):
            self._progress.check()
            yield self._batch(batch, rules, scopes, by_name)
            self._progress.advance("rows", batch.size)
            if self._vocabulary.is_full:
                self._vocabulary, self._known = Vocabulary(), {}

    def _leaves_of(self, rules: Sequence[int]) -> list[int]:
        plan = self._plan
        asked: set[int] = set()
        for rule in rules:
            asked.update(leaves_in(plan.rules[rule].tree))
            for scope in plan.rules[rule].scopes:
                tree = plan.scope_trees[scope]
                asked.update(leaves_in(tree) if tree is not None else ())
        return sorted(asked)

    def _batch(self, batch: Batch, rules: Sequence[int], scopes: Sequence[int], by_name: dict[str, list[int]]) -> Found:
        plan = self._plan
        rows = self._scope_rows(batch, scopes, by_name)
        apply_aliases(batch, plan, rows, self._vocabulary)
        if KEYWORDS in by_name:
            self._gather_keywords(batch)
        evaluator = self._evaluator(batch, batch.postings(), by_name)
        hits = []
        everything = _all(batch.size)
        for number in rules:
            rule = plan.rules[number]
            if not evaluator.most(rule.tree):
                continue
            started = perf_counter()
            within = everything if rule.everywhere else union([rows[scope] for scope in rule.scopes])
            found = evaluator.rows(rule.tree, within)
            if len(found):
                hits.append((number, found))
            self.seconds[number] = self.seconds.get(number, 0.0) + perf_counter() - started
        return Found(batch, evaluator, hits, rows)

    def _scope_rows(self, batch: Batch, scopes: Sequence[int], by_name: dict[str, list[int]]) -> dict[int, np.ndarray]:
        plan = self._plan
        trees = {scope: plan.scope_trees[scope] for scope in scopes}
        names = {plan.names[leaf] for tree in trees.values() if tree is not None for leaf in leaves_in(tree)}
        evaluator = self._evaluator(batch, batch.postings(names), by_name)
        everything = _all(batch.size)
        return {
            scope: everything if tree is None else evaluator.rows(tree, everything) for scope, tree in trees.items()
        }

    def _evaluator(self, batch: Batch, fields: dict[str, Any], by_name: dict[str, list[int]]) -> Evaluator:
        for name in fields:
            if name in by_name and name not in self._known:
                if name not in self._scanners:
                    self._scanners[name] = self._scanner(name, by_name[name])
                self._known[name] = Known(self._scanners[name])
        plan = self._plan
        return Evaluator(batch.size, plan.leaves, plan.names, fields, self._known, self._vocabulary)

    def _gather_keywords(self, batch: Batch) -> None:
        """All values of a record, and its text, under the name that keywords have."""
        parts = [part for name, parts in batch.fields.items() if name not in {SOURCE, KEYWORDS} for part in parts]
        for rows, numbers in parts:
            batch.add(KEYWORDS, rows, numbers)


def leaves_in(tree: Any) -> Iterator[int]:
    """Numbers of the leaves of a tree."""
    if isinstance(tree, int):
        yield tree
    else:
        for part in tree[1:]:
            yield from leaves_in(part)


def _all(size: int) -> np.ndarray:
    import numpy as np

    return np.arange(size, dtype=np.int32)


def union(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Rows that are in any of several; each ascending."""
    import numpy as np

    filled = [part for part in parts if len(part)]
    if not filled:
        return np.empty(0, np.int32)
    return filled[0] if len(filled) == 1 else np.unique(np.concatenate(filled))
