"""Hostile characters made visible."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.render.escape import HOSTILE, escape_controls, escape_text, replace_chars

TEXTS = st.text(
    st.one_of(st.sampled_from([*HOSTILE, "\xa0", "é", "“", "‧", "\u2065", "日"]), st.characters(codec="utf-8")),
    max_size=12,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b2J", "\\x9b2J"),
        ("a\x00b", "a\\x00b"),
        ("\x7f", "\\x7f"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("a\tb", "a\tb"),
        ("a\nb\r", "a\\nb\\r"),
        ("日本語 é “x” \xa0", "日本語 é “x” \xa0"),
    ],
)
def test_hostile_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert escape_controls(pa.array([text])).to_pylist() == [shown]
    assert escape_text(text) == shown


def test_what_is_kept_can_be_chosen() -> None:
    array = pa.array(["a\tb\nc\x1b"])

    assert escape_controls(array, keep="").to_pylist() == ["a\\tb\\nc\\x1b"]
    assert escape_controls(array, keep="\t\n").to_pylist() == ["a\tb\nc\\x1b"]


def test_every_control_character_is_hostile() -> None:
    controls = {chr(code) for code in range(0x3000) if unicodedata.category(chr(code)) == "Cc"}
    directions = {
        chr(c)
        for c in range(0x3000)
        if unicodedata.bidirectional(chr(c)) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    }

    assert controls <= set(HOSTILE)
    assert directions <= set(HOSTILE)


@given(st.lists(st.one_of(st.none(), TEXTS), max_size=8), st.booleans(), st.integers(0, 3))
def test_a_column_is_escaped_like_its_texts(texts: list[str | None], large: bool, start: int) -> None:
    array = pa.array(texts, pa.large_string() if large else pa.string())[start:]

    assert escape_controls(array).to_pylist() == [None if text is None else escape_text(text) for text in texts[start:]]


@given(TEXTS)
def test_nothing_hostile_is_left(text: str) -> None:
    assert not set(escape_text(text, keep="")) & set(HOSTILE)


def test_an_array_without_them_is_returned_as_it_is() -> None:
    array = pa.array(["ordinary", "日本語"])

    assert escape_controls(array) is array


def test_replacements_are_made_in_the_order_given() -> None:
    assert replace_chars(pa.array(['a\\"b']), {"\\": "\\\\", '"': '\\"'}).to_pylist() == ['a\\\\\\"b']


def test_a_character_at_the_end_of_a_cut_buffer_is_found() -> None:
    array = pa.array(["x", "\u202e", "y\u202e"])

    assert escape_controls(array[:2]).to_pylist() == ["x", "\\u202e"]
    assert escape_controls(array[2:]).to_pylist() == ["y\\u202e"]


def test_a_file_name_that_is_no_utf8_is_shown() -> None:
    assert escape_text("a\udcff.log") == "a\\udcff.log"
