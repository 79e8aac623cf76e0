"""Values of a mail's header block; the cases of the specification's 7.15 and 4.11."""

from __future__ import annotations

import pytest

from twsla.query.mail_values import SpfQuestion, helo, read_mail, sender_address


@pytest.mark.parametrize(
    ("received", "name"),
    [
        ("from example.com (host [192.0.2.1])", "example.com"),
        ("from [127.0.0.1] (x)", "[127.0.0.1]"),
        ("FROM example.org (x)", "example.org"),
        ("by mx.google.com with ESMTPS", ""),
        ("received from helo.test (IP)", "helo.test"),
    ],
)
def test_helo(received: str, name: str) -> None:
    assert helo(received) == name


@pytest.mark.parametrize(
    ("received", "address"),
    [
        ("from x (x [192.0.2.1]) by y", "192.0.2.1"),
        ("no ip here", ""),
        ("from localhost [127.0.0.1] (x [10.0.0.1])", "10.0.0.1"),
        ("[0.0.0.0] [255.255.255.255] [224.0.0.1] [169.254.1.1]", ""),
        ("version 1.2.3.4.5 of 300.1.1.1", ""),
        ("from x ([IPv6:2001:db8::1]) by y", "2001:db8::1"),
        ("from x ([IPv6:::ffff:192.0.2.7]) by y", "192.0.2.7"),
        ("from x ([::1] [fe80::1])", ""),
    ],
)
def test_sender_address(received: str, address: str) -> None:
    assert sender_address(received) == address


def test_the_sender_is_in_the_last_received_field_with_an_address() -> None:
    head = (
        "Received: from a [192.0.2.1] by b\nReceived: from c [192.0.2.2] by a\nReceived: by c with local\n"
        "Received: (qmail 1 invoked by uid 0)\nFrom: x@d.example\nSubject: s"
    )
    mail = read_mail(head, ts_ns=None, certain=False)

    assert mail is not None
    assert mail.sender_ip == "192.0.2.2"
    assert mail.relays == 2
    assert mail.delay_ns is None
    assert (mail.return_path, mail.domain) == ("x@d.example", "d.example")
    assert mail.questions() == [
        SpfQuestion("192.0.2.1", "a", "x@d.example"),
        SpfQuestion("192.0.2.2", "c", "x@d.example"),
    ]


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("Mon, 01 Jan 2024 10:00:30 +0900", 30),
        ("Mon, 01 Jan 2024 01:01:00 GMT", 60),
        ("Mon, 01 Jan 2024 09:00:00 +0900", 0),
        ("nonsense", None),
    ],
)
def test_delay_is_at_least_none(stamp: str, seconds: int | None) -> None:
    head = f"Date: Mon, 01 Jan 2024 10:00:00 +0900\nReceived: from a by b; {stamp}\nFrom: a@b"
    mail = read_mail(head, ts_ns=None, certain=False)

    assert mail is not None
    assert mail.delay_ns == (None if seconds is None else seconds * 1_000_000_000)


def test_a_date_without_a_zone_is_the_records_time() -> None:
    head = "Date: Mon, 01 Jan 2024 10:00:00\nReceived: from a by b; Mon, 01 Jan 2024 01:00:09 GMT\nFrom: a@b"
    mail = read_mail(head, ts_ns=1_704_070_800_000_000_000, certain=False)  # 01:00:00 UTC

    assert mail is not None
    assert mail.delay_ns == 9_000_000_000


@pytest.mark.parametrize(
    ("head", "certain", "is_mail"),
    [
        ("Subject: x", False, False),
        ("Subject: x", True, True),
        ("Subject: x\nTo: y", False, True),
        ("10:00:00 Subject: x\nFrom: y", False, False),
        ("just text", True, False),
        ("", True, False),
        ("Server: a\nDate: b\nContent-Type: c", False, False),
    ],
)
def test_what_is_a_mail(head: str, certain: bool, is_mail: bool) -> None:
    assert (read_mail(head, ts_ns=None, certain=certain) is not None) is is_mail
