"""What an archive reader is given and what it gives: members with a name as the archive has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.sources.base import Problem, ProblemKind, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.sources.base import Limits
    from twsla.sources.budget import Budget
    from twsla.sources.content import Content

_LONGEST_LABEL = 4096


class Refused(Exception):
    """An archive, or a member of it, cannot be read at all."""

    def __init__(self, kind: ProblemKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in an archive."""

    name: str
    """As the archive has it, bytes that are no text as surrogate escapes."""
    content: Content


@dataclass(slots=True)
class Archive:
    """One archive being read."""

    name: str
    """Printable, complete."""
    limits: Limits
    budget: Budget
    password: str | None
    report: Callable[[Problem], None]
    matters: Callable[[str], bool]
    """Whether a member, by its name in the archive, is one that the user wants, or may hold such."""
    troubled: bool = False
    """Whether a problem was reported."""
    entries: int = 0
    """Entries seen so far, of whatever kind."""
    _labels: dict[str, int] = field(default_factory=dict)

    def label(self, member: str) -> str:
        """The printable, complete name of a member; a name that occurred before gets a number."""
        text = printable(member).removeprefix("./") or "(no name)"
        if len(text) > _LONGEST_LABEL:
            text = text[:_LONGEST_LABEL] + "…"
        label, count = text, self._labels.get(text, 0)
        while label in self._labels:
            count += 1
            label = f"{text}#{count}"
        self._labels[label] = 1
        if count:
            self._labels[text] = count
        return f"{self.name}!{label}"

    def problem(self, kind: ProblemKind, sentence: str, member: str | None = None) -> None:
        """Report a problem of the archive, or of a member that is not delivered, if anybody wants that."""
        self.troubled = True
        if member is None:
            self.report(Problem(self.name, kind, sentence))
        elif self.matters(member):
            self.report(Problem(self.label(member), kind, sentence))

    def count_entry(self) -> None:
        """Count one entry.

        Raises:
            Refused: there are more than the limit allows.
        """
        self.entries += 1
        if self.entries > self.limits.members:
            raise Refused(ProblemKind.LIMIT, f"holds more than {self.limits.members:,} entries; the rest is not read")
