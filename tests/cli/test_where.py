"""Conditions on fields, through the program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SHARED, Run, needs_shared

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = SHARED / "data/twsla/winevent.evtx"


@needs_shared
@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("EventID = 13", lambda event: event["System"]["EventID"] == "13"),
        (
            r"image ends with '\rundll32.exe' and EventID in (1, 11)",
            lambda event: (
                event["EventData"].get("Image", "").lower().endswith("\\rundll32.exe")
                and event["System"]["EventID"] in {"1", "11"}
            ),
        ),
        ("not Image exists", lambda event: "Image" not in event["EventData"]),
        ("EventID > 11 and ts >= 1970-01-01", lambda event: int(event["System"]["EventID"]) > 11),
    ],
)
def test_every_command_takes_it(run: Run, tmp_path: Path, condition: str, wanted: object) -> None:
    store = tmp_path / "s.db"
    assert run("import", "-d", store, SAMPLE).code == 0
    texts = run("search", "-d", store).lines
    assert callable(wanted)
    expected = [text for text in texts if wanted(json.loads(text)["Event"])]
    assert 0 < len(expected) < len(texts)

    assert run("search", "-d", store, "--where", condition).lines == expected
    assert run("search", "-d", store, "--where", condition, "--count").text.strip() == str(len(expected))
    assert run("search", "--where", condition, "-d", store, "-v", "x").lines == [e for e in expected if "x" not in e]
    counted = json.loads(run("count", "-d", store, "--where", condition, "-e", "source", "--format", "json").text)
    assert [row["count"] for row in counted["rows"]] == [len(expected)]
    answer = run("sql", "-d", store, "--where", condition, "SELECT count(*) AS n FROM records")
    assert answer.lines[1] == str(len(expected))


@needs_shared
def test_mistakes_are_told(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert run("import", "-d", store, SAMPLE).code == 0

    unknown = run("search", "-d", store, "--where", "Imag = x")
    unread = run("search", "-d", store, "--where", "Image =")

    assert (unknown.code, unread.code) == (2, 2)
    assert "--where (character 1) asks for the field 'Imag', which no record of" in unknown.err
    assert "did you mean Image" in unknown.err
    assert "at character 8 (its end): a value is missing behind '='" in unread.err


def test_a_store_without_fields_says_so_and_an_import_takes_no_conditions(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("2024-05-01T00:00:00Z hello\n")
    assert run("import", log).code == 0

    asked = run("search", "--where", "User = x")
    during = run("import", log, "--again", "--where", "User = x")

    assert (asked.code, during.code) == (2, 2)
    assert "no record of twsla.db has fields" in asked.err
    assert "fields that are stored, and nothing is yet" in during.err
    assert run("search", "--where", "line_no = 1").lines == ["2024-05-01T00:00:00Z hello"]
