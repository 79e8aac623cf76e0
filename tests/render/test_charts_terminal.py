"""Charts drawn with characters keep to the width, show the values, and obey no text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.render import charted
from twsla.model.charts import Bar, Heatmap, Line, Pie, Scatter
from twsla.model.result import Column, Kind, Result
from twsla.render.terminal_chart import chart_lines
from twsla.render.terminal_lists import bar_text
from twsla.render.widths import width

CASES = charted.every_kind()
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def lines(value: Result, cells: int = 80, *, colour: bool = False, zone: str = "UTC") -> list[str]:
    return chart_lines(value, value.charts[0], zone=zone, width=cells, colour=colour)


@pytest.mark.parametrize("cells", [24, 40, 80, 200])
@pytest.mark.parametrize("name", CASES)
def test_no_line_is_wider_than_the_terminal_and_nothing_is_obeyed(name: str, cells: int) -> None:
    for line in lines(CASES[name], cells):
        assert width(line) <= cells
        assert "\x1b" not in line
        assert all(char.isprintable() or char == "\u200d" for char in line)


@pytest.mark.parametrize("name", CASES)
def test_colours_change_nothing_but_colours(name: str) -> None:
    coloured = lines(CASES[name], colour=True)

    assert any("\x1b[" in line for line in coloured)
    assert not [line for line in coloured if "\x1b" in COLOUR.sub("", line)]
    if "lines" not in name and "stacked" not in name and name != "values":  # told apart by letters instead
        assert [COLOUR.sub("", line).rstrip() for line in coloured] == lines(CASES[name])


def test_keys_with_bars_and_values_by_hand() -> None:
    value = charted.result(
        "Keys", [Bar("key", "count")], [charted.KEY, charted.COUNT], key=["alice", "日本", "bob"], count=[1600, 800, 1]
    )

    assert lines(value, 28) == [
        "Keys",
        "alice 1,600 ████████████████",
        "日本    800 ████████",
        "bob       1 ▏",
    ]


def test_a_bar_that_is_cut_is_marked_and_keeps_its_number() -> None:
    value = charted.result(
        "T", [Bar("key", "count", top=1)], [charted.KEY, charted.COUNT], key=["a", *"bcdefgh"], count=[10, *[9] * 7]
    )

    assert lines(value, 24) == ["T", "a         10 " + "█" * 9 + "▏", "Other (7) 63 " + "█" * 10 + "»"]


def test_slices_have_their_share() -> None:
    value = charted.result(
        "Keys", [Pie(("key",), "count", top=2)], [charted.KEY, charted.COUNT], key=["a", "b", "c"], count=[50, 30, 20]
    )

    assert [line.rstrip("█▏▎▍▌▋▊▉ ") for line in lines(value, 60)[1:]] == [
        "a         50  50.0%",
        "b         30  30.0%",
        "Other (1) 20  20.0%",
    ]


@pytest.mark.parametrize(
    ("value", "most", "cells", "text"),
    [
        (8, 8, 4, "████"),
        (1, 8, 4, "▌"),
        (3, 8, 4, "█▌"),
        (0, 8, 4, ""),
        (0.001, 8, 4, "▏"),
        (1, 0, 4, ""),
        (-1, 8, 4, ""),
    ],
)
def test_bars_are_exact_to_an_eighth(value: float, most: float, cells: int, text: str) -> None:
    assert bar_text(value, most, cells) == text


def test_a_heat_map_has_a_sign_for_each_cell() -> None:
    columns = [Column("day", "Day", Kind.TEXT), Column("hour", "Hour", Kind.COUNT), charted.COUNT]
    value = charted.result(
        "Heat", [Heatmap("hour", "day", "count")], columns, day=["a", "b", "b"], hour=[1, 1, 2], count=[100, 50, 1]
    )

    shown = lines(value, 80)

    assert shown[1].split() == [str(hour) for hour in range(24)]
    assert shown[2] == "a    ███"
    assert shown[3] == "b    ▒▒▒···"
    assert shown[4] == "0 ··░░▒▒▓▓██ 100 Count"


def test_the_axis_of_times_names_its_zone_and_days() -> None:
    shown = lines(charted.counts(), zone="Asia/Tokyo")

    assert "Time (Asia/Tokyo, UTC+09:00), 2024-05-06 to 2024-05-07" in shown[-1]
    assert re.search(r"12:00 +18:00 +05-07 +06:00", shown[-2])


def test_a_peak_is_seen_and_what_is_left_out_is_said() -> None:
    shown = lines(charted.counts(100_000, 60))

    first = next(line for line in shown if "│" in line and set(line) & set("⡀⡄⡇⣇⢀⢠⢸⣸⣀⠁⠃"))
    assert shown.index(first) <= 3
    assert re.search(r"\([\d,]+ of 100,000 points are drawn: first, last, lowest and", shown[-2])


def test_no_rows_are_said() -> None:
    assert lines(charted.empty(Line("time", ("count",)))) == ["Nothing", "nothing to draw: there are no rows"]


def test_few_points_are_large_enough_to_be_seen() -> None:
    value = charted.delays(3)

    shown = lines(replace(value, charts=(Scatter(x="time", y="delay"),)))

    assert 1 <= "".join(shown).count("⣿") <= 3
