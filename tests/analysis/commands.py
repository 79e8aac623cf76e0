"""Command lines run inside the test process, on stores made of a few lines."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twsla.cli.main import run
from twsla.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command line gave."""

    code: int
    text: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """Standard output as CSV, without its heading."""
        return list(csv.reader(io.StringIO(self.text)))[1:]

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.text)

    @property
    def notes(self) -> list[str]:
        """The notes on standard error."""
        lead = "twsla: note: "
        return [line.removeprefix(lead) for line in self.err.splitlines() if line.startswith(lead)]


def twsla(*arguments: str | Path, zone: str = "UTC", home: Path | None = None) -> Answer:
    """Run ``twsla ARGUMENTS…`` without a terminal."""
    out, err = io.BytesIO(), io.StringIO()
    environment = Environment(
        stdin=io.BytesIO(), stdout=out, stderr=err, home=home, local_zone=zone, now_ns=1_795_225_980_000_000_000
    )
    code = run([str(each) for each in arguments], environment)
    return Answer(code, out.getvalue().decode(), err.getvalue())


def answered(*arguments: str | Path, zone: str = "UTC") -> Answer:
    """As ``twsla``, of a command line that must be fine."""
    answer = twsla(*arguments, zone=zone)
    assert answer.code == 0, answer.err
    return answer


def refused(*arguments: str | Path) -> str:
    """What is said about a command line that must be a usage error, in one line and a hint."""
    answer = twsla(*arguments)
    assert answer.code == 2, (answer.code, answer.err)
    assert not answer.text
    first, second = answer.err.splitlines()
    assert first.startswith("twsla: error: ")
    assert second.startswith("hint: ")
    return answer.err


def store_of(folder: Path, *sources: Sequence[str], zone: str = "UTC") -> Path:
    """A store with a record for each line, in the sources ``a.log``, ``b.log`` and so on."""
    store = folder / "s.db"
    for name, lines in zip("abcd", sources, strict=False):
        path = folder / f"{name}.log"
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        answered("-d", store, "import", "--multiline", "off", "--tz", zone, path)
    return store
