"""A text as tokens, with what is a variable by its looks alone as ``<*>``.

The text comes with every run of digits as one ``0``. A token is a word or a separator, and whether a blank is before
it, so that a template reads as the record does.
"""

from __future__ import annotations

import re
from typing import Final

Token = tuple[str, bool]

WILD: Final = "<*>"
MOST_TOKENS: Final = 96
"""Of a text; what comes behind is one ``<*>``."""
_TOKEN: Final = re.compile(r"""(\s*)([^\s=,;:()\[\]{}<>"'|]+|\S)""")
_RUN: Final = re.compile("[A-Za-z0-9]+")
_HEX_WORD: Final = re.compile("[0-9a-f]{8,}")
_HEX_LETTERS: Final = frozenset("abcdefABCDEF")
_SHORTEST_NAME: Final = 3
"""Letters before a number that are kept although all of them are hexadecimal digits: ``bad0`` but not ``ab0``."""
_NEIGHBOURS: Final = re.compile(r"<\*>(?:[.\-/_@#+~$]*<\*>)+")
_SIGN: Final = re.compile(r"(?<![A-Za-z0-9])-<\*>")
_GLUE: Final = frozenset(":,|-/+@#._~")
"""Tokens between two variables that make them one: the parts of an address, of a date, of a list."""
_LONGEST_REPEAT: Final = 6


class Tokenizer:
    """Splits texts; remembers words, of which there are few."""

    def __init__(self) -> None:
        self._words: dict[str, tuple[Token, Token]] = {}

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text, variables that stand together as one."""
        found: list[Token] = []
        for match in _TOKEN.finditer(text):
            blank, word = match.groups()
            tokens = self._words.get(word)
            if tokens is None:
                masked = mask_word(word)
                tokens = self._words[word] = ((masked, False), (masked, True))
            found.append(tokens[bool(blank)])
        whole = squeeze(found)
        return whole if len(whole) <= MOST_TOKENS else squeeze([*whole[:MOST_TOKENS], (WILD, True)])


def mask_word(word: str) -> str:
    """The word with its variable parts as ``<*>``; the whole of it for paths, host names and identifiers.

    A number directly behind a name leaves the name (``node-0`` and ``eth0`` give ``node-<*>`` and ``eth<*>``).
    """
    if "\\" in word or word.count("/") > 1 or _is_dotted_name(word):
        return WILD
    if "0" not in word:
        return WILD if _HEX_WORD.fullmatch(word) else word
    if any(any(map(str.isalpha, between)) for between in word.split("0")[1:-1]):
        return WILD
    masked = _RUN.sub(lambda run: _mask_run(run[0]), word)
    return _SIGN.sub(WILD, _NEIGHBOURS.sub(WILD, masked))


def _is_dotted_name(word: str) -> bool:
    """A host name, a package or an address, but no class (``java.io.IOException``): that says what happened."""
    parts = word.rstrip(".").split(".")
    if len(parts) < 3 or not all(parts) or not (word[0].isalnum() or word[0] in "_@/"):
        return False
    return "0" in word or not any(map(str.isupper, word))


def _mask_run(run: str) -> str:
    if "0" not in run:
        return run
    name = run[:-1]
    if run[-1] == "0" and "0" not in name and (len(name) >= _SHORTEST_NAME or not _HEX_LETTERS.issuperset(name)):
        return name + WILD
    return WILD


def squeeze(tokens: list[Token]) -> list[Token]:
    """Variables that stand together as one, an empty ``()`` behind a blank as ``(<*>)``, and lists as one element."""
    joined: list[Token] = []
    for token in tokens:
        if token[0] == WILD:
            end = len(joined)
            while end and joined[end - 1][0] in _GLUE:
                end -= 1
            if end and joined[end - 1][0] == WILD:
                del joined[end:]
                continue
        elif token[0] == ")" and joined and joined[-1] == ("(", True):
            joined.append((WILD, False))
        joined.append(token)
    _drop_repeats(joined)
    return joined


def _drop_repeats(tokens: list[Token]) -> None:
    """``blk_<*> blk_<*> blk_<*>`` is one ``blk_<*>``: whatever holds a variable and comes again at once goes."""
    for length in range(1, _LONGEST_REPEAT + 1):
        start = 0
        while start + 2 * length <= len(tokens):
            if tokens[start][0] == tokens[start + length][0] and _is_repeat(tokens, start, length):
                del tokens[start + length : start + 2 * length]
            else:
                start += 1


def _is_repeat(tokens: list[Token], start: int, length: int) -> bool:
    words = [word for word, _ in tokens[start : start + length]]
    again = [word for word, _ in tokens[start + length : start + 2 * length]]
    return words == again and any(WILD in word for word in words)


def is_plain(word: str) -> bool:
    """Whether a token is a word with letters, not a separator and not ``<*>``."""
    return word != WILD and any(map(str.isalpha, word))


def text_of(tokens: list[Token]) -> str:
    """The template as text."""
    return "".join(f" {word}" if blank and at else word for at, (word, blank) in enumerate(tokens))
