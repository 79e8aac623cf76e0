"""Groups of files that can be read one after the other without sorting across them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from twsla.query.rows import ordered_groups
from twsla.store.manifest import FileEntry


def entry(number: int, first: int | None, last: int | None, *sources: str) -> FileEntry:
    return FileEntry(f"records/2024-05/A-{number:04d}.parquet", 1, 1, "", (), first, last, sources)


def numbers(groups: list[tuple[FileEntry, ...]]) -> list[list[int]]:
    return [[int(each.path[-12:-8]) for each in group] for group in groups]


def test_files_apart_in_time_are_groups_of_their_own_and_undated_ones_come_last() -> None:
    files = [entry(0, None, None), entry(1, 50, 60, "a"), entry(2, 10, 20, "b"), entry(3, 15, 30, "c")]

    assert numbers(ordered_groups(files)) == [[2, 3], [1], [0]]


def test_a_source_cut_within_one_moment_needs_no_sorting() -> None:
    assert numbers(ordered_groups([entry(1, 20, 30, "a"), entry(0, 10, 20, "a")])) == [[0], [1]]


def test_other_sources_at_the_same_moment_are_sorted_together() -> None:
    assert numbers(ordered_groups([entry(0, 10, 20, "b"), entry(1, 20, 30, "a")])) == [[0, 1]]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=20))
def test_no_file_of_a_group_reaches_into_a_later_group(spans: list[tuple[int, int]]) -> None:
    files = [entry(i, start, start + length, f"s{i}") for i, (start, length) in enumerate(spans)]

    groups = ordered_groups(files)

    assert sorted(each.path for group in groups for each in group) == sorted(each.path for each in files)
    for earlier, later in pairwise(groups):
        assert max(each.max_ts or 0 for each in earlier) < min(each.min_ts or 0 for each in later)
