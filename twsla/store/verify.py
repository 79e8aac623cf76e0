"""Proves that a store, and the sources that are still at hand, are what they were at the import."""

from __future__ import annotations

import errno
import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twsla.store.layout import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.store.manifest import FileEntry, SourceEntry
    from twsla.store.store import Store

State = Literal["same", "grown", "missing", "changed", "unknown", "unreadable", "not at hand"]
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    kind: Literal["store file", "source", "manifest"]
    name: str
    state: State
    detail: str = ""
    bytes: int = 0

    @property
    def is_difference(self) -> bool:
        """Whether evidence is not what it was. A source that is gone, or has only grown, is none."""
        return self.state not in {"same", "grown", "not at hand"}


def verify_store(store: Store) -> Iterator[Check]:
    """Check every file that a manifest names, and look for files that none names."""
    named = set()
    for manifest in store.manifests:
        for entry in manifest.files:
            named.add(entry.path)
            yield _check_file(store, entry)
        for source in manifest.sources:
            if not source.lines_add_up:
                yield Check("manifest", source.name, "changed", f"the lines in import {manifest.id} do not add up")
    living = {path.stem for path in (store.path / "imports").glob("*.lock")}
    for path in sorted((store.path / RECORDS).glob("*/*")):
        relative = path.relative_to(store.path).as_posix()
        if relative not in named and path.name.partition("-")[0] not in living:
            yield Check("store file", relative, "unknown", "no manifest names it; it is not read", path.lstat().st_size)


def _check_file(store: Store, entry: FileEntry) -> Check:
    path = store.path / entry.path
    try:
        size, found = _digest_file(path, None)
    except FileNotFoundError:
        return Check("store file", entry.path, "missing", f"{entry.rows:,} records are gone")
    except OSError as error:
        return Check("store file", entry.path, "unreadable", error.strerror or str(error))
    if (size, found) != (entry.bytes, entry.sha256):
        return Check("store file", entry.path, "changed", f"SHA-256 is {found}, was {entry.sha256}", size)
    return Check("store file", entry.path, "same", "", size)


def verify_sources(store: Store) -> Iterator[Check]:
    """Check every file that was imported from, where it still is; an archive once."""
    done: set[tuple[str, str]] = set()
    for source in store.sources:
        if source.path is None:
            yield Check("source", source.name, "not at hand", "it was a stream")
            continue
        wanted = source.file_sha256 or source.sha256
        if (source.path, wanted) not in done:
            done.add((source.path, wanted))
            yield _check_source(source, Path(source.path))


def _check_source(source: SourceEntry, path: Path) -> Check:
    is_file = source.file_sha256 is None
    wanted = source.sha256 if is_file else source.file_sha256
    size = source.start_offset + source.bytes if is_file else source.file_bytes
    assert size is not None
    try:
        now = path.stat().st_size
        read, found = _digest_file(path, size)
    except (FileNotFoundError, ValueError):  # ValueError: no path at all, it holds a NUL
        return Check("source", source.path or source.name, "not at hand", "the file is no longer there")
    except OSError as error:
        return Check("source", source.path or source.name, "unreadable", error.strerror or str(error))
    if found != wanted:
        return Check("source", str(path), "changed", f"SHA-256 of {read:,} bytes is {found}, was {wanted}", now)
    if now > size:
        return Check("source", str(path), "grown", f"{now - size:,} bytes more than were imported", now)
    return Check("source", str(path), "same", "", now)


def _digest_file(path: Path, size: int | None) -> tuple[int, str]:
    """As ``digest``; OSError for what is no file: reading a device or a pipe might never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a file")
    return digest(path, size)


def digest(path: Path, size: int | None) -> tuple[int, str]:
    """Bytes read and SHA-256 of a file, or of its first ``size`` bytes."""
    hashed, read = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while size is None or read < size:
            chunk = file.read(CHUNK_BYTES if size is None else min(CHUNK_BYTES, size - read))
            if not chunk:
                break
            hashed.update(chunk)
            read += len(chunk)
    return read, hashed.hexdigest()
