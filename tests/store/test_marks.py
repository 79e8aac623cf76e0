"""Marks beside a store: kept whole, in order, by several writers, whatever happens to the file."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import StoreError
from twsla.store.marks import Mark, MarkFile, case_path

STORE = Path("twsla.db")


def mark(offset: int, **values: object) -> Mark:
    return Mark("a.log", offset, offset + 1, 7, **values)  # type: ignore[arg-type]


def test_the_case_is_beside_the_store_and_not_in_it(tmp_path: Path) -> None:
    store = tmp_path / "twsla.db"
    store.mkdir()

    MarkFile(store).add(mark(1))

    assert case_path(store) == tmp_path / "twsla.db.case"
    assert list(store.iterdir()) == []
    assert [path.name for path in case_path(store).iterdir()] == ["marks.jsonl"]


def test_there_are_no_marks_without_a_file(tmp_path: Path) -> None:
    assert MarkFile(tmp_path / "twsla.db").marks() == {}
    assert not case_path(tmp_path / "twsla.db").exists()


def test_the_last_word_holds_and_all_are_kept(tmp_path: Path) -> None:
    file = MarkFile(tmp_path / "twsla.db")
    for each in (mark(1), mark(2, tags=("c2",)), mark(2, tags=("c2",), comment="日本"), mark(1, marked=False)):
        file.add(each)

    assert file.marks() == {("a.log", 2): mark(2, tags=("c2",), comment="日本")}
    assert MarkFile(tmp_path / "twsla.db").marks() == file.marks()
    assert len(file.path.read_text("utf-8").splitlines()) == 4


def test_what_others_added_is_seen(tmp_path: Path) -> None:
    one, other = MarkFile(tmp_path / "twsla.db"), MarkFile(tmp_path / "twsla.db")

    one.add(mark(1))
    assert set(other.marks()) == {("a.log", 1)}
    other.add(mark(2))
    one.add(mark(1, marked=False))

    assert set(one.marks()) == {("a.log", 2)}


@pytest.mark.parametrize(
    "line",
    [b"{}", b"[]", b"null", b"\xff\xfe", b'{"source": "a"', b"[" * 100_000, b'{"source":"a","offset":"x","line_no":1}'],
)
def test_a_line_that_is_no_mark_is_counted_and_passed_over(tmp_path: Path, line: bytes) -> None:
    file = MarkFile(tmp_path / "twsla.db")
    file.add(mark(1))
    with file.path.open("ab") as stream:
        stream.write(line)

    assert set(file.marks()) == {("a.log", 1)}  # still being written, as far as anybody can tell
    file.add(mark(2))

    assert set(file.marks()) == {("a.log", 1), ("a.log", 2)}
    assert file.unreadable == 1


@given(
    st.text(),
    st.lists(st.text(min_size=1), max_size=3).map(tuple),
    st.integers(0, 2**62),
    st.one_of(st.none(), st.integers(-(2**62), 2**62)),
)
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, tags: tuple[str, ...], offset: int, ts_ns: int | None
) -> None:
    folder = tmp_path_factory.mktemp("marks")
    noted = Mark(text or "a", offset, 1, ts_ns, tags=tags, comment=text, at=text, by=text)

    MarkFile(folder / "s.db").add(noted)

    assert list(MarkFile(folder / "s.db").marks().values()) == [noted]


def add_many(store: Path, first: int) -> None:
    file = MarkFile(store)
    for offset in range(first, first + 50):
        file.add(mark(offset, comment="x" * 3000))


def test_writers_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add_many, args=(tmp_path / "twsla.db", first)) for first in (0, 1000, 2000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    file = MarkFile(tmp_path / "twsla.db")
    assert len(file.marks()) == 150
    assert file.unreadable == 0
    for line in file.path.read_text("utf-8").splitlines():
        json.loads(line)


def test_a_place_that_cannot_be_written_is_an_explained_error(tmp_path: Path) -> None:
    (tmp_path / "twsla.db.case").write_text("a file, and no directory")

    with pytest.raises(StoreError, match="the mark cannot be written"):
        MarkFile(tmp_path / "twsla.db").add(mark(1))
