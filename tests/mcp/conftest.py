"""One store for all tests that only read it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.mcp.clients import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGS = ROOT / "testdata" / "logs"


def import_into(store: Path, *sources: Path) -> None:
    """Import by the command line."""
    subprocess.run(
        [sys.executable, "-m", "twsla", "import", "-d", store, *sources],
        check=True,
        capture_output=True,
        env={**os.environ, "TZ": "UTC", "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="session")
def shared_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample logs; not to be changed."""
    store = tmp_path_factory.mktemp("case") / "case.db"
    import_into(store, LOGS)
    return store


@pytest.fixture
def case(shared_case: Path, tmp_path: Path) -> Path:
    """A copy of it, for tests that import."""
    copy = tmp_path / "case.db"
    shutil.copytree(shared_case, copy)
    return copy


@pytest.fixture(scope="session")
def served(shared_case: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of it over HTTP, for tests that ask and leave nothing behind: starting one takes a second."""
    home = str(tmp_path_factory.mktemp("home"))
    env = {"TZ": "UTC", "PYTHONPATH": str(ROOT), "HOME": home, "USERPROFILE": home}
    with serving(shared_case, "stream", env=env) as running:
        yield running
