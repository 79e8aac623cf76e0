"""A browser without a window, for what only a browser can tell."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed to open the page with")


@dataclass(frozen=True, slots=True)
class Opened:
    """A page after its scripts have run."""

    dom: str
    console: list[str]
    """What scripts and the page's policy said."""


def opened(path: Path, *flags: str) -> Opened:
    """Open a file and give what became of it."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        done = subprocess.run(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                *("--no-first-run", "--disable-component-update", "--disable-sync", "--disable-extensions"),
                *(f"--user-data-dir={profile}", "--window-size=1300,1000", "--virtual-time-budget=5000"),
                *("--enable-logging=stderr", "--v=0", "--dump-dom", *flags, path.as_uri()),
            ],
            capture_output=True,
            timeout=120,
            check=True,
        )
    errors = done.stderr.decode("utf-8", "replace").splitlines()
    return Opened(done.stdout.decode("utf-8", "replace"), [line for line in errors if "CONSOLE" in line])
