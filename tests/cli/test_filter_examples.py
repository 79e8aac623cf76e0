"""The worked examples of filters, through the command line: each text is a record, and is found or is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.analysis.commands import answered, refused, store_of

if TYPE_CHECKING:
    from pathlib import Path

FOUND: list[tuple[list[str], list[str], list[str]]] = [
    (["fail"], ["login failed"], ["FAIL"]),
    (["Message*"], ["Message abc"], []),
    (["user ?oot"], ["user root"], ["user oot"]),
    (["end$"], ["the end"], ["end of", "end$"]),
    (["x$$"], ["x"], ["x$$"]),
    (["192.168.2.1"], ["192.168.2.1", "192.168.2.10"], ["192a168b2c1"]),
    (["a*b"], ["axxb", "ab"], ["a\nb"]),
    ([r"\d+"], [r"\d+"], ["12"]),
    (["foo.bar?"], ["foo.barX"], ["foo.bar"]),
    (["-f", "^abc"], ["^abc"], ["abc"]),
    (["#IP"], ["1.2.3.4"], ["999.999.999.999"]),
    (["#ip"], ["1.2.3.4"], ["999.999.999.999"]),
    (["#LOCAL_IP"], ["10.1.2.3", "172.16.0.1", "127.0.0.1"], ["172.32.0.1", "127.0.0.2", "8.8.8.8"]),
    (["#IPV6"], ["fe80::1", "2001:db8::1"], ["10:30:00", "key:abc"]),
    (["#MAC"], ["00:11:22:33:44:55", "00-11-22-33-44-55"], ["00:11:22:33:44"]),
    (["#PHONE_JP"], ["03-1234-5678", "09012345678"], ["12-3456-7890"]),
    (["#PHONE_US"], ["212-555-1234", "12125551234"], []),
    (["#PHONE_INTL"], ["call +819012345678"], []),
    (["#MYNUMBER"], ["123456789012"], ["1234567890123"]),
    (["#ZIP_JP"], ["100-0001"], ["1100-0001"]),
    (
        ["#CREDITCARD"],
        ["4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111", "371449635398431"],
        ["41111111111111112"],
    ),
    (["-f", "login", "-r", "failed"], ["login failed"], ["login success", "logout failed"]),
    (["-f", "logout", "-r", "failed"], ["logout failed"], ["login failed"]),
    (["-f", "login", "-v", "success"], ["login failed"], ["login success"]),
    (["login"], ["login failed"], ["logout failed"]),
    (["^success"], ["login failed"], ["login success"]),
]
TEXTS = list(dict.fromkeys(text for _, yes, no in FOUND for text in (*yes, *no) if "\n" not in text))


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a record for each text of one line."""
    return store_of(tmp_path_factory.mktemp("filters"), TEXTS)


@pytest.mark.parametrize(("filters", "found", "not_found"), FOUND, ids=lambda value: " ".join(value)[:20])
def test_filters_find_what_they_are_said_to(
    texts: Path, filters: list[str], found: list[str], not_found: list[str]
) -> None:
    lines = answered("search", "-d", texts, *filters).text.splitlines()

    assert set(found) <= set(lines)
    assert not set(not_found) & set(lines)


def test_a_star_does_not_cross_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "two.log"
    path.write_bytes(b"2024-05-01 10:00:00 a\nb\n2024-05-01 10:00:01 a and b\n")
    answered("-d", tmp_path / "s.db", "import", path)

    assert answered("search", "-d", tmp_path / "s.db", "--count", "b").text == "2\n"
    assert answered("search", "-d", tmp_path / "s.db", "--count", "00 a*b").text == "0\n"
    assert answered("search", "-d", tmp_path / "s.db", "--count", "01 a*b").text == "1\n"


@pytest.mark.parametrize(
    ("arguments", "named"), [(["^"], "'^'"), (["-r", "(a"], "(a"), (["-v", "a[z"], "a[z"), (["-t", "foo"], "'foo'")]
)
def test_filters_that_cannot_be_are_named(texts: Path, arguments: list[str], named: str) -> None:
    assert named in refused("search", "-d", texts, *arguments)
