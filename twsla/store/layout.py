"""Where things lie in a store directory, and how a directory is known to be a store.

twsla.db/
  STORE                                   format version, one line
  imports/<ULID>.json                     one immutable manifest per finished import
  imports/<ULID>.lock                     held by the living writer of an unfinished import
  records/2024-05/<ULID>-000000.parquet   rows sorted by ts, source, offset; named for the month of the first
  records/undated/<ULID>-000000.parquet   rows without a time stamp, in source order
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from twsla.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

STORE_VERSION = 1
MARKER = "STORE"
MARKER_TEXT = "twsla store"
IMPORTS = "imports"
RECORDS = "records"
UNDATED = "undated"

HALF_MADE = f".{MARKER}."
"""How the marker's name begins while it is written."""
_BOLT_MAGIC = b"\xed\xda\x0c\xed"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid() -> str:
    """A new ULID: 26 characters, sorting by creation time to the millisecond.

    Source: https://github.com/ulid/spec.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


def is_ulid(text: str) -> bool:
    """Whether a text is one: such texts can stand in patterns of file names, others say something there."""
    return len(text) == 26 and set(text) <= set(_CROCKFORD)


def check_marker(path: Path) -> None:
    """Make sure ``path`` is a store this program can read.

    Raises:
        StoreError: It does not exist, is something else, or is of a newer format; nothing is touched.
    """
    if not _exists(path):
        raise _no_store(path)
    if not path.is_dir():
        raise _not_a_directory(path)
    try:
        text = (path / MARKER).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        if _is_free(path):
            raise _no_store(path) from None
        raise StoreError(f"{path} is a directory but not a store", hint="name a store with -d") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
    _check_version(path, text)


def is_store(path: Path) -> bool:
    """Whether ``path`` is a store, of any version."""
    try:
        with (path / MARKER).open("rb") as file:
            return file.read(len(MARKER_TEXT)) == MARKER_TEXT.encode()
    except OSError:
        return False


def _no_store(path: Path) -> StoreError:
    return StoreError(f"there is no store at {path}", hint="'twsla import FILE' makes one; -d names one somewhere else")


def _exists(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise StoreError(
            f"{path} cannot be the name of a store: it is not valid UTF-8", hint="name a store with -d"
        ) from None
    try:
        return path.exists()
    except OSError as error:
        raise StoreError(f"{path} cannot be looked at: {error.strerror}", hint="name a store with -d") from error


def plain_path(path: Path) -> str:
    """A path in which DuckDB and Arrow see no home directory (``~``) and no address (``s3:x``)."""
    try:
        text = str(path.absolute())
        text.encode()
    except (OSError, UnicodeEncodeError):  # the working directory is gone, or has a name that is not UTF-8
        text = f".{os.sep}{path}"
    return text


def _check_version(path: Path, text: str) -> None:
    version = text.removeprefix(MARKER_TEXT).strip()
    if not text.startswith(MARKER_TEXT) or not version.isdecimal():
        raise StoreError(f"{path} is not a store: its {MARKER} file says {text[:40]!r}", hint="name a store with -d")
    if int(version) > STORE_VERSION:
        raise StoreError(
            f"{path} is a store of format version {version}; this program knows versions up to {STORE_VERSION}",
            hint="use a newer twsla; the store was not touched",
        )


def _not_a_directory(path: Path) -> StoreError:
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        return StoreError(f"{path} cannot be read: {error.strerror}", hint="name a store with -d")
    if head[16:20] == _BOLT_MAGIC:
        return StoreError(
            f"{path} is a bbolt database of the Go program twsla, not a store",
            hint="import the logs again into a new store (-d another.db); the database was not touched",
        )
    return StoreError(f"{path} is a file, not a store", hint="a store is a directory; name one with -d")


def check_usable(path: Path) -> None:
    """Make sure that ``path`` is a store, or that one can be made there: it is missing, empty, or a store half made.

    Raises:
        StoreError: It is something else, or of a newer format; nothing is touched.
    """
    if _exists(path) and not _is_free(path):
        check_marker(path)


def create(path: Path) -> None:
    """Make ``path`` an empty store, or do nothing if it is one already. The marker comes last: it makes the store.

    Raises:
        StoreError: It is something else, of a newer format, or cannot be written.
    """
    check_usable(path)
    try:
        for folder in (path, path / IMPORTS, path / RECORDS):
            folder.mkdir(parents=True, exist_ok=True)
        if not (path / MARKER).exists():
            _write_marker(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def _write_marker(path: Path) -> None:
    temporary = path / f"{HALF_MADE}{os.getpid()}"
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(marker_text())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path / MARKER)
        sync_directory(path)
    except FileNotFoundError:
        if not (path / MARKER).exists():  # else another import has made the store, and tidied up
            raise
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def marker_text() -> str:
    """What the marker of a store says."""
    return f"{MARKER_TEXT} {STORE_VERSION}\n"


def remove_half_made(path: Path) -> None:
    """Remove what those who were killed while they made the store left of its marker."""
    for left in path.glob(f"{HALF_MADE}*"):
        left.unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    """Whether a directory holds nothing, or nothing but what making a store begins with."""
    if not path.is_dir():
        return False
    found = list(path.iterdir())
    begun = [each for each in found if each.name in {IMPORTS, RECORDS} or each.name.startswith(HALF_MADE)]
    return len(begun) == len(found) and not any(any(each.iterdir()) for each in begun if each.is_dir())


def cannot_write(path: Path, error: OSError) -> StoreError:
    """The error for a store that cannot be written to: full disk, permission, gone."""
    text = error.strerror or str(error)
    told = re.search(r"\[errno \d+\] ([^\n]+)", text)  # Arrow's errors have the system's within
    reason = told[1] if told else text
    return StoreError(f"the store {path} cannot be written: {reason}", hint="nothing was added to it")


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable. Does nothing where the system cannot."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
