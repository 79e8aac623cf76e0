"""Grok patterns: definitions, fields, translation to RE2, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.query.extracting import extracted, extracted_one
from twsla.errors import UsageError
from twsla.model.filters import Filter, FilterKind
from twsla.query.grok import bundled, expand, load_definitions
from twsla.query.re2_check import check_filters

if TYPE_CHECKING:
    from pathlib import Path

SYSLOG = (
    "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; "
    "logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4"
)
ACCESS = (
    '127.0.0.1 user username [26/Jun/2024:12:34:56 -0700] "GET /index.html HTTP/1.1" 200 1234 "referrer" "Mozilla/5.0"'
)
SPECIFIED = (
    "WORD NOTSPACE SPACE DATA INT NUMBER BOOL BASE10NUM BASE16NUM BASE16FLOAT POSINT NONNEGINT GREEDYDATA "
    "QUOTEDSTRING UUID URN IP IPV6 IPV4 IPORHOST HOSTNAME EMAILLOCALPART EMAILADDRESS USERNAME USER MAC "
    "CISCOMAC WINDOWSMAC COMMONMAC HOSTPORT UNIXPATH TTY WINPATH URIPROTO URIHOST URIPATH URIQUERY "
    "URIPARAM URIPATHPARAM URI PATH MONTH MONTHNUM MONTHDAY DAY YEAR HOUR MINUTE SECOND TIME DATE_US "
    "DATE_EU ISO8601_TIMEZONE ISO8601_SECOND TIMESTAMP_ISO8601 DATE DATESTAMP TZ DATESTAMP_RFC822 "
    "DATESTAMP_RFC2822 DATESTAMP_OTHER DATESTAMP_EVENTLOG SYSLOGTIMESTAMP PROG SYSLOGPROG SYSLOGHOST "
    "SYSLOGFACILITY HTTPDATE QS SYSLOGBASE LOGLEVEL "
)
WHOLE = [
    ("WORD", "world123"),
    ("NOTSPACE", "text-with-dashes"),
    ("INT", "-456"),
    ("NUMBER", "-0.123"),
    ("BOOL", "false"),
    ("BASE16NUM", "-0x1a2b3c"),
    ("BASE16FLOAT", "-0x1A2B3C.D"),
    ("POSINT", "123"),
    ("NONNEGINT", "0"),
    ("GREEDYDATA", "123 #@!"),
    ("QUOTEDSTRING", '"This is a \\"quote\\""'),
    ("QS", "'single quoted'"),
    ("UUID", "123e4567-e89b-12d3-a456-426614174000"),
    ("URN", "urn:isbn:0451450523"),
    ("IP", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
    ("IPV6", "fe80::1ff:fe23:4567:890a"),
    ("IPV6", "fe80::1%eth0"),
    ("IPV4", "172.16.254.1"),
    ("IPORHOST", "example.com"),
    ("HOSTNAME", "sub.domain.co.uk"),
    ("EMAILLOCALPART", "bob-smith"),
    ("EMAILADDRESS", "alice123@domain.co.uk"),
    ("USER", "alice_123"),
    ("MAC", "001A.2B3C.4D5E"),
    ("WINDOWSMAC", "00-1A-2B-3C-4D-5E"),
    ("COMMONMAC", "00:1B:2C:3D:4E:5F"),
    ("HOSTPORT", "192.168.1.1:8080"),
    ("UNIXPATH", "/var/log/syslog"),
    ("TTY", "/dev/pts/1"),
    ("WINPATH", "C:\\Program Files\\App"),
    ("URIPATH", "/path/to/resource"),
    ("URIPARAM", "?search=query&active=true"),
    ("URIPATHPARAM", "/folder/path?valid=true"),
    ("URI", "https://bob@example.com:80/a?b=c"),
    ("MONTH", "August"),
    ("DATE_US", "04/21/2022"),
    ("DATE_EU", "21.04.2022"),
    ("TIME", "14:30"),
    ("TIME", "12:00:60"),
    ("TIMESTAMP_ISO8601", "2020-12-25T23:59:59+02:00"),
    ("DATESTAMP", "04/21/2022 14:30"),
    ("TZ", "CET"),
    ("DATESTAMP_RFC822", "Wed Jan 12 2024 14:33 EST"),
    ("DATESTAMP_RFC2822", "Fri, 25 Dec 2020 23:59 -0500"),
    ("DATESTAMP_OTHER", "Fri Dec 25 23:59 CET 2020"),
    ("DATESTAMP_EVENTLOG", "20220421143000"),
    ("SYSLOGTIMESTAMP", "Jan  1 00:00:00"),
    ("SYSLOGPROG", "sshd[1234]"),
    ("SYSLOGFACILITY", "<1.2>"),
    ("HTTPDATE", "26/Jun/2024:12:34:56 -0700"),
    ("LOGLEVEL", "WARNING"),
]
FULL = [
    ("HTTPD_COMBINEDLOG", "clientip", ACCESS, "127.0.0.1"),
    ("COMBINEDAPACHELOG", "source.address", ACCESS, "127.0.0.1"),
    ("COMBINEDAPACHELOG", "http.request.method", ACCESS, "GET"),
    ("COMMONAPACHELOG", "http.response.status_code", ACCESS, "200"),
    ("COMBINEDAPACHELOG", "user_agent.original", ACCESS, "Mozilla/5.0"),
    (
        "HTTPD_ERRORLOG",
        "message",
        "[Wed Jun 26 12:34:56 2024] [error] [client 127.0.0.1] File does not exist",
        "File does not exist",
    ),
    (
        "HTTPD24_ERRORLOG",
        "errorcode",
        (
            "[Wed Jun 26 12:34:56 2024] [core:error] [pid 12345:tid 4567] (70007)The timeout has expired: "
            "[client 192.168.1.1:54321] AH00124: Request exceeded the limit"
        ),
        "AH00124",
    ),
    (
        "BIND9",
        "dns.question.name",
        (
            "18-Jun-2024 12:34:56 queries: INFO: client @0x1234567890 192.168.1.100#53245 (example.com): "
            "query: www.example.com IN A UDP (192.0.2.1)"
        ),
        "www.example.com",
    ),
    (
        "SQUID3",
        "http.response.bytes",
        "1624624800.123 1500 192.168.1.1 TCP_MISS/200 5120 GET http://example.com bob DIRECT/93.184.216.34 text/html",
        "5120",
    ),
    ("MAVEN_VERSION", "", "1.2.3-SNAPSHOT", "1.2.3-SNAPSHOT"),
    ("JAVASTACKTRACEPART", "method", "  at com.example.App.<init>(App.java:42)", "<init>"),
    (
        "SYSLOGPAMSESSION",
        "message",
        "Jun 14 15:16:01 combo su(pam_unix)[1]: su(x): session opened for user root by (uid=0)",
        "su(x): session opened for user root by (uid=0)",
    ),
    ("RUBY_LOGGER", "loglevel", "I, [2024-06-26T12:34:56.123456 #123]  INFO -- main: started", "INFO"),
    (
        "CISCOFW106001",
        "src_ip",
        "Inbound TCP connection denied from 10.0.0.1/5 to 10.0.0.2/6 flags SYN on interface x",
        "10.0.0.1",
    ),
    ("NAGIOSLOGLINE", "nagios_hostname", "[1400000000] HOST ALERT: web1;DOWN;HARD;1;CRITICAL", "web1"),
]


def test_the_default_definitions_are_those_of_the_specification() -> None:
    assert not set(SPECIFIED.split()) - set(bundled("default"))
    assert "COMBINEDAPACHELOG" not in bundled("default")


@pytest.mark.parametrize("name", sorted(bundled("full")))
def test_re2_accepts_every_bundled_definition(name: str) -> None:
    definitions = bundled("full")

    check_filters([Filter(FilterKind.REGEX, name, expand(f"%{{{name}}}", definitions).re2)])


@pytest.mark.parametrize(("name", "text"), WHOLE)
def test_definitions_take_all_of_what_they_are_for(name: str, text: str) -> None:
    assert extracted_one("grok", text, grok_pattern=name) == text
    assert extracted_one("grok", f"<<{text} >>", grok_pattern=f"<<%{{{name}}} >>", name=name) == text


@pytest.mark.parametrize(("name", "field", "text", "value"), FULL)
def test_the_full_set(name: str, field: str, text: str, value: str) -> None:
    assert extracted_one("grok", text, name=field, grok_pattern=name, grok_definitions="full") == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("program", "sshd(pam_unix)"),
        ("pid", "19939"),
        ("process.pid", "19939"),
        ("logsource", "combo"),
        ("timestamp", "Jun 14 15:16:01"),
        ("HOUR", "15"),
        ("source.ip", "218.188.2.4"),
        ("IPV4", "218.188.2.4"),
        ("why", "authentication"),
        ("facility", None),
    ],
)
def test_fields_of_all_levels(field: str, value: str | None) -> None:
    pattern = r"%{SYSLOGBASE} (?<why>\w+) .*rhost=%{IP:source.ip:text}"
    assert extracted_one("grok", SYSLOG, name=field, grok_pattern=pattern) == value


def test_the_name_may_be_left_out_where_there_is_no_choice() -> None:
    assert extracted_one("grok", "from 10.0.0.1", grok_pattern="IP") == "10.0.0.1"
    assert extracted_one("grok", "from 10.0.0.1", grok_pattern="from (?<who>.*)") == "10.0.0.1"
    with pytest.raises(UsageError, match="which field") as caught:
        extracted_one("grok", "", grok_pattern="%{WORD:a} %{WORD:b}")
    assert caught.value.hint == "give -n one of: a, b"


def test_a_field_that_occurs_twice_has_the_value_that_was_found() -> None:
    pattern = "(?:a=%{INT:n}|b=%{INT:n})"
    assert extracted("grok", ["a=1", "b=2", "c=3"], name="n", grok_pattern=pattern) == ["1", "2", None]


def test_other_matches_and_all() -> None:
    text = "a=1 b=22 c=333"
    assert extracted_one("grok", text, 2, name="n", grok_pattern="=%{INT:n}") == "22"
    assert extracted_one("grok", text, 4, name="n", grok_pattern="=%{INT:n}") is None
    assert extracted_one("grok", text, name="n", grok_pattern="=%{INT:n}", all_matches=True) == ["1", "22", "333"]


def test_an_empty_capture_is_no_value() -> None:
    assert extracted("grok", ["a= b", "a=x b"], name="v", grok_pattern="a=%{DATA:v} b") == [None, "x"]
    assert extracted_one("grok", "a= b", name="v", grok_pattern="a=%{DATA:v} b", all_matches=True) == []


# --- definitions of one's own --------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own patterns"
    path.write_text(
        "# comment with blanks\n\nNOSPACE\nSESSION [0-9A-Z]{8}\nWHO\tuser=%{USERNAME:who}\r\n"
        "LINE %{WHO} session=%{SESSION:session.id}\nUSERNAME [a-z]+\n日本 x\n",
        "utf-8-sig",
    )
    return path


def test_definitions_of_a_file_come_on_top_of_the_default_ones(own: Path) -> None:
    text = "user=bob7 session=0123ABCD"
    texts = [text, "user=bob session=0123ABCD"]
    found = extracted("grok", texts, name="session.id", grok_pattern="LINE", grok_definitions=str(own))
    assert found == [None, "0123ABCD"]
    assert extracted_one("grok", text, name="x", grok_pattern="%{IP}|%{INT:x}", grok_definitions=str(own)) == "7"


def test_ruby_expressions_are_translated() -> None:
    definitions = {
        "ATOMIC": r"(?>a|ab)c",
        "POSSESSIVE": r"a++b*+c?+",
        "HEX": r"\h{4}[\h-]\H",
        "END": r"x\Z",
        "COMMENT": r"a(?# why)b",
        "PLAIN": r"\++[+*?]+\(a++\)[(](b)",
    }
    written = {name: expand(f"%{{{name}}}", definitions).re2 for name in definitions}

    assert written == {
        "ATOMIC": "((?:a|ab)c)",
        "POSSESSIVE": "(a+b*c?)",
        "HEX": "([0-9A-Fa-f]{4}[0-9A-Fa-f-][^0-9A-Fa-f])",
        "END": r"(x\z)",
        "COMMENT": "(ab)",
        "PLAIN": r"(\++[+*?]+\(a+\)[(](?:b))",
    }


def test_a_copy_of_the_file_of_logstash_works(tmp_path: Path) -> None:
    path = tmp_path / "grok-patterns"
    path.write_text(
        "BASE10NUM (?<![0-9.+-])(?>[+-]?(?:(?:[0-9]+(?:\\.[0-9]+)?)|(?:\\.[0-9]+)))\n"
        "NUMBER (?:%{BASE10NUM})\nTIME (?!<[0-9])%{HOUR}:%{MINUTE}(?::%{SECOND})(?![0-9])\nYEAR (?>\\d\\d){1,2}\n"
        "BYTES took %{NUMBER:ms}\n"
    )

    assert extracted_one("grok", "took 12.5", name="ms", grok_pattern="BYTES", grok_definitions=str(path)) == "12.5"


@pytest.mark.parametrize(
    ("definitions", "pattern", "message"),
    [
        ("A x(?=y)", "A", r"the grok definition A looks ahead or back \('\(\?='\)"),
        ("A x(?<!y)", "%{A}", "the grok definition A looks ahead"),
        ("A %{B}\nB %{A}", "A", "the grok definition A refers to itself"),
        ("A (b", "A", r"in the grok definition A, .* a '\(' is not closed"),
        ("A %{B}c\nB x{2,1}", "A", "in the grok definition B, "),
        ("A %{NOTHING}", "A", "there is no grok definition NOTHING that A refers to"),
        ("A x", "B", "there is no grok definition B"),
        ("A x", "%{A", "the grok pattern .* has no fields"),
        ("A x", "%{A:y} (", r"the regular expression .* a '\(' is not closed"),
        ("A x", "(?!x)%{A:y}", "the grok pattern looks ahead"),
    ],
)
def test_broken_definitions_are_explained(tmp_path: Path, definitions: str, pattern: str, message: str) -> None:
    path = tmp_path / "own"
    path.write_text(definitions)

    with pytest.raises(UsageError, match=message):
        extracted_one("grok", "x", grok_pattern=pattern, grok_definitions=str(path))


def test_a_definition_of_the_full_set_is_pointed_at() -> None:
    with pytest.raises(UsageError) as caught:
        extracted_one("grok", "x", grok_pattern="COMBINEDAPACHELOG")
    assert caught.value.hint == "COMBINEDAPACHELOG is in the full set: -g full"
    with pytest.raises(UsageError) as caught:
        extracted_one("grok", "x", grok_pattern="SYSLOGBASS")
    assert "did you mean SYSLOGBASE" in (caught.value.hint or "")


def test_an_unknown_field_is_explained() -> None:
    with pytest.raises(UsageError, match="has no field 'programme'") as caught:
        extracted_one("grok", "x", name="programme", grok_pattern="SYSLOGPROG")
    assert (caught.value.hint or "").startswith("did you mean program? there are: SYSLOGPROG, program, ")


def test_definitions_cannot_grow_without_bound() -> None:
    doubling = {f"A{n}": f"%{{A{n - 1}}}%{{A{n - 1}}}" for n in range(1, 40)} | {"A0": "x"}
    with pytest.raises(UsageError, match="becomes longer than 200,000 characters"):
        expand("%{A39}", doubling)
    chain = {f"A{n}": f"%{{A{n - 1}}}" for n in range(1, 2000)} | {"A0": "x"}
    with pytest.raises(UsageError, match="nested deeper than 60"):
        expand("%{A1999}", chain)


def test_a_file_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_definitions(str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="cannot be read"):
        load_definitions(str(tmp_path))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfeA\0")
    with pytest.raises(UsageError, match="are not UTF-8 text"):
        load_definitions(str(binary))
    with pytest.raises(UsageError, match="are larger than 4 MiB"):
        binary.write_bytes(b"A" * (5 << 20))
        load_definitions(str(binary))
