"""Marks, tags and comments on records: kept in a directory beside the store, never inside it.

``twsla.db`` has them in ``twsla.db.case/marks.jsonl``: one JSON object a line, added at the end and never changed, so
that it also tells who thought what, and when. The last line on a record holds. A record is known by its source, byte
offset and line number; its time is kept as well, to find it fast and to notice a store that was imported differently.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import StoreError
from twsla.store.lock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".case"
NAME = "marks.jsonl"


@dataclass(frozen=True, slots=True)
class Mark:
    """What was noted on a record last."""

    source: str
    offset: int
    line_no: int
    ts_ns: int | None
    marked: bool = True
    """False: the mark was taken away."""
    tags: tuple[str, ...] = ()
    comment: str = ""
    at: str = ""
    """When it was noted, RFC 3339."""
    by: str = ""
    """The account that noted it."""

    @property
    def place(self) -> tuple[str, int]:
        """Source and offset: no two records of a store share them."""
        return self.source, self.offset


def case_path(store: Path) -> Path:
    """The directory beside a store for what people add to it."""
    whole = Path(os.path.abspath(store))  # noqa: PTH100  # not resolve(): a link to a store has a case of its own
    return whole.with_name(whole.name + SUFFIX)


def detections_path(store: Path) -> Path:
    """Where the detections of a store lie: a store as well, with a record for each."""
    return case_path(store) / "detections"


class MarkFile:
    """The marks of one store, as they are when read; anybody may add to them meanwhile."""

    def __init__(self, store: Path) -> None:
        self.path = case_path(store) / NAME
        self.unreadable = 0
        """Lines that are no marks: torn by a crash while they were written, or edited by hand."""
        self._found: dict[tuple[str, int], Mark] = {}
        self._read_bytes = 0

    def marks(self) -> dict[tuple[str, int], Mark]:
        """What holds now, by source and offset, in the order of first marking; what was added since is read.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_bytes)
                added = file.read()
        except FileNotFoundError:
            return dict(self._found)
        except OSError as error:
            raise StoreError(f"the marks in {self.path} cannot be read: {error.strerror or error}") from error
        whole = added[: added.rfind(b"\n") + 1]  # a line without its end is still being written
        for line in whole.splitlines():
            mark = _parsed(line) if line.strip() else None
            if mark is None:
                self.unreadable += bool(line.strip())
            elif mark.marked:
                self._found[mark.place] = mark
            else:
                self._found.pop(mark.place, None)
        self._read_bytes += len(whole)
        return dict(self._found)

    def add(self, mark: Mark) -> None:
        """Note something on a record. It is on the disk when this returns, as a whole or not at all.

        Raises:
            StoreError: It cannot be written.
        """
        line = json.dumps(_json(mark), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        try:
            self.path.parent.mkdir(exist_ok=True)
            with _one_writer(self.path.with_suffix(".lock")):
                descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
                try:
                    _append(descriptor, line)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        except OSError as error:
            raise StoreError(
                f"the mark cannot be written to {self.path}: {error.strerror or error}",
                hint="marks are kept beside the store; make that directory writable",
            ) from error


@contextmanager
def _one_writer(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    lock.acquire(wait=True)
    try:
        yield
    finally:
        lock.release(remove=True)


def _append(descriptor: int, line: bytes) -> None:
    """One writing at the end, taken back if it was cut short (full disk); after a torn line, on a line of its own."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    if end and _last_byte(descriptor, end) != b"\n":
        line = b"\n" + line
    if os.write(descriptor, line) != len(line):
        os.ftruncate(descriptor, end)
        raise OSError(28, "No space left on device")


def _last_byte(descriptor: int, end: int) -> bytes:
    os.lseek(descriptor, end - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _json(mark: Mark) -> dict[str, object]:
    return {
        "at": mark.at,
        "by": mark.by,
        "source": mark.source,
        "offset": mark.offset,
        "line_no": mark.line_no,
        "ts_ns": mark.ts_ns,
        "marked": mark.marked,
        "tags": list(mark.tags),
        "comment": mark.comment,
    }


def _parsed(line: bytes) -> Mark | None:
    try:
        value = json.loads(line)
        ts_ns = value.get("ts_ns")
        return Mark(
            source=str(value["source"]),
            offset=int(value["offset"]),
            line_no=int(value["line_no"]),
            ts_ns=None if ts_ns is None else int(ts_ns),
            marked=bool(value.get("marked", True)),
            tags=tuple(str(tag) for tag in value.get("tags", ())),
            comment=str(value.get("comment", "")),
            at=str(value.get("at", "")),
            by=str(value.get("by", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
