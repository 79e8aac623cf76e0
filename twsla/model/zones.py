"""Time zones: their names, and whole columns of stamps between wall-clock time and UTC."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from twsla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from twsla.environment import Environment
    from twsla.options import Selection

_NAMES_OF_UTC = {"UTC", "Z", "GMT", "UT", "UCT", "ZULU", "UNIVERSAL", "GREENWICH", "GMT0", "GMT+0", "GMT-0"}
_HOUR = 3600
_DAY = 86_400
_SECOND_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock arithmetic has no zone

ABBREVIATIONS: dict[str, int] = {
    name: round(hours * _HOUR)
    for hours, names in (
        (0, "Z UTC UT GMT WET"),
        (1, "CET MET MEZ BST WEST WAT"),
        (2, "CEST MEST MESZ EET CAT SAST"),
        (3, "EEST MSK EAT TRT"),
        (4, "MSD"),
        (5, "PKT"),
        (5.5, "IST"),
        (7, "ICT WIB"),
        (8, "SGT HKT AWST PHT WITA"),
        (9, "JST KST WIT"),
        (9.5, "ACST"),
        (10, "AEST"),
        (10.5, "ACDT"),
        (11, "AEDT"),
        (12, "NZST"),
        (13, "NZDT"),
        (-2.5, "NDT"),
        (-3, "ADT ART BRT"),
        (-3.5, "NST"),
        (-4, "EDT AST"),
        (-5, "EST CDT"),
        (-6, "CST MDT"),
        (-7, "MST PDT"),
        (-8, "PST AKDT"),
        (-9, "AKST"),
        (-10, "HST"),
    )
    for name in names.split()
}
"""Zone abbreviations in logs, to seconds east of UTC.

Several zones share some of them. EST EDT CST CDT MST MDT PST PDT are those of North America (RFC 5322 section 4.3), so
CST is not China's and EST not Australia's; IST is India's, BST British summer time, AST Atlantic time. Those without a
leading meaning (SST, ECT, AMT, GST, WST …) are left out: a line that names one has no zone.
"""

_OFFSET = re.compile(r"(?:(?:UTC|GMT)\s*)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE | re.ASCII)
_LARGEST_OFFSET = 16 * _HOUR


def check_zone(name: str) -> str:
    """The canonical name of a zone the user typed.

    Args:
        name: An IANA name in any case, ``UTC``, an offset (``+09:00``, ``+0900``, ``+9``, ``UTC+9``) or an
            abbreviation (``JST``). A name that is both (``CET``) is the IANA zone, with its summer time.

    Returns:
        An IANA name, ``UTC`` or an offset as ``+09:00``.

    Raises:
        UsageError: No such zone.
    """
    text = name.strip()
    if text.upper().removeprefix("ETC/") in _NAMES_OF_UTC:
        return "UTC"
    found = _OFFSET.fullmatch(text)
    if found:
        offset = _seconds(found[1], found[2], found[3])
        if abs(offset) < _LARGEST_OFFSET:
            return _offset_name(offset)
    elif _is_iana_name(text):  # the list of all names costs 30 ms
        return text
    elif known := _iana_names().get(text.lower()):
        return known
    elif text.upper() in ABBREVIATIONS:
        return _offset_name(ABBREVIATIONS[text.upper()])
    raise UsageError(f"there is no time zone '{name}'", hint=_near(text))


def zone_of(selection: Selection, environment: Environment) -> str:
    """The zone for showing times, and for stamps and ranges that name none: ``--utc``, ``--tz``, else the machine's.

    Raises:
        UsageError: There is no such zone, or the options contradict each other.
    """
    if selection.utc:
        if selection.tz and selection.tz.upper() != "UTC":
            raise UsageError(f"--utc and --tz {selection.tz} contradict each other", hint="give one of them")
        return "UTC"
    zone = selection.tz
    if zone.lower() in {"", "local"}:
        zone = environment.local_zone
    return zone if zone == "UTC" else check_zone(zone)


def to_utc(wall_ns: np.ndarray, zone: str) -> np.ndarray:
    """Wall-clock times of ``zone`` as UTC.

    Args:
        wall_ns: int64 (n,): nanoseconds since 1970-01-01T00:00:00 on the zone's own clock, in any order.
        zone: A name ``check_zone`` gives.

    Returns:
        int64 (n,): nanoseconds since 1970-01-01T00:00:00Z. A wall time that occurs twice (clock put back) is the
        earlier instant; one that does not occur (clock put forward) is as far after the change as it pretends to be,
        02:30 becoming 03:30. That is what ``datetime`` does with ``fold=0``.
    """
    return wall_ns - _offsets_ns(wall_ns, _zone(zone).east_of_wall)


def to_wall(ts_ns: np.ndarray, zone: str) -> np.ndarray:
    """UTC as wall-clock times of ``zone``: int64 (n,) to int64 (n,), both nanoseconds."""
    return ts_ns + _offsets_ns(ts_ns, _zone(zone).east_of_utc)


@dataclass(slots=True)
class _Offsets:
    """A zone's offset as a function of time, remembered by day.

    No zone changed its offset twice within four days, ever, so the two ends of a day tell whether it holds a change,
    and halving finds the second of it.
    """

    at: Callable[[int], int]
    """Seconds east of UTC at a second of the clock in question."""
    days: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """Day number to (second of the change, offset before, offset from there on); no change: the day's first second."""

    def of_day(self, day: int) -> tuple[int, int, int]:
        known = self.days.get(day)
        if known is None:
            known = self.days[day] = self._change(day * _DAY, (day + 1) * _DAY)
        return known

    def _change(self, start: int, stop: int) -> tuple[int, int, int]:
        before, after = self.at(start), self.at(stop)
        if before == after:
            return start, before, before
        while stop - start > 1:
            middle = (start + stop) // 2
            if self.at(middle) == before:
                start = middle
            else:
                stop = middle
        return stop, before, after


@dataclass(frozen=True, slots=True)
class _Zone:
    east_of_wall: _Offsets | int
    east_of_utc: _Offsets | int


@lru_cache(maxsize=32)
def _zone(name: str) -> _Zone:
    """The offsets of a zone, shared by all threads (a day worked out twice comes out the same)."""
    canonical = check_zone(name)
    if canonical == "UTC":
        return _Zone(0, 0)
    found = _OFFSET.fullmatch(canonical)
    if found:
        fixed = _seconds(found[1], found[2], found[3])
        return _Zone(fixed, fixed)
    try:
        info = ZoneInfo(canonical)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"the data of time zone '{canonical}' cannot be read", hint="pip install tzdata") from error

    def east_of_wall(second: int) -> int:
        offset = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=info).utcoffset()
        return round(offset.total_seconds()) if offset is not None else 0

    def east_of_utc(second: int) -> int:
        instant = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=UTC).astimezone(info)
        return round((instant.replace(tzinfo=None) - _EPOCH).total_seconds()) - second

    return _Zone(_Offsets(east_of_wall), _Offsets(east_of_utc))


def _offsets_ns(clock_ns: np.ndarray, offsets: _Offsets | int) -> np.ndarray | int:
    """Nanoseconds east of UTC at each reading of the clock ``offsets`` is about."""
    import numpy as np

    if isinstance(offsets, int):
        return offsets * _SECOND_NS
    days = clock_ns // (_DAY * _SECOND_NS)
    # Stamps come nearly in order: most repeats go without a sort.
    keep = np.ones(len(days), dtype=bool)
    keep[1:] = days[1:] != days[:-1]
    table = [(day * _DAY, *offsets.of_day(day)) for day in np.unique(days[keep]).tolist()]
    values = {row[2] for row in table} | {row[3] for row in table}
    if len(values) <= 1:
        return values.pop() * _SECOND_NS if values else 0
    bounds, steps = _steps(table)
    return steps[np.searchsorted(bounds, clock_ns, side="right") - 1]


def _steps(table: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """The offset as a step function over the days of ``table``: ascending bounds and the offset from each on, in ns."""
    import numpy as np

    rows = np.array(table, np.int64)
    # Two steps a day, at its start and at the change; a day without a change has both at its start.
    bounds = rows[:, [0, 1]].ravel() * _SECOND_NS
    return bounds, rows[:, [2, 3]].ravel() * _SECOND_NS


def _seconds(sign: str, hours: str, minutes: str | None) -> int:
    value = int(hours) * _HOUR + int(minutes or 0) * 60
    return -value if sign == "-" else value


def _offset_name(seconds: int) -> str:
    if seconds == 0:
        return "UTC"
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


@lru_cache(maxsize=1)
def _iana_names() -> dict[str, str]:
    """Lower-case name to IANA name."""
    return {name.lower(): name for name in sorted(available_timezones())}


def _is_iana_name(text: str) -> bool:
    try:
        return ZoneInfo(text).key == text and text not in {"localtime", "posixrules"}
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _near(text: str) -> str:
    """What the user may have meant: zones whose city or whole name is like ``text``."""
    names = _iana_names()
    wanted = text.lower().replace(" ", "_")
    cities: dict[str, str] = {}
    for low, name in names.items():
        cities.setdefault(low.rpartition("/")[2], name)
    near = [cities[city] for city in difflib.get_close_matches(wanted, cities, n=3, cutoff=0.75)]
    near += [names[low] for low in difflib.get_close_matches(wanted, names, n=3, cutoff=0.7)]
    meant = ", ".join(dict.fromkeys(near))
    forms = "a zone is a name like Asia/Tokyo, an offset like +09:00, or UTC"
    return f"did you mean {meant}? {forms}" if meant else forms
