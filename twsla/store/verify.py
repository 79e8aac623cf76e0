"""Proves that a store, and the sources that are still at hand, are what they were at the import."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from twsla.store.layout import HALF_MADE, IMPORTS, MARKER, is_ulid, marker_text
from twsla.store.store import read_manifests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twsla.store.manifest import FileEntry, SourceEntry
    from twsla.store.store import Store

State = Literal["same", "grown", "missing", "changed", "unknown", "unreadable", "unfinished", "not at hand"]
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
        """Whether evidence is not what it was. A source that is gone or has only grown is none, nor is an unfinished
        import.
        """
        return self.state not in {"same", "grown", "unfinished", "not at hand"}


def verify_store(store: Store) -> Iterator[Check]:
    """Check every file that a manifest names, the manifests, and look for files that none names."""
    yield from _check_marker(store)
    yield from _check_manifests(store)
    for manifest in store.manifests:
        for entry in manifest.files:
            yield _check_file(store, entry)
        for source in manifest.sources:
            if not source.lines_add_up:
                yield Check("manifest", source.name, "changed", f"the lines in import {manifest.id} do not add up")
    yield from _unnamed(store)


def _check_marker(store: Store) -> Iterator[Check]:
    text = (store.path / MARKER).read_bytes()
    if text != marker_text().encode():
        yield Check("store file", MARKER, "changed", f"it says {text[:40]!r}", len(text))


def _check_manifests(store: Store) -> Iterator[Check]:
    """What became of each manifest, by what it says itself and by what those written after it say of it."""
    for name, why in store.damaged:
        yield Check("manifest", f"{IMPORTS}/{name}", "changed", why)
    there = {manifest.id: manifest.sha256 for manifest in store.manifests}
    lost = {name.removesuffix(".json") for name, _ in store.damaged}
    lost |= {identifier for manifest in store.manifests for identifier in manifest.replaces}
    for manifest in store.manifests:
        if not manifest.sha256:
            yield Check("manifest", _manifest_name(manifest.id), "unknown", "it does not end with its SHA-256")
        for identifier, sha256 in manifest.after.items():
            if there.get(identifier, sha256) != sha256:
                why = f"its SHA-256 is {there[identifier]}, was {sha256} when import {manifest.id} was committed"
                yield Check("manifest", _manifest_name(identifier), "changed", why)
            elif identifier not in there and identifier not in lost:
                why = f"it was there when import {manifest.id} was committed"
                yield Check("manifest", _manifest_name(identifier), "missing", why)


def _manifest_name(identifier: str) -> str:
    return f"{IMPORTS}/{identifier}.json"


def _unnamed(store: Store) -> Iterator[Check]:
    """Files that belong to no import. Others may be importing meanwhile, so what is named is read again at the end."""
    found = {
        (Path(folder) / name).relative_to(store.path).as_posix()
        for folder, _, names in os.walk(store.path)
        for name in names
    }
    damaged = {name.removesuffix(".json") for name, _ in store.damaged}
    found -= {MARKER, f"{IMPORTS}/.commit.lock", *map(_manifest_name, damaged)}
    found -= _named(store.path)
    unfinished = {relative for relative in found if _is_unfinished(store.path, relative)}
    named = _named(store.path) if found - unfinished else set()
    for relative in sorted(found - named):
        try:
            size = (store.path / relative).lstat().st_size
        except OSError:  # removed meanwhile, by the import that made it or by the next one
            continue
        if relative in unfinished:
            yield Check("store file", relative, "unfinished", "of an import that is running, or was ended", size)
        else:
            lost = _import_of(relative) in damaged
            why = "its manifest cannot be read" if lost else "no manifest names it; it is not read"
            yield Check("store file", relative, "unknown", why, size)


def _import_of(relative: str) -> str:
    """The import that a file is named for."""
    return relative.rpartition("/")[2].lstrip(".").partition("-")[0].partition(".")[0]


def _is_unfinished(path: Path, relative: str) -> bool:
    """Whether a file is one that its import, or the next one, will remove or name."""
    identifier = _import_of(relative)
    has_lock = is_ulid(identifier) and (path / IMPORTS / f"{identifier}.lock").exists()
    return has_lock or relative.startswith(HALF_MADE)


def _named(path: Path) -> set[str]:
    """All files that the imports of a store consist of, those replaced by others included."""
    manifests, _ = read_manifests(path)
    files = {entry.path for manifest in manifests for entry in manifest.files}
    return files | {_manifest_name(manifest.id) for manifest in manifests}


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
