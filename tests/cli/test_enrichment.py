"""Information about addresses through the command line: databases and name servers, as a user names them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.query import name_server
from tests.query.mmdb import asn, city, write_mmdb
from tests.query.name_server import NameServer, names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

LINES = ["1.2.3.4"] * 3 + ["1.2.4.4"] * 2 + ["192.168.0.1", "8.8.8.8", "no address"]


@pytest.fixture
def case(run: Run, tmp_path: Path) -> Path:
    """A store and two databases."""
    (tmp_path / "x.log").write_text("".join(f"2024-05-06T00:00:{n:02}Z from {ip}\n" for n, ip in enumerate(LINES)))
    assert run("import", "x.log").code == 0
    cities = {"1.2.3.0/24": city("JP", "Tokyo", 35.6895, 139.69171), "1.2.4.0/24": city("JP", "Osaka", 34.69, 135.5)}
    write_mmdb(tmp_path / "city.mmdb", "GeoLite2-City", cities)
    write_mmdb(tmp_path / "asn.mmdb", "GeoLite2-ASN", {"1.2.0.0/16": asn(2497, "IIJ")})
    return tmp_path


def test_keys_are_counted_by_what_is_known_of_them(run: Run, case: Path) -> None:
    by_country = run("count", "-e", "country", "--geoip", "city.mmdb", "--geoip", "asn.mmdb")
    by_network = run("count", "-e", "ip", "--ip", "asn", env={"TWSLA_GEOIP": "city.mmdb:asn.mmdb"})

    assert by_country.lines[1:] == ["JP\t5", "\t1", "LOCAL\t1"]
    assert by_network.lines[1:] == ["AS2497 IIJ\t5", "\t1", "LOCAL\t1"]


def test_places_have_coordinates_for_a_map(run: Run, case: Path) -> None:
    done = run(
        "count", "-e", "loc", "--geoip", "city.mmdb", "--format", "json", "--columns", "key,count,latitude,longitude"
    )

    answer = json.loads(done.text)
    assert answer["rows"][0] == {
        "key": "JP:Tokyo:35.690,139.692",
        "count": 3,
        "latitude": 35.6895,
        "longitude": 139.69171,
    }
    assert {(row["key"], row["latitude"]) for row in answer["rows"][2:]} == {
        ("::0.000,0.000", None),
        ("LOCAL::0.000,0.000", None),
    }


def test_names_come_from_the_server_and_what_is_missing_is_told(run: Run, case: Path) -> None:
    answers = {"1.2.3.4": names("a.example.com."), "1.2.4.4": names("b.example.com."), "8.8.8.8": name_server.SERVFAIL}
    with NameServer(answers) as server:
        hosts = run("count", "-e", "host", "--resolver", server.address)
        domains = run("count", "-e", "domain", "--resolver", server.address, "--dns-cache", "names")
        again = run("count", "-e", "domain", "--resolver", server.address, "--dns-cache", "names")

    assert hosts.lines[1:3] == ["a.example.com.\t3", "b.example.com.\t2"]
    assert set(hosts.lines[3:]) == {"8.8.8.8(unknown)\t1", "192.168.0.1(unknown)\t1"}
    assert "note: 1 of 4 addresses are without a name because 127.0.0.1 port " in hosts.err
    assert domains.lines[1] == "example.com.\t5"
    assert again.out == domains.out
    assert server.asked["1.2.3.4"] == 2
    assert server.asked["8.8.8.8"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-e", "country"], "country needs a GeoIP database"),
        (["-e", "country", "--geoip", "none.mmdb"], "none.mmdb does not exist"),
        (["-e", "country", "--geoip", "x.log"], "x.log is not a MaxMind database"),
        (["-e", "loc", "--geoip", "asn.mmdb"], "asn.mmdb is a 'GeoLite2-ASN'"),
        (["-e", "ip", "--ip", "planet"], "planet"),
        (["-e", "host", "--resolver", "example.com"], "'example.com' is not an address of a name server"),
        (["-e", "host", "--dns-timeout", "0"], "--dns-timeout 0"),
        (["-e", "host", "--resolver", "127.0.0.1", "--no-dns"], "none may be asked"),
        (["-e", "ip", "--ip", "domain", "--no-dns"], "none may be asked"),
        (["-e", "host", "--resolver", "127.0.0.1", "--dns-cache", "x.log"], "x.log"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(run: Run, case: Path, arguments: list[str], said: str) -> None:
    done = run("count", *arguments)

    assert (done.code, done.out) == (2, b"")
    assert said in done.err.splitlines()[0]
    assert len(done.err.splitlines()) <= 2
