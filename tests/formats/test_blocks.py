"""Blocks tile the source, and where a line is cut for its length depends on its bytes alone."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.formats import blocks
from twsla.formats.blocks import Block, read_blocks
from twsla.formats.decode import Encoding, cut, detect_encoding

LIMIT = 12


class Pipe(io.BytesIO):
    """Gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self.most, size if size is not None and size >= 0 else self.most))


def cut_up(data: bytes, block_bytes: int, encoding: str, most: int = 1 << 20) -> list[Block]:
    found = detect_encoding(data, forced=encoding)
    stream = Pipe(data, most)
    return list(read_blocks(stream, stream.read(block_bytes), found, block_bytes=block_bytes))


def cuts(found: list[Block]) -> list[int]:
    """Offsets at which a line was cut."""
    return [block.offset for block in found if block.continues]


@pytest.fixture(autouse=True, scope="module")
def short_lines() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_LINE_BYTES", LIMIT)
        yield


BYTES = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"bcdefgh", "é".encode(), b"\x00", b"\xff"])).map(
    b"".join
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-be", "cp932"])
@given(data=BYTES, block_bytes=st.integers(4, 40), most=st.integers(1, 40))
def test_blocks_tile_the_source_and_lines_are_cut_at_the_same_places(
    encoding: str, data: bytes, block_bytes: int, most: int
) -> None:
    found = cut_up(data, block_bytes, encoding, most)

    assert b"".join(block.raw for block in found) == data
    assert [block.offset for block in found] == [
        sum(len(block.raw) for block in found[:index]) for index in range(len(found))
    ]
    assert cuts(found) == cuts(cut_up(data, 1 << 20, encoding))


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 50))
def test_a_line_of_more_than_the_limit_is_cut_every_so_many_bytes(lengths: list[int], block_bytes: int) -> None:
    data = b"".join(b"x" * length + b"\n" for length in lengths)
    expected, start = [], 0
    for length in lengths:
        expected += [start + at for at in range(LIMIT, length, LIMIT)]
        start += length + 1

    assert cuts(cut_up(data, block_bytes, "utf-8")) == expected


def test_a_long_line_that_comes_in_small_pieces_is_not_looked_through_for_each() -> None:
    looked: list[int] = []
    original = cut

    def counted(raw: bytes, encoding: Encoding) -> int:
        looked.append(len(raw))
        return original(raw, encoding)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_LINE_BYTES", 1 << 20)
        patch.setattr(blocks, "cut", counted)
        cut_up(b"x" * (3 << 20), 1 << 20, "utf-8", most=4096)

    assert sum(looked) < 30 << 20
