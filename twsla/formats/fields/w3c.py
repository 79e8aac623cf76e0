"""Logs that name their columns in a comment: W3C extended (IIS: ``#Fields:``) and Zeek's (``#fields``).

Each such line holds for those after it, until the next. A value that says there is none is no value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.formats.fields.columns import add, separated, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.formats.fields.columns import Columns


@dataclass(frozen=True, slots=True)
class Headed:
    """How lines with a header are written."""

    mark: str
    """What the header begins with."""
    delimiter: str
    none: tuple[str, ...]
    quotes: bool
    """Values may be in quotes."""

    def names(self, line: str) -> tuple[str, ...]:
        """The columns that a header names; none if it is no header."""
        if not line.startswith(self.mark):
            return ()
        rest = line[len(self.mark) :].strip("\r\n").lstrip(" \t")
        return _distinct([name for name in rest.split(self.delimiter) if name])

    def last_names(self, raw: bytes) -> tuple[str, ...]:
        """Those of the last header in some text; none if there is none."""
        mark = self.mark.encode()
        at = len(raw)
        while (at := raw.rfind(mark, 0, at)) >= 0:
            if at == 0 or raw[at - 1 : at] == b"\n":
                return self.names(raw[at:].partition(b"\n")[0].decode("utf-8", "replace"))
        return ()


W3C: Final = Headed("#Fields:", " ", ("-",), quotes=True)
ZEEK: Final = Headed("#fields", "\t", ("-", "(empty)"), quotes=False)
_PIECE: Final = re.compile(r'"[^"]*"|[^ ]+')


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Names of which none comes twice."""
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    seen: dict[str, int] = {}
    answer = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        answer.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(answer)


def read_headed(form: Headed, texts: pa.Array, names: tuple[str, ...]) -> Columns:
    """The fields of records.

    Args:
        form: How they are written.
        texts: (records,) strings.
        names: Of the columns before the first header among them; none: not known.
    """
    import numpy as np
    import pyarrow.compute as pc

    columns: Columns = {}
    comments = pc.starts_with(texts, "#").to_numpy(zero_copy_only=False)
    usable = ~comments & ~pc.match_substring_regex(texts, "[\r\n]").to_numpy(zero_copy_only=False)
    for first, last, given in _sections(form, texts, comments, names):
        rows = np.flatnonzero(usable[first:last]) + first
        if given and len(rows):
            _read_section(columns, form, texts, rows, given)
    return {name: column for name, column in columns.items() if column.null_count < len(column)}


def _sections(
    form: Headed, texts: pa.Array, comments: npt.NDArray[np.bool_], names: tuple[str, ...]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Runs of records under one header."""
    import numpy as np

    begin = 0
    for place in np.flatnonzero(comments).tolist():
        if found := form.names(texts[place].as_py()):
            yield begin, place, names
            begin, names = place + 1, found
    yield begin, len(texts), names


def _read_section(
    columns: Columns, form: Headed, texts: pa.Array, rows: npt.NDArray[np.int64], names: tuple[str, ...]
) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = texts.take(pa.array(rows))
    fits = pc.equal(pc.count_substring(lines, form.delimiter), len(names) - 1).to_numpy(zero_copy_only=False)
    if form.quotes:
        fits &= ~pc.match_substring(lines, '"').to_numpy(zero_copy_only=False)
    plain = rows[fits]
    if len(plain):
        found = separated(lines.filter(pa.array(fits)), names, delimiter=form.delimiter, none=form.none)
        for name, column in zip(names, found, strict=True):
            add(columns, name, spread(column, plain, len(texts)))
    others = rows[~fits]
    if not form.quotes or not len(others):
        return
    values: list[list[str | None]] = [[] for _ in names]
    for text in lines.filter(pa.array(~fits)).to_pylist():
        pieces = _PIECE.findall(text)
        whole = len(pieces) == len(names)
        for place, each in enumerate(values):
            value = pieces[place] if whole else "-"
            value = value[1:-1] if value.startswith('"') else value
            each.append(None if value in form.none else value)
    for name, each in zip(names, values, strict=True):
        add(columns, name, spread(pa.array(each, pa.string()), others, len(texts)))
