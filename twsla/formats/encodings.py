"""Which encoding a source is written in, decided on its first bytes."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to read a source's bytes, and how that was decided."""

    name: str
    """Python's name of the codec, lower case: ``utf-8``, ``cp932``, ``utf-16-le``."""
    bom: int
    """Bytes of the byte-order mark at the start of the source; 0 if it has none."""
    width: int
    """Bytes of one code unit: 4 for UTF-32, 2 for UTF-16, else 1."""
    ascii: bool
    """Bytes below 128 are ASCII, always."""
    stateful: bool
    """Escape sequences switch character sets (ISO-2022)."""
    line_end: str
    r"""``"\n"``: lines end in ``\n`` or ``\r\n``; ``"\r"``: a lone ``\r`` ends a line as well."""
    why: str
    """One clause for the report: "byte-order mark", "valid UTF-8", "asked for"."""
    confidence: float
    """0 to 1; 1 where there is no doubt."""


def detect_encoding(head: bytes, *, forced: str | None = None) -> Encoding:
    """Decide the encoding of a source from its first bytes."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return _make(name, head, len(bom), "byte-order mark", 1.0)
    return _make("utf-8", head, 0, "valid UTF-8", 1.0)


def is_binary(head: bytes) -> bool:
    """Whether ``head`` is no text in any encoding."""
    return False


def _make(name: str, head: bytes, bom: int, why: str, confidence: float) -> Encoding:
    width = 4 if name.startswith("utf-32") else 2 if name.startswith("utf-16") else 1
    text = head[bom : len(head) - len(head) % width].decode(name, "replace")
    return Encoding(
        name=name,
        bom=bom,
        width=width,
        ascii=width == 1 and _is_ascii_superset(name),
        stateful=name.startswith(("iso2022", "iso-2022", "hz")),
        line_end=_line_end(text),
        why=why,
        confidence=confidence,
    )


def _is_ascii_superset(name: str) -> bool:
    every = bytes(range(128))
    try:
        return every.decode(name) == every.decode("ascii")
    except UnicodeDecodeError:
        return False


def _line_end(text: str) -> str:
    r"""A ``\r`` that ends the head decides nothing: a ``\n`` may follow."""
    return "\r" if "\r" in text[:-1] and "\n" not in text else "\n"
