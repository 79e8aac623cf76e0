"""Names of addresses, asked of a real name server on the loopback address."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.query import name_server
from tests.query.name_server import Behaviour, NameServer, alias, forged_first, names, truncated
from twsla.errors import Cancelled, UsageError
from twsla.options import IpOptions
from twsla.progress import Silent
from twsla.query.enrich import enrich, open_lookup
from twsla.query.names import NameLookup, domain_of, is_name, read_hosts

if TYPE_CHECKING:
    from pathlib import Path

IP = "198.51.100.7"


def options(server: NameServer, **changes: Any) -> IpOptions:
    return IpOptions(resolver=(server.address,), **{"dns_timeout": 20.0, **changes})


def looked_up(kind: str, options: IpOptions, *addresses: str) -> tuple[list[str], list[str]]:
    """The values, and the notes."""
    lookup = open_lookup(kind, options)
    try:
        values = [info.value for info in lookup.look_up(addresses, Silent())]
        return values, [note.text for note in lookup.notes()]
    finally:
        lookup.close()


def answer_of(behaviour: Behaviour, kind: str = "host", timeout_s: float = 20.0) -> tuple[str, list[str]]:
    with NameServer({IP: behaviour}) as server:
        (value,), notes = looked_up(kind, options(server, dns_timeout=timeout_s), IP)
    return value, notes


# --- what is shown -----------------------------------------------------------------------------------------------


def test_a_host_is_the_name_as_dns_has_it() -> None:
    assert answer_of(names("www.example.com.")) == ("www.example.com.", [])


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("www.example.com.", "example.com."),
        ("example.com.", "example.com."),
        ("com.", "com."),
        ("a.b.example.com.", "b.example.com."),
        (r"a\.b.example.com.", "example.com."),
    ],
)
def test_a_domain_is_the_name_without_its_first_part(name: str, domain: str) -> None:
    assert answer_of(names(name), "domain") == (domain, [])


def test_an_address_known_to_have_no_name_needs_no_note() -> None:
    for behaviour in (name_server.NXDOMAIN, name_server.NOTHING, names(".")):
        assert answer_of(behaviour) == (f"{IP}(unknown)", [])
        assert answer_of(behaviour, "domain") == (f"{IP}(unknown)", [])


def test_ipv6_addresses_are_asked_about_below_ip6_arpa() -> None:
    with NameServer({"2001:db8::7": names("six.example.")}) as server:
        values, _ = looked_up("host", options(server), "2001:db8::7", "2001:DB8:0:0::7", "2001:db8::8")

    assert values == ["six.example.", "six.example.", "2001:db8::8(unknown)"]


def test_what_is_no_address_is_asked_of_nobody() -> None:
    texts = ["", "www.example.com", "999.1.1.1", "010.1.1.1", "1.2.3"]
    with NameServer({}) as server:
        values, notes = looked_up("host", options(server), *texts)
        asked = dict(server.asked)

    assert values == [f"{text}(unknown)" for text in texts]
    assert (asked, notes) == ({}, [])


def test_of_several_names_the_first_by_spelling_is_shown_in_whatever_order_they_come() -> None:
    assert answer_of(names("b.example.", "a.example.", "c.example.")) == ("a.example.", [])
    assert answer_of(names("c.example.", "b.example.", "a.example.")) == ("a.example.", [])


def test_aliases_are_followed() -> None:
    behaviour = alias("7.0-63.100.51.198.in-addr.arpa.", name="cust.example.")

    assert answer_of(behaviour) == ("cust.example.", [])


# --- what a server may do ----------------------------------------------------------------------------------------


def test_control_characters_in_a_name_are_escaped() -> None:
    value, _ = answer_of(names(r"\027[31mred\010.evil\000.example."))

    assert value == r"\027[31mred\010.evil\000.example."
    assert value.isascii()
    assert value.isprintable()


def test_the_longest_name_of_dns_is_shown_whole() -> None:
    name = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61]) + "."  # 255 octets with length bytes and root

    assert answer_of(names(name)) == (name, [])


@pytest.mark.parametrize(
    "behaviour",
    [name_server.silent, name_server.garbage, name_server.wrong_identifier, name_server.wrong_question],
    ids=lambda each: each.__name__,
)
def test_what_is_no_answer_is_waited_out_and_told(behaviour: Behaviour) -> None:
    started = time.monotonic()
    value, notes = answer_of(behaviour, timeout_s=0.5)
    took_s = time.monotonic() - started

    assert value == f"{IP}(unknown)"
    (note,) = notes
    assert note.startswith("1 of 1 addresses are without a name because 127.0.0.1 port ")
    assert "did not answer in 0.5 s" in note
    assert took_s < 2


def test_a_forged_answer_does_not_hide_the_true_one() -> None:
    assert answer_of(forged_first(names("true.example."))) == ("true.example.", [])


@pytest.mark.parametrize("behaviour", [name_server.SERVFAIL, name_server.alias_loop])
def test_an_answer_that_is_an_error_is_told(behaviour: Behaviour) -> None:
    value, notes = answer_of(behaviour)

    assert value == f"{IP}(unknown)"
    (note,) = notes
    assert "could not be reached or answered with an error" in note


def test_an_answer_too_long_for_a_datagram_comes_over_tcp() -> None:
    many = [f"host-{number:04}.example." for number in range(500)]

    assert answer_of(truncated(names(*many))) == ("host-0000.example.", [])


def test_garbage_over_tcp_is_an_error() -> None:
    value, notes = answer_of(truncated(name_server.garbage))

    assert value == f"{IP}(unknown)"
    assert len(notes) == 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=50, max_size=50))
def test_no_bytes_of_a_server_do_harm(bodies: list[bytes]) -> None:
    def answering(body: bytes) -> Behaviour:
        return lambda question, tcp: [question.to_wire()[:2] + b"\x84" + body]

    answers = {f"10.0.0.{number}": answering(body) for number, body in enumerate(bodies)}
    with NameServer(answers) as server:
        values, _ = looked_up("host", options(server, dns_timeout=0.05), *answers)

    assert all(value.isprintable() for value in values)


# --- time --------------------------------------------------------------------------------------------------------

MANY = [f"10.0.{number // 250}.{number % 250}" for number in range(300)]


def test_three_hundred_addresses_at_50_ms_each_are_asked_side_by_side_and_once() -> None:
    answers = {address: names(f"h{number}.example.") for number, address in enumerate(MANY)}
    with NameServer(answers, delay_s=0.05) as server:
        started = time.monotonic()
        values, notes = looked_up("host", options(server), *MANY)
        took_s = time.monotonic() - started
        asked = server.asked

    assert values == [f"h{number}.example." for number in range(300)]
    assert (set(asked.values()), len(asked), notes) == ({1}, 300, [])
    assert took_s < 5  # one after the other takes 15


def test_a_black_hole_takes_no_longer_than_the_time_for_all() -> None:
    with NameServer({}, otherwise=name_server.silent) as server:
        started = time.monotonic()
        values, notes = looked_up("host", options(server, dns_timeout=5.0, dns_budget=0.5), *MANY)
        took_s = time.monotonic() - started

    assert values == [f"{address}(unknown)" for address in MANY]
    assert took_s < 2
    (note,) = notes
    assert (
        note == "300 of 300 addresses are without a name because the time for all names was over: 0.5 s (--dns-budget)"
    )


def test_a_server_that_answers_nothing_is_given_up() -> None:
    with NameServer({}, otherwise=name_server.silent) as server:
        started = time.monotonic()
        values, notes = looked_up("host", options(server, dns_timeout=0.2), *MANY)
        took_s = time.monotonic() - started
        asked = len(server.asked)

    assert values == [f"{address}(unknown)" for address in MANY]
    assert took_s < 3
    assert asked <= 150
    assert sum(int(note.split()[0]) for note in notes) == 300
    assert "answered none of 100 questions, so no more were asked" in notes[-1]


def test_a_server_that_is_not_there_is_told() -> None:
    with NameServer({}) as server:
        gone = options(server, dns_timeout=0.5)
    values, notes = looked_up("host", gone, IP)

    assert values == [f"{IP}(unknown)"]
    assert len(notes) == 1


def test_the_other_server_is_asked_when_the_first_is_silent() -> None:
    with NameServer({}, otherwise=name_server.silent) as deaf, NameServer({IP: names("x.example.")}) as server:
        both = IpOptions(resolver=(deaf.address, server.address), dns_timeout=4.0)
        values, notes = looked_up("host", both, IP)

    assert (values, notes) == (["x.example."], [])


def test_the_user_can_stop_it() -> None:
    progress = Silent()
    progress.cancelled = True
    with NameServer({}, otherwise=name_server.silent) as server:
        lookup = open_lookup("host", options(server, dns_timeout=30.0))
        started = time.monotonic()
        with pytest.raises(Cancelled):
            lookup.look_up(MANY, progress)
        took_s = time.monotonic() - started

    assert took_s < 2


def test_it_works_inside_an_event_loop() -> None:
    async def call() -> tuple[list[str], list[str]]:
        return looked_up("host", options(server), IP)

    with NameServer({IP: names("www.example.com.")}) as server:
        assert asyncio.run(call()) == (["www.example.com."], [])


def test_a_handful_of_values_with_duplicates() -> None:
    with NameServer({IP: names("www.example.com.")}) as server:
        found = enrich([IP, "x", IP], "domain", resolver=(server.address,), timeout_s=20.0, progress=Silent())

    assert found == {IP: "example.com.", "x": "x(unknown)"}
    assert server.asked == {IP: 1}


# --- what is remembered ------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "names"


def test_a_second_run_asks_nothing(cache: Path) -> None:
    with NameServer({IP: names("www.example.com.")}) as server:
        first = looked_up("host", options(server, dns_cache=cache), IP, "198.51.100.8")
        second = looked_up("domain", options(server, dns_cache=cache), IP, "198.51.100.8")
        asked = dict(server.asked)

    assert first == (["www.example.com.", "198.51.100.8(unknown)"], [])
    assert second == (["example.com.", "198.51.100.8(unknown)"], [])
    assert asked == {IP: 1, "198.51.100.8": 1}


def test_what_went_wrong_is_asked_again(cache: Path) -> None:
    answers = {IP: name_server.SERVFAIL, "198.51.100.8": name_server.silent, "198.51.100.9": names("a.b.", ttl=0)}
    with NameServer(answers) as server:
        first = looked_up("host", options(server, dns_cache=cache, dns_timeout=1.0), *answers)
        asked = dict(server.asked)
        looked_up("host", options(server, dns_cache=cache, dns_timeout=1.0), *answers)

    assert first[0] == [f"{IP}(unknown)", "198.51.100.8(unknown)", "a.b."]
    assert all(server.asked[address] > count for address, count in asked.items())


def test_names_of_one_server_are_not_those_of_another(cache: Path) -> None:
    with NameServer({IP: names("one.example.")}) as one, NameServer({IP: names("two.example.")}) as two:
        looked_up("host", options(one, dns_cache=cache), IP)

        assert looked_up("host", options(two, dns_cache=cache), IP)[0] == ["two.example."]


def test_what_holds_no_longer_is_asked_again(cache: Path) -> None:
    with NameServer({IP: names("www.example.com.")}) as server:
        looked_up("host", options(server, dns_cache=cache), IP)
        with sqlite3.connect(cache) as file:
            ((expires,),) = file.execute("SELECT expires FROM names").fetchall()
            file.execute("UPDATE names SET expires = ?", (int(time.time()) - 1,))
        file.close()
        looked_up("host", options(server, dns_cache=cache), IP)

    assert expires == pytest.approx(time.time() + 300, abs=10)
    assert server.asked == {IP: 2}


@pytest.mark.parametrize("planted", ["\x1b[31m.", "no-dot", b"\xff", 7, "ü.example."])
def test_the_file_is_not_trusted(cache: Path, planted: object) -> None:
    with NameServer({IP: names("www.example.com.")}) as server:
        looked_up("host", options(server, dns_cache=cache), IP)
        with sqlite3.connect(cache) as file:
            file.execute("UPDATE names SET name = ?", (planted,))
        file.close()

        assert looked_up("host", options(server, dns_cache=cache), IP)[0] == ["www.example.com."]


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_the_file_is_for_its_owner_only(cache: Path) -> None:
    with NameServer({}) as server:
        looked_up("host", options(server, dns_cache=cache), IP)

    assert stat.S_IMODE(cache.stat().st_mode) == 0o600


def test_no_other_file_is_written_to(tmp_path: Path) -> None:
    text, database, folder = tmp_path / "text", tmp_path / "database", tmp_path / "folder"
    text.write_text("a text of someone, longer than a hundred characters\n" * 30)
    file = sqlite3.connect(database)
    file.execute("CREATE TABLE names (x)")
    file.close()
    folder.mkdir()
    before = text.read_bytes(), database.read_bytes()

    with NameServer({}) as server:
        for path in (text, database, folder, tmp_path / "no" / "names"):
            with pytest.raises(UsageError) as caught:
                open_lookup("host", options(server, dns_cache=path))
            assert str(path) in caught.value.message

    assert (text.read_bytes(), database.read_bytes()) == before


def test_a_file_that_another_program_holds_costs_a_note_and_no_name(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twsla.query.name_cache._WAIT_S", 0.1)
    with NameServer({IP: names("www.example.com.")}) as server:
        lookup = open_lookup("host", options(server, dns_cache=cache))
        other = sqlite3.connect(cache, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        (info,) = lookup.look_up([IP], Silent())
        other.close()
        (note,) = lookup.notes()
        lookup.close()

    assert info.value == "www.example.com."
    assert note.text.startswith(f"names could not be kept in {cache}: ")


# --- what the user says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost", "1.2.3", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:53:53", "1.2.3.4 "),
        *("[::1", "::1]:53", "[::1]:x", "https://1.2.3.4/", "\x1b[31m"),
    ],
)
def test_a_name_server_must_be_an_address(text: str) -> None:
    with pytest.raises(UsageError, match="not an address of a name server"):
        open_lookup("host", IpOptions(resolver=(text,)))


@pytest.mark.parametrize("text", ["192.0.2.53", "192.0.2.53:5353", "::1", "2001:db8::53", "[::1]", "[::1]:5353"])
def test_forms_of_a_name_server(text: str) -> None:
    open_lookup("host", IpOptions(resolver=(text,))).close()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("field", ["dns_timeout", "dns_budget"])
def test_times_are_above_zero(field: str, seconds: float) -> None:
    with pytest.raises(UsageError, match=f"--{field.replace('_', '-')}"):
        open_lookup("host", IpOptions(resolver=("127.0.0.1",), **{field: seconds}))  # type: ignore[arg-type]


# --- hosts file --------------------------------------------------------------------------------------------------


def test_the_hosts_file_is_read_as_the_system_does(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(
        b"# 192.0.2.9 no\n127.0.0.1\tlocalhost lo\n  192.0.2.1 one.example # two\n192.0.2.1 other\n"
        b"2001:DB8:0::1 six\n192.0.2.3\nnonsense here\n192.0.2.4 \xff\xfe\n192.0.2.5 \x1b[31m\n192.0.2.6 dot.\n"
    )

    assert read_hosts(path) == {
        "127.0.0.1": "localhost.",
        "192.0.2.1": "one.example.",
        "2001:db8::1": "six.",
        "192.0.2.6": "dot.",
    }
    assert read_hosts(tmp_path / "none") == {}


def test_the_hosts_file_comes_before_the_servers_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dns.asyncresolver
    import dns.resolver

    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1 here.example\n")
    configuration = tmp_path / "resolv.conf"
    configuration.write_text("nameserver 127.0.0.1\n")
    configured = dns.asyncresolver.Resolver(str(configuration))
    monkeypatch.setattr(dns.asyncresolver, "Resolver", lambda: configured)

    lookup = NameLookup("host", IpOptions(dns_timeout=0.2), hosts=hosts)

    assert [info.value for info in lookup.look_up(["192.0.2.1", "::ffff:192.0.2.1"], Silent())] == ["here.example."] * 2


@given(st.text())
def test_only_names_are_names(text: str) -> None:
    if is_name(text):
        assert text.isascii()
        assert text.isprintable()
        assert is_name(domain_of(text))
