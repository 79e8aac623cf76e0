"""The rules of a run: found, compiled, chosen by what they say of themselves, bound to records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twsla.errors import TwslaError, UsageError
from twsla.options import opt
from twsla.sigma.rules import LEVELS, Correlation, Filter, Refused, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twsla.progress import Progress
    from twsla.sigma.plan import Plan
    from twsla.sigma.rules import About, Document

_NOT_BY_DEFAULT: Final = ("deprecated", "unsupported")


@dataclass(frozen=True)
class RuleOptions:
    """Which rules. A base of the options of every Sigma command."""

    rules: tuple[Path, ...] = opt(
        "-s", "--rules", default=(), help="Rule file, or directory of rules; may be given again.", metavar="PATH"
    )
    level: str = opt("--level", default="", choices=LEVELS, help="Only rules of this level or a higher one.")
    status: tuple[str, ...] = opt(
        "--status",
        default=(),
        choices=("stable", "test", "experimental", "deprecated", "unsupported"),
        help="Only rules of this status; may be given again. Default: all but deprecated and unsupported.",
    )
    tag: tuple[str, ...] = opt(
        "--tag", default=(), help="Only rules with this tag or one below it: attack.t1059; may be given again."
    )
    rule: tuple[str, ...] = opt(
        "--rule",
        default=(),
        help="Only this rule, by id, name, title or file name; may be given again.",
        metavar="RULE",
    )
    without: tuple[str, ...] = opt(
        "--without",
        default=(),
        help="Not this rule, or none of those in a file with one on each line; may be given again.",
        metavar="RULE|FILE",
    )
    expand: tuple[str, ...] = opt(
        "--expand",
        default=(),
        help="Values of a placeholder, from a file with one on each line: NAME=FILE, or a directory of NAME.txt files.",
        metavar="NAME=FILE",
    )
    mapping: tuple[Path, ...] = opt(
        "--mapping",
        default=(),
        help="Further log sources, as YAML; what they say replaces what is built in.",
        metavar="FILE",
    )
    strict: bool = opt("--strict", default=False, help="A rule that cannot be read is an error.")
    no_cache: bool = opt("--no-cache", default=False, help="Compile all rules anew, and keep nothing.")


def load_documents(options: RuleOptions, progress: Progress) -> list[Document]:
    """All documents of the rule files that were chosen; those that cannot run among them.

    Raises:
        UsageError: No rules are named, or an option makes no sense.
        TwslaError: There are none; or, with ``strict``, one is invalid.
    """
    from twsla.sigma.cache import Cache, cache_folder
    from twsla.sigma.files import load_files, rule_paths

    if not options.rules:
        raise UsageError("no rules are named", hint="say where they are: -s DIRECTORY")
    paths = rule_paths(options.rules)
    folder = None if options.no_cache else cache_folder(os.environ)
    cache = Cache(folder, options.rules) if folder else None
    documents = load_files(paths, placeholder_values(options.expand), cache, progress)
    if not any(not isinstance(each, Refused) for each in documents):
        detail = f": {documents[0].about.path}: {documents[0].reason}" if _refused(documents) else ""  # type: ignore[union-attr]  # all are refused
        raise TwslaError(
            f"there is no rule that can be read in {', '.join(map(str, options.rules))}{detail}",
            hint="rules are YAML files that end with .yml or .yaml",
        )
    if options.strict:
        for each in documents:
            if isinstance(each, Refused) and each.kind == "invalid":
                raise TwslaError(f"the rule {each.about.path} is invalid: {each.reason}", hint="leave out --strict")
    return choose(documents, options)


def _refused(documents: Sequence[Document]) -> bool:
    return bool(documents) and isinstance(documents[0], Refused)


def plan_of(options: RuleOptions, documents: Sequence[Document]) -> Plan:
    """The rules bound to what they are about."""
    from twsla.sigma.logsources import load_mapping
    from twsla.sigma.plan import Planner

    return Planner(load_mapping(options.mapping)).build(documents)


def choose(documents: Sequence[Document], options: RuleOptions) -> list[Document]:
    """Those rules that the options ask for, filters, and whatever chosen correlations refer to.

    Raises:
        UsageError: A rule that is asked for by name is not there.
    """
    without = frozenset(_listed(options.without))
    chosen = [each for each in documents if isinstance(each, Filter) or _is_wanted(each.about, options, without)]
    for name in options.rule:
        if not any(_is_called(each.about, name) for each in documents):
            raise UsageError(f"there is no rule '{name}'", hint="'twsla sigma list -s RULES' lists them")
    if not any(isinstance(each, Rule | Correlation | Refused) for each in chosen):
        raise UsageError("no rule is left", hint="the options --level, --status, --tag, --rule leave all of them out")
    kept = {id(each) for each in chosen}
    waiting = [each for each in chosen if isinstance(each, Correlation)]
    while waiting:
        needed = waiting.pop().rules
        for each in documents:
            if id(each) not in kept and any(each.about.answers_to(reference) for reference in needed):
                kept.add(id(each))
                waiting.extend([each] if isinstance(each, Correlation) else [])
    return [each for each in documents if id(each) in kept]


def _is_wanted(about: About, options: RuleOptions, without: frozenset[str]) -> bool:
    if options.status and about.status not in options.status:
        return False
    named = any(_is_called(about, name) for name in options.rule)
    if options.rule and not named:
        return False
    if not options.status and not named and about.status in _NOT_BY_DEFAULT:
        return False
    if options.level and (about.level not in LEVELS or LEVELS.index(about.level) < LEVELS.index(options.level)):
        return False
    tags = {tag.lower() for tag in about.tags}
    wanted = [tag.lower() for tag in options.tag]
    if wanted and not any(tag == each or tag.startswith(f"{each}.") for tag in tags for each in wanted):
        return False
    return not any(_is_called(about, name) for name in without)


def _is_called(about: About, name: str) -> bool:
    return about.answers_to(name) or name in (about.path, Path(about.path).name, Path(about.path).stem)


def _listed(given: Iterable[str]) -> Iterable[str]:
    """Names as given; of files the first word of every line that is no comment."""
    for each in given:
        path = Path(each)
        if path.suffix and path.is_file() and path.suffix.lower() not in {".yml", ".yaml"}:
            for line in path.read_text("utf-8", "replace").splitlines():
                name = line.partition("#")[0].strip()
                if name:
                    yield name
        else:
            yield each


def placeholder_values(given: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Values by name of placeholder.

    Raises:
        UsageError: A file cannot be read.
    """
    found: dict[str, Sequence[str]] = {}
    for each in given:
        name, sign, path = each.partition("=")
        if sign and name and not Path(each).exists():
            found[name.strip("%")] = _lines(Path(path))
        elif Path(each).is_dir():
            for file in sorted(Path(each).iterdir()):
                if file.is_file() and file.suffix.lower() in {"", ".txt", ".lst", ".csv"}:
                    found[file.stem] = _lines(file)
        else:
            raise UsageError(f"--expand {each!r} is neither NAME=FILE nor a directory")
    return found


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(
            f"the values in {path} cannot be read: {why}", hint="it must hold one value on each line"
        ) from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
