"""Choosing a format and columns, and writing files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from twsla import registry
from twsla.errors import TwslaError, UsageError
from twsla.export.write import FORMATS, RenderOptions, format_of, write_result
from twsla.model.charts import Bar, Scatter
from twsla.model.result import ArrowRows, Column, Kind, Result, ValueRows

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULT = Result(
    "T",
    (Column("a", "A", Kind.TEXT), Column("n", "N", Kind.COUNT), Column("h", "H", Kind.TEXT, hidden=True)),
    ArrowRows(pa.table({"a": ["x", "y"], "n": [1, 2], "h": ["p", "q"]})),
    charts=(Bar("a", "n"),),
)
EMPTY = Result("T", RESULT.columns, ArrowRows(RESULT.rows.slice(0, 0)))


class FailingRows(ArrowRows):
    """Rows whose second batch cannot be read."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from super().batches()
        raise TwslaError("the store is damaged")


def written(result: Result, name: str | None, options: RenderOptions | None = None) -> bytes:
    sink = io.BytesIO()
    write_result(result, sink, name, options or RenderOptions())
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out.csv", "csv"),
        ("OUT.CSV", "csv"),
        ("a.b.ndjson", "jsonl"),
        ("x.htm.txt", "plain"),
        ("x.md", "md"),
        ("x.parquet", "parquet"),
    ],
)
def test_the_suffix_decides(name: str, expected: str) -> None:
    assert format_of(Path(name)) == expected


@pytest.mark.parametrize("name", ["out", "out.xls", ".csv", "out.csv.gz"])
def test_a_suffix_without_a_format_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="names no format") as caught:
        format_of(Path(name))
    assert ".csv" in str(caught.value.hint)


@pytest.mark.parametrize("name", FORMATS)
def test_a_summary_is_the_first_line_of_the_docstring(name: str) -> None:
    assert str(registry.load(FORMATS[name]).__doc__).split("\n")[0] == FORMATS[name].summary


def test_an_unknown_format_lists_the_known() -> None:
    with pytest.raises(UsageError) as caught:
        written(RESULT, "xml")
    assert "parquet" in str(caught.value.hint)


def test_a_stream_without_a_format_is_plain() -> None:
    assert written(RESULT, None) == b"a\tn\nx\t1\ny\t2\n"


def test_columns_come_in_the_order_asked_for_hidden_ones_too() -> None:
    assert written(RESULT, "csv", RenderOptions(columns=("h", "a"))) == b"h,a\np,x\nq,y\n"


@pytest.mark.parametrize("columns", [("nosuch",), ("a", "a"), ("A",)])
@pytest.mark.parametrize("name", FORMATS)
def test_a_column_that_is_not_there_is_a_usage_error(name: str, columns: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "out"

    with pytest.raises(UsageError) as caught:
        write_result(RESULT, path, name, RenderOptions(columns=columns))

    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", b"a\tn\n"),
        ("table", b"A  N\n-  -\n0 rows\n"),
        ("csv", b"a,n\n"),
        ("tsv", b"a\tn\n"),
        ("jsonl", b""),
        ("md", b"| A | N |\n| --- | ---: |\n"),
    ],
)
def test_no_rows_keep_the_heading(name: str, expected: bytes) -> None:
    assert written(EMPTY, name) == expected


@pytest.mark.parametrize("name", ["plain", "table", "csv", "tsv", "jsonl", "md"])
def test_no_columns_print_nothing(name: str) -> None:
    assert written(Result("T", (), ValueRows((), ())), name) == b""


def test_an_existing_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old" * 1000)
    path.chmod(0o640)

    write_result(RESULT, path, None, RenderOptions())

    assert path.read_bytes() == b"a,n\nx,1\ny,2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    write_result(RESULT, tmp_path / "out.csv", None, RenderOptions())
    (tmp_path / "other").write_text("")

    assert (tmp_path / "out.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("name", FORMATS)
def test_a_failure_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    table = pa.table({"a": ["x"], "n": [1], "h": [""]})

    with pytest.raises(TwslaError, match="damaged"):
        write_result(Result("T", RESULT.columns, FailingRows(table), charts=RESULT.charts), path, name, RenderOptions())

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to("real.csv")

    write_result(RESULT, tmp_path / "link.csv", None, RenderOptions())

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_bytes().startswith(b"a,n\n")


@pytest.mark.parametrize("place", ["missing/out.csv", "file/out.csv", "dir.csv", "x" * 300 + ".csv"])
def test_a_place_that_cannot_be_written_is_named_in_one_sentence(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dir.csv").mkdir()

    with pytest.raises(TwslaError, match=r"^cannot write ") as caught:
        write_result(RESULT, tmp_path / place, None, RenderOptions())

    assert place[:100] in caught.value.message
    assert caught.value.hint
    assert "\n" not in caught.value.message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_told(name: str) -> None:
    with pytest.raises(TwslaError, match="no space left"):
        write_result(RESULT, Path("/dev/full"), name, RenderOptions())


@pytest.mark.skipif(os.name == "nt", reason="no named pipes in the file system")
def test_a_named_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    with subprocess.Popen(
        [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", path], stdout=-1
    ) as reader:
        write_result(RESULT, path, "csv", RenderOptions())
        out, _ = reader.communicate(timeout=20)

    assert out.replace(b"\r", b"") == b"a,n\nx,1\ny,2\n\n"
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("name", FORMATS)
def test_a_closed_pipe_comes_through(name: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)

    with pytest.raises(BrokenPipeError), os.fdopen(write_end, "wb", buffering=0) as sink:
        write_result(RESULT, sink, name, RenderOptions())


def test_a_count_is_printed_without_arrow_numpy_or_rich() -> None:
    code = """
import io, sys
from twsla.export.write import RenderOptions, write_result
from twsla.model.result import Column, Kind, Result, ValueRows
from twsla.render.notes import note_lines
result = Result("Search", (Column("count", "Count", Kind.COUNT),), ValueRows(("count",), [(4523,)]), bare="count")
sink = io.BytesIO()
write_result(result, sink, "plain", RenderOptions(escape=True, colour=True))
note_lines(result)
assert sink.getvalue() == b"4523\\n", sink.getvalue()
print(*sorted({"pyarrow", "numpy", "rich", "duckdb", "click"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "\n"


@pytest.mark.parametrize("name", FORMATS)
def test_values_are_written_like_a_table_of_them(name: str) -> None:
    columns = (Column("k", "K", Kind.TEXT), Column("n", "N", Kind.NUMBER), Column("t", "T", Kind.TIME))
    rows = [("a\tb\\", 1.5, 0), (None, None, None), ("\x1b", -0.0, 1_700_000_000_123_000_000)]
    table = pa.table(
        {
            "k": [row[0] for row in rows],
            "n": [row[1] for row in rows],
            "t": pa.array([row[2] for row in rows], pa.timestamp("ns", "UTC")),
        }
    )
    charts = (Scatter("t", "n"),)
    for options in (RenderOptions(zone="Asia/Tokyo"), RenderOptions(escape=True)):
        values = written(Result("T", columns, ValueRows(("k", "n", "t"), rows), charts=charts), name, options)

        assert values == written(Result("T", columns, ArrowRows(table), charts=charts), name, options)
