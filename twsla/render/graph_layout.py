"""Where the nodes of a graph stand: two columns where it has two sides, else pushed apart and pulled together by edges.

Source of the second: T. Fruchterman, E. Reingold, "Graph Drawing by Force-directed Placement", 1991. It starts from a
circle and uses no random number, so that a graph looks the same each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.render.widths import width

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twsla.render.drawings import Floats, Network

MOST_BESIDE = 34
"""Nodes on one side up to which two columns can be read."""
_ROUNDS = 300


def has_two_sides(network: Network) -> bool:
    """Whether every node is a source or a target only, and few enough on each side to stand in a column."""
    sides = [network.groups.count(side) for side in (0, 1)]
    return 2 not in network.groups and max(sides, default=0) <= MOST_BESIDE


def columns_layout(network: Network) -> Floats:
    """Positions (nodes, 2) from 0 to 1: sources at x 0, targets at x 1, each side in an order with few crossings."""
    import numpy as np

    groups = np.array(network.groups)
    heights = np.linspace(1, 0, len(groups))
    weights = network.weights
    for _ in range(8):
        for side, mine, theirs in ((1, network.targets, network.sources), (0, network.sources, network.targets)):
            mass = np.bincount(mine, weights, len(groups))
            pull = np.bincount(mine, weights * heights[theirs], len(groups)) / np.where(mass > 0, mass, 1)
            nodes = np.flatnonzero(groups == side)
            ordered = nodes[np.argsort(-pull[nodes], kind="stable")]
            heights[ordered] = 1 - (np.arange(len(ordered)) + 0.5) / max(1, len(ordered))
    return np.column_stack([groups.astype(np.float64), heights])


def spring_layout(network: Network) -> Floats:
    """Positions (nodes, 2) from 0 to 1: each connected part by itself, the parts side by side, the largest first."""
    import numpy as np

    parts = _parts(len(network.names), network.sources, network.targets)
    numbers, sizes = np.unique(parts, return_counts=True)
    places = np.zeros((len(parts), 2))
    left = top = height = 0.0
    shelf = 1.25 * np.sqrt(len(parts) * 1.3)
    for number in numbers[np.argsort(-sizes, kind="stable")].tolist():
        nodes = np.flatnonzero(parts == number)
        side = np.sqrt(len(nodes))
        if left and left + side > shelf:
            left, top, height = 0.0, top + height + 0.7, 0.0
        places[nodes] = _sprung(network, nodes) * side + [left, -top - side]
        left, height = left + side + 0.7, max(height, side)
    low, high = places.min(axis=0), places.max(axis=0)
    return np.asarray((places - low) / np.where(high > low, high - low, 1), np.float64)


def _parts(count: int, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each node the number of its connected part: that of the first node in it."""
    import numpy as np

    part = np.arange(count)
    while True:
        lower = np.minimum(part[sources], part[targets])
        joined = part.copy()
        np.minimum.at(joined, sources, lower)
        np.minimum.at(joined, targets, lower)
        if np.array_equal(joined, part):
            return part
        part = joined


def _sprung(network: Network, nodes: NDArray[np.intp]) -> Floats:
    """Positions of the nodes of one part, from 0 to 1."""
    import numpy as np

    count = len(nodes)
    angle = 2 * np.pi * np.arange(count) / count
    places = np.column_stack([np.cos(angle), np.sin(angle)]) / 2
    if count > 2:
        mine = np.isin(network.sources, nodes)
        sources, targets = (np.searchsorted(nodes, each[mine]) for each in (network.sources, network.targets))
        strength = 0.5 + np.log1p(network.weights[mine] / network.weights.max())
        for warmth in np.linspace(0.1, 0.002, _ROUNDS if count < 200 else _ROUNDS // 2):
            moved = _forces(places, sources, targets, strength, 1.3 / np.sqrt(count))
            length = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
            places = places + moved / length * np.minimum(length, warmth)
    low, high = places.min(axis=0), places.max(axis=0)
    return np.asarray((places - low) / np.where(high > low, high - low, 1), np.float64)


def _forces(
    places: Floats, sources: NDArray[np.int64], targets: NDArray[np.int64], strength: Floats, distance: float
) -> Floats:
    """How each node moves: away from all others, towards those it has an edge with, and a little to the middle."""
    import numpy as np

    apart = places[:, None, :] - places[None, :, :]
    squared = np.maximum((apart**2).sum(axis=2), 1e-6)
    moved = (apart * (distance**2 / squared)[:, :, None]).sum(axis=1)
    along = places[sources] - places[targets]
    pull = along * (np.linalg.norm(along, axis=1) / distance * strength)[:, None]
    np.add.at(moved, sources, -pull)
    np.add.at(moved, targets, pull)
    return np.asarray(moved - places * distance * 2)


def names_below(network: Network, places: Floats) -> NDArray[np.bool_]:
    """Which nodes are better named below: their edges come from above."""
    import numpy as np

    heights = np.zeros(len(places))
    for mine, theirs in ((network.sources, network.targets), (network.targets, network.sources)):
        np.add.at(heights, mine, places[theirs, 1] - places[mine, 1])
    return np.asarray(heights > 0)


def free_names(
    places: Floats, names: list[str], weights: Floats, radii: list[float], below: NDArray[np.bool_] | None = None
) -> list[int]:
    """Nodes whose names, written above or below them, do not cover each other.

    ``places`` and ``radii`` are in pixels; the heaviest come first.
    """
    import numpy as np

    boxes: list[tuple[float, float, float, float]] = []
    chosen = []
    for node in np.argsort(-weights, kind="stable").tolist():
        x, y = places[node]
        half = width(names[node]) * 3.4 + 3
        low = y - radii[node] - 15 if below is not None and below[node] else y + radii[node]
        box = (x - half, low, x + half, low + 15)
        if all(box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1] for other in boxes):
            boxes.append(box)
            chosen.append(node)
    return chosen
