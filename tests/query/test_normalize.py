"""Normalised texts against the rules said once more in plain Python, and against figures of the original program."""

from __future__ import annotations

import random
import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from twsla.model.query import Query
from twsla.query import stamps
from twsla.query.engine import Engine
from twsla.query.normalize import RULES, _applied, count_normalized, normalized_key
from twsla.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Run

SHARED = ROOT.parent / "shared" / "data"
SYSLOG = SHARED / "twsla" / "syslog.log"

# --- the rules once more -------------------------------------------------------------------------------------


def after_the_stamp(text: str) -> str:
    """The rules from the second on."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "#UUID#", text)
    text = re.sub(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Z|a-z]{2,}\b", "#EMAIL#", text, flags=re.ASCII)
    text = re.sub(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", "#IP#", text, flags=re.ASCII)
    text = re.sub(r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b", "#MAC#", text, flags=re.ASCII)
    return re.sub(r"\b-?\d+(\.\d+)?\b", "#NUM#", text, flags=re.ASCII)


def by_the_same_stamps(text: str) -> str:
    """All rules in Python, with the program's own expression for stamps."""

    def ends(re2: str) -> str:
        return re2.replace("$)", r"\Z)")

    text = re.sub(ends(RULES[0][1]), "#TIMESTAMP#", text, count=1, flags=re.ASCII)
    text = re.sub("#TIMESTAMP#" + ends(stamps.IN_TEXT.comma), r"#TIMESTAMP#\1", text, count=1, flags=re.ASCII)
    return after_the_stamp(text)


STAMPS_OF_SYSTEMS = {
    "BGL": r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d PDT \d{4}",
    "Apache": r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \d{4}",
    "Hadoop": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}",
    "HPC": r"^(\d{9,10}|\d{12,13})\b",
    "Linux": r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d",
    "OpenSSH": r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d",
    "Windows": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "Zookeeper": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}",
}

# --- stores --------------------------------------------------------------------------------------------------


@contextmanager
def opened(store: Path) -> Iterator[Engine]:
    engine = Engine(Store.open(store), Query())
    try:
        yield engine
    finally:
        engine.close()


def pairs(engine: Engine) -> list[tuple[str, str]]:
    key = normalized_key(engine)
    found: list[tuple[str, str]] = engine.fetch(f"SELECT text, {key.expression} FROM records {key.join}")
    return found


@pytest.fixture
def stored(run: Run, tmp_path: Path) -> Callable[[Sequence[str]], Path]:
    """Writes lines to a log and gives the store of it, a record a line."""

    def make(lines: Sequence[str]) -> Path:
        log = tmp_path / "lines.log"
        log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        done = run("-d", "lines.db", "import", "--multiline", "off", log)
        assert done.code == 0, done.err
        return tmp_path / "lines.db"

    return make


# --- the rules -----------------------------------------------------------------------------------------------

EXAMPLES = [
    ("May  4 10:30:00 host connection from 192.168.1.1", "#TIMESTAMP# host connection from #IP#"),
    (
        "2026-05-04T10:30:00Z error in session 550e8400-e29b-41d4-a716-446655440000",
        "#TIMESTAMP# error in session #UUID#",
    ),
    ("Email to test@example.com for user 123", "Email to #EMAIL# for user #NUM#"),
    ("MAC address is 00:11:22:33:44:55", "MAC address is #MAC#"),
    (
        "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: failure; uid=0 tty=NODEVssh ruser= rhost=218.188.2.4",
        "#TIMESTAMP# combo sshd(pam_unix)[#NUM#]: failure; uid=#NUM# tty=NODEVssh ruser= rhost=#IP#",
    ),
    ("temp=-12.5 load 0.01 x86_64 eth0 id=ab12", "temp=-#NUM# load #NUM# x86_64 eth0 id=ab12"),
    ("Jun 14 15:16:01 app[12]: took 12ms", "#TIMESTAMP# app[#NUM#]: took 12ms"),
    ("v1.22.0 on 2001:db8::1", "v1.#NUM# on #NUM#:db8::#NUM#"),
    ("999.999.999.999 and 1234.1.1.1", "#IP# and #NUM#.#NUM#"),
    ("1.2.3.4.5 a1.2.3.4.5 12.5ms 3-4 - -5", "#IP#.#NUM# a1.#IP# #NUM#.5ms #NUM##NUM# - -#NUM#"),
    ("00:11:22:33:44:55 00-11-22-33-44-55, 00:11:22", "#MAC# #MAC#, #NUM#:#NUM#:#NUM#"),
    ("550E8400-E29B-41D4-A716-446655440000", "550E8400-E29B-41D4-A716#NUM#"),
    ("first 2024-05-01 10:00:00 then 2024-05-01 10:00:01", "first #TIMESTAMP# then #NUM##NUM##NUM# #NUM#:#NUM#:#NUM#"),
]
WHOLE_STAMPS = [
    "2022/12/26 5:48:00",
    "Oct 09 00:36:03 2022",
    "Sun Dec 04 04:47:44 2005",
    "Jan  2 15:04:05 2006",
    "Mon Jan  2 15:04:05 MST 2006",
    "Mon Jan 02 15:04:05 -0700 2006",
    "02 Jan 06 15:04 MST",
    "02 Jan 06 15:04 -0700",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 -0700",
    "2006-01-02T15:04:05Z",
    "2006-01-02T15:04:05.999999999Z",
    "04/May/2026:10:30:00 +0900",
    "04/May/2026:10:30:00",
    "Jun 14 15:16:01",
    "2006-01-02T15:04:05.999-07:00",
    "2006-01-02T15:04:05-0700",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04:05.123",
    "2006-01-02 15:04:05,123",
    "2006/01/02 15:04:05",
    "2006-01-02T15:04:05.9",
    "Jan 02 2006 15:04:05",
    "2006-1-2 15:04:05",
    "02/01/2006 15:04:05,99999",
    "1-2-2006 15:04:05.99999",
    "02-Jan-2006 15:04:05.999",
    "2006:01:02-15:04:05",
    "1136473445.99",
    "1136473445",
    "113647344599",
    "1136473445999",
    "131359452450000000",
    "1136473445000000000",
]
"""Every form of section 3.3 of the original's behaviour."""


def test_the_worked_examples(stored: Callable[[Sequence[str]], Path]) -> None:
    with opened(stored([text for text, _ in EXAMPLES])) as engine:
        assert dict(pairs(engine)) == dict(EXAMPLES)


def test_stamps_are_taken_whole(stored: Callable[[Sequence[str]], Path]) -> None:
    lines = [f"{stamp} host x" for stamp in WHOLE_STAMPS]
    lines += [f"[{stamp}] host x" for stamp in WHOLE_STAMPS if not stamp.isdigit() and stamp[10:11] != "."]

    with opened(stored(lines)) as engine:
        found = pairs(engine)

    assert [text for text, key in found if key not in ("#TIMESTAMP# host x", "[#TIMESTAMP#] host x")] == []


def test_what_follows_a_stamp_is_not_taken_for_a_part_of_it(stored: Callable[[Sequence[str]], Path]) -> None:
    lines = {
        "2006/01/02 15:04:05,7,9": "#TIMESTAMP#,#NUM#,#NUM#",
        "2006/01/02 15:04:05,1.2.3.4": "#TIMESTAMP#,#IP#",
        "Jun 14 15:16:01 12345 x": "#TIMESTAMP# #NUM# x",
        "Jun 14 15:16:01 -5 degrees": "#TIMESTAMP# -#NUM# degrees",
        "12345678 x": "#NUM# x",
        "12345678901 x": "#NUM# x",
    }

    with opened(stored(list(lines))) as engine:
        assert dict(pairs(engine)) == lines


# --- texts and shapes give the same ----------------------------------------------------------------------------

BITS = (
    "Jan", "Mon ", "Feb  2 ", "10:11:12", "1:2:3", ":", "-", ".", ",", " ", "  ", "/", "@", "_", "T", "Z", "x", "ab",
    "ssh2", "eth0", "e", "0", "7", "12", "123", "1234", "00012", "2024", "1.2.3.4", "11.22.33.444", "1.2.3.4444",
    "9999.1.1.1", "+0900", " +09", "UTC", " 2024-01-02 ", "2024/01/02 ", "a@b.co", "x1@c2.de", "00:11:22:33:44:55",
    "ab-cd", "550e8400-e29b-41d4-a716-446655440000", "1136473445", "1136473445.5", "131359452450000000", "é", "日本",
    "#NUM#", "#IP#1", "[", "]", "=", "12ms", "3.5s", "-12", "Jun 14 15:16:01 ", "1-2-3 4:5:6", "٣",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(BITS), min_size=1, max_size=12).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_the_rules_in_sql_equal_the_rules_in_python(texts: list[str]) -> None:
    sql = _applied(RULES, stamps.IN_TEXT.comma, "text")
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(f"SELECT {sql} FROM (SELECT unnest($texts) AS text)", {"texts": texts}).fetchall()

    assert [key for (key,) in found] == [by_the_same_stamps(text) for text in texts]


def alike(random_: random.Random, text: str) -> str:
    """The text with other numbers, mostly of the same length."""

    def other(run: re.Match[str]) -> str:
        length = len(run[0]) if random_.random() < 0.9 else random_.randint(1, 10)
        return run[0] if random_.random() < 0.5 else "".join(random_.choices("0123456789", k=length))

    return re.sub("[0-9]+", other, text)


@pytest.mark.parametrize("seed", range(3))
def test_shapes_decide_as_the_rules_would(stored: Callable[[Sequence[str]], Path], seed: int) -> None:
    random_ = random.Random(seed)
    lines = []
    for _ in range(800):
        text = "".join(random_.choices(BITS, k=random_.randint(1, 12))).strip() or "x"
        lines += [alike(random_, text) for _ in range(random_.randint(1, 24))]

    with opened(stored(lines)) as engine:
        found = pairs(engine)
        key = normalized_key(engine)
        (decided,) = engine.fetch(f"SELECT count({key.join.split()[2]}.normalized) FROM records {key.join}")[0]

    assert len(found) == len(lines)
    assert [(text, key) for text, key in found if key != by_the_same_stamps(text)] == []
    assert decided > len(lines) / 4  # else the test would say nothing about shapes


def test_files_without_shapes_give_the_same(stored: Callable[[Sequence[str]], Path]) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [f"{letters[i % 26]}{letters[i // 26 % 26]}{letters[i // 676]}q from 10.0.0.{i % 250}" for i in range(9000)]
    store = stored(lines)

    with opened(store) as engine:
        assert normalized_key(engine).join == ""
        assert all(key == by_the_same_stamps(text) for text, key in pairs(engine))


# --- real logs -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared logs are not here")
def test_real_logs_equal_the_rules_in_python(run: Run, tmp_path: Path) -> None:
    run("-d", "x.db", "import", "--multiline", "off", *(SHARED / "loghub").glob("*/*_2k.log"))

    with opened(tmp_path / "x.db") as engine:
        key = normalized_key(engine)
        found = engine.fetch(f"SELECT source, text, {key.expression} FROM records {key.join}")

    wrong = []
    for source, text, found_key in found:
        stamp = STAMPS_OF_SYSTEMS.get(source.rpartition("/")[2].removesuffix("_2k.log"), "(?!)")
        wanted = after_the_stamp(re.sub(stamp, "#TIMESTAMP#", text, count=1, flags=re.ASCII))
        wrong += [(text, found_key)] if found_key != wanted else []
    assert wrong == []
    assert len(found) == 20_000


@pytest.mark.skipif(not SYSLOG.is_file(), reason="the shared logs are not here")
def test_the_sample_gives_the_keys_of_the_original(run: Run, tmp_path: Path) -> None:
    run("-d", "x.db", "import", SYSLOG)

    with opened(tmp_path / "x.db") as engine:
        counted = count_normalized(engine).to_pylist()

    assert len(counted) == 175
    assert counted[0] == {
        "key": "#TIMESTAMP# combo sshd(pam_unix)[#NUM#]: authentication failure; logname= uid=#NUM# euid=#NUM# "
        "tty=NODEVssh ruser= rhost=#IP#  user=root",
        "count": 239,
    }
    lines = SYSLOG.read_text().splitlines()
    wanted = Counter(after_the_stamp(re.sub(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d", "#TIMESTAMP#", line)) for line in lines)
    assert {row["key"]: row["count"] for row in counted} == wanted
    assert [(-row["count"], row["key"]) for row in counted] == sorted((-n, key) for key, n in wanted.items())
