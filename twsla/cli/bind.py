"""Commands made from declarations: option dataclasses become click options, what was typed becomes their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from twsla.cli.parameters import FILTERS, BoundOption, complete_options, option_help, option_label, parameter
from twsla.cli.settings import Settings, parameter_name, read_settings
from twsla.environment import Environment
from twsla.errors import UsageError
from twsla.options import OptionInfo, OutputOptions, Selection, describe
from twsla.sections import Section, sections_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.shell_completion import CompletionItem

    from twsla.model.result import Result


@dataclass(frozen=True, slots=True)
class Call:
    """What a command is called with, beside its own options."""

    environment: Environment
    selection: Selection
    output: OutputOptions


Run = Callable[[Call, Any], "Result | int | None"]
"""A command's work. A Result is written out as the output options say; a number is the exit code."""
Prepare = Callable[[Call, Any], "tuple[Call, Any]"]
"""Puts what was typed right before it is decided where the answer goes."""


class BoundCommand(click.Command):
    """A command made from option dataclasses; it hands values of these to ``run``."""

    def __init__(
        self,
        name: str,
        sections: tuple[Section, ...],
        run: Run,
        *,
        help: str,
        example: str,
        prepare: Prepare | None = None,
    ) -> None:
        parameters = [parameter(section.owner, info) for section in sections for info in section.infos]
        settings = {"help_option_names": ["-h", "--help"]}
        super().__init__(name, params=parameters, help=help.replace("``", "'"), context_settings=settings)
        self.sections = sections
        self.description = help
        self.run = run
        self.prepare = prepare
        self.example = example
        self.has_screen = False
        """On a terminal the answer opens a screen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click's; some of its errors do not say which command they are about."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """``[OPTIONS] [FILTER]...``."""
        pieces = ["[OPTIONS]"]
        for info in self._positional():
            word = f"{info.metavar or info.long.upper()}{'...' if info.multiple else ''}"
            pieces.append(word if info.required else f"[{word}]")
        return pieces

    def _positional(self) -> list[OptionInfo]:
        return [info for section in self.sections for info in section.infos if info.positional]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options first, then the shared ones."""
        arguments = [(info.metavar or info.long.upper(), info.help) for info in self._positional()]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        for section in self.sections:
            records = [
                (option_label(info), option_help(info))
                for info in section.infos
                if not info.positional and not info.hidden
            ]
            if records:
                with formatter.section(section.title):
                    formatter.write_dl(records)
        formatter.write_paragraph()
        formatter.write_text("-h, --help  Show this help.")

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Nothing: they are among the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One example, as it is typed."""
        if self.example:
            with formatter.section("Example"):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options; values are completed by their parameters."""
        return complete_options(self, incomplete) if incomplete.startswith("-") else []

    def invoke(self, ctx: click.Context) -> int:
        """Resolve all values, run, and send the answer where it belongs; gives the exit code."""
        environment = ctx.find_object(Environment)
        assert environment is not None
        refuse_stray_options(ctx, self.sections)
        settings = read_settings(ctx, self.sections, environment)
        built = {section.owner: resolve(ctx, section, settings) for section in self.sections}
        selection = built.pop(Selection, None) or Selection()
        output = built.pop(OutputOptions, None) or OutputOptions()
        assert isinstance(selection, Selection)
        assert isinstance(output, OutputOptions)
        own = next(iter(built.values()), None)
        if getattr(own, "quiet", False):
            output = replace(output, quiet=True)
        settings.tell(environment, quiet=output.quiet)
        call = Call(environment, selection, output)
        return self._finish(*(self.prepare(call, own) if self.prepare else (call, own)))

    def _finish(self, call: Call, own: object) -> int:
        """Run and write: where the answer goes is decided before the work, so that a mistake costs no time."""
        if not any(info.name == "format" for section in self.sections for info in section.infos):
            code = self.run(call, own)
            assert code is None or isinstance(code, int)
            return code or 0
        from twsla.cli.output import decide, send

        destination = decide(call.output, call.environment, call.selection, screen=self.has_screen)
        answer = self.run(call, own)
        if answer is None or isinstance(answer, int):
            return answer or 0
        try:
            send(answer, destination)
        finally:
            if answer.close:
                answer.close()
        return answer.exit_code


def resolve(ctx: click.Context, section: Section, settings: Settings) -> object:
    """An option dataclass with its values: typed after the command, before it, environment, file, default."""
    values: dict[str, object] = {}
    for info in section.infos:
        name = parameter_name(section.owner, info.name)
        typed, value = typed_value(ctx, name)
        if typed:
            values[info.name] = value
        elif info.positional:
            values[info.name] = info.default
        else:
            values[info.name] = settings.value(info)
    return section.owner(**values)


def typed_value(ctx: click.Context, name: str) -> tuple[bool, object]:
    """Whether a parameter was given on the command line, and its value; the command itself before its groups."""
    context: click.Context | None = ctx
    while context is not None:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value: object = context.params[name]
            for declared in context.command.params:
                if declared.name == name and isinstance(declared, BoundOption):
                    value = declared.value_of(value)
            return True, value
        context = context.parent
    return False, None


def refuse_stray_options(ctx: click.Context, sections: Iterable[Section]) -> None:
    """A filter typed before a command that does not take it would be dropped without a word: an error.

    Raises:
        UsageError: There is one.
    """
    taken = {parameter_name(section.owner, info.name) for section in sections for info in section.infos}
    context = ctx.parent
    while context is not None:
        for declared in context.command.params:
            if not isinstance(declared, BoundOption) or declared.info.name not in FILTERS or declared.name in taken:
                continue
            if context.get_parameter_source(declared.name or "") is ParameterSource.COMMANDLINE:
                raise UsageError(f"{declared.info.long} before '{ctx.info_name}' has no effect on that command")
        context = context.parent


def make_command(
    name: str,
    options: type | None,
    run: Run,
    *,
    example: str,
    selection: tuple[str, ...] | None = (),
    output: bool | tuple[str, ...] = True,
    prepare: Prepare | None = None,
) -> BoundCommand:
    """A command that is not an analysis, with the same options, precedence, help and output as one.

    Args:
        name: As typed; the last word of a nested one.
        options: Dataclass of its own options.
        run: ``(call, options) -> Result | exit code | None``; the first line of its docstring is the summary.
        example: One command line, for help and docs.
        selection: Fields of ``Selection`` that it takes; None: all of them.
        output: Whether it takes the output options, or the fields of those that it takes; it then answers with none.
        prepare: What it does with the options before they are used.
    """
    shared: list[type] = [Selection] if selection is None or selection else []
    if output:
        shared.append(OutputOptions)
    without: set[str] = set()
    if selection is not None:
        without = {info.name for info in describe(Selection)} - set(selection)
    if isinstance(output, tuple):
        without |= {info.name for info in describe(OutputOptions)} - set(output)
    sections = sections_of(options, shared, without)
    return BoundCommand(name, sections, run, help=dedent(run.__doc__), example=example, prepare=prepare)


def dedent(text: str | None) -> str:
    """A docstring without its indentation."""
    import inspect

    return inspect.cleandoc(text or "")
