"""Records, errors and warnings in numbers, with the patterns of errors: ``get_log_summary``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from twsla.errors import UsageError
from twsla.model.levels import ERROR_WORDS, WARNING_WORDS, words_re2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.mcp.tools import Working
    from twsla.query.engine import Engine

_WORD = re.compile(r"[\w-]{1,40}")
_MOST_WORDS = 100
_TOTALS = """
SELECT coalesce(sum(rows), 0)::BIGINT, coalesce(sum(rows) FILTER (is_error), 0)::BIGINT,
    coalesce(sum(rows) FILTER (is_warning AND NOT is_error), 0)::BIGINT, min(first), max(last)
FROM (
    SELECT rows, first, last, regexp_matches(words, '{error}') AS is_error,
        regexp_matches(words, '{warning}') AS is_warning
    FROM (
        SELECT coalesce(shape, regexp_replace(text, '[0-9]+', '0', 'g')) AS words, count(*) AS rows,
            min(epoch_ns(ts)) AS first, max(epoch_ns(ts)) AS last
        FROM records GROUP BY 1
    )
)
"""
"""No expression here looks at a digit, so a shape tells of all its texts."""


def summary_of(
    engine: Engine, top: int, error_words: Sequence[str], warning_words: Sequence[str], working: Working
) -> dict[str, Any]:
    """The summary as clients get it: whole numbers, and a time range that is null where nothing is dated.

    Args:
        engine: For the records to look at.
        top: Patterns of errors.
        error_words: What makes a record an error; none: the words of level ERROR. A given word counts inside of
            others too, as it did in earlier versions.
        warning_words: The same of warnings that are no errors.
        working: The call.

    Raises:
        UsageError: A word is none.
    """
    error, warning = _expression(error_words, ERROR_WORDS), _expression(warning_words, WARNING_WORDS)
    total, errors, warnings, first, last = engine.fetch(_TOTALS.format(error=error, warning=warning))[0]
    working.progress.check()
    period = None if first is None else f"{_second(first, engine)} to {_second(last, engine)}"
    return {
        "Total": total,
        "Errors": errors,
        "Warnings": warnings,
        "TimeRange": period,
        "TopNErrorPattern": _patterns(engine, error, top, working) if errors else [],
    }


def _expression(given: Sequence[str], usual: tuple[str, ...]) -> str:
    """RE2 without quotes and digits, so that it can stand in SQL and be asked of shapes.

    Raises:
        UsageError: A word has other characters than letters, ``_`` and ``-``.
    """
    if not given:
        return words_re2(usual)
    for word in given[: _MOST_WORDS + 1]:
        if len(given) > _MOST_WORDS or not _WORD.fullmatch(word) or any(char.isdigit() for char in word):
            raise UsageError(f"'{word[:40]}' is no word", hint=f"give at most {_MOST_WORDS} words of letters, _ and -")
    return f"(?i)(?:{'|'.join(given)})"


def _second(ns: int, engine: Engine) -> str:
    from twsla.render.timetext import time_text

    return time_text(ns, engine.query.zone)[:19].replace("T", " ")


def _patterns(engine: Engine, error: str, top: int, working: Working) -> list[dict[str, Any]]:
    """The most frequent patterns of the records that match, each with an example."""
    from twsla.model.filters import FilterSet, regex_filter
    from twsla.query.templates import template_key

    narrowed = engine.narrowed(FilterSet((regex_filter(error),)))
    key = template_key(narrowed)
    working.progress.check()
    found = narrowed.fetch(
        f"SELECT {key.expression} AS pattern, count(*) AS rows, min(text) FROM records {key.join} "  # noqa: S608  # ours
        f"GROUP BY pattern ORDER BY rows DESC, pattern LIMIT {int(top)}"
    )
    return [{"Pattern": pattern, "Count": rows, "Example": example} for pattern, rows, example in found]
