"""Mail as text: the header block of a message, its fields, and the dates in them. Tolerant, in linear time.

Source: RFC 5322 sections 2.2 and 3.3, RFC 4155 appendix A (mbox).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATOR: Final = re.compile(rb"From [^\n]{0,400}?\b\d{1,2}:\d\d\b")
"""The line before each message of an mbox: ``From ADDRESS DATE``. A line of text that begins so has no time of day."""
KNOWN: Final = frozenset(
    {
        *("from", "to", "cc", "subject", "date", "received", "return-path", "message-id", "reply-to", "sender"),
        *("delivered-to", "mime-version", "content-type", "dkim-signature", "authentication-results", "x-mailer"),
        *("received-spf", "in-reply-to", "references", "user-agent", "x-original-to", "bcc", "resent-from"),
    }
)
STRONG: Final = frozenset({"from", "received", "return-path", "message-id", "subject"})
"""At least one of these is in the header of every message; other things have some of the rest as well."""
_LONGEST_DATE: Final = 200
_COMMENT: Final = re.compile(r"\([^()]*\)")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # wall-clock times
_FIRST_YEAR, _END_YEAR = 1900, 2200
"""As for the stamps of any log."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as written."""

    wall_ns: int
    """What the clock showed, as nanoseconds since 1970 on the same clock."""
    offset_s: int | None
    """Seconds east of UTC; None: no zone is named."""

    @property
    def ns(self) -> int | None:
        """The instant; None where no zone is named."""
        return None if self.offset_s is None else self.wall_ns - self.offset_s * 1_000_000_000


def parse_date(text: str) -> Moment | None:
    """A date of RFC 5322 or 822, or an ISO one, comments left aside; None if it is none of the years 1900 to 2199."""
    from email.utils import parsedate_to_datetime

    text = " ".join(_COMMENT.sub(" ", text[:_LONGEST_DATE].replace("\0", " ")).split())
    leap = ":60" in text
    if leap:  # a leap second, which Python's clock does not have
        text = text.replace(":60", ":59", 1)
    found = None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(text)
            break
        except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
            continue
    if found is None or not _FIRST_YEAR <= found.year < _END_YEAR:
        return None
    offset = found.utcoffset()
    if offset is None and re.search(r"-0000\b", text):
        offset = timedelta(0)  # RFC 5322 section 3.3: the time is UTC, and tells nothing of the place
    away = None if offset is None else round(offset.total_seconds())
    wall = (found.replace(tzinfo=None) - _EPOCH + timedelta(seconds=leap)) // timedelta(microseconds=1)
    return Moment(wall * 1000, away)


def date_of_received(value: str) -> Moment | None:
    """The date of a Received field: what stands behind the last semicolon."""
    _, semicolon, date = value.rpartition(";")
    return parse_date(date) if semicolon else None


def is_field(line: str) -> bool:
    """Whether a line begins a field."""
    return _FIELD.match(line) is not None


_FIELD: Final = re.compile(r"[!-9;-~]{1,200}[ \t]*:")


def header_fields(text: str) -> list[tuple[str, str]]:
    """The fields of a message's header block in their order: name as written, value unfolded (a blank for a line end).

    The block ends at the first empty line, or at a line that is neither a field nor goes on with one. The separator of
    an mbox may stand before it.
    """
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        field = _WHOLE_FIELD.match(text, position)
        if field is not None:
            value = field[2]
            found.append((field[1], _unfolded(value) if "\n" in value else value.strip()))
            position = field.end()
            continue
        other = _OTHER_LINE.match(text, position)
        if other is None or (position and other[0].startswith("F")):
            break
        position = other.end()
    return found


_WHOLE_FIELD: Final = re.compile(r"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_OTHER_LINE: Final = re.compile(r"(?:>?From |[ \t])[^\n]*\n?")
"""Lines that are no field and do not end the block."""


def _unfolded(value: str) -> str:
    parts = (line.strip() for line in value.split("\n"))
    return " ".join(part for part in parts if part)


def is_header(fields: Iterable[tuple[str, str]]) -> bool:
    """Whether these are the fields of a mail, and not of something else with names and colons."""
    names = {name.lower() for name, _ in fields}
    return bool(names & STRONG) and len(names & KNOWN) >= 2


def looks_like_mail(head: bytes, name: str = "") -> bool:
    """Whether content is a message, or an mbox.

    Args:
        head: Its first bytes.
        name: Of the file: one that ends in ``.eml`` or ``.mbox`` makes a single known field enough.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    fields = header_fields(text)
    if re.search(r"\.(eml|mbox|mbx)(\.(gz|bz2|xz|zst|lz4))?$", name, re.IGNORECASE):
        return any(each.lower() in KNOWN for each, _ in fields)
    if SEPARATOR.match(head):
        return bool(fields)
    return is_header(fields)
