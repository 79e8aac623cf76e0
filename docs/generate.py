"""Writes ``reference.md`` from the program itself: ``python docs/generate.py > docs/reference.md``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from twsla import registry
from twsla.cli.bind import BoundCommand
from twsla.cli.lazy import as_command
from twsla.cli.main import BEFORE
from twsla.cli.parameters import option_help, option_label
from twsla.config import ORIGINAL_KEYS, plain_key
from twsla.errors import ExitCode
from twsla.options import OptionInfo, OutputOptions, Selection, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from twsla.sections import Section

EXIT_CODES = {
    ExitCode.OK: "Done. An answer without rows is an answer; only `search -q` says 1 when nothing matches.",
    ExitCode.ERROR: "An error that could be explained, and none of those below.",
    ExitCode.USAGE: "An option, pattern, time range or configuration that cannot be used.",
    ExitCode.SOURCE: "The input cannot be reached, opened, logged in to or decoded.",
    ExitCode.STORE: "The store is missing, damaged, busy or of a newer version.",
    ExitCode.REMOTE: "A service that was called refused, failed or did not answer.",
    ExitCode.INCOMPLETE: "Under `--strict`: done, but something was left out.",
    ExitCode.BUG: "A bug in this program; `--debug` shows where.",
    ExitCode.INTERRUPTED: "Interrupted with Ctrl-C.",
}

HEAD = """# Reference

<!-- Made by docs/generate.py. Do not edit. -->

Every long option has two spellings, `--time-range` and `--timeRange`; the first is shown here. A flag is turned off by
`--no-` before its name (`--no-sixel`), which undoes what a configuration file says. Standard output holds the answer
and nothing else; progress, figures, notes and errors go to standard error.

These options may stand before or after the command, and after wins:
{before}.
"""

SETTINGS = """## Configuration

Options can also be set by environment variables and in a configuration file. The command line wins over the
environment, the environment over the file, and the file over the default. What was taken from the environment or the
file is said on standard error.

The file is `~/.twsla.yaml`, or the one that `--config` or `TWSLA_CONFIG` names. It holds lines `key: value` in YAML;
upper and lower case, `-` and `_` make no difference in a key. A key that no command knows, or a value that does not
fit, is an error that names file and line.

Further variables: `NO_COLOR` (no colours), `PAGER`, `TZ`, `TWSLA_PLUGINS=0` (no plug-ins), `TWSLA_DEBUG=1` (as
`--debug`).

"""


def main() -> None:
    """Print the whole page."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]  # it is a TextIOWrapper
    sys.stdout.write("\n".join(page()) + "\n")


def page() -> Iterator[str]:
    """The page line by line."""
    commands = {name: command(name) for name in registry.COMMANDS if registry.COMMANDS[name].target}
    shared = {info.name: info for owner in (Selection, OutputOptions) for info in describe(owner)}
    yield HEAD.format(before=", ".join(f"`{shared[name].long}`" for name in BEFORE))
    yield "## Commands\n"
    for name, made in commands.items():
        yield from command_section(name, made)
    for owner, title in ((Selection, "Which records"), (OutputOptions, "Output")):
        yield f"## {title}\n"
        yield (owner.__doc__ or "").replace("``", "`") + "\n"
        yield from option_table(describe(owner))
    yield from formats()
    yield from exit_codes()
    yield SETTINGS.rstrip("\n") + "\n"
    yield from keys(commands)


def command(name: str) -> click.Command:
    """A built-in command."""
    made = as_command(registry.load(registry.COMMANDS[name]), name.split()[-1])
    assert made is not None
    return made


def command_section(name: str, made: click.Command) -> Iterator[str]:
    """Heading, description, options, example of one command."""
    yield f"### twsla {name}\n"
    text = made.description if isinstance(made, BoundCommand) else made.help or ""
    paragraphs = re.split(r"\n\s*\n", text.replace("``", "`"))
    for paragraph in paragraphs:
        yield " ".join(paragraph.split()) + "\n"
    if not isinstance(made, BoundCommand):
        return
    shared = [section for section in made.sections if section.owner in LINKS]
    positional = [info for section in made.sections for info in section.infos if info.positional]
    own = [info for section in made.sections if section.owner not in LINKS for info in section.infos]
    yield from option_table([*positional, *(info for info in own if not info.positional)])
    if shared:
        links = " and ".join(LINKS[section.owner] for section in shared)
        missing = ", ".join(f"`{info.long}`" for section in shared for info in left_out(section))
        yield f"It also takes the options under {links}{f', without {missing}' if missing else ''}.\n"
    yield f"```console\n$ {made.example}\n```\n"


LINKS: dict[type, str] = {Selection: "[which records](#which-records)", OutputOptions: "[output](#output)"}


def left_out(section: Section) -> list[OptionInfo]:
    """Shared options that a command does not take, or has one of its own for."""
    kept = {info.name for info in section.infos}
    return [info for info in describe(section.owner) if not info.positional and info.name not in kept]


def option_table(infos: Iterable[OptionInfo]) -> Iterator[str]:
    """Options as a Markdown table; nothing for none."""
    shown = [info for info in infos if not info.hidden]
    if not shown:
        return
    yield "| Option | Meaning |"
    yield "|---|---|"
    for info in shown:
        argument = f"{info.metavar or info.long.upper()}{'...' if info.multiple else ''}"
        label = argument if info.positional else option_label(info)
        yield f"| {code(label)} | {cell(option_help(info))} |"
    yield ""


def code(text: str) -> str:
    """Code inside a table."""
    return f"`{text}`".replace("|", "\\|")


def cell(text: str) -> str:
    """Text inside a table, with nothing that Markdown or HTML would take for its own."""
    escaped = (
        text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
    )
    return escaped.replace("[default: ", "Default: ").removesuffix("]") + ("." if "[default: " in text else "")


def formats() -> Iterator[str]:
    """One heading a format."""
    yield "## Output formats\n"
    yield (
        "`--format NAME` writes one of these to standard output; with `-o FILE` the suffix decides. Without either,\n"
        "a terminal gets `plain` for records and `table` for the rest, and anything else gets `plain`.\n"
    )
    for name, entry in registry.EXPORTERS.items():
        yield f"### {name}\n"
        suffixes = ", ".join(f"`{suffix}`" for suffix in entry.suffixes)
        yield f"{entry.summary} {f'Suffixes: {suffixes}.' if suffixes else 'No suffix chooses it.'}\n"


def exit_codes() -> Iterator[str]:
    """One heading an exit code."""
    yield "## Exit codes\n"
    for number in ExitCode:
        yield f"### Exit code {int(number)}\n"
        yield f"{EXIT_CODES[number]}\n"


def keys(commands: dict[str, click.Command]) -> Iterator[str]:
    """Configuration keys, their variables and the commands that read them."""
    rows: dict[str, tuple[OptionInfo, list[str]]] = {}
    for name, made in commands.items():
        sections: tuple[Section, ...] = getattr(made, "sections", ())
        if not any(section.owner is OutputOptions for section in sections):
            continue
        for section in sections:
            for info in section.infos:
                if not info.positional:
                    rows.setdefault(info.key, (info, []))[1].append(name)
    most = max(len(names) for _, names in rows.values())
    yield "| Key | Variable | Commands |"
    yield "|---|---|---|"
    for key in sorted(rows, key=str.lower):
        info, names = rows[key]
        variables = ", ".join(f"`{variable}`" for variable in info.env)
        who = "all" if len(names) == most else ", ".join(names)
        yield f"| `{key}` | {variables} | {who} |"
    yield ""
    known = {plain_key(key) for key in rows}
    rest = ", ".join(f"`{key}`" for key in ORIGINAL_KEYS if plain_key(key) not in known)
    if rest:
        yield f"Keys of the original program that are accepted and have no effect yet: {rest}."


if __name__ == "__main__":
    main()
