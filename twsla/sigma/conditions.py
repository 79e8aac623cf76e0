"""Conditions on fields in mapping files: ``{EventID: [1, 3], "path|exists": true}``, all of them; any of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twsla.sigma.compiling import joined
from twsla.sigma.rules import Leaf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twsla.sigma.rules import Tree


def condition_tree(given: Any, leaves: dict[Leaf, int]) -> Tree:
    """A tree over leaves that are added to ``leaves``.

    Raises:
        ValueError: It is no condition.
    """
    if isinstance(given, list):
        return joined("or", [condition_tree(each, leaves) for each in given])
    if not isinstance(given, dict) or not given:
        raise ValueError(f"{given!r} is no condition: write FIELD: VALUE")
    return joined("and", [_one(str(key), value, leaves) for key, value in given.items()])


def _one(key: str, value: Any, leaves: dict[Leaf, int]) -> Tree:
    if key == "not":
        return ["not", condition_tree(value, leaves)]
    name, _, op = key.partition("|")
    values = value if isinstance(value, list) else [value]
    return joined("or", [leaves.setdefault(_leaf(name, op, each), len(leaves)) for each in values])


def _leaf(name: str, op: str, value: Any) -> Leaf:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    match op:
        case "exists":
            return Leaf(name, "exists", text)
        case "contains":
            return Leaf(name, "contains", text.lower())
        case "startswith":
            return Leaf(name, "starts", text.lower())
        case "endswith":
            return Leaf(name, "ends", text.lower())
        case "re":
            return Leaf(name, "re", text, True)
        case "":
            if text.endswith("*") and "*" not in text[:-1]:
                return Leaf(name, "starts", text[:-1].lower())
            return Leaf(name, "eq", text.lower())
    raise ValueError(f"'{name}|{op}': there is no '{op}'; known are exists, contains, startswith, endswith, re")


def renumbered(tree: Tree, numbers: Mapping[int, int]) -> Tree:
    """The same tree over leaves that have other numbers."""
    if isinstance(tree, int):
        return numbers[tree]
    return [tree[0], *(renumbered(each, numbers) for each in tree[1:])]
