"""Whether a file that exists may be written over: asked of the person at the terminal, refused where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.export.replaced import already_there
from twsla.render.escape import escape_text

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.environment import Environment


def may_overwrite(path: Path, environment: Environment, *, force: bool) -> bool:
    """Whether the file will replace another. False: there is none, and one that appears later is not to be replaced.

    Devices and named pipes are written to and not replaced, so they are no files here.

    Raises:
        TwslaError: It exists, and nobody agreed.
    """
    if force:
        return True
    if not path.is_file():
        return False
    if not (environment.stdin_is_terminal and environment.stderr_is_terminal):
        raise already_there(path)
    environment.stderr.write(f"{escape_text(str(path), keep='')} exists. Write over it? [y/N] ")
    environment.stderr.flush()
    answer = environment.stdin.readline().decode("utf-8", "replace").strip().lower()
    if answer not in {"y", "yes"}:
        raise already_there(path)
    return True
