"""Lines with ANSI colours as fragments: what charts drawn with characters consist of."""

from __future__ import annotations

import re

from twsla.views.cells import fit_for
from twsla.views.style import palette

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_PLAIN = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}


def fragments_of(line: str, encoding: str) -> list[tuple[str, str]]:
    """A line as fragments; other control sequences than colours are shown, not obeyed."""
    found: list[tuple[str, str]] = []
    state: dict[str, str] = {}
    at = 0
    for match in _SGR.finditer(line):
        _add(found, state, line[at : match.start()], encoding)
        _apply(state, [int(part or 0) for part in match[1].split(";")])
        at = match.end()
    _add(found, state, line[at:], encoding)
    return found


def _add(found: list[tuple[str, str]], state: dict[str, str], text: str, encoding: str) -> None:
    if text:
        found.append((" ".join(state.values()), fit_for(text, encoding)))


def _apply(state: dict[str, str], codes: list[int]) -> None:
    while codes:
        code = codes.pop(0)
        if code == 0:
            state.clear()
        elif code in _PLAIN:
            state[_PLAIN[code]] = _PLAIN[code]
        elif code in (38, 48):
            state["fg" if code == 38 else "bg"] = _ground(code, _extended(codes))
        elif code in (39, 49):
            state.pop("fg" if code == 39 else "bg", None)
        else:
            _basic(state, code)


def _extended(codes: list[int]) -> str:
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return palette(codes.pop(0) % 256)
    red, green, blue = ([codes.pop(0) % 256 if codes else 0 for _ in range(3)]) if kind == 2 else (0, 0, 0)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _basic(state: dict[str, str], code: int) -> None:
    for first, ground, bright in ((30, 38, 0), (40, 48, 0), (90, 38, 8), (100, 48, 8)):
        if first <= code < first + 8:
            state["fg" if ground == 38 else "bg"] = _ground(ground, palette(code - first + bright))


def _ground(code: int, colour: str) -> str:
    return colour if code == 38 else f"bg:{colour}"
