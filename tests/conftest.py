"""What every test stands on: no variable, home directory, zone or locale of the machine's user decides a result."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# What is slow on a busy machine is no failure.
settings.register_profile("twsla", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("twsla")
# Hundreds of tests start the program: compiled once, not each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared collection of logs is not beside the project")


@pytest.fixture(autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home directory, UTC, no colours of the user's; gives the home directory."""
    for name in list(os.environ):
        if name.startswith(("TWSLA_", "TWSAL_", "LC_", "_TWSLA")) or name in {"NO_COLOR", "COLUMNS", "LINES", "PAGER"}:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if hasattr(time, "tzset"):
        time.tzset()
    return home


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode()

    @property
    def lines(self) -> list[str]:
        """Standard output line by line."""
        return self.text.splitlines()


Run = Callable[..., Finished]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("search", "-f", "x")``: the real program in a process of its own, in ``tmp_path``, without a terminal."""

    def call(
        *arguments: str | Path,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        prefix: Sequence[str] = (),
    ) -> Finished:
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "twsla", *map(str, arguments)],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            env={**os.environ, **(env or {})},
            cwd=cwd or tmp_path,
            timeout=120,
        )
        return Finished(done.returncode, done.stdout, done.stderr.decode())

    return call
