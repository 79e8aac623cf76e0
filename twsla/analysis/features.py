"""What records are counted by, for ``anomaly``: SQL that turns a text into numbers.

A mode says which text of a record is looked at (the key: many records share one), and the numbers made of it. The
classic ones are those of the original program, exactly; the others see through URL encoding and letter case, and take
words as whole words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SQL_WORDS: Final = (
    "&#039", "*", ";", "%20", "--", "select", "delete", "create", "drop", "alter", "insert", "update", "set", "from",
    "where", "union", "all", "like", "and", "&", "or", "|", "user", "username", "passwd", "id", "admin",
    "information_schema",
)  # fmt: skip
OS_WORDS: Final = (
    "rm%20", "cat%20", "wget%20", "curl%20", "sudo%20", "ssh%20", "usermod%20", "useradd%20", "grep%20", "ls%20", ";",
    "|", "&", "/bin", "/dev", "/home", "/lib", "/misc", "/opt", "/root", "/tftpboot", "/usr", "/boot", "/etc",
    "/initrd", "/lost+found", "/mnt", "/proc", "/sbin", "/tmp", "/var",  # noqa: S108  # looked for in texts
)  # fmt: skip
DIR_WORDS: Final = (
    "../", "..\\", ":\\", "/bin", "/dev", "/home", "/lib", "/misc", "/opt", "/root", "/tftpboot", "/usr", "/boot",
    "/etc/", "/initrd", "/lost+found", "/mnt", "/proc", "/sbin", "/tmp", "/var",  # noqa: S108  # looked for in texts
)  # fmt: skip
WORDS: Final = {"sql": SQL_WORDS, "os": OS_WORDS, "dir": DIR_WORDS}
SHAPE: Final = "coalesce(shape, regexp_replace(text, '[0-9]+', '0', 'g'))"


@dataclass(frozen=True, slots=True)
class Mode:
    """How records become vectors."""

    key: str
    """SQL over ``records``: the text that decides the vector; NULL where a record does not fit."""
    features: tuple[tuple[str, str], ...] = ()
    """Name, and SQL over ``key`` that gives a number."""


def count_sql(word: str, column: str = "key") -> str:
    """SQL: how often a word of ours is in a text, not overlapping."""
    return f"((strlen({column}) - strlen(replace({column}, {_quoted(word)}, ''))) / {len(word)}.0)"


def keyword_mode(words: tuple[str, ...], *, classic: bool) -> Mode:
    """Counts of keywords."""
    if classic:
        return Mode("text", tuple((word, count_sql(word)) for word in words))
    features = [(word.replace("%20", " "), _found_sql(word)) for word in words if word != "%20"]
    # What is still encoded after that was encoded three times.
    return Mode(_decoded("text"), (*features, ("%", count_sql("%"))))


def _found_sql(word: str) -> str:
    if word.isascii() and word.replace("_", "").isalpha():
        return _matches_sql(rf"\b{word}\b")
    if word.endswith("%20"):
        return _matches_sql(rf"\b{word[:-3]}[\s+]")
    return count_sql(re.sub("[0-9]+", "0", word))


def _matches_sql(re2: str) -> str:
    return f"len(regexp_extract_all(key, {_quoted(re2)}))"


def _decoded(column: str) -> str:
    """SQL: lower case, URL encoding undone twice, each number a 0."""
    once = f"coalesce(TRY(url_decode({column})), {column})"
    twice = f"coalesce(TRY(url_decode({once})), {once})"
    folded = f"regexp_replace(lower({twice}), '[0-9]+', '0', 'g')"
    return f"CASE WHEN contains({column}, '%') THEN {folded} ELSE lower({SHAPE}) END"


_ALPHANUMERIC: Final = "[A-Za-z0-9]"
_RUNS: Final = "regexp_extract_all(key, '[^A-Za-z0-9]+')"
_URL: Final = r"regexp_extract(key, '^\s*\S+\s+(\S+)', 1)"
_PATH: Final = f"CASE WHEN contains({_URL}, '?') THEN split_part({_URL}, '?', 1) ELSE '' END"
_QUERY: Final = f"CASE WHEN contains({_URL}, '?') THEN substr({_URL}, strpos({_URL}, '?') + 1) ELSE '' END"


def _odd(text: str) -> str:
    return f"strlen(regexp_replace({text}, '{_ALPHANUMERIC}', '', 'g'))"


def _first(mark: str) -> str:
    """Bytes before the first; -1: there is none."""
    return f"CASE WHEN contains(key, '{mark}') THEN strlen(split_part(key, '{mark}', 1)) ELSE -1 END"


def _either(code: str) -> str:
    return f"({count_sql(code.upper())} + {count_sql(code.lower())})"


def access_mode() -> Mode:
    """29 numbers about the request of an access log: the text between the first two quotes.

    They tell encoded from plain characters themselves, so there is one form of them only.
    """
    request = "CASE WHEN contains(text, '\"') THEN split_part(text, '\"', 2) END"
    features = [
        ("first %", _first("%")),
        ("first :", _first(":")),
        *((mark, count_sql(mark)) for mark in ":(;%/'<?.#"),
        *((code, _either(code)) for code in ("%3D", "%2F", "%5C")),
        *((code, count_sql(code)) for code in ("%25", "%20")),
        ("POST", "CASE WHEN starts_with(key, 'POST') THEN 1 ELSE 0 END"),
        ("odd characters in path", _odd(_PATH)),
        ("odd characters in query", _odd(_QUERY)),
        ("longest run of odd characters", f"coalesce(list_max(list_transform({_RUNS}, lambda run: strlen(run))), 0)"),
        ("odd characters", _odd("key")),
        *((pair, count_sql(pair)) for pair in ("/%", "//", "/.", "..", "=/", "./", "/?")),
    ]
    return Mode(request, tuple(features))


def number_key(extract: str) -> str:
    """SQL: the numbers of a text as a list; NULL where a record lacks what stands before or behind them.

    Args:
        extract: ``A*B``: those behind the first A and before the next B; ``A``: behind it; empty: all.
    """
    before, star, behind = extract.partition("*")
    text, fits = "text", "true"
    if before:
        fits = "contains(text, $before)"
        text = "substr(text, strpos(text, $before) + length($before))"
    if star and behind:
        fits += f" AND contains({text}, $behind)"
        text = f"left({text}, strpos({text}, $behind) - 1)"
    numbers = f"list_transform(regexp_extract_all({text}, '[-+0-9.]+'), lambda each: TRY_CAST(each AS DOUBLE))"
    finite = f"list_filter({numbers}, lambda each: each IS NOT NULL AND isfinite(each))"
    return f"CASE WHEN {fits} THEN {finite} END"


def number_params(extract: str) -> dict[str, object]:
    """What the SQL of ``number_key`` needs."""
    before, star, behind = extract.partition("*")
    return {name: value for name, value in (("before", before), ("behind", behind if star else "")) if value}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
