"""Fields that records call otherwise than rules: the values get the rules' names too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.sigma.postings import Postings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from twsla.sigma.logsources import Alias
    from twsla.sigma.plan import Plan
    from twsla.sigma.reading import Batch
    from twsla.sigma.vocabulary import Vocabulary

_HIVES: Final = (
    (re.compile(r"(?i)^\\registry\\machine\\system\\controlset\d+(?=\\|$)"), r"HKLM\\System\\CurrentControlSet"),
    (re.compile(r"(?i)^\\registry\\machine(?=\\|$)"), "HKLM"),
    (re.compile(r"(?i)^\\registry\\user(?=\\|$)"), "HKU"),
)


def registry(value: str) -> str:
    r"""A path of the kernel's as Sysmon writes it: ``\REGISTRY\MACHINE\…`` is ``HKLM\…``."""
    for pattern, short in _HIVES:
        made, count = pattern.subn(short, value, count=1)
        if count:
            return made
    return value


def apply_aliases(batch: Batch, plan: Plan, rows: Mapping[int, np.ndarray], vocabulary: Vocabulary) -> None:
    """Add values under the names of the rules.

    Args:
        batch: Gets them.
        plan: Its scopes say what is called how.
        rows: Of each scope, ascending.
        vocabulary: Gets values that are changed.
    """
    made: list[tuple[str, np.ndarray, np.ndarray]] = []
    done: dict[tuple[Alias, int], None] = {}
    fields: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for scope, within in rows.items():
        if not len(within):
            continue
        for alias in plan.scopes[scope].aliases:
            parts = [_within(batch, source, within, fields) for source in alias.sources]
            found = parts[0] if len(parts) == 1 else _joined(parts, vocabulary)
            if not len(found[0]):
                continue
            change = _change(plan, alias.values)
            numbers = _changed(found[1], change, vocabulary) if change else found[1]
            made.append((alias.field, found[0], numbers))
            done[alias, scope] = None
    for name, found_rows, numbers in made:
        batch.add(name, found_rows, numbers)


def _within(
    batch: Batch, name: str, within: np.ndarray, fields: dict[str, tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and numbers of a field among some rows."""
    import numpy as np

    if name not in batch.fields:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    if name not in fields:
        fields[name] = Postings(batch.fields[name]).pairs()
    rows, numbers = fields[name]
    places = within.searchsorted(rows)
    places[places == len(within)] = 0
    chosen = within[places] == rows
    return rows[chosen], numbers[chosen]


def _joined(parts: list[tuple[np.ndarray, np.ndarray]], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Values of several fields as one, with a backslash between them; of fields that a record lacks nothing."""
    import numpy as np

    texts: dict[int, str] = {}
    for rows, numbers in parts:
        for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
            value = vocabulary.texts[number]
            before = texts.get(row)
            texts[row] = value if before is None else f"{before}\\{value}" if value else before
    ordered = sorted(texts)
    return np.array(ordered, np.int32), vocabulary.numbers([texts[row] for row in ordered])


def _change(plan: Plan, name: str) -> Callable[[str], str] | None:
    if not name:
        return None
    if name == "registry":
        return registry
    table = plan.values.get(name, {})
    return lambda value: table.get(value.strip().lower(), value)


def _changed(numbers: np.ndarray, change: Callable[[str], str], vocabulary: Vocabulary) -> np.ndarray:
    import numpy as np

    distinct, places = np.unique(numbers, return_inverse=True)
    texts = vocabulary.texts
    return vocabulary.numbers([change(texts[number]) for number in distinct.tolist()])[places]
