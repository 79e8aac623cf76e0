"""Shapes: digit runs become one zero, whatever the blocks they are worked out in."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twsla.formats import shape

TEXTS = st.lists(st.text(st.sampled_from("ab0123456789 .:-é٣\x00"), max_size=40), min_size=1, max_size=30)


def expected(text: str) -> str:
    return re.sub("[0-9]+", "0", text)


@given(st.binary(max_size=2000), st.integers(1, 64))
def test_collapsing_equals_a_regular_expression_for_any_chunk_size(data: bytes, chunk: int) -> None:
    before = shape._CHUNK
    shape._CHUNK = chunk
    try:
        collapsed = bytes(shape.collapse(np.frombuffer(data, np.uint8)))
    finally:
        shape._CHUNK = before

    assert collapsed == re.sub(b"[0-9]+", b"0", data)


@given(TEXTS)
def test_each_record_gets_its_own_shape(texts: list[str]) -> None:
    region = np.frombuffer("".join(f"{text}\n" for text in texts).encode(), np.uint8)

    found = shape.shapes(region, np.arange(len(texts)))

    assert found is not None
    assert found.to_pylist() == [expected(text) for text in texts]


def test_digits_at_the_end_of_one_record_and_the_start_of_the_next_do_not_run_together() -> None:
    region = np.frombuffer(b"pid 12\n34 ms\n", np.uint8)

    found = shape.shapes(region, np.array([0, 1]))

    assert found is not None
    assert found.to_pylist() == ["pid 0", "0 ms"]


def test_a_record_of_several_lines_has_one_shape() -> None:
    region = np.frombuffer(b"a 1\nat x:12\nb 2\n", np.uint8)

    found = shape.shapes(region, np.array([1, 2]))

    assert found is not None
    assert found.to_pylist() == ["a 0\nat x:0", "b 0"]


def test_too_many_shapes_give_none() -> None:
    names = [f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}x" for i in range(5000)]
    region = np.frombuffer("".join(f"{name}\n" for name in names).encode(), np.uint8)

    assert shape.shapes(region, np.arange(len(names))) is None
