"""Configuration files of the original program: names of fields. With one, log sources of rules do not count."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError
from twsla.sigma.conditions import condition_tree
from twsla.sigma.logsources import Alias, Scope
from twsla.sigma.names import canonical

if TYPE_CHECKING:
    from twsla.sigma.rules import Leaf

BUILT_IN: Final = ("windows",)
_WINDOWS: Final = {
    **{
        name: f"$.Event.EventData.{name}"
        for name in ("Image", "CommandLine", "ParentProcessName", "NewProcessName", "User", "ParentUser")
    },
    **{name: f"$.Event.System.{name}" for name in ("Channel", "Computer", "EventID", "Level")},
    "Provider.Guid": "$.Event.System.Provider.Guid",
    "Provider.Name": "$.Event.System.Provider.Name",
}
_STEP: Final = re.compile(r"""\.([^.\[]+)|\[\s*(?:'([^']*)'|"([^"]*)"|(\d+|\*))\s*\]""")


def configured(name: str) -> Scope:
    """The records and names of a configuration: ``windows``, or the path of a file.

    Raises:
        UsageError: It is none.
    """
    if name in BUILT_IN:
        leaves: dict[Leaf, int] = {}
        tree = condition_tree({"Channel|exists": True}, leaves)
        return Scope(name, "", "", "", tuple(leaves), tree, aliases=_aliases(_WINDOWS))
    given = _read(Path(name))
    mappings = given.get("fieldmappings")
    if not isinstance(mappings, dict):
        raise UsageError(
            f"the Sigma configuration {name} has no 'fieldmappings'", hint="it maps fields of rules to fields"
        )
    return Scope(name, "", "", "", (), None, aliases=_aliases(mappings))


def everything(name: str) -> Scope:
    """All records, with the names they have."""
    return Scope(name, "", "", "", (), None)


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        known = f"built in is '{BUILT_IN[0]}'"
        raise UsageError(
            f"the Sigma configuration {path} cannot be read: {error.strerror or error}", hint=f"give a file; {known}"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the Sigma configuration {path} is no UTF-8 text") from error
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe loaders both
    except yaml.YAMLError as error:
        raise UsageError(f"the Sigma configuration {path} is no YAML: {str(error).partition(chr(10))[0]}") from error
    if not isinstance(found, dict):
        raise UsageError(f"the Sigma configuration {path} is none: it has no names and values")
    return found


def _aliases(mappings: dict[str, Any]) -> tuple[Alias, ...]:
    found: dict[Alias, None] = {}
    for name, given in mappings.items():
        targets = given.get("targetnames", []) if isinstance(given, dict) else given
        for target in targets if isinstance(targets, list) else [targets]:
            for source in field_names_of(str(target)):
                if canonical(source) != canonical(str(name)):
                    found[Alias(canonical(str(name)), (canonical(source),))] = None
    return tuple(found)


def field_names_of(target: str) -> list[str]:
    """What records call the field at a path: a JSON path into the event, or a name at its top.

    Events of Windows have the values of ``Event.EventData`` and ``Event.System`` under their own names.
    """
    if not target.startswith(("$.", "$[")):
        return [target]
    steps = [next(part for part in match if part) for match in _STEP.findall(target[1:]) if any(match)]
    steps = [step for step in steps if step != "*" and not step.isdigit()]
    names = [".".join(steps)]
    if steps[:1] == ["Event"] and len(steps) > 2:
        section, inner = steps[1], steps[2:]
        if section == "System":
            names.append("_".join(step for step in inner if step != "Value"))
        else:
            names.append(".".join(inner if section == "EventData" or len(inner) == 1 else inner[1:]))
    return names
