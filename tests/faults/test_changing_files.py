"""Files that grow, are cut, or are replaced while they are read."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.stores import bytes_of, import_here, records, start
from twsla.formats.multiline import Multiline
from twsla.sources.base import ProblemKind
from twsla.sources.streams import FileStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Run
    from twsla.ingest.pipeline import Outcome

LINE = "2024-05-06T00:{:02}:{:02}Z gate sshd[7]: line {}\n"


def lines(first: int, count: int) -> bytes:
    return "".join(LINE.format(i // 60 % 60, i % 60, i) for i in range(first, first + count)).encode()


class Disturbed(FileStream):
    """A file that something happens to when so many bytes of it have been read; read in small pieces."""

    after: int = 0
    happens: Callable[[], object] | None = None

    def pull(self, size: int) -> bytes:
        data = super().pull(min(size, 64))
        if self.delivered + len(data) > Disturbed.after and Disturbed.happens is not None:
            happens, Disturbed.happens = Disturbed.happens, None
            happens()
        return data


def disturbed(
    store: Path,
    log: Path,
    after: int,
    happens: Callable[[], object],
    how: Multiline | None = None,
    encoding: str | None = None,
) -> Outcome:
    """An import of one file that ``happens`` to after so many bytes."""
    Disturbed.after, Disturbed.happens = after, happens
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twsla.sources.files.FileStream", Disturbed)
        # The first bytes are looked at before the file is read: nothing happens then.
        patch.setattr("twsla.sources.content.HEAD_BYTES", 0)
        return import_here(store, log, block_bytes=64, multiline=how or Multiline(), encoding=encoding)


PIECES = st.lists(
    st.sampled_from(
        [
            b"2024-05-06T00:00:00Z gate sshd[7]: accepted\n",
            b"2024-05-06T00:00:01Z caf\xff\n",
            b"\tat Some.java\n",
            b"no stamp\r\n",
            b"\n",
            "2024-05-06T00:00:02Z 日本\n".encode(),
        ]
    ),
    min_size=1,
    max_size=12,
)
HOW = st.sampled_from([Multiline(), Multiline("off"), Multiline("lines", lines=3), Multiline("start", "^2024")])


@settings(max_examples=40, deadline=None)
@given(pieces=PIECES, share=st.floats(0, 1), more=st.floats(0.0, 1), how=HOW)
def test_a_file_that_grows_while_it_is_read_comes_out_whole_in_the_end(
    pieces: list[bytes], share: float, more: float, how: Multiline
) -> None:
    data = b"2024-05-06T00:00:00Z first\n" + b"".join(pieces)
    there = max(1, int(share * (len(data) - 1)))
    then = there + max(1, int(more * (len(data) - there)))
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "x.log"
        log.write_bytes(data[:there])

        def grow() -> None:
            with log.open("ab") as file:
                file.write(data[there:then])

        # A file may look like another code page once it has grown; what was decided at first stays.
        outcome = disturbed(folder / "grown.db", log, 0, grow, how, "utf-8")
        first = records(folder / "grown.db")
        with log.open("ab") as file:
            file.write(data[then:])
        import_here(folder / "grown.db", log, multiline=how, encoding="utf-8")
        import_here(folder / "whole.db", log, multiline=how, encoding="utf-8")

        assert Disturbed.happens is None
        whole = records(folder / "whole.db")
        assert first == whole[: len(first)]
        assert records(folder / "grown.db") == whole
        assert any("was written to while it was read" in problem.sentence for problem in outcome.problems)
        kept = outcome.entries[0].bytes
        assert data[:kept].endswith(b"\n") or not kept


@settings(max_examples=40, deadline=None)
@given(
    data=st.lists(st.sampled_from([b"2024-05-06T00:00:00Z a\n", b"b\r\n", b"\xff", b"\x00", "é".encode(), b"c"])).map(
        b"".join
    ),
    share=st.floats(0, 1),
    encoding=st.sampled_from([None, "utf-16-le", "cp932"]),
)
def test_growth_that_nobody_saw_loses_no_byte_and_counts_every_line_once(
    data: bytes, share: float, encoding: str | None
) -> None:
    data = b"2024-05-06T00:00:00Z first" + data
    there = 1 + int(share * (len(data) - 1))
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "x.log"
        log.write_bytes(data[:there])
        import_here(folder / "s", log, encoding=encoding)
        log.write_bytes(data)
        import_here(folder / "s", log, encoding=encoding)
        import_here(folder / "whole", log, encoding=encoding)

        grown, whole = records(folder / "s"), records(folder / "whole")

    assert b"".join(piece for _, piece in bytes_of(grown, data)) == data
    assert max(row[3] + row[5].count("\n") for row in grown) == max(row[3] + row[5].count("\n") for row in whole)
    for row, piece in bytes_of(grown, data):
        if row[6] is not None:
            assert piece.removesuffix(b"\n").removesuffix(b"\r") == row[6]


@pytest.mark.parametrize("burst", [1, 300])
def test_a_log_that_is_being_written_is_imported_up_to_a_line_end(run: Run, tmp_path: Path, burst: int) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(lines(0, 200_000))
    done, written = threading.Event(), [200_000]

    def write() -> None:
        with log.open("ab", buffering=0) as file:
            while not done.is_set():
                data = lines(written[0], burst)
                half = len(data) // 2
                file.write(data[:half])  # a line is half written at any time
                file.write(data[half:])
                written[0] += burst
                time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        told = [run("import", "x.log") for _ in range(3)]
    finally:
        done.set()
        writer.join()
    run("import", "x.log")
    run("import", "-d", "whole.db", "x.log")

    assert [each.code for each in told] == [0, 0, 0]
    assert all("was written to while it was read" in each.err for each in told)
    assert records(tmp_path / "twsla.db") == records(tmp_path / "whole.db")
    assert len(records(tmp_path / "whole.db")) == written[0]
    assert run("verify").code == 0


def test_what_is_left_of_a_growing_file_is_incomplete_when_strict(tmp_path: Path, run: Run) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(lines(0, 300_000))
    process = start("import", "--strict", "x.log", cwd=tmp_path)
    with log.open("ab", buffering=0) as file:
        while process.poll() is None:
            file.write(b"2024-05-06T00:00:00Z half ")
            time.sleep(0.001)
    _, err = process.communicate()

    assert process.returncode == 6, err


def test_an_empty_file_that_has_grown_keeps_its_name(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"")
    run("import", "x.log")
    log.write_bytes(lines(0, 2))

    run("import", "--year", "2024", "x.log")

    assert [row[2:4] for row in records(tmp_path / "twsla.db")] == [("x.log", 1), ("x.log", 2)]


@pytest.mark.parametrize("left", [0, 5, 1000])
def test_a_file_that_is_cut_while_it_is_read_is_told(left: int, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(lines(0, 100))

    outcome = disturbed(tmp_path / "s", log, 500, lambda: os.truncate(log, left))

    (problem,) = outcome.problems
    assert (problem.kind, problem.loses_data) == (ProblemKind.DAMAGED, True)
    assert f"was cut to {left:,} bytes while it was read" in problem.sentence
    (entry,) = outcome.entries
    assert lines(0, 100)[: entry.bytes] == b"".join(
        piece for _, piece in bytes_of(records(tmp_path / "s"), lines(0, 100)[: entry.bytes])
    )
    assert 500 < entry.bytes < len(lines(0, 100))


def test_a_file_that_is_cut_and_written_anew_while_it_is_read_is_told(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(lines(0, 100))

    outcome = disturbed(tmp_path / "s", log, 500, lambda: log.write_bytes(lines(500, 200)))

    (problem,) = outcome.problems
    assert (problem.kind, problem.loses_data) == (ProblemKind.DAMAGED, True)
    assert "was written over while it was read" in problem.sentence


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(run: Run, tmp_path: Path) -> None:
    log, store = tmp_path / "x.log", tmp_path / "twsla.db"
    log.write_bytes(lines(0, 100))

    def rotate() -> None:
        log.rename(tmp_path / "x.log.1")
        log.write_bytes(lines(100, 7))

    outcome = disturbed(store, log, 500, rotate)
    again = import_here(store, log, tmp_path / "x.log.1")

    assert [problem.kind for problem in outcome.problems] == [ProblemKind.NOTE]
    assert "another file has taken its name" in outcome.problems[0].sentence
    assert [entry.name for entry in again.entries] == [f"{log}#2"]
    assert "the same content is in the store" in again.unchanged[0]
    assert sorted(row[5] for row in records(store)) == sorted(lines(0, 107).decode().splitlines())
    checked = run("verify")
    assert (checked.code, "changed" in checked.text) == (4, True)


def test_a_file_that_is_gone_before_it_is_opened_is_told_and_the_others_are_imported(run: Run, tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / name).write_bytes(lines(ord(name[0]) * 10, 2))
    (tmp_path / "b.log").unlink()

    done = run("import", "a.log", "b.log", "c.log")

    assert (done.code, "b.log: no such file" in done.err) == (3, True)
    assert len(records(tmp_path / "twsla.db")) == 4
