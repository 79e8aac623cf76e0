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
def replaced_file(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file ``path`` when the block ends without an error.

    They are written beside it first and renamed over it, so that a failure leaves what was there before. A link is
    followed; a device or a named pipe is written to directly.

    Args:
        path: Where the file will be.
        overwrite: Whether it may replace one that is there; if not, one that appears while this is written stays.

    Raises:
        TwslaError: the file cannot be created or written (no such directory, not permitted, no space left), or is there
            already.
    """
    try:
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise TwslaError(f"cannot write {path}: it is a directory", hint="name a file")
        if mode is not None and not stat.S_ISREG(mode):
            with path.open("wb") as stream:
                yield stream
            return
        if mode is not None and not overwrite:
            raise already_there(path)
        with _beside(Path(os.path.realpath(path)), mode, overwrite=overwrite) as stream:
            yield stream
    except FileExistsError as error:
        raise already_there(path) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TwslaError(f"cannot write {path}: {_reason(error)}", hint=_hint(error)) from error


def already_there(path: Path) -> TwslaError:
    """What is said of a file that would be written over and nobody agreed to it."""
    return TwslaError(f"{path} exists and was left as it is", hint="--force writes over it; or name another file")


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def _beside(path: Path, mode: int | None, *, overwrite: bool) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with part.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            part.chmod(stat.S_IMODE(mode))
        if overwrite:
            part.replace(path)
        else:
            _rename_to_new(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def _rename_to_new(part: Path, path: Path) -> None:
    """Give a file its name unless another has it.

    Raises:
        FileExistsError: Another has.
    """
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the look and the renaming are two steps there
        if path.exists():
            raise FileExistsError(path) from None
        part.replace(path)
    else:
        part.unlink()


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def _hint(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "create the directory first, or name another one"
    if isinstance(error, PermissionError):
        return "name a directory you may write to"
    return "nothing was changed; name another place"
