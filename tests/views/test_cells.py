"""Text in cells: measured, cut and wrapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.views.cells import cells, clip, cut, fit_for, fitted, key_hints, split_at, styled, text_of, width, wrapped

TEXTS = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"]), st.sampled_from("日本あab "))
)
STYLED = st.lists(st.tuples(st.sampled_from(["", "bold"]), TEXTS), max_size=5)


@pytest.mark.parametrize(("text", "size"), [("", 0), ("abc", 3), ("日本", 4), ("e\u0301", 1), ("a日", 3)])
def test_cells(text: str, size: int) -> None:
    assert cells(text) == size


@pytest.mark.parametrize(
    ("text", "at", "parts"),
    [
        ("abc", 2, ("ab", "c", 2)),
        ("日本", 2, ("日", "本", 2)),
        ("日本", 3, ("日", "本", 2)),
        ("日本", 1, ("", "日本", 0)),
    ],
)
def test_splitting_tears_no_wide_character(text: str, at: int, parts: tuple[str, str, int]) -> None:
    assert split_at(text, at) == parts


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("abcdef", 4, "abc…"), ("abcd", 4, "abcd"), ("日本語", 4, "日…"), ("ab", 0, "")]
)
def test_clipping(text: str, most: int, shown: str) -> None:
    assert clip(text, most) == shown


def test_half_a_wide_character_is_a_blank() -> None:
    assert text_of(cut([("", "日本")], 1, 3)) == " 本"
    assert text_of(cut([("", "日本")], 0, 3)) == "日 "


@given(STYLED, st.integers(0, 30), st.integers(0, 30))
def test_a_cut_is_exactly_as_wide_as_asked_for(parts: list[tuple[str, str]], left: int, size: int) -> None:
    assert width(cut(parts, left, size)) == size


@given(STYLED, st.integers(0, 40), st.integers(0, 20))
def test_what_is_fitted_is_exactly_as_wide_as_asked_for(parts: list[tuple[str, str]], size: int, left: int) -> None:
    assert width(fitted(parts, size, left=left)) == size


@given(TEXTS, st.integers(2, 20))
def test_wrapping_loses_nothing_and_fits(text: str, size: int) -> None:
    lines = wrapped([("", text)], size)

    assert "".join(text_of(line) for line in lines) == text.replace("\n", "")
    assert all(width(line) <= size for line in lines)


def test_wrapping_keeps_line_ends() -> None:
    assert [text_of(line) for line in wrapped([("", "ab\n\ncdef")], 3)] == ["ab", "", "cde", "f"]


@given(st.text(max_size=30))
def test_nothing_that_reaches_the_terminal_is_a_control_character(text: str) -> None:
    shown = fit_for(text, "utf-8")

    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2066\u2028\u200f" for char in shown)


def test_tabs_are_blanks_up_to_the_next_stop() -> None:
    assert fit_for("a\tb\n\tat x", "utf-8", keep="\n") == "a       b\n        at x"


def test_an_encoding_that_lacks_a_character_gets_its_escape() -> None:
    assert fit_for("Zürich 日本", "ascii") == "Z\\xfcrich \\u65e5\\u672c"
    assert fit_for("Zürich 日本", "iso8859-1") == "Zürich \\u65e5\\u672c"


def test_emoji_that_terminals_measure_differently_are_taken_apart() -> None:
    assert fit_for("👨\u200d👩\u200d👧 ❤\ufe0f", "utf-8") == "👨👩👧 ❤"
    assert fit_for("क्\u200dष", "utf-8") == "क्\u200dष"


def test_spans_give_styles() -> None:
    assert styled("abcdef", [(1, 3, "x"), (3, 4, "y")], "b") == [("b", "a"), ("b x", "bc"), ("b y", "d"), ("b", "ef")]


def test_hints_are_shown_as_a_whole_or_not_at_all() -> None:
    assert text_of(key_hints([("a", "one"), ("b", "two")], 7)) == "a one"
    assert text_of(key_hints([("a", "one"), ("b", "two")], 12)) == "a one  b two"
