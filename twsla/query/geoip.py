"""Where addresses are, and whose: look-ups in MaxMind databases (.mmdb) of the City, Country and ASN kinds.

Files are read with ``maxminddb``. Their records are taken as they come and every member is checked, because a database
may be another maker's, or damaged.

Source: MaxMind DB File Format Specification 2.0.
"""

from __future__ import annotations

import math
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError
from twsla.query.addresses import parse_address, special_use
from twsla.query.enrich import Info

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address, IPv6Address
    from pathlib import Path

    from maxminddb import Reader

    from twsla.model.result import Note
    from twsla.progress import Progress

_HOLDS: Final[Mapping[str, frozenset[str]]] = {
    "enterprise": frozenset({"loc", "country", "asn"}),
    "city": frozenset({"loc", "country"}),
    "location": frozenset({"loc", "country"}),
    "country": frozenset({"country"}),
    "asn": frozenset({"asn"}),
    "isp": frozenset({"asn"}),
}
"""Words in a database's type (``GeoLite2-City``, ``DBIP-ASN-Lite (compat=GeoLite2-ASN)``) and what it then knows."""

_WANTED: Final = {"loc": "City", "country": "Country or City", "asn": "ASN or ISP"}
_NOWHERE: Final = {"loc": "::0.000,0.000", "country": "", "asn": ""}
_CHECK_EVERY = 4096
"""Addresses between two looks at whether to stop."""
_LONGEST = 200
"""Characters of a city or an organisation."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database."""

    path: Path
    reader: Reader
    has_ipv6: bool


class GeoLookup:
    """Looks addresses up in all databases that hold the information, in the order in which they were given."""

    def __init__(self, kind: str, paths: Sequence[Path]) -> None:
        """Open the databases.

        Raises:
            UsageError: None is given, one cannot be used, or none holds the information.
        """
        if not paths:
            raise UsageError(
                f"{kind} needs a GeoIP database",
                hint=f"give a MaxMind {_WANTED[kind]} database (.mmdb) with --geoip",
            )
        self._kind = kind
        self._opened = [_open(path) for path in paths]
        types = [(database, str(database.reader.metadata().database_type)) for database in self._opened]
        self._databases = [database for database, type_name in types if kind in _held_by(type_name)]
        if not self._databases:
            self.close()
            found = ", ".join(f"{database.path} is a {clean(type_name)!r}" for database, type_name in types)
            raise UsageError(
                f"no database given holds {kind}: {found}", hint=f"{kind} needs a {_WANTED[kind]} database"
            )

    def look_up(self, addresses: Sequence[str], progress: Progress) -> list[Info]:
        """One answer for each address; ``unknown`` for what is no address."""
        found = []
        for start in range(0, len(addresses), _CHECK_EVERY):
            progress.check()
            part = addresses[start : start + _CHECK_EVERY]
            found += [self._info(text) for text in part]
            progress.advance("addresses", len(part))
        return found

    def notes(self) -> tuple[Note, ...]:
        """Nothing is left out."""
        return ()

    def close(self) -> None:
        """Close the files."""
        for database in self._opened:
            database.reader.close()

    def _info(self, text: str) -> Info:
        address = parse_address(text)
        if address is None:
            return Info("unknown")
        for database in self._databases:
            record = _record(database, address)
            if record is not None:
                return _tell(self._kind, record, database)
        label = special_use(address)
        return Info(f"{label}::0.000,0.000" if label and self._kind == "loc" else label or _NOWHERE[self._kind])


def clean(text: str) -> str:
    """Text of a database without control characters, and of bearable length."""
    shown = text if text.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _open(path: Path) -> Database:
    import maxminddb

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"the GeoIP database {path} is not a file", hint="--geoip names an .mmdb file")
        reader = maxminddb.open_database(path)
        version = reader.metadata().ip_version
    except FileNotFoundError:
        raise UsageError(f"the GeoIP database {path} does not exist", hint="--geoip names an .mmdb file") from None
    except OSError as error:
        raise UsageError(f"the GeoIP database {path} cannot be read: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise UsageError(
            f"{path} is not a MaxMind database, or a damaged one", hint="--geoip names an .mmdb file"
        ) from error
    return Database(path, reader, has_ipv6=version == 6)


_DAMAGE = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(OverflowError, RuntimeError, MemoryError, SystemError),
)
"""What ``maxminddb`` raises over bytes that are no database; its own error is a RuntimeError."""


def _held_by(type_name: str) -> frozenset[str]:
    lower = type_name.lower()
    return frozenset().union(*(kinds for word, kinds in _HOLDS.items() if word in lower))


def _record(database: Database, address: IPv4Address | IPv6Address) -> Mapping[str, Any] | None:
    """What a database says about an address; None: nothing.

    Raises:
        UsageError: The database is damaged.
    """
    if address.version == 6 and not database.has_ipv6:
        return None
    try:
        record = database.reader.get(address)
    except _DAMAGE as error:
        raise UsageError(
            f"the GeoIP database {database.path} is damaged: {clean(str(error))}", hint="download it again"
        ) from error
    if record is not None and not isinstance(record, dict):
        raise _strange(database)
    return record


def _strange(database: Database) -> UsageError:
    return UsageError(
        f"the records of the GeoIP database {database.path} are not laid out as MaxMind's are",
        hint="give a GeoIP2, GeoLite2 or DB-IP database",
    )


def _tell(kind: str, record: Mapping[str, Any], database: Database) -> Info:
    if kind == "asn":
        return Info(_asn(record))
    country = _member(record, "country", database)
    code = _text(country.get("iso_code"))
    if kind == "country":
        return Info(code)
    names = _member(_member(record, "city", database), "names", database)
    place = _member(record, "location", database)
    latitude, longitude = _degrees(place.get("latitude"), 90), _degrees(place.get("longitude"), 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    value = f"{code}:{_text(names.get('en'))}:{latitude or 0:.3f},{longitude or 0:.3f}"
    return Info(value, latitude, longitude)


def _asn(record: Mapping[str, Any]) -> str:
    number = record.get("autonomous_system_number")
    if not isinstance(number, int):
        return ""
    return f"AS{number} {_text(record.get('autonomous_system_organization'))}".rstrip()


def _member(record: Mapping[str, Any], name: str, database: Database) -> Mapping[str, Any]:
    value = record.get(name, {})
    if not isinstance(value, dict):
        raise _strange(database)
    return value


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _degrees(value: object, limit: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if abs(value) <= limit else None
