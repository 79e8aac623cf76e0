"""Texts for eyes: JSON, colours, details, statistics, answers at prompts, ANSI lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute  # colours that need it are there at once
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.model.patterns import OBSERVABLES
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result
from twsla.progress import Silent
from twsla.render.highlight import parse_colours
from twsla.store.marks import Mark
from twsla.views.ansi import fragments_of
from twsla.views.arrange import parse_narrowing
from twsla.views.cells import text_of, width
from twsla.views.detail import detail_lines, fields_of
from twsla.views.dialogs import Menu, Place, parse_place
from twsla.views.json_text import find_json, flat, pretty
from twsla.views.paint import Paint, level_style
from twsla.views.statistics import statistics_lines, summarise
from twsla.views.style import FULL, PLAIN, palette, signs_of, style_of_sgr
from twsla.views.table import Look
from twsla.views.text_view import TextView

LOOK = Look("UTC", "utf-8", FULL)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


# --- JSON -------------------------------------------------------------------------------------------------------


@given(JSON.filter(lambda value: isinstance(value, (list, dict)) and bool(value)), st.sampled_from([None, (",", ":")]))
def test_pretty_json_is_the_same_json(value: object, separators: tuple[str, str] | None) -> None:
    text = json.dumps(value, separators=separators)

    assert find_json(text) == (0, len(text))
    assert json.loads("\n".join(map(text_of, pretty(text)))) == value


def test_pretty_json_keeps_every_token() -> None:
    text = '{"a":1.0E+2,"a":[{}],"b":[],"c":"\\u00e9 {,}:"}'

    lines = [text_of(line) for line in pretty(text)]

    assert lines == [
        "{",
        '  "a": 1.0E+2,',
        '  "a": [',
        "    {}",
        "  ],",
        '  "b": [],',
        '  "c": "\\u00e9 {,}:"',
        "}",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('May 1 host app: {"a": 1}', (16, 24)),
        ('{"a": 1} ', (0, 8)),
        ('{"a": 1} and more', None),
        ("[1, 2", None),
        ("sshd[123]: text", None),
        ("{}", None),
        ("[" * 100_000 + "]" * 100_000, None),
    ],
)
def test_where_json_stands(text: str, found: tuple[int, int] | None) -> None:
    assert find_json(text) == found


def test_fields_of_json_by_path() -> None:
    assert list(flat(json.loads('{"a": {"b": [1, "x", {}]}, "c": null}'))) == [
        ("a.b[0]", "1"),
        ("a.b[1]", "x"),
        ("a.b[2]", "{}"),
        ("c", "null"),
    ]


# --- colours ----------------------------------------------------------------------------------------------------


def test_levels_are_words() -> None:
    assert Paint().of("ERROR: failover Warning, alerting error_code") == [
        (0, 5, "class:level.error"),
        (16, 23, "class:level.warning"),
    ]


def test_names_of_normalised_texts_have_their_colours() -> None:
    assert Paint().of("#IP# and #ip# #NUM#") == [(0, 4, palette(10)), (14, 19, palette(3))]


def test_the_later_colour_wins() -> None:
    colours = parse_colours("ip", OBSERVABLES)
    paint = Paint(colours, parse_narrowing("10.0"), parse_narrowing("regex:fail.*0"))

    assert paint.of("fail 10.0.0.1 and 10.0.0.2") == [(0, 24, "class:find"), (24, 26, palette(10))]


def test_plain_texts_have_no_levels() -> None:
    assert Paint(find=parse_narrowing("b")).of("error b", plain=True) == [(6, 7, "class:find")]


@pytest.mark.parametrize(
    ("text", "style"), [("critical", "class:level.error"), ("Medium", "class:level.warning"), ("low", "")]
)
def test_levels_of_rules(text: str, style: str) -> None:
    assert level_style(text) == style


@pytest.mark.parametrize(
    ("sgr", "style"),
    [
        ("38;5;9", "ansibrightred"),
        ("38;5;16", "#000000"),
        ("38;5;231", "#ffffff"),
        ("38;5;232", "#080808"),
        ("38;2;1;2;255", "#0102ff"),
    ],
)
def test_colours_as_styles(sgr: str, style: str) -> None:
    assert style_of_sgr(sgr) == style


def test_signs_follow_the_locale() -> None:
    assert signs_of({"LANG": "de_DE.UTF-8"}, "utf-8") is FULL
    assert signs_of({"LANG": "C.utf8"}, "utf-8") is FULL
    assert signs_of({"LANG": "C"}, "utf-8") is PLAIN
    assert signs_of({}, "utf-8") is PLAIN
    assert signs_of({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "utf-8") is PLAIN
    assert signs_of({"LANG": "de_DE.UTF-8"}, "iso8859-1") is PLAIN


def test_ansi_colours_become_styles_and_other_sequences_are_shown() -> None:
    assert fragments_of("a\x1b[1;38;5;9mb\x1b[0mc\x1b[31;48;2;1;2;3md\x1b[39me", "utf-8") == [
        ("", "a"),
        ("bold ansibrightred", "b"),
        ("", "c"),
        ("ansired bg:#010203", "d"),
        ("bg:#010203", "e"),
    ]
    assert fragments_of("\x1b]0;x\x07", "utf-8") == [("", "\\x1b]0;x\\x07")]


# --- details ----------------------------------------------------------------------------------------------------

COLUMNS = (
    Column("ts", "Time", Kind.TIME),
    Column("text", "Log", Kind.LOG),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
    Column("ts_flags", "Stamp", Kind.COUNT, hidden=True),
)


def detail(text: str, *, width: int = 60, zone: str = "UTC", mark: Mark | None = None) -> list[str]:
    row = {"ts": 1714521600123456789, "text": text, "offset": 1234567, "ts_flags": 3}
    look = Look(zone, "utf-8", FULL)
    return [text_of(line) for line in detail_lines(COLUMNS, row, look, Paint(), width, mark)]


def test_a_detail_tells_everything_about_a_record() -> None:
    mark = Mark("a.log", 1, 1, None, tags=("c2", "x"), comment="seen before", at="2026-01-01T00:00:00Z", by="ann")

    assert detail("from 10.0.0.1 user=root, id=7 to bob@example.com", zone="Asia/Tokyo", mark=mark) == [
        "Time     2024-05-01T09:00:00.123456789+09:00  (2024-05-01T00",
        "         :00:00.123456789Z)",
        "Offset   1,234,567 (1.2 MB)",
        "Stamp    year assumed, zone assumed",
        "Marked   2026-01-01T00:00:00Z ann",
        "Tags     c2 x",
        "Comment  seen before",
        "",
        "Log",
        "from 10.0.0.1 user=root, id=7 to bob@example.com",
        "",
        "Key and value",
        "user  root",
        "id    7",
        "",
        "Found in the text",
        "IPv4 address    10.0.0.1",
        "E-mail address  bob@example.com",
    ]


def test_a_detail_of_json() -> None:
    lines = detail('app: {"user": {"name": "x"}}')

    assert lines[4:] == [
        "Log",
        "app: ",
        "{",
        '  "user": {',
        '    "name": "x"',
        "  }",
        "}",
        "",
        "JSON fields",
        "user.name  x",
    ]


def test_hostile_texts_are_shown_escaped() -> None:
    assert "a\\x1b[31mb\\u202e" in detail("a\x1b[31mb\u202e")


@given(st.text(max_size=200), st.integers(20, 90))
def test_no_line_of_a_detail_is_too_wide(text: str, columns: int) -> None:
    row = {"ts": None, "text": text, "offset": 0, "ts_flags": 0}

    assert all(width(line) <= columns for line in detail_lines(COLUMNS, row, LOOK, Paint(), columns, None))


def test_what_is_found_in_a_text_is_matched_as_filters_are() -> None:
    found = dict(fields_of("999.999.999.999 1.2.3.4 and ::1 a=b,"))

    assert found["Found in the text"] == [("IPv4 address", "1.2.3.4"), ("IPv6 address", "::1")]
    assert found["Key and value"] == [("a", "b")]


# --- answers ----------------------------------------------------------------------------------------------------

NOON = int(datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp()) * 10**9


def place(text: str, zone: str = "UTC") -> Place:
    return parse_place(text, cursor=100, known=1001, row_ts_ns=NOON, now_ns=NOON, zone=zone)


@pytest.mark.parametrize(
    ("text", "row"),
    [("1", 0), ("1,234", 1233), ("+50", 150), ("-50", 50), ("50%", 500), ("0%", 0), ("100%", 1000), ("200%", 1000)],
)
def test_rows_to_go_to(text: str, row: int) -> None:
    assert place(text) == Place(row=row)


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2024-05-01 11:00", "UTC", "2024-05-01T11:00:00+00:00"),
        ("2024/05/01", "Asia/Tokyo", "2024-04-30T15:00:00+00:00"),
        ("10:30", "UTC", "2024-05-01T10:30:00+00:00"),
        ("9:05:07", "UTC", "2024-05-01T09:05:07+00:00"),
        ("01:00", "Asia/Tokyo", "2024-04-30T16:00:00+00:00"),
        ("1h", "UTC", "2024-05-01T11:00:00+00:00"),
    ],
)
def test_times_to_go_to(text: str, zone: str, at: str) -> None:
    assert place(text, zone) == Place(ts_ns=int(datetime.fromisoformat(at).timestamp()) * 10**9)


@pytest.mark.parametrize("text", ["nowhere", "", "25:99", "%"])
def test_places_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        place(text)


def test_a_menu_gives_what_was_switched() -> None:
    kept: list[list[bool | None]] = []
    menu = Menu("M", [("a", True), ("b", False), ("c", True)], kept.append, removable=True)

    for key in ("space", "down", "space", "down", "d", "j"):
        assert menu.press(key) is None
    lines = [text_of(line).strip() for line in menu.draw(LOOK, 40, 10)]
    assert menu.press("enter") is True

    assert kept == [[False, True, None]]
    assert lines == ["M", "[ ] a", "[x] b", "[d] c", "Space on/off  d remove  Enter take"]
    assert menu.press("esc") is False


# --- statistics ---------------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=1, max_size=60), st.integers(1, 7))
def test_statistics_of_whole_numbers_are_exact(values: list[int | None], piece: int) -> None:
    table = pa.Table.from_batches(pa.table({"n": pa.array(values, pa.int64())}).to_batches(max_chunksize=piece))

    (found,) = summarise(ArrowRows(table), (Column("n", "N", Kind.COUNT),), Silent())

    present = [value for value in values if value is not None]
    assert found.missing == len(values) - len(present)
    assert found.count == len(present)
    if present:
        assert (found.least, found.most, found.total) == (min(present), max(present), sum(present))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.integers(1, 7))
def test_mean_and_deviation_do_not_depend_on_the_pieces(values: list[float], piece: int) -> None:
    table = pa.Table.from_batches(pa.table({"x": values}).to_batches(max_chunksize=piece))

    (found,) = summarise(ArrowRows(table), (Column("x", "X", Kind.NUMBER),), Silent())

    assert found.total / found.count == pytest.approx(np.mean(values), abs=1e-6)
    assert (found.squares / found.count) ** 0.5 == pytest.approx(np.std(values), abs=1e-3)


def test_statistics_as_lines() -> None:
    columns = (Column("ts", "Time", Kind.TIME), Column("key", "Key", Kind.TEXT), Column("n", "Count", Kind.COUNT))
    table = pa.table(
        {"ts": pa.array([0, 61_000_000_000, None], pa.timestamp("ns", "UTC")), "key": ["a", None, "b"], "n": [1, 2, 6]}
    )
    result = Result("R", columns, ArrowRows(table), facts=(Fact("f", "Hits", 1234, Kind.COUNT),), notes=(Note("One."),))

    lines = [
        text_of(line).rstrip() for line in statistics_lines(result, summarise(result.rows, columns, Silent()), LOOK, 80)
    ]

    assert lines == [
        "Figures",
        "Hits  1,234",
        "",
        "Notes",
        "One.",
        "",
        "Columns",
        "       values  missing                 least                  most  mean  deviation  sum  span",
        "Time        2        1  1970-01-01T00:00:00Z  1970-01-01T00:01:01Z                        1m1s",
        "Key         2        1",
        "Count       3        0                     1                     6     3       2.16    9",
    ]


def test_a_pane_of_text_scrolls_and_finds() -> None:
    from twsla.views.keys import Do

    view = TextView("T", lambda columns, lines: [[("", f"line {number}")] for number in range(100)])
    view.draw(40, 12)

    assert view.press(Do.BOTTOM)
    assert [text_of(line).strip() for line in view.draw(40, 12)[1:3]] == ["line 90", "line 91"]
    view.press(Do.TOP)
    view.search("line 42")
    assert text_of(view.draw(40, 12)[1]).strip() == "line 42"
    view.search("line 42")
    assert view.message == "no line below with 'line 42'"
    assert view.press(Do.FIND_PREVIOUS)
    assert not view.press(Do.SAVE)
