"""IP addresses as values: reading them, and those that belong to no one in particular.

Source: RFC 4291 section 2.2; IANA IPv4 and IPv6 Special-Purpose Address Registries.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_LOCAL: Final = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10", "64:ff9b:1::/48"),
    )
)
"""Addresses that mean something inside one network only."""
_RESERVED: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "::/128", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16", "ff00::/8"),
    )
)
"""Addresses of no one: for documentation and tests, multicast, never given out."""


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address in one of its usual text forms; None if it is none.

    An IPv4 address written as IPv6 (``::ffff:192.0.2.1``) is taken as IPv4; a zone (``fe80::1%eth0``) is dropped.
    Octets with leading zeros are refused, as programs do not agree whether they are octal.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def special_use(address: IPv4Address | IPv6Address) -> str:
    """``LOCAL`` or ``RESERVED``; empty for an address of the public Internet."""
    for label, networks in (("LOCAL", _LOCAL), ("RESERVED", _RESERVED)):
        if any(address in network for network in networks):
            return label
    return ""
