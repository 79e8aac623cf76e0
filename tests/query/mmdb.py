"""Writes MaxMind databases for tests, from the published description of the format.

Source: MaxMind DB File Format Specification 2.0 (https://maxmind.github.io/MaxMind-DB/).
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARKER = b"\xab\xcd\xefMaxMind.com"


class Raw(bytes):
    """Bytes of the data section as they are, for records that are wrong on purpose."""


class Unsigned(int):
    """A uint32."""

    kind = 6


class Short(Unsigned):
    """A uint16."""

    kind = 5


class Long(Unsigned):
    """A uint64."""

    kind = 9


def encode(value: object) -> bytes:
    """A value as the data section holds it."""
    match value:
        case Raw():
            return bytes(value)
        case bool():
            return _control(14, int(value))
        case Unsigned():
            data = value.to_bytes((value.bit_length() + 7) // 8)
            return _control(value.kind, len(data)) + data
        case int():
            return _control(8, 4) + struct.pack(">i", value)
        case float():
            return _control(3, 8) + struct.pack(">d", value)
        case str():
            data = value.encode("utf-8", "surrogateescape")
            return _control(2, len(data)) + data
        case dict():
            return _control(7, len(value)) + b"".join(encode(key) + encode(each) for key, each in value.items())
        case list():
            return _control(11, len(value)) + b"".join(map(encode, value))
    raise TypeError(type(value))


def _control(kind: int, size: int) -> bytes:
    """Type (above 7 in a second byte) and size (up to 28 in the first byte)."""
    if size < 29:
        first, more = size, b""
    elif size < 29 + 256:
        first, more = 29, bytes([size - 29])
    else:
        first, more = 30, (size - 285).to_bytes(2)
    return (bytes([kind << 5 | first]) if kind < 8 else bytes([first, kind - 7])) + more


def write_mmdb(
    path: Path, type_name: str, networks: Mapping[str, Any], *, ip_version: int = 6, **metadata: object
) -> Path:
    """A database that holds a value for each network (no network inside another)."""
    # A node is [left, right]; None: nothing there; an int: offset in the data section.
    root: list[Any] = [None, None]
    data = bytearray()
    for text, value in networks.items():
        bits = _bits(ip_network(text), ip_version)
        node = root
        for bit in bits[:-1]:
            if node[bit] is None:
                node[bit] = [None, None]
            node = node[bit]
        node[bits[-1]] = len(data)
        data += encode(value)
    nodes: list[list[Any]] = [root]
    for node in nodes:
        nodes += [child for child in node if isinstance(child, list)]
    number = {id(node): place for place, node in enumerate(nodes)}

    def record(child: Any) -> bytes:
        if child is None:
            return len(nodes).to_bytes(4)
        if isinstance(child, list):
            return number[id(child)].to_bytes(4)
        return (len(nodes) + 16 + int(child)).to_bytes(4)

    tree = b"".join(record(left) + record(right) for left, right in nodes)
    about = {
        "node_count": Unsigned(len(nodes)),
        "record_size": Short(32),
        "ip_version": Short(ip_version),
        "database_type": type_name,
        "languages": ["en"],
        "binary_format_major_version": Short(2),
        "binary_format_minor_version": Short(0),
        "build_epoch": Long(1_700_000_000),
        "description": {"en": "made by a test"},
        **metadata,
    }
    path.write_bytes(tree + bytes(16) + bytes(data) + MARKER + encode(about))
    return path


def _bits(network: IPv4Network | IPv6Network, ip_version: int) -> list[int]:
    """The network's prefix, bit by bit; IPv4 networks of an IPv6 tree are at ``::/96``."""
    width = 32 if network.version == 4 else 128
    bits = [int(bit) for bit in f"{int(network.network_address):0{width}b}"[: network.prefixlen]]
    return [0] * 96 + bits if network.version == 4 and ip_version == 6 else bits


def city(code: str, name: str, latitude: float, longitude: float) -> dict[str, Any]:
    """A record of a City database."""
    return {
        "city": {"names": {"de": f"{name} (de)", "en": name}},
        "country": {"iso_code": code},
        "location": {"latitude": latitude, "longitude": longitude},
    }


def country(code: str) -> dict[str, Any]:
    """A record of a Country database."""
    return {"country": {"iso_code": code}, "registered_country": {"iso_code": "ZZ"}}


def asn(number: int, organisation: str) -> dict[str, Any]:
    """A record of an ASN database."""
    return {"autonomous_system_number": Unsigned(number), "autonomous_system_organization": organisation}
