"""What surrounds the program: streams, terminal, home, zone, clock, variables. The only reader of these."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SIZE = (80, 24)
"""Columns and lines where no terminal tells."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A value, so that tests hand one in and patch nothing."""

    stdin: BinaryIO
    stdout: BinaryIO
    """Data only, as UTF-8 bytes with ``\\n`` on every platform."""
    stderr: TextIO
    """Progress, notes, figures and errors."""
    stdin_is_terminal: bool = False
    stdout_is_terminal: bool = False
    stderr_is_terminal: bool = False
    width: int = DEFAULT_SIZE[0]
    """Columns of the window."""
    height: int = DEFAULT_SIZE[1]
    """Lines of the window."""
    home: Path | None = None
    local_zone: str = "UTC"
    """IANA name of this machine's time zone; UTC where it cannot be told."""
    now_ns: int = 0
    """When the program started, nanoseconds since 1970-01-01T00:00:00Z; the end of relative time ranges."""
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def colour(self) -> bool:
        """Whether a terminal here may be written to in colour (https://no-color.org: any value that is not empty)."""
        return not self.variables.get("NO_COLOR") and self.variables.get("TERM") != "dumb"

    @property
    def plugins(self) -> bool:
        """Whether plug-ins are looked at."""
        return self.variables.get("TWSLA_PLUGINS", "").lower() not in {"0", "false", "no", "off"}


def of_process() -> Environment:
    """The environment of this process."""
    variables = os.environ
    width, height = _window_size(variables)
    stdin, stdout, stderr = sys.stdin, sys.stdout, sys.stderr
    # A stream is None where the process was started without one (a Windows service, `>&-` in a shell).
    return Environment(
        stdin=stdin.buffer if stdin else _nowhere("rb"),
        stdout=stdout.buffer if stdout else _nowhere("wb"),
        stderr=stderr or Path(os.devnull).open("w", encoding="utf-8"),
        stdin_is_terminal=bool(stdin and stdin.isatty()),
        stdout_is_terminal=bool(stdout and stdout.isatty()),
        stderr_is_terminal=bool(stderr and stderr.isatty()),
        width=width,
        height=height,
        home=_home(),
        local_zone=local_zone(variables),
        now_ns=time.time_ns(),
        variables=variables,
    )


def _nowhere(mode: str) -> BinaryIO:
    return Path(os.devnull).open(mode)  # type: ignore[return-value]  # both modes are binary


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:  # no such user
        return None


def _window_size(variables: Mapping[str, str]) -> tuple[int, int]:
    """Columns and lines: the variables of the same names first, then what the terminal says, then 80 by 24."""
    width, height = DEFAULT_SIZE
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            width, height = os.get_terminal_size(stream.fileno() if stream else -1)
            break
        except (OSError, ValueError):
            continue
    return _positive(variables.get("COLUMNS")) or width or 80, _positive(variables.get("LINES")) or height or 24


def _positive(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) > 0 else None


def local_zone(
    variables: Mapping[str, str], localtime: Path = Path("/etc/localtime"), timezone: Path = Path("/etc/timezone")
) -> str:
    """Name of the machine's time zone.

    ``TZ`` as POSIX has it (``Europe/Berlin``, ``:Europe/Berlin``, the path of a zone file, or ``JST-9``, whose sign
    points the other way), else where ``localtime`` points to, else what ``timezone`` says, else ``UTC``. A rule with
    summer time such as ``CET-1CEST`` has no name and gives ``UTC``.
    """
    named = variables.get("TZ")
    if named is not None:
        return _posix_offset(named) or _zone_of_path(named.removeprefix(":"))
    try:
        return _zone_of_path(str(localtime.readlink()))
    except OSError:
        pass
    try:
        return _zone_of_path(timezone.read_text("utf-8", "replace").strip())
    except OSError:
        return "UTC"


def _posix_offset(text: str) -> str | None:
    """``JST-9`` as ``+09:00``; None for anything else."""
    name = text.rstrip("0123456789:+-")
    rest = text[len(name) :]
    hours, _, minutes = rest.lstrip("+-").partition(":")
    if not (name.isalpha() and len(name) >= 3 and hours.isdigit() and int(hours) <= 14 and (minutes or "00").isdigit()):
        return None
    sign = "+" if rest.startswith("-") else "-"
    return "UTC" if int(hours) == 0 and not int(minutes or 0) else f"{sign}{int(hours):02}:{int(minutes or 0):02}"


_WITH_DIGITS = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT"}
"""Zones of the IANA database that look like a rule."""


def _zone_of_path(text: str) -> str:
    """The name in ``/usr/share/zoneinfo/Europe/Berlin`` or ``Europe/Berlin``; UTC for what cannot be a name."""
    if text.upper() in {"UTC", "ETC/UTC"}:
        return "UTC"
    _, _, inside = text.replace("\\", "/").rpartition("zoneinfo/")
    name = inside.removeprefix("posix/").removeprefix("right/")
    words = name.replace("_", "").replace("-", "").replace("+", "").replace("/", "")
    is_rule = any(char.isdigit() for char in name) and not name.startswith("Etc/") and name not in _WITH_DIGITS
    return name if words.isalnum() and not name.startswith(("/", ".")) and not is_rule else "UTC"
