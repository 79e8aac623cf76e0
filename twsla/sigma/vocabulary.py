"""Distinct values by number. Everything that asks about values asks once for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MOST_BYTES: Final = 256 << 20
"""Of all texts together; when there are more, numbering starts again, with a batch."""


class Vocabulary:
    """Texts and their numbers from 0 on; the empty text is 0."""

    def __init__(self) -> None:
        self.texts: list[str] = [""]
        self.bytes = 0
        self._numbers: dict[str, int] = {"": 0}

    def __len__(self) -> int:
        return len(self.texts)

    def numbers(self, values: Sequence[str]) -> np.ndarray:
        """(values,) int32 their numbers; new values get the next ones."""
        import numpy as np

        known, texts = self._numbers, self.texts
        found = np.empty(len(values), np.int32)
        for place, value in enumerate(values):
            number = known.get(value)
            if number is None:
                number = known[value] = len(texts)
                texts.append(value)
                self.bytes += len(value) + 120
            found[place] = number
        return found

    @property
    def is_full(self) -> bool:
        """Whether it should give way to a new one."""
        return self.bytes > MOST_BYTES
