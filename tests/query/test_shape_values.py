"""Values worked out once a shape, against Python's expressions over every text."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.analysis.commands import answered
from twsla.query import shape_values

if TYPE_CHECKING:
    from pathlib import Path

ENDS = ("for root from 10.0.0.%d port 22", "from 10.1.0.%d", "for %d", "nothing %d", "For al from 10.2.%d.7 for bo")
LINES = [
    f"2024-05-01 00:00:{number % 60:02} {end % (number % 7)}{'x' * (number % 5)}"
    for number in range(400)
    for end in ENDS
]
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    (folder / "a.log").write_text("\n".join(LINES) + "\n")
    answered("-d", folder / "s.db", "import", "--utc", "--multiline", "off", folder / "a.log")
    return folder / "s.db"


@pytest.mark.parametrize("most", [0, 3, 1 << 14])
@pytest.mark.parametrize("written", ["for [a-z]+", "[Ff]or [a-z]+", "nothing"])
def test_with_any_number_of_shapes(store: Path, monkeypatch: pytest.MonkeyPatch, most: int, written: str) -> None:
    monkeypatch.setattr(shape_values, "_MOST_SHAPES", most)
    expected: Counter[tuple[str, str]] = Counter()
    for line in LINES:
        address, found = ADDRESS.search(line), re.search(written, line)
        if address and found:
            expected[address[0], found[0]] += 1
    rows = answered("-d", store, "relation", "ip", f"regex/{written}/", "--format", "json").json["rows"]
    assert {(row["key1"], row["key2"]): row["count"] for row in rows} == expected


def test_records_without_a_value_are_counted_as_such(store: Path) -> None:
    answer = answered("-d", store, "count", "-e", "for [a-z]+", "-e", "port %{number}", "--format", "json").json
    both = sum(bool(re.search("for [a-z]+", line) and re.search(r"port \d+", line)) for line in LINES)
    assert answer["facts"]["hits"] == both
    assert answer["facts"]["without"] == len(LINES) - both
