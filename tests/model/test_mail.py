"""Header blocks, dates, encoded words and addresses: expected values by hand, from RFC 5322 and RFC 2047."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import UTC, datetime
from quopri import encodestring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.model.mail import date_of_received, header_fields, looks_like_mail, parse_date
from twsla.model.mail_words import address_list, decode_words, mailboxes


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("Mon, 01 Jan 2024 10:00:00 +0900", "2024-01-01T10:00:00+09:00"),
        ("1 Jan 2024 10:00:05 +0900 (JST)", "2024-01-01T10:00:05+09:00"),
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),  # RFC 5322 A.1.1
        ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06+00:00"),  # RFC 5322 A.6.2
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", None),  # A.6.3: the obsolete form with comments inside
        ("Mon, 01 Jan 2024 10:00:00 -0000", "2024-01-01T10:00:00+00:00"),
        ("Sat, 31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00+00:00"),
        ("2024-01-01T10:00:00+09:00", "2024-01-01T10:00:00+09:00"),
        ("yesterday", None),
        ("", None),
        ("Mon, 99 Jan 2024 10:00:00 +0900", None),
        ("Mon, 01 Jan 9999 10:00:00 +0000", None),
    ],
)
def test_dates(written: str, instant: str | None) -> None:
    moment = parse_date(written)

    assert (None if moment is None else moment.ns) == (None if instant is None else ns(instant))


@pytest.mark.parametrize("written", ["Mon, 01 Jan 2024 10:00:00", "Mon, 01 Jan 2024 10:00:00 XYZ"])
def test_a_date_without_a_zone_is_the_clock_alone(written: str) -> None:
    moment = parse_date(written)

    assert moment is not None
    assert moment.ns is None
    assert moment.wall_ns == ns("2024-01-01T10:00:00+00:00")


def test_a_received_date_is_behind_the_last_semicolon() -> None:
    moment = date_of_received("from a; b by c; 1 Jan 2024 10:00:05 +0900 (JST)")

    assert moment is not None
    assert moment.ns == ns("2024-01-01T10:00:05+09:00")
    assert date_of_received("from a by c 1 Jan 2024 10:00:05 +0900") is None


def test_fields_are_unfolded_in_their_order_up_to_the_first_line_that_is_none() -> None:
    text = "From x@y 10:00\nReceived: a\n b\nreceived: c\nSubject:\n d\n\tTo: e\nno field\nDate: never\n"

    fields = header_fields(text)

    assert fields == [("Received", "a b"), ("received", "c"), ("Subject", "d To: e")]


@pytest.mark.parametrize(
    ("head", "name", "is_mail"),
    [
        (b"From: a@b\nSubject: x\n\nbody", "", True),
        (b"\xef\xbb\xbfFrom: a@b\r\nSubject: x\r\n\r\nbody", "", True),
        (b"From a@b Mon Jan  1 10:00:00 2024\nX-Any: y\n\n", "", True),
        (b"From here on it went well at 10:00\nand on\n", "", False),
        (b"Server: nginx\nDate: Mon, 01 Jan 2024 10:00:00 GMT\nContent-Type: text/html\n\n", "", False),
        (b"10:00:00 From: a To: b Subject: c\n10:00:01 x\n", "", False),
        (b"Subject: only this\n\n", "a.log", False),
        (b"Subject: only this\n\n", "a.eml", True),
        (b"Subject: only this\n\n", "in.zip!A.EML.gz", True),
        (b"\nFrom: a@b\nSubject: x\n", "a.eml", False),
        (b"", "a.eml", False),
    ],
)
def test_what_is_mail(head: bytes, name: str, is_mail: bool) -> None:
    assert looks_like_mail(head, name) is is_mail


JAPANESE = "定期メンテナンスのお知らせ 実施日は30日です"


def words(text: str, charset: str, codec: str, encoding: str, cuts: int, *, inside: bool = False) -> str:
    """The text in encoded words; ``inside``: its bytes are cut, not its characters."""
    step = len(text) // cuts + 1
    parts = [text[at : at + step].encode(codec) for at in range(0, len(text), step)]
    if inside:
        raw = text.encode(codec)
        step = len(raw) // cuts | 1
        parts = [raw[at : at + step] for at in range(0, len(raw), step)]
    packed = []
    for part in parts:
        if encoding == "B":
            packed.append(b64encode(part).decode())
        else:
            packed.append("".join(f"={byte:02X}" for byte in part))
    return "\n ".join(f"=?{charset}?{encoding}?{each}?=" for each in packed)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("encoding", ["B", "Q"])
@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("ISO-2022-JP", "iso2022_jp"),
        ("iso-2022-jp*ja", "iso2022_jp"),
        ("Shift_JIS", "shift_jis"),
        ("euc-jp", "euc_jp"),
        ("UTF-8", "utf-8"),
        ("GB18030", "gb18030"),
        ("utf-16be", "utf-16-be"),
    ],
)
def test_a_subject_in_several_words_is_one_text(charset: str, codec: str, encoding: str, inside: bool) -> None:
    decoded = decode_words(words(JAPANESE, charset, codec, encoding, 5, inside=inside))

    assert decoded == JAPANESE
    assert decoded.endswith("30日です")


@pytest.mark.parametrize(
    ("written", "decoded"),
    [
        # RFC 2047 section 8
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=  \n =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
        ("=?ISO-8859-1?Q?Olle_J=E4rnefors?=", "Olle Järnefors"),
        ("=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=", "םולש ןב ילטפנ"),
        # What is damaged or unknown stays as it is
        ("=?x-klingon?Q?a?= =?utf-8?Q?b?=", "=?x-klingon?Q?a?= b"),
        ("=?rot13?Q?abc?=", "=?rot13?Q?abc?="),
        ("=?punycode?Q?abc?=", "=?punycode?Q?abc?="),
        ("=?utf-8?Q?never closed", "=?utf-8?Q?never closed"),
        ("=?utf-8?B?44GC?", "=?utf-8?B?44GC?"),
        ("=?utf-8?B?44GC44G?=", "あ\ufffd"),
        # Characters that Windows programs write and the standard lacks
        ("=?ISO-2022-JP?B?GyRCLSEbKEI=?=", "①"),
        ("=?Shift_JIS?B?h0A=?=", "①"),
        ("=?utf-7?Q?+2AA-?=", "\ufffd"),
        ("plain = text?", "plain = text?"),
    ],
)
def test_encoded_words(written: str, decoded: str) -> None:
    assert decode_words(written) == decoded


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ('"Taro" <taro@example.com>', "Taro <taro@example.com>"),
        ("hanako@example.org", "<hanako@example.org>"),
        ("a@b (Joe Q), c@d", "Joe Q <a@b>,<c@d>"),
        ('"Doe, \\"J\\" (x)" <j@d>', 'Doe, "J" (x) <j@d>'),
        ("A Group:Ed Jones <joe@where.test>,Mary <j@w.test>;", "Ed Jones <joe@where.test>,Mary <j@w.test>"),
        ("Undisclosed recipients:;", ""),
        ("=?ISO-2022-JP?B?GyRCOzNFREJATzobKEI=?= <t@e.jp>", "山田太郎 <t@e.jp>"),
        ('"=?ISO-2022-JP?B?GyRCOzNFREJATzobKEI=?=" <t@e.jp>', "山田太郎 <t@e.jp>"),
        ("not an address at all", ""),
        ("", ""),
        ("<>", "<>"),
        ("Joe <joe@example.com", "Joe <joe@example.com>"),
    ],
)
def test_address_lists(written: str, listed: str) -> None:
    assert address_list(written) == listed


@given(st.text(st.sampled_from('ab@.,;:<>()"\\ =?_Qq\n\t\0é'), max_size=200))
def test_nothing_makes_the_parsers_fail(text: str) -> None:
    address_list(text)
    decode_words(text).encode()
    parse_date(text)
    header_fields(text)


@given(st.text(max_size=80), st.sampled_from(["utf-8", "utf-16be", "utf-7", "gb18030"]), st.integers(1, 5))
def test_any_text_comes_back_from_its_encoded_words(text: str, charset: str, cuts: int) -> None:
    text = "x" + text
    assert decode_words(words(text, charset, charset, "B", cuts)) == text


@given(st.binary(max_size=60), st.sampled_from(["utf-7", "iso-2022-jp", "hz", "utf-16", "big5", "shift_jis"]))
def test_any_bytes_give_valid_text(raw: bytes, charset: str) -> None:
    decode_words(f"=?{charset}?B?{b64encode(raw).decode()}?=").encode()


@given(st.binary(max_size=60))
def test_quoted_printable_as_python_writes_it(raw: bytes) -> None:
    packed = encodestring(raw, quotetabs=True).replace(b"=\n", b"").replace(b"?", b"=3F").replace(b"_", b"=5F")
    text = packed.replace(b"\n", b"=0A").decode("latin-1")

    assert decode_words(f"=?iso-8859-15?Q?{text}?=") == raw.decode("iso-8859-15")


@pytest.mark.parametrize(
    "text", ["=?a?q?" * 200_000, "(" * 1_000_000, '"' * 999_999, "<" * 500_000, "a@b," * 200_000, "=?" * 500_000]
)
def test_hostile_texts_take_no_quadratic_time(text: str) -> None:
    started = time.monotonic()
    decode_words(text)
    mailboxes(text)
    parse_date(text)

    assert time.monotonic() - started < 20
