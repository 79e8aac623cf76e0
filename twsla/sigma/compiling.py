"""One YAML document of a rule file as a compiled rule. pySigma reads it and applies the modifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.sigma.leaves import NoValues, leaf_of
from twsla.sigma.rules import LEVELS, About, Correlation, Filter, LogSource, Refused, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sigma.exceptions import SigmaError

    from twsla.sigma.rules import Document, Leaf, Tree

_STATUSES: Final = ("stable", "test", "experimental", "deprecated", "unsupported")
_NO_SOURCE: Final = "twsla-says-nothing"
"""Stands for a log source while pySigma reads a rule that names none."""

Values = "Mapping[str, Sequence[str]]"
"""Of ``%placeholders%``, by name."""


def compile_document(document: object, path: str, number: int, values: Mapping[str, Sequence[str]]) -> Document:
    """A rule, a filter or a correlation; what is none of them, or cannot run, comes back as refused. Never raises."""
    if not isinstance(document, dict):
        return Refused(About(path=path, document=number), "it is no rule: not a mapping of names to values")
    about = _about(document, path, number)
    from sigma.exceptions import SigmaError

    try:
        if "correlation" in document:
            return _correlation(document, about)
        if "filter" in document:
            return _filter(document, about, values)
        return _rule(document, about, values)
    except NoValues as error:
        return Refused(about, str(error), "unsupported")
    except SigmaError as error:
        return Refused(about, _said(error))
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError) as error:
        return Refused(about, f"it cannot be understood: {type(error).__name__}: {error}")


class _Leaves:
    """The leaves of one rule, each once."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values
        self._numbers: dict[Leaf, int] = {}

    def tree(self, condition: object) -> Tree:
        """What pySigma made of a condition as a tree."""
        from sigma.conditions import (
            ConditionAND,
            ConditionFieldEqualsValueExpression,
            ConditionNOT,
            ConditionOR,
            ConditionValueExpression,
        )

        if isinstance(condition, ConditionAND | ConditionOR):
            word = "and" if isinstance(condition, ConditionAND) else "or"
            return joined(word, [self.tree(each) for each in condition.args])
        if isinstance(condition, ConditionNOT):
            return ["not", self.tree(condition.args[0])]
        if isinstance(condition, ConditionFieldEqualsValueExpression):
            return self._leaf(condition.field, condition.value)
        if isinstance(condition, ConditionValueExpression):
            return self._leaf("", condition.value)
        raise ValueError("its condition is empty")

    def _leaf(self, name: str, value: Any) -> Tree:
        from sigma.types import SigmaExpansion

        if isinstance(value, SigmaExpansion):
            return joined("or", [self._leaf(name, each) for each in value.values])
        leaves = leaf_of(name, value, self._values)
        return joined("or", [self._numbers.setdefault(leaf, len(self._numbers)) for leaf in leaves])

    @property
    def found(self) -> tuple[Leaf, ...]:
        return tuple(self._numbers)


def joined(word: str, parts: Sequence[Tree]) -> Tree:
    """``and`` or ``or`` of some trees, without needless levels."""
    flat: list[Any] = []
    for part in parts:
        flat.extend(part[1:] if isinstance(part, list) and part[0] == word else [part])
    return flat[0] if len(flat) == 1 else [word, *flat]


def _rule(document: dict[str, Any], about: About, values: Mapping[str, Sequence[str]]) -> Document:
    from sigma.rule import SigmaRule

    named = bool(document.get("logsource"))
    given = document if named else {**document, "logsource": {"product": _NO_SOURCE}}
    rule = SigmaRule.from_dict(given, collect_errors=True)
    warnings = _judged(rule.errors)
    leaves = _Leaves(values)
    tree = joined("or", [leaves.tree(condition.parsed) for condition in rule.detection.parsed_condition])
    source = _logsource(rule.logsource) if named else LogSource()
    return Rule(about, source, leaves.found, tree, warnings)


@dataclass(frozen=True, slots=True)
class Parts:
    """A rule by its named parts."""

    leaves: tuple[Leaf, ...]
    trees: dict[str, Tree]
    """By name, the parts that a condition names."""
    conditions: tuple[str, ...]
    negated: tuple[str, ...]
    """Names of the parts that exclude."""
    shape: Any
    """The conditions as a tree over names."""

    def without(self, name: str, never: Tree) -> Tree:
        """The whole condition as if one part were never true."""
        return _filled(self.shape, {**self.trees, name: never})


def condition_parts(document: dict[str, Any], values: Mapping[str, Sequence[str]]) -> Parts | None:
    """The parts of a rule; None if it cannot be understood."""
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    given = document if document.get("logsource") else {**document, "logsource": {"product": _NO_SOURCE}}
    try:
        detections = SigmaRule.from_dict(given, collect_errors=True).detection
        leaves = _Leaves(values)
        shape = ["or", *(_shape(each.parse(postprocess=False), detections) for each in detections.parsed_condition)]
        named = dict.fromkeys(_names(shape))
        trees = {name: leaves.tree(detections[name].postprocess(detections)) for name in named}
    except (SigmaError, NoValues, TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError):
        return None
    negated = dict.fromkeys(_names(shape, wanted=True))
    return Parts(leaves.found, trees, tuple(map(str, detections.condition)), tuple(negated), shape)


def _shape(parsed: Any, detections: Any) -> Any:
    """What pySigma parsed as a tree over names."""
    from sigma.conditions import ConditionAND, ConditionIdentifier, ConditionNOT, ConditionOR, ConditionSelector

    if isinstance(parsed, ConditionIdentifier):
        return parsed.identifier
    if isinstance(parsed, ConditionSelector):
        word = "and" if parsed.cond_class is ConditionAND else "or"
        return [word, *(each.identifier for each in parsed.resolve_referenced_detections(detections))]
    words = {ConditionAND: "and", ConditionOR: "or", ConditionNOT: "not"}
    return [words[type(parsed)], *(_shape(each, detections) for each in parsed.args)]


def _names(shape: Any, wanted: bool | None = None, negated: bool = False) -> Iterator[str]:
    """Names in a shape; with ``wanted``, those that are negated, or that are not."""
    if isinstance(shape, str):
        if wanted is None or wanted == negated:
            yield shape
        return
    for part in shape[1:]:
        yield from _names(part, wanted, negated != (shape[0] == "not"))


def _filled(shape: Any, trees: Mapping[str, Tree]) -> Tree:
    return trees[shape] if isinstance(shape, str) else [shape[0], *(_filled(part, trees) for part in shape[1:])]


def _filter(document: dict[str, Any], about: About, values: Mapping[str, Sequence[str]]) -> Document:
    from sigma.filters import SigmaFilter

    found = SigmaFilter.from_dict(document, collect_errors=True)
    _judged(found.errors)
    leaves = _Leaves(values)
    tree = joined("or", [leaves.tree(condition.parsed) for condition in found.filter.parsed_condition])
    rules = () if isinstance(found.filter.rules, str) else tuple(rule.reference for rule in found.filter.rules)
    return Filter(about, _logsource(found.logsource), leaves.found, tree, rules)


def _correlation(document: dict[str, Any], about: About) -> Document:
    from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule, SigmaExtendedCorrelationCondition

    rule = SigmaCorrelationRule.from_dict(document, collect_errors=True)
    _judged(rule.errors)
    condition = rule.condition
    references = tuple(reference.reference for reference in rule.rules or ())
    expression, op, count, fields, percentile = None, "gte", 1.0, (), 50
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        expression = _expression(condition.parsed)
        references = references or tuple(condition.get_referenced_rules())
    elif isinstance(condition, SigmaCorrelationCondition):
        op, count = condition.op.name.lower(), float(condition.count)
        named: Any = condition.fieldref or ()
        fields = (named,) if isinstance(named, str) else tuple(named)
        percentile = 50 if condition.percentile is None else condition.percentile
    return Correlation(
        about,
        rule.type.name.lower(),
        references,
        tuple(rule.group_by or ()),
        rule.timespan.seconds,
        aliases=rule.aliases.to_dict(),
        generate=rule.generate,
        op=op,
        count=count,
        fields=fields,
        percentile=percentile,
        expression=expression,
    )


def _expression(node: Any) -> Any:
    from sigma.correlations import CorrelationConditionAND, CorrelationConditionNOT, CorrelationConditionOR

    words = {CorrelationConditionAND: "and", CorrelationConditionOR: "or", CorrelationConditionNOT: "not"}
    for kind, word in words.items():
        if isinstance(node, kind):
            return [word, *(_expression(each) for each in node.args)]
    return node.reference


def _logsource(source: Any) -> LogSource:
    return LogSource(*(str(part or "").lower() for part in (source.product, source.category, source.service)))


def _judged(errors: Sequence[SigmaError]) -> tuple[str, ...]:
    """Warnings; the first error that keeps a rule from running is raised."""
    from sigma.exceptions import (
        SigmaAuthorError,
        SigmaDateError,
        SigmaDescriptionError,
        SigmaFalsePositivesError,
        SigmaFieldsError,
        SigmaIdentifierError,
        SigmaLevelError,
        SigmaModifiedError,
        SigmaNameError,
        SigmaReferencesError,
        SigmaRelatedError,
        SigmaStatusError,
        SigmaTagError,
        SigmaTaxonomyError,
        SigmaTitleError,
    )

    harmless = (
        SigmaAuthorError,
        SigmaDateError,
        SigmaDescriptionError,
        SigmaFalsePositivesError,
        SigmaFieldsError,
        SigmaIdentifierError,
        SigmaLevelError,
        SigmaNameError,
        SigmaReferencesError,
        SigmaRelatedError,
        SigmaStatusError,
        SigmaTagError,
        SigmaTaxonomyError,
        SigmaTitleError,
    )
    warnings = []
    for error in errors:
        is_date = isinstance(error, SigmaModifiedError) and "yyyy-mm-dd" in str(error)
        is_text = type(error).__name__ in {"SigmaValueError", "SigmaTypeError"} and "tag" in str(error).lower()
        if not (isinstance(error, harmless) or is_date or is_text):
            raise error
        warnings.append(_said(error))
    return tuple(warnings)


def _said(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _about(document: dict[str, Any], path: str, number: int) -> About:
    level = str(document.get("level") or "").lower()
    status = str(document.get("status") or "").lower()
    return About(
        id=_text(document.get("id")),
        title=_text(document.get("title")),
        name=_text(document.get("name")),
        level=level if level in LEVELS else "",
        status=status if status in _STATUSES else "",
        author=_text(document.get("author")),
        date=_text(document.get("date")),
        modified=_text(document.get("modified")),
        description=_text(document.get("description")),
        tags=_texts(document.get("tags")),
        references=_texts(document.get("references")),
        falsepositives=_texts(document.get("falsepositives")),
        fields=_texts(document.get("fields")),
        path=path,
        document=number,
    )


def _text(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip().encode("utf-8", "replace").decode()


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else () if value is None else (value,)
    return tuple(text for text in map(_text, listed) if text)
