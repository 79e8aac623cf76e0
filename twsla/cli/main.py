"""The ``twsla`` command: global options, the table of commands, shell completion, exit codes."""

from __future__ import annotations

import sys
from typing import NoReturn

import click

from twsla import __version__
from twsla.cli.errors import guarded
from twsla.cli.lazy import LazyGroup
from twsla.cli.parameters import BoundOption, option_help, option_label
from twsla.environment import Environment, of_process
from twsla.options import OptionInfo, OutputOptions, Selection, describe

BEFORE = ("datastore", "time_range", "filter", "regex", "inverted", "sixel", "config", "debug")
"""Shared options that may stand before the command too; after it wins."""
COMPLETE_VARIABLE = "_TWSLA_COMPLETE"


class Root(LazyGroup):
    """The whole program."""

    def __init__(self) -> None:
        self.declared: list[tuple[type, OptionInfo]] = [
            (owner, info)
            for owner in (Selection, OutputOptions)
            for info in describe(owner)
            if not info.positional and info.name in BEFORE
        ]
        parameters: list[click.Parameter] = [BoundOption(owner, info) for owner, info in self.declared]
        parameters.append(
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_version,
                help="Show the version.",
            )
        )
        super().__init__("twsla", params=parameters, help="Forensic log analysis on the command line.")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands first: they are what one looks for."""
        self.format_commands(ctx, formatter)
        records = [(option_label(info), option_help(info)) for _, info in self.declared]
        records += [("--version", "Show the version."), ("-h, --help", "Show this help.")]
        with formatter.section("Options, before or after the command"):
            formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Where to go from here."""
        formatter.write_paragraph()
        formatter.write_text("'twsla COMMAND --help' explains a command.")


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"twsla {__version__}")
        ctx.exit()


def run(arguments: list[str], environment: Environment) -> int:
    """Run one command line; gives the exit code."""
    debug = "--debug" in arguments or environment.variables.get("TWSLA_DEBUG", "") not in {"", "0"}

    def work() -> int:
        root = Root()
        instruction = environment.variables.get(COMPLETE_VARIABLE)
        if instruction:
            from twsla.cli.commands.completion import complete

            return complete(root, instruction, environment)
        with root.make_context("twsla", list(arguments), obj=environment) as ctx:
            return root.invoke(ctx) or 0

    return guarded(work, environment, debug=debug)


def entry() -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:], of_process()))
