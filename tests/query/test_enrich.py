"""Places, countries and networks of addresses, from databases written for the test; tables for joining."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.query.mmdb import Raw, asn, city, country, write_mmdb
from tests.query.name_server import NameServer, names
from twsla.cli.bind import make_command
from twsla.errors import Cancelled, UsageError
from twsla.model.query import Query
from twsla.options import IP_INFO, IpOptions, describe
from twsla.progress import Silent
from twsla.query import enrich as module
from twsla.query.addresses import parse_address, special_use
from twsla.query.engine import Engine
from twsla.query.enrich import Info, enrich, enriched_table, open_lookup
from twsla.store import layout
from twsla.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twsla.query.enrich import IpInfo

CITIES = {
    "1.2.3.0/24": city("JP", "Tokyo", 35.6895, 139.69171),
    "1.2.4.0/24": city("DE", "Köln", 50.9333, 6.95),
    "1.2.5.0/24": {"country": {"iso_code": "FR"}},
    "1.2.6.0/24": {"country": {"iso_code": "AQ"}, "location": {"latitude": -0.0002, "longitude": -180.0}},
    "10.1.0.0/16": city("XX", "Office", 1.0, 2.0),
    "2001:200::/32": city("JP", "Osaka", 34.6937, 135.5023),
}


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    return write_mmdb(tmp_path / "city.mmdb", "GeoLite2-City", CITIES)


@pytest.fixture
def countries(tmp_path: Path) -> Path:
    return write_mmdb(tmp_path / "country.mmdb", "GeoIP2-Country", {"9.0.0.0/8": country("US")}, ip_version=4)


@pytest.fixture
def networks(tmp_path: Path) -> Path:
    return write_mmdb(
        tmp_path / "asn.mmdb",
        "DBIP-ASN-Lite (compat=GeoLite2-ASN)",
        {"1.2.3.0/24": asn(2497, "Internet Initiative Japan Inc."), "1.2.4.0/24": {"autonomous_system_number": 64500}},
    )


def value(kind: IpInfo, address: str, *databases: Path) -> str:
    return enrich([address], kind, geoip=databases, progress=Silent())[address]


# --- what is shown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "loc", "code"),
    [
        ("1.2.3.4", "JP:Tokyo:35.690,139.692", "JP"),
        ("1.2.4.255", "DE:Köln:50.933,6.950", "DE"),
        ("1.2.5.1", "FR::0.000,0.000", "FR"),
        ("1.2.6.1", "AQ::-0.000,-180.000", "AQ"),
        ("2001:200::1", "JP:Osaka:34.694,135.502", "JP"),
        ("::ffff:1.2.3.4", "JP:Tokyo:35.690,139.692", "JP"),
        ("8.8.8.8", "::0.000,0.000", ""),
        ("2a00::1", "::0.000,0.000", ""),
        ("10.1.2.3", "XX:Office:1.000,2.000", "XX"),
        ("10.2.2.3", "LOCAL::0.000,0.000", "LOCAL"),
        ("192.168.0.1", "LOCAL::0.000,0.000", "LOCAL"),
        ("fe80::1%eth0", "LOCAL::0.000,0.000", "LOCAL"),
        ("198.51.100.7", "RESERVED::0.000,0.000", "RESERVED"),
        ("224.0.0.251", "RESERVED::0.000,0.000", "RESERVED"),
        ("www.example.com", "unknown", "unknown"),
        ("999.1.1.1", "unknown", "unknown"),
        ("01.2.3.4", "unknown", "unknown"),
        ("", "unknown", "unknown"),
    ],
)
def test_places_and_countries(cities: Path, address: str, loc: str, code: str) -> None:
    assert value("loc", address, cities) == loc
    assert value("country", address, cities) == code


def test_networks(networks: Path) -> None:
    assert value("asn", "1.2.3.4", networks) == "AS2497 Internet Initiative Japan Inc."
    assert value("asn", "1.2.4.4", networks) == "AS64500"
    assert value("asn", "8.8.8.8", networks) == ""
    assert value("asn", "127.0.0.1", networks) == "LOCAL"


def test_places_are_numbers_too(cities: Path) -> None:
    lookup = open_lookup("loc", IpOptions(geoip=(cities,)))
    addresses = ["1.2.3.4", "1.2.5.1", "8.8.8.8", "192.168.0.1", "x"]

    infos = lookup.look_up(addresses, Silent())

    assert [info[1:] for info in infos] == [
        (35.6895, 139.69171),
        (None, None),
        (None, None),
        (None, None),
        (None, None),
    ]
    assert lookup.notes() == ()
    lookup.close()


def test_the_first_database_that_knows_an_address_answers(cities: Path, countries: Path, networks: Path) -> None:
    other = write_mmdb(cities.parent / "2.mmdb", "GeoIP2-City", {"1.2.3.0/24": city("ZZ", "Z", 0, 0)})

    assert value("country", "1.2.3.4", networks, other, cities) == "ZZ"
    assert value("country", "1.2.3.4", cities, other) == "JP"
    assert value("country", "1.2.4.4", networks, other, cities) == "DE"
    assert value("country", "9.9.9.9", networks, cities, countries) == "US"
    assert value("country", "2001:200::1", countries, cities) == "JP"  # an IPv4 database has no IPv6
    assert value("asn", "1.2.3.4", cities, networks, countries) == "AS2497 Internet Initiative Japan Inc."


def test_an_enterprise_database_holds_all(tmp_path: Path) -> None:
    record = city("JP", "Tokyo", 1.0, 2.0) | asn(64500, "Example")
    path = write_mmdb(tmp_path / "e.mmdb", "GeoIP2-Enterprise", {"1.2.3.0/24": record})

    assert [value(kind, "1.2.3.4", path) for kind in ("loc", "country", "asn")] == [
        "JP:Tokyo:1.000,2.000",
        "JP",
        "AS64500 Example",
    ]


# --- databases that cannot be used -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["loc", "country", "asn"])
def test_no_database(kind: IpInfo) -> None:
    with pytest.raises(UsageError, match=f"{kind} needs a GeoIP database") as caught:
        value(kind, "1.2.3.4")
    assert "--geoip" in (caught.value.hint or "")


@pytest.mark.parametrize("kind", ["host", "domain"])
def test_names_need_no_database(kind: IpInfo) -> None:
    with NameServer({"192.0.2.1": names("a.b.")}) as server:
        found = enrich(["192.0.2.1"], kind, resolver=(server.address,), progress=Silent())

    assert found == {"192.0.2.1": "a.b."}


def test_a_database_that_is_not_there(tmp_path: Path, cities: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.mmdb does not exist"):
        value("loc", "1.2.3.4", cities, tmp_path / "none.mmdb")
    with pytest.raises(UsageError, match="is not a file"):
        value("loc", "1.2.3.4", tmp_path)


@pytest.mark.parametrize("content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com", b"\0" * 5000])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=r"x\.mmdb is not a MaxMind database, or a damaged one"):
        value("loc", "1.2.3.4", path)


def test_a_database_of_another_kind_is_named_with_its_type(networks: Path, countries: Path) -> None:
    with pytest.raises(UsageError) as caught:
        value("loc", "1.2.3.4", networks, countries)

    assert caught.value.message == (
        f"no database given holds loc: {networks} is a 'DBIP-ASN-Lite (compat=GeoLite2-ASN)', "
        f"{countries} is a 'GeoIP2-Country'"
    )
    assert caught.value.hint == "loc needs a City database"


def test_damage_is_one_sentence_whatever_it_is(cities: Path) -> None:
    good, rng = cities.read_bytes(), random.Random(1)
    addresses = [network.partition("/")[0] for network in CITIES]
    told = set()
    for _ in range(2000):
        data = bytearray(good)
        for _ in range(rng.choice([1, 2, 10])):
            data[rng.randrange(len(data))] = rng.choice([0, 0xFF, 0xE0, rng.randrange(256)])
        cities.write_bytes(data)
        try:
            lookup = open_lookup("loc", IpOptions(geoip=(cities,)))
            infos = lookup.look_up(addresses, Silent())
            lookup.close()
        except UsageError as error:
            told.add(error.message.replace(str(cities), "DB").partition(":")[0])
            assert error.message.isprintable()
        else:
            assert all(info.value.isprintable() for info in infos)

    assert told == {
        "DB is not a MaxMind database, or a damaged one",
        "the GeoIP database DB is damaged",
        "no database given holds loc",
        "the records of the GeoIP database DB are not laid out as MaxMind's are",
    }


@pytest.mark.parametrize("record", [{"country": "Japan"}, "JP", {"city": [1], "country": {"iso_code": "JP"}}])
def test_records_of_another_layout_are_not_taken_for_unknown_addresses(tmp_path: Path, record: Any) -> None:
    path = write_mmdb(tmp_path / "x.mmdb", "ipinfo city", {"1.2.3.0/24": record})

    with pytest.raises(UsageError, match="not laid out as MaxMind's"):
        value("loc", "1.2.3.4", path)


@pytest.mark.parametrize(
    ("record", "loc"),
    [
        (city("\x1b[31m", "a\nb\u202e", 1.0, 2.0), "\\x1b[31m:a\\nb\\u202e:1.000,2.000"),
        (city("JP", "x" * 9999, 1.0, 2.0), "JP:" + "x" * 199 + "…:1.000,2.000"),
        (city("JP", "A", float("nan"), 2.0), "JP:A:0.000,0.000"),
        (city("JP", "A", 1.0, float("inf")), "JP:A:0.000,0.000"),
        (city("JP", "A", 91.0, 2.0), "JP:A:0.000,0.000"),
        (
            {"country": {"iso_code": 7}, "city": {"names": {"de": "Wien"}}, "location": {"latitude": "1"}},
            "::0.000,0.000",
        ),
        ({"location": {"latitude": True, "longitude": 1.0}}, "::0.000,0.000"),
    ],
)
def test_what_a_record_holds_is_not_trusted(tmp_path: Path, record: Any, loc: str) -> None:
    path = write_mmdb(tmp_path / "x.mmdb", "X-City", {"1.2.3.0/24": record})

    assert value("loc", "1.2.3.4", path) == loc


def test_a_record_with_a_pointer_to_itself_is_damage(tmp_path: Path) -> None:
    # A map of one pair whose value is a pointer to the map.
    path = write_mmdb(tmp_path / "x.mmdb", "X-City", {"1.2.3.0/24": Raw(b"\xe1\x44city\x20\x00")})

    with pytest.raises(UsageError, match="is damaged"):
        value("loc", "1.2.3.4", path)


# --- addresses ---------------------------------------------------------------------------------------------------


@given(st.ip_addresses())
def test_every_address_is_read_back(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None

    assert parse_address(str(address)) == (mapped or address)


@given(st.ip_addresses())
def test_special_use_agrees_with_python_on_addresses_that_are_not_global(address: IPv4Address | IPv6Address) -> None:
    """Python's tables differ between its versions at the edges; the large ranges are the same in all."""
    if address.is_loopback or address.is_link_local:
        assert special_use(address) == "LOCAL"
    if address.is_multicast:
        assert special_use(address) == "RESERVED"
    if address.version == 4 and address.is_private:
        assert special_use(address)
    near = ip_network("192.0.0.0/24")  # IANA: none of it is global but two addresses; Python knew /29 until 3.12
    if address.version == 4 and address.is_global and not address.is_multicast and address not in near:
        assert not special_use(address)


# --- tables ------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    layout.create(tmp_path / "x.db")
    engine = Engine(Store.open(tmp_path / "x.db"), Query())
    yield engine
    engine.close()


def test_a_table_for_joining(engine: Engine, cities: Path) -> None:
    engine.execute("CREATE TABLE found AS SELECT unnest(['1.2.3.4', NULL, 'x', '1.2.3.4', '192.168.0.1', '']) AS a")
    lookup = open_lookup("loc", IpOptions(geoip=(cities,)))

    table = enriched_table(engine, "SELECT a FROM found", lookup, Silent())

    rows = engine.execute(f"SELECT ip, value, latitude, longitude FROM {table} ORDER BY ip")
    assert rows == [
        ("", "unknown", None, None),
        ("1.2.3.4", "JP:Tokyo:35.690,139.692", 35.6895, 139.69171),
        ("192.168.0.1", "LOCAL::0.000,0.000", None, None),
        ("x", "unknown", None, None),
    ]
    types = engine.execute(f"SELECT typeof(ip), typeof(value), typeof(latitude), typeof(longitude) FROM {table}")
    assert set(types) == {("VARCHAR", "VARCHAR", "DOUBLE", "DOUBLE")}


def test_no_addresses_give_an_empty_table(engine: Engine, cities: Path) -> None:
    table = enriched_table(
        engine, "SELECT ''::VARCHAR WHERE false", open_lookup("loc", IpOptions(geoip=(cities,))), Silent()
    )

    assert engine.execute(f"SELECT * FROM {table}") == []


def test_many_addresses_come_page_by_page_in_the_order_of_the_select(engine: Engine) -> None:
    pages: list[list[str]] = []

    class Counting:
        def look_up(self, addresses: list[str], progress: Silent) -> list[Info]:
            pages.append(addresses)
            return [Info(f"<{address}>") for address in addresses]

    count = module.PAGE * 2 + 7
    sql = "SELECT (n % $count)::VARCHAR FROM range($count + 1000) AS t(n) ORDER BY n DESC"
    table = enriched_table(engine, sql, Counting(), Silent(), {"count": count})  # type: ignore[arg-type]

    assert [len(page) for page in pages] == [module.PAGE, module.PAGE, 7]
    wanted = [*(str(n) for n in reversed(range(1000))), *(str(n) for n in reversed(range(1000, count)))]
    assert [address for page in pages for address in page] == wanted
    assert engine.execute(f"SELECT count(*), count(DISTINCT ip) FROM {table} WHERE value = '<' || ip || '>'") == [
        (count, count)
    ]


def test_hostile_values_are_data(engine: Engine, cities: Path) -> None:
    hostile = "'; DROP TABLE found; --\x1b[31m"
    engine.execute("CREATE TABLE found AS SELECT $a AS a", {"a": hostile})

    table = enriched_table(engine, "SELECT a FROM found", open_lookup("country", IpOptions(geoip=(cities,))), Silent())

    assert engine.execute(f"SELECT ip, value FROM {table}") == [(hostile, "unknown")]


def test_a_long_look_up_can_be_stopped(cities: Path) -> None:
    progress = Silent()
    progress.cancelled = True

    with pytest.raises(Cancelled):
        open_lookup("loc", IpOptions(geoip=(cities,))).look_up(["1.2.3.4"], progress)


# --- options -----------------------------------------------------------------------------------------------------


def test_every_kind_of_information_can_be_asked_for(cities: Path, networks: Path) -> None:
    for kind in IP_INFO:
        open_lookup(kind, IpOptions(geoip=(cities, networks), resolver=("127.0.0.1",))).close()
    with pytest.raises(UsageError, match="'planet'"):
        open_lookup("planet", IpOptions())


def test_a_command_has_the_options_by_inheriting_them() -> None:
    from dataclasses import dataclass

    from twsla.options import opt

    @dataclass(frozen=True, slots=True)
    class Own:
        extract: str = opt("-e", "--extract", default="", help="What.")

    @dataclass(frozen=True, slots=True)
    class Both(Own, IpOptions):
        interval: int = opt("--interval", default=0, help="How long.")

    command = make_command("probe", Both, lambda call, options: None, example="twsla probe")

    assert {info.long for info in describe(Both)} > {"--extract", "--interval", "--ip", "--geoip", "--resolver"}
    assert {info.env for info in describe(Both) if info.name == "geoip"} == {("TWSLA_GEOIP",)}
    assert Both().geoip == ()
    assert command.name == "probe"
