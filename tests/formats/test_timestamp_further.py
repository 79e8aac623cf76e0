"""The second and later time stamps of a text."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twsla.formats.timestamps.further import further_stamps, instants

RECORD = int(datetime(2026, 6, 14, 6, 16, 5, tzinfo=UTC).timestamp())
"""15:16:05 in Tokyo."""


def behind(text: str, skipped: int, zone: str = "Asia/Tokyo", record: int = RECORD) -> float | None:
    """Seconds from the stamp in the text to the time of the record; None if there is no such stamp."""
    found = further_stamps(pa.array([text], pa.large_string()), skipped)
    if not found.valid[0]:
        return None
    return float(record - instants(found, np.array([record * 10**9]), zone)[0] / 1e9)


@pytest.mark.parametrize(
    ("text", "skipped", "seconds"),
    [
        ('Jun 14 15:16:05 web httpd: 192.168.1.10 - - [14/Jun/2026:15:16:01 +0900] "GET /', 1, 4),
        ("2026-06-14T15:16:05+09:00 web httpd: - - [14/Jun/2026:15:16:01 +0900] x", 1, 4),
        ("2026-06-14T15:16:05.123456+09:00 web httpd: - - [14/Jun/2026:15:16:01 +0900] x", 1, 4),
        ("2026/06/14 15:16:05 start 2026/06/14 15:16:01 end", 1, 4),
        ("Jun 14 15:16:05 a Jun 14 15:16:01 b Jun 14 15:15:01 c", 1, 4),
        ("Jun 14 15:16:05 a Jun 14 15:16:01 b Jun 14 15:15:01 c", 2, 64),
        ("Jun 14 15:16:05 a Jun 14 15:16:01 b Jun 14 15:15:01 c", 3, None),
        ("Jun 14 15:16:05 only one", 1, None),
        ("no stamp at all", 0, None),
        ("", 1, None),
        ("2026-06-14T15:16:05Z a 2026-13-45T15:16:01Z b 2026-06-14T06:16:00Z c", 1, 5),
        ("2026-06-14 15:16:05 a 2026-06-14T06:15:05.500Z b", 1, 59.5),
    ],
)
def test_stamps_are_counted_from_the_left(text: str, skipped: int, seconds: float | None) -> None:
    assert behind(text, skipped) == seconds


def test_a_year_that_is_not_written_is_the_one_next_to_the_record() -> None:
    new_year = int(datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC).timestamp())

    assert behind("2026-01-01T00:00:05Z began Dec 31 23:59:55 x", 1, "UTC", new_year) == 10


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(RECORD - 10**7, RECORD), st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "[%d/%b/%Y:%H:%M:%S +0000]"])
        ),
        max_size=5,
    ),
    st.lists(st.text("abz .=", max_size=6), min_size=6, max_size=6),
)  # fmt: skip
def test_each_stamp_is_found_wherever_it_stands(stamps: list[tuple[int, str]], between: list[str]) -> None:
    parts = [datetime.fromtimestamp(at, UTC).strftime(form) for at, form in stamps]
    text = between[0] + "".join(f" {part} {words}" for part, words in zip(parts, between[1:], strict=False))

    for place, (at, _) in enumerate(stamps):
        assert behind(text, place, "UTC") == RECORD - at
    assert behind(text, len(stamps), "UTC") is None
