"""``twsla completion``: scripts that complete commands and options in a shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twsla.cli.bind import make_command
from twsla.cli.errors import writing_stdout
from twsla.options import arg, opt

if TYPE_CHECKING:
    import click
    from click.shell_completion import ShellComplete

    from twsla.cli.bind import Call
    from twsla.environment import Environment

VARIABLE = "_TWSLA_COMPLETE"
PLAIN = "plain"
"""Ends the shell's name in the instruction of a script without descriptions."""


@dataclass(frozen=True, slots=True)
class CompletionOptions:
    """Options of ``twsla completion``."""

    shell: Literal["bash", "zsh", "fish", "powershell"] = arg(
        "SHELL", help="bash, zsh, fish or powershell.", required=True
    )
    no_descriptions: bool = opt("--no-descriptions", default=False, help="Complete without describing.")


def print_script(call: Call, options: CompletionOptions) -> int:
    """Print the completion script of a shell.

    Have the shell read it at its start, for example with a line source <(twsla completion bash) in ~/.bashrc.
    """
    from click.shell_completion import get_completion_class

    chosen = get_completion_class(options.shell)
    assert chosen is not None
    script = chosen.source_template % {
        "complete_func": "_twsla_completion",
        "complete_var": VARIABLE,
        "prog_name": "twsla",
    }
    if options.no_descriptions:
        script = script.replace(f"{options.shell}_complete", f"{options.shell}{PLAIN}_complete")
    with writing_stdout(call.environment) as stdout:
        stdout.write(script.encode())
    return 0


def complete(root: click.Command, instruction: str, environment: Environment) -> int:
    """Answer a completion script: ``instruction`` is ``<shell>_complete``, the words come in variables."""
    from click.shell_completion import get_completion_class

    shell, _, what = instruction.partition("_")
    chosen = get_completion_class(shell.removesuffix(PLAIN))
    if chosen is None or what != "complete":
        return 1
    completer: ShellComplete = chosen(root, {"obj": environment}, "twsla", VARIABLE)
    words, incomplete = completer.get_completion_args()
    items = completer.get_completions(words, incomplete)
    for item in items:
        if shell.endswith(PLAIN):
            item.help = None
    with writing_stdout(environment) as stdout:
        stdout.write("".join(f"{completer.format_completion(item)}\n" for item in items).encode())
    return 0


command = make_command("completion", CompletionOptions, print_script, example="twsla completion bash", output=False)
