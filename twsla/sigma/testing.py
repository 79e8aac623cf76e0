"""Regression data as SigmaHQ keeps it: ``info.yml`` beside event files tells which rule is true how often."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import TwslaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twsla.progress import Progress
    from twsla.sigma.plan import Plan
    from twsla.sigma.reading import Reader

INFO: Final = ("info.yml", "info.yaml")


@dataclass(frozen=True, slots=True)
class Case:
    """What is expected of rules in one file of events."""

    name: str
    rules: tuple[tuple[str, str], ...]
    """Ids and titles."""
    path: Path
    kind: str
    """``evtx``, ``json`` …"""
    least: int
    """So many records each rule must find."""
    most: int | None = None
    """And no more than these."""
    info: Path = Path()


def find_cases(given: Sequence[Path]) -> list[Case]:
    """All cases in files, and below directories.

    Raises:
        TwslaError: There are none, or one cannot be read.
    """
    found = [case for path in given for info in sorted(_infos(path)) for case in _cases(info)]
    if not found:
        raise TwslaError(
            f"there are no tests in {', '.join(map(str, given))}", hint="a test is an info.yml beside a file of events"
        )
    return found


def _infos(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for folder, _, names in os.walk(path):
            yield from (Path(folder, name) for name in names if name in INFO)
    elif path.exists():
        yield path
    else:
        raise TwslaError(f"there is nothing at {path}", hint="give a directory with info.yml files")


def _cases(info: Path) -> Iterator[Case]:
    import yaml

    try:
        given = yaml.load(info.read_text("utf-8-sig"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe loaders both
        rules = tuple((str(each["id"]), str(each.get("title", ""))) for each in given.get("rule_metadata") or ())
        tests: list[Any] = given.get("regression_tests_info") or _beside(info, rules)
        for test in tests:
            path = _located(info, str(test["path"]))
            least = test.get("match_count", 1)
            kind = str(test.get("type") or path.suffix.lstrip(".")).lower()
            exact = test.get("match_count") if least == 0 else test.get("max_match_count")
            most = None if exact is None else int(exact)
            yield Case(str(test.get("name") or info.parent.name), rules, path, kind, int(least), most, info)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise TwslaError(f"the test {info} cannot be read: {type(error).__name__}: {error}") from error


def _beside(info: Path, rules: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Files of events that have the id of a rule for a name, where no test is described."""
    found = (path for rule, _ in rules for path in sorted(info.parent.glob(f"{rule}.*")) if path.suffix != ".json")
    return [{"path": path.name} for path in found]


def _located(info: Path, named: str) -> Path:
    """The file of events: as it is named, from a directory above, or of the same name beside the description."""
    path = Path(named)
    if path.is_absolute():
        return path
    for folder in (info.parent, *info.parent.parents):
        if (folder / path).exists():
            return folder / path
    return info.parent / path.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rule did in a case."""

    case: Case
    rule: str
    """Its id."""
    title: str
    found: int
    """Records it found."""
    problem: str = ""
    """Why it could not be tried."""

    @property
    def passed(self) -> bool:
        """Whether it found what was expected."""
        too_many = self.case.most is not None and self.found > self.case.most
        return not self.problem and self.found >= self.case.least and not too_many


def judge(cases: Sequence[Case], plan: Plan, reader: Reader, progress: Progress) -> list[Verdict]:
    """Run the rules over the events of all cases, which the records' sources tell apart."""
    from twsla.sigma.detecting import Detector

    wanted = {rule for case in cases for rule, _ in case.rules}
    numbers = [number for number, bound in enumerate(plan.rules) if bound.about.id in wanted]
    found: dict[tuple[str, str], int] = {}
    for each in Detector(plan, reader, progress).run(numbers, extra=("source",)):
        sources = [name for piece in each.batch.place for name in piece.column("source").to_pylist()]
        for number, rows in each.hits:
            for row in rows.tolist():
                key = (plan.rules[number].about.id, sources[row])
                found[key] = found.get(key, 0) + 1
    known = {plan.rules[number].about.id for number in numbers}
    refused = {each.about.id: each.reason for each in plan.refused}
    verdicts = []
    for case in cases:
        for rule, title in case.rules:
            problem = "" if rule in known else refused.get(rule, "there is no such rule")
            if not case.path.exists():
                problem = f"there is no file {case.path}"
            verdicts.append(Verdict(case, rule, title, found.get((rule, str(case.path)), 0), problem))
    return verdicts
