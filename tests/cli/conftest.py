"""The real program inside the test process: what a new process would do, without the time to start one."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Finished
from twsla.cli.main import run as run_program
from twsla.environment import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: Path) -> Run:
    """As ``run``, with ``zone`` for the machine's time zone instead of an environment."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path, input: bytes = b"", zone: str = "UTC") -> Finished:
        out, err = io.BytesIO(), io.StringIO()
        environment = Environment(
            stdin=io.BytesIO(input),
            stdout=out,
            stderr=err,
            home=clean_environment,
            local_zone=zone,
            now_ns=time.time_ns(),
        )
        code = run_program([str(argument) for argument in arguments], environment)
        return Finished(code, out.getvalue(), err.getvalue())

    return call
