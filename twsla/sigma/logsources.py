"""Which records a rule's log source means, and what they call its fields: tables in YAML, ours and the user's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError
from twsla.sigma.conditions import condition_tree
from twsla.sigma.names import canonical
from twsla.sigma.rules import LogSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from twsla.sigma.rules import Leaf, Tree

OURS: Final = ("windows.yml", "other.yml")
_ENVELOPE: Final = (
    "Channel", "Computer", "EventID", "EventRecordID", "Level", "Task", "Opcode", "Keywords", "Version",
    "Provider_Name", "Provider_Guid", "EventSourceName", "Provider_EventSourceName", "TimeCreated_SystemTime",
    "Execution_ProcessID", "Execution_ThreadID", "Security_UserID", "Correlation_ActivityID",
    "Correlation_RelatedActivityID", "EventID_Qualifiers",
)  # fmt: skip
EVERY_EVENT: Final = frozenset(map(canonical, _ENVELOPE))
"""Fields of the envelope, which every Windows event has."""


@dataclass(frozen=True, slots=True)
class Alias:
    """What records call a field of the rules."""

    field: str
    """Canonical name in rules."""
    sources: tuple[str, ...]
    """Canonical names in records; of several, their values joined by a backslash."""
    values: str = ""
    """Name of what is done with the values; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Some records that a log source means."""

    name: str
    """For people: ``Security 4688``."""
    product: str
    category: str
    service: str
    leaves: tuple[Leaf, ...]
    tree: Tree | None
    """None: every record."""
    channels: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    has: frozenset[str] | None = None
    """Canonical names of all fields these records can have; None if nobody says."""

    @property
    def specificity(self) -> int:
        """How many parts of a log source it names."""
        return sum(map(bool, (self.product, self.category, self.service)))


@dataclass(slots=True)
class Mapping:
    """All scopes that are known, and the names of values."""

    scopes: list[Scope] = field(default_factory=list)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    _found: dict[LogSource, tuple[list[Scope], str]] = field(default_factory=dict)

    def scopes_for(self, source: LogSource) -> tuple[list[Scope], str]:
        """The scopes of a rule's log source; or none, and why."""
        if source not in self._found:
            self._found[source] = self._find(source)
        return self._found[source]

    def _find(self, source: LogSource) -> tuple[list[Scope], str]:
        by_category = [scope for scope in self.scopes if scope.category and self._fits(scope, source)]
        by_service = [
            scope for scope in self.scopes if scope.service and not scope.category and self._fits(scope, source)
        ]
        if source.service and by_category and not any(scope.service for scope in by_category):
            if by_service:
                return [_both(left, right) for left in by_category for right in by_service], ""
            return [], f"nothing is known of the service '{source.service}' of {source}"
        found = _most_specific(by_category) or by_service
        if found:
            return found, ""
        if source.category or source.service:
            return [], f"no records are known for the log source {source}"
        found = [
            scope for scope in self.scopes if not (scope.category or scope.service) and scope.product == source.product
        ]
        return found, "" if found else f"no records are known for the log source {source}"

    def _fits(self, scope: Scope, source: LogSource) -> bool:
        if scope.product and source.product and scope.product != source.product:
            return False
        if scope.product and not source.product and scope.service and not scope.category:
            return False  # a service says nothing without its product
        if scope.category and scope.category != source.category:
            return False
        return not scope.service or scope.service == source.service


def _most_specific(scopes: list[Scope]) -> list[Scope]:
    """Those that name a service before those that do not."""
    with_service = [scope for scope in scopes if scope.service]
    return with_service or scopes


def _both(left: Scope, right: Scope) -> Scope:
    """Records that are in both."""
    if left.tree is None or right.tree is None:
        return replace(left if right.tree is None else right, aliases=left.aliases + right.aliases)
    leaves: dict[Leaf, int] = {}
    from twsla.sigma.conditions import renumbered

    trees = []
    for scope, tree in ((left, left.tree), (right, right.tree)):
        numbers = {old: leaves.setdefault(leaf, len(leaves)) for old, leaf in enumerate(scope.leaves)}
        trees.append(renumbered(tree, numbers))
    name = left.name if left.name == right.name else f"{left.name}, {right.name}"
    return replace(
        left,
        name=name,
        service=right.service,
        leaves=tuple(leaves),
        tree=["and", *trees],
        channels=right.channels or left.channels,
        aliases=left.aliases + right.aliases,
    )


def load_mapping(overlays: Sequence[Path] = ()) -> Mapping:
    """Our tables; what the user's say of a log source replaces what ours say of it.

    Raises:
        UsageError: One cannot be read or understood.
    """
    from importlib.resources import files

    found = Mapping()
    for path in overlays:
        _add(found, _read(path), str(path))
    theirs = {(scope.product, scope.category, scope.service) for scope in found.scopes}
    ours = Mapping()
    for name in OURS:
        text = files("twsla.sigma").joinpath("resources", name).read_text("utf-8")
        _add(ours, _loaded(text), name)
    kept = [scope for scope in ours.scopes if (scope.product, scope.category, scope.service) not in theirs]
    return Mapping(found.scopes + kept, {**ours.values, **found.values})


def _read(path: Path) -> Any:
    import yaml

    try:
        return _loaded(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"the mapping {path} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"the mapping {path} is no YAML: {str(error).partition(chr(10))[0]}") from error


def _loaded(text: str) -> Any:
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe loaders both


def _add(mapping: Mapping, given: Any, where: str) -> None:
    if not isinstance(given, dict):
        raise UsageError(
            f"the mapping {where} is none", hint="it has the keys 'services', 'categories', 'sources', 'values'"
        )
    unknown = set(given) - {"services", "categories", "sources", "values"}
    if unknown:
        raise UsageError(f"the mapping {where} has an unknown key '{min(map(str, unknown))}'")
    try:
        services = {str(name): tuple(map(str, each)) for name, each in (given.get("services") or {}).items()}
        for name, channels in services.items():
            mapping.scopes.append(_windows(service=name, channels=channels))
        for name, entries in (given.get("categories") or {}).items():
            mapping.scopes.extend(_category(str(name), entry, services) for entry in entries)
        mapping.scopes.extend(_other(entry) for entry in given.get("sources") or ())
        for name, values in (given.get("values") or {}).items():
            mapping.values[str(name)] = {str(key).lower(): str(value) for key, value in values.items()}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UsageError(f"the mapping {where} cannot be understood: {error}") from error


def _windows(
    *,
    service: str = "",
    category: str = "",
    channels: tuple[str, ...],
    event_ids: Iterable[object] = (),
    where: Any = None,
    fields: dict[str, str] | None = None,
    has: Iterable[str] | None = None,
) -> Scope:
    numbers = tuple(map(str, event_ids))
    condition: dict[str, Any] = {"Channel": list(channels)}
    if numbers:
        condition["EventID"] = list(numbers)
    condition.update(where or {})
    leaves: dict[Leaf, int] = {}
    tree = condition_tree(condition, leaves)
    aliases = _aliases(fields)
    known = None
    if has is not None:
        known = EVERY_EVENT | {canonical(name) for name in has} | {alias.field for alias in aliases}
    name = _channel_name(channels) + (f" {'/'.join(numbers)}" if numbers else "")
    return Scope(name, "windows", category, service, tuple(leaves), tree, channels, numbers, aliases, known)


def _channel_name(channels: tuple[str, ...]) -> str:
    first = channels[0].removeprefix("Microsoft-Windows-").removesuffix("/Operational")
    return first if len(channels) == 1 else f"{first} …"


def _category(name: str, entry: dict[str, Any], services: dict[str, tuple[str, ...]]) -> Scope:
    given = dict(entry)
    service = given.pop("service", None)
    channels = tuple(given.pop("channels", ())) or services[service]
    return _windows(category=name, channels=channels, **given)


def _other(entry: dict[str, Any]) -> Scope:
    given = dict(entry)
    match = given.pop("match")
    where = given.pop("where", None)
    leaves: dict[Leaf, int] = {}
    tree = condition_tree(where, leaves) if where else None
    source = LogSource(**{str(part): str(value).lower() for part, value in match.items()})
    scope = Scope(
        given.pop("name", str(source)),
        source.product,
        source.category,
        source.service,
        tuple(leaves),
        tree,
        aliases=_aliases(given.pop("fields", None)),
    )
    if given:
        raise ValueError(f"unknown key '{min(given)}'")
    return scope


def _aliases(fields: dict[str, Any] | None) -> tuple[Alias, ...]:
    """``Field: Name``, ``Field: Name + Other | values``, ``Field: [Name, Other]`` for either."""
    found = []
    for name, given in (fields or {}).items():
        for one in given if isinstance(given, list) else [given]:
            sources, _, values = str(one).partition("|")
            parts = tuple(canonical(part) for part in sources.split(" + "))
            found.append(Alias(canonical(str(name)), parts, values.strip()))
    return tuple(found)
