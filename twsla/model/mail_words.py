"""Texts in mail headers: encoded words (RFC 2047) and lists of addresses (RFC 5322 section 3.4). In linear time."""

from __future__ import annotations

import binascii
import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD: Final = re.compile(r"=\?(?P<charset>[^?\s]{1,75})\?(?P<encoding>[bBqQ])\?(?P<text>[^?]*)\?=")
"""Texts hold no question mark, so nothing is read twice."""
_CODECS: Final = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-8-i": "iso8859_8",
    "unicode-1-1-utf-7": "utf_7",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-1": "cp1252",
}
"""What senders mean by these names: the larger sets that their programs write."""
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
)


def decode_words(text: str) -> str:
    """A text with its encoded words decoded; what cannot be decoded stays as it is written.

    Words of one charset that follow each other are joined before they are decoded: programs cut them inside characters.
    """
    out: list[str] = []
    run: list[tuple[bytes, str]] = []
    codec: str | None = None
    after_word, end = False, 0
    for found in _WORD.finditer(text):
        between, end = text[end : found.start()], found.end()
        raw, own = _bytes(found["text"], found["encoding"]), _codec(found["charset"])
        is_word = raw is not None and own is not None
        adjacent = after_word and is_word and not between.strip()
        if not (adjacent and own == codec):
            out.append(_decoded(run, codec))
            out.append("" if adjacent else between)
            run, codec = [], own
        if raw is not None and own is not None:
            run.append((raw, found[0]))
        else:
            out.append(found[0])
        after_word = is_word
    return "".join((*out, _decoded(run, codec), text[end:]))


def _decoded(words: list[tuple[bytes, str]], codec: str | None) -> str:
    if not words or codec is None:
        return ""
    raw = b"".join(each for each, _ in words)
    if codec == "iso2022_jp_ext":
        raw, codec = _as_shift_jis(raw), "cp932"
    try:
        text = raw.decode(codec, "replace")
    except (UnicodeError, LookupError, ValueError):
        return " ".join(written for _, written in words)
    # UTF-7 can spell half a character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_SWITCH: Final = re.compile(rb"\x1b(\$[@B]|\([BJI])")


def _as_shift_jis(raw: bytes) -> bytes:
    """ISO-2022-JP as Shift_JIS, which has a codec for what Windows programs write into either (NEC row 13, IBM)."""
    out, mode = [], b"(B"
    for place, piece in enumerate(_SWITCH.split(raw)):
        if place % 2:
            mode = piece
        elif mode in (b"$@", b"$B"):
            out += [_shift(*pair) if len(pair) == 2 else pair for pair in re.findall(rb"(?s)..?", piece)]
        else:
            out.append(bytes(byte | 0x80 for byte in piece) if mode == b"(I" else piece)
    return b"".join(out)


def _shift(row: int, cell: int) -> bytes:
    """A character of JIS X 0208 in Shift_JIS; other bytes as they are."""
    if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
        return bytes((row, cell))
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    if row % 2:
        return bytes((lead, cell + (0x20 if cell >= 0x60 else 0x1F)))
    return bytes((lead, cell + 0x7E))


def _codec(charset: str) -> str | None:
    """The codec for a charset as mail names it, a language behind ``*`` left aside (RFC 2231); None: unknown."""
    name = charset.partition("*")[0].lower()
    name = _CODECS.get(name, name)
    try:
        found = codecs.lookup(name)
        b"".decode(name)  # refuses codecs that are no charsets, such as rot13
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if found.name.replace("-", "_") in _NO_CHARSETS else found.name


def _bytes(text: str, encoding: str) -> bytes | None:
    """What an encoded word stands for; None if it is damaged."""
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw.replace(b"_", b" "))
    packed = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    try:
        return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4))
    except binascii.Error:
        return None


# --- addresses ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address."""

    name: str
    """Decoded; empty for none."""
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else f"<{self.address}>"


@dataclass(slots=True)
class _Parts:
    """What was read of a mailbox so far."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None

    def mailbox(self) -> Mailbox | None:
        text = " ".join("".join(self.words).split())
        comment = " ".join("".join(self.comments).split())
        if self.angle is not None:
            return Mailbox(decode_words(text or comment), "".join(self.angle.split()))
        if not text or (" " in text and "@" not in text):
            return None
        return Mailbox(decode_words(comment), text.replace(" ", ""))


_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|[(),:;]|[^"<(),:;]+|.', re.DOTALL)
_QUOTED: Final = re.compile(r"\\(.)", re.DOTALL)


def mailboxes(text: str) -> list[Mailbox]:
    """The addresses of a list; what cannot be read is left out. Members of groups count, groups' names do not."""
    return [found for parts in _split(text) if (found := parts.mailbox()) is not None]


def _split(text: str) -> Iterator[_Parts]:
    parts, depth = _Parts(), 0
    for piece in _TOKEN.findall(text):
        if depth or piece == "(":
            depth += (piece == "(") - (piece == ")")
            if depth and piece != "(":
                parts.comments.append(piece)
        elif piece in (",", ";"):
            yield parts
            parts = _Parts()
        elif piece == ":":
            parts = _Parts()
        elif piece[0] == "<":
            parts.angle = piece[1:].removesuffix(">")
        elif piece[0] == '"':
            # Programs put encoded words into quotes, where they should not be.
            parts.words.append(_QUOTED.sub(r"\1", piece[1:].removesuffix('"') if len(piece) > 1 else ""))
        else:
            parts.words.append(piece)
    yield parts


def address_list(text: str) -> str:
    """``Name <address>`` of each, with commas between them; empty if there is none."""
    return ",".join(str(each) for each in mailboxes(text))
