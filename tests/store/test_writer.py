"""The writer: sorted files, all or nothing, and what a killed writer leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from twsla.errors import StoreError
from twsla.model.records import record_schema
from twsla.store import layout, staging
from twsla.store.manifest import Manifest, SourceEntry, read_manifest
from twsla.store.store import Store
from twsla.store.writer import ImportWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def rows(*values: tuple[int | None, str, int, str]) -> pa.Table:
    """Rows of (ts, source, offset, text)."""
    schema = record_schema()
    ts, source, offset, text = (list(column) for column in zip(*values, strict=True))
    shape = pa.array(["x"] * len(ts)).dictionary_encode()
    return pa.table(
        [
            pa.array(ts, pa.int64()).cast(schema.field("ts").type),
            pa.array([0] * len(ts), pa.uint8()),
            pa.array(source).dictionary_encode(),
            pa.array(range(1, len(ts) + 1), pa.int64()),
            pa.array(offset, pa.int64()),
            pa.array(text, pa.large_string()),
            pa.nulls(len(ts), pa.large_binary()),
            shape,
        ],
        schema=pa.schema([field if field.name != "shape" else field.with_type(shape.type) for field in schema]),
    )


def commit(into: ImportWriter, *sources: SourceEntry) -> Manifest | None:
    into.flush()
    return into.commit(lambda _: Manifest(into.id, "2024-05-06T00:00:00Z", "twsla test", {}, sources, into.files()))


def texts(store: Path) -> list[str]:
    listed = [str(store / entry.path) for entry in Store.open(store).files]
    return [row[0] for row in duckdb.connect().sql(f"SELECT text FROM read_parquet({listed})").fetchall()]


def test_rows_are_sorted_by_time_source_and_offset(tmp_path: Path, pool: Executor) -> None:
    into = ImportWriter(tmp_path / "s", pool)
    into.add(rows((5, "b", 0, "5b0"), (5, "a", 9, "5a9"), (1, "b", 7, "1b7")))
    into.add(rows((5, "a", 2, "5a2"), (0, "a", 20, "0a20")))

    commit(into)

    assert texts(tmp_path / "s") == ["0a20", "1b7", "5a2", "5a9", "5b0"]


def test_undated_rows_lie_apart_in_source_order(tmp_path: Path, pool: Executor) -> None:
    into = ImportWriter(tmp_path / "s", pool)
    into.add(rows((None, "b", 0, "u1"), (3, "b", 5, "d"), (None, "a", 0, "u2")))

    manifest = commit(into)

    assert manifest is not None
    paths = {entry.path.split("/")[1]: entry for entry in manifest.files}
    assert set(paths) == {"1970-01", "undated"}
    assert paths["undated"].min_ts is None
    assert sorted(texts(tmp_path / "s")) == ["d", "u1", "u2"]


def test_files_are_cut_by_rows_and_know_their_span(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "FILE_ROWS", 2)
    into = ImportWriter(tmp_path / "s", pool)
    for start in (0, 10, 20):
        into.add(rows((start + 1, "a", start, "x"), (start, "a", start + 1, "y")))

    manifest = commit(into)

    assert manifest is not None
    assert [(entry.rows, entry.min_ts, entry.max_ts) for entry in manifest.files] == [
        (2, 0, 1),
        (2, 10, 11),
        (2, 20, 21),
    ]


def test_the_manifest_tells_size_and_hash_of_each_file(tmp_path: Path, pool: Executor) -> None:
    into = ImportWriter(tmp_path / "s", pool)
    into.add(rows((1, "a", 0, "x")))

    manifest = commit(into, SourceEntry("a", lines=1, record_lines=1))

    assert manifest is not None
    (entry,) = manifest.files
    data = (tmp_path / "s" / entry.path).read_bytes()
    assert (entry.bytes, entry.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert read_manifest(tmp_path / "s" / "imports" / f"{manifest.id}.json") == manifest


def test_an_aborted_import_leaves_no_file(tmp_path: Path, pool: Executor) -> None:
    into = ImportWriter(tmp_path / "s", pool)
    into.add(rows((1, "a", 0, "x")))
    into.flush()

    into.abort()

    assert not list((tmp_path / "s").rglob("*.parquet"))
    assert Store.open(tmp_path / "s").manifests == ()


def test_rewriting_changes_the_rows_of_one_source_only(tmp_path: Path, pool: Executor) -> None:
    into = ImportWriter(tmp_path / "s", pool)
    into.add(rows((1, "a", 0, "keep"), (2, "b", 0, "drop")))
    into.flush()

    into.rewrite(["b"], lambda table: table.filter(pa.compute.not_equal(table["source"].cast(pa.string()), "b")))
    commit(into)

    assert texts(tmp_path / "s") == ["keep"]


KILLED = """
import os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_writer import rows
from twsla.store.writer import ImportWriter
into = ImportWriter(Path({store!r}), ThreadPoolExecutor(2))
into.add(rows((1, "a", 0, "x")))
into.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX")
def test_what_a_killed_import_wrote_is_invisible_and_removed_by_the_next(tmp_path: Path, pool: Executor) -> None:
    store = tmp_path / "s"
    script = KILLED.format(tests=str(Path(__file__).parent), store=str(store))
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(store.rglob("*.parquet"))) == 1
    assert Store.open(store).files == ()

    into = ImportWriter(store, pool)
    into.abort()

    assert not list(store.rglob("*.parquet"))
    assert not list(store.rglob("*.lock"))


def test_files_of_a_living_import_stay(tmp_path: Path, pool: Executor) -> None:
    first = ImportWriter(tmp_path / "s", pool)
    first.add(rows((1, "a", 0, "one")))
    first.flush()

    second = ImportWriter(tmp_path / "s", pool)
    second.add(rows((2, "b", 0, "two")))
    commit(second)
    commit(first)

    assert sorted(texts(tmp_path / "s")) == ["one", "two"]


def test_no_store_a_file_a_foreign_directory_and_a_newer_store_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    bolt = tmp_path / "old.db"
    bolt.write_bytes(bytes(16) + b"\xed\xda\x0c\xed" + bytes(100))
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "photo.jpg").write_text("x")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "STORE").write_text("twsla store 99\n")

    said = {}
    for name in ("missing", "file", "old.db", "dir", "new"):
        with pytest.raises(StoreError) as caught:
            Store.open(tmp_path / name)
        said[name] = caught.value.message

    assert "there is no store" in said["missing"]
    assert "is a file" in said["file"]
    assert "bbolt" in said["old.db"]
    assert "not a store" in said["dir"]
    assert "version 99" in said["new"]
    assert bolt.read_bytes()[16:20] == b"\xed\xda\x0c\xed"


def test_nothing_is_written_into_what_is_no_store(tmp_path: Path, pool: Executor) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "photo.jpg").write_text("x")

    with pytest.raises(StoreError):
        ImportWriter(tmp_path / "dir", pool)

    assert [path.name for path in (tmp_path / "dir").iterdir()] == ["photo.jpg"]


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    layout.create(tmp_path / "s")
    bad = tmp_path / "s" / "imports" / "01ABC.json"
    bad.write_text(json.dumps({"version": 1}))

    with pytest.raises(StoreError, match=r"01ABC\.json is damaged"):
        Store.open(tmp_path / "s")
