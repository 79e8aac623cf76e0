"""Text in terminal cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.render.widths import clip, pad, width, wrap

TEXTS = st.text(st.sampled_from("ab é日本語ｶﾞ👍🏽👩\u200d💻e\u0301\u0301\ufe0f"), max_size=20)


@pytest.mark.parametrize(
    ("text", "cells"),
    [("", 0), ("abc", 3), ("日本語", 6), ("ｶﾅ", 2), ("e\u0301", 1), ("é", 1), ("👍", 2), ("Straße", 6), ("한국", 4)],
)
def test_width_is_that_of_a_terminal(text: str, cells: int) -> None:
    assert width(text) == cells


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_what_does_not_fit_is_cut_with_an_ellipsis(text: str, cells: int, shown: str) -> None:
    assert clip(text, cells) == shown


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("abcdef", 3, ["abc", "def"]),
        ("abc", 5, ["abc"]),
        ("", 4, [""]),
        ("日本語", 4, ["日本", "語"]),
        ("a日b", 2, ["a", "日", "b"]),
        ("日本", 1, ["日", "本"]),
        ("ab\n\ncd", 2, ["ab", "", "cd"]),
    ],
)
def test_text_is_wrapped_by_display_width(text: str, cells: int, lines: list[str]) -> None:
    assert wrap(text, cells) == lines


@given(TEXTS, st.integers(1, 12))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, cells: int) -> None:
    lines = wrap(text, cells)

    assert "".join(lines) == text
    # What joiners hold together is not torn apart, however wide it is.
    assert all(width(line) <= max(cells, 2) or "\u200d" in line for line in lines)


@given(TEXTS, st.integers(0, 12))
def test_clipped_text_fits(text: str, cells: int) -> None:
    shown = clip(text, cells)

    assert width(shown) <= cells
    assert shown == text or shown == "" or shown.endswith("…")


def test_padding_counts_cells() -> None:
    assert pad("日本", 6) == "日本  "
    assert pad("12", 4, right=True) == "  12"
    assert pad("too long", 3) == "too long"
