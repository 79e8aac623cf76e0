"""Filters: what the command line's texts become. What they match is tested with both engines in tests/query."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.model.filters import FilterKind, FilterSet, parse_filters, quoted, regex_filter, simple_filter


def parsed(
    *arguments: str, simple: str = "", regex: str = "", inverted: str = "", ignore_case: bool = False
) -> FilterSet:
    return parse_filters(simple=simple, regex=regex, inverted=inverted, arguments=arguments, ignore_case=ignore_case)


def test_no_text_is_no_filter() -> None:
    assert not parsed()
    assert not parsed("", "")
    assert FilterSet() == parsed("")


def test_all_sources_are_joined_and_a_caret_negates_arguments_only() -> None:
    found = parsed("a", "^b", simple="^c", regex="^d", inverted="e")

    assert [(each.source, each.kind, each.negative) for each in found] == [
        ("^d", FilterKind.REGEX, False),
        ("^c", FilterKind.SIMPLE, False),
        ("a", FilterKind.SIMPLE, False),
        ("b", FilterKind.SIMPLE, True),
        ("e", FilterKind.REGEX, True),
    ]
    assert found.filters[1].literal == "^c"


def test_a_lone_caret_is_explained() -> None:
    with pytest.raises(UsageError, match=r"'\^'") as raised:
        parsed("^")

    assert raised.value.hint


@pytest.mark.parametrize(
    ("source", "literal", "at_end"),
    [
        ("fail", "fail", False),
        ("end$", "end", True),
        ("x$$", "x", True),
        (r"\d+", r"\d+", False),
        (r"a\*b\?", "a*b?", False),
        (r"C:\Windows\System32", r"C:\Windows\System32", False),
        (r"C:\\Users", r"C:\\Users", False),
        (r"C:\$Recycle.Bin", r"C:\$Recycle.Bin", False),
        (r"\\host\ADMIN\$", r"\\host\ADMIN$", False),
        (r"cost\$$", "cost$", True),
        (r"x$\$", "x$$", False),
        (r"dir\\$", "dir\\", True),
        ("a$b", "a$b", False),
        ("$", "", True),
        ("#nothing", "#nothing", False),
        (r"\#ip", "#ip", False),
        (r"\\#IP", r"\#IP", False),
        ("#ip$", "#ip", True),
        ("^abc", "^abc", False),
    ],
)
def test_simple_filters_that_are_plain_text(source: str, literal: str, at_end: bool) -> None:
    found = simple_filter(source)

    assert (found.kind, found.literal, found.at_end) == (FilterKind.SIMPLE, literal, at_end)


@pytest.mark.parametrize(
    ("source", "re2"),
    [
        ("Message*", "Message.*"),
        ("user ?oot", "user .oot"),
        ("a*b$", r"a.*b\z"),
        (r"C:\Windows\\*", r"C:\\Windows\\.*"),
        (r"a\\\*b?", r"a\\\*b."),
        ("*", ".*"),
        ("日本*語", "日本.*語"),
    ],
)
def test_simple_filters_with_wildcards(source: str, re2: str) -> None:
    found = simple_filter(source)

    assert found.re2 == re2
    assert found.literal is None


@pytest.mark.parametrize("text", ["#IP", "#ip", "#Local_IP", "#ipv6", "#PHONE_INTL"])
def test_keywords_in_any_case(text: str) -> None:
    assert simple_filter(text).kind is FilterKind.KEYWORD


def test_case_is_ignored_in_all_filters_when_asked() -> None:
    found = parsed("A", "^#mac", simple="b*", regex="c", inverted="(?i)d", ignore_case=True)

    assert [each.re2[:4] for each in found] == ["(?i)"] * 5
    assert found.filters[-1].re2 == "(?i)d"
    assert all(each.ignore_case for each in found)


def test_named_groups_are_written_so_that_both_engines_know_them() -> None:
    assert regex_filter(r"(?<a>x)(?P<b>y)").re2 == "(?P<a>x)(?P<b>y)"
    assert regex_filter(r"\(?<a>[(?<b>](?<=x)\Q(?<c>\E").re2 == r"\(?<a>[(?<b>](?<=x)\Q(?<c>\E"


@given(text=st.text(), other=st.text())
def test_a_quoted_text_matches_itself_alone(text: str, other: str) -> None:
    assert re.fullmatch(quoted(text), text)
    assert (re.fullmatch(quoted(text), other) is not None) == (text == other)


@given(text=st.text(st.sampled_from("a\\*?$#^.\n"), max_size=8))
def test_any_text_can_be_searched_for(text: str) -> None:
    escaped = re.sub(r"(\\*)([*?])", lambda found: found[1] * 2 + "\\" + found[2], text)
    tail = re.search(r"(?:\\*\$)+\Z", escaped)
    if tail:
        escaped = escaped[: tail.start()] + re.sub(r"(\\*)\$", lambda found: found[1] * 2 + r"\$", tail[0])

    assert not escaped or simple_filter(escaped).literal == text
