"""Which encoding a source is written in, decided on its first bytes."""

from __future__ import annotations

import codecs
import difflib
import re
from dataclasses import dataclass
from encodings.aliases import aliases

from twsla.errors import UsageError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_NOT_FOR_TEXT = frozenset(
    {"hz", "idna", "iso2022_kr", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf-7"}
)
"""Codecs that are no character encodings of files, or in which no line can be read without those before it."""
_BINARY_STARTS = (b"\x7fELF", b"\x89PNG\r\n\x1a\n", b"SQLite format 3\x00", b"\xff\xd8\xff", b"GIF89a", b"GIF87a")
_MOST_CONTROLS = 0.04
"""Larger share of control characters, of many kinds: no text. Random bytes have 0.1, text has none."""
_LEAST_CONTROL_KINDS = 6
"""Text may be full of one separator (FIX messages have 0x01 between all fields), not of many."""
_LOOK_BYTES = 1 << 16
"""Where characters are looked at one by one, these are enough."""
_NO_CONTROLS = bytes(byte for byte in range(256) if not (byte < 8 or 14 <= byte < 27 or 27 < byte < 32 or byte == 127))


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
    r"""Decide the encoding of a source from its first bytes.

    In this order: what the user says; a byte-order mark; the pattern of NULs in UTF-16 and UTF-32; ISO-2022-JP by its
    escape sequences; UTF-8, a few bytes that are not being no counter-proof; a code page, where its characters make it
    clear (see ``codepages``). What is left is ASCII with some stray bytes, read as UTF-8 that shows them as ``\xNN``.

    Args:
        head: The more the surer; a character cut at its end does no harm. Megabytes are no waste: where the first
            64 KiB are ASCII, the first other characters decide.
        forced: The user's choice: any name ``codecs.lookup`` knows.

    Raises:
        UsageError: ``forced`` names no encoding, or none that lines can be found in.
    """
    if forced is not None:
        return _forced(head, forced)
    for bom, name in _BOMS:
        if head.startswith(bom) and (name != "utf-32-le" or _is_text(head, name)):
            return _make(name, head, len(bom), "byte-order mark", 1.0)
    wide = _wide(head)
    if wide is not None:
        return _make(wide, head, 0, "pattern of NUL bytes", 0.95)
    if head.isascii():
        if re.search(rb"\x1b\$[@B(]", head) and _is_text(head, "iso2022_jp"):
            return _make("iso2022_jp", head, 0, "escape sequences of ISO-2022-JP", 0.95)
        return _make("utf-8", head, 0, "ASCII", 1.0)
    return _eight_bit(head)


def is_binary(head: bytes) -> bool:
    """Whether ``head`` is no text in any encoding: an image, a program, a data base, compressed or random bytes.

    Some NULs, or a long row of them such as a crash leaves, do not make a log binary; nothing but NULs is.
    """
    if head.startswith(_BINARY_STARTS):
        return True
    if not head or any(head.startswith(bom) and _is_text(head, name) for bom, name in _BOMS) or _wide(head):
        return False
    text = head[:_LOOK_BYTES]
    if bytes(8) in text:
        text = re.sub(rb"\x00{8,}", b"", text)
    controls = text.translate(None, delete=_NO_CONTROLS)
    return not text or (len(controls) > _MOST_CONTROLS * len(text) and len(set(controls)) >= _LEAST_CONTROL_KINDS)


def _forced(head: bytes, wanted: str) -> Encoding:
    try:
        found = codecs.lookup(wanted.strip())
    except (LookupError, ValueError) as error:
        raise UsageError(f"there is no encoding '{wanted}'", hint=_near(wanted)) from error
    name = found.name.removesuffix("-sig").replace("_", "-") if found.name.startswith("utf") else found.name
    if name in ("utf-16", "utf-32"):
        name = _with_byte_order(head, name)
    # Codecs from bytes to bytes (hex, zlib) are marked as no text encodings by Python itself.
    if name in _NOT_FOR_TEXT or not found._is_text_encoding or not _has_ascii_lines(name):
        raise UsageError(
            f"a log cannot be read as '{wanted}'", hint="convert the file first, or use an encoding that includes ASCII"
        )
    bom = next((len(bom) for bom, of in _BOMS if of == name and head.startswith(bom)), 0)
    return _make(name, head, bom, "asked for", 1.0)


def _with_byte_order(head: bytes, name: str) -> str:
    """UTF-16 or UTF-32 by their byte-order mark, by the NULs, else the one usual on PCs."""
    marked = [of for bom, of in _BOMS if of.startswith(name) and head.startswith(bom)]
    wide = _wide(head)
    if marked:
        return marked[0]
    return wide if wide is not None and wide.startswith(name) else f"{name}-le"


def _near(wanted: str) -> str:
    names = {name.replace("_", "-") for name in (*aliases, *aliases.values())}
    close = difflib.get_close_matches(wanted.lower().replace("_", "-"), sorted(names), n=4)
    known = "utf-8, utf-16, cp932 (Shift_JIS), euc-jp, iso-2022-jp, gb18030, cp949, big5, cp1252"
    return f"did you mean {', '.join(close)}?" if close else f"encodings are, for example: {known}"


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte-order mark: a quarter of the units at least is ASCII, and they make up text."""
    import numpy as np

    head = head[:_LOOK_BYTES]
    if b"\x00" not in head:
        return None
    for name in _WIDE:
        width = _width(name)
        units = np.frombuffer(head, f"{'>' if name.endswith('be') else '<'}u{width}", len(head) // width)
        units = units[units != 0]
        ascii_units = ((units >= 32) & (units < 127)) | ((units >= 9) & (units <= 13))
        if len(units) >= 8 and ascii_units.mean() >= 0.25 and _is_text(units.tobytes(), name):
            return name
    return None


def _is_text(head: bytes, name: str) -> bool:
    """Whether ``head`` decodes, but for a character cut at its end, to printable characters nearly throughout."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(head[:_LOOK_BYTES])
    except UnicodeDecodeError:
        return False
    shown = sum(character.isprintable() or character in "\t\n\r\f\v\x00\x1b\ufeff" for character in text)
    return shown >= 0.97 * len(text)


def _eight_bit(head: bytes) -> Encoding:
    """The encoding of a head with bytes above 127 that is not UTF-16 or UTF-32."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        pass
    else:
        return _make("utf-8", head, 0, "valid UTF-8", 1.0)
    text = head.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    if good >= bad:
        # Text of a code page has hardly a sequence of bytes that is valid UTF-8, and far more that are not.
        surer = good >= 4 * bad
        why = f"UTF-8 with {'some' if surer else 'many'} bytes that are not"
        return _make("utf-8", head, 0, why, 0.9 if surer else 0.5)
    # Loading the detector's models takes its time, so it waits until a source needs it.
    from twsla.formats.codepages import guess

    found = guess(head)
    if found is None:
        return _make("utf-8", head, 0, "ASCII with some other bytes", 0.5)
    return _make(found.codec, head, 0, f"looks like {found.title}", found.confidence)


def _make(name: str, head: bytes, bom: int, why: str, confidence: float) -> Encoding:
    width, stateful = _width(name), name.startswith("iso2022")
    head = head[bom : 4 * _LOOK_BYTES]
    text = head[: len(head) - len(head) % width].decode(name, "replace")
    return Encoding(
        name=name,
        bom=bom,
        width=width,
        ascii=width == 1 and not stateful and _is_ascii_superset(name),
        stateful=stateful,
        line_end=_line_end(text),
        why=why,
        confidence=confidence,
    )


def _width(name: str) -> int:
    return 4 if name.startswith("utf-32") else 2 if name.startswith("utf-16") else 1


def _has_ascii_lines(name: str) -> bool:
    r"""Whether ``\n`` and ``\r`` are single code units of value 10 and 13."""
    return "\r\n".encode(name).replace(b"\x00", b"") == b"\r\n"


def _is_ascii_superset(name: str) -> bool:
    every = bytes(range(128))
    return every.decode(name, "replace") == every.decode("ascii")


def _line_end(text: str) -> str:
    r"""A ``\r`` that ends the head decides nothing: a ``\n`` may follow."""
    return "\r" if "\r" in text[:-1] and "\n" not in text else "\n"
