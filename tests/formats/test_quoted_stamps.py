"""A stamp that a continuation line quotes neither begins a record nor dates one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.stamping import lines_of, plan_of
from tests.formats.test_text import read
from twsla.formats.blocks import Block
from twsla.formats.decode import detect_encoding
from twsla.formats.multiline import Multiline
from twsla.formats.text import TextSource
from twsla.formats.timestamps.stamp import stamp
from twsla.formats.timestamps.years import SourceTime, YearClock

TRACE = [
    "2024-05-06 07:08:09 ERROR request failed",
    "java.lang.IllegalStateException: no lease",
    "    at app.Lease.renew(Lease.java:12)",
]
NEXT = "2024-05-06 07:08:10 INFO next"


def records(*lines: str, how: Multiline | None = None) -> list[str]:
    found, _ = read("".join(f"{line}\n" for line in lines).encode(), how)
    return [record.text for record in found]


@pytest.mark.parametrize(
    "line",
    [
        "Caused by: lease of 2024-01-01T00:00:00Z has run out",
        "    2023/01/01 00:00:00 indented",
        "\t[2023/01/01 00:00:00] indented",
        "detail: Jan  1 00:00:00 2020 was the first",
        "  valid from 2024-01-01 00:00:00 of the same form",
        '{"id": 7, "time": "2024-01-01T00:00:00Z"}',
    ],
)
def test_a_stamp_inside_the_text_of_a_continuation_begins_no_record(line: str) -> None:
    assert records(*TRACE, line, NEXT) == ["\n".join([*TRACE, line]), NEXT]


@pytest.mark.parametrize(
    "line",
    [
        "Jun 14 15:16:01 host at 2024-01-01 00:00:00 msg",
        "[2023/01/01 00:00:00] restarted",
        "<34>1 2023-01-01T00:00:00Z host app - - - x",
        '"2023/01/01 00:00:00","x"',
    ],
)
def test_a_stamp_of_another_form_at_the_beginning_of_the_line_begins_a_record(line: str) -> None:
    assert records(*TRACE, line, NEXT) == ["\n".join(TRACE), line, NEXT]


def test_a_stamp_of_another_form_where_the_source_has_its_own_begins_a_record() -> None:
    own = [f"node{n} | 2024-05-06 07:08:0{n} x" for n in range(9)]
    other = "node9 | 06/May/2024:07:09:00 +0000 y"

    assert records(*own, "  more", other) == [*own[:-1], f"{own[-1]}\n  more", other]


def test_where_every_line_has_a_stamp_each_is_a_record() -> None:
    own = [f"2024-05-06 07:08:0{n} x" for n in range(9)]
    odd = "boot at Oct 12 01:02:03, was 2019-01-01T00:00:00Z"

    assert records(*own, odd, NEXT) == [*own, odd, NEXT]


def test_an_indented_line_goes_on_with_the_line_before_though_every_line_has_a_stamp() -> None:
    lines = [NEXT, "  since 2024-01-01T00:00:00Z", NEXT]

    assert records(*lines) == ["\n".join(lines[:2]), NEXT]
    assert records(*(f" {line}" for line in lines)) == [f" {line}" for line in lines]


def test_the_first_stamp_of_a_source_dates_its_record_wherever_it_stands() -> None:
    header = "log opened 2024-05-06 07:00:00"

    found, source = read("".join(f"{line}\n" for line in [header, *TRACE, NEXT]).encode())

    assert [record.text for record in found] == [header, "\n".join(TRACE), NEXT]
    assert all(record.dated for record in found)
    assert source.quoted_lines == 0


def test_lines_that_quote_a_stamp_are_counted() -> None:
    quoting = ["  a 2024-01-01T00:00:00Z", "  b Jan  1 00:00:00 2020"]

    _, source = read("".join(f"{line}\n" for line in [*TRACE, *quoting, NEXT]).encode())

    assert source.quoted_lines == 2


def test_every_line_is_a_record_where_the_user_says_so() -> None:
    quoting = "  a 2024-01-01T00:00:00Z"

    found, source = read("".join(f"{line}\n" for line in [*TRACE, quoting, NEXT]).encode(), Multiline("off"))

    assert [record.text for record in found] == [*TRACE, quoting, NEXT]
    assert found[3].dated
    assert source.quoted_lines == 0


def test_a_quoted_stamp_does_not_tell_the_year() -> None:
    lines = [
        "May  6 07:08:09 host app: failed",
        "  at a.b.C",
        "  lease of 2019-01-01T00:00:00Z",
        "May  6 07:08:10 host x",
    ]
    raw = "".join(f"{line}\n" for line in lines).encode()
    written = int(np.datetime64("2024-05-07", "ns").astype(np.int64))
    source = TextSource(
        detect_encoding(raw), plan_of(lines), YearClock(SourceTime(written, "its modification time")), Multiline()
    )

    spans = [*source.join(source.parse(Block(raw, 0, continues=False))), *source.finish()]

    ts = np.concatenate([span.ts for span in spans]).astype("datetime64[ns]")
    assert [str(moment)[:19] for moment in ts] == ["2024-05-06T07:08:09", "2024-05-06T07:08:10"]
    assert source.clock.finish().reason == "year 2024 from its modification time"


def test_only_a_source_of_records_of_several_lines_quotes() -> None:
    odd = "boot at Oct 12 01:02:03"
    block = lines_of(f"{odd}\n")

    assert not stamp(block, plan_of(["2024-05-06 07:08:09 x"] * 9)).quoted.any()
    assert stamp(block, plan_of(["2024-05-06 07:08:09 x", "  more"] * 9)).quoted.all()


LINE = st.sampled_from([*TRACE, NEXT, "  a 2024-01-01T00:00:00Z", "Jun 14 15:16:01 host", "", "x 2023/01/01 00:00:00"])


@settings(max_examples=60, deadline=None)
@given(st.lists(LINE, max_size=20), st.integers(1, 200))
def test_cutting_into_blocks_changes_no_record(lines: list[str], block_bytes: int) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()

    whole, one = read(data)
    cut, other = read(data, block_bytes=block_bytes)

    assert cut == whole
    assert other.quoted_lines == one.quoted_lines
