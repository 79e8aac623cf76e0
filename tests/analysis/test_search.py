"""``twsla search`` through the command line, against grep and figures worked out elsewhere."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from benchmarks.generate import KINDS, write_log
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

SAMPLE = ROOT.parent / "shared" / "data" / "twsla" / "syslog.log"
WORDS = {
    "sshd": ["Failed password", "port 22", "invalid user", "10.1", "nothing like this"],
    "access": ["sqlmap", "404", "GET /login", '" 500 '],
    "json": ['"level":"warn"', "999", "handled"],
    "hdfs": ["WARN", "blk_-77", "50010"],
    "app": ["ERROR", "worker-7]", "finished in 37"],
}
EXPRESSIONS = {
    "sshd": ["port 22[0-9][0-9]", "for (invalid user )?root", "^Jan  1 0[0-3]:", "ssh2$"],
    "access": ['" 50[0-9] ', "GET .*id=1", "^1[0-9]{2}\\."],
    "json": ['latency_ms":9[0-9][0-9],', "api-[0-9]+"],
    "hdfs": ["blk_-77[0-9]+", "size [0-9]{5}$"],
    "app": ["job 99[0-9]+ ", "ERROR .worker-1"],
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one generated log of each kind and, per kind, a store with a record per line."""
    folder = tmp_path_factory.mktemp("generated")
    for kind in KINDS:
        write_log(kind, 2_000_000, folder / f"{kind}.log")
        command = ["python", "-m", "twsla", "-d", f"{kind}.db", "import", "--multiline", "off", f"{kind}.log"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
        import sys

        subprocess.run([sys.executable, *command[1:]], cwd=folder, env=environment, check=True, capture_output=True)
    return folder


def grep(*arguments: str) -> str:
    return subprocess.run(["grep", *arguments], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_counts_equal_grep_on_the_raw_file(run: Run, generated: Path, kind: str) -> None:
    log, store = generated / f"{kind}.log", generated / f"{kind}.db"
    for word in WORDS[kind]:
        assert run("search", "-d", store, "--count", "--", word).text == grep("-cF", "--", word, str(log)), word
        inverted = run("search", "-d", store, "--count", "--", f"^{word}").text
        assert inverted == grep("-cvF", "--", word, str(log)), word
    for expression in EXPRESSIONS[kind]:
        found = run("search", "-d", store, "--count", "-r", expression).text
        assert found == grep("-cE", "--", expression, str(log)), expression


def test_the_lines_found_are_those_of_grep(run: Run, generated: Path) -> None:
    done = run("search", "-d", generated / "sshd.db", "Accepted")

    # sshd's log is in order of time, and equal times stay in the order of the file.
    assert done.text == grep("Accepted", str(generated / "sshd.log"))


def test_files_with_and_without_shapes_are_searched_alike(run: Run, tmp_path: Path) -> None:
    words = [f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}" for i in range(10_000)]
    unique = [f"2024-05-06T00:00:00Z {word}{i}x failed" for i, word in enumerate(words)]
    alike = [f"2024-05-07T00:00:00Z job {i} failed" for i in range(10_000)]
    for name, lines in (("unique", unique), ("alike", alike)):
        (tmp_path / f"{name}.log").write_text("".join(f"{line}\n" for line in lines))
        assert run("import", f"{name}.log").code == 0

    explained = dict(line.split("\t", 1) for line in run("search", "--explain", "failed").lines)

    assert (explained["files read"].split()[0], explained["files with a shape column"]) == ("2", "1")
    assert explained["matching records"] == "20,000"
    both = [*unique, *alike]
    assert run("search", "--count", "9x").text == f"{sum('9x' in line for line in both)}\n"
    assert run("search", "--count", "^job 99").text == f"{sum('job 99' not in line for line in both)}\n"
    assert run("search", "ab1", "^failed").lines == []


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the original's sample log."""
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE} is not here")
    folder = tmp_path_factory.mktemp("sample")
    import sys

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
    command = [sys.executable, "-m", "twsla", "-d", "s.db", "import", str(SAMPLE)]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder / "s.db"


@pytest.mark.parametrize(
    ("filters", "hits"),
    [
        (["fail"], 537),
        (["^fail"], 1463),
        (["fail", "^root"], 186),
        (["user=root$"], 351),
        (["authentication*root"], 351),
        (["sshd(pam_uni?)"], 677),
        (["#IP"], 1245),
        (["#LOCAL_IP"], 0),
        (["#EMAIL"], 1),
        (["#MAC"], 0),
        (["#URL"], 0),
        (["#IPV6"], 0),
    ],
)
def test_figures_of_the_original_sample(run: Run, sample: Path, filters: list[str], hits: int) -> None:
    assert run("search", "-d", sample, "--count", *filters).text == f"{hits}\n"


LINES = [
    "2024-05-06T10:00:00Z alpha Error 1",
    "2024-05-06T10:00:01Z beta error 22",
    "2024-05-06T10:00:02Z gamma\tok",
    '2024-05-06T10:00:03Z delta "quoted", é',
    "2024-05-06T10:00:04Z epsilon =cmd()",
]


@pytest.fixture
def small(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "x.log").write_text("".join(f"{line}\n" for line in [*LINES[3:], *LINES[:3]]), encoding="utf-8")
    assert run("import", "x.log").code == 0
    return tmp_path


def test_records_come_in_order_of_time(run: Run, small: Path) -> None:
    assert run("search").lines == LINES


def test_ignore_case(run: Run, small: Path) -> None:
    assert run("search", "error").lines == LINES[1:2]
    assert run("search", "-i", "error").lines == LINES[:2]
    assert run("search", "-i", "-r", "ALPHA|GAMMA").lines == [LINES[0], LINES[2]]


@pytest.mark.parametrize(
    ("time_range", "found"),
    [
        ("2024-05-06 10:00:01,1s", LINES[1:3]),
        ("2024-05-06T10:00:03Z", LINES[3:]),
        (",2024-05-06 10:00:00", LINES[:1]),
        ("2024/5/6 10:00:01..2024/5/6 10:00:03", LINES[1:4]),
        ("2024-05-07,1d", []),
    ],
)
def test_time_ranges_include_both_ends(run: Run, small: Path, time_range: str, found: list[str]) -> None:
    assert run("search", "-t", time_range).lines == found


def test_the_zone_of_a_time_range(run: Run, small: Path) -> None:
    assert run("search", "--tz", "Asia/Tokyo", "-t", "2024-05-06 19:00:01,0s").lines == LINES[1:2]


def test_limit_says_what_is_missing(run: Run, small: Path) -> None:
    done = run("search", "--limit", "2")

    assert done.lines == LINES[:2]
    assert "2 of 5" in done.err


def test_sorting(run: Run, small: Path) -> None:
    assert run("search", "--sort", "ts:desc").lines == LINES[::-1]
    assert run("search", "--sort", "text:desc", "--limit", "1").lines == LINES[-1:]


def test_quiet_answers_with_the_exit_code(run: Run, small: Path) -> None:
    found, missing = run("search", "-q", "alpha"), run("search", "-q", "zeta")

    assert (found.code, found.out, missing.code, missing.out) == (0, b"", 1, b"")


def test_nothing_found_is_no_error(run: Run, small: Path) -> None:
    done = run("search", "zeta")

    assert (done.code, done.out) == (0, b"")


def test_context(run: Run, small: Path) -> None:
    in_file = [*LINES[3:], *LINES[:3]]

    assert run("search", "-A", "1", "epsilon").lines == in_file[1:3]
    assert run("search", "-B", "1", "epsilon").lines == in_file[:2]
    assert run("search", "-C", "1", "-r", "delta|gamma").lines == [*in_file[:2], "--", *in_file[3:]]


def test_context_equals_grep(run: Run, generated: Path) -> None:
    done = run("search", "-d", generated / "sshd.db", "-C", "2", "Accepted password for root")

    assert done.text == grep("-C", "2", "Accepted password for root", str(generated / "sshd.log"))


def test_structured_formats_read_back_equal(run: Run, small: Path) -> None:
    names = {"csv", "tsv", "json", "jsonl", "parquet", "md", "table", "plain"}
    for name in sorted(names):
        assert run("search", "--format", name, "-o", f"out.{name}").code == 0, name

    with (small / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["ts", "text"]
    assert [row[1] for row in rows[1:]] == LINES
    assert [row["text"] for row in json.loads((small / "out.json").read_text())["rows"]] == LINES
    first, *_ = (small / "out.jsonl").read_text().splitlines()
    assert json.loads(first)["ts"] == "2024-05-06T10:00:00Z"
    import duckdb

    assert duckdb.connect().sql(f"SELECT text FROM '{small}/out.parquet'").fetchall() == [(line,) for line in LINES]
    assert (small / "out.plain").read_text(encoding="utf-8").splitlines() == LINES


def test_source_and_line_in_exports(run: Run, small: Path) -> None:
    done = run("search", "--with-source", "--format", "csv", "alpha")

    (row,) = csv.DictReader(io.StringIO(done.text))
    assert (row["source"], row["line_no"], row["offset"]) == ("x.log", "3", str(len("".join(LINES[3:]).encode()) + 2))


def test_the_display_zone(run: Run, small: Path) -> None:
    done = run("search", "--format", "jsonl", "--tz", "Asia/Tokyo", "alpha")

    assert json.loads(done.text)["ts"] == "2024-05-06T19:00:00+09:00"


def test_explain_tells_how_the_query_runs(run: Run, small: Path) -> None:
    done = run("search", "--explain", "-t", "2024-05-07,1d", "error 22")

    told = dict(line.split("\t", 1) for line in done.lines)
    assert told["files left out by the time range"] == "1"
    assert told["matching records"] == "0"
    assert "shape" in told["filter"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-r", "a(b"], 2, "a(b"),
        (["-v", "[z-a]"], 2, "[z-a]"),
        (["^"], 2, "'^'"),
        (["-t", "no such time"], 2, "no such time"),
        (["--sort", "nosuch"], 2, "nosuch"),
        (["--columns", "nosuch"], 2, "nosuch"),
        (["--format", "nosuch"], 2, "nosuch"),
        (["--limit", "-1"], 2, "-1"),
        (["-C", "-1"], 2, "context"),
        (["--nosuch"], 2, "--nosuch"),
        (["-d", "nosuch.db"], 4, "nosuch.db"),
        (["-d", "x.log"], 4, "x.log is a file"),
        (["-o", "nowhere/x.csv"], 1, "nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run: Run, small: Path, arguments: list[str], code: int, said: str) -> None:
    done = run("search", *arguments)

    assert done.code == code, done.err
    assert done.err.count("twsla: error:") == 1
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == b""


def test_undated_records_are_found_and_a_time_range_says_that_it_leaves_them_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("buy milk\n")
    run("import", "n.txt")

    assert run("search", "milk").lines == ["buy milk"]
    ranged = run("search", "-t", "2024", "milk")
    assert ranged.lines == []
    assert "1 records without a time stamp" in ranged.err


def test_hundred_hits_do_not_need_arrow(run: Run, small: Path) -> None:
    code = (
        "import sys; from twsla.cli.main import run; from twsla.environment import of_process\n"
        "run(['search', '--limit', '3'], of_process())\n"
        "sys.stderr.write(' '.join(m for m in ('pyarrow', 'numpy', 'rich', 'duckdb') if m in sys.modules) + '.')"
    )
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=small)

    assert done.stdout.splitlines() == LINES[:3]
    assert done.stderr.endswith("\n.")
