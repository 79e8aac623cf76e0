"""What a tool is: a name, schemas, hints, and a function from arguments to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from twsla.errors import UsageError
from twsla.mcp.answers import DEFAULT_BYTES, DEFAULT_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twsla.mcp.answers import Answer
    from twsla.mcp.desk import Desk
    from twsla.progress import Progress


class Working(Protocol):
    """A call while it works: its progress, and a place to say how it can be stopped."""

    @property
    def progress(self) -> Progress:
        """What the work reports to."""

    def stoppable(self, stop: Callable[[], None]) -> None:
        """Name a function that stops what runs now; callable from any thread."""


def server_terms(text: str) -> str:
    """A text written for the command line, where it is about what only the start of the server can change."""
    text = text.replace("leave out --no-dns", "the server has to be started with --dns")
    text = text.replace("say where they are: -s DIRECTORY", "the server has to be started with --rules DIRECTORY")
    return text.replace("with --geoip", "to the server when it is started: --geoip FILE")


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool as clients see it, and how it works."""

    name: str
    title: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    run: Callable[[Desk, Mapping[str, Any], Working], Answer]
    """Runs in a thread of its own."""
    explain: Callable[[str], str] = server_terms
    """Makes of a message for the command line one for clients."""
    writes: bool = False
    """It adds to the store."""
    is_long: bool = False
    """It may work as long as an import."""
    is_open_world: bool = False
    """It asks machines elsewhere."""

    @property
    def hints(self) -> dict[str, bool]:
        """The annotations of the protocol. Nothing here ever removes or changes what is there."""
        return {
            "readOnlyHint": not self.writes,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": self.is_open_world,
        }


CURSOR: Final = {
    "type": "string",
    "description": "next_cursor of an earlier answer, for the rows that follow; the other arguments may be left out.",
}


def page_properties(limits_rows: int, limits_bytes: int) -> dict[str, Any]:
    """Schema of the parameters that say how much of an answer is wanted."""
    return {
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": limits_rows,
            "default": DEFAULT_ROWS,
            "description": "Rows of this answer; more come with next_cursor.",
        },
        "max_bytes": {
            "type": "integer",
            "minimum": 1000,
            "maximum": limits_bytes,
            "default": DEFAULT_BYTES,
            "description": "Bytes of rows of this answer.",
        },
        "cursor": CURSOR,
    }


def whole_number(given: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """An argument that is a whole number within bounds.

    Raises:
        UsageError: It is not.
    """
    value = given.get(name)
    if value is None:
        return default
    try:
        number = int(value)
        if isinstance(value, bool) or number != float(value):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{name}: '{str(value)[:80]}' is not a whole number") from None
    if not least <= number <= most:
        raise UsageError(
            f"{name}: {number:,} is not between {least:,} and {most:,}",
            hint="ask for pages with cursor, or let count, summary or sql reduce the rows",
        )
    return number
