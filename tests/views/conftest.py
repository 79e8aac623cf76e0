"""A case to look at: logs with levels, JSON, Japanese, and texts that try to take over the terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = [
    "2024-05-02T00:00:00Z evil \x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m end",
    "2024-05-02T00:00:01Z evil \x9b31m c1 \u202etxt.exe\u202c \r\b\x7f end",
    "2024-05-02T00:00:02Z wide 日本語のログ、絵文字 👨\u200d👩\u200d👧 e\u0301 end",
]
SAID = ("error: disk full", "warning: slow", "all is well", "user=root from 10.0.0.{}")
LINES = [
    f"2024-05-01T00:{at // 60:02}:{at % 60:02}Z host app[{at}]: {SAID[at % 4].format(at % 7)}" for at in range(600)
]
JSON_LINES = [
    f'2024-05-03T00:00:{at:02}Z api: {{"id":{at},"user":{{"name":"佐藤","roles":["a","b"]}},"ok":false}}'
    for at in range(20)
]


def import_into(folder: Path, *names: str, multiline: str = "off") -> None:
    """Import files of a folder into its store."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
    command = [sys.executable, "-m", "twsla", "import", "--multiline", multiline, *names]
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)


@pytest.fixture(scope="session")
def made_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs and a store of them; nobody writes to it."""
    folder = tmp_path_factory.mktemp("case")
    for name, lines in (("app.log", LINES), ("evil.log", HOSTILE), ("api.log", JSON_LINES)):
        (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="")
    import_into(folder, "app.log", "evil.log", "api.log")
    return folder


@pytest.fixture
def case(made_case: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(made_case, tmp_path / "case")


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that the examples in the help are about."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(ROOT / "testdata", folder / "testdata")  # the examples name rules in it
    shutil.copytree(ROOT / "testdata" / "logs", folder / "logs")
    import_into(folder, "logs")
    return folder


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that every command has something to say about: the examples, mails, and records that came late."""
    from tests.cli.mails import EXAMPLE, JAPANESE, NO_DATE, mbox

    folder = tmp_path_factory.mktemp("everything")
    shutil.copytree(ROOT / "testdata" / "logs", folder / "logs")
    (folder / "mails.mbox").write_bytes(mbox(EXAMPLE, JAPANESE, NO_DATE))
    late = [f"2024-05-07T00:00:{second:02}Z late={second}\n" for second in (9, 5, 30, 10, 41, 40)]
    (folder / "late.log").write_text("".join(late), "utf-8")
    import_into(folder, "logs", "late.log")
    import_into(folder, "mails.mbox", multiline="auto")
    return folder
