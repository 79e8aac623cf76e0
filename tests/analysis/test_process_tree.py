"""The tree of processes: every process once, behind its parent, whatever the parents are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twsla.analysis.process_tree import branches, related


def test_lines_of_a_tree() -> None:
    #          0     1  2  3  4     5
    parents = [None, 0, 1, 0, None, 6, None]
    shown = [(branch.number, branch.depth, branch.lead) for branch in branches(parents, 6)]
    assert shown == [
        (0, 0, ""),
        (1, 1, "├─ "),
        (2, 2, "│  └─ "),
        (3, 1, "└─ "),
        (4, 0, ""),
        (6, 0, ""),  # not seen itself: it stands where its child would
        (5, 1, "└─ "),
    ]


def test_an_absent_parent_stands_where_its_first_child_would() -> None:
    assert [branch.number for branch in branches([3, None, 3, None], 3)] == [3, 0, 2, 1]


def test_what_is_related() -> None:
    parents = [None, 0, 1, 1, 0, None]
    assert related(parents, [False, True, False, False, False, False]) == [True, True, True, True, False, False]


def test_rings_are_cut_and_deep_trees_end() -> None:
    assert [branch.number for branch in branches([1, 2, 0], 3)] == [0, 2, 1]
    assert related([1, 2, 0], [True, False, False]) == [True, True, True]
    deep = [None, *range(5000)]
    assert max(len(branch.lead) for branch in branches(deep, len(deep))) < 250


@given(st.data())
def test_every_process_once_and_behind_its_parent(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 40))
    parents = data.draw(st.lists(st.none() | st.integers(0, max(count - 1, 0)), min_size=count, max_size=count))
    numbers = [branch.number for branch in branches(parents, count)]
    assert sorted(numbers) == list(range(count))
    depth = {branch.number: branch.depth for branch in branches(parents, count)}
    for number, parent in enumerate(parents):
        if parent is not None and depth[number]:
            assert numbers.index(parent) < numbers.index(number)
            assert depth[number] == depth[parent] + 1
