"""When a source was last written, and how that is known: the strongest of its name's date and its recorded times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from twsla.formats.timestamps.calendar import SECOND_NS
from twsla.formats.timestamps.nominal import DAY_NS, year_start_ns

_NAME_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?P<between>[-_.]?)(\d\d)(?:(?P=between)(\d\d)(?=\d{4}(?!\d)|\d{6}(?!\d)|(?!\d))|(?!\d|(?P=between)\d))",
    re.ASCII,
)
_UNSET_NS = 315_619_200 * SECOND_NS
"""1980-01-02: a recorded time before it is the zero of some format (1970 in gzip and tar, 1980 in ZIP), not a time."""


@dataclass(frozen=True, slots=True)
class SourceTime:
    """A source's last moment."""

    ts_ns: int
    """UTC; where only the day is known, its last nanosecond on the clock of the source."""
    why: str
    """Where it is from, as in "year 2023 from …"."""
    whole_day: bool = False
    """Only the day is known."""


def source_time(
    name: str, container_mtime_ns: int | None, file_mtime_ns: int | None, *, now_ns: int | None = None
) -> SourceTime | None:
    """The strongest evidence of when the last line of a source was written.

    In this order: a date in its name (``messages-20231012.gz``, ``app.2023-10-12.log``, ``app-2023-10.log``: the end of
    that day or month), the time in the gzip header or the archive's directory, the file's modification time, and for a
    pipe, which has none of these, the present. None if there is nothing at all.

    Args:
        name: Path, URL or ``archive!member``; the date is looked for in what follows the last separator.
        container_mtime_ns: Modification time in the gzip header or of the archive member, UTC.
        file_mtime_ns: Modification time of the file.
        now_ns: The present, for a pipe.
    """
    day = date_in_name(re.split(r"[/\\!]", name)[-1])
    if day is not None:
        end_ns = year_start_ns(day.year, day.month, day.day) + DAY_NS - 1
        return SourceTime(end_ns, "the date in its name", whole_day=True)
    for ts_ns, why in (
        (container_mtime_ns, "the time recorded in its archive"),
        (file_mtime_ns, "its modification time"),
    ):
        if ts_ns is not None and ts_ns >= _UNSET_NS:
            return SourceTime(ts_ns, why)
    return None if now_ns is None else SourceTime(now_ns, "the time of the import")


def date_in_name(name: str) -> date | None:
    """The latest date in a file name, the last day of the month where it names only year and month."""
    found = [day for match in _NAME_DATE.finditer(name) if (day := _day(match)) is not None]
    return max(found, default=None)


def _day(match: re.Match[str]) -> date | None:
    """A date, or None: month 13, 31 February; ``202310`` is as likely a number, ``2023.10`` a version."""
    year, month, day = int(match[1]), int(match[3]), match[4]
    try:
        if day is not None:
            return date(year, month, int(day))
        if match["between"] in ("", "."):
            return None
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1) if 1 <= month <= 12 else None
    except ValueError:
        return None
