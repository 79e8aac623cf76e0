"""Option dataclasses as the parameters of a tool: their JSON schema, and JSON arguments as their values.

An option that names a file, a directory, a machine or a network address is no parameter: what a client may reach
beside the store is for the command line that starts the server to say. Types tell (``path``), and so does the word that
stands for the value in help (``FILE``, ``ADDR[:PORT]``); of ``full|FILE`` the plain word remains.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError
from twsla.mcp.tools import server_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twsla.options import OptionInfo
    from twsla.sections import Section

REACHING: Final = frozenset(
    {"FILE", "FILES", "DIR", "PATH", "ADDR", "ADDRESS", "URL", "HOST", "SERVER", "TARGET", "COMMAND"}
)
"""Words for values that reach beyond the store, by themselves or as command lines with options that do."""
OF_SCREENS: Final = frozenset({"color", "wrap", "quiet", "utc"})
"""Options that make a difference on a terminal only, or save typing."""

_WORD: Final = re.compile("[A-Za-z]+")
_FLAG: Final = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_TYPES: Final = {"text": "string", "integer": "integer", "number": "number", "flag": "boolean", "path": "string"}
_NOUNS: Final = {"text": "a text", "integer": "a whole number", "number": "a number", "flag": "true or false"}
_BOOLEANS: Final = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool, and the option that it sets."""

    name: str
    owner: type
    info: OptionInfo
    choices: tuple[str, ...]
    spellings: tuple[str, ...]
    """Other names that are understood: ``timeRange``."""

    def schema(self, help_text: str) -> dict[str, Any]:
        """The JSON schema of the value."""
        one: dict[str, Any] = {"type": _TYPES[self.info.type]}
        if self.choices:
            one["enum"] = list(self.choices) if "" in self.choices or self.info.multiple else ["", *self.choices]
        if self.info.multiple:
            return {"type": "array", "items": one, "description": help_text}
        default = self.info.default
        if isinstance(default, (bool, int, float, str)) and default != "":
            one["default"] = default
        return {**one, "description": help_text}

    def value(self, given: object) -> object:
        """The option's value; a single value may stand for a list of one.

        Raises:
            UsageError: It does not fit.
        """
        if not self.info.multiple:
            return self._one(given)
        return tuple(self._one(each) for each in (given if isinstance(given, list) else [given]))

    def _one(self, given: object) -> object:
        value = _converted(self.info.type, given)
        if value is None:
            shown = str(given)[:80]
            raise UsageError(f"{self.name}: '{shown}' is not {_NOUNS[self.info.type]}", hint=self.info.help)
        if self.choices and value != "" and value not in self.choices:
            near = get_close_matches(str(value), self.choices, 1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise UsageError(
                f"{self.name}: '{str(value)[:80]}' is not one of its values",
                hint=f"{hint}use {', '.join(self.choices)}",
            )
        return value


def _converted(kind: str, given: object) -> object:
    """A JSON value as one of the option's type; None where it is not. Numbers may be written as texts."""
    match kind:
        case "flag":
            return given if isinstance(given, bool) else _BOOLEANS.get(str(given).lower())
        case "integer" | "number" if not isinstance(given, bool) and isinstance(given, (int, float, str)):
            return _number(kind, given)
        case "text" if isinstance(given, (str, int, float)) and not isinstance(given, bool):
            return str(given)
    return None


def _number(kind: str, given: float | str) -> object:
    try:
        number = float(given)
        if kind == "integer":
            return int(given) if not isinstance(given, float) else int(given) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None
    return number


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of a tool."""

    all: tuple[Parameter, ...]
    flags: Mapping[str, str]
    """Options of the command line, ``-e`` and ``--extract``, by what they are called here."""

    def properties(self) -> dict[str, dict[str, Any]]:
        """The properties of the tool's input schema."""
        return {each.name: each.schema(self.explained(each.info.help)) for each in self.all}

    def required(self) -> list[str]:
        """Names of those that must be given."""
        return [each.name for each in self.all if each.info.required]

    def explained(self, text: str) -> str:
        """A text written for the command line, in terms of the parameters."""
        plain = server_terms(text.replace("``", ""))
        return _FLAG.sub(lambda found: self.flags.get(found[0], found[0]), plain)

    def values(self, given: Mapping[str, object], *, others: Iterable[str] = ()) -> dict[type, dict[str, object]]:
        """Values of the options by their dataclass; nulls are left out.

        Args:
            given: The arguments of a call.
            others: Names of parameters that are not options, for the message about one that is unknown.

        Raises:
            UsageError: A name is unknown, a value does not fit, or one is missing.
        """
        spelled = {name: each for each in self.all for name in (each.name, *each.spellings)}
        found: dict[type, dict[str, object]] = {}
        for name, value in given.items():
            if name not in spelled:
                near = get_close_matches(name, [each.name for each in self.all], 1)
                known = f"parameters: {', '.join([*(each.name for each in self.all), *others])}"
                hint = f"did you mean {near[0]}? {known}" if near else known
                raise UsageError(f"this tool has no parameter '{name[:80]}'", hint=hint)
            each = spelled[name]
            if value is not None:
                found.setdefault(each.owner, {})[each.info.name] = each.value(value)
        for each in self.all:
            if each.info.required and each.info.name not in found.get(each.owner, {}):
                raise UsageError(f"{each.name} is missing", hint=each.info.help)
        return found


def parameters_of(sections: Iterable[Section], *, without: Iterable[str] = ()) -> Parameters:
    """The parameters that the options of a command give; ``without`` names fields that are none."""
    hidden = {*without, *OF_SCREENS}
    found: list[Parameter] = []
    flags: dict[str, str] = {}
    for section in sections:
        for info in section.infos:
            name = info.long.removeprefix("--").replace("-", "_")
            if info.name in hidden or info.hidden or not is_open(info):
                continue
            spellings = {info.name, *(flag.removeprefix("--").replace("-", "_") for flag in info.aliases)} - {name}
            found.append(Parameter(name, section.owner, info, _choices(info), tuple(sorted(spellings))))
            for flag in (info.short, info.long, *info.aliases):
                if flag and not info.positional:
                    flags.setdefault(flag, name)
    return Parameters(tuple(found), flags)


def is_open(info: OptionInfo) -> bool:
    """Whether clients may set an option: it reaches nothing beside the store."""
    if info.type == "path":
        return False
    words = {word.upper() for word in _WORD.findall(info.metavar or "") if word.isupper()}
    return not words & REACHING or bool(_choices(info))


def _choices(info: OptionInfo) -> tuple[str, ...]:
    """The values that are allowed; none: any. Of ``full|FILE`` there is ``full``."""
    if info.choices:
        return info.choices
    alternatives = (info.metavar or "").split("|")
    plain = tuple(each for each in alternatives if each.islower())
    return plain if len(plain) < len(alternatives) else ()
