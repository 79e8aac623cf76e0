"""Import from directories that the command line allows, and from nowhere else."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

import anyio

from tests.mcp.clients import ask, over_stdio, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

LINE = "2024-06-01T00:00:00Z outside the case\n"


def state(store: Path) -> dict[str, str]:
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def test_import_is_off_unless_it_is_allowed(case: Path, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(LINE)
    before = state(case)

    async def work() -> None:
        async with over_stdio(case) as client:
            assert "import is off" in await refused(client, "import_log", path=str(tmp_path / "a.log"))
            assert "import is off" in await refused(client, "inspect", path=str(tmp_path / "a.log"))

    anyio.run(work)
    assert state(case) == before


def test_only_what_is_below_the_allowed_directories_is_read(case: Path, tmp_path: Path) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret.log"
    (allowed / "deep").mkdir(parents=True)
    (tmp_path / "allowed-too").mkdir()
    secret.write_text(LINE)
    (tmp_path / "allowed-too" / "a.log").write_text(LINE)
    (allowed / "link.log").symlink_to(secret)
    (allowed / "up").symlink_to(tmp_path)
    before = state(case)

    async def work() -> None:
        async with over_stdio(case, "--allow-import", allowed) as client:
            for path in (
                secret,
                allowed / ".." / "secret.log",
                "../secret.log",
                allowed / "link.log",
                allowed / "up" / "secret.log",
                tmp_path / "allowed-too" / "a.log",
                tmp_path / "no-such-file",
                "/etc/passwd",
                "-",
                "ssh://127.0.0.1/x",
                "/dev/stdin",
                "",
                "a\0b",
            ):
                for tool in ("import_log", "inspect"):
                    said = await refused(client, tool, path=str(path))
                    assert "outside the case" not in said
            assert "not below" in await refused(client, "import_log", path=str(tmp_path / "no-such-file"))
            assert "not below" in await refused(client, "import_log", path=str(secret))
            answer = await ask(client, "import_log", path=str(allowed))
            assert (answer["Files"], answer["Lines"], answer["records"]) == (0, 0, 0)
            assert any("link.log" in note and "outside" in note for note in answer["notes"])
            assert "no parameter" in await refused(
                client, "import_log", path=str(allowed), datastore=str(tmp_path / "x")
            )
            assert "no parameter" in await refused(client, "import_log", path=str(allowed), within="/")

    anyio.run(work)
    assert state(case) == before


def test_an_import_is_that_of_the_command_line(case: Path, tmp_path: Path, run: Run) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text("".join(f"2024-06-01T00:00:{n:02}Z number {n}\n\tat x\n" for n in range(30)))
    with zipfile.ZipFile(logs / "b.zip", "w") as archive:
        archive.writestr("inside.log", LINE)
        archive.writestr("inside.txt", LINE)

    async def work() -> None:
        async with over_stdio(case, "--allow-import", logs) as client:
            seen = await ask(client, "inspect", path="a.log")
            assert any("a.log" in str(row) for row in seen["rows"])
            zipped = await ask(client, "import_log", log_path=str(logs / "b.zip"), filename_pattern="*.txt")
            assert (zipped["Files"], zipped["Lines"], zipped["Bytes"]) == (1, 1, len(LINE))
            answer = await ask(client, "import_log", path="a.log", encoding="utf-8")
            assert (answer["Files"], answer["Lines"], answer["records"]) == (1, 60, 30)
            assert answer["Bytes"] == (logs / "a.log").stat().st_size
            again = await ask(client, "import_log", path="a.log", encoding="utf-8")
            assert (again["Files"], again["unchanged"]) == (0, 1)
            found = await ask(client, "search", filters=["number 7"])
            assert [row["text"] for row in found["rows"]] == ["2024-06-01T00:00:07Z number 7\n\tat x"]
            assert "not one of" in await refused(client, "import_log", path="a.log", multiline="maybe")

    anyio.run(work)
    assert run("verify", "-d", case, "--no-sources").code == 0
    assert run("search", "--count", "-d", case, "number").text.strip() == "30"
