"""Charts and overwriting through the real command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import Program
from tests.conftest import ROOT
from tests.export.browser import needs_browser, opened
from tests.render import charted
from tests.render.test_sixel import decoded
from tests.test_startup import loaded
from twsla.errors import TwslaError
from twsla.export.replaced import replaced_file
from twsla.model.charts import Bar
from twsla.model.result import Result, ValueRows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

BARS = charted.result("Keys", [Bar("key", "count")], [charted.KEY, charted.COUNT], key=["alice", "bob"], count=[4, 2])
LIBRARIES = {"matplotlib", "plotly", "plotext", "PIL"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of the sample logs under the default name."""
    folder = tmp_path_factory.mktemp("case")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
    command = [sys.executable, "-m", "twsla", "import", str(ROOT / "testdata" / "logs")]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def answered(*arguments: str, answer: Result = BARS, terminal: bool = False, **variables: str) -> Program:
    program = Program(answer=answer, terminal=terminal, variables=variables)
    assert program.run("probe", *arguments) == 0, program.err.getvalue()
    return program


# --- with characters ---------------------------------------------------------------------------------------------


def test_the_chart_stands_before_the_rows_without_colours_in_a_pipe() -> None:
    lines = answered("--chart").out.getvalue().decode().splitlines()

    assert lines[0] == "Keys"
    assert re.fullmatch("alice 4 █{72}", lines[1])
    assert re.fullmatch("bob   2 █{36}", lines[2])
    assert lines[3:] == ["", "key\tcount", "alice\t4", "bob\t2"]


def test_on_a_terminal_it_has_colours_unless_they_are_off() -> None:
    assert b"\x1b[38;5;" in answered("--chart", terminal=True).out.getvalue()
    assert b"\x1b" not in answered("--chart", "--no-color", terminal=True).out.getvalue()
    assert b"\x1b" not in answered("--chart", terminal=True, NO_COLOR="1").out.getvalue()


def test_a_text_file_gets_the_chart_too(tmp_path: Path) -> None:
    answered("--chart", "-o", str(tmp_path / "out.txt"))

    assert (tmp_path / "out.txt").read_text("utf-8").startswith("Keys\nalice 4 ██")


def test_the_chart_shows_the_rows_that_are_shown() -> None:
    shown = answered("--chart", "--sort", "count", "--limit", "1").out.getvalue().decode()

    assert "alice" not in shown


@pytest.mark.parametrize("arguments", [["--format", "csv"], ["-o", "x.json"], ["--format", "png"]])
def test_data_for_other_programs_is_not_spoilt_by_a_chart(arguments: list[str]) -> None:
    assert "--chart draws before plain text and tables" in Program(answer=BARS).refused("probe", "--chart", *arguments)


def test_a_result_without_a_chart_says_so_and_shows_its_rows() -> None:
    program = answered("--chart", answer=Result("T", BARS.columns, BARS.rows))

    assert program.out.getvalue() == b"key\tcount\nalice\t4\nbob\t2\n"
    assert "twsla: note: this result has no chart to draw\n" in program.err.getvalue()


# --- sixel -------------------------------------------------------------------------------------------------------


def test_with_sixel_a_terminal_gets_a_picture_and_then_the_rows() -> None:
    out = answered("--chart", "--sixel", terminal=True).out.getvalue()

    picture, _, rest = out.partition(b"\x1b\\")
    height, width = decoded(picture + b"\x1b\\").shape[:2]
    assert (width, height) == (632, 336)  # 80 by 24 characters of 8 by 16 pixels, room for the prompt
    assert rest.startswith(b"\n")
    assert b"alice" in rest


def test_a_pipe_gets_no_sixel_whatever_the_configuration_says() -> None:
    assert b"\x1b" not in answered("--chart", TWSLA_SIXEL="1").out.getvalue()
    assert b"\x1b" not in answered("--sixel").out.getvalue()


# --- pictures and pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("c.png", b"\x89PNG\r\n"),
        ("c.PNG", b"\x89PNG\r\n"),
        ("c.html", b"<!DOCTYPE html>"),
        ("c.htm", b"<!DOCTYPE html>"),
    ],
)
def test_the_suffix_makes_a_picture_or_a_page(name: str, start: bytes, run: Run, case: Path, tmp_path: Path) -> None:
    done = run("count", "-i", "3600", "-o", tmp_path / name, cwd=case)

    assert (done.code, done.out) == (0, b"")
    assert "error" not in done.err.lower()
    assert (tmp_path / name).read_bytes().startswith(start)


def test_standard_output_gets_the_same_bytes(run: Run, case: Path, tmp_path: Path) -> None:
    run("count", "-e", "ip", "-o", tmp_path / "c.png", cwd=case)

    assert run("count", "-e", "ip", "--format", "png", cwd=case).out == (tmp_path / "c.png").read_bytes()


def test_a_picture_of_what_has_no_chart_is_refused_and_leaves_no_file(run: Run, case: Path, tmp_path: Path) -> None:
    done = run("search", "-o", tmp_path / "s.png", cwd=case)

    assert done.code == 2
    assert done.err.splitlines()[-2:] == [
        "twsla: error: 'Search' has no chart, so there is no picture to draw",
        "hint: write its rows in another format: csv, json, parquet, html …",
    ]
    assert list(tmp_path.glob("*.png*")) == []


@pytest.mark.parametrize("name", ["png", "html"])
def test_pictures_and_pages_are_not_for_a_terminal(name: str) -> None:
    assert f"-o FILE.{name}" in Program(answer=BARS, terminal=True).refused("probe", "--format", name)


def test_any_result_can_be_a_page() -> None:
    page = answered("--format", "html", answer=Result("T", (), ValueRows((), ()))).out.getvalue()

    assert page.startswith(b"<!DOCTYPE html>")
    assert len(page) < 20_000


@needs_browser
def test_a_real_page_opens_without_the_network(run: Run, case: Path, tmp_path: Path) -> None:
    run("count", "-e", "ip", "-o", tmp_path / "c.html", "--tz", "Asia/Tokyo", cwd=case)

    found = opened(tmp_path / "c.html", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9")

    assert found.console == []
    assert found.dom.count('class="main-svg"') >= 2


def test_data_is_written_without_the_libraries_of_charts(case: Path, tmp_path: Path) -> None:
    assert not loaded("count", "-o", str(tmp_path / "c.csv"), cwd=case) & LIBRARIES
    assert not loaded("search", "-o", str(tmp_path / "s.html"), cwd=case) & LIBRARIES
    assert "matplotlib" not in loaded("count", "-o", str(tmp_path / "c.html"), cwd=case)
    assert "plotly" not in loaded("count", "-o", str(tmp_path / "c.png"), cwd=case)


# --- writing over a file -----------------------------------------------------------------------------------------


def test_without_a_terminal_an_existing_file_is_left_as_it_is(run: Run, case: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"old")

    done = run("count", "-o", path, cwd=case)

    assert done.code == 1
    assert done.err.splitlines() == [
        f"twsla: error: {path} exists and was left as it is",
        "hint: --force writes over it; or name another file",
    ]
    assert path.read_bytes() == b"old"


def test_force_writes_over_it(run: Run, case: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"old")

    assert run("count", "-o", path, "--force", cwd=case).code == 0

    assert path.read_bytes().startswith(b"Time,Count")


@pytest.mark.skipif(os.name == "nt", reason="devices of Unix")
def test_a_device_is_no_file_to_be_written_over(run: Run, case: Path) -> None:
    assert run("count", "-o", "/dev/null", "--format", "csv", cwd=case).code == 0


def test_a_file_that_appears_in_the_meantime_stays(tmp_path: Path) -> None:
    path = tmp_path / "out"

    with (
        pytest.raises(TwslaError, match="exists and was left as it is"),
        replaced_file(path, overwrite=False) as stream,
    ):
        stream.write(b"mine")
        path.write_bytes(b"theirs")

    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_is_written_where_nothing_may_be_written_over(tmp_path: Path) -> None:
    path = tmp_path / "out"

    with replaced_file(path, overwrite=False) as stream:
        stream.write(b"mine")

    assert path.read_bytes() == b"mine"
    assert path.stat().st_nlink == 1
    assert list(tmp_path.iterdir()) == [path]


pty = pytest.importorskip("pty", reason="pseudo-terminals are of Unix")


def asked(folder: Path, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run in a terminal and type an answer when a question ends; exit code, and what appeared."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "twsla", *arguments],
        stdin=secondary, stdout=secondary, stderr=secondary, cwd=folder, start_new_session=True,
        env={**os.environ, "TERM": "xterm", "PAGER": "cat"},
    )  # fmt: skip
    os.close(secondary)
    seen, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # Linux says EIO at the end
            break
        seen += piece
        if seen.rstrip().endswith(b"[y/N]"):
            os.write(primary, answer)
    os.close(primary)
    return process.wait(60), seen.decode()


@pytest.mark.parametrize("answer", [b"y\n", b"YES\n"])
def test_a_person_is_asked_and_may_agree(answer: bytes, case: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"old")

    code, seen = asked(case, answer, "count", "-o", str(path))

    assert code == 0
    assert f"{path} exists. Write over it? [y/N]" in seen
    assert path.read_bytes().startswith(b"Time,Count")


@pytest.mark.parametrize("answer", [b"\n", b"n\n", b"what?\n", b"\x04"])
def test_anything_else_than_yes_leaves_the_file(answer: bytes, case: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"old")

    code, seen = asked(case, answer, "count", "-o", str(path))

    assert code == 1
    assert "was left as it is" in seen
    assert path.read_bytes() == b"old"


def test_json_holds_what_a_chart_is_drawn_from(run: Run, case: Path) -> None:
    document = json.loads(run("count", "--format", "json", cwd=case).out)

    assert document["charts"][0]["type"] == "line"
    assert document["charts"][0]["step_ns"] > 0
