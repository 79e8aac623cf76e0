"""A store opened for reading: its imports, and the files that can hold records of a time range."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import StoreError
from twsla.store.layout import IMPORTS, check_marker
from twsla.store.manifest import read_manifest

if TYPE_CHECKING:
    from twsla.model.times import TimeRange
    from twsla.store.manifest import FileEntry, Manifest, SourceEntry


@dataclass(frozen=True, slots=True)
class Selected:
    """The files of a store that a query has to look at."""

    files: tuple[FileEntry, ...]
    pruned: int
    """Files left out because they hold nothing of the time range."""
    undated_rows: int
    """Undated records that a time range leaves out."""


@dataclass(frozen=True, slots=True)
class Store:
    """The finished imports of a store, as they were when it was opened. Takes no lock."""

    path: Path
    manifests: tuple[Manifest, ...]
    damaged: tuple[tuple[str, str], ...] = ()
    """Manifests that cannot be read, where that is put up with: file name, and why."""

    @classmethod
    def open(cls, path: Path | str, *, damaged: bool = False) -> Store:
        """Open a store for reading; ``damaged``: do without the manifests that cannot be read.

        Raises:
            StoreError: It is missing, something else, damaged, or of a newer format.
        """
        path = Path(path)
        check_marker(path)
        found, unreadable = read_manifests(path)
        if unreadable and not damaged:
            raise next(iter(unreadable.values()))
        return cls(path, _in_force(found), tuple((name, error.message) for name, error in unreadable.items()))

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """All files, oldest import first."""
        return tuple(file for manifest in self.manifests for file in manifest.files)

    @property
    def sources(self) -> tuple[SourceEntry, ...]:
        """All sources, oldest import first."""
        return tuple(source for manifest in self.manifests for source in manifest.sources)

    @property
    def rows(self) -> int:
        """Number of records."""
        return sum(file.rows for file in self.files)

    def select(self, time_range: TimeRange) -> Selected:
        """The files with records in ``time_range`` (both ends inclusive, None = open)."""
        start, end = time_range.start_ns, time_range.end_ns
        if start is None and end is None:
            return Selected(self.files, 0, 0)
        chosen, undated = [], 0
        for file in self.files:
            if file.min_ts is None or file.max_ts is None:
                undated += file.rows
            elif (start is None or file.max_ts >= start) and (end is None or file.min_ts <= end):
                chosen.append(file)
        return Selected(tuple(chosen), len(self.files) - len(chosen), undated)


def load_manifests(path: Path) -> tuple[Manifest, ...]:
    """All manifests in force, oldest first; those replaced by a later one are left out.

    Raises:
        StoreError: One cannot be read.
    """
    manifests, unreadable = read_manifests(path)
    if unreadable:
        raise next(iter(unreadable.values()))
    return _in_force(manifests)


def read_manifests(path: Path) -> tuple[list[Manifest], dict[str, StoreError]]:
    """All manifests that lie in a store, oldest first; and, by file name, why others cannot be read.

    Raises:
        StoreError: The store cannot be read.
    """
    try:
        names = sorted(entry.name for entry in (path / IMPORTS).iterdir() if entry.name.endswith(".json"))
    except OSError as error:
        raise StoreError(f"the store {path} cannot be read: {error.strerror}", hint="check its permissions") from error
    manifests: list[Manifest] = []
    unreadable: dict[str, StoreError] = {}
    for name in names:
        if name.startswith("."):
            continue
        try:
            manifests.append(read_manifest(path / IMPORTS / name))
        except StoreError as error:
            unreadable[name] = error
    return manifests, unreadable


def _in_force(manifests: list[Manifest]) -> tuple[Manifest, ...]:
    replaced = {identifier for manifest in manifests for identifier in manifest.replaces}
    return tuple(manifest for manifest in manifests if manifest.id not in replaced)
