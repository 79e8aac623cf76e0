"""Click options and arguments made from descriptions: one spelling is shown, all are accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from twsla.cli.settings import parameter_name
from twsla.errors import UsageError
from twsla.registry import EXPORTERS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from twsla.options import OptionInfo

FILTERS = frozenset({"filter", "regex", "inverted", "time_range", "ignore_case", "where"})
"""Fields of ``Selection`` that change which records are looked at: never dropped without a word."""


class BoundOption(click.Option):
    """An option that shows one spelling and accepts all."""

    def __init__(self, owner: type, info: OptionInfo) -> None:
        self.info = info
        flags = [info.long, *info.aliases, *([info.short] if info.short else [])]
        kind: dict[str, Any] = {"type": _click_type(info)}
        if info.type == "flag":
            kind = {"is_flag": True}
            if not info.long.startswith("--no-"):
                flags[0] = f"{info.long}/--no-{info.long[2:]}"  # so that a value of the configuration can be undone
        elif info.multiple or info.name in FILTERS:
            kind["multiple"] = True
        kind["shell_complete"] = completer(info)
        super().__init__(
            [parameter_name(owner, info.name), *flags], help=info.help, hidden=info.hidden, metavar=info.metavar, **kind
        )

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The shown spelling with its value, and the help with choices and default."""
        if self.hidden:
            return None
        return option_label(self.info), option_help(self.info)

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """How messages name it."""
        return f"'{self.info.long}'"

    def value_of(self, typed: Any) -> object:
        """What was typed as the field's value.

        Raises:
            UsageError: A filter was given twice; the first would be dropped.
        """
        if not self.multiple or self.info.multiple:
            return typed
        if len(typed) > 1:
            raise UsageError(
                f"{self.info.long} is given {len(typed)} times and takes one value",
                hint="further filters go behind the options, as arguments",
            )
        return typed[0]


def option_label(info: OptionInfo) -> str:
    """``-t, --time-range RANGE``."""
    names = f"{info.short}, {info.long}" if info.short else info.long
    if info.type == "flag":
        return names
    return f"{names} {info.metavar or '|'.join(info.choices) or _METAVARS[info.type]}"


def option_help(info: OptionInfo) -> str:
    """The help text, the default behind it where there is one to speak of."""
    if info.default in (None, "", (), False):
        return info.help
    return f"{info.help}  [default: {info.default}]"


_METAVARS = {"text": "TEXT", "integer": "N", "number": "X", "path": "PATH"}


def _click_type(info: OptionInfo) -> Any:
    if info.choices:
        return click.Choice(info.choices)
    match info.type:
        case "integer":
            return click.INT
        case "number":
            return click.FLOAT
        case "path":
            from pathlib import Path

            return click.Path(path_type=Path)
        case _:
            return click.STRING


Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

_COMPLETED_BY_SHELL = {"FILE": "file", "SOURCE": "file", "PATH": "file", "DIR": "dir"}


def completer(info: OptionInfo) -> Completer | None:
    """What completes a value: the shell for files, the registry for formats, click for choices."""
    kind = _COMPLETED_BY_SHELL.get(info.metavar or "")
    if kind is None and info.metavar != "FORMAT":
        return None

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        if kind is not None:
            return [CompletionItem(incomplete, type=kind)]
        offered = EXPORTERS.items()
        return [CompletionItem(name, help=entry.summary) for name, entry in offered if name.startswith(incomplete)]

    return complete


def complete_options(command: click.Command, incomplete: str) -> list[CompletionItem]:
    """Options in the spelling that is shown."""
    from click.shell_completion import CompletionItem

    infos = [param.info for param in command.params if isinstance(param, BoundOption) and not param.hidden]
    shown = [(flag, info.help) for info in infos for flag in (info.long, info.short) if flag]
    shown.append(("--help", "Show this help."))
    return [CompletionItem(flag, help=text) for flag, text in shown if flag.startswith(incomplete)]


def parameter(owner: type, info: OptionInfo) -> click.Parameter:
    """The click parameter of one option or positional argument."""
    if not info.positional:
        return BoundOption(owner, info)
    return click.Argument(
        [parameter_name(owner, info.name)],
        metavar=f"{info.metavar or info.long.upper()}",
        nargs=-1 if info.multiple else 1,
        required=info.required,
        type=_click_type(info),
        shell_complete=completer(info),
    )
