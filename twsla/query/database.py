"""One DuckDB in memory, and a connection to it for each thread that asks.

A connection does one thing at a time; with one a thread, a screen reads a page while a count runs. Scratch tables are
seen by all of them.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import StoreError
from twsla.store.layout import plain_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _duckdb import DuckDBPyConnection

MEMORY_LIMIT = "800MB"
"""Of DuckDB; what does not fit goes to the temporary directory (50-million-row sorts fit in about 1 GiB)."""


class Database:
    """Connections by thread; the database is made when the first is asked for."""

    def __init__(self, memory: str = MEMORY_LIMIT) -> None:
        self.memory = memory
        """What DuckDB may take, as it writes sizes."""
        self._lock = threading.Lock()
        self._inner: list[Database] = []
        self._root: DuckDBPyConnection | None = None
        self._connections: dict[int, DuckDBPyConnection] = {}
        self._stops: list[tuple[int, Callable[[], object]]] = []
        self._scratch = 0
        self._folder: Path | None = None
        self._links: dict[Path, str] = {}

    def connection(self) -> DuckDBPyConnection:
        """The calling thread's; UTC."""
        found = self._connections.get(threading.get_ident())
        return self._connect() if found is None else found

    def _connect(self) -> DuckDBPyConnection:
        with self._lock:
            if self._root is None:
                made = self._root = _open(self._own_folder() / "spill", self.memory)
                made.execute("SET GLOBAL TimeZone = 'UTC'")  # for all connections to come as well
            else:
                made = self._root.cursor()
            self._connections[threading.get_ident()] = made
            return made

    def isolated(self) -> Database:
        """Another database with the same limit, which knows nothing of this one; what stops this one stops it too."""
        made = Database(self.memory)
        with self._lock:
            self._inner.append(made)
        return made

    def interrupt(self, thread: int | None) -> None:
        """Stop what runs, everywhere or in one thread (its ``ident``). Callable from any thread."""
        for ident, connection in list(self._connections.items()):
            if thread is None or ident == thread:
                connection.interrupt()
        for ident, stop in list(self._stops):
            if thread is None or ident == thread:
                stop()
        for inner in list(self._inner):
            inner.interrupt(thread)

    @contextmanager
    def stopping(self, stop: Callable[[], object]) -> Iterator[None]:
        """While inside, what interrupts the calling thread calls ``stop`` too."""
        entry = threading.get_ident(), stop
        self._stops.append(entry)
        try:
            yield
        finally:
            self._stops.remove(entry)

    def scratch_name(self) -> str:
        """A table name not used yet."""
        with self._lock:
            self._scratch += 1
            return f"scratch_{self._scratch}"

    def readable(self, folder: Path) -> str:
        """The path by which DuckDB reads what is in a directory: the directory's own, unless that would be a pattern.

        DuckDB has no way of saying that ``[ab].db`` is a name: it would read ``a.db`` as well. Such a directory is
        read by way of a link.

        Raises:
            StoreError: There can be no link.
        """
        text = plain_path(folder)
        if not _is_pattern(text):
            return text
        with self._lock:
            if folder not in self._links:
                self._links[folder] = self._link(folder, f"store-{len(self._links)}")
            return self._links[folder]

    def _link(self, folder: Path, name: str) -> str:
        link = self._own_folder() / name
        if _is_pattern(str(link)):
            raise StoreError(
                f"{folder} cannot be read: its name is a pattern to DuckDB, and so is that of {link.parent}",
                hint="name another temporary directory in the environment variable TMPDIR",
            )
        try:
            link.symlink_to(folder.absolute(), target_is_directory=True)
        except OSError as error:
            raise StoreError(
                f"{folder} cannot be read: its name is a pattern to DuckDB, and no link to it can be made: "
                f"{error.strerror or error}",
                hint="give the directory a name without * ? [",
            ) from error
        return str(link)

    def _own_folder(self) -> Path:
        """For what does not fit in memory: for nobody else to read, as it holds log text. It goes with this object."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="twsla-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def close(self) -> None:
        """Free everything."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()
            self._root = None
            if self._folder is not None:
                self._remove()
            self._folder = None
            self._links.clear()


def _is_pattern(path: str) -> bool:
    return any(sign in path for sign in "*?[")


def _open(spill: Path, memory: str) -> DuckDBPyConnection:
    """Safe settings, spilling to a directory of our own."""
    # The extension module alone loads in 28 ms, the package around it in 140; the package adds its methods to the same
    # connection class when it is imported later, for Arrow results.
    from _duckdb import connect

    return connect(
        ":memory:",
        config={
            "memory_limit": memory,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
