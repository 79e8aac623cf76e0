"""``twsla help``: the same as ``--help`` behind the command."""

from __future__ import annotations

import click

from twsla.cli.lazy import LazyGroup


class HelpCommand(click.Command):
    """Show help for a command."""

    def __init__(self) -> None:
        words = click.Argument(["words"], nargs=-1, metavar="[COMMAND]...")
        super().__init__("help", params=[words], help="Show help for a command.", add_help_option=False)

    def invoke(self, ctx: click.Context) -> int:
        """Print the help of the command that the words name; of the program where there are none."""
        context = ctx.find_root()
        for word in ctx.params["words"] or ():
            group = context.command
            found = group.get_command(context, word) if isinstance(group, LazyGroup) else None
            if found is None:
                raise (group if isinstance(group, LazyGroup) else LazyGroup("twsla")).unknown(context, word)
            context = click.Context(found, info_name=word, parent=context)
        click.echo(context.get_help())
        return 0


command = HelpCommand()
