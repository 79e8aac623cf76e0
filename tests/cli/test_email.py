"""Mail through the real program: import, ``email search`` and ``email count``. Values are those of the specification
(4.11, 7.15) or read off the messages by hand.
"""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.mails import EXAMPLE, JAPANESE, NESTED, NO_DATE, mbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

SUBJECT = "定期メンテナンス 30日です"


def answer(run: Run, *arguments: str | Path, code: int = 0) -> Any:
    done = run(*arguments, "--format", "json")
    assert done.code == code, done.err
    return json.loads(done.text)


def rows(run: Run, *arguments: str | Path, columns: str = "subject") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer(run, "email", "search", "--columns", columns, *arguments)["rows"]
    return found


def counted(run: Run, what: str, *arguments: str) -> dict[str, int]:
    found = answer(run, "email", "count", "--emailCountBy", what, *arguments)["rows"]
    return {row["key"]: row["count"] for row in found}


@pytest.fixture
def box(run: Run, tmp_path: Path) -> Path:
    """A store of one mbox, and of a log that is no mail."""
    (tmp_path / "box").write_bytes(mbox(EXAMPLE, JAPANESE, NO_DATE, NESTED))
    log = "2024-01-01 10:00:00 From: x To: y Subject: Greetings\n2024-01-01 10:00:01 Server: a\n at: b\n"
    (tmp_path / "app.log").write_text(log)
    assert run("import", "box", "app.log").code == 0
    return tmp_path


def test_the_worked_example(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(EXAMPLE)
    run("import", "a.eml")

    shown = run("email", "search", "--tz", "Asia/Tokyo").lines
    (row,) = rows(run, columns="ts,from,to,domain,delay,relay,sender_ip,return_path")

    assert shown == [
        "Time\tFrom\tSubject\tDelay\tRelay\tSPF",
        "2024-01-01T10:00:00+09:00\tTaro <taro@example.com>\tGreetings\t30s\t2\t",
    ]
    assert row == {
        "ts": "2024-01-01T01:00:00Z",
        "from": "Taro <taro@example.com>",
        "to": "<hanako@example.org>",
        "domain": "mail.example.com",
        "delay": 30_000_000_000,
        "relay": 2,
        "sender_ip": "203.0.113.5",
        "return_path": "<bounce@mail.example.com>",
    }


def test_the_trace_tells_each_hop(run: Run, box: Path) -> None:
    (row,) = rows(run, "-f", "Greetings", columns="trace")

    stamps = ("Mon, 01 Jan 2024 10:00:30 +0900", "Mon, 01 Jan 2024 10:00:10 +0900 (JST)")
    assert row["trace"].splitlines() == [
        "Subject: Greetings",
        "From: Taro <taro@example.com>",
        "To: <hanako@example.org>",
        "Return-Path: <bounce@mail.example.com>",
        "Domain: mail.example.com",
        f"Received[0]: 30s; from mx.example.net (mx.example.net [198.51.100.7]) by inbox.example.org; {stamps[0]}",
        f"Received[1]: 10s; from client.example.com (unknown [203.0.113.5]) by mx.example.net with ESMTP; {stamps[1]}",
        "Received[2]: 5s; (qmail 123 invoked by uid 0); 1 Jan 2024 10:00:05 +0900",
        "SPF-List: ",
        "SPF: ",
    ]


def test_an_mbox_becomes_its_messages_and_nothing_is_lost(run: Run, tmp_path: Path) -> None:
    data = mbox(EXAMPLE, JAPANESE, NO_DATE, NESTED)
    (tmp_path / "box").write_bytes(data)

    report = answer(run, "import", "box")

    assert report["facts"]["lines"] == data.count(b"\n")
    assert report["facts"]["lines_add_up"] is True
    assert (report["facts"]["records"], report["facts"]["undated"]) == (4, 1)
    assert report["notes"] == [
        "box: 1 message has no Date that can be read, and the time of the first Received field that has one"
    ]
    texts = answer(run, "search", "--columns", "offset,text")["rows"]
    assert b"\n".join(row["text"].encode() for row in sorted(texts, key=lambda row: row["offset"])) + b"\n" == data
    listed = rows(run, columns="ts,subject,line_no")
    assert [(row["ts"], row["subject"]) for row in listed] == [
        ("2024-01-01T01:00:00Z", "Greetings"),
        ("2024-01-02T00:00:00Z", SUBJECT),
        ("2024-01-03T00:00:05Z", "=?x-unknown?Q?raw?="),
        (None, "Fwd"),
    ]


def test_crlf_makes_no_difference_to_what_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(EXAMPLE, JAPANESE, NO_DATE, NESTED))
    (tmp_path / "dos").write_bytes(mbox(EXAMPLE, JAPANESE, NO_DATE, NESTED, end=b"\r\n"))
    columns = "ts,from,to,subject,delay,relay,sender_ip,trace,text"
    run("import", "-d", "a.db", "box")
    run("import", "-d", "b.db", "dos")

    assert rows(run, "-d", "a.db", columns=columns) == rows(run, "-d", "b.db", columns=columns)


def test_compressed_and_packed_messages_are_mail(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.eml.gz").write_bytes(gzip.compress(EXAMPLE))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as packed:
        packed.writestr("in/b.eml", JAPANESE)
        packed.writestr("in/c.eml", b"Subject: only this\n\nx")

    run("import", "a.eml.gz", "b.zip")

    assert [row["subject"] for row in rows(run)] == ["Greetings", SUBJECT, "only this"]


def test_the_same_mail_again_changes_nothing_and_a_grown_box_adds_its_messages(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(EXAMPLE))
    run("import", "box")
    assert answer(run, "import", "box")["facts"]["records"] == 0
    (tmp_path / "box").write_bytes(mbox(EXAMPLE, JAPANESE, NESTED))

    grown = answer(run, "import", "box")

    assert grown["facts"]["records"] == 2
    assert [row["subject"] for row in rows(run)] == ["Greetings", SUBJECT, "Fwd"]


def test_a_file_can_be_read_as_mail_or_as_text_whatever_it_looks_like(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"X-Strange: 1\nDate: Mon, 01 Jan 2024 10:00:00 +0900\n\n\0body\n")
    (tmp_path / "b.eml").write_bytes(EXAMPLE)
    run("import", "-d", "a.db", "--input-format", "mail", "a")
    run("import", "-d", "b.db", "--input-format", "text", "--multiline", "off", "b.eml")

    assert [row["ts"] for row in rows(run, "-d", "a.db", columns="ts")] == ["2024-01-01T01:00:00Z"]
    assert run("-d", "b.db", "search", "--count").lines == [str(EXAMPLE.count(b"\n"))]


def test_inspect_knows_mail(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(EXAMPLE, NESTED))

    found = {row["what"]: row["value"] for row in answer(run, "inspect", "box")["rows"]}

    assert found["format"] == "mail"
    assert found["stamps"] == "Date field of each message"
    assert found["multiline"] == "message"
    assert (found["records"], found["undated_records"]) == ("2", "1")
    assert "suggestion" not in found


@pytest.mark.parametrize(
    ("arguments", "subjects"),
    [
        (["30日です"], [SUBJECT]),
        (["山田太郎"], [SUBJECT]),
        (["^30日です", "^Fwd", "^raw"], ["Greetings"]),
        (["-r", r"Received\[1\]: 10s;"], ["Greetings"]),
        (["-f", "Domain: mail.example.com"], ["Greetings"]),
        (["-f", "Hello"], ["Greetings"]),
        (["-i", "greetings"], ["Greetings"]),
        (["-t", "2024-01-02,1d"], [SUBJECT]),
        (["-v", "."], []),
        (["--sort", "delay:desc"], [SUBJECT, "Greetings", "=?x-unknown?Q?raw?=", "Fwd"]),
    ],
)
def test_filters_look_at_what_was_decoded(run: Run, box: Path, arguments: list[str], subjects: list[str]) -> None:
    assert [row["subject"] for row in rows(run, *arguments)] == subjects


def test_what_is_no_mail_is_left_out_and_counted(run: Run, box: Path) -> None:
    found = answer(run, "email", "search")

    assert found["facts"] == {"hits": 4, "mails": 4, "records": 6}
    assert found["notes"] == ["2 records are no mail and were left out"]


def test_the_further_records_of_a_long_mail_are_no_mails(run: Run, tmp_path: Path) -> None:
    body = b"Subject: a line of the body\nFrom: another\n" * 15_000
    (tmp_path / "box").write_bytes(mbox(EXAMPLE + body, JAPANESE))
    (tmp_path / "a.eml").write_bytes(NO_DATE + body)
    assert answer(run, "import", "box", "a.eml")["facts"]["lines_add_up"] is True

    found = answer(run, "email", "search", "--columns", "subject,ts")

    assert [row["subject"] for row in found["rows"]] == ["Greetings", SUBJECT, "=?x-unknown?Q?raw?="]
    pieces = found["facts"]["records"] - 3
    assert pieces == 6  # 30,000 lines and a header, twice, in records of 10,000 lines
    assert found["notes"] == ["6 records go on with a mail longer than a record and were not looked at"]
    assert run("search", "--count", "-t", "2024-01-01,23h").lines == ["4"]  # the first mail and its pieces


def test_the_trace_can_be_shown_of_a_row_and_rows_paged_and_sorted(run: Run, box: Path) -> None:
    from twsla.analysis.email_search import EmailSearchOptions, email_search
    from twsla.model.filters import FilterSet, simple_filter
    from twsla.model.query import Query
    from twsla.progress import Silent
    from twsla.query.engine import Engine
    from twsla.store.store import Store

    query = Query(filters=FilterSet((simple_filter("山田太郎"),)))
    engine = Engine(Store.open(box / "twsla.db"), query)
    result = email_search(engine, EmailSearchOptions(), Silent())
    (row,) = result.rows.slice(0, 10).to_pylist()
    (action,) = result.actions
    shown = action.run(row, Silent())
    backwards = result.rows.sorted("subject", descending=True)

    assert isinstance(shown, str)
    assert shown.startswith("From someone@example.com")
    assert f"\n-------\nSubject: {SUBJECT}\n" in shown
    assert len(backwards) == 1
    assert [batch.num_rows for batch in backwards.batches()] == [1]
    engine.close()


def test_what_servers_said_of_a_mail(run: Run, box: Path) -> None:
    (row,) = rows(run, "-f", "yamada", columns="auth,auth_spf,dkim,dmarc,to,message_id")

    assert row == {
        "auth": "spf=pass dkim=fail dmarc=none",
        "auth_spf": "pass",
        "dkim": "fail",
        "dmarc": "none",
        "to": "<a@example.org>,B, C <bc@example.org>",
        "message_id": "<1@example.jp>",
    }


@pytest.mark.parametrize(
    ("what", "counts"),
    [
        (
            "from",
            {
                "Taro <taro@example.com>": 1,
                "山田太郎 <yamada@example.jp>": 1,
                "<nobody>": 1,
                "<outer@example.com>": 1,
            },
        ),
        ("to", {"<hanako@example.org>": 1, "<a@example.org>,B, C <bc@example.org>": 1}),
        ("subject", {"Greetings": 1, SUBJECT: 1, "=?x-unknown?Q?raw?=": 1, "Fwd": 1}),
        ("ip", {"203.0.113.5": 1, "192.0.2.10": 1, "10.1.2.3": 1}),
        ("domain", {"mail.example.com": 1, "example.jp": 1, "example.com": 1}),
        ("x-mailer", {"Handmade 1": 1}),
        ("Content-Type", {"message/rfc822": 1}),
        ("X-None", {}),
    ],
)
def test_counts_by_what_headers_say(run: Run, box: Path, what: str, counts: dict[str, int]) -> None:
    assert counted(run, what) == counts


def test_a_matrix_is_of_senders_and_recipients(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(EXAMPLE, EXAMPLE, NESTED))
    run("import", "box")

    done = run("email", "count", "--email-count-by", "matrix", "--format", "csv")

    assert done.lines == [
        "From->To,Count",
        "Taro <taro@example.com>=><hanako@example.org>,2",
        "<outer@example.com>=>,1",
    ]


def test_counts_by_time_say_how_many_have_none(run: Run, box: Path) -> None:
    found = answer(run, "email", "count", "-i", "1d")

    assert [(row["time"], row["count"]) for row in found["rows"]] == [
        ("2024-01-01T00:00:00Z", 1),
        ("2024-01-02T00:00:00Z", 1),
        ("2024-01-03T00:00:00Z", 1),
    ]
    assert found["facts"]["hits"] == 3
    assert found["notes"][0] == "1 mail without a time is in no bucket and not counted"
    assert len(answer(run, "email", "count", "-i", "12h", "--fill")["rows"]) == 5


def test_the_most_frequent_only(run: Run, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(mbox(EXAMPLE, EXAMPLE, NESTED, JAPANESE))
    run("import", "box")

    found = answer(run, "email", "count", "--email-count-by", "subject", "--top", "1")

    assert found["rows"] == [{"key": "Greetings", "count": 2}]
    assert "the other 2 have 2 of the 4 hits" in found["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["email"], "'twsla email' is not a command by itself"),
        (["email", "send"], "there is no command 'email send'"),
        (["email", "count", "--email-count-by", "a b"], "is no name of a header field"),
        (["email", "count", "--top", "3"], "--top is about values"),
        (["email", "count", "--email-count-by", "to", "--fill"], "--fill is for counts by time"),
        (["email", "search", "--check-spf", "--resolver", "x"], "is not an address of a name server"),
        (["email", "search", "--check-spf", "--dns-timeout", "0"], "not a number of seconds above 0"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_sentence(run: Run, box: Path, arguments: list[str], words: str) -> None:
    done = run(*arguments)

    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_store_without_mail_and_one_without_records(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("2024-01-01 10:00:00 Subject: x\n")
    (tmp_path / "empty.log").write_bytes(b"")
    run("import", "-d", "a.db", "a.log")
    run("import", "-d", "e.db", "empty.log")

    assert answer(run, "-d", "a.db", "email", "search")["notes"] == ["1 record is no mail and was left out"]
    assert counted(run, "subject", "-d", "a.db") == {}
    assert answer(run, "-d", "e.db", "email", "count")["rows"] == []


def test_any_bytes_can_be_read_as_mail(run: Run, tmp_path: Path) -> None:
    rng = random.Random(5)
    parts = (
        *(b"From: a@b", b"From a@b Mon Jan  1 10:00:00 2024", b"Date: 1 Jan 2024 10:00 +0000", b"Received: x; y"),
        *(b"\n", b"\n\n", b"\r\n", b"\r", b"\0", b"\xff\xfe", b"\x1b$B0l\x1b(B", b" folded", b"\x82\xa0"),
    )
    expected = {}
    for number in range(60):
        data = b"".join(rng.choice((*parts, rng.randbytes(5))) for _ in range(rng.randint(1, 60)))
        if number % 10 == 0:
            data = data.decode("latin-1").encode(rng.choice(("utf-16", "utf-16-le", "utf-32")))
        (tmp_path / f"{number:02}.eml").write_bytes(data)
        expected[f"{number:02}.eml"] = data

    report = answer(run, "import", "--input-format", "mail", "--again", *expected)

    assert report["facts"]["lines_add_up"] is True
    records = answer(run, "search", "--columns", "source,offset")["rows"]
    for name, data in expected.items():
        offsets = sorted(row["offset"] for row in records if row["source"] == name)
        assert offsets[0] == 0
        assert all(0 <= offset < len(data) for offset in offsets)
    assert run("email", "search").code == 0


def test_hostile_mails_are_data(run: Run, tmp_path: Path) -> None:
    nasty = (
        b"From: " + b"(" * 50_000 + b"\nTo: " + b"a@b," * 20_000 + b"\n"
        b"Received: from " + b"1.2.3." * 20_000 + b";" * 1000 + b"\n"
        b"Received: from x [999.1.1.1] [127.0.0.1] [IPv6:2001:db8::7] by y\n"
        b"Subject: =?utf-7?Q?+2AA-?= \x1b]0;t\x07 =?utf-8?B?AAAA?=\nDate: " + b"9" * 5000 + b"\n\n"
    )
    (tmp_path / "n.eml").write_bytes(nasty)
    (tmp_path / "m.eml").write_bytes(b"Subject: =?a?q?" * 9000 + b"\nX: \xff\xfe\0\n: \nFrom\n")
    assert run("import", "n.eml", "m.eml").code == 0

    found = {row["source"]: row for row in rows(run, columns="source,subject,sender_ip,to,from,delay")}

    assert found["n.eml"]["sender_ip"] == "2001:db8::7"
    assert found["n.eml"]["to"].count("<a@b>") == 20_000
    assert found["n.eml"]["from"] is None
    assert found["m.eml"]["delay"] is None
    assert "\x1b" not in run("email", "search", "--format", "table").text
