"""What is known about addresses: their names (DNS), and where they are (GeoIP databases).

How each kind of information is written, where one is known:

    host      ``www.example.com.``, the name as DNS gives it
    domain    ``example.com.``, the name without its first part if it has three or more
    loc       ``JP:Tokyo:35.690,139.692``: country code, city in English, latitude, longitude
    country   ``JP``
    asn       ``AS2497 Internet Initiative Japan Inc.``

An address without a name is ``192.0.2.1(unknown)``. One that no database holds is ``::0.000,0.000`` for loc and empty
for country and asn, unless it is private (``LOCAL``) or otherwise reserved (``RESERVED``). A value that is no address
is ``unknown``, or ``value(unknown)`` where a name was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twsla.model.result import Note
    from twsla.options import IpOptions
    from twsla.progress import Progress
    from twsla.query.engine import Engine

IpInfo = Literal["host", "domain", "loc", "country", "asn"]


class Info(NamedTuple):
    """What is known about one address."""

    value: str
    """As above."""
    latitude: float | None = None
    """Degrees; of ``loc`` only, None where the database has no place."""
    longitude: float | None = None


class Lookup(Protocol):
    """Finds one kind of information. Not for several threads at once; cheap to make, as nothing is asked yet."""

    def look_up(self, addresses: Sequence[str], progress: Progress) -> list[Info]:
        """One answer for each address, in their order. No address should be there twice.

        Raises:
            UsageError: A database turns out to be damaged.
            Cancelled: The user asked to stop.
        """

    def notes(self) -> tuple[Note, ...]:
        """What the reader must know about all answers so far: how many are missing, and why."""

    def close(self) -> None:
        """Close files."""


def open_lookup(kind: str, options: IpOptions) -> Lookup:
    """The lookup for a kind of information (one of ``IP_INFO``). Call it before reading records: it tells mistakes.

    Raises:
        UsageError: The kind is unknown, no database is given or one cannot be used, or a name server is no address.
    """
    raise NotImplementedError


def enrich(
    values: Sequence[str],
    kind: IpInfo,
    *,
    geoip: tuple[Path, ...] = (),
    resolver: tuple[str, ...] = (),
    timeout_s: float = 3.0,
    progress: Progress,
) -> dict[str, str]:
    """The information about each distinct value, for a handful of them. Raises as ``open_lookup`` does."""
    raise NotImplementedError


def enriched_table(engine: Engine, addresses_sql: str, lookup: Lookup, progress: Progress) -> str:
    """Look up many addresses in bounded memory, for joining.

    Args:
        engine: The scratch table is made on its connection.
        addresses_sql: A SELECT of one VARCHAR column over scratch tables (not ``records``); duplicates and NULL are
            left out here.
        lookup: From ``open_lookup``; ask it for its notes afterwards.
        progress: Is told about addresses.

    Returns:
        Name of a scratch table with the columns ip VARCHAR, value VARCHAR, latitude DOUBLE, longitude DOUBLE (degrees,
        NULL where unknown); one row for each address, in no order.
    """
    raise NotImplementedError
