"""Fields of text logs, through the program: recognised, told, stored, asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

ACCESS = [
    f"10.0.0.{number % 7} - - [01/May/2024:00:{number // 60:02}:{number % 60:02} +0000] "
    f'"{"POST" if number % 5 == 0 else "GET"} /p{number % 3}?n={number} HTTP/1.1" {404 if number % 4 == 0 else 200} '
    f'{number} "-" "agent {number % 2}"'
    for number in range(200)
]
JSON = [
    json.dumps(
        {"time": f"2024-05-01T00:{number // 60:02}:{number % 60:02}Z", "id": number, "user": {"name": f"u{number % 3}"}}
    )
    for number in range(100)
]


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path, Path]:
    """An access log, JSON lines, and text."""
    paths = tmp_path / "access.log", tmp_path / "app.json", tmp_path / "plain.log"
    paths[0].write_text("".join(f"{line}\n" for line in ACCESS))
    paths[1].write_text("".join(f"{line}\n" for line in JSON))
    paths[2].write_text("".join(f"2024-05-01T00:00:{number:02}Z line {number}\n" for number in range(60)))
    return paths


def test_fields_are_recognised_told_and_asked_for(run: Run, logs: tuple[Path, Path, Path]) -> None:
    assert run("import", *logs).code == 0

    told = json.loads(run("sources", "--format", "json").text)["rows"]
    assert [row["fields"] for row in told] == ["access", "json", ""]
    missing = [line for line in ACCESS if '" 404 ' in line and "POST" in line]
    assert run("search", "--where", "sc-status = 404 and cs-method = post").lines == missing
    assert run(
        "search", "--where", "cs-uri-query starts with /p1 and c-ip cidr 10.0.0.2/31", "--count"
    ).text.strip() == str(sum(number % 3 == 1 and number % 7 in (2, 3) for number in range(200)))
    wanted = [line for line in JSON if json.loads(line)["id"] >= 50 and json.loads(line)["user"]["name"] != "u1"]
    assert run("search", "--where", "id >= 50 and user.name != u1").lines == wanted
    assert run("search", "--where", "not id exists and not c-ip exists", "--count").text.strip() == "60"
    sql = "SELECT fields['cs-method'] AS m, count(*) AS n FROM records WHERE fields IS NOT NULL GROUP BY 1 ORDER BY 2"
    assert run("sql", sql).lines[1:] == ["POST\t40", "\t100", "GET\t160"]
    assert run("verify").code == 0


def test_values_of_fields_are_counted_and_listed(run: Run, logs: tuple[Path, Path, Path]) -> None:
    """As the same values taken out of the texts are."""
    assert run("import", *logs).code == 0

    names = run("count", "-e", "field:USER.name", "--format", "tsv").lines[1:]
    assert names == ["u0\t34", "u1\t33", "u2\t33"]
    assert names == run("count", "-e", "json", "-n", "user.name", "--format", "tsv").lines[1:]
    both = run("count", "-e", "field:sc-status", "-e", "field:cs-method", "--format", "tsv").lines[1:]
    assert both == ["200\tGET\t120", "404\tGET\t40", "200\tPOST\t30", "404\tPOST\t10"]
    stored, taken = (
        run("extract", *asked, "--format", "json") for asked in (["-e", "field:id"], ["-e", "json", "-n", "id"])
    )
    values = [[row["value"] for row in json.loads(each.text)["rows"]] for each in (stored, taken)]
    assert values[0] == values[1] == [str(number) for number in range(100)]
    unknown = run("count", "-e", "field:user.nam")
    assert unknown.code == 2
    assert "did you mean user.name?" in unknown.err


def test_sources_can_be_told_apart_by_hand(run: Run, logs: tuple[Path, Path, Path]) -> None:
    access, app, plain = logs
    assert run("import", "--fields", "off", app).code == 0
    assert run("import", access, plain, "--for", "*.log:fields=pairs").code == 0

    told = json.loads(run("sources", "--format", "json").text)["rows"]
    assert [row["fields"] for row in told] == ["", "pairs", "pairs"]
    refused = run("import", plain, "--for", "*.log:fields=nothing")
    assert refused.code == 2
    assert "there is no form of fields 'nothing'" in refused.err


def test_inspect_tells_the_form(run: Run, logs: tuple[Path, Path, Path]) -> None:
    access, app, plain = logs

    assert "fields" in run("inspect", access).text
    assert "access log of a web server" in run("inspect", access).text
    assert "json: JSON objects" in run("inspect", app).text
    assert "fields" not in run("inspect", plain).text


def test_the_same_fields_whichever_way_it_is_read(run: Run, tmp_path: Path, logs: tuple[Path, Path, Path]) -> None:
    """In one piece, in two imports of a file that grows, and as one of many small files."""
    whole = logs[0].read_bytes()
    sql = "SELECT line_no, fields FROM records WHERE source LIKE '%w3c%' ORDER BY source, line_no"
    log = tmp_path / "w3c.log"
    lines = ["#Fields: date time c-ip\n", *(f"2024-05-01 00:00:{at:02} 10.0.0.{at}\n" for at in range(60))]
    log.write_text("".join(lines[:30]))
    assert run("import", log).code == 0
    log.write_text("".join(lines))
    assert run("import", log).code == 0
    many = tmp_path / "many"
    many.mkdir()
    for number in range(12):
        (many / f"w3c{number:02}.log").write_text("".join(lines) if number == 0 else f"2024-05-01T00:00:00Z {number}\n")
    assert run("import", "-d", "other.db", many).code == 0

    assert whole
    grown = run("sql", sql).lines[1:]
    assert len(grown) == 61
    assert '"c-ip":"10.0.0.59"' in grown[-1]
    assert run("sql", "-d", "other.db", f"{sql} LIMIT 61").lines[1:] == grown
