"""What RE2 does not accept is told in our words, whichever library is asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from twsla.errors import UsageError
from twsla.model.filters import regex_filter, simple_filter
from twsla.query.re2_check import check_filters

REFUSED = [
    ("(", "a '(' is not closed at character 1"),
    ("a(b[)]", "a '(' is not closed at character 2"),
    ("(a)b)", "a ')' closes nothing at character 5"),
    (r"\(a)", "a ')' closes nothing at character 4"),
    ("x[a", "a '[' is not closed at character 2"),
    ("*a", "there is nothing for '*' to repeat at character 1"),
    ("a**", "'**' repeats a repetition at character 2"),
    ("a{1001}", "'{1001}' repeats more than 1000 times"),
    ("[z-a]", "'z-a' is no range of characters at character 2"),
    ("a(?=b)", "RE2 cannot look ahead or back at character 2"),
    ("(?<!b)a", "RE2 cannot look ahead or back at character 1"),
    (r"(a)\1", r"RE2 cannot refer back to a group ('\1') at character 4"),
    (r"a\Z", r"'\Z' is nothing RE2 knows at character 2"),
    ("a\\", "a '\\' stands at its end"),
]


@pytest.mark.parametrize("ignore_case", [False, True])
@pytest.mark.parametrize(("source", "why"), REFUSED)
def test_a_refused_expression_is_explained(source: str, why: str, ignore_case: bool) -> None:
    with pytest.raises(UsageError) as raised:
        check_filters([regex_filter(source, ignore_case=ignore_case)])

    assert raised.value.message.startswith(f"the regular expression '{source}' cannot be used: {why}")
    assert raised.value.hint


def test_duckdb_gives_the_same_explanations_and_nothing_else_is_loaded() -> None:
    code = f"""
import sys
from twsla.errors import UsageError
from twsla.model.filters import regex_filter
from twsla.query.where import check_filters, compile_where
assert not {{"duckdb", "_duckdb", "pyarrow", "numpy"}} & set(sys.modules)
for source, why in {REFUSED!r}:
    try:
        check_filters([regex_filter(source)])
    except UsageError as error:
        assert why in error.message, (source, error.message)
    else:
        raise AssertionError(source)
check_filters([regex_filter("a(b|c)+")])
assert not {{"duckdb", "pyarrow", "numpy"}} & set(sys.modules)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_simple_filters_and_keywords_are_not_asked_about() -> None:
    check_filters([simple_filter("("), simple_filter("#IP"), simple_filter("[a*\\")])
