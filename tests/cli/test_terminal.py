"""The real program in a real terminal, as far as a pseudo-terminal is one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.test_registry import install, path_with

if TYPE_CHECKING:
    from pathlib import Path

pty = pytest.importorskip("pty", reason="pseudo-terminals are of Unix")


def in_terminal(*arguments: str, cwd: Path, **variables: str) -> tuple[int, str]:
    """Exit code and what appears in the terminal, standard error included."""
    primary, secondary = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "60", "LINES": "10", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "twsla", *arguments],
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        cwd=cwd,
        env=env,
        start_new_session=True,
    )
    os.close(secondary)
    seen = b""
    while True:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # Linux says EIO at the end
            break
        if not piece:
            break
        seen += piece
    os.close(primary)
    return process.wait(60), seen.decode().replace("\r\n", "\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for number in range(30):
        install(folder, f"twsla-{number:02}", f"a{number:02} = some_module_with_a_rather_long_name:analysis")
    return folder


def test_a_terminal_gets_a_table_through_the_pager(site: Path, tmp_path: Path) -> None:
    pager = f'{sys.executable} -c \'import sys; print("PAGED"); print(sys.stdin.read(), end="")\''

    code, seen = in_terminal("plugins", cwd=tmp_path, **path_with(site, PAGER=pager, NO_COLOR="1"))

    lines = seen.splitlines()
    assert code == 0
    assert lines[0] == "PAGED"
    assert lines[1].split() == ["Adds", "Name", "Distribution", "Version", "Target", "State"]
    assert max(map(len, lines[1:32])) <= 60
    assert "30 rows" in seen
    assert "\x1b" not in seen


@pytest.mark.parametrize("pager", ["cat", "", "no-such-program"])
def test_without_a_pager_it_is_written_at_once(pager: str, site: Path, tmp_path: Path) -> None:
    code, seen = in_terminal("plugins", cwd=tmp_path, **path_with(site, PAGER=pager))

    assert code == 0
    assert "30 rows" in seen


def test_leaving_the_pager_early_is_no_error(site: Path, tmp_path: Path) -> None:
    code, seen = in_terminal("plugins", cwd=tmp_path, **path_with(site, PAGER="true"))

    assert (code, seen) == (0, "")


def test_less_ends_by_itself_when_all_fits(tmp_path: Path) -> None:
    code, seen = in_terminal("plugins", cwd=tmp_path, LINES="24")

    assert code == 0
    assert "0 rows" in seen


def test_headings_are_bold_unless_colours_are_off(tmp_path: Path) -> None:
    assert "\x1b[1m" in in_terminal("plugins", cwd=tmp_path, PAGER="cat")[1]
    assert "\x1b" not in in_terminal("plugins", "--no-color", cwd=tmp_path, PAGER="cat")[1]
    assert "\x1b" not in in_terminal("plugins", cwd=tmp_path, PAGER="cat", TERM="dumb")[1]


def test_the_version_has_a_banner_in_the_colour_asked_for(tmp_path: Path) -> None:
    assert "\x1b[36m" in in_terminal("version", "--color", "cyan", cwd=tmp_path)[1]
    assert "\x1b" not in in_terminal("version", "--color", "cyan", cwd=tmp_path, NO_COLOR="1")[1]
