"""Cursors: where an answer goes on. They hold the whole question, so that the server keeps nothing between calls."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.store.store import Store

_LONGEST = 20_000
"""Characters of a cursor."""
_MOST_BYTES = 200_000
"""Of what is in it."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an answer."""

    tool: str
    arguments: Mapping[str, Any]
    """Those of the call, without ``cursor``."""
    row: int
    """Number of the next row."""
    store: str
    """What was in the store, so that a change can be told."""

    def text(self) -> str:
        """As clients get it."""
        whole = json.dumps([self.tool, self.arguments, self.row, self.store], separators=(",", ":"))
        return base64.urlsafe_b64encode(zlib.compress(whole.encode(), 9)).decode()


def read_cursor(text: object, tool: str) -> Cursor:
    """The cursor that a client sends back. What it holds is checked like any arguments.

    Raises:
        UsageError: It is none, or another tool's.
    """
    refused = UsageError("the cursor is none of this server's", hint="use next_cursor of the last answer as it is")
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise refused
    try:
        unpacked = zlib.decompressobj().decompress(base64.urlsafe_b64decode(text), _MOST_BYTES)
        name, arguments, row, store = json.loads(unpacked)
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError) as error:
        raise refused from error
    if not isinstance(arguments, dict) or not isinstance(row, int) or row < 0 or not isinstance(store, str):
        raise refused
    if name != tool:
        raise UsageError(f"this cursor is for the tool '{str(name)[:40]}'", hint="use it there")
    return Cursor(name, arguments, row, store)


def state_of(store: Store) -> str:
    """A short text that is another when imports were added."""
    return f"{zlib.crc32(','.join(manifest.id for manifest in store.manifests).encode()):08x}"
