"""Why a rule detects what it does: its parts by name, and how many records each is true for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twsla.sigma.compiling import condition_parts
from twsla.sigma.detecting import Detector, union
from twsla.sigma.files import documents_of, read_rule_file
from twsla.sigma.names import canonical
from twsla.sigma.plan import Bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twsla.progress import Progress
    from twsla.sigma.compiling import Parts
    from twsla.sigma.plan import Plan
    from twsla.sigma.reading import Reader
    from twsla.sigma.rules import Tree

_NEVER: Tree = ["or"]
"""True for nothing."""


@dataclass(slots=True)
class Explained:
    """Numbers of records."""

    scopes: list[tuple[str, int]] = field(default_factory=list)
    records: int = 0
    """In scope."""
    found: int = 0
    parts: list[tuple[str, int, bool]] = field(default_factory=list)
    """Name of a part, records in scope for which it is true, whether it is negated."""
    leaves: list[tuple[str, str, int]] = field(default_factory=list)
    """Name of the part, the leaf as text, records in scope for which it is true."""
    removed: list[tuple[str, int]] = field(default_factory=list)
    """Name of a part that excludes, and the records that would be found without it."""
    fields: list[tuple[str, int]] = field(default_factory=list)
    """Name of a field, and the records in scope that have a value of it."""
    conditions: tuple[str, ...] = ()


def parts_of(rule: Bound, values: Mapping[str, Sequence[str]]) -> Parts | None:
    """The named parts of a rule, from its file; None if it is no longer what it was."""
    documents = documents_of(read_rule_file(Path(rule.about.path)))
    if isinstance(documents, str):
        return None
    given = next((each for number, each in documents if number == rule.about.document), None)
    return condition_parts(given, values) if isinstance(given, dict) else None


def explain(plan: Plan, number: int, parts: Parts, reader: Reader, progress: Progress) -> Explained:
    """Count for what parts of a rule are true. Adds rules to the plan that are there for counting only."""
    rule = plan.rules[number]
    known = {leaf: at for at, leaf in enumerate(plan.leaves)}
    for leaf in parts.leaves:
        if leaf not in known:
            known[leaf] = len(plan.leaves)
            plan.leaves.append(leaf)
            plan.names.append(canonical(leaf.field))
    numbers = {old: known[leaf] for old, leaf in enumerate(parts.leaves)}
    asked: list[tuple[str, Any]] = [("found", rule.tree)]
    trees = {name: _renumbered(tree, numbers) for name, tree in parts.trees.items()}
    asked += [(f"part {name}", tree) for name, tree in trees.items()]
    asked += [(f"leaf {number}", number) for number in numbers.values()]
    asked += [(f"without {name}", _renumbered(parts.without(name, _NEVER), numbers)) for name in parts.negated]
    first = len(plan.rules)
    plan.rules.extend(Bound(rule.about, rule.logsource, tree, rule.scopes) for _, tree in asked)
    counts = [0] * len(asked)
    scope_counts = dict.fromkeys(rule.scopes, 0)
    filled: dict[str, int] = dict.fromkeys((leaf.field for leaf in parts.leaves if leaf.field), 0)
    made = Explained(conditions=parts.conditions)
    detector = Detector(plan, reader, progress)
    for found in detector.run(range(first, first + len(asked)), fields=map(canonical, filled)):
        for at, rows in found.hits:
            counts[at - first] += len(rows)
        within = union([found.scopes[scope] for scope in rule.scopes]) if rule.scopes else None
        made.records += found.batch.size if within is None else len(within)
        for scope in rule.scopes:
            scope_counts[scope] += len(found.scopes[scope])
        for name in filled:
            filled[name] += found.evaluator.filled_within(canonical(name), within)
    by_name = dict(zip((name for name, _ in asked), counts, strict=True))
    made.scopes = [(plan.scopes[scope].name, count) for scope, count in scope_counts.items()]
    made.found = by_name["found"]
    made.parts = [(name, by_name[f"part {name}"], name in parts.negated) for name in trees]
    made.removed = [(name, by_name[f"without {name}"] - made.found) for name in parts.negated]
    made.fields = list(filled.items())
    for name, tree in parts.trees.items():
        for old in dict.fromkeys(_leaves(tree)):
            made.leaves.append((name, str(parts.leaves[old]), by_name[f"leaf {numbers[old]}"]))
    return made


def _renumbered(tree: Tree, numbers: Mapping[int, int]) -> Tree:
    from twsla.sigma.conditions import renumbered

    return renumbered(tree, numbers)


def _leaves(tree: Tree) -> list[int]:
    from twsla.sigma.detecting import leaves_in

    return list(leaves_in(tree))
