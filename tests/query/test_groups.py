"""Groups of regular expressions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from tests.query.expressions import REGEX, as_python
from twsla.query.groups import groups_of, only_group, tokens

ODD = r"a(b)(?:c)(?P<n>d(e))(?i)(f)[(](g\))[]()]\Q(\E(?i:x(y))[[:alpha:](]\((?<m>z)"


def test_groups_are_found_whatever_stands_around_them() -> None:
    assert [(group.index, group.name, group.inner) for group in groups_of(ODD)] == [
        (1, "", "b"),
        (2, "n", "d(e)"),
        (3, "", "e"),
        (4, "", "f"),
        (5, "", r"g\)"),
        (6, "", "y"),
        (7, "m", "z"),
    ]


@pytest.mark.parametrize("index", range(8))
def test_one_group_is_left(index: int) -> None:
    left = groups_of(only_group(ODD, index))

    assert len(left) == (index > 0)


@given(REGEX)
def test_they_are_those_that_python_counts(expression: str) -> None:
    compiled = as_python(expression)

    assert "".join(token[0] for token in tokens(expression)) == expression
    assert [group.index for group in groups_of(expression)] == list(range(1, compiled.groups + 1))
    assert re.compile(only_group(as_python(expression).pattern, 0)).groups == 0
