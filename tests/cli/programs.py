"""A program with one command of the test's own, run inside the test process."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twsla.cli.bind import BoundCommand, Call, make_command
from twsla.cli.errors import guarded
from twsla.cli.main import Root
from twsla.environment import Environment

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from twsla.model.result import Result


@dataclass
class Program:
    """Runs command lines against one command and keeps what it was called with."""

    options: type | None = None
    selection: tuple[str, ...] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    home: Path | None = None
    answer: Result | int | None = None
    terminal: bool = False
    calls: list[tuple[Call, Any]] = field(default_factory=list)
    out: io.BytesIO = field(default_factory=io.BytesIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def command(self) -> BoundCommand:
        """The command ``probe``."""

        def probe(call: Call, options: Any) -> Result | int | None:
            """Probe the options."""
            self.calls.append((call, options))
            return self.answer

        return make_command("probe", self.options, probe, example="twsla probe", selection=self.selection)

    def run(self, *arguments: str) -> int:
        """Run ``twsla ARGUMENTS…``; gives the exit code."""
        command = self.command()

        class One(Root):
            def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
                return command if cmd_name == "probe" else super().get_command(ctx, cmd_name)

        environment = Environment(
            stdin=io.BytesIO(),
            stdout=self.out,
            stderr=self.err,
            stdout_is_terminal=self.terminal,
            home=self.home,
            variables=self.variables,
        )

        def work() -> int:
            root = One()
            with root.make_context("twsla", list(arguments), obj=environment) as ctx:
                return root.invoke(ctx) or 0

        return guarded(work, environment, debug=False)

    def called(self, *arguments: str) -> tuple[Call, Any]:
        """What the command gets from a command line that must be fine."""
        self.calls.clear()
        code = self.run(*arguments)
        assert code == 0, self.err.getvalue()
        (call,) = self.calls
        return call

    def refused(self, *arguments: str) -> str:
        """What standard error says of a command line that must be a usage error."""
        self.calls.clear()
        assert self.run(*arguments) == 2
        assert not self.calls
        return self.err.getvalue()
