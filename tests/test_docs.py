"""The reference says what the program does, because the program writes it."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from twsla import registry
from twsla.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE = ROOT / "docs" / "reference.md"


def headings() -> list[str]:
    return [line.lstrip("#").strip() for line in REFERENCE.read_text("utf-8").splitlines() if line.startswith("#")]


def test_the_reference_is_what_the_program_writes() -> None:
    made = subprocess.run([sys.executable, ROOT / "docs" / "generate.py"], capture_output=True, check=True)

    assert made.stdout.decode() == REFERENCE.read_text("utf-8"), "run: python docs/generate.py > docs/reference.md"


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_every_command_has_a_heading(name: str) -> None:
    assert f"twsla {name}" in headings()


@pytest.mark.parametrize("name", registry.EXPORTERS)
def test_every_output_format_has_a_heading(name: str) -> None:
    assert name in headings()


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_a_heading(code: ExitCode) -> None:
    assert f"Exit code {int(code)}" in headings()


def test_the_readme_does_not_name_an_option_that_is_none() -> None:
    """Long options in the console blocks of the README exist in the reference."""
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README yet")
    blocks = re.findall(r"```(?:console|sh|bash)\n(.*?)```", readme.read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if re.match(r"\$? ?twsla\b", line)]
    used = {flag for line in lines for flag in re.findall(r"(?<=\s)--[a-zA-Z][\w-]*", line)}

    assert used <= set(re.findall(r"--[a-zA-Z][\w-]*", REFERENCE.read_text("utf-8"))) | {"--help"}


def test_the_readme_lists_every_page_once() -> None:
    linked = re.findall(
        r"\]\(docs/([\w-]+\.md)\)", (ROOT / "README.md").read_text("utf-8").partition("## Documentation")[2]
    )

    assert sorted(linked) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize(
    "path", sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]), ids=lambda path: path.name
)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text("utf-8")):
        assert (path.parent / link).exists(), link
