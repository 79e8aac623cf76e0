"""A command group that lists, completes and explains its commands from the registry's table, importing none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from twsla import registry
from twsla.cli.parameters import complete_options
from twsla.environment import Environment
from twsla.errors import TwslaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem


class LazyGroup(click.Group):
    """Commands of ``registry.COMMANDS`` below ``prefix``: a name with a space makes a nested group."""

    def __init__(self, name: str, prefix: str = "", **attributes: Any) -> None:
        settings = {"help_option_names": ["-h", "--help"]}
        super().__init__(name, context_settings=settings, **attributes)
        self.prefix = prefix

    def _plugins_wanted(self, ctx: click.Context) -> bool:
        environment = ctx.find_object(Environment)
        return environment is not None and environment.plugins

    def _own(self) -> dict[str, str]:
        """Built-in commands of this group with their summaries, in the order of the table."""
        found: dict[str, str] = {}
        for name, entry in registry.COMMANDS.items():
            if name.startswith(self.prefix) and name != self.prefix.strip():
                first = name[len(self.prefix) :].split(" ")[0]
                found.setdefault(first, registry.COMMAND_GROUPS.get(self.prefix + first, entry.summary))
        return found

    def summaries(self, ctx: click.Context) -> dict[str, str]:
        """Every command with its summary; the plug-ins' names are read, nothing is imported."""
        found = self._own()
        if not self.prefix and self._plugins_wanted(ctx):
            for plugin in registry.installed_plugins():
                if plugin.table != "commands":
                    continue
                if plugin.problem:
                    click.echo(f"twsla: note: plug-in not used: {plugin.problem}", err=True)
                else:
                    found[plugin.name] = f"Plug-in of {plugin.distribution} {plugin.version}."
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names only."""
        return list(self.summaries(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        full = self.prefix + cmd_name
        if any(name.startswith(f"{full} ") for name in registry.COMMANDS):
            return LazyGroup(cmd_name, f"{full} ", help=registry.COMMAND_GROUPS.get(full))
        found = registry.find("commands", full, plugins=self._plugins_wanted(ctx))
        if found is None:
            return None
        if isinstance(found, registry.Entry):
            return as_command(registry.load(found), cmd_name)
        made = as_command(registry.load_plugin(found), cmd_name)
        if made is None:
            raise TwslaError(f"plug-in '{found.name}' of {found.distribution} is not an analysis ({found.target})")
        return made

    def _by_itself(self, name: str) -> click.Command | None:
        """The command that the first word of commands of two words is as well (``sigma`` beside ``sigma list``)."""
        entry = registry.COMMANDS.get(self.prefix + name)
        return as_command(registry.load(entry), name) if entry else None

    def all_commands(self, ctx: click.Context) -> Iterator[click.Command]:
        """Every built-in command, imported; nested ones too."""
        for name in self._own():
            made = self.get_command(ctx, name)
            if isinstance(made, LazyGroup):
                by_itself = self._by_itself(name)
                if by_itself is not None:
                    yield by_itself
                yield from made.all_commands(ctx)
            elif made is not None:
                yield made

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with our words for a name that is none.

        Raises:
            UsageError: There is no such command.
        """
        name = args[0]
        found = self.get_command(ctx, name)
        if isinstance(found, LazyGroup) and (len(args) < 2 or args[1] not in found.list_commands(ctx)):
            found = self._by_itself(name) or found
        if found is None and not ctx.resilient_parsing:
            raise self.unknown(ctx, name)
        return name if found else None, found, args[1:]

    def unknown(self, ctx: click.Context, name: str) -> UsageError:
        """The error for a command that does not exist."""
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), self.list_commands(ctx), 1)
        listed = f"'{ctx.command_path} --help' lists all commands"
        hint = f"did you mean '{near[0]}'? {listed}" if near else listed
        return UsageError(f"there is no command '{self.prefix}{name}'", hint=hint)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without any argument: help, and done.

        Raises:
            UsageError: It is a group of commands, and none of them is named.
        """
        if not args and self.prefix and not ctx.resilient_parsing:
            names = " or ".join(f"'{ctx.command_path} {name}'" for name in self.list_commands(ctx))
            raise UsageError(f"'{ctx.command_path}' is not a command by itself", hint=f"write {names}")
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, from the registry."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries(ctx).items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands with their summaries, or options."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return complete_options(self, incomplete)
        commands = self.summaries(ctx).items()
        return [CompletionItem(name, help=text) for name, text in commands if name.startswith(incomplete)]


def as_command(target: object, name: str) -> click.Command | None:
    """What a line of the registry points at as a click command; None if it is neither that nor an analysis."""
    if isinstance(target, click.Command):
        return target
    from twsla.model.analysis import Analysis

    if isinstance(target, Analysis):
        from twsla.cli.run import analysis_command

        return analysis_command(target, name)
    return None
