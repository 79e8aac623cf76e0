"""SPF through the real program, asked of a name server on the loopback address; policies and results after RFC 7208."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from tests.cli.mails import EXAMPLE, NESTED, mbox
from tests.query.name_server import NameServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run


class Zones(NameServer):
    """Serves records by name and type."""

    def __init__(self, records: dict[tuple[str, str], str], *, delay_s: float = 0.0, silent: bool = False) -> None:
        super().__init__({}, delay_s=delay_s)
        self._records = records
        self._silent = silent
        self.questions: list[tuple[str, str]] = []

    def replies(self, wire: bytes, *, tcp: bool) -> list[bytes]:
        question = dns.message.from_wire(wire)
        asked = question.question[0]
        key = (str(asked.name).rstrip(".").lower(), dns.rdatatype.to_text(asked.rdtype))
        self.questions.append(key)
        if self._silent:
            return []
        response = dns.message.make_response(question)
        if key in self._records:
            response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", key[1], self._records[key]))
        elif not any(name == key[0] for name, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return [response.to_wire()]


def mail(ip: str, domain: str, subject: str = "x") -> bytes:
    return (
        f"Received: from helo.{domain} (x [{ip}]) by y; Mon, 01 Jan 2024 10:00:30 +0900\n"
        f"Date: Mon, 01 Jan 2024 10:00:00 +0900\nFrom: a@{domain}\nSubject: {subject}\n\n"
    ).encode()


POLICIES = {
    ("pass.example", "TXT"): '"v=spf1 ip4:192.0.2.0/24 -all"',
    ("soft.example", "TXT"): '"v=spf1 ip4:198.51.100.1 ~all"',
    ("a.example", "TXT"): '"v=spf1 a:hosts.a.example include:pass.example -all"',
    ("hosts.a.example", "A"): "203.0.113.9",
    ("bad.example", "TXT"): '"v=spf1 moo -all"',
    ("loop.example", "TXT"): '"v=spf1 include:loop.example -all"',
    ("exp.example", "TXT"): '"v=spf1 exp=why.exp.example -all"',
    ("why.exp.example", "TXT"): '"%{i} is not one of %{d}"',
}


def search(run: Run, *arguments: str | Path) -> list[dict[str, Any]]:
    done = run("email", "search", "--format", "json", *arguments)
    assert done.code == 0, done.err
    rows: list[dict[str, Any]] = json.loads(done.text)["rows"]
    return rows


@pytest.mark.parametrize(
    ("ip", "domain", "result"),
    [
        ("192.0.2.7", "pass.example", "pass"),
        ("203.0.113.7", "pass.example", "fail"),
        ("203.0.113.7", "soft.example", "softfail"),
        ("203.0.113.9", "a.example", "pass"),
        ("192.0.2.9", "a.example", "pass"),
        ("203.0.113.8", "a.example", "fail"),
        ("192.0.2.7", "none.example", "none"),
        ("192.0.2.7", "bad.example", "permerror:Unknown mechanism found: moo"),
        ("192.0.2.7", "exp.example", "fail:192.0.2.7 is not one of exp.example"),
    ],
)
def test_results(run: Run, tmp_path: Path, ip: str, domain: str, result: str) -> None:
    (tmp_path / "a.eml").write_bytes(mail(ip, domain))
    run("import", "a.eml")

    with Zones(POLICIES) as server:
        (row,) = search(run, "--checkSPF", "--resolver", server.address, "--columns", "spf,spf_list,trace")

    assert row["spf"] == result
    name, _, why = result.partition(":")
    assert row["spf_list"] == f"{name}({ip}/helo.{domain}/a@{domain})" + (f":{why}" if why else "")
    assert row["trace"].endswith(f"SPF: {result}")


def test_a_policy_that_includes_itself_ends(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail("192.0.2.7", "loop.example"))
    run("import", "a.eml")

    with Zones(POLICIES) as server:
        (row,) = search(run, "--check-spf", "--resolver", server.address)

    assert row["spf"].startswith("permerror")


def test_counts_by_spf_and_by_the_list_of_all_hops(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(
        mbox(mail("192.0.2.1", "pass.example"), mail("192.0.2.1", "pass.example"), mail("10.0.0.1", "pass.example"))
        + mbox(EXAMPLE, NESTED)
    )
    run("import", "box")
    zones = {**POLICIES, ("mail.example.com", "TXT"): '"v=spf1 ip4:203.0.113.5 ~all"'}

    with Zones(zones) as server:
        by_spf = run("email", "count", "--emailCountBy", "spf", "--resolver", server.address)
        questions = list(server.questions)
        by_list = run("email", "count", "--emailCountBy", "spf.list", "--resolver", server.address)

    assert by_spf.lines == ["SPF\tCount", "pass\t3", "fail\t1"]
    assert "Without a value: 1" in by_spf.err
    assert questions.count(("pass.example", "TXT")) <= 3
    hops = ("198.51.100.7/mx.example.net", "203.0.113.5/client.example.com")
    sender = "bounce@mail.example.com"
    assert f"softfail({hops[0]}/{sender}),pass({hops[1]}/{sender})\t1" in by_list.lines


def test_filters_look_at_the_result(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(
        mbox(mail("192.0.2.1", "pass.example", "good"), mail("10.0.0.1", "pass.example", "forged"))
    )
    run("import", "box")

    with Zones(POLICIES) as server:
        rows = search(run, "--check-spf", "--resolver", server.address, "-f", "SPF: fail")

    assert [row["subject"] for row in rows] == ["forged"]


def test_nobody_is_asked_unless_it_is_wanted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail("192.0.2.1", "pass.example"))
    run("import", "a.eml")

    with Zones(POLICIES) as server:
        (row,) = search(run, "--resolver", server.address)
        run("email", "count", "--email-count-by", "domain", "--resolver", server.address)

        refused = [
            run("email", "search", "--check-spf", "--no-dns", "--resolver", server.address),
            run("email", "count", "--email-count-by", "spf", "--no-dns", "--resolver", server.address),
        ]

    assert row["spf"] is None
    assert server.questions == []
    assert [(done.code, "none may be asked" in done.err) for done in refused] == [(2, True), (2, True)]


def test_a_silent_server_costs_no_more_than_its_time(run: Run, tmp_path: Path) -> None:
    mails = [mail("192.0.2.1", f"d{number}.example") for number in range(200)]
    (tmp_path / "box").write_bytes(mbox(*mails))
    run("import", "box")

    with Zones({}, silent=True) as server:
        started = time.monotonic()
        limits = ("--resolver", server.address, "--dns-timeout", "1", "--dns-budget", "3")
        done = run("email", "search", "--check-spf", "--format", "csv", "--columns", "spf", *limits)
        took = time.monotonic() - started

    assert took < 15
    assert done.lines.count("SPF") == 1
    assert any(line.startswith("temperror:DNS no answer in time: TXT d") for line in done.lines)
    assert "SPF checks were not made: the time for all of them was over: 3 s (--dns-budget)" in done.err


def test_servers_are_asked_at_the_same_time(run: Run, tmp_path: Path) -> None:
    mails = [mail("192.0.2.1", f"d{number}.example") for number in range(60)]
    (tmp_path / "box").write_bytes(mbox(*mails))
    run("import", "box")

    with Zones({}, delay_s=0.2) as server:
        started = time.monotonic()
        rows = search(run, "--check-spf", "--resolver", server.address)

    assert {row["spf"] for row in rows} == {"none"}
    assert time.monotonic() - started < 60 * 0.2
