"""What holds for every line, form and block: round trips, blocks, fast and slow ways, hostile bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.stamping import lines_of, plan_of
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.forms import FORMS
from twsla.formats.timestamps.model import NO_OFFSET, StampOptions, StampPlan, Stamps
from twsla.formats.timestamps.stamp import stamp

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


# Wall-clock time, digits of its fraction, minutes east -> the line; what is on the line: date parts, fraction, zone.
_Writer = Callable[[datetime, str, int], str]
_WRITERS: dict[str, tuple[_Writer, str]] = {
    "rfc5424": (lambda t, f, z: f"<13>1 {t:%Y-%m-%dT%H:%M:%S}.{f}{_offset(z)[:3]}:{_offset(z)[3:]} h a - - x", "yfz"),
    "iso-z": (lambda t, f, z: f"{t:%Y-%m-%d %H:%M:%S}.{f}Z x", "yfu"),
    "log4j": (lambda t, f, z: f"{t:%Y-%m-%d %H:%M:%S},{f} INFO x", "yf"),
    "pg": (lambda t, f, z: f"{t:%Y-%m-%d %H:%M:%S}.{f} JST [1] LOG: x", "yfj"),
    "unpadded": (lambda t, f, z: f"{t.year}/{t.month}/{t.day} {t.hour}:{t:%M:%S},Info", "y"),
    "basic": (lambda t, f, z: f"{t:%Y%m%dT%H%M%S}{_offset(z)} x", "yz"),
    "ordinal": (lambda t, f, z: f"{t:%Y-%jT%H:%M:%S}.{f}Z x", "yfu"),
    "week": (lambda t, f, z: f"{t:%G-W%V-%uT%H:%M:%S}Z x", "yu"),
    "rfc3164": (lambda t, f, z: f"<34>{_MONTHS[t.month - 1]} {t.day:2} {t:%H:%M:%S} h su: x", ""),
    "clf": (lambda t, f, z: f"1.1.1.1 - - [{t:%d}/{_MONTHS[t.month - 1]}/{t:%Y:%H:%M:%S} {_offset(z)}] x", "yz"),
    "ctime": (
        lambda t, f, z: f"[{_DAYS[t.weekday()]} {_MONTHS[t.month - 1]} {t:%d %H:%M:%S}.{f} {t.year}] [x]",
        "yf",
    ),
    "rfc2822": (
        lambda t, f, z: (
            f"Date: {_DAYS[t.weekday()]}, {t.day} {_MONTHS[t.month - 1]} {t.year} {t:%H:%M:%S} {_offset(z)}"
        ),
        "yz",
    ),
    "us": (lambda t, f, z: f"{t.month}/{t.day}/{t.year} {t.hour % 12 or 12}:{t:%M:%S} {'AP'[t.hour // 12]}M x", "y"),
    "glog": (lambda t, f, z: f"I{t:%m%d %H:%M:%S}.{f} 1 a.go:1] x", "f"),
    "db2": (lambda t, f, z: f"{t:%Y-%m-%d-%H.%M.%S}.{f}{'-' if z < 0 else '+'}{abs(z):03} I1", "yfz"),
    "japanese": (lambda t, f, z: f"{t.year}年{t.month}月{t.day}日{t.hour}時{t:%M}分{t:%S}秒 x", "y"),
    "json": (lambda t, f, z: f'{{"a":"b","@timestamp":"{t:%Y-%m-%dT%H:%M:%S}.{f}{_offset(z)}"}}', "yfz"),
    "epoch": (lambda t, f, z: f"{_seconds(t)}.{f} x", "yfu"),
    "zap": (lambda t, f, z: f'{{"level":"info","ts":{_seconds(t)}.{f},"msg":"x"}}', "yfu"),
    "millis": (lambda t, f, z: f"{_seconds(t)}{f[:3].ljust(3, '0')} x", "y3u"),
    "audit": (lambda t, f, z: f"type=X msg=audit({_seconds(t)}.{f[:3].ljust(3, '0')}:7): x", "y3u"),
    "filetime": (lambda t, f, z: f"{(_seconds(t) + 11644473600) * 10**7} x", "yu"),
    "tai64n": (lambda t, f, z: f"@{2**62 + _seconds(t) + 10:016x}{int(f.ljust(9, '0')):08x} x", "yfu"),
}

_walls = st.datetimes(datetime(1980, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
_fractions = st.text("0123456789", min_size=1, max_size=9)
_zones = st.integers(-12 * 60 + 1, 14 * 60).map(lambda minutes: minutes // 15 * 15)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(_WRITERS)), _walls, _fractions, _zones)
def test_what_is_written_is_read_back(name: str, wall: datetime, fraction: str, zone: int) -> None:
    write, says = _WRITERS[name]
    line = write(wall, fraction, zone)

    stamps = stamp(lines_of(line), plan_of([line]))

    expected = wall if "y" in says else wall.replace(year=2000)
    digits = fraction if "f" in says else fraction[:3] if "3" in says else ""
    assert stamps.valid[0], line
    assert bool(stamps.needs_year[0]) == ("y" not in says)
    assert stamps.wall_ns[0] == _seconds(expected) * 10**9 + int(digits.ljust(9, "0")), line
    offset = zone * 60 if "z" in says else 0 if "u" in says else 9 * 3600 if "j" in says else NO_OFFSET
    assert stamps.offset_s[0] == offset, line


_pieces = st.one_of(
    st.sampled_from([form.example for form in FORMS]),
    st.sampled_from(
        [
            "10.0.0.1:8080", "id=1697062455", " - ", "[", "]", "{", '"time":"', '"ts":', " msg=", "\t", ",", "T", "Z",
            "+0900", " UTC", " PM", ".003", ",003,", ":", "2023-10-11 22:14:15", "2023-10-11T22:14:15Z",
            "Oct 11 22:14:15", "31/12/2023 23:59:60", "1697062455", "2023-02-31 22:14:15", "エラー", "  ", "99:99:99",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=6),
)  # fmt: skip
_line = st.lists(_pieces, max_size=5).map("".join)
_lines = st.lists(_line, min_size=1, max_size=12)


def _same(one: Stamps, other: Stamps) -> None:
    for name in Stamps.__slots__:
        assert getattr(one, name).tolist() == getattr(other, name).tolist(), name


@settings(max_examples=80, deadline=None)
@given(_lines, _lines, st.integers(0, 12))
def test_cutting_a_source_into_blocks_changes_no_stamp(sample: list[str], lines: list[str], cut: int) -> None:
    plan = plan_of(sample)
    first, second = lines[:cut], lines[cut:]

    whole = stamp(lines_of("".join(line + "\n" for line in lines)), plan)
    parts = [stamp(lines_of("".join(line + "\n" for line in part)), plan) for part in (first, second)]

    _same(whole, Stamps(*(np.concatenate([getattr(part, name) for part in parts]) for name in Stamps.__slots__)))


@settings(max_examples=80, deadline=None)
@given(_lines, _lines)
def test_many_lines_are_read_as_few_are(sample: list[str], lines: list[str]) -> None:
    plan = plan_of(sample)
    few = "".join(line + "\n" for line in lines)

    once, often = stamp(lines_of(few), plan), stamp(lines_of(few * 70), plan)

    _same(often, Stamps(*(np.tile(getattr(once, name), 70) for name in Stamps.__slots__)))


def _without_layouts(plan: StampPlan) -> StampPlan:
    locators = tuple(
        replace(
            locator,
            layouts=(),
            helpers=tuple(replace(helper, layouts=()) for helper in locator.helpers),
        )
        for locator in plan.locators
    )
    return replace(plan, locators=locators)


@settings(max_examples=80, deadline=None)
@given(_lines, _lines)
def test_known_layouts_only_make_it_fast(sample: list[str], lines: list[str]) -> None:
    plan = plan_of(sample)
    block = lines_of("".join(line + "\n" for line in [*lines, *sample]))

    _same(stamp(block, plan), stamp(block, _without_layouts(plan)))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(_WRITERS)), st.lists(st.tuples(_walls, _fractions, _zones), min_size=2, max_size=8))
def test_layouts_of_some_lines_read_the_others_as_if_unknown(
    name: str, moments: list[tuple[datetime, str, int]]
) -> None:
    lines = [_WRITERS[name][0](*moment) for moment in moments]
    plan = plan_of(lines[:1])
    block = lines_of("\n".join(lines))

    _same(stamp(block, plan), stamp(block, _without_layouts(plan)))


@settings(max_examples=100, deadline=None)
@given(_lines)
def test_a_plan_depends_on_its_own_source_only(lines: list[str]) -> None:
    before = plan_of(lines)
    plan_of(["Oct 11 22:14:15 other source", "10/31/2023 22:14:15 x"])

    assert plan_of(lines) == before


_EARLIEST, _LATEST = (np.datetime64(year, "ns").astype(np.int64) for year in ("1900-01-01", "2200-01-02"))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.text("0123456789:-/. ,TZ+[]\n\t年月日時"), st.lists(_line).map("\n".join)))
def test_random_text_never_breaks_anything_and_stays_in_range(text: str) -> None:
    block = lines_of(text)

    stamps = stamp(block, choose(block, StampOptions()))

    wall = stamps.wall_ns[stamps.valid]
    assert ((wall >= _EARLIEST) & (wall < _LATEST)).all()
    assert (stamps.wall_ns[~stamps.valid] == 0).all()
    assert not stamps.needs_year[~stamps.valid].any()
    assert not (stamps.needs_year & stamps.needs_date).any()
    assert (stamps.flags[~stamps.valid] == 0).all()
    written = stamps.offset_s[stamps.offset_s != NO_OFFSET]
    assert (np.abs(written) <= 14 * 3600).all()


def test_hostile_blocks_end_in_good_time() -> None:
    size = 1 << 20
    for text in (
        b"1234567890" * (size // 10),
        b":" * size,
        b"\0" * size,
        b"\0\n" * (size // 2),
        b"[" * size,
        b'{"time":"' * (size // 9),
        b"2023-10-11 22:14:" * (size // 17),
        b"99:99:99 2023-99-99 99:99:99\n" * (size // 30),
        b"2023-10-11 22:14:15." + b"1" * size,
    ):
        block = lines_of(text)

        stamps = stamp(block, choose(block, StampOptions()))

        assert len(stamps.valid) == len(block)


def test_a_fraction_of_any_length_is_cut_to_nanoseconds() -> None:
    line = "2023-10-11 22:14:15." + "123456789" * 3000

    stamps = stamp(lines_of(line), plan_of([line]))

    assert stamps.wall_ns[0] % 10**9 == 123456789


def test_no_lines() -> None:
    block = lines_of(b"")

    stamps = stamp(block, choose(block, StampOptions()))

    assert len(stamps.valid) == 0
