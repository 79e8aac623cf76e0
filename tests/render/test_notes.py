"""Facts and notes as lines."""

from __future__ import annotations

from twsla.model.result import Fact, Kind, Note, Result, ValueRows
from twsla.render.notes import note_lines


def test_facts_come_first_and_nothing_hostile_passes() -> None:
    result = Result(
        "T",
        (),
        ValueRows((), ()),
        facts=(
            Fact("scanned", "Rows scanned", 1_234_567, Kind.COUNT),
            Fact("took", "Time", 1_500_000_000, Kind.DURATION),
            Fact("first", "First", 0, Kind.TIME),
        ),
        notes=(Note("left out: a\x1b[2J.log\nb"),),
    )

    assert note_lines(result, zone="Asia/Tokyo") == [
        "Rows scanned: 1,234,567",
        "Time: 1.5s",
        "First: 1970-01-01T09:00:00+09:00",
        "left out: a\\x1b[2J.log\\nb",
    ]


def test_a_bare_result_has_none() -> None:
    assert note_lines(Result("T", (), ValueRows((), ()))) == []
