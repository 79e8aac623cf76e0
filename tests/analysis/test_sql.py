"""sql: a statement sees the records and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

LINES = [
    "2024-05-01T10:00:00Z a",
    "2024-05-01T10:00:01Z bb",
    "2024-05-01T10:00:02Z ccc",
    "nothing to date it by, and it's quoted",
]


@pytest.fixture
def store(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text("\n".join(LINES) + "\n")
    assert run("import", "--multiline", "off", tmp_path / "a.log").code == 0
    return tmp_path


def test_the_answer_has_the_types_of_the_statement(run: Run, store: Path) -> None:
    done = run(
        "sql",
        "--format=json",
        "SELECT count(*) AS n, sum(length(text)) AS chars, min(ts) AS first, avg(line_no) AS mean, [1, 2] AS list "
        "FROM records",
    )
    assert done.code == 0, done.err
    assert json.loads(done.text)["rows"] == [
        {"n": 4, "chars": sum(map(len, LINES)), "first": "2024-05-01T10:00:00Z", "mean": 2.5, "list": "[1,2]"}
    ]


def test_filters_and_time_range_decide_what_the_view_holds(run: Run, store: Path) -> None:
    assert run("sql", "-f", "it's", "SELECT count(*) AS n FROM records").text.splitlines() == ["n", "1"]
    found = run("sql", "-t", "2024-05-01 10:00:01,2024-05-01 10:00:02", "--utc", "SELECT text FROM records")
    assert found.text.splitlines() == ["text", *LINES[1:3]]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('https://example.org/x.csv')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{store}/x.csv'",
        "ATTACH '{store}/x.db'",
        "DROP VIEW records",
        "SELECT 1); DROP VIEW records; SELECT (1",
        "SELECT 1; SELECT 2",
        "SET threads = 1",
        "INSTALL httpfs",
        "CREATE TABLE x AS SELECT 1",
        "DELETE FROM records",
        "PRAGMA database_list",
        "SELECT * FROM read_blob('/etc/hostname')",
        "SELECT * FROM read_parquet('{store}/twsla.db/../x.parquet')",
        "SELECT * FROM read_text('{store}/twsla.db/STORE')",
        "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''/etc/passwd'')'))",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM request",
        "SELECT 1) UNION ALL SELECT * FROM (SELECT 2",
        "WITH x AS (SELECT 1) DELETE FROM records",
        "EXPORT DATABASE '{store}/x'",
        "PRAGMA memory_limit='50GB'",
        "RESET memory_limit",
        "LOAD '{store}/x.duckdb_extension'",
        "CALL enable_logging(storage='file')",
        "-- nothing",
        "SELECT nothing FROM records",
        "SELEC 1",
        "",
    ],
)
def test_what_is_no_question_about_the_records_is_refused(run: Run, store: Path, statement: str) -> None:
    before = sorted(store.rglob("*"))
    done = run("sql", statement.replace("{store}", str(store)))
    assert done.code == 2, done.err
    assert done.text == ""
    assert done.err.startswith("twsla: error: ")
    assert "Traceback" not in done.err
    assert sorted(store.rglob("*")) == before


def test_a_statement_that_runs_on_is_stopped(run: Run, store: Path) -> None:
    done = run(
        "sql", "--timeout", "0.5", "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = 3"
    )
    assert done.code == 1
    assert "stopped after 0.5 seconds" in done.err


def test_a_statement_stops_with_the_engine_that_asked(store: Path) -> None:
    """Interrupting the engine reaches the database of its own in which the statement runs."""
    import threading

    from twsla.errors import Cancelled
    from twsla.model.query import Query
    from twsla.progress import Silent
    from twsla.query.engine import Engine
    from twsla.query.statement import run_statement
    from twsla.store.store import Store

    engine = Engine(Store.open(store / "twsla.db"), Query())
    stop = threading.Timer(0.5, engine.interrupt)
    stop.start()
    try:
        with pytest.raises(Cancelled):
            run_statement(
                engine,
                "SELECT count(*) FROM range(1000000000000) a, range(1000) b WHERE a.range % 7 = 3",
                Silent(),
                most_rows=1,
                timeout_s=60,
            )
    finally:
        stop.cancel()
        engine.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT len(list_sort(range(100000000)))",  # one call that cannot be interrupted
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
        "SELECT sleep_ms(1000000)",
    ],
)
def test_time_is_up_whatever_runs(run: Run, store: Path, statement: str) -> None:
    began = time.monotonic()
    done = run("sql", "--timeout", "1", statement)
    assert done.code == 1
    assert "stopped after 1 seconds" in done.err or "more memory" in done.err
    assert time.monotonic() - began < 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the memory of a process")
@pytest.mark.parametrize("statement", ["SELECT len(range(1000000000))", "SELECT length(repeat('x', 3000000000))"])
def test_memory_that_the_database_does_not_count_is_limited(run: Run, store: Path, statement: str) -> None:
    done = run("sql", statement)
    assert done.code == 1
    assert "needs more memory than" in done.err


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("SELECT 1 AS x;", ["1"]),
        ("/* a */ SELECT ';' AS x; -- b", [";"]),
        ("SELECT line_no AS x FROM records ORDER BY 1 DESC LIMIT 1 -- the last", ["4"]),
        ("FROM range(2) t(x)", ["0", "1"]),
        ("VALUES (7)", ["7"]),
    ],
)
def test_statements_end_as_people_end_them(run: Run, store: Path, statement: str, rows: list[str]) -> None:
    done = run("sql", statement)
    assert done.code == 0, done.err
    assert done.text.splitlines()[1:] == rows


def test_modules_in_the_directory_one_is_in_are_not_run(store: Path) -> None:
    for name in ("json", "_duckdb", "twsla"):
        (store / f"{name}.py").write_text("open('ran', 'w')\n")
    done = subprocess.run([sys.executable, "-P", "-m", "twsla", "sql", "SELECT 1 AS x"], cwd=store, capture_output=True)
    assert done.stdout.split() == [b"x", b"1"], done.stderr
    assert not (store / "ran").exists()


def test_stopping_ends_the_statement(store: Path) -> None:
    from twsla.analysis.sql import SqlOptions, sql
    from twsla.errors import Cancelled
    from twsla.model.query import Query
    from twsla.progress import Silent
    from twsla.query.engine import Engine
    from twsla.store.store import Store

    engine = Engine(Store.open(store / "twsla.db"), Query())
    progress = Silent()
    threading.Timer(0.5, lambda: setattr(progress, "cancelled", True)).start()
    with pytest.raises(Cancelled):
        sql(engine, SqlOptions("SELECT sleep_ms(1000000)"), progress)
    engine.close()


@pytest.mark.parametrize("read", ["stream", "rows", "fetch"])
def test_whatever_reads_is_stopped_with_its_engine(store: Path, read: str) -> None:
    """By way of Arrow DuckDB's error is another one."""
    import threading

    from twsla.errors import Cancelled
    from twsla.model.query import Query
    from twsla.query.engine import Engine
    from twsla.store.store import Store

    engine, done = Engine(Store.open(store / "twsla.db"), Query()), threading.Event()

    def stop() -> None:
        while not done.wait(0.1):
            engine.interrupt()

    threading.Thread(target=stop).start()
    sql = "SELECT a.range FROM records, range(1000000000000) a WHERE a.range % 7 = 3"
    try:
        with pytest.raises(Cancelled):
            list(getattr(engine, read)(sql if read == "stream" else f"SELECT count(*) FROM ({sql})"))
    finally:
        done.set()
        engine.close()


def test_rows_left_out_are_told(run: Run, store: Path) -> None:
    done = run("sql", "--max-rows", "2", "SELECT line_no FROM records ORDER BY line_no")
    assert done.text.splitlines() == ["line_no", "1", "2"]
    assert "more than 2 rows; the rest was left out" in done.err


def test_numbers_keep_all_their_digits(run: Run, store: Path) -> None:
    done = run(
        "sql",
        "--format=jsonl",
        "SELECT 9007199254740993 AS a, 18446744073709551615::UBIGINT AS b, 0.1::DECIMAL(20,19) AS c",
    )
    assert done.text == '{"a":9007199254740993,"b":"18446744073709551615","c":"0.1000000000000000000"}\n'
