"""``twsla version``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twsla import __version__
from twsla.cli.bind import make_command
from twsla.cli.errors import writing_stdout
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.cli.bind import Call

COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}
"""ANSI codes; bright white (97) where none is asked for."""

BANNER = r"""
 _____ _    _ _____ _       ___
|_   _| |  | /  ___| |     / _ \
  | | | |  | \ `--.| |    / /_\ \
  | | | |/\| |`--. \ |    |  _  |
  | | \  /\  /\__/ / |____| | | |
  \_/  \/  \/\____/\_____/\_| |_/
"""


@dataclass(frozen=True, slots=True)
class VersionOptions:
    """Options of ``twsla version``."""

    color: str = opt("--color", default="", help="Colour of the banner.", choices=tuple(COLOURS))


def show_version(call: Call, options: VersionOptions) -> int:
    """Show the version.

    One line; on a terminal below a banner.
    """
    environment = call.environment
    text = f"twsla {__version__}\n"
    if environment.stdout_is_terminal:
        banner = BANNER.lstrip("\n")
        if environment.colour:
            banner = f"\x1b[{COLOURS.get(options.color, 97)}m{banner}\x1b[0m"
        text = f"{banner}\n{text}"
    with writing_stdout(environment) as stdout:
        stdout.write(text.encode())
    return 0


command = make_command("version", VersionOptions, show_version, example="twsla version", output=False)
