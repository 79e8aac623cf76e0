"""One DuckDB in memory, and a connection to it for each thread that asks.

A connection does one thing at a time; with one a thread, a screen reads a page while a count runs. Scratch tables are
seen by all of them.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection

MEMORY_LIMIT = "800MB"
"""Of DuckDB; what does not fit goes to the temporary directory (50-million-row sorts fit in about 1 GiB)."""


class Database:
    """Connections by thread; the database is made when the first is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root: DuckDBPyConnection | None = None
        self._connections: dict[int, DuckDBPyConnection] = {}
        self._scratch = 0

    def connection(self) -> DuckDBPyConnection:
        """The calling thread's; UTC."""
        found = self._connections.get(threading.get_ident())
        return self._connect() if found is None else found

    def _connect(self) -> DuckDBPyConnection:
        with self._lock:
            if self._root is None:
                made = self._root = _open()
            else:
                made = self._root.cursor()
            # The other settings are of the database, this one is of the connection.
            made.execute("SET TimeZone = 'UTC'")
            self._connections[threading.get_ident()] = made
            return made

    def interrupt(self, thread: int | None) -> None:
        """Stop what runs, everywhere or in one thread (its ``ident``). Callable from any thread."""
        for ident, connection in list(self._connections.items()):
            if thread is None or ident == thread:
                connection.interrupt()

    def scratch_name(self) -> str:
        """A table name not used yet."""
        with self._lock:
            self._scratch += 1
            return f"scratch_{self._scratch}"

    def close(self) -> None:
        """Free everything."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()
            self._root = None


def _open() -> DuckDBPyConnection:
    """Safe settings, spilling to the system's temporary directory."""
    # The extension module alone loads in 28 ms, the package around it in 140; the package adds its methods to the same
    # connection class when it is imported later, for Arrow results.
    from _duckdb import connect

    spill = Path(tempfile.gettempdir()) / f"twsla-{os.getpid()}"
    return connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
