"""What a store holds, read by other means than our own; and runs of the real program that a test can disturb."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb

from tests.conftest import ROOT, Finished
from twsla.ingest.pipeline import Outcome, Pipeline
from twsla.ingest.settings import Settings
from twsla.progress import Silent
from twsla.sources.files import expand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Record = tuple[Any, ...]
"""ts in nanoseconds, flags, source, line number, offset, text, original bytes."""


def records(store: Path) -> list[Record]:
    """Every record that the store's manifests name, in a fixed order."""
    import json

    manifests = [json.loads(path.read_bytes()) for path in (store / "imports").glob("*.json")]
    files = [str(store / entry["path"]) for manifest in manifests for entry in manifest["files"]]
    if not files:
        return []
    raw = "raw" if any("raw" in entry["columns"] for each in manifests for entry in each["files"]) else "NULL"
    sql = (
        f'SELECT epoch_ns(ts), ts_flags, source, line_no, "offset", text, {raw} '
        f'FROM read_parquet({files}, union_by_name=true) ORDER BY source, "offset", line_no'
    )
    with duckdb.connect() as connection:
        found: list[Record] = connection.execute(sql).fetchall()
    return found


def snapshot(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dead_files(store: Path) -> list[str]:
    """Files that no finished import names, but for the lock that commits take turns with."""
    import json

    named = {"STORE", "imports/.commit.lock"}
    for path in (store / "imports").glob("*.json"):
        named |= {f"imports/{path.name}"} | {entry["path"] for entry in json.loads(path.read_bytes())["files"]}
    return sorted(set(snapshot(store)) - named)


def start(*arguments: str | Path, cwd: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start the real program."""
    command = [sys.executable, "-m", "twsla", *map(str, arguments)]
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), "TZ": "UTC"}, **options)


def run_to_end(*arguments: str | Path, cwd: Path, **options: Any) -> Finished:
    """Run the real program; for fixtures of a module, which cannot have ``run``."""
    process = start(*arguments, cwd=cwd, **options)
    out, err = process.communicate(timeout=120)
    return Finished(process.returncode, out or b"", err.decode())


def import_here(store: Path, *sources: str | Path, **settings: Any) -> Outcome:
    """An import inside this process, for tests that need hundreds of them."""
    pipeline = Pipeline(store, Settings(**{"now_ns": 0, "workers": 2, **settings}), {}, Silent())
    return pipeline.run(
        expand([os.fspath(source) for source in sources], on_problem=pipeline.problem, stdin=io.BytesIO())
    )


def bytes_of(rows: Sequence[Record], data: bytes) -> list[tuple[Record, bytes]]:
    """Each record of one source with its bytes: from its offset to that of the next."""
    offsets = [row[4] for row in rows] + [len(data)]
    assert offsets == sorted(set(offsets)), "offsets do not ascend"
    return [(row, data[begin:end]) for row, begin, end in zip(rows, offsets, offsets[1:], strict=False)]
