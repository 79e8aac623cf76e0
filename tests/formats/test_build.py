"""Record columns built from lines: texts without their line ends, line ends inside as a newline."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.formats.build import Span, build
from twsla.formats.lines import find_lines

LINES = st.lists(st.text(st.sampled_from("ab 012é\x00"), max_size=12), min_size=1, max_size=12)


def span_of(data: bytes, first_line: list[int], line_end: str = "\n") -> Span:
    lines = find_lines(np.frombuffer(data, np.uint8), line_end)
    count = len(first_line)
    return Span(
        buf=lines.buf,
        starts=lines.starts,
        ends=lines.ends,
        stop=len(data),
        first_line=np.array(first_line, np.int64),
        ts=np.arange(count, dtype=np.int64),
        dated=np.ones(count, bool),
        flags=np.zeros(count, np.uint8),
        line_no=np.array(first_line, np.int64) + 1,
        offset=lines.starts[first_line],
        raw={},
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@given(lines=LINES, data=st.data(), final=st.booleans())
def test_texts_and_shapes_of_any_grouping(line_end: str, lines: list[str], data: st.DataObject, final: bool) -> None:
    if not final and not lines[-1]:
        lines[-1] = "x"  # an empty line without a line end is no line
    begins = [True, *(data.draw(st.booleans()) for _ in lines[1:])]
    raw = (line_end.join(lines) + (line_end if final else "")).encode()
    first = [i for i, begin in enumerate(begins) if begin]

    table = build(span_of(raw, first, "\r" if line_end == "\r" else "\n"), "x")

    texts = ["\n".join(lines[a:b]) for a, b in zip(first, [*first[1:], len(lines)], strict=True)]
    assert table["text"].to_pylist() == texts
    assert table["shape"].to_pylist() == [re.sub("[0-9]+", "0", text) for text in texts]


def test_undated_records_have_no_time() -> None:
    span = span_of(b"a\nb\n", [0, 1])
    span.dated[1] = False

    table = build(span, "x")

    assert table["ts"].is_null().to_pylist() == [False, True]


def test_original_bytes_stand_beside_the_records_that_lost_some() -> None:
    span = span_of(b"a\nb\n", [0, 1])
    span.raw[1] = b"\xff"

    table = build(span, "x")

    assert table["raw"].to_pylist() == [None, b"\xff"]
