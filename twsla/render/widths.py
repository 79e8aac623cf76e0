"""Text measured, cut and wrapped in terminal cells: East Asian wide characters take two, combining marks none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ELLIPSIS = "…"
_JOINER = "\u200d"
_EMOJI_FORM = "\ufe0f"


def width(text: str) -> int:
    """Number of terminal cells the text takes; control characters count as none, so escape them first."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """What must not be torn apart (a character with its marks, and what joiners join to it), and its cells."""
    cluster, joined = "", False
    for char in text:
        if cluster and (joined or char in (_JOINER, _EMOJI_FORM) or width(char) == 0):
            cluster += char
        else:
            if cluster:
                yield cluster, width(cluster)
            cluster = char
        joined = char == _JOINER
    if cluster:
        yield cluster, width(cluster)


def clip(text: str, cells: int) -> str:
    """The text in at most ``cells`` terminal cells; what is cut off is replaced by ``…``."""
    if cells <= 0:
        return ""
    if text.isascii() and text.isprintable():
        return text if len(text) <= cells else text[: cells - 1] + ELLIPSIS
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for cluster, size in _clusters(text):
        if used + size > cells - 1:
            break
        kept.append(cluster)
        used += size
    return "".join(kept) + ELLIPSIS


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """The text filled up with blanks to ``cells``; ``right`` puts them before it. Longer text is left as it is."""
    blanks = " " * (cells - width(text))
    return blanks + text if right else text + blanks


def wrap(text: str, cells: int) -> list[str]:
    """The text as lines of at most ``cells`` terminal cells, line ends inside kept; at least one line.

    A character wider than a line stands alone on its own. Nothing is added or lost: the lines of a text without line
    ends, joined, are the text.
    """
    if cells < 1:
        return text.split("\n")
    return [piece for line in text.split("\n") for piece in _wrap_line(line, cells)]


def _wrap_line(line: str, cells: int) -> list[str]:
    if line.isascii() and line.isprintable():
        return [line[at : at + cells] for at in range(0, len(line), cells)] or [""]
    pieces, piece, used = [], "", 0
    for cluster, size in _clusters(line):
        if piece and used + size > cells:
            pieces.append(piece)
            piece, used = "", 0
        piece += cluster
        used += size
    pieces.append(piece)
    return pieces
