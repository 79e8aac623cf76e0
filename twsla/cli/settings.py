"""Option values nobody typed: from the environment, the configuration file, or the default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from click.core import ParameterSource

from twsla.config import Config, find_config, setting_of
from twsla.errors import UsageError
from twsla.options import OptionInfo, OutputOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import click

    from twsla.environment import Environment
    from twsla.sections import Section


def parameter_name(owner: type, name: str) -> str:
    """The click parameter of a field; the same on the group and on each command. Click has arguments in lower case."""
    return f"{owner.__name__}__{name}".lower()


@dataclass(slots=True)
class Settings:
    """Looks values up, and remembers which were used so that it can be told what is in force."""

    variables: Mapping[str, str]
    config: Config | None
    used: dict[str, list[str]] = field(default_factory=dict)
    """Place to labels."""

    def value(self, info: OptionInfo) -> object:
        """The value of an option that was not typed."""
        setting = setting_of(info, self.variables, self.config)
        if setting is None:
            return info.default
        self.used.setdefault(setting.place, []).append(setting.label)
        return setting.value

    def tell(self, environment: Environment, *, quiet: bool) -> None:
        """Say on standard error what was not typed but is in force: it may change the answer."""
        from twsla.render.escape import escape_text

        if quiet:
            return
        for place, labels in self.used.items():
            line = escape_text(f"from {place}: {', '.join(labels)}", keep="")
            environment.stderr.write(f"twsla: note: {line}\n")


def read_settings(ctx: click.Context, sections: Iterable[Section], environment: Environment) -> Settings:
    """Environment and configuration file for a command; neither counts for one that does not take ``--config``.

    Raises:
        UsageError: The file cannot be read, or holds a key that no command knows.
    """
    infos = [info for section in sections for info in section.infos]
    path_info = next((info for info in infos if info.name == "config"), None)
    if path_info is None:
        return Settings({}, None)
    named = _typed_path(ctx)
    if named is None:
        setting = setting_of(path_info, environment.variables, None)
        named = setting.value if setting else None  # type: ignore[assignment]  # the option is a path
    config = find_config(named, environment.home)
    if config is not None:
        _refuse_unknown_keys(ctx, config, infos)
    return Settings(environment.variables, config)


def _typed_path(ctx: click.Context) -> Path | None:
    name = parameter_name(OutputOptions, "config")
    context: click.Context | None = ctx
    while context is not None:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value: Path = context.params[name]
            return value
        context = context.parent
    return None


def _refuse_unknown_keys(ctx: click.Context, config: Config, infos: list[OptionInfo]) -> None:
    """Keys of other commands are fine; only when this command does not know a key are the others looked at."""
    keys = _keys(infos)
    if not config.unknown(keys):
        return
    from twsla.cli.lazy import LazyGroup

    root = ctx.find_root()
    if isinstance(root.command, LazyGroup):
        for other in root.command.all_commands(root):
            keys |= _keys(info for section in getattr(other, "sections", ()) for info in section.infos)
    for line in config.unknown(keys):
        from difflib import get_close_matches

        near = get_close_matches(line.key, sorted(keys), 1)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(sorted(keys))}"
        raise UsageError(f"{config.where(line)} is not a key that twsla knows", hint=hint)


def _keys(infos: Iterable[OptionInfo]) -> set[str]:
    found: set[str] = set()
    for info in infos:
        if not info.positional:
            found.update(flag.removeprefix("--") for flag in (info.key, *info.aliases))
    return found
