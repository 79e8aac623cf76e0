"""Names of addresses kept in a file from run to run (``--dns-cache``): an SQLite database of our own."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

APPLICATION_ID = 0x7477736E
"""In the head of the file (``twsn``), so that no other program's database is written to."""
_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE IF NOT EXISTS names (
    server TEXT NOT NULL, address TEXT NOT NULL, name TEXT, expires INTEGER NOT NULL,
    PRIMARY KEY (server, address)
) WITHOUT ROWID;
"""
_WAIT_S = 5.0
"""For another process that is writing."""
_PART = 500
"""Addresses asked for in one statement."""


class NameCache:
    """Names by name server and address; a name of None is an address known to have none."""

    def __init__(self, path: Path, server: str) -> None:
        """Open or make the file, and drop what holds no longer.

        Args:
            path: The file.
            server: Who gave the names; another server may give others.

        Raises:
            UsageError: It is another kind of file, or cannot be opened.
        """
        import sqlite3

        self.path = path
        self.problem = ""
        """Why names were not read or kept; empty: they were."""
        self._server = server
        self._now = int(time.time())
        try:
            # Which addresses were looked at is not for every user of the machine.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._file = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
            self._prepare()
        except OSError as error:
            raise UsageError(f"the file of names {path} cannot be opened: {error.strerror or error}") from error
        except sqlite3.Error as error:
            raise UsageError(f"the file of names {path} cannot be used: {error}", hint=_HINT) from error

    def _prepare(self) -> None:
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION_ID and (application or tables):
            self._file.close()
            raise UsageError(f"{self.path} is a database of another program", hint=_HINT)
        self._file.executescript(_SCHEMA)
        self._file.execute("DELETE FROM names WHERE expires <= ?", (self._now,))

    def known(self, addresses: Sequence[str]) -> dict[str, object]:
        """What is kept for those addresses; None for one known to have no name. The file may hold anything."""
        import sqlite3

        found: dict[str, object] = {}
        for start in range(0, len(addresses), _PART):
            part = addresses[start : start + _PART]
            marks = ", ".join("?" * len(part))
            sql = f"SELECT address, name FROM names WHERE server = ? AND expires > ? AND address IN ({marks})"  # noqa: S608
            try:
                found.update(self._file.execute(sql, (self._server, self._now, *part)).fetchall())
            except sqlite3.Error as error:
                self.problem = str(error)
        return found

    def keep(self, names: Mapping[str, tuple[str | None, int]]) -> None:
        """Remember names, each with the seconds for which it holds."""
        import sqlite3

        rows = [(self._server, address, name, self._now + holds_s) for address, (name, holds_s) in names.items()]
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?)", rows)
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            # Names are at hand all the same; that they must be asked for again is told, not fatal.
            self.problem = str(error)
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_HINT = "give --dns-cache another file, or delete this one"
