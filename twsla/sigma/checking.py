"""What is wrong with rules, all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.sigma.compiling import compile_document
from twsla.sigma.files import documents_of
from twsla.sigma.rules import Correlation, Filter, Refused, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from twsla.sigma.files import RuleFile
    from twsla.sigma.logsources import Mapping as LogSources
    from twsla.sigma.rules import Document

Severity = str
FAULT: Final = "fault"
"""The rule does not run, or not as its author meant."""
HINT: Final = "hint"
"""It runs; something about it is not as the specification has it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    path: str
    document: int
    rule: str
    severity: Severity
    text: str


def check_files(
    files: Iterable[RuleFile], values: Mapping[str, Sequence[str]], mapping: LogSources
) -> tuple[list[Finding], int]:
    """Everything that is wrong with some files, and the number of documents that were looked at."""
    findings: list[Finding] = []
    ids: dict[str, str] = {}
    count = 0
    references: list[tuple[Document, str]] = []
    names: set[str] = set()
    for file in files:
        documents = documents_of(file)
        if isinstance(documents, str):
            findings.append(Finding(str(file.path), 1, str(file.path), FAULT, documents))
            continue
        for number, given in documents:
            count += 1
            made = compile_document(given, str(file.path), number, values)
            findings.extend(_of_document(made, given, mapping, ids))
            names |= {name for name in (made.about.id, made.about.name, made.about.title) if name}
            references.extend((made, name) for name in _references(made))
    for made, name in references:
        if name not in names:
            findings.append(_finding(made, FAULT, f"it refers to '{name}', which is not among these rules"))
    return findings, count


def _references(made: Document) -> tuple[str, ...]:
    return made.rules if isinstance(made, Correlation | Filter) else ()


def _of_document(made: Document, given: Any, mapping: LogSources, ids: dict[str, str]) -> Iterator[Finding]:
    reasons: dict[str, Severity] = {}
    if isinstance(made, Refused):
        reasons[made.reason] = FAULT
    for text in _errors(given):
        reasons.setdefault(text, FAULT)
    if isinstance(given, dict):
        if not made.about.id:
            reasons["it has no id"] = FAULT
        elif made.about.id in ids:
            reasons[f"its id is that of {ids[made.about.id]}"] = FAULT
        else:
            ids[made.about.id] = made.about.path
    if isinstance(made, Rule):
        reasons.update(dict.fromkeys(_hints(made, mapping), HINT))
        if "level" not in given:
            reasons["it has no level"] = HINT
    for text, severity in reasons.items():
        yield _finding(made, severity, text)


def _hints(rule: Rule, mapping: LogSources) -> Iterator[str]:
    if rule.logsource.is_empty:
        yield "it names no log source: it is tried on every record"
        return
    _, why = mapping.scopes_for(rule.logsource)
    if why:
        yield f"it is not run: {why}"


def _errors(given: Any) -> Iterator[str]:
    """All that pySigma has to say."""
    from sigma.correlations import SigmaCorrelationRule
    from sigma.exceptions import SigmaError
    from sigma.filters import SigmaFilter
    from sigma.rule import SigmaRule

    if not isinstance(given, dict):
        return
    kind: Any = SigmaCorrelationRule if "correlation" in given else SigmaFilter if "filter" in given else SigmaRule
    try:
        errors = kind.from_dict(given, collect_errors=True).errors
    except (SigmaError, TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError):
        return  # compiling it said so
    for error in errors:
        yield str(error).strip().partition("\n")[0].rstrip(".")


def _finding(made: Document, severity: Severity, text: str) -> Finding:
    return Finding(made.about.path, made.about.document, made.about.shown, severity, text)
