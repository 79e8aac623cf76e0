"""Lines without end: memory stays bounded, nothing is lost, the pieces tell where they belong."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Run

MIB = 1 << 20
LINE_MIB = int(os.environ.get("TWSLA_LINE_MIB", "256"))
"""1024 for the line of 1 GiB."""
PIECE_BYTES = 4 * MIB
"""As docs/import.md has it."""

RUN_AND_TELL_PEAK = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "twsla", *sys.argv[1:]])
print("peak KiB", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""


def import_stream(pieces: Iterator[bytes], folder: Path) -> tuple[str, int, str, int]:
    """Import from standard input; standard error, peak memory in KiB, and SHA-256 and size of what was sent."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_AND_TELL_PEAK, "import", "-"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    sent, size = hashlib.sha256(), 0
    for piece in pieces:
        process.stdin.write(piece)
        sent.update(piece)
        size += len(piece)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    peak = re.search(r"peak KiB (\d+)", err.decode())
    assert peak is not None
    return err.decode(), int(peak[1]), sent.hexdigest(), size


def stored(store: Path, columns: str) -> list[tuple[object, ...]]:
    files = [str(path) for path in store.glob("records/*/*.parquet")]
    sql = f'SELECT {columns} FROM read_parquet({files}, union_by_name=true) ORDER BY "offset"'
    rows: list[tuple[object, ...]] = duckdb.connect(config={"memory_limit": "2GB"}).sql(sql).fetchall()
    return rows


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="peak memory is read by getrusage")
@pytest.mark.parametrize("letters", [b"x", b"7", "日本語 a1".encode() * 8], ids=["letter", "digit", "text"])
def test_a_line_of_a_gigabyte_needs_no_gigabyte_and_loses_no_byte(letters: bytes, tmp_path: Path) -> None:
    head, tail = b"2024-05-06T00:00:00Z begin ", b"\n2024-05-06T00:00:01Z next\n"
    piece = (letters * (MIB // len(letters) + 1))[: MIB // len(letters) * len(letters)]

    def pieces() -> Iterator[bytes]:
        yield head
        for _ in range(LINE_MIB * MIB // len(piece)):
            yield piece
        yield tail

    _, peak, sha256, size = import_stream(pieces(), tmp_path)

    assert peak < 1024 * 1024, f"{peak / 1024:.0f} MiB"
    store = tmp_path / "twsla.db"
    (manifest,) = (store / "imports").glob("*.json")
    (source,) = json.loads(manifest.read_text())["sources"]
    assert (source["sha256"], source["bytes"], source["lines"]) == (sha256, size, 2)
    rows = stored(store, 'line_no, "offset", ts IS NOT NULL, octet_length(encode(text)), md5(text)')
    long = [row for row in rows if row[0] == 1]
    assert [row[2] for row in rows] == [True] + [False] * (len(long) - 1) + [True]
    assert sum(int(str(row[3])) for row in long) == size - len(tail)
    assert rows[-1][:2] == (2, size - len(tail) + 1)
    assert all(PIECE_BYTES - 3 <= int(str(row[3])) <= PIECE_BYTES for row in long[:-1])
    text = hashlib.md5()
    text.update(head)
    for _ in range(LINE_MIB * MIB // len(piece)):
        text.update(piece)
    joined = hashlib.md5()
    for (part,) in stored(store, "text")[:-1]:
        joined.update(str(part).encode())
    assert joined.hexdigest() == text.hexdigest()


def test_pieces_are_one_line_for_every_count_and_any_way_of_reading(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    stamps = "May  6 00:00:0{} gate sshd: {}\n"
    log.write_text(stamps.format(1, "a") + stamps.format(2, "b" * (9 * MIB)) + stamps.format(3, "c"))
    moment = 1_715_000_000  # 2024-05-06
    os.utime(log, (moment, moment))

    whole = run("import", "-d", "whole.db", "x.log", "--format", "json")
    piped = run("import", "-d", "piped.db", "-", "--format", "json", "--year", "2024", input=log.read_bytes())
    ranged = run("import", "-d", "ranged.db", "x.log", "--format", "json", "-t", "2024-05-06 00:00:03,1h")
    filtered = run("import", "-d", "filtered.db", "-s", "x.log", "gate", "--format", "json")

    for done in (whole, piped, ranged, filtered):
        assert done.code == 0, done.err
        facts = json.loads(done.text)["facts"]
        assert (facts["lines"], facts["lines_add_up"]) == (3, True)
    assert json.loads(ranged.text)["facts"]["outside"] == 2
    columns = 'line_no, "offset", md5(text)'
    assert stored(tmp_path / "whole.db", columns) == stored(tmp_path / "piped.db", columns)
    assert [row[0] for row in stored(tmp_path / "whole.db", "line_no")] == [1, 2, 2, 2, 3]
    # The rest of the line has no "gate" in it: two records, and no line beside the one that begins before them.
    assert json.loads(filtered.text)["facts"]["filtered"] == 0
    assert [row[0] for row in stored(tmp_path / "filtered.db", "line_no")] == [1, 2, 3]
    assert "longer than 4 MiB" in whole.err + json.dumps(json.loads(whole.text)["notes"])
