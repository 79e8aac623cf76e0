"""Fields of text records: which form a source has, and what each form gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.formats.fields.columns import from_pairs, merged, spread
from twsla.formats.fields.forms import FORMS, SourceFields, choose, named
from twsla.formats.fields.json_lines import decimal, read_json

if TYPE_CHECKING:
    from twsla.formats.fields.columns import Columns


def rows(columns: Columns, count: int) -> list[dict[str, str]]:
    """Records as dictionaries."""
    assert all(len(column) == count for column in columns.values())
    values = {name: column.to_pylist() for name, column in columns.items()}
    return [{name: each[at] for name, each in values.items() if each[at] is not None} for at in range(count)]


def read(form: str, *texts: str, names: tuple[str, ...] = ()) -> list[dict[str, str]]:
    source = SourceFields(named(form), names)
    reader = source.reader(lambda: "\n".join(texts).encode())
    return rows(reader(pa.array(texts, pa.large_string())), len(texts))


COMBINED = (
    '192.0.2.1 - alice [10/Oct/2000:13:55:36 -0700] "GET /a/b.php?x=1&y=%20 HTTP/1.1" 200 2326 '
    '"http://example.com/?q=a" "Mozilla/5.0 (X11; Linux)"'
)
COMBINED_FIELDS = {
    "c-ip": "192.0.2.1",
    "cs-username": "alice",
    "cs-method": "GET",
    "cs-uri-stem": "/a/b.php",
    "cs-uri-query": "/a/b.php?x=1&y=%20",
    "cs-version": "HTTP/1.1",
    "sc-status": "200",
    "sc-bytes": "2326",
    "cs-referer": "http://example.com/?q=a",
    "cs-user-agent": "Mozilla/5.0 (X11; Linux)",
}
COMMON = '::1 - - [10/Oct/2000:13:55:36 -0700] "POST /x HTTP/1.0" 404 -'
ESCAPED = r'192.0.2.9 - bob smith [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 400 0 "-" "a \"quoted\" agent \\ here"'
VHOST = f"www.example.com:443 {COMBINED} 0.003"


def test_access_logs() -> None:
    given = read("access", COMBINED, COMMON, ESCAPED, VHOST, "no such line", COMBINED + "\nand more")

    assert given[0] == COMBINED_FIELDS
    assert given[1] == {
        "c-ip": "::1",
        "cs-method": "POST",
        "cs-uri-stem": "/x",
        "cs-uri-query": "/x",
        "cs-version": "HTTP/1.0",
        "sc-status": "404",
    }
    assert given[2] == {
        "c-ip": "192.0.2.9",
        "cs-username": "bob smith",
        "cs-uri-stem": r"\x16\x03\x01",
        "cs-uri-query": r"\x16\x03\x01",
        "sc-status": "400",
        "sc-bytes": "0",
        "cs-user-agent": r'a "quoted" agent \ here',
    }
    assert given[3] == {**COMBINED_FIELDS, "cs-host": "www.example.com"}
    assert given[4] == {}
    assert given[5] == COMBINED_FIELDS


@pytest.mark.parametrize(
    "line",
    [COMBINED.replace("Mozilla", '"'), COMBINED.replace('"GET', "GET"), COMBINED + '"', 'x"y "z', '"'],
)
def test_a_quote_out_of_place_stays_in_its_record(line: str) -> None:
    given = read("access", COMBINED, line, COMBINED)

    assert given[0] == given[2] == COMBINED_FIELDS


def test_w3c_logs_take_their_names_from_the_last_header() -> None:
    given = read(
        "w3c",
        "2024-05-01 00:00:00 GET",
        "#Software: Microsoft Internet Information Services 10.0",
        "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status",
        "2024-05-01 00:00:01 GET /index.html - 200",
        "2024-05-01 00:00:02 GET /short",
        "#Fields: date time cs(User-Agent) c-ip",
        '2024-05-01 00:00:03 "Mozilla 5.0" 192.0.2.1',
        "2024-05-01 00:00:04 Mozilla/5.0+(X) 192.0.2.2",
        names=("date", "time", "cs-method"),
    )

    assert given[0] == {"date": "2024-05-01", "time": "00:00:00", "cs-method": "GET"}
    assert given[1] == given[2] == given[4] == given[5] == {}
    assert given[3] == {
        "date": "2024-05-01",
        "time": "00:00:01",
        "cs-method": "GET",
        "cs-uri-stem": "/index.html",
        "sc-status": "200",
    }
    assert given[6]["cs(User-Agent)"] == "Mozilla 5.0"
    assert given[7] == {
        "date": "2024-05-01",
        "time": "00:00:04",
        "cs(User-Agent)": "Mozilla/5.0+(X)",
        "c-ip": "192.0.2.2",
    }


def test_the_header_of_one_block_holds_in_the_next() -> None:
    source = SourceFields(named("w3c"), ("a",))
    source.reader(lambda: b"1\n#Fields: b c\n2 3\n")
    second = source.reader(lambda: b"4 5\n")

    assert rows(second(pa.array(["4 5"], pa.large_string())), 1) == [{"b": "4", "c": "5"}]


def test_zeek_logs_leave_out_what_is_not_set() -> None:
    given = read(
        "zeek",
        "#separator \\x09",
        "#fields\tts\tuid\tid.orig_h\tquery\tanswers\tnote",
        "#types\ttime\tstring\taddr\tstring\tvector[string]\tstring",
        '1600000000.000001\tCx1\t10.0.0.1\t"a b\t1.2.3.4,5.6.7.8\t-',
        "1600000000.000002\tCx2\t10.0.0.2\t(empty)\t-\tweird name",
        "#close\t2020-09-13-12-26-40",
    )

    assert given[3] == {
        "ts": "1600000000.000001",
        "uid": "Cx1",
        "id.orig_h": "10.0.0.1",
        "query": '"a b',
        "answers": "1.2.3.4,5.6.7.8",
    }
    assert given[4] == {"ts": "1600000000.000002", "uid": "Cx2", "id.orig_h": "10.0.0.2", "note": "weird name"}
    assert given[0] == given[1] == given[2] == given[5] == {}


def test_pairs() -> None:
    given = read(
        "pairs",
        'time=2024-05-01T00:00:00Z level=info msg="it \\"was\\" here" user.name=bob empty= ',
        "Nov  1 00:00:00 fw kernel: [1.0] IN=eth0 OUT= MAC=aa:bb SRC=10.0.0.1 DST=10.0.0.2 LEN=60 DF PROTO=TCP SPT=1",
        'date=2024-05-01 devname="FG" srcip=10.0.0.1 action="deny" action="twice" url="/a=b?c=d"',
        "nothing here",
        "a=1,b=2;c=(d=3) x=y\nz=after",
    )

    assert given[0] == {
        "time": "2024-05-01T00:00:00Z",
        "level": "info",
        "msg": 'it "was" here',
        "user.name": "bob",
        "empty": "",
    }
    assert given[1] == {
        "IN": "eth0",
        "OUT": "",
        "MAC": "aa:bb",
        "SRC": "10.0.0.1",
        "DST": "10.0.0.2",
        "LEN": "60",
        "PROTO": "TCP",
        "SPT": "1",
    }
    assert given[2] == {
        "date": "2024-05-01",
        "devname": "FG",
        "srcip": "10.0.0.1",
        "action": "deny",
        "url": "/a=b?c=d",
    }
    assert given[3] == {}
    assert given[4] == {"a": "1", "b": "2", "c": "(d=3)", "x": "y", "z": "after"}


def test_audit_records() -> None:
    given = read(
        "audit",
        'type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no a0=7fff a1=0 comm="cat" '
        'exe="/bin/cat" key=(null)\x1dARCH=x86_64 SYSCALL=open AUID="alice"',
        'type=EXECVE msg=audit(1364481363.243:24287): argc=3 a0="sh" a1="-c" a2=6563686F206869',
        "type=PROCTITLE msg=audit(1364481363.243:24287): proctitle=636174002F6574632F736861646F77",
        "type=USER_AUTH msg=audit(1364475353.159:24270): pid=3280 uid=500 auid=500 "
        'msg=\'op=PAM:authentication acct="root" exe="/bin/su" hostname=? res=failed\'',
        "type=PATH msg=audit(1364481363.243:24288): item=0 name=2F746D702F6120622E747874 inode=4096 mode=040755",
    )

    assert given[0] == {
        "type": "SYSCALL",
        "msg_id": "1364481363.243:24287",
        "arch": "c000003e",
        "syscall": "2",
        "success": "no",
        "a0": "7fff",
        "a1": "0",
        "comm": "cat",
        "exe": "/bin/cat",
        "key": "(null)",
        "ARCH": "x86_64",
        "SYSCALL": "open",
        "AUID": "alice",
    }
    assert given[1] == {
        "type": "EXECVE",
        "msg_id": "1364481363.243:24287",
        "argc": "3",
        "a0": "sh",
        "a1": "-c",
        "a2": "echo hi",
    }
    assert given[2]["proctitle"] == "cat /etc/shadow"
    assert given[3] == {
        "type": "USER_AUTH",
        "msg_id": "1364475353.159:24270",
        "pid": "3280",
        "uid": "500",
        "auid": "500",
        "op": "PAM:authentication",
        "acct": "root",
        "exe": "/bin/su",
        "hostname": "?",
        "res": "failed",
    }
    assert given[4]["name"] == "/tmp/a b.txt"


def test_cef_and_leef() -> None:
    given = read(
        "cef",
        r"Sep 19 08:26:10 host CEF:0|Secur\|ity|threat=manager|1.0|100|worm stopped|10|src=10.0.0.1 dst=2.1.2.2 "
        r"msg=a text \= with blanks act=blocked a \\ path cs1Label=Rule cs1=one two",
        "LEEF:1.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.0\tdst=172.50.123.1\tmsg=a text",
        "LEEF:2.0|Vendor|Product|1|id|^|src=192.0.2.0^dst=172.50.123.1",
        "LEEF:2.0|Vendor|Product|1|id|0x7c|src=1|dst=2",
        "neither",
    )

    assert given[0] == {
        "DeviceVendor": "Secur|ity",
        "DeviceProduct": "threat=manager",
        "DeviceVersion": "1.0",
        "DeviceEventClassID": "100",
        "Name": "worm stopped",
        "Severity": "10",
        "src": "10.0.0.1",
        "dst": "2.1.2.2",
        "msg": "a text = with blanks",
        "act": r"blocked a \ path",
        "cs1Label": "Rule",
        "cs1": "one two",
    }
    head = {"DeviceVendor": "Microsoft", "DeviceProduct": "MSExchange", "DeviceVersion": "4.0 SP1", "EventID": "15345"}
    assert given[1] == {**head, "src": "192.0.2.0", "dst": "172.50.123.1", "msg": "a text"}
    assert (given[2]["src"], given[2]["dst"]) == ("192.0.2.0", "172.50.123.1")
    assert (given[3]["src"], given[3]["dst"]) == ("1", "2")
    assert given[4] == {}


def test_json_objects() -> None:
    given = read(
        "json",
        '{"a": "x", "n": 1, "f": 60.0, "t": true, "z": null, "l": [1, {"b": "é"}], "o": {"p": {"q": 2}, "r": "s"}}',
        '{"n": "text", "f": 1.5e-7, "t": 5, "o": "flat"}',
        "no object",
        "[1]",
        '{"id.orig_h": "10.0.0.1", "e": "", "o": {}}',
        '{"n": true, "big": 18446744073709551615}',
    )

    assert given == [
        {"a": "x", "n": "1", "f": "60", "t": "true", "l": '[1,{"b":"é"}]', "o.p.q": "2", "o.r": "s"},
        {"n": "text", "f": "0.00000015", "t": "5", "o": "flat"},
        {},
        {},
        {"id.orig_h": "10.0.0.1", "e": ""},
        {"n": "true", "big": "18446744073709551615"},
    ]


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e14, 1e14) | st.text(max_size=3)
DOCUMENTS = st.recursive(
    st.dictionaries(st.sampled_from(["a", "b", "c d", "é"]), SCALARS | st.lists(st.integers(0, 9), max_size=2)),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "x"]), inner, max_size=2),
    max_leaves=4,
)


def flattened(document: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """The members of an object, one by one."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            found |= flattened(value, f"{prefix}{name}.")
        elif value is not None:
            text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            if isinstance(value, float):
                text = format(__import__("decimal").Decimal(repr(value)), "f")
                text = (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
            found[prefix + name] = text
    return found


@given(documents=st.lists(DOCUMENTS, max_size=6))
def test_every_member_of_every_object_is_a_field(documents: list[dict[str, Any]]) -> None:
    texts = [json.dumps(each) for each in documents]

    assert rows(read_json(pa.array(texts, pa.large_string())), len(texts)) == [flattened(each) for each in documents]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.5, "1.5"),
        (1e21, "1" + "0" * 21),
        (1.25e20, "125" + "0" * 18),
        (-2.5e-7, "-0.00000025"),
    ],
)
def test_numbers_have_no_exponent(number: float, text: str) -> None:
    assert decimal(number) == text


SSHD = (
    (
        "Dec 10 06:55:46 LabSZ sshd[24200]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh "
        "ruser= rhost=173.234.31.186 "
    ),
    "Dec 10 06:55:46 LabSZ sshd[24200]: Invalid user webmaster from 173.234.31.186",
    "Dec 10 06:55:48 LabSZ sshd[24200]: Connection closed by 173.234.31.186 [preauth]",
)


@pytest.mark.parametrize(
    ("lines", "form"),
    [
        (('{"a": 1}', '{"b": 2}', "", '{"c": 3}'), "json"),
        (("#Software: x", "#Fields: date time", "2024-05-01 00:00:00"), "w3c"),
        (("#separator \\x09", "#fields\tts\tuid", "1\t2"), "zeek"),
        ((COMBINED, COMMON, ESCAPED, VHOST), "access"),
        (("type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e a=1",), "audit"),
        (("Sep 19 host CEF:0|a|b|c|d|e|f|g=h",), "cef"),
        (("LEEF:1.0|a|b|c|d|e=f",), "cef"),
        (("a=1 b=2 c=3", "a=1 b=2 c=3 d=4"), "pairs"),
        (SSHD, None),
        (("hello", "world"), None),
        (("", " "), None),
        ((), None),
        (('{"a": 1}', "text", "text"), None),
    ],
)
def test_the_form_is_that_of_most_lines(lines: tuple[str, ...], form: str | None) -> None:
    found = choose(lines)

    assert (found.name if found else None) == form


def test_every_form_has_a_name_and_a_way_to_be_told() -> None:
    assert len({form.name for form in FORMS}) == len(FORMS)
    assert all((form.fits is None) == (form.headed is not None) == (form.read is None) for form in FORMS)


def test_columns() -> None:
    import numpy as np

    one = spread(pa.array(["a", None, "b"]), np.array([0, 2, 3]), 5)
    other = spread(pa.array(["b", "c"]), np.array([1, 2]), 5)

    assert one.to_pylist() == ["a", None, None, "b", None]
    assert merged(one, other).to_pylist() == ["a", "b", "c", "b", None]
    assert sorted(merged(one, other).dictionary.to_pylist()) == ["a", "b", "c"]
    assert {
        name: column.to_pylist() for name, column in from_pairs(["x", "x"], ["1", "2"], np.array([1, 1]), 2).items()
    } == {"x": [None, "1"]}
    assert from_pairs([], [], np.array([], np.int64), 3) == {}


ODD = st.text(st.sampled_from("a=\"\\'{}[]:,|# \t\n\r\0\x1d.é0F"), max_size=12)
NEAR = st.sampled_from(
    [COMBINED, ESCAPED, SSHD[0], '{"a":1}', "#Fields: a b", "x y", "#fields\ta\tb", "p\tq", "a=1 b=2 c=3"]
)


@given(form=st.sampled_from([each.name for each in FORMS]), texts=st.lists(ODD | NEAR, min_size=1, max_size=8))
def test_whatever_stands_in_a_record_stays_its_own(form: str, texts: list[str]) -> None:
    """No text is too odd, and what is beside a record without a header changes none of its fields."""
    together = read(form, *texts)

    assert len(together) == len(texts)
    if named(form).headed is None:
        assert together == [read(form, text)[0] for text in texts]


def test_too_many_names_are_no_names() -> None:
    import numpy as np

    count = 100_000
    names = [f"n{number}" for number in range(count)] + ["often"] * count
    owners = np.concatenate((np.arange(count), np.arange(count)))

    found = from_pairs(names, names, owners, count)

    assert len(found) == 256
    assert found["often"].null_count == 0
