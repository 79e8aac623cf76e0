"""Writes ``keys.md`` from the table of keys itself: ``python docs/generate_keys.py > docs/keys.md``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from twsla.views.keys import GROUPS, TABLE, Needs, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """# Keys

<!-- Made by docs/generate_keys.py. Do not edit. -->

The keys of the [screen](screen.md). `?` shows those that mean something on the result in front of you.

A result has letters of its own: one for each column it can be sorted by (pressed again, it reverses), and one for each
of its actions, such as `m` on the screen of `time`. These win over the keys below; the other key that a function then
has stays. `g` and `h` draw charts on results that have some, and move on others.
"""

NEEDS = {
    Needs.CHARTS: "results with a chart",
    Needs.LOG: "results with log texts",
    Needs.TIME: "results with times",
    Needs.RECORD: "rows that are records",
}


def main() -> None:
    """Print the whole page."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]  # it is a TextIOWrapper
    sys.stdout.write("\n".join(page()) + "\n")


def page() -> Iterator[str]:
    """The page line by line."""
    yield HEAD
    for group in GROUPS:
        yield f"## {group}\n"
        yield "| Keys | What they do | Where |"
        yield "|---|---|---|"
        for binding in TABLE:
            if binding.group == group:
                keys = " ".join(code(shown(key)) for key in binding.keys)
                where = NEEDS[binding.needs] if binding.needs else "everywhere"
                yield f"| {keys} | {binding.help} | {where} |"
        yield ""
    yield "## Mouse\n"
    yield "The wheel scrolls. A click selects a row, a click on the selected row shows its details, and one on a"
    yield "heading sorts. With Shift held down the mouse is the terminal's own, as it is after `F2`."


def code(text: str) -> str:
    """Code inside a table."""
    return "`\\|`" if text == "|" else f"`{text}`"


if __name__ == "__main__":
    main()
