"""Appends one import to a store: batches in, sorted Parquet files and one manifest out, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twsla.store import layout
from twsla.store.lock import FileLock
from twsla.store.manifest import last_of, write_manifest
from twsla.store.staging import Staging
from twsla.store.store import load_manifests

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from twsla.store.manifest import Manifest


class ImportWriter(Staging):
    """The unfinished import of one process. Nothing it writes exists for readers before ``commit``.

    Raises (everywhere): StoreError when the store is no store or cannot be written to.
    """

    def __init__(self, store: Path, pool: Executor) -> None:
        layout.create(store)
        super().__init__(store, layout.new_ulid(), pool)
        self._lock = FileLock(store / layout.IMPORTS / f"{self.id}.lock")
        self._lock.acquire(wait=True)
        remove_dead(store)

    def commit(self, make_manifest: Callable[[tuple[Manifest, ...]], Manifest | None]) -> Manifest | None:
        """Make the import part of the store.

        ``make_manifest`` gets the imports in force while no other import can commit, may still ``rewrite``, and
        gives the manifest, or None when there is nothing to add after all.
        """
        gate = FileLock(self.store / layout.IMPORTS / ".commit.lock")
        gate.acquire(wait=True)
        try:
            in_force = load_manifests(self.store)
            manifest = make_manifest(in_force)
            if manifest is None:
                self.abort()
                return None
            try:
                for folder in {(self.store / entry.path).parent for entry in manifest.files}:
                    layout.sync_directory(folder)
                layout.sync_directory(self.store / layout.RECORDS)
            except OSError as error:
                raise layout.cannot_write(self.store, error) from error
            manifest = write_manifest(self.store, replace(manifest, after=last_of(in_force)))
        finally:
            gate.release()
        self._lock.release(remove=True)
        return manifest

    def abort(self) -> None:
        """Leave the store as it was; an import that is committed already (the last moment before Ctrl-C) stays."""
        self.cancel()
        _remove_unnamed(self.store, self.id)
        self._lock.release(remove=True)


def remove_dead(store: Path) -> None:
    """Remove what killed imports left behind: files no manifest names, whose writer's lock is free."""
    layout.remove_half_made(store)
    for path in (store / layout.IMPORTS).glob("*.lock"):
        if not layout.is_ulid(path.stem):
            continue
        lock = FileLock(path)
        if lock.acquire(wait=False):
            _remove_unnamed(store, path.stem)
            lock.release(remove=True)


def _remove_unnamed(store: Path, identifier: str) -> None:
    """Remove the files of an import that nobody is writing any more, unless its manifest is in place."""
    if (store / layout.IMPORTS / f"{identifier}.json").exists():
        return
    for path in (store / layout.RECORDS).glob(f"*/{identifier}-*.parquet"):
        path.unlink(missing_ok=True)
        try:
            path.parent.rmdir()
        except OSError:
            continue  # other imports have files there
    (store / layout.IMPORTS / f".{identifier}.json.tmp").unlink(missing_ok=True)
