"""Trees over the records of a batch. Logic has two values: a leaf is true for a record or it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from twsla.sigma.postings import Known, Postings
    from twsla.sigma.rules import Leaf, Tree
    from twsla.sigma.vocabulary import Vocabulary


class Evaluator:
    """Answers which rows of one batch a tree is true for."""

    def __init__(
        self,
        rows: int,
        leaves: Sequence[Leaf],
        names: Sequence[str],
        fields: Mapping[str, Postings],
        known: Mapping[str, Known],
        vocabulary: Vocabulary,
    ) -> None:
        """Look at a batch.

        Args:
            rows: Records in it.
            leaves: All leaves, by number.
            names: For each of them the canonical name of its field.
            fields: The batch's values, by canonical name.
            known: What is known of the values of each field that leaves ask about.
            vocabulary: Of all values.
        """
        self.size = rows
        self._leaves = leaves
        self._names = names
        self._fields = fields
        self._vocabulary = vocabulary
        self._cache: dict[int, Any] = {}
        self._filled: dict[str, Any] = {}
        self._present: dict[str, Any] = {}
        self._most: dict[int, int] = {}
        for name, postings in fields.items():
            if name in known:
                self._most.update(postings.ask(known[name], vocabulary))

    def rows(self, tree: Tree, within: np.ndarray) -> np.ndarray:
        """Those of some ascending rows for which a tree is true."""
        if not len(within) or not self.most(tree):
            return within[:0]
        return self._rows(tree, within)

    def _rows(self, tree: Tree, within: np.ndarray) -> np.ndarray:
        if isinstance(tree, int):
            return self._leaf(tree, within)
        if tree[0] == "not":
            return without(within, self.rows(tree[1], within))
        if tree[0] == "and":
            for part in sorted(tree[1:], key=self.most):
                within = self.rows(part, within)
                if not len(within):
                    break
            return within
        return self._union(tree[1:], within)

    def _union(self, parts: Sequence[Tree], within: np.ndarray) -> np.ndarray:
        import numpy as np

        found = [rows for part in parts if len(rows := self.rows(part, within))]
        if not found:
            return within[:0]
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def _leaf(self, number: int, within: np.ndarray) -> np.ndarray:
        leaf = self._leaves[number]
        name = self._names[number]
        match leaf.op:
            case "null":
                return without(within, self.filled(name))
            case "exists":
                has = self._present_rows(name)
                return common(within, has) if leaf.value == "true" else without(within, has)
            case "ref" | "refstarts" | "refends" | "refcontains":
                return self._compared(leaf, name, within)
        if number not in self._cache:
            self._cache[number] = self._fields[name].rows_of(number)
        return common(within, self._cache[number])

    def most(self, tree: Tree) -> int:
        """No more rows than this can a tree be true for."""
        if isinstance(tree, int):
            found = self._most.get(tree)
            return self._most_of(tree) if found is None else found
        if tree[0] == "and":
            return min(map(self.most, tree[1:]))
        if tree[0] == "or":
            return min(self.size, sum(map(self.most, tree[1:])))
        return self.size

    def _most_of(self, number: int) -> int:
        leaf = self._leaves[number]
        name = self._names[number]
        if leaf.op == "null" or (leaf.op == "exists" and leaf.value != "true"):
            most = self.size
        elif leaf.op == "exists" or leaf.op.startswith("ref"):
            most = len(self._present_rows(name))
        else:
            most = 0
        self._most[number] = most
        return most

    def filled(self, name: str) -> np.ndarray:
        """Rows in which a field has a value that is not empty."""
        import numpy as np

        if name not in self._filled:
            postings = self._fields.get(name)
            self._filled[name] = postings.filled() if postings else np.empty(0, np.int32)
        return self._filled[name]  # type: ignore[no-any-return]  # an array

    def filled_within(self, name: str, within: np.ndarray | None) -> int:
        """How many rows have a value of a field; of all rows, or of some."""
        return len(self.filled(name) if within is None else common(self.filled(name), within))

    def _present_rows(self, name: str) -> np.ndarray:
        import numpy as np

        if name not in self._present:
            postings = self._fields.get(name)
            self._present[name] = postings.present() if postings else np.empty(0, np.int32)
        return self._present[name]  # type: ignore[no-any-return]  # an array

    def values(self, name: str, within: np.ndarray) -> dict[int, list[str]]:
        """The values of a field in some ascending rows, by row."""
        import numpy as np

        postings = self._fields.get(name)
        found: dict[int, list[str]] = {}
        if postings is None or not len(within):
            return found
        rows, numbers = postings.pairs()
        chosen = np.isin(rows, within)
        texts = self._vocabulary.texts
        for row, number in zip(rows[chosen].tolist(), numbers[chosen].tolist(), strict=True):
            found.setdefault(row, []).append(texts[number])
        return found

    def _compared(self, leaf: Leaf, name: str, within: np.ndarray) -> np.ndarray:
        """Rows in which a field has the value of another one, or begins, ends with it, or holds it."""
        import numpy as np

        from twsla.sigma.names import canonical

        values = self.values(name, within)
        others = self.values(canonical(leaf.value), within)
        test = {
            "ref": str.__eq__,
            "refstarts": str.startswith,
            "refends": str.endswith,
            "refcontains": str.__contains__,
        }
        compare: Any = test[leaf.op]
        hit = [
            row
            for row, texts in values.items()
            if any(
                text and other and compare(text.lower(), other.lower())
                for text in texts
                for other in others.get(row, ())
            )
        ]
        return np.array(sorted(hit), within.dtype)


def common(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Rows in both; both ascending."""
    small, large = (left, right) if len(left) <= len(right) else (right, left)
    if not len(small):
        return small
    places = large.searchsorted(small)
    places[places == len(large)] = 0
    found: np.ndarray = small[large[places] == small]
    return found


def without(rows: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rows that are not in the other; both ascending."""
    if not len(other) or not len(rows):
        return rows
    places = other.searchsorted(rows)
    places[places == len(other)] = 0
    found: np.ndarray = rows[other[places] != rows]
    return found
