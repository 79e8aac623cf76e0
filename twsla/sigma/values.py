"""What a leaf asks of a single value, where that is no search for a text: numbers, networks, parts of times."""

from __future__ import annotations

import ipaddress
import operator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.sigma.rules import Leaf

_COMPARISONS: Final = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}
TIME_PARTS: Final = ("minute", "hour", "day", "week", "month", "year")


def test_of(leaf: Leaf) -> Callable[[str], bool] | None:
    """The test of one value; None for a leaf that is about texts."""
    if leaf.op in _COMPARISONS:
        return _number_test(_COMPARISONS[leaf.op], float(leaf.value))
    if leaf.op == "cidr":
        return _network_test(leaf.value)
    if leaf.op in TIME_PARTS:
        return _time_test(leaf.op, int(float(leaf.value)))
    return None


def number_of(text: str) -> float | None:
    """A value as a number: decimal, or hexadecimal behind ``0x``; None if it is none."""
    text = text.strip()
    try:
        number = float(int(text, 16)) if text[:2].lower() == "0x" else float(text)
    except (ValueError, OverflowError):
        return None
    return number if number == number and "_" not in text else None  # not a NaN


def _number_test(compare: Callable[[float, float], bool], limit: float) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        number = number_of(value)
        return number is not None and compare(number, limit)

    return test


def _network_test(network: str) -> Callable[[str], bool]:
    within = ipaddress.ip_network(network)

    def test(value: str) -> bool:
        try:
            address = ipaddress.ip_address(value.strip().strip("[]"))
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return address in within or (mapped is not None and mapped in within)

    return test


def time_of(text: str) -> datetime | None:
    """A value as a time in UTC: ISO 8601 with any fraction, or seconds (milliseconds …) since 1970; None if neither."""
    text = text.strip()
    try:
        if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
            seconds = float(text)
            while seconds > 1e11:
                seconds /= 1000
            return datetime.fromtimestamp(seconds, UTC)
        whole, point, rest = text.partition(".")
        digits = len(rest) - len(rest.lstrip("0123456789"))
        found = datetime.fromisoformat(f"{whole}{point}{rest[:digits][:6]}{rest[digits:]}" if digits else text)
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _time_test(part: str, wanted: int) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        time = time_of(value)
        if time is None:
            return False
        return (time.isocalendar().week if part == "week" else getattr(time, part)) == wanted

    return test
