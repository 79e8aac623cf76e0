from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.sources.globs import Choice, matches


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.log", "a.log", True),
        ("*.log", "var/log/a.log", True),
        ("*.log", "a.log.gz", False),
        ("*.LOG", "a.log", False),
        ("*", ".hidden", True),
        ("messages.[0-9]", "var/messages.3", True),
        ("messages.[!0-9]", "var/messages.3", False),
        ("?.log", "ab.log", False),
        ("log/*", "log/a", True),
        ("log/*", "./log/a", True),
        ("/log/*", "log/a", True),
        ("log/*", "log/a/b", False),
        ("log/*", "var/log/a", False),
        ("**/log/*", "var/log/a", True),
        ("**/log/*", "log/a", True),
        ("log/**", "log/a/b/c", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y/c", False),
        ("**/**/**/x", "a/b/c/d/e", False),
        ("[", "[", True),
    ],
)
def test_one_meaning_of_a_pattern(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path) is expected


@given(st.text("ab*?[]!-.", max_size=8), st.text("ab.[]-!", min_size=1, max_size=8).filter(lambda name: name != "."))
def test_a_pattern_without_slash_is_the_shells(pattern: str, name: str) -> None:
    assert matches(pattern, f"any/where/{name}") is fnmatchcase(name, pattern)


def test_a_hostile_path_and_pattern_take_no_time() -> None:
    assert not matches("**/*a*/" * 30 + "x", "aaaa/" * 200 + "y")


def test_what_is_in_an_excluded_directory_is_excluded() -> None:
    choice = Choice(None, ("cache", "var/tmp"))

    assert choice.refuses("a/cache/b/c")
    assert choice.refuses("var/tmp/x")
    assert not choice.refuses("x/var/tmp/x")
    assert not choice.refuses("var/log/x")
