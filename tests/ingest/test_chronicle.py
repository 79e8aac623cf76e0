"""First, last, silences and steps back, against what one finds by looking at all times at once."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twsla.ingest.chronicle import Chronicle, Course
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

S = 10**9
DAY = 86_400 * S


def unmoved(
    ts: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    return ts, np.ones(len(ts), bool)


def fill(chronicle: Chronicle, seconds: Sequence[float], pieces: int = 1, flags: int = 0) -> Chronicle:
    ts = np.array([round(second * S) for second in seconds], np.int64)
    line = np.arange(1, len(ts) + 1, dtype=np.int64)
    for part in np.array_split(np.arange(len(ts)), pieces):
        chronicle.add(ts[part], line[part], np.full(len(part), flags, np.uint8))
    return chronicle


def course(chronicle: Chronicle, most: int = 5) -> Course:
    return chronicle.finish(unmoved, most_silences=most, most_steps=most)


def test_a_source_in_order() -> None:
    found = course(fill(Chronicle(), [10, 11, 71, 72, 132.5]))

    assert (found.first, found.last) is not None
    assert [(each.start.line, each.end.line, each.ns / S) for each in found.silences] == [
        (4, 5, 60.5),
        (2, 3, 60.0),
        (1, 2, 1.0),
        (3, 4, 1.0),
    ]
    assert found.steps_back == ()
    assert found.unseen_ns == 0


def test_a_line_from_the_past_makes_a_step_back_but_hides_and_invents_no_later_silence() -> None:
    found = course(fill(Chronicle(), [1000, 1001, 0, 1002, 1500]))

    assert [(each.start.ts_ns // S, each.end.ts_ns // S) for each in found.silences[:2]] == [(0, 1000), (1002, 1500)]
    assert [(each.start.line, each.end.line, each.ns // S) for each in found.steps_back] == [(2, 3, -1001)]


def test_a_line_from_the_future_hides_no_later_silence() -> None:
    found = course(fill(Chronicle(), [0, 1, 10**6, 2, 500, 501]))

    assert [(each.start.ts_ns // S, each.end.ts_ns // S) for each in found.silences[:2]] == [(501, 10**6), (2, 500)]


def test_equal_times_are_no_silence_and_no_step() -> None:
    found = course(fill(Chronicle(), [5, 5, 5]))

    assert (found.silences, found.steps_back) == ((), ())
    assert found.first is not None
    assert (found.first.line, found.first.ts_ns) == (1, 5 * S)


def test_nothing_dated() -> None:
    assert course(Chronicle()) == Course(None, None, (), (), 0)


def test_years_that_turn_out_otherwise_move_the_ends() -> None:
    chronicle = fill(Chronicle(), [0, 10, 100], flags=int(TsFlag.YEAR_ASSUMED))

    found = chronicle.finish(lambda ts, flags: (ts + 365 * DAY, flags != 0), most_silences=1, most_steps=1)

    assert found.first is not None
    assert found.last is not None
    assert (found.first.ts_ns, found.last.ts_ns) == (365 * DAY, 365 * DAY + 100 * S)
    assert found.silences[0].ns == 90 * S


def test_records_that_turn_out_to_have_no_time_are_left_out() -> None:
    chronicle = fill(Chronicle(), [0, 10, 5])

    found = chronicle.finish(lambda ts, flags: (ts, ts > 0), most_silences=5, most_steps=5)

    assert found.first is not None
    assert found.first.line == 3
    assert [each.ns // S for each in found.silences] == [5]


@given(
    st.lists(st.integers(0, 4000).map(lambda tenth: tenth / 10), min_size=1, max_size=60),
    st.integers(1, 6),
    st.sampled_from([4, 16, 1 << 20]),
)
def test_bounded_memory_gives_what_all_times_at_once_give(seconds: list[float], pieces: int, most: int) -> None:
    ordered = sorted(round(second * S) for second in seconds)
    gaps = sorted((late - early for early, late in itertools.pairwise(ordered) if late > early), reverse=True)
    backward = [round(b * S) - round(a * S) for a, b in itertools.pairwise(seconds) if b < a]

    chronicle = fill(Chronicle(most=most), seconds, pieces)
    found = course(chronicle, most=100)

    assert found.first is not None
    assert found.last is not None
    assert (found.first.ts_ns, found.last.ts_ns) == (ordered[0], ordered[-1])
    told = [each.ns for each in found.silences]
    assert told == [gap for gap in gaps if gap > found.unseen_ns]
    for each in found.silences:
        assert round(seconds[each.start.line - 1] * S) == each.start.ts_ns
        assert round(seconds[each.end.line - 1] * S) == each.end.ts_ns
    assert chronicle.steps_back == len(backward)
    assert [each.ns for each in found.steps_back] == sorted(backward)[:20]
