"""Locks that die with their process: how a writer is known to be alive, and how two commits take turns."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from twsla.store.layout import cannot_write

if TYPE_CHECKING:
    from pathlib import Path


_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""A link in a store of someone else's must not make a file elsewhere."""


class FileLock:
    """An exclusive advisory lock on a file, released by the system when the process ends however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, wait: bool) -> bool:
        """Take the lock; without ``wait``, False at once when another process holds it.

        Raises:
            StoreError: The lock file cannot be made.
        """
        while True:
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | _NO_LINKS, 0o644)
            except OSError as error:
                raise cannot_write(self.path.parent.parent, error) from error
            if not _lock(descriptor, wait=wait):
                os.close(descriptor)
                return False
            if self._still_there(descriptor):
                self._descriptor = descriptor
                return True
            # Somebody removed the file between our opening and locking it: lock the new one.
            os.close(descriptor)

    def _still_there(self, descriptor: int) -> bool:
        try:
            return sys.platform == "win32" or os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; with ``remove``, the file goes first, while it is still ours."""
        if self._descriptor is None:
            return
        if remove and sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None
        if remove and sys.platform == "win32":
            self.path.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> bool:
        mode = msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK
        while True:
            try:
                msvcrt.locking(descriptor, mode, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True
else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
