r"""The one table of observables: what can be searched for by a keyword, extracted, masked and coloured by name.

Every expression is RE2 and judges alone: what it matches is valid (octets up to 255, IPv6 groups counted), so nothing
has to be checked afterwards. RE2 cannot look ahead, so an expression has three parts, ``before``, ``body``, ``after``;
only ``body`` is the value. The outer parts take no character wherever ``\b`` and ``\B`` can say it, so that two
values with one character between them are both found. No part holds a capturing group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from twsla.errors import UsageError


@dataclass(frozen=True, slots=True)
class Observable:
    """One kind of value that log text holds."""

    name: str
    """As in ``-e ip``, ``%{ip}`` and colour lists."""
    title: str
    body: str
    """RE2 of the value itself."""
    example: str
    counter_example: str
    """A text that looks like one and holds none."""
    before: str = ""
    after: str = ""
    keyword: bool = True
    """It has a filter keyword: ``#IP``."""
    colour: int | None = None
    """Index in the 256-colour palette; None: it has no colour of its own."""
    shape_hints: tuple[str, ...] = ()
    """One of these is in the shape (digit runs as one 0) of every text that matches; none: nothing is known."""

    @property
    def re2(self) -> str:
        """RE2 that matches every text with such a value in it."""
        return f"{self.before}(?:{self.body}){self.after}"

    def group(self) -> str:
        """``re2`` with the value as its only capturing group."""
        return f"{self.before}({self.body}){self.after}"

    def parts(self) -> str:
        r"""``re2`` in three groups, for replacing the value: ``\1<IP>\3``."""
        return f"({self.before})({self.body})({self.after})"

    def embedded(self) -> str:
        """The value alone as a group, for use inside a longer expression that says what stands around it."""
        return f"({self.body})"


# A letter may touch an address (escaped text such as "\n10.0.0.1" does that), a digit may not.
_LOOSE: Final = r"(?:\b|[A-Za-z_])"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"
_IP: Final = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_LOCAL_IP: Final = (
    rf"10(?:\.{_OCTET}){{3}}|172\.(?:1[6-9]|2[0-9]|3[01])(?:\.{_OCTET}){{2}}|192\.168(?:\.{_OCTET}){{2}}|127\.0\.0\.1"
)
_FOUR_NUMBERS: Final = ("0.0.0.0",)  # noqa: S104 - the shape of an address, nothing is bound to it
_GROUP: Final = "[0-9A-Fa-f]{1,4}"


def _ipv6() -> str:
    r"""The forms of RFC 4291 section 2.2, the longest reading of each text first.

    Eight groups of which the first has two digits are left to key fingerprints (``3f:ad:…``) and EUI-64 identifiers,
    and ``::`` alone, which separates words in many a log, is no address here.
    """
    mapped = [f"(?:{_GROUP}:){{6}}{_IP}", f"::(?:{_GROUP}:){{0,5}}{_IP}"]
    mapped += [f"(?:{_GROUP}:){{{n}}}:(?:{_GROUP}:){{0,{5 - n}}}{_IP}" for n in range(1, 6)]
    full = f"(?:[0-9A-Fa-f]|[0-9A-Fa-f]{{3,4}}):(?:{_GROUP}:){{6}}{_GROUP}"
    short = [f":(?::{_GROUP}){{1,7}}"]
    short += [f"(?:{_GROUP}:){{1,{n}}}(?::{_GROUP}){{1,{7 - n}}}" for n in range(1, 7)]
    network = f"[0-9A-Fa-f]{{2,4}}:(?:{_GROUP}:){{0,6}}:"
    return rf"(?:{'|'.join([*mapped, full, *short])})\b|{network}\B"


# Not inside a word or behind another colon, unless that ends a label: "addr:fe80::1", "IPv6:2001:db8::1".
_BEFORE_IPV6: Final = r"(?:^|[^0-9A-Za-z_:.]|\\[nrt]|[G-Zg-z_][0-9A-Za-z_]*:)"
_MAC: Final = "[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})"
_CARD: Final = (
    r"4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}"
    r"|6(?:011|5[0-9]{2})[0-9]{12}|(?:2131|1800|35[0-9]{3})[0-9]{11}|(?:[0-9]{4}[- ]){3}[0-9]{4}"
)
# With the lengths that Japanese numbers have, so that 05-04-2026 stays a date.
_PHONE_JP: Final = (
    "0[0-9]-[0-9]{4}-[0-9]{4}|0[0-9]{2}-[0-9]{3,4}-[0-9]{4}|0[0-9]{3}-[0-9]{2,3}-[0-9]{4}|0[0-9]{4}-[0-9]{1,2}-[0-9]{4}"
    "|0(?:120|570|800|990)-[0-9]{3}-[0-9]{3}|0[0-9]{9,10}"
)
# Ten digits without any mark are as often a process number or seconds since 1970, so they need the leading 1.
_US_MARKED: Final = r"(?:\([0-9]{3}\)[-. ]?[0-9]{3}[-. ]?[0-9]{4}|[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}|[0-9]{3}-[0-9]{7})"
_PHONE_US: Final = (
    rf"\B\+1[-. ]?{_US_MARKED}|\b1[-. ]?{_US_MARKED}|\B\([0-9]{{3}}\)[-. ]?[0-9]{{3}}[-. ]?[0-9]{{4}}"
    r"|\b[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}|\b[0-9]{3}-[0-9]{7}|(?:\B\+|\b)1[2-9][0-9]{2}[2-9][0-9]{6}"
)
# ITU-T E.164: no country code begins with 0 and no area of country code 1 with 0 or 1, so +0900 and +1000 are zones.
_PHONE_INTL: Final = r"\B\+(?:1[- ]?\(?[2-9]|[2-9][0-9])(?:[- ]?[()]?[0-9]){5,13}"

OBSERVABLES: Final[tuple[Observable, ...]] = (
    Observable(
        "ip", "IPv4 address", _IP, "1.2.3.4", "999.999.999.999", _LOOSE, _LOOSE, colour=10, shape_hints=_FOUR_NUMBERS
    ),
    Observable(
        "local_ip",
        "Local IPv4 address",
        _LOCAL_IP,
        "172.16.0.1",
        "172.32.0.1",
        _LOOSE,
        _LOOSE,
        shape_hints=_FOUR_NUMBERS,
    ),
    Observable("ipv6", "IPv6 address", _ipv6(), "2001:db8::1", "10:30:00", _BEFORE_IPV6, shape_hints=(":",)),
    Observable("mac", "MAC address", _MAC, "00:11:22:33:44:55", "00:11:22:33:44", _LOOSE, _LOOSE, colour=11),
    Observable(
        "email",
        "E-mail address",
        r"[A-Za-z0-9_+][A-Za-z0-9_.+-]*@[A-Za-z0-9_](?:[A-Za-z0-9_.+-]*[A-Za-z0-9_])?",
        "test@example.com",
        "@example.com",
        colour=12,
        shape_hints=("@",),
    ),
    Observable(
        "url",
        "URL",
        r"https?://[\w!?/+\-_~;.,*&@#$%()'[\]]+",
        "https://example.com/a?b",
        "ftp://example.com",
        colour=14,
        shape_hints=("://",),
    ),
    Observable(
        "creditcard",
        "Credit card number",
        _CARD,
        "4111-1111-1111-1111",
        "41111-1111-1111-1111",
        r"\b",
        r"\b",
        shape_hints=("0",),
    ),
    Observable("mynumber", "My Number", "[0-9]{12}", "123456789012", "1234567890123", r"\b", r"\b", shape_hints=("0",)),
    Observable(
        "phone_jp",
        "Telephone number, Japan",
        _PHONE_JP,
        "03-1234-5678",
        "12-3456-7890",
        r"\b",
        r"\b",
        shape_hints=("0",),
    ),
    Observable(
        "phone_us",
        "Telephone number, North America",
        _PHONE_US,
        "(212) 555-1234",
        "2026050410",
        after=r"\b",
        shape_hints=("0",),
    ),
    Observable(
        "phone_intl",
        "Telephone number, international",
        _PHONE_INTL,
        "+81 90 1234 5678",
        "10:30:00 +0900 12345",
        after=r"\b",
        shape_hints=("+0",),
    ),
    Observable(
        "zip_jp", "Postal code, Japan", "[0-9]{3}-[0-9]{4}", "100-0001", "1100-0001", r"\b", r"\b", shape_hints=("0-0",)
    ),
    Observable(
        "uuid",
        "UUID",
        "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "550E8400-e29b-41d4-a716-446655440000",
        "550e8400-e29b-41d4-a716-44665544000",
        colour=14,
        shape_hints=("-",),
    ),
    Observable("kv", "Key and value", r"\w+=\w+[ ,]?", "uid=0", "uid = 0", keyword=False, colour=3, shape_hints=("=",)),
    Observable(
        "number",
        "Number",
        r"[-+]?\.?[0-9](?:[-+0-9.]*[0-9])?",
        "-12.5",
        "a-b",
        keyword=False,
        colour=3,
        shape_hints=("0",),
    ),
)
"""In the order of the documentation."""

_BY_NAME: Final = {each.name: each for each in OBSERVABLES}
KEYWORDS: Final = {f"#{each.name.upper()}": each for each in OBSERVABLES if each.keyword}


def observable(name: str) -> Observable:
    """The observable called ``name``, in any case; ``num`` is ``number``. UsageError if there is none."""
    plain = name.lower()
    found = _BY_NAME.get("number" if plain == "num" else plain)
    if found is None:
        raise UsageError(f"nothing is known by the name '{name}'", hint=f"use {', '.join(_BY_NAME)}")
    return found


def of_keyword(text: str) -> Observable | None:
    """The observable that a simple filter such as ``#IP`` (in any case) stands for; None if it is plain text."""
    return KEYWORDS.get(text.upper()) if text.startswith("#") else None
