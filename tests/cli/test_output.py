from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.programs import Program
from twsla import registry
from twsla.cli.limited import AT_ONCE, LimitedRows, limited
from twsla.model.charts import Bar
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result, Rows, ValueRows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run

TABLE = pa.table({"key": ["b", "a", "c", None], "count": [2, 3, 2, 1], "source": ["x.log"] * 4})
COLUMNS = (
    Column("key", "Key", Kind.TEXT),
    Column("count", "Count", Kind.COUNT),
    Column("source", "Source", Kind.TEXT, hidden=True),
)
COUNTS = Result(
    "Counts",
    COLUMNS,
    ArrowRows(TABLE),
    facts=(Fact("hits", "Hits", 1234567, Kind.COUNT),),
    charts=(Bar("key", "count"),),
    notes=(Note("31 records have no time stamp"),),
)
LOGS = Result(
    "Search",
    (
        Column("text", "Log", Kind.LOG),
        Column("source", "Source", Kind.TEXT, hidden=True),
        Column("line_no", "Line", Kind.COUNT, hidden=True),
    ),
    ArrowRows(pa.table({"text": ["one\x1b[31m", "two"], "source": ["a.log", "b.log"], "line_no": [7, 9]})),
    bare="text",
)


def written(*arguments: str, answer: Result = COUNTS, terminal: bool = False) -> Program:
    """The program after it has written the answer."""
    program = Program(answer=answer, terminal=terminal)
    assert program.run("probe", *arguments) == 0, program.err.getvalue()
    return program


def out(program: Program) -> str:
    return program.out.getvalue().decode()


def test_piped_tables_are_tab_separated_with_a_header() -> None:
    assert out(written()) == "key\tcount\nb\t2\na\t3\nc\t2\n\t1\n"


def test_piped_records_are_their_texts_as_they_are() -> None:
    assert out(written(answer=LOGS)) == "one\x1b[31m\ntwo\n"


def test_records_with_their_source() -> None:
    assert out(written("--with-source", answer=LOGS)) == "a.log:7:one\x1b[31m\nb.log:9:two\n"


def test_facts_and_notes_go_to_standard_error() -> None:
    assert written().err.getvalue() == "Hits: 1,234,567\ntwsla: note: 31 records have no time stamp\n"


def test_quiet_leaves_out_the_facts_but_not_what_was_left_out() -> None:
    assert written("-q").err.getvalue() == "twsla: note: 31 records have no time stamp\n"


def test_json_holds_facts_and_notes_itself() -> None:
    program = written("--format", "json")

    answer = json.loads(program.out.getvalue())
    assert answer["facts"] == {"hits": 1234567}
    assert answer["notes"] == ["31 records have no time stamp"]
    assert program.err.getvalue() == ""


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("key", ["a", "b", "c", ""]),
        ("key:desc", ["c", "b", "a", ""]),
        ("count", ["", "b", "c", "a"]),
        ("count:desc", ["a", "b", "c", ""]),
        ("count:asc", ["", "b", "c", "a"]),
    ],
)
def test_sorting_is_stable_and_puts_what_is_missing_last(sort: str, keys: list[str]) -> None:
    rows = out(written("--sort", sort)).splitlines()[1:]

    assert [row.split("\t")[0] for row in rows] == keys


def test_limiting_comes_after_sorting_and_is_told_with_both_numbers() -> None:
    program = written("--sort", "count:desc", "--limit", "1", "-q")

    assert out(program) == "key\tcount\na\t3\n"
    assert "twsla: note: 1 of 4 rows are shown; more with a higher --limit\n" in program.err.getvalue()


@pytest.mark.parametrize("limit", ["4", "5"])
def test_a_limit_that_cuts_nothing_is_not_told(limit: str) -> None:
    assert "rows are shown" not in written("--limit", limit).err.getvalue()


def test_columns_are_chosen_and_ordered_hidden_ones_too() -> None:
    assert out(written("--columns", "source, key", "--limit", "1")) == "source\tkey\nx.log\tb\n"


def test_a_sort_column_need_not_be_shown() -> None:
    assert out(written("--sort", "count:desc", "--columns", "key", "--limit", "1")) == "key\na\n"


@pytest.mark.parametrize("name", [name for name, entry in registry.EXPORTERS.items() if not entry.only])
def test_a_file_and_standard_output_get_the_same_bytes(name: str, tmp_path: Path) -> None:
    path = tmp_path / "out"

    written("--format", name, "-o", str(path))

    assert path.read_bytes() == written("--format", name).out.getvalue()


@pytest.mark.parametrize("name", [name for name, entry in registry.EXPORTERS.items() if entry.suffixes])
def test_the_suffix_decides_the_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{registry.EXPORTERS[name].suffixes[0]}"

    program = written("-o", str(path))

    assert path.read_bytes() == written("--format", name).out.getvalue()
    assert program.out.getvalue() == b""


def test_a_file_of_json_still_leaves_the_notes_for_the_person_at_the_terminal(tmp_path: Path) -> None:
    assert "31 records" in written("-o", str(tmp_path / "o.json")).err.getvalue()


def test_parquet_is_readable(tmp_path: Path) -> None:
    written("-o", str(tmp_path / "o.parquet"))

    assert pq.read_table(tmp_path / "o.parquet").column("count").to_pylist() == [2, 3, 2, 1]


def test_a_hyphen_is_standard_output() -> None:
    assert out(written("-o", "-", "--format", "csv")).startswith("key,count\n")


def test_csv_guard() -> None:
    formula = Result("F", (Column("cell", "Cell", Kind.TEXT),), ArrowRows(pa.table({"cell": ["=1+1"]})))

    assert out(written("--format", "csv", answer=formula)) == "cell\n=1+1\n"
    assert out(written("--format", "csv", "--csv-guard", answer=formula)) == "cell\n'=1+1\n"


def test_times_are_shown_in_the_zone_asked_for() -> None:
    stamps = pa.table({"ts": pa.array([1714521600123456789], pa.timestamp("ns", tz="UTC"))})
    result = Result("T", (Column("ts", "Time", Kind.TIME),), ArrowRows(stamps))

    assert "2024-05-01T00:00:00.123456789Z" in out(written(answer=result))
    assert "2024-05-01T00:00:00.123456789Z" in out(written("--utc", answer=result))
    assert "2024-05-01T09:00:00.123456789+09:00" in out(written("--tz", "Asia/Tokyo", answer=result))


def test_a_zone_that_does_not_exist_is_a_usage_error() -> None:
    assert "Asia/Tokio" in Program(answer=COUNTS).refused("probe", "--tz", "Asia/Tokio")
    assert "contradict" in Program(answer=COUNTS).refused("probe", "--tz", "Asia/Tokyo", "--utc")


def test_a_terminal_gets_a_table_cut_to_its_width_and_escaped() -> None:
    long = Result("L", (Column("a", "A", Kind.TEXT),), ArrowRows(pa.table({"a": ["\x1b]0;x\x07" + "y" * 200]})))

    shown = out(written(answer=long, terminal=True))

    assert "\x1b]" not in shown
    assert "\\x1b]0;x\\x07" in shown
    assert max(map(len, shown.splitlines()[:3])) <= 80 + len("\x1b[1m\x1b[0m")


def test_a_terminal_gets_records_as_escaped_lines() -> None:
    assert out(written(answer=LOGS, terminal=True)) == "one\\x1b[31m\ntwo\n"


@pytest.mark.parametrize("arguments", [["--no-color"], []])
def test_colours_can_be_turned_off(arguments: list[str]) -> None:
    program = Program(answer=COUNTS, terminal=True, variables={} if arguments else {"NO_COLOR": "1"})

    assert program.run("probe", *arguments) == 0

    assert b"\x1b" not in program.out.getvalue()


def test_binary_is_not_for_a_terminal() -> None:
    assert "-o FILE.parquet" in Program(answer=COUNTS, terminal=True).refused("probe", "--format", "parquet")


def test_the_exit_code_of_a_result_is_the_commands() -> None:
    assert Program(answer=Result("S", (), ValueRows((), ()), exit_code=1)).run("probe") == 1


def test_a_result_is_closed_even_when_writing_goes_wrong() -> None:
    closed: list[str] = []
    result = Result("C", COLUMNS, ArrowRows(TABLE), close=lambda: closed.append("yes"))

    Program(answer=result).run("probe", "--columns", "nothing")

    assert closed == ["yes"]


def test_a_small_answer_in_plain_text_needs_no_arrow(tmp_path: Path) -> None:
    script = (
        "import io, sys\n"
        "from tests.cli.programs import Program\n"
        "from twsla.model.result import Column, Kind, Result, ValueRows\n"
        "result = Result('S', (Column('count', 'Count', Kind.COUNT),), ValueRows(('count',), [(394,)]), bare='count')\n"
        "program = Program(answer=result)\n"
        "assert program.run('probe', '--limit', '5') == 0, program.err.getvalue()\n"
        "assert program.out.getvalue() == b'394\\n'\n"
        "assert not {'pyarrow', 'numpy', 'rich'} & set(sys.modules), sorted(sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_help_written_through_the_real_program_is_utf8_with_plain_line_ends(run: Run) -> None:
    assert b"\r" not in run("plugins", "--format", "csv").out


@pytest.mark.parametrize("rows", [ArrowRows(TABLE), ValueRows(("key",), [("a",), ("b",), ("c",), ("d",)])])
@pytest.mark.parametrize("limit", [0, 1, 3, 4, 9])
def test_limited_rows_agree_with_a_slice(rows: Rows, limit: int) -> None:
    short = limited(rows, limit)
    wanted = rows.slice(0, limit)

    assert len(short) == wanted.num_rows
    assert [row for batch in short.batches() for row in batch.to_pylist()] == wanted.to_pylist()
    assert short.slice(1, 2).to_pylist() == wanted.slice(1, 2).to_pylist()


def test_a_large_limit_stops_reading_in_time() -> None:
    class Endless:
        read = 0

        def __len__(self) -> int:
            return 1 << 40

        def batches(self) -> object:
            while True:
                self.read += 1
                yield pa.record_batch({"n": range(50_000)})

    rows = Endless()
    short = LimitedRows(rows, AT_ONCE + 1)  # type: ignore[arg-type]  # only what is read of Rows

    assert sum(batch.num_rows for batch in short.batches()) == AT_ONCE + 1
    assert rows.read == 2
