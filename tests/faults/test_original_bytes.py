"""The original bytes of every record: by its offset in the source, and in every export."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.stores import bytes_of, records
from twsla.render.values import bytes_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run

STAMP = b"2024-05-06T00:00:%02dZ "
LINES = [
    b"plain text",
    b"caf\xe9 in Latin-1",
    b"\xff\xfe\x80",
    b"a literal \\xff beside a real one \xff",
    b"back\\slash, \\x5c, \\\\ \xf0\x28",
    b'quote " comma , pipe | star * <b> & ` _ \xc0',
    b"tab\there, NUL\x00there, escape \x1b[31m \xed\xa0\x80",
    "日本語 \u202e reversed ".encode() + b"\xe6\x97",
    b"a carriage\rreturn \xfe\r",
    b"first line \xfd\n\tat second line \xfc\n\n  third",
    b"  spaces around \xf8  ",
    b"=cmd()|' /C calc'!A0 \xfa",
]
DATA = b"".join(STAMP % number + line + b"\n" for number, line in enumerate(LINES))


def had_back(text: str) -> bytes:
    r"""What ``\xNN`` stands for, and UTF-8 for all else: as docs/store.md has it."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), text.encode())


@given(st.binary())
def test_shown_bytes_give_the_bytes_back(data: bytes) -> None:
    shown = bytes_text(data)

    assert had_back(shown) == data
    assert shown == shown.encode("utf-8", "replace").decode()
    assert not set(shown) & {"\n", "\r", "\t", "\x1b", "\0", "\u202e", "\u2028"}


@pytest.fixture
def imported(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "x.log").write_bytes(DATA)
    assert run("import", "--encoding", "utf-8", "x.log").code == 0
    return tmp_path


def test_by_offset(imported: Path) -> None:
    rows = records(imported / "twsla.db")

    assert [piece for _, piece in bytes_of(rows, DATA)] == [
        STAMP % number + line + b"\n" for number, line in enumerate(LINES)
    ]
    for row, piece in bytes_of(rows, DATA):
        exact = piece.removesuffix(b"\n").removesuffix(b"\r")
        if row[6] is None:
            assert row[5].encode() == exact.replace(b"\r\n", b"\n")
        else:
            assert row[6] == exact
    assert sum(row[6] is not None for row in rows) == len(LINES) - 1


def of_csv(text: str) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]


def of_tsv(text: str) -> list[str]:
    meaning = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
    return [re.sub(r"\\(.)", lambda found: meaning[found[1]], line) for line in text.split("\n")[1:-1]]


def of_markdown(text: str) -> list[str]:
    cells = [re.fullmatch(r"\| (.*) \|", line) for line in text.split("\n")[2:-1]]
    return [html.unescape(re.sub(r"\\([\\`*_\[\]~|$])", r"\1", cell[1])) for cell in cells if cell]


READERS: dict[str, Callable[[str], list[str]]] = {
    "csv": of_csv,
    "tsv": of_tsv,
    "plain": of_tsv,
    "json": lambda text: [row["raw"] or "" for row in json.loads(text)["rows"]],
    "jsonl": lambda text: [json.loads(line)["raw"] or "" for line in text.splitlines()],
    "md": of_markdown,
    "table": lambda text: text.split("\n")[2:-2],
}


@pytest.mark.parametrize("name", READERS)
def test_in_every_export(imported: Path, run: Run, name: str) -> None:
    done = run("search", "--format", name, "--columns", "raw")

    assert done.code == 0, done.err
    assert [had_back(text) for text in READERS[name](done.text)] == [
        b"" if number == 0 else (STAMP % number + line).removesuffix(b"\r") for number, line in enumerate(LINES)
    ]


def test_in_parquet_as_bytes(imported: Path, run: Run) -> None:
    assert run("search", "-o", "out.parquet", "--columns", "raw,text", "--with-source").code == 0

    table = pq.read_table(imported / "out.parquet")
    assert table["raw"].to_pylist() == [row[6] for row in records(imported / "twsla.db")]
    assert table.column_names == ["raw", "text", "source", "line_no", "offset"]


@pytest.mark.parametrize("name", ["csv", "tsv", "json", "jsonl", "md", "table", "plain"])
@pytest.mark.parametrize("columns", [None, "text", "offset,text"])
def test_every_export_tells_where_a_record_stands(imported: Path, run: Run, name: str, columns: str | None) -> None:
    chosen = [] if columns is None else ["--columns", columns]

    done = run("search", "--format", name, "--with-source", *chosen, "a literal")

    offset, number = DATA.index(STAMP % 3), DATA[: DATA.index(STAMP % 3)].count(b"\n") + 1
    assert done.code == 0, done.err
    if name in {"json", "jsonl"}:
        (row,) = json.loads(done.text)["rows"] if name == "json" else [json.loads(done.text)]
        assert (row["source"], row["line_no"], row["offset"]) == ("x.log", number, offset)
    elif name == "plain" and columns is None:
        assert done.out.startswith(b"x.log:%d:%d:%s" % (number, offset, STAMP % 3))
    else:
        for word in ("x.log", str(number), str(offset)):
            assert re.search(rf"(?<![\d.]){word}(?!\d)", done.text), (name, word, done.text)


def test_text_alone_tells_that_bytes_were_lost_and_how_many_lines(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(DATA)
    done = run("import", "--encoding", "utf-8", "x.log")

    lossy = 0
    for line in DATA.split(b"\n"):
        try:
            line.decode()
        except UnicodeDecodeError:
            lossy += 1
    assert f"{lossy} lines hold bytes that are no text" in done.err
    assert run("search", "--count", "caf\\xe9").text == "1\n"


def test_an_offset_is_a_number_in_tables_for_people_too(run: Run, tmp_path: Path) -> None:
    line = b"2024-05-06T00:00:00Z " + b"x" * 979 + b"\n"
    (tmp_path / "x.log").write_bytes(line * 1234 + b"2024-05-06T00:00:01Z wanted\n")
    run("import", "x.log")

    assert "1,235,234" in run("search", "--format", "table", "--with-source", "wanted").text
