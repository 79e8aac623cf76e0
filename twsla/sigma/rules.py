"""Compiled rules: plain values that can be kept in a file as JSON.

A rule's condition is a *tree* over its *leaves*. A tree is the number of a leaf, or a list that begins with ``and``,
``or`` or ``not``. A leaf asks one thing of the values of one field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

Tree = int | list[Any]
"""``3`` · ``["and", tree, …]`` · ``["or", tree, …]`` · ``["not", tree]``"""

LEVELS: Final = ("informational", "low", "medium", "high", "critical")


class Leaf(NamedTuple):
    """One question about one field; true for a record if it is true for any of the field's values."""

    field: str
    """As the rule writes it; empty for keywords, which look at all values and at the text."""
    op: str
    """``eq contains starts ends like any re cidr lt lte gt gte null exists ref refstarts refends refcontains``, or a
    part of a time: ``minute hour day week month year``."""
    value: str = ""
    """Text, RE2 expression (``like``, ``re``), network, number, or the other field (``ref…``)."""
    cased: bool = False
    """Upper and lower case differ; of expressions they always do, unless they say otherwise."""
    guard: str = ""
    """Lower case text that every value must hold for which an expression is true."""

    def __str__(self) -> str:
        words = {"eq": "=", "null": "is empty", "any": "has a value", "like": "matches", "re": "matches"}
        parts = (self.field or "any value", words.get(self.op, self.op), self.value, "(cased)" if self.cased else "")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class LogSource:
    """What a rule is about; empty parts are not said."""

    product: str = ""
    category: str = ""
    service: str = ""

    def __str__(self) -> str:
        parts = (("product", self.product), ("category", self.category), ("service", self.service))
        return " ".join(f"{name}={value}" for name, value in parts if value) or "none"

    @property
    def is_empty(self) -> bool:
        """Whether the rule says nothing about its source."""
        return not (self.product or self.category or self.service)


@dataclass(frozen=True, slots=True)
class About:
    """What a rule says of itself."""

    id: str = ""
    title: str = ""
    name: str = ""
    level: str = ""
    status: str = ""
    author: str = ""
    date: str = ""
    modified: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    path: str = ""
    document: int = 1
    """Number of the YAML document in its file."""
    sha256: str = ""
    """Of its file."""

    @property
    def key(self) -> str:
        """What it is known by: its id, or its path."""
        return self.id or (self.path if self.document == 1 else f"{self.path}#{self.document}")

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.title or self.name or self.key

    def answers_to(self, reference: str) -> bool:
        """Whether another document means this rule."""
        return bool(reference) and reference in (self.id, self.name, self.title)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about single records."""

    about: About
    logsource: LogSource
    leaves: tuple[Leaf, ...]
    tree: Tree
    warnings: tuple[str, ...] = ()
    """What is wrong with it without keeping it from running."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A further condition on other rules."""

    about: About
    logsource: LogSource
    leaves: tuple[Leaf, ...]
    tree: Tree
    rules: tuple[str, ...]
    """Ids, names or titles; empty for every rule of the log source."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """A rule about the detections of other rules."""

    about: About
    type: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan_s: int
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    """Name of a group → reference of a rule → field."""
    generate: bool = False
    op: str = "gte"
    count: float = 1
    fields: tuple[str, ...] = ()
    """Of ``value_…``: whose values."""
    percentile: int = 50
    expression: Any = None
    """Of an extended condition: a reference, or a list as in a tree."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that cannot run, and why."""

    about: About
    reason: str
    kind: str = "invalid"
    """``invalid``, ``unsupported`` (placeholder without values), ``unmapped`` (log source), ``fields`` …"""


Document = Rule | Filter | Correlation | Refused


def to_json(document: Document) -> dict[str, Any]:
    """As JSON values; ``from_json`` gives it back."""
    from dataclasses import asdict

    made: dict[str, Any] = {"kind": type(document).__name__}
    for name in document.__slots__:
        value = getattr(document, name)
        if name in {"about", "logsource"}:
            made[name] = {key: given for key, given in asdict(value).items() if given}
        elif name == "leaves":
            made[name] = [list(leaf) for leaf in value]
        else:
            made["refusal" if isinstance(document, Refused) and name == "kind" else name] = value
    return made


def from_json(made: dict[str, Any]) -> Document:
    """What ``to_json`` took.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    values = dict(made)
    kind = values.pop("kind")
    about = dict(values["about"])
    for name in ("tags", "references", "falsepositives", "fields"):
        if name in about:
            about[name] = tuple(about[name])
    values["about"] = About(**about)
    if "logsource" in values:
        values["logsource"] = LogSource(**values["logsource"])
    if "leaves" in values:
        values["leaves"] = tuple(map(Leaf._make, values["leaves"]))
    for name in ("warnings", "rules", "group_by", "fields"):
        if name in values:
            values[name] = tuple(values[name])
    if "refusal" in values:
        values["kind"] = values.pop("refusal")
    kinds: dict[str, type[Document]] = {each.__name__: each for each in (Rule, Filter, Correlation, Refused)}
    return kinds[kind](**values)
