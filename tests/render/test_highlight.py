"""The colour list and the spans it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.render.highlight import Mark, colour_sgr, find_spans, paint, paint_texts, parse_colours


@dataclass(frozen=True)
class Observable:
    name: str
    re2: str
    colour: int | None


TABLE = [Observable("ip", r"\d+\.\d+\.\d+\.\d+", 10), Observable("kv", r"\w+=\w+", 3), Observable("uuid", "x", None)]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def test_the_list_of_the_manual() -> None:
    marks = parse_colours(
        "filter, ip,kv,regex/fail/9,regexp/a/b/#ff0080", TABLE, regex_filter="R.*", filters=("S", "T")
    )

    assert [(mark.re2, mark.sgr) for mark in marks] == [
        ("R.*", "38;5;9"),
        ("S", "38;5;5"),
        ("T", "38;5;5"),
        (r"\d+\.\d+\.\d+\.\d+", "38;5;10"),
        (r"\w+=\w+", "38;5;3"),
        ("fail", "38;5;9"),
        ("a/b", "38;2;255;0;128"),
    ]


@pytest.mark.parametrize("text", ["", ",", " , ", "filter"])
def test_nothing_to_colour(text: str) -> None:
    assert parse_colours(text, TABLE) == ()


def test_a_regular_expression_may_hold_a_comma() -> None:
    marks = parse_colours(r"regex/\d{1,3}/12,ip", TABLE)

    assert [mark.re2 for mark in marks] == [r"\d{1,3}", TABLE[0].re2]


@pytest.mark.parametrize(
    "text",
    ["nosuch", "uuid", "regex/abc", "regex/a/256", "regex/a/red", "regex/(/9", r"regex/(?=x)/9", "regex/a/#12345"],
)
def test_what_cannot_be_coloured_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_colours(text, TABLE)
    assert caught.value.hint


@pytest.mark.parametrize("colour", ["", "-1", "#GGGGGG", "1 ", "999"])
def test_no_such_colour(colour: str) -> None:
    with pytest.raises(UsageError):
        colour_sgr(colour)


def spans(text: str, *patterns: str) -> list[tuple[int, int, str]]:
    marks = [Mark(pattern, "1") for pattern in patterns]
    return [(span.start, span.end, span.mark.re2) for span in find_spans(pa.array([text]), marks)[0]]


def test_every_match_is_a_span() -> None:
    assert spans("fail x fail", "fail") == [(0, 4, "fail"), (7, 11, "fail")]


def test_positions_are_characters_not_bytes() -> None:
    assert spans("日本 fail", "fail") == [(3, 7, "fail")]


def test_of_overlapping_patterns_the_later_wins() -> None:
    assert spans("abcdef", "abcd", "cdef") == [(0, 2, "abcd"), (2, 6, "cdef")]
    assert spans("abcdef", "abcdef", "cd") == [(0, 2, "abcdef"), (2, 4, "cd"), (4, 6, "abcdef")]


def test_an_empty_match_colours_nothing() -> None:
    assert spans("abc", "x*") == []


def test_a_pattern_with_groups_and_anchors_works() -> None:
    assert spans("user root user", "^(us)(er)") == [(0, 4, "^(us)(er)")]


def test_painted_text() -> None:
    painted = paint_texts(pa.array(["a fail b", "none"]), [Mark("fail", "38;5;9")]).to_pylist()

    assert painted == ["a \x1b[38;5;9mfail\x1b[0m b", "none"]


def test_escapes_in_the_text_are_shown_and_positions_fit() -> None:
    painted = paint_texts(pa.array(["\x1b[31mfail\x01"]), [Mark("fail", "38;5;9")]).to_pylist()

    assert painted == ["\\x1b[31m\x1b[38;5;9mfail\x1b[0m\\x01"]


def test_a_line_end_inside_a_span_ends_the_colour() -> None:
    (found,) = find_spans(pa.array(["a\nb"]), [Mark("(?s)a.b", "7")])

    assert paint("a\nb", found) == "\x1b[7ma\x1b[0m\n\x1b[7mb\x1b[0m"


@given(st.lists(st.text(st.sampled_from("ab 1.é日\n\x1b\x01\x02"), max_size=15), max_size=4))
def test_colour_never_changes_the_text(texts: list[str]) -> None:
    marks = [Mark("[ab]+", "1"), Mark(r"\d", "2"), Mark("b.", "3"), Mark("", "4")]
    array = pa.array(texts, pa.string())

    painted = paint_texts(array, marks).to_pylist()

    assert [ANSI.sub("", text) for text in painted] == paint_texts(array, []).to_pylist()


@given(st.text(st.sampled_from("ab c"), max_size=20))
def test_spans_are_those_of_another_engine(text: str) -> None:
    expected = [(found.start(), found.end(), "a+b?") for found in re.finditer("a+b?", text)]

    merged: list[tuple[int, int, str]] = []
    for start, end, name in expected:
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end, name)
        else:
            merged.append((start, end, name))
    assert spans(text, "a+b?") == merged
