"""Manifests: what one import read, how it understood it, and which files it wrote.

A manifest is written once, by rename, as the last act of an import: that is the commit. It is never changed. Its last
member is the SHA-256 of all bytes before it, and it holds those of the manifests it was written after: a changed
manifest, and one that is gone, can be told.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import reprlib
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

from twsla.errors import StoreError
from twsla.model.records import COLUMNS, OPTIONAL, field_of
from twsla.store.layout import IMPORTS, cannot_write, sync_directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MANIFEST_VERSION = 2
"""Of manifests with files in which fields have columns of their own; that of others is ``PLAIN_VERSION``."""
PLAIN_VERSION = 1
"""A program that knows no such columns would miss what is in them: it must not read them, and may read all others."""
_T = TypeVar("_T")


@dataclass(slots=True)
class SourceEntry:
    """One source as it was read: the evidence (size, hash, times) and how it was understood."""

    name: str
    """Path as given, ``archive!member``, URL; the ``source`` column of its records."""
    kind: str = "file"
    """file, member or stream."""
    path: str | None = None
    """Absolute path of the file (of the archive, for a member), to look for it again; as Python has it, not for
    printing: bytes that are no UTF-8 are lone surrogates."""
    bytes: int = 0
    """Bytes read, decompressed."""
    sha256: str = ""
    """Of the content, decompressed, from its start to where reading ended."""
    file_bytes: int | None = None
    """Size of the file on disk, where that is not the content itself (compressed, archive)."""
    file_sha256: str | None = None
    """Hash of the file on disk, where that is not the content itself."""
    mtime_ns: int | None = None
    """Modification time of the file or member."""
    mtime_from: str | None = None
    format: str = "text"
    encoding: str = "utf-8"
    encoding_reason: str = ""
    stamp_form: str | None = None
    """Form of the time stamps and where they stand; None: none found."""
    stamp_example: str | None = None
    zone: str = "UTC"
    """Zone of stamps that name none."""
    zone_reason: str = ""
    """Who says so: ``--tz``, ``--for``, the machine."""
    year_rule: str | None = None
    """How the years of stamps without a year were found."""
    multiline: str = "auto"
    fields: str | None = None
    """Form of the records' fields; None: they have none."""
    lines: int = 0
    """Physical lines read."""
    records: int = 0
    """Records stored."""
    record_lines: int = 0
    """Physical lines in the records stored."""
    undated: int = 0
    """Records stored without a time stamp."""
    filtered_records: int = 0
    """Records left out by the user's filters."""
    filtered_lines: int = 0
    outside_records: int = 0
    """Records left out because they are outside the user's time range (or undated, under a time range)."""
    outside_lines: int = 0
    other_form: int = 0
    """Records whose stamp is of another form than the source's."""
    quoted_lines: int = 0
    """Lines that quote a stamp within their text and belong to the record before."""
    lossy_lines: int = 0
    """Lines with undecodable bytes; their records keep the original bytes in ``raw``."""
    expected: int | None = None
    """Records that the source itself says it holds (Windows event logs)."""
    carved: int = 0
    """Records found in free space, beyond these."""
    odd_fields: list[str] | None = None
    """Fields that are not the value at their path in the text (``twsla.model.event_places``); None: all may be."""
    renamed: bool = False
    """``name`` ends in ``#2`` or so, because other content was imported under the name before."""
    start_offset: int = 0
    """Where reading began: the size of the part imported before, for a file that has grown."""
    start_line: int = 0
    """Physical lines before ``start_offset``."""
    min_ts: int | None = None
    max_ts: int | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    """What the user said about this source only, by the name of the option."""
    options_key: str = ""
    """Digest of the options that decide what a record is; the same content under the same key is not imported twice."""
    problems: list[str] = field(default_factory=list)
    """What could not be read or decided, a sentence each."""

    @property
    def lines_add_up(self) -> bool:
        """Whether every line read was stored or left out by the user's own filter or time range."""
        return self.lines == self.record_lines + self.filtered_lines + self.outside_lines

    @property
    def parsed(self) -> int | None:
        """How many of the records ``expected`` were read, stored or left out by the user; None: see there."""
        return None if self.expected is None else self.lines - self.carved

    @property
    def overrides_text(self) -> str:
        """What the user said about this source only, as it is typed behind ``--for``."""
        return ",".join(f"{name}={value}" if value else name for name, value in self.overrides.items())


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One Parquet file of the store."""

    path: str
    """Relative to the store, with forward slashes."""
    rows: int
    bytes: int
    sha256: str
    columns: tuple[str, ...]
    min_ts: int | None
    """Nanoseconds since the epoch; None for a file of undated rows."""
    max_ts: int | None
    sources: tuple[str, ...] = ()
    """The sources with rows in it."""
    shapes: int = 0
    """Shapes whose numbers of rows are in its footer (see ``shapecounts``); 0: they are not."""
    field_names: tuple[str, ...] = ()
    """Names in the maps of its column ``fields``; none where they are too many, or were written by an older program."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One finished import."""

    id: str
    created: str
    """RFC 3339."""
    program: str
    options: dict[str, Any]
    sources: tuple[SourceEntry, ...]
    files: tuple[FileEntry, ...]
    problems: tuple[str, ...] = ()
    """Sources of the run that could not be read at all, a sentence each."""
    replaces: tuple[str, ...] = ()
    """Imports whose files this one takes the place of (compaction)."""
    after: dict[str, str] = field(default_factory=dict)
    """The imports that were the last ones when this one was committed, and the SHA-256 in their manifests."""
    sha256: str = field(default="", compare=False)
    """Of the manifest's own bytes, up to this. Empty: it is not written yet, or is of a program that wrote none."""
    version: int = PLAIN_VERSION


_STORE_FILE = re.compile(r"records/[\w-]+/[\w-]+\.parquet", re.ASCII)
"""What a file of the store may be called. A manifest may come from someone else: it must not name other files."""
_REQUIRED = frozenset(COLUMNS) - OPTIONAL
_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "str | None": (str, NoneType),
    "int | None": (int, NoneType),
    "list[str]": list,
    "list[str] | None": (list, NoneType),
    "tuple[str, ...]": tuple,
    "dict[str, str]": dict,
    "dict[str, Any]": dict,
}
"""By the annotations of the fields."""


def _only_known(kind: type[_T], data: dict[str, Any]) -> _T:
    annotations = _annotations(kind)  # type: ignore[arg-type]  # a class is hashable
    known = {name: value for name, value in data.items() if name in annotations}
    for name, value in known.items():
        if not _fits(value, annotations[name]):
            raise TypeError(f"{name} is {reprlib.repr(value)}")
    return kind(**known)


@cache
def _annotations(kind: type) -> dict[str, str]:
    """The annotations of a dataclass by field; asked for once: a store of many sources has an entry for each."""
    return {item.name: str(item.type) for item in fields(kind)}


def _fits(value: object, annotation: str) -> bool:
    wanted = _TYPES.get(annotation)
    if wanted is None:
        return True
    if isinstance(value, (list, tuple)) and not all(isinstance(member, str) for member in value):
        return False
    if isinstance(value, int) and (isinstance(value, bool) != (wanted is bool) or abs(value) >= 1 << 63):
        return False
    return isinstance(value, wanted)


def _files(entries: list[dict[str, Any]]) -> tuple[FileEntry, ...]:
    files = tuple(
        _only_known(
            FileEntry,
            {
                **entry,
                "columns": tuple(entry["columns"]),
                "sources": tuple(entry["sources"]),
                "field_names": tuple(entry.get("field_names", ())),
            },
        )
        for entry in entries
    )
    for entry in files:
        if not _STORE_FILE.fullmatch(entry.path):
            raise ValueError(f"{reprlib.repr(entry.path)} cannot be a file of the store")
        if (entry.min_ts is None) != (entry.max_ts is None) or not set(entry.columns) >= _REQUIRED:
            raise ValueError(f"what is said of {entry.path} is not whole")
    return files


def read_manifest(path: Path) -> Manifest:
    """Read one manifest.

    Raises:
        StoreError: It is damaged or of a newer version.
    """
    try:
        text = path.read_bytes()
        data = json.loads(text)
        version = data["version"]
        if version > MANIFEST_VERSION:
            raise StoreError(f"the manifest {path} is of version {version}", hint="use a newer twsla")
        sha256 = _checked_sha256(text)
        files = _files(data["files"])
        sources = tuple(_only_known(SourceEntry, entry) for entry in data["sources"])
        return _only_known(
            Manifest,
            {
                **data,
                "files": files,
                "sources": sources,
                "problems": tuple(data.get("problems", ())),
                "replaces": tuple(data.get("replaces", ())),
                "sha256": sha256,
            },
        )
    except OSError as error:
        raise StoreError(
            f"the manifest {path} cannot be read: {error.strerror}", hint="check its permissions"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"the manifest {path} is damaged: {error}", hint="restore it from a copy; 'twsla verify' checks the rest"
        ) from error


_LAST_MEMBER = ',\n "sha256": "'
"""With this indentation no other member begins like it."""


def _checked_sha256(text: bytes) -> str:
    """The SHA-256 that a manifest ends with; empty if it has none.

    Raises:
        ValueError: It is not that of the manifest.
    """
    content, member, written = text.rpartition(_LAST_MEMBER.encode())
    if not member:
        return ""
    sha256 = hashlib.sha256(content).hexdigest()
    if written != f'{sha256}"\n}}\n'.encode():
        raise ValueError("it is not what was written: its SHA-256 is another")
    return sha256


def write_manifest(store: Path, manifest: Manifest) -> Manifest:
    """Commit: write the manifest beside its place, make it durable, rename it into place.

    Returns:
        The manifest with its SHA-256 and its version.

    Raises:
        StoreError: It cannot be written; the import is then not part of the store.
    """
    folder = store / IMPORTS
    temporary = folder / f".{manifest.id}.json.tmp"
    has_columns = any(field_of(column) is not None for entry in manifest.files for column in entry.columns)
    manifest = replace(manifest, version=MANIFEST_VERSION if has_columns else PLAIN_VERSION)
    try:
        members = asdict(manifest)
        del members["sha256"]
        content = json.dumps(members, ensure_ascii=True, indent=1).removesuffix("\n}")
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f'{content}{_LAST_MEMBER}{sha256}"\n}}\n')
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / f"{manifest.id}.json")
        sync_directory(folder)
    except OSError as error:
        # After the rename too: an import that may not be durable is none.
        for path in (temporary, folder / f"{manifest.id}.json"):
            path.unlink(missing_ok=True)
        raise cannot_write(store, error) from error
    return replace(manifest, sha256=sha256)


def last_of(manifests: Sequence[Manifest]) -> dict[str, str]:
    """Those that no other was written after, with their SHA-256: nearly always one."""
    before = {identifier for manifest in manifests for identifier in manifest.after}
    return {manifest.id: manifest.sha256 for manifest in manifests if manifest.id not in before}
