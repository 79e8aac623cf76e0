"""What is to be run: rules bound to the records they mean, filters joined to them, all leaves numbered once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from twsla.sigma.compiling import joined
from twsla.sigma.conditions import renumbered
from twsla.sigma.names import canonical
from twsla.sigma.rules import Correlation, Filter, Refused, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twsla.sigma.logsources import Mapping, Scope
    from twsla.sigma.rules import About, Document, Leaf, LogSource, Tree


@dataclass(slots=True)
class Bound:
    """A rule and where it looks."""

    about: About
    logsource: LogSource
    tree: Tree
    scopes: tuple[int, ...]
    """Numbers of scopes; empty: every record."""
    skipped: tuple[tuple[str, str], ...] = ()
    """Names of scopes in which it does not look, with the reason."""
    filters: tuple[str, ...] = ()
    """What filters were joined to it."""

    @property
    def everywhere(self) -> bool:
        """Whether it looks at every record."""
        return not self.scopes


@dataclass(slots=True)
class Plan:
    """All of a run."""

    rules: list[Bound] = field(default_factory=list)
    correlations: list[Correlation] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """For each leaf the canonical name of its field."""
    scopes: list[Scope] = field(default_factory=list)
    scope_trees: list[Tree | None] = field(default_factory=list)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    """What aliases do with values, by name."""
    sums: frozenset[str] = frozenset()
    """SHA-256 of every file that a document of the run is in, those that were refused among them."""

    @property
    def sha256(self) -> str:
        """Of all rules: of the sums of their files, sorted, a line each."""
        import hashlib

        return hashlib.sha256("".join(f"{each}\n" for each in sorted(self.sums)).encode()).hexdigest()


class Planner:
    """Builds a plan."""

    def __init__(self, mapping: Mapping, everything: Scope | None = None) -> None:
        """With a mapping; with ``everything``, log sources are not looked at: all rules look there."""
        self._mapping = mapping
        self._everything = everything
        self._numbers: dict[Leaf, int] = {}
        self._scopes: dict[Any, int] = {}
        self.plan = Plan(values=mapping.values)

    def build(self, documents: Iterable[Document]) -> Plan:
        """Bind all rules. Documents with an id that was there before are refused."""
        documents = list(documents)
        self.plan.sums = frozenset(each.about.sha256 for each in documents if each.about.sha256)
        filters = [each for each in documents if isinstance(each, Filter)]
        seen: dict[str, About] = {}
        for document in documents:
            known = seen.setdefault(document.about.key, document.about)
            if known is not document.about and not isinstance(document, Refused):
                reason = f"its id is that of {known.path}"
                self.plan.refused.append(Refused(document.about, reason, "duplicate"))
            elif isinstance(document, Rule):
                self._bind(document, filters)
            elif isinstance(document, Correlation):
                self.plan.correlations.append(document)
            elif isinstance(document, Refused):
                self.plan.refused.append(document)
        self.plan.leaves = list(self._numbers)
        self.plan.names = [canonical(leaf.field) for leaf in self.plan.leaves]
        return self.plan

    def _bind(self, rule: Rule, filters: Sequence[Filter]) -> None:
        if self._everything is not None:
            scopes, reason = [self._everything], ""
        elif rule.logsource.is_empty:
            scopes, reason = [], ""
        else:
            scopes, reason = self._mapping.scopes_for(rule.logsource)
        if reason:
            self.plan.refused.append(Refused(rule.about, reason, "unmapped"))
            return
        applied = [each for each in filters if applies(each, rule)]
        kept: list[int] = []
        skipped: list[tuple[str, str]] = []
        for scope in scopes:
            missing = misled(rule, scope)
            if missing:
                skipped.append((scope.name, f"it excludes by {missing}, which these records do not have"))
            else:
                kept.append(self._scope(scope))
        if scopes and not kept:
            self.plan.refused.append(Refused(rule.about, f"{skipped[0][0]}: {skipped[0][1]}", "fields"))
            return
        joining: list[Rule | Filter] = [rule, *applied]
        trees = [renumbered(each.tree, self._numbered(each.leaves)) for each in joining]
        bound = Bound(rule.about, rule.logsource, joined("and", trees), tuple(kept), tuple(skipped))
        self.plan.rules.append(replace(bound, filters=tuple(each.about.shown for each in applied)))

    def _numbered(self, leaves: Sequence[Leaf]) -> dict[int, int]:
        numbers = self._numbers
        return {old: numbers.setdefault(leaf, len(numbers)) for old, leaf in enumerate(leaves)}

    def _scope(self, scope: Scope) -> int:
        key = (scope.name, scope.leaves, str(scope.tree), scope.aliases)
        if key not in self._scopes:
            self._scopes[key] = len(self.plan.scopes)
            self.plan.scopes.append(scope)
            tree = None if scope.tree is None else renumbered(scope.tree, self._numbered(scope.leaves))
            self.plan.scope_trees.append(tree)
        return self._scopes[key]


def applies(given: Filter, rule: Rule) -> bool:
    """Whether a filter is about a rule."""
    source = given.logsource
    for mine, its in (
        (source.product, rule.logsource.product),
        (source.category, rule.logsource.category),
        (source.service, rule.logsource.service),
    ):
        if mine and mine != its:
            return False
    return not given.rules or any(rule.about.answers_to(reference) for reference in given.rules)


def misled(rule: Rule, scope: Scope) -> str:
    """A field of a rule without which it would be true too often, and which the records of a scope cannot have."""
    if scope.has is None:
        return ""
    missing = {
        number for number, leaf in enumerate(rule.leaves) if leaf.field and canonical(leaf.field) not in scope.has
    }
    found = _misleading(rule.tree, rule.leaves, missing, negated=False)
    return rule.leaves[found].field if found is not None else ""


def _misleading(tree: Tree, leaves: Sequence[Leaf], missing: set[int], *, negated: bool) -> int | None:
    """A leaf whose field is missing and whose answer, which is then wrong, can make the tree true."""
    if isinstance(tree, int):
        absent = leaves[tree].op == "null" or (leaves[tree].op == "exists" and leaves[tree].value != "true")
        return tree if tree in missing and absent != negated else None
    turned = negated != (tree[0] == "not")
    for part in tree[1:]:
        found = _misleading(part, leaves, missing, negated=turned)
        if found is not None:
            return found
    return None
