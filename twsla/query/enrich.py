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

from twsla.errors import UsageError
from twsla.options import IP_INFO, IpOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twsla.model.result import Note
    from twsla.progress import Progress
    from twsla.query.engine import Engine

PAGE = 20_000
"""Addresses held in memory at once."""

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
    if kind in ("host", "domain"):
        from twsla.query.names import NameLookup

        return NameLookup(kind, options)
    if kind in IP_INFO:
        from twsla.query.geoip import GeoLookup

        return GeoLookup(kind, options.geoip)
    raise UsageError(f"nothing is known of addresses by the name {kind!r}", hint=f"use {', '.join(IP_INFO)}")


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
    lookup = open_lookup(kind, IpOptions(geoip=geoip, resolver=resolver, dns_timeout=timeout_s))
    try:
        distinct = list(dict.fromkeys(values))
        return {text: info.value for text, info in zip(distinct, lookup.look_up(distinct, progress), strict=True)}
    finally:
        lookup.close()


def enriched_table(
    engine: Engine,
    addresses_sql: str,
    lookup: Lookup,
    progress: Progress,
    params: Mapping[str, object] | None = None,
) -> str:
    """Look up many addresses in bounded memory, for joining.

    Args:
        engine: The scratch table is made on its connection.
        addresses_sql: A SELECT of one VARCHAR column over scratch tables (not ``records``); duplicates and NULL are
            left out here. Where time is short, names are asked for in its order: put what matters most first.
        lookup: From ``open_lookup``; ask it for its notes afterwards.
        progress: Is told about addresses.
        params: Values of the SELECT's ``$name`` parameters.

    Returns:
        Name of a scratch table with the columns ip VARCHAR, value VARCHAR, latitude DOUBLE, longitude DOUBLE (degrees,
        NULL where unknown); one row for each address.
    """
    listed, result = engine.scratch_name(), engine.scratch_name()
    engine.execute(
        f"""
        CREATE TABLE {listed} AS
        SELECT ip FROM (SELECT ip, row_number() OVER () AS place FROM ({addresses_sql}) AS given(ip))
        WHERE ip IS NOT NULL GROUP BY ip ORDER BY min(place)
        """,  # noqa: S608  # the caller's SELECT holds names of ours only
        params,
    )
    engine.execute(f"CREATE TABLE {result} (ip VARCHAR, value VARCHAR, latitude DOUBLE, longitude DOUBLE)")
    fill = f"INSERT INTO {result} SELECT unnest($a), unnest($b), unnest($c::DOUBLE[]), unnest($d::DOUBLE[])"
    first = 0
    while page := _page(engine, listed, first):
        infos = lookup.look_up(page, progress)
        values, latitudes, longitudes = (list(column) for column in zip(*infos, strict=True))
        engine.execute(fill, {"a": page, "b": values, "c": latitudes, "d": longitudes})
        first += len(page)
    engine.execute(f"DROP TABLE {listed}")
    return result


def _page(engine: Engine, table: str, first: int) -> list[str]:
    sql = f"SELECT ip FROM {table} WHERE rowid >= $first AND rowid < $last ORDER BY rowid"  # noqa: S608  # our own name
    return [ip for (ip,) in engine.execute(sql, {"first": first, "last": first + PAGE})]
