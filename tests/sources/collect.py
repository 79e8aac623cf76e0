"""Reads everything that a source gives, for the tests of this package."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.sources.base import DamagedError, Item, Limits, Problem, ProblemKind
from twsla.sources.files import expand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOG = b"".join(
    b"Jun 14 15:16:%02d combo sshd(pam_unix)[%d]: authentication failure; rhost=218.188.%d.%d\n"
    % (n % 60, 19000 + n, n * 7 % 256, n * 13 % 256)
    for n in range(3000)
)
"""About 250 kB of log lines, no two of them alike."""


@dataclass(slots=True)
class Got:
    """What came of some arguments."""

    content: dict[str, bytes] = field(default_factory=dict)
    """By item name, in order, what could be read."""
    errors: dict[str, DamagedError] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def kinds(self) -> list[tuple[str, ProblemKind]]:
        """Source and kind of every problem."""
        return [(problem.source, problem.kind) for problem in self.problems]

    def sentences(self) -> str:
        """All problems and errors as one text."""
        lines = [f"{problem.source}: {problem.sentence}" for problem in self.problems]
        return "\n".join(lines + [f"{name}: {error}" for name, error in self.errors.items()])


def read_pieces(item: Item, size: int = 70_001) -> tuple[bytes, DamagedError | None]:
    """All that an item delivers, and the error that ended it."""
    parts = []
    try:
        with item.open() as stream:
            while part := stream.read(size):
                assert len(part) <= size
                parts.append(part)
    except DamagedError as error:
        assert error.kept_bytes == sum(map(len, parts))
        return b"".join(parts), error
    return b"".join(parts), None


def collect(
    *arguments: str | Path,
    pattern: str | None = None,
    exclude: Sequence[str] = (),
    password: str | None = None,
    recursive: bool = True,
    within: Sequence[Path] = (),
    limits: Limits | None = None,
    stdin: bytes = b"",
    read: bool = True,
) -> Got:
    """Expand the arguments and read every item in its turn."""
    got = Got()
    for item in expand(
        [str(argument) for argument in arguments],
        pattern=pattern,
        exclude=exclude,
        password=password,
        recursive=recursive,
        within=within,
        limits=limits,
        on_problem=got.problems.append,
        stdin=io.BytesIO(stdin),
    ):
        got.items.append(item)
        assert item.name not in got.content
        assert item.name.encode("utf-8")
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in item.name)
        got.content[item.name] = b""
        if read:
            got.content[item.name], error = read_pieces(item)
            if error is not None:
                got.errors[item.name] = error
    return got


def below(base: Path, got: Got) -> dict[str, bytes]:
    """The content by names relative to a directory."""
    return {name.removeprefix(f"{base}/"): data for name, data in got.content.items()}
