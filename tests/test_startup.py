"""What starting costs: the modules that are loaded, seen in a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from twsla import registry

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {
    "duckdb", "_duckdb", "pyarrow", "numpy", "pandas", "rich", "yaml", "prompt_toolkit", "sklearn", "matplotlib",
    "paramiko", "importlib.metadata", "email", "logging", "asyncio", "ssl", "http", "sqlite3", "multiprocessing",
    "concurrent", "zoneinfo", "tempfile", "subprocess", "decimal",
}  # fmt: skip
"""None of these may be loaded to print help: each costs what all of our own code does, or more."""

PROBE = """
import json, os, sys
sys.argv = ["twsla", *json.loads(os.environ["ARGUMENTS"])]
try:
    from twsla.cli.main import entry
    entry()
finally:
    sys.stdout.flush()
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> set[str]:
    """Names of the modules that are loaded when this command line is done."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "ARGUMENTS": json.dumps(arguments), **(env or {})},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stderr.splitlines()[-1])
    return set(names)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["version"], ["help"], ["completion", "zsh"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    assert loaded(*arguments, cwd=tmp_path) & HEAVY == set()


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_help_of_a_command_loads_nothing_heavy(name: str, tmp_path: Path) -> None:
    assert loaded("help", *name.split(), cwd=tmp_path) & HEAVY == set()


def test_help_loads_no_command(tmp_path: Path) -> None:
    ours = {name for name in loaded("--help", cwd=tmp_path) if name.startswith("twsla.")}

    assert not {name for name in ours if name.startswith(("twsla.analysis", "twsla.cli.commands", "twsla.ingest"))}
    assert ours <= {
        "twsla.cli",
        "twsla.cli.errors", "twsla.cli.lazy", "twsla.cli.main", "twsla.cli.parameters", "twsla.cli.settings",
        "twsla.config", "twsla.environment", "twsla.errors", "twsla.options", "twsla.registry",
    }  # fmt: skip


def test_help_loads_little_beside_click(tmp_path: Path) -> None:
    click = subprocess.run(
        [sys.executable, "-c", "import click, json, sys; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    beside = loaded("--help", cwd=tmp_path) - set(json.loads(click.stdout)) - {"json", "__future__"}
    foreign = {name for name in beside if not name.startswith(("twsla", "json.", "_json", "click."))}

    paths = {"pathlib", "fnmatch", "ntpath", "urllib", "urllib.parse", "ipaddress"}
    text = {
        "textwrap",
        "locale",
        "_locale",
        "shutil",
        "zlib",
        "bz2",
        "_bz2",
        "lzma",
        "_lzma",
        "_compression",
    }  # click's
    assert foreign <= {"copy", "dataclasses", *paths, *text}


def test_completion_of_commands_loads_no_command(tmp_path: Path) -> None:
    env = {"_TWSLA_COMPLETE": "bash_complete", "COMP_WORDS": "twsla ", "COMP_CWORD": "1"}

    names = loaded(cwd=tmp_path, env=env)

    assert names & HEAVY == set()
    assert not {name for name in names if name.startswith(("twsla.analysis", "twsla.cli.commands.version"))}


def test_every_module_can_be_imported_alone() -> None:
    """No module needs another to have been imported before it."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "twsla").rglob("*.py"))
        if path.name != "__main__.py"
    ]
    script = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    for loaded in [each for each in sys.modules if each.split('.')[0] == 'twsla']:\n"
        "        del sys.modules[loaded]\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *modules], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
