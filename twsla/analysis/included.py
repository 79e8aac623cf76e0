"""Analyses as a report includes them: a name, or a command line such as ``tfidf -n 5 'Failed password'``."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from twsla.errors import UsageError
from twsla.options import describe

if TYPE_CHECKING:
    from twsla.model.analysis import Analysis
    from twsla.model.result import Result
    from twsla.options import OptionInfo
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_NOT_ALONE: Final = frozenset({"search", "sql", "extract", "relation", "time"})
"""They need something to be asked, or give records without end."""
_TYPES: Final[dict[str, type]] = {"integer": int, "number": float, "path": Path}
_WORDS: Final = "words"


@dataclass(frozen=True, slots=True)
class Included:
    """An analysis with what it is asked."""

    command: str
    """As given."""
    analysis: Analysis[Any, Any]
    options: Any
    words: tuple[str, ...] = ()
    """Simple filters of its own."""

    def run(self, engine: Engine, progress: Progress) -> Result:
        """Its answer about the records of an engine that these filters leave too."""
        if self.words:
            from twsla.model.filters import parse_filters
            from twsla.query.where import check_filters

            ignore_case = engine.query.ignore_case
            filters = parse_filters(simple="", regex="", inverted="", arguments=self.words, ignore_case=ignore_case)
            check_filters(filters)
            engine = engine.narrowed(filters)
        result: Result = self.analysis.run(engine, self.options, progress)
        return result


def included(given: tuple[str, ...], without: tuple[str, ...]) -> list[Included]:
    """The analyses that ``--include`` asks for: command lines, or names with commas between them.

    Args:
        given: What was given.
        without: Names of those that are in a report anyway, and of the report.

    Raises:
        UsageError: One is none, cannot be had without options, or not with these.
    """
    lines = []
    for text in given:
        names = [name.strip() for name in text.split(",")]
        plain = all(name in _known() or " " not in name for name in names)
        lines += [name for name in names if name] if plain else [text.strip()]
    return [_parsed(line, without) for line in lines if line]


def _known() -> list[str]:
    from twsla.registry import COMMANDS

    return [name for name, entry in COMMANDS.items() if entry.target.startswith("twsla.analysis.")]


def _parsed(line: str, without: tuple[str, ...]) -> Included:
    from twsla.registry import COMMANDS, load

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"--include {line}: {str(error).lower()}", hint="close the quotation") from error
    length = 2 if " ".join(words[:2]) in COMMANDS else 1
    name, rest = " ".join(words[:length]), words[length:]
    alone = [each for each in _known() if each not in without and each not in _NOT_ALONE]
    if name not in _known() or name == "report" or (not rest and name not in alone):
        raise UsageError(
            f"'{name}' cannot be part of a report",
            hint=f"choose from {', '.join(alone)}; or give a command line: --include 'relation ip kv'",
        )
    analysis = cast("Analysis[Any, Any]", load(COMMANDS[name]))
    parser = _Parser(prog=name, add_help=False, allow_abbrev=False)
    infos = describe(analysis.options)
    for info in infos:
        _add(parser, info)
    has_words = any(info.positional for info in infos)
    if not has_words:
        parser.add_argument(_WORDS, nargs="*")
    found = vars(parser.parse_intermixed_args(rest))
    filters = () if has_words else tuple(found.pop(_WORDS))
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
    return Included(line, analysis, analysis.options(**values), filters)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as all of the program does."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"--include {self.prog}: {message}", hint=f"'twsla {self.prog} --help' lists what it takes")


def _add(parser: argparse.ArgumentParser, info: OptionInfo) -> None:
    """Declare an option, or the place of what is left."""
    kind = _TYPES.get(info.type, str)
    if info.positional:
        parser.add_argument(info.name, type=kind, nargs=None if info.required and not info.multiple else "*")
        return
    flags = [flag for flag in (info.short, info.long, *info.aliases) if flag]
    if info.type == "flag":
        parser.add_argument(*flags, dest=info.name, action="store_true", default=info.default)
    elif info.multiple:
        # Without its default, which would be kept beside what is given: that is the one of the options.
        choices = info.choices or None
        parser.add_argument(
            *flags, dest=info.name, type=kind, choices=choices, action="append", default=argparse.SUPPRESS
        )
    else:
        choices = info.choices or None
        parser.add_argument(*flags, dest=info.name, type=kind, choices=choices, default=info.default)
