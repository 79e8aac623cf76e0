"""The observables, judged by both engines that use them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.model.patterns import OBSERVABLES, observable, of_keyword

SHARED = Path(__file__).parents[2] / "../shared/data"
DATABASE = duckdb.connect()
NAMES = [each.name for each in OBSERVABLES]


def matches(name: str, text: str) -> bool:
    """Whether both engines see such a value in ``text``; they have to agree."""
    re2 = observable(name).re2
    arrow = pc.match_substring_regex(pa.array([text]), re2)[0].as_py()
    row = DATABASE.execute("SELECT regexp_matches(?, ?)", [text, re2]).fetchall()[0]
    assert row[0] == arrow, (name, text)
    return bool(arrow)


def values(name: str, text: str) -> list[str]:
    """All values, as extraction takes them."""
    row = DATABASE.execute("SELECT regexp_extract_all(?, ?, 1)", [text, observable(name).group()]).fetchall()[0]
    return list(row[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_example_matches_and_the_counter_example_does_not(name: str) -> None:
    each = observable(name)

    assert matches(name, each.example)
    assert matches(name, f"x {each.example} y")
    assert not matches(name, each.counter_example)
    assert not matches(name, f"x {each.counter_example} y")
    assert values(name, each.example) == [each.example]


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_the_pattern_is_accepted_and_has_the_groups_it_says(name: str) -> None:
    each = observable(name)

    for pattern, groups in ((each.re2, 0), (each.group(), 1), (each.parts(), 3), (each.embedded(), 1)):
        assert pc.match_substring_regex(pa.array([each.example]), pattern)[0].as_py()
        assert re.compile(pattern).groups == groups


REQUIRED = [
    ("ip", "1.2.3.4", True),
    ("ip", "999.999.999.999", False),
    ("ip", "1.2.3.256", False),
    ("ip", "1256.1.1.1", False),
    ("ip", "rhost=218.188.2.4", True),
    ("ip", "\\n10.0.0.1\\n", True),
    ("ip", "10.0.0.1.443 > 10.0.0.2.55012", True),
    ("local_ip", "10.1.2.3", True),
    ("local_ip", "172.16.0.1", True),
    ("local_ip", "172.32.0.1", False),
    ("local_ip", "127.0.0.1", True),
    ("local_ip", "127.0.0.2", False),
    ("local_ip", "8.8.8.8", False),
    ("local_ip", "210.1.2.3", False),
    ("local_ip", "192.168.1.300", False),
    ("ipv6", "fe80::1", True),
    ("ipv6", "2001:db8::1", True),
    ("ipv6", "::1", True),
    ("ipv6", "::ffff:1.2.3.4", True),
    ("ipv6", "[::1]:80", True),
    ("ipv6", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", True),
    ("ipv6", "0:0:0:0:0:0:0:1", True),
    ("ipv6", "IPv6:2001:db8::1", True),
    ("ipv6", "addr:fe80::1%eth0", True),
    ("ipv6", "from 2001:db8::1: connection refused", True),
    ("ipv6", "10:30:00", False),
    ("ipv6", "key:abc", False),
    ("ipv6", "std::string Foo::Bar Net::DNS abc::xyz", False),
    ("ipv6", "a :: b", False),
    ("ipv6", "00:11:22:33:44:55", False),
    ("ipv6", "MD5:3f:ad:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e", False),
    ("ipv6", "fe80::12345", False),
    ("ipv6", "12345::1", False),
    ("mac", "00:11:22:33:44:55", True),
    ("mac", "00-11-22-33-44-55", True),
    ("mac", "00:11-22:33:44:55", False),
    ("mac", "10:30:00", False),
    ("phone_jp", "03-1234-5678", True),
    ("phone_jp", "09012345678", True),
    ("phone_jp", "0120-123-456", True),
    ("phone_jp", "12-3456-7890", False),
    ("phone_jp", "05-04-2026", False),
    ("phone_us", "212-555-1234", True),
    ("phone_us", "12125551234", True),
    ("phone_us", "(555) 123-4567", True),
    ("phone_us", "pid 2026050410 value", False),
    ("phone_intl", "call +819012345678", True),
    ("phone_intl", "intl +81 90 1234 5678", True),
    ("phone_intl", "+44 20 7123 4567", True),
    ("phone_intl", "+1-555-010-9999", True),
    ("phone_intl", "2024-01-02 10:30:00 +0900 12345", False),
    ("phone_intl", "2024-01-02 10:30:00 +1000 12345", False),
    ("mynumber", "123456789012", True),
    ("mynumber", "1234567890123", False),
    ("zip_jp", "100-0001", True),
    ("zip_jp", "1100-0001", False),
    ("zip_jp", "〒100-0001", True),
    ("creditcard", "4111111111111111", True),
    ("creditcard", "4111-1111-1111-1111", True),
    ("creditcard", "4111 1111 1111 1111", True),
    ("creditcard", "371449635398431", True),
    ("number", "a-b", False),
]


@pytest.mark.parametrize(("name", "text", "expected"), REQUIRED)
def test_what_is_one_and_what_is_not(name: str, text: str, expected: bool) -> None:
    assert matches(name, text) is expected


EXTRACTED = [
    ("ip", "Connection from 192.168.1.1 to 10.0.0.2", ["192.168.1.1", "10.0.0.2"]),
    ("ip", "1.2.3.4,5.6.7.8 9.9.9.9", ["1.2.3.4", "5.6.7.8", "9.9.9.9"]),
    ("ip", "10.0.0.1.443 > 10.0.0.2.55012", ["10.0.0.1", "10.0.0.2"]),
    ("email", "Email to test@example.com.", ["test@example.com"]),
    ("email", "<a.b+c@d-e.co.jp>, x@y.", ["a.b+c@d-e.co.jp", "x@y"]),
    ("ipv6", "at 10:30:00 from fe80::1", ["fe80::1"]),
    ("ipv6", "::1,fe80::1 2001:db8::2:3;2001:db8::/32", ["::1", "fe80::1", "2001:db8::2:3", "2001:db8::"]),
    ("ipv6", "x ::ffff:10.0.0.1.", ["::ffff:10.0.0.1"]),
    ("mac", "MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00", ["00:11:22:33:44:55", "66:77:88:99:aa:bb"]),
    ("phone_us", "us (212) 555-1234 or 212-555-1234", ["(212) 555-1234", "212-555-1234"]),
    ("phone_intl", "at +1-555-010-9999 or +44 20 7123 4567.", ["+1-555-010-9999", "+44 20 7123 4567"]),
    ("number", "Values are 123.45 and 67.89", ["123.45", "67.89"]),
    ("number", "uid=0 euid=-1", ["0", "-1"]),
    ("number", "2024-01-02 x=5", ["2024-01-02", "5"]),
    ("number", "v1.2.3, 12.", ["1.2.3", "12"]),
    ("kv", "uid=0 euid=-1", ["uid=0 "]),
    ("creditcard", "card 4111-1111-1111-1111.", ["4111-1111-1111-1111"]),
    ("url", "see https://example.com/a?b=c:d", ["https://example.com/a?b"]),
]


@pytest.mark.parametrize(("name", "text", "expected"), EXTRACTED)
def test_values_taken_from_a_text(name: str, text: str, expected: list[str]) -> None:
    assert values(name, text) == expected


def test_a_value_can_be_replaced_and_what_stands_around_it_stays() -> None:
    text = "a ::1,fe80::1 b"

    row = (
        duckdb.connect()
        .execute("SELECT regexp_replace(?, ?, '\\1<IP>\\3', 'g')", [text, observable("ipv6").parts()])
        .fetchone()
    )

    assert row == ("a <IP>,<IP> b",)


@given(number=st.integers(0, 2**32 - 1))
def test_every_ipv4_address_is_found_whole(number: int) -> None:
    address = str(ipaddress.IPv4Address(number))

    assert values("ip", f"from {address}:22") == [address]


SPARSE = st.lists(st.sampled_from([0, 0, 0, 1, 0xDB8, 0xFE80, 0xFFFF]), min_size=8, max_size=8).map(
    lambda groups: sum(group << 16 * at for at, group in enumerate(groups))
)


@given(number=st.one_of(st.integers(2**112, 2**128 - 1), SPARSE.filter(bool)))
def test_every_ipv6_address_is_found_whole(number: int) -> None:
    address = ipaddress.IPv6Address(number)
    text = str(address)
    first = text.partition(":")[0]
    if text.endswith("::") and len(first) < 2:
        return  # 1:: is read as no address, see the pattern

    assert values("ipv6", f"from {text}, port 22") == [text]
    if len(first) != 2 and not text.endswith("::"):
        assert values("ipv6", address.exploded) == [address.exploded]
    assert values("ipv6", f"from {_mapped(number)}: refused") == [_mapped(number)]


def _mapped(number: int) -> str:
    return f"::ffff:{ipaddress.IPv4Address(number & 0xFFFFFFFF)}"


@given(text=st.text("0123456789abcdefAF:.", min_size=2, max_size=24))
def test_what_is_found_as_ipv6_is_an_ipv6_address(text: str) -> None:
    for value in values("ipv6", text):
        ipaddress.IPv6Address(value)


@given(
    name=st.sampled_from(NAMES),
    text=st.one_of(
        st.text("0123456789abcdefAF:.-+@=() /hpstT", max_size=40),
        st.lists(st.sampled_from([each.example for each in OBSERVABLES] + [" ", ",", "x"]), max_size=4).map("".join),
    ),
)
def test_a_text_that_matches_has_one_of_the_hints_in_its_shape(name: str, text: str) -> None:
    shape = re.sub("[0-9]+", "0", text)
    each = observable(name)

    if matches(name, text):
        assert not each.shape_hints or any(hint in shape for hint in each.shape_hints)
        assert values(name, text)


def test_keywords_in_any_case() -> None:
    assert of_keyword("#IP") is of_keyword("#ip") is observable("IP")
    assert of_keyword("#Local_IP") is observable("local_ip")
    assert of_keyword("#KV") is None
    assert of_keyword("#nothing") is None
    assert of_keyword("IP") is None


def test_an_unknown_name_is_explained_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'hostname'") as raised:
        observable("hostname")

    assert "ipv6" in str(raised.value.hint)


def test_counts_on_the_sample_log() -> None:
    path = SHARED / "twsla/syslog.log"
    if not path.exists():
        pytest.skip(f"needs the sample log {path.name}")
    lines = pa.array(path.read_text().splitlines())

    found = {
        name: pc.sum(pc.match_substring_regex(lines, observable(name).re2)).as_py()
        for name in ("ip", "local_ip", "email", "mac", "url", "ipv6")
    }

    assert found == {"ip": 1245, "local_ip": 0, "email": 1, "mac": 0, "url": 0, "ipv6": 0}
