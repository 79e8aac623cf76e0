"""Who began whom: an order in which each process comes behind its parent, and the lines that show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_DEPTH = 60
"""Deeper branches are shown as deep as this."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One process in its place."""

    number: int
    depth: int
    lead: str
    """What stands before its name: ``│  └─ ``."""


def branches(parents: Sequence[int | None], seen: int) -> Iterator[Branch]:
    """All processes, each behind its parent, children in their order.

    Args:
        parents: By number, that of the parent; None: it has none here. Where they form a ring, the first is cut off.
        seen: From this number on they are parents without a time, which stand where their first child would.
    """
    children: list[list[int]] = [[] for _ in parents]
    roots: list[int] = []
    for number, parent in enumerate(parents):
        (roots if parent is None else children[parent]).append(number)
    roots.sort(key=lambda number: min(children[number], default=number) if number >= seen else number)
    done = bytearray(len(parents))
    yield from _below(roots, children, done)
    for number in range(len(parents)):
        if not done[number]:
            yield from _below([number], children, done)


def _below(roots: list[int], children: list[list[int]], done: bytearray) -> Iterator[Branch]:
    waiting = [(number, 0, "", True) for number in reversed(roots)]
    while waiting:
        number, depth, above, is_last = waiting.pop()
        if done[number]:
            continue
        done[number] = 1
        own = "" if not depth else "└─ " if is_last else "├─ "
        yield Branch(number, depth, above + own)
        below = [child for child in children[number] if not done[child]]
        deeper = above if not depth or depth > _MOST_DEPTH else above + ("   " if is_last else "│  ")
        waiting += [(child, depth + 1, deeper, at == 0) for at, child in enumerate(reversed(below))]


def related(parents: Sequence[int | None], wanted: Sequence[bool]) -> list[bool]:
    """Which processes are wanted, began one that is, or were begun by one, however many between."""
    keep = list(wanted)
    for number, is_wanted in enumerate(wanted):
        above = parents[number] if is_wanted else None
        while above is not None and not keep[above]:
            keep[above] = True
            above = parents[above]
    descends = list(wanted)
    for branch in branches(parents, len(parents)):
        parent = parents[branch.number]
        if parent is not None and descends[parent]:
            descends[branch.number] = True
    return [kept or below for kept, below in zip(keep, descends, strict=True)]
