"""The worked examples of the specification for ``count`` and ``extract``, through the real program."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.analysis.commands import answered, refused, store_of
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

SAMPLE = ROOT.parent / "shared" / "data" / "twsla" / "syslog.log"
YEAR = 2026
ROOT_FAILED = (
    "#TIMESTAMP# combo sshd(pam_unix)[#NUM#]: authentication failure; logname= uid=#NUM# euid=#NUM# "
    "tty=NODEVssh ruser= rhost=#IP#  user=root"
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the original's sample log, whose stamps have no year; it is told to be that of the examples."""
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE} is not here")
    folder = tmp_path_factory.mktemp("sample")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
    command = [sys.executable, "-m", "twsla", "-d", "s.db", "import", "--year", str(YEAR), str(SAMPLE)]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder / "s.db"


def facts(err: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in err.splitlines() if not line.startswith("twsla: "))


def test_count_by_hour(run: Run, sample: Path) -> None:
    done = run("count", "-d", sample, "--format", "csv")

    counts = {row[0]: int(row[1]) for row in (line.split(",") for line in done.lines[1:])}
    assert done.lines[0] == "Time,Count,Delta,Delta(sec)"
    assert done.lines[1:3] == [f"{YEAR}/06/14 15:00,3,0s,0", f"{YEAR}/06/15 02:00,10,11h0m0s,39600"]
    assert (len(counts), sum(counts.values())) == (148, 2000)
    largest = sorted(counts.items(), key=lambda row: -row[1])[:3]
    assert largest == [(f"{YEAR}/07/27 14:00", 93), (f"{YEAR}/07/10 16:00", 90), (f"{YEAR}/06/30 20:00", 51)]
    assert facts(done.err)["Mean delta"] == "7h0m48s"


@pytest.mark.parametrize(
    ("arguments", "keys", "hits", "first"),
    [
        (
            ["-e", "ip"], 68, 1245,
            ["150.183.249.110,80", "203.101.45.59,46", "207.30.238.8,46", "211.72.151.162,44", "211.107.232.1,41"],
        ),
        (["-e", "rhost=%{word}"], 47, 489, ["150.183.249.110,80"]),
        (["-e", "user=%{word}"], 3, 372, ["root,351", "guest,17", "test,4"]),
        (["-e", "email"], 1, 1, ["bhcompile@bugs.build.redhat.com,1"]),
        (
            ["-e", "normalize"], 175, 2000,
            [f"{ROOT_FAILED},239"],
        ),
        (
            ["-e", "word"], 2684, 25_206,
            ["jul,2143", "combo,2000", "from,936", "connection,926", "at,912", "2005,910", "jun,767", "uid=0,576"],
        ),
        (["-e", "field", "-p", "4"], 1580, 2000, ["kernel:,76", "logrotate:,43"]),
    ],
)  # fmt: skip
def test_count_by_key(run: Run, sample: Path, arguments: list[str], keys: int, hits: int, first: list[str]) -> None:
    done = run("count", "-d", sample, "--format", "csv", *arguments)

    assert done.lines[1 : len(first) + 1] == first
    assert len(done.lines) - 1 == keys
    told = facts(done.err)
    assert (told["Keys"], told["Hits"], told["Records"]) == (f"{keys:,}", f"{hits:,}", "2,000")


def test_the_mean_of_addresses(run: Run, sample: Path) -> None:
    assert facts(run("count", "-d", sample, "-e", "ip").err)["Mean"] == "18.309"


def test_extract_lists_each_value(run: Run, sample: Path) -> None:
    done = run("extract", "-d", sample, "-e", "uid=%{number}", "-n", "UID", "--format", "csv")

    expected = subprocess.run(
        ["grep", "-cE", "uid=[0-9]", str(SAMPLE)], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert done.lines[0] == "Time,UID,Delta,PS"
    assert str(len(done.lines) - 1) == expected


# --- docs/count.md ----------------------------------------------------------------------------------------------------


def test_the_examples_of_the_documentation_are_what_is_printed(run: Run) -> None:
    page = (ROOT / "docs" / "count.md").read_text("utf-8")
    assert run("-d", "case.db", "import", ROOT / "testdata" / "logs").code == 0

    blocks = re.findall(r"```console\n\$ twsla (.*?)\n(.*?)```", page, re.DOTALL)

    assert len(blocks) == 5
    for command, printed in blocks:
        assert run(*shlex.split(command), "-d", "case.db").text == printed, command


# --- 7.3: each text is a record ---------------------------------------------------------------------------------------

UPPER_UUID = "id 550E8400-E29B-41D4-A716-446655440000"
EXTRACTED = [
    (["-e", "ip"], "Connection from 192.168.1.1 to 10.0.0.2", "192.168.1.1"),
    (["-e", "ip", "-p", "2"], "Connection from 192.168.1.1 to 10.0.0.2", "10.0.0.2"),
    (["-e", "ip", "-p", "2"], "only 1.2.3.4", None),
    (["-e", "number"], "Value is 123.45", "123.45"),
    (["-e", "number"], "a-b", None),
    (["-e", "number", "-p", "2"], "Values are 123.45 and 67.89", "67.89"),
    (["-e", "number", "-p", "2"], "uid=0 euid=-1", "-1"),
    (["-e", "email"], "Email to test@example.com.", "test@example.com"),
    (["-e", "%{word} is 100"], "Price is 100", "Price"),
    (["-e", "count=%{number}"], "count=12 count=34", "12"),
    (["-e", "count=%{number}", "-p", "2"], "count=12 count=34", "34"),
    (["-e", "user %{word} from %{ip}"], "user root from 1.2.3.4 port 5", "root"),
    (["-e", "user %{word} from %{ip}", "-p", "2"], "user root from 1.2.3.4 port 5", None),
    (["-e", "user %{word} from %{ip}", "--group", "2"], "user root from 1.2.3.4 port 5", "1.2.3.4"),
    (["-e", r"port (\d+)"], "port 22", "22"),
    (["-e", "ipv6"], "at 10:30:00 from fe80::1", "fe80::1"),
    (["-e", "phone_jp"], "tel 03-1234-5678", "03-1234-5678"),
    (["-e", "zip_jp"], "〒100-0001", "100-0001"),
    (["-e", "uuid"], UPPER_UUID, UPPER_UUID[3:]),
    (["-e", "creditcard"], "card 4111-1111-1111-1111.", "4111-1111-1111-1111"),
    (["-e", "field", "-p", "0"], "a  b\tc", "a"),
    (["-e", "field", "-p", "1"], "a  b\tc", "b"),
    (["-e", "csv", "-p", "1"], "a, b ,c", "b"),
    (["-e", "json", "-n", "$.Event.System.EventID"], '{"Event":{"System":{"EventID":"4624"}}}', "4624"),
    (["-e", "json", "-n", "a"], 'prefix {"a":1}', "1"),
    (["-e", "json", "-n", "a"], '{"a":1} tail', None),
    (["-e", "grok", "-x", "IP", "-n", "IP"], "from 10.0.0.1", "10.0.0.1"),
]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with each of the texts as a record."""
    return store_of(tmp_path_factory.mktemp("texts"), list(dict.fromkeys(text for _, text, _ in EXTRACTED)))


@pytest.mark.parametrize(("arguments", "text", "value"), EXTRACTED)
def test_values_are_extracted(texts: Path, arguments: list[str], text: str, value: str | None) -> None:
    lines = list(dict.fromkeys(each for _, each, _ in EXTRACTED))

    answer = answered("extract", "-d", texts, *arguments, "--columns", "line_no,value", "--format", "csv")

    found = {int(number): each for number, each in answer.rows}
    assert found.get(lines.index(text) + 1) == value


def test_an_expression_without_a_group_gives_the_whole_match(texts: Path) -> None:
    answer = answered("count", "-d", texts, "-e", r"port \d+", "--format", "csv")

    assert answer.rows == [["port 22", "1"], ["port 5", "1"]]


def test_words(tmp_path: Path) -> None:
    store = store_of(tmp_path, ["(Hello), a World!"])

    assert answered("count", "-d", store, "-e", "word", "--format", "csv").rows == [["hello", "1"], ["world", "1"]]


# --- 7.1 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("range_", "days"),
    [
        ("2024/1/1-2024/1/2", [1]),
        ("2024-01-01,2024-01-03", [1, 2]),
        (",2024/1/2", [1]),
        ("2024/1/2,-1d", [1]),
        ("2024/1/2,1d", [2]),
        ("2024/1/2 10:00,1h30m", [2]),
        ("2024/1/2", [2, 3]),
        ("1704160800,1h", [2]),
    ],
)
def test_time_ranges(tmp_path: Path, range_: str, days: list[int]) -> None:
    store = store_of(tmp_path, [f"2024-01-0{day} 11:10:00 x" for day in (1, 2, 3)], zone="Asia/Tokyo")

    answer = answered("count", "-d", store, "-i", "1d", "-t", range_, "--format", "csv", zone="Asia/Tokyo")

    assert [row[0] for row in answer.rows] == [f"2024/01/0{day} 00:00" for day in days]


def test_a_range_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "cannot read 'foo'" in refused("count", "-d", store_of(tmp_path, ["x"]), "-t", "foo,1d")
