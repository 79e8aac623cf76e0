"""Option values from the environment and the configuration file, each with the place it came from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.options import OptionInfo, convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from yaml import Node

FILE_NAME = ".twsla.yaml"
"""In the home directory."""

ORIGINAL_KEYS = (
    "timeRange",
    "filter",
    "regex",
    "not",
    "extract",
    "name",
    "grokPat",
    "ip",
    "color",
    "rules",
    "sigmaConfig",
    "twsnmp",
    "interval",
    "jsonOut",
    "checkCert",
    "datastore",
    "geoip",
    "grok",
    "sixel",
    "weaviate",
    "aiClass",
)
"""Keys of the Go program's configuration file: accepted in every file, whichever command reads it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One key of a configuration file, its value still as text."""

    key: str
    """As written."""
    texts: tuple[str, ...]
    """One, or the members of a list."""
    number: int
    """Line of the file, from 1."""
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file that was read."""

    path: Path
    lines: Mapping[str, Line]
    """By ``plain_key``."""

    def where(self, line: Line) -> str:
        """How messages name a line: ``/home/u/.twsla.yaml line 3: limit``."""
        return f"{self.path} line {line.number}: {line.key}"

    def unknown(self, keys: Iterable[str]) -> list[Line]:
        """Lines whose key is none of ``keys``, nor of the original program."""
        known = {plain_key(key) for key in (*keys, *ORIGINAL_KEYS)}
        return [line for key, line in self.lines.items() if key not in known]


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that was not typed on the command line."""

    value: object
    place: str
    """``/home/u/.twsla.yaml`` or ``the environment``."""
    label: str
    """``timeRange=24h`` or ``TWSLA_TIMERANGE=24h``, for telling what is in force."""


def plain_key(key: str) -> str:
    """``timeRange``, ``time-range``, ``TIME_RANGE`` are one key."""
    return key.replace("-", "").replace("_", "").lower()


def setting_of(info: OptionInfo, variables: Mapping[str, str], config: Config | None) -> Setting | None:
    """What the environment, else the configuration file, says about an option.

    Raises:
        UsageError: The value does not fit the option.
    """
    if info.positional:
        return None
    for name in info.env:
        text = variables.get(name)
        if text:
            values = tuple(convert(info, part, name) for part in _parts(info, text))
            return Setting(values if info.multiple else values[0], "the environment", _label(info, name, text))
    if config is None:
        return None
    for spelling in (info.long, *info.aliases):
        line = config.lines.get(plain_key(spelling[2:]))
        if line is not None:
            return _of_line(info, line, config)
    return None


def _parts(info: OptionInfo, text: str) -> list[str]:
    """A variable can hold one value; of paths several, separated as in ``PATH``."""
    if info.multiple and info.type == "path":
        return [part for part in text.split(os.pathsep) if part] or [text]
    return [text]


def _of_line(info: OptionInfo, line: Line, config: Config) -> Setting:
    where = config.where(line)
    if line.is_list and not info.multiple:
        raise UsageError(f"{where}: a list, where one value is wanted", hint=f"it sets {info.long}: {info.help}")
    values = tuple(convert(info, text, where) for text in line.texts)
    label = _label(info, line.key, ",".join(line.texts))
    return Setting(values if info.multiple else values[0], str(config.path), label)


def _label(info: OptionInfo, name: str, text: str) -> str:
    """What is told about a setting; of a secret only that there is one."""
    is_secret = any(word in info.name for word in ("password", "secret", "token"))
    return name if is_secret else f"{name}={text}"


def find_config(named: Path | None, home: Path | None) -> Config | None:
    """The configuration named by the user, else the one in the home directory if there is one.

    Raises:
        UsageError: The named file is missing, or a file cannot be understood.
    """
    path = named or (home / FILE_NAME if home else None)
    if path is None or (named is None and not path.is_file()):
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"the configuration file {path} cannot be read: {error.strerror}", hint="give another one with --config"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the configuration file {path} is not UTF-8 text", hint="save it as UTF-8") from error
    return Config(path, parse(text, path))


def parse(text: str, path: Path) -> dict[str, Line]:
    """The keys of a YAML mapping (JSON is YAML too). Keys without a value are left out.

    Raises:
        UsageError: Not YAML, not a mapping, a key given twice, or a value that is a mapping.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise UsageError(f"{path}{at}: {problem}", hint="the file holds lines of the form 'key: value'") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"{path} line 1: not a mapping", hint="the file holds lines of the form 'key: value'")
    found: dict[str, Line] = {}
    for key_node, node in root.value:
        line = _line(key_node, node, path)
        key = plain_key(line.key)
        if key in found:
            raise UsageError(f"{path} line {line.number}: {line.key} was given before, in line {found[key].number}")
        if line.texts or line.is_list:
            found[key] = line
    return found


def _line(key_node: Node, node: Node, path: Path) -> Line:
    import yaml

    number = key_node.start_mark.line + 1
    if not isinstance(key_node, yaml.ScalarNode):
        raise UsageError(f"{path} line {number}: a key must be a word")
    key = str(key_node.value)
    members = node.value if isinstance(node, yaml.SequenceNode) else [node]
    texts = []
    for member in members:
        if not isinstance(member, yaml.ScalarNode):
            raise UsageError(f"{path} line {number}: {key} holds more than a value or a list of values")
        if not member.tag.endswith(":null"):
            texts.append(str(member.value))
    return Line(key, tuple(texts), number, isinstance(node, yaml.SequenceNode))
