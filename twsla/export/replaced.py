"""A file that appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import TwslaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file ``path`` when the block ends without an error.

    They are written beside it first and renamed over it, so that a failure leaves what was there before. A link is
    followed; a device or a named pipe is written to directly.

    Raises:
        TwslaError: the file cannot be created or written (no such directory, not permitted, no space left).
    """
    try:
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise TwslaError(f"cannot write {path}: it is a directory", hint="name a file")
        if mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as stream:
                yield stream
            return
        with _beside(Path(os.path.realpath(path)), mode) as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TwslaError(f"cannot write {path}: {_reason(error)}", hint=_hint(error)) from error


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def _beside(path: Path, mode: int | None) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            part.chmod(stat.S_IMODE(mode))
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def _hint(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "create the directory first, or name another one"
    if isinstance(error, PermissionError):
        return "name a directory you may write to"
    return "nothing was changed; name another place"
