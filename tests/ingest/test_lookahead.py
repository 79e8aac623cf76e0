"""What a few looks into a file tell of its years beforehand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from twsla.formats.decode import decode_block, detect_encoding
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.model import StampOptions
from twsla.ingest import lookahead

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, start: str, days: int) -> Path:
    """A line an hour."""
    begin = datetime.fromisoformat(f"{start}T00:00:00+00:00")
    hours = (begin + timedelta(hours=hour) for hour in range(24 * days))
    path.write_text(
        "".join(f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S} host app: {'x' * 60}\n" for moment in hours)
    )
    return path


@pytest.mark.parametrize(
    ("start", "days", "turns", "leap_turn"),
    [
        ("2024-01-01", 40, 0, None),
        ("2024-01-01", 80, 0, 0),
        ("2023-11-01", 90, 1, None),
        ("2023-11-01", 150, 1, 1),
        ("2024-01-01", 400, 1, 0),
        ("2022-03-05", 1000, 2, 2),
        ("2022-03-05", 600, 1, None),
        ("2024-02-29", 3, 0, 0),
    ],
)
def test_turns_and_a_leap_day_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str, days: int, turns: int, leap_turn: int | None
) -> None:
    monkeypatch.setattr(lookahead, "WINDOW_BYTES", 4 << 10)
    monkeypatch.setattr(lookahead, "STEP_BYTES", 64 << 10)
    path = write(tmp_path / "x.log", start, days)
    raw = path.read_bytes()[: 64 << 10]
    encoding = detect_encoding(raw)
    plan = choose(decode_block(raw[: raw.rfind(b"\n") + 1], encoding, first=True).lines, StampOptions())

    ahead = lookahead.look_ahead(path, encoding, plan)

    assert (ahead.turns, ahead.leap_turn) == (turns, leap_turn)
    assert ahead.last_ns is not None
