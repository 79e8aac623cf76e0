"""The bytes of every format, pinned."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING

import duckdb
import pytest

from twsla.export.write import FORMATS, RenderOptions, write_result

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.model.result import Result

UNSTABLE = {"parquet", "png", "html"}
"""Their bytes change with the libraries that make them."""
CASES = {
    **{f"awkward.{name}": (name, RenderOptions()) for name in FORMATS if name not in UNSTABLE},
    "awkward-terminal.plain": ("plain", RenderOptions(escape=True)),
    "awkward-80.table": ("table", RenderOptions(width=80, zone="Europe/Berlin")),
    "awkward-guarded.csv": ("csv", RenderOptions(guard_formulas=True, zone="Asia/Tokyo")),
    "awkward-source.plain": ("plain", RenderOptions(with_source=True)),
}


def written(result: Result, name: str, options: RenderOptions | None = None) -> bytes:
    sink = io.BytesIO()
    write_result(result, sink, name, options or RenderOptions())
    return sink.getvalue()


@pytest.mark.parametrize("file", CASES)
def test_bytes_are_those_of_the_golden_file(file: str, awkward: Result, golden: Path, update_golden: bool) -> None:
    name, options = CASES[file]

    got = written(awkward, name, options)

    if update_golden:
        (golden / file).write_bytes(got)
    assert got == (golden / file).read_bytes()


def test_plain_table_bytes(tabular: Result, golden: Path, update_golden: bool) -> None:
    got = written(tabular, "plain")

    if update_golden:
        (golden / "tabular.plain").write_bytes(got)
    assert got == (golden / "tabular.plain").read_bytes()


def test_csv_reads_back_as_the_texts(awkward: Result) -> None:
    rows = list(csv.DictReader(io.StringIO(written(awkward, "csv").decode(), newline="")))

    expected = awkward.rows.slice(0, 100)
    assert [row["text"] for row in rows] == [text or "" for text in expected["text"].to_pylist()]
    counts = expected["count"].to_pylist()
    assert [row["count"] for row in rows] == ["" if count is None else str(count) for count in counts]
    for row, number in zip(rows, expected["number"].to_pylist(), strict=True):
        assert (row["number"] == "") if number is None else same_float(float(row["number"]), number)


def same_float(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or (
        one == other and math.copysign(1, one) == math.copysign(1, other)
    )


def test_duckdb_reads_the_csv(awkward: Result, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_result(awkward, path, None, RenderOptions(columns=("count", "text")))

    rows = (
        duckdb.connect()
        .execute(f"SELECT * FROM read_csv('{path}', all_varchar = true, nullstr = '~', header = true)")
        .fetchall()
    )

    expected = awkward.rows.slice(0, 100)
    assert [row[1] for row in rows] == [text or "" for text in expected["text"].to_pylist()]


def test_json_reads_back_with_exact_values(awkward: Result) -> None:
    document = json.loads(written(awkward, "json"))

    expected = awkward.rows.slice(0, 100)
    assert list(document) == ["title", "columns", "rows", "facts", "charts", "notes"]
    assert document["title"] == awkward.title
    assert document["columns"][0] == {"name": "ts", "kind": "time"}
    for name in ("text", "count", "delta", "size", "level", "seen", "tags"):
        assert [row[name] for row in document["rows"]] == expected[name].to_pylist(), name
    for row, number in zip(document["rows"], expected["number"].to_pylist(), strict=True):
        got = row["number"]
        assert (got is None) if number is None or not math.isfinite(number) else same_float(float(got), number)
    assert document["facts"] == {"rows": 15, "mean": None, "first": "1970-01-01T00:00:00.000000001Z", "seed": None}
    chart = {"type": "line", "x": "ts", "y": ["count"], "split": None, "title": "", "step_ns": None}
    assert document["charts"] == [chart]
    assert document["notes"] == [note.text for note in awkward.notes]


def test_jsonl_has_the_rows_of_json(awkward: Result) -> None:
    text = written(awkward, "jsonl").decode()

    assert [json.loads(line) for line in text.removesuffix("\n").split("\n")] == json.loads(written(awkward, "json"))[
        "rows"
    ]


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_holds_no_character_a_terminal_obeys(name: str, awkward: Result) -> None:
    text = written(awkward, name).decode()

    assert not [char for char in text if (char < " " and char != "\n") or "\x7f" <= char < "\xa0" or char == "\u202e"]


def test_duckdb_reads_the_json_times(awkward: Result, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    write_result(awkward, path, None, RenderOptions(columns=("ts",)))

    rows = (
        duckdb.connect()
        .execute(
            "SELECT epoch_ns(ts::TIMESTAMP_NS)"
            f" FROM read_json('{path}', columns = {{ts: 'VARCHAR'}}, format = 'newline_delimited')"
        )
        .fetchall()
    )

    expected = awkward.rows.slice(0, 100)["ts"].cast("int64").to_pylist()
    assert [row[0] for row in rows] == expected


def test_parquet_reads_back_typed(awkward: Result, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_result(awkward, path, None, RenderOptions(with_source=True))

    relation = duckdb.connect().execute(f"SELECT * REPLACE (epoch_ns(ts) AS ts), typeof(ts) AS held FROM '{path}'")
    names = [column[0] for column in relation.description or ()]
    rows = relation.fetchall()

    expected = awkward.rows.slice(0, 100)
    assert names == [*expected.column_names, "held"]
    assert rows[0][-1] == "TIMESTAMPTZ_NS"
    for place, name in enumerate(expected.column_names):
        want = expected[name].cast("int64").to_pylist() if name == "ts" else expected[name].to_pylist()
        got = [row[place] for row in rows]
        assert [repr(each) for each in got] == [repr(each) for each in want], name


def test_parquet_bytes_are_the_same_twice_and_need_no_position(awkward: Result, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_result(awkward, path, None, RenderOptions())

    assert written(awkward, "parquet") == path.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_file_and_stream_get_the_same_bytes(name: str, awkward: Result, tmp_path: Path) -> None:
    path = tmp_path / "out"

    write_result(awkward, path, name, RenderOptions())

    assert path.read_bytes() == written(awkward, name)
