"""How grave a record is, by the words in it.

Words, not parts of words: ``failover`` and ``alertmanager`` are no errors. No expression looks at a digit, so that a
shape has the level of all its texts.
"""

from __future__ import annotations

from typing import Final

ERROR_WORDS: Final = (
    "emerg", "emergency", "panic", "panicked", "alert", "crit", "critical", "fatal", "severe", "err", "error", "errors",
    "fail", "fails", "failed", "failure", "failures", "denied", "exception",
)  # fmt: skip
WARNING_WORDS: Final = ("warn", "warning", "warnings")
DEBUG_WORDS: Final = ("debug", "trace", "verbose")
LEVELS: Final = ("ERROR", "WARN", "DEBUG", "INFO")
"""From the gravest; what has none of the words is INFO."""


def words_re2(words: tuple[str, ...]) -> str:
    """RE2 that finds one of the words in a text, whatever its case."""
    return rf"(?i)(?:^|[^A-Za-z])(?:{'|'.join(words)})(?:[^A-Za-z]|$)"


PATTERNS: Final = (
    ("ERROR", words_re2(ERROR_WORDS)),
    ("WARN", words_re2(WARNING_WORDS)),
    ("DEBUG", words_re2(DEBUG_WORDS)),
)
"""Level and RE2, the gravest first."""


def level_sql(column: str) -> str:
    """SQL that gives the level of a text or of a shape; our own constants only."""
    cases = " ".join(f"WHEN regexp_matches({column}, '{re2}') THEN '{level}'" for level, re2 in PATTERNS)
    return f"CASE {cases} ELSE 'INFO' END"
