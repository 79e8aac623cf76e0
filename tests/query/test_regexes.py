"""What is derived from an expression, held against Python's ``re`` on texts and their shapes."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.query.expressions import REGEX, TEXTS, as_python
from twsla.query.regexes import Plain, folded, is_closed, plain, required, shape_of, understand


def closed(re2: str) -> bool:
    node = understand(re2)
    assert node is not None
    return is_closed(node)


@pytest.mark.parametrize(
    "re2",
    [
        *("fail", "a.*b", "a.+b", r"port \d+", r"\d+", r"\bport \d+\b", r"^a \S+ b$", "(a|b)+c?", "[^0-9]+x"),
        *(r"(\d+\.){3}\d+", r"(?:\d+:)+\d+", r"a(\d+|x)b", r"\d+ .+", r"\w*\d*", r"\d*\d+", r"[\d.]*x", "(?P<n>a)"),
    ],
)
def test_expressions_that_cannot_tell_digit_runs_apart(re2: str) -> None:
    assert closed(re2)


@pytest.mark.parametrize(
    ("re2", "text"),
    [
        ("22", "22"),
        ("a1", "a1"),
        (r"a\db", "a12b"),
        ("a.b", "a12b"),
        (r"a\wb", "a12b"),
        (r"\d{2}", "12"),
        (r"\d{2,}", "12"),
        (r"a\d?b", "a12b"),
        ("[1-5]+", "12"),
        (r"\d+\d+", "12"),
        (r".+\d+", "12"),
        (r"\d+.*\d+", "12"),
        (r"\d+x?\d+", "12"),
        (r"\d+\d*\d+", "12"),
        (r"(\d+){2}", "12"),
        (r"(?:\d+x*)+\d+", "12"),
        (r"(?:a|\d+)(?:b|\d+)", "12"),
        (r"\d+(?:)\d+", "12"),
        ("[^1]x", "1x 2x"),
        ("[^1-9]+", "1"),
    ],
)
def test_expressions_that_can_tell_them_apart(re2: str, text: str) -> None:
    pattern = as_python(re2)

    assert not closed(re2)
    assert pattern.search(text) or pattern.search(shape_of(text))


@pytest.mark.parametrize(
    "re2",
    [
        *("(?i)a", "(?s).", r"\pL", r"\x41", r"\Qa\E", r"\B", r"\C", "[[:alpha:]]", r"[\x41]", "(?<n>a)", "a**", "*"),
        *("(", ")", "a)", "[a", "\\", r"\_", "(?:a", "a{2}{3}", "^*", "x" * 5000, "(" * 500 + ")" * 500),
    ],
)
def test_what_is_beyond_doubt_ends_here(re2: str) -> None:
    assert understand(re2) is None


@pytest.mark.parametrize(
    ("re2", "groups"),
    [
        ("fail", [("fail",)]),
        ("a.*b", [("a",), ("b",)]),
        (r"port \d+ ssh", [("port ",), (" ssh",)]),
        ("ab?c", [("a",), ("c",)]),
        ("a(bc)+d", [("a",), ("bc",), ("d",)]),
        ("x(?:yz)w", [("xyzw",)]),
        (r"ab\bc$", [("abc",)]),
        ("(foo|bar) baz", [("foo", "bar"), (" baz",)]),
        ("foo|.*", []),
        ("a{0}b", [("b",)]),
        ("(ab|c*)", []),
        ("|".join("abcdefghi"), []),
        (r"1\.2", [("1.2",)]),
        ("a{,2}", [("a{,2}",)]),
    ],
)
def test_texts_that_every_match_contains(re2: str, groups: list[tuple[str, ...]]) -> None:
    node = understand(re2)

    assert node is not None
    assert required(node) == groups


@pytest.mark.parametrize(
    ("re2", "expected"),
    [
        ("fail", Plain(("fail",), False, False)),
        ("^a.*b$", Plain(("a", "b"), True, True)),
        (".*a.*", Plain(("a",), False, False)),
        (r"a\z", Plain(("a",), False, True)),
        (".*", Plain((), False, False)),
        ("^$", None),
        ("^.*a", None),
        ("a.*$", None),
        ("^", None),
        ("a.+b", None),
        ("a|b", None),
        (r"a\b", None),
    ],
)
def test_expressions_that_are_plain_texts(re2: str, expected: Plain | None) -> None:
    node = understand(re2)

    assert node is not None
    assert plain(node) == expected


DIGITS = st.text(st.sampled_from("012ab. "), max_size=8)
BY_DIGITS = st.lists(
    st.sampled_from(
        [r"\d+", r"\d*", ".+", ".*", r"\S+", r"\w*", "a", "b?", r"\.", "(?:a|\\d+)", r"(?:\d+)?", r"\b", "^"]
    ),
    min_size=1,
    max_size=5,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(re2=st.one_of(REGEX, BY_DIGITS), texts=st.one_of(TEXTS, st.lists(DIGITS, min_size=30, max_size=60)))
def test_a_closed_expression_matches_a_text_as_it_matches_its_shape(re2: str, texts: list[str]) -> None:
    node = understand(re2)
    assume(node is not None)
    assert node is not None
    pattern = as_python(re2)
    groups = required(node)

    for text in texts:
        matched = pattern.search(text) is not None
        if is_closed(node):
            assert matched == (pattern.search(shape_of(text)) is not None)
        if matched:
            assert all(any(each in text for each in group) for group in groups)
            assert all(any(shape_of(each) in shape_of(text) for each in group) for group in groups)


@given(before=st.text(max_size=4), piece=st.text(st.sampled_from("abkKsSéſ1 "), max_size=6), after=st.text(max_size=4))
def test_the_folded_part_is_in_the_lower_case_of_every_case(before: str, piece: str, after: str) -> None:
    part = folded(piece)

    for text in (piece, piece.upper().replace("S", "\u017f").replace("K", "\u212a"), piece.lower()):
        assert part in (before + text + after).lower()
    assert part.isascii()
    assert not set(part) & set("kKsS")


@given(text=st.text())
def test_the_shape_is_the_text_with_digit_runs_as_one_0(text: str) -> None:
    assert shape_of(text) == re.sub("[0-9]+", "0", text)
