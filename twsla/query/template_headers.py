"""Where the message of a record begins: behind stamp, numbers, level, host and component.

The first are known by their looks. A host and a component are words like those of a message, so they count as such
only if nearly all records that begin alike have them at that place: ``LabSZ sshd[1]: …``, ``RAS KERNEL INFO …``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from twsla.query.template_tokens import WILD, is_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.query.template_tokens import Token

_LEVEL: Final = re.compile(
    "(?i:trace|debug|info|information|notice|warn|warning|err|error|crit|critical|alert|emerg|emergency|fatal|severe"
    "|panic|failure|fine|finer|finest|verbose)"
)
_LEVEL_LETTER: Final = re.compile("[VDIWEF]")
_PUNCTUATION: Final = re.compile(r"[-|*#.,<>]+")
_CLOSING: Final = {"[": "]", "(": ")"}
_LONGEST_BRACKET: Final = 40
_LONGEST_IDENTIFIER: Final = 8
"""Tokens in the brackets behind a component: ``sshd(pam_unix)[<*>]:``."""
_MOST_WORDS: Final = 3
"""Words before a level: type and component of ``RAS KERNEL INFO``."""
_NEARLY_ALL: Final = 0.9


def message_starts(texts: Sequence[list[Token]], counts: Sequence[int]) -> list[int]:
    """Of each text the index of the token at which its message begins; 0 where there would be no message.

    Args:
        texts: Tokens of each.
        counts: How many records each stands for.
    """
    leads = [_lead(tokens) for tokens in texts]
    groups: dict[tuple[str, ...], _Group] = defaultdict(_Group)
    for tokens, (end, kinds), count in zip(texts, leads, counts, strict=True):
        groups[kinds].add(tokens, end, count)
    starts = [groups[kinds].start(tokens, end) for tokens, (end, kinds) in zip(texts, leads, strict=True)]
    return [start if start < len(tokens) else 0 for start, tokens in zip(starts, texts, strict=True)]


def is_level(word: str) -> bool:
    """Whether a word is a severity."""
    return _LEVEL.fullmatch(word) is not None


def _lead(tokens: list[Token]) -> tuple[int, tuple[str, ...]]:
    """How many tokens at the beginning are stamp, number, level, brackets; and which of them they are."""
    at = 0
    kinds: list[str] = []
    while at < len(tokens):
        word = tokens[at][0]
        if word == WILD or _PUNCTUATION.fullmatch(word):
            kinds.append(word)
        elif kinds and _is_level_at(tokens, at):
            kinds.append("level")
        elif word == "[" and (close := _closing(tokens, at, _LONGEST_BRACKET)):
            kinds.append("[]")
            at = close
        else:
            break
        at += 1
    return at, tuple(kinds)


def _is_level_at(tokens: list[Token], at: int) -> bool:
    """``error: …`` and ``error=…`` begin a message; a single letter is a level only where a blank follows."""
    word = tokens[at][0]
    word_behind, blank_behind = tokens[at + 1] if at + 1 < len(tokens) else ("", True)
    if word_behind in (":", "="):
        return False
    return is_level(word) or (blank_behind and _LEVEL_LETTER.fullmatch(word) is not None)


def _closing(tokens: list[Token], at: int, reach: int) -> int | None:
    """Index of the bracket that closes the one at ``at``."""
    opening, closing = tokens[at][0], _CLOSING[tokens[at][0]]
    depth = 0
    for index in range(at, min(len(tokens), at + reach)):
        depth += (tokens[index][0] == opening) - (tokens[index][0] == closing)
        if not depth:
            return index
    return None


def _behind_component(tokens: list[Token], at: int) -> int | None:
    """Index behind a component and its colon at ``at``: ``name:``, ``name[<*>]:``, ``name(module)[<*>]:``."""
    if at >= len(tokens) or not is_plain(tokens[at][0]):
        return None
    at += 1
    while at < len(tokens) and tokens[at] in (("[", False), ("(", False)):
        close = _closing(tokens, at, _LONGEST_IDENTIFIER)
        if close is None:
            return None
        at = close + 1
    if at < len(tokens) and tokens[at] == (":", False) and (at + 1 == len(tokens) or tokens[at + 1][1]):
        return at + 1
    return None


@dataclass(slots=True)
class _Group:
    """Texts that begin alike, and how many of their records have what behind the lead."""

    records: int = 0
    components: int = 0
    hosts: int = 0
    """Records with a component behind one word."""
    levels: Counter[int] = field(default_factory=Counter)
    """By the number of words before the level."""

    def add(self, tokens: list[Token], lead: int, count: int) -> None:
        """Count what a text has behind its lead."""
        self.records += count
        self.components += count * (_behind_component(tokens, lead) is not None)
        self.hosts += count * (_behind_component(tokens, lead + 1) is not None)
        for words in range(1, _MOST_WORDS + 1):
            if lead + words < len(tokens) and is_level(tokens[lead + words][0]):
                self.levels[words] += count

    def start(self, tokens: list[Token], lead: int) -> int:
        """Where the message of one of the texts begins."""
        enough = _NEARLY_ALL * self.records
        for words in range(1, _MOST_WORDS + 1):
            if self.levels[words] >= enough:
                has_level = lead + words < len(tokens) and is_level(tokens[lead + words][0])
                return lead + words + 1 if has_level else lead
        if not lead:
            return 0
        if self.hosts >= enough:
            return _behind_component(tokens, lead + 1) or lead + 1
        if self.components >= enough:
            return _behind_component(tokens, lead) or lead
        return lead
