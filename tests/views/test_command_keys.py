"""Every key that a command's result has of its own does what the help says, in a real terminal."""

from __future__ import annotations

import csv
import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pty", reason="pseudo-terminals are of Unix")

from tests.views.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
UNITS_S = {"ms": 0.001, "h": 3600, "m": 60, "s": 1}


def screen(folder: Path, command: str, **options: Any) -> Terminal:
    """A command's screen, as soon as it is complete."""
    return Terminal.ready(*shlex.split(command), cwd=folder, width=140, height=40, seconds=60, **options)


def column(terminal: Terminal, title: str, *, right: bool) -> list[str]:
    """The values below the heading that has the sign of the order; ``right``: they end where it does."""
    lines = ["".join(terminal.screen.buffer[y][x].data or " " for x in range(140)) for y in range(40)]
    at, start = next((at, line.index(title)) for at, line in enumerate(lines) if any(sign in line for sign in "▲▼"))
    end = start + len(title) + 2
    rows = [line for line in lines[at + 1 : -1] if line.strip()]
    return [line[:end].rsplit("  ", 1)[-1].strip() if right else line[start:].split("  ")[0].strip() for line in rows]


def number(text: str) -> float:
    return float(text.replace(",", "").split(" ")[0] or "nan")


def seconds(text: str) -> float:
    """A duration as it is shown: ``1h0m5s``."""
    total, digits, unit = 0.0, "", ""
    for char in f"{text}0":
        if (char.isdigit() or char == ".") and unit:
            total += float(digits) * UNITS_S[unit]
            digits, unit = char, ""
        elif char.isdigit() or char == ".":
            digits += char
        else:
            unit += char
    return total


SORTS: dict[str, tuple[tuple[str, str, Callable[[str], object]], ...]] = {
    "count -i 60": (("c", "Count", number), ("d", "Delta", seconds), ("k", "Time", str), ("t", "Time", str)),
    "count -e ip": (("k", "Key", str), ("c", "Count", number), ("t", "Key", str), ("d", "Count", number)),
    "extract -e 'port %{number}'": (
        ("v", "Value", float),
        ("d", "Delta", number),
        ("p", "PS", number),
        ("t", "Time", str),
    ),
    "tfidf -n 12": (("i", "Min", number), ("e", "Mean", number), ("a", "Max", number)),
    "anomaly -m number -e 'late=*' late=": (("r", "Score", number),),
    "relation ip 'regex/for [a-z]+/'": (("0", "ip", str), ("1", "regex/for [a-z]+/", str), ("c", "Count", number)),
    "heatmap": (("c", "Count", number), ("k", "Date", str)),
    "heatmap --week": (("c", "Count", number), ("k", "Weekday", DAYS.index)),
    "time 'Failed password'": (("d", "Diff", number), ("l", "Delta", number), ("t", "Time", str)),
    "delay": (("d", "Delay", number), ("t", "Time", str)),
    "email search": (("d", "Delay", seconds), ("r", "Relay", number), ("t", "Time", str)),
    "email count": (("c", "Count", number), ("k", "Time", str), ("t", "Time", str), ("d", "Delta", seconds)),
    "email count --email-count-by from": (
        ("k", "From", str),
        ("c", "Count", number),
        ("t", "From", str),
        ("d", "Count", number),
    ),
    "summary": (("c", "Count", number),),
}
"""By command: key, heading, and how the values below it compare."""


def is_sorted(terminal: Terminal, title: str, sign: str, read: Callable[[str], object]) -> bool:
    """Whether the values below a heading are in the order that the sign beside it tells."""
    if f"{title} {sign}" not in terminal.text:
        return False
    found: list[Any] = [read(text) for text in column(terminal, title, right=read in (number, seconds)) if text]
    return len(found) > 1 and found == sorted(found, reverse=sign == "▼")


@pytest.mark.parametrize("command", SORTS)
def test_a_letter_sorts_by_its_column_and_again_reverses(everything: Path, command: str) -> None:
    with screen(everything, command) as terminal:
        for key, title, read in SORTS[command]:
            for sign in "▲▼":
                terminal.press(key)
                terminal.wait(partial(is_sorted, title=title, sign=sign, read=read))
        terminal.press("q")
        assert terminal.end() == 0


# --- what else letters do -----------------------------------------------------------------------------------------


@pytest.fixture
def desktop(tmp_path: Path) -> dict[str, str]:
    """A desktop whose viewer keeps what it is given to show."""
    programs, kept = tmp_path / "bin", tmp_path / "shown"
    programs.mkdir()
    kept.mkdir()
    viewer = programs / "xdg-open"
    viewer.write_text(f'#!/bin/sh\ncp "$1" {shlex.quote(str(kept))}/\n')
    viewer.chmod(0o755)
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "DISPLAY": ":0", "KEPT": str(kept)}


CHARTED = ("count", "count -e ip", "extract -e 'port %{number}'", "relation ip 'regex/for [a-z]+/'", "delay")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other viewers")
@pytest.mark.parametrize("command", CHARTED)
def test_g_shows_a_picture_and_h_a_page_with_the_systems_viewer(
    everything: Path, command: str, desktop: dict[str, str]
) -> None:
    kept = Path(desktop["KEPT"])
    with screen(everything, command, env=desktop) as terminal:
        terminal.press("g")
        terminal.wait("with xdg-open", 60)
        terminal.press("h")
        terminal.wait(".html with xdg-open", 60)
        terminal.wait(lambda _: len(list(kept.iterdir())) == 2)
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.modes == terminal.modes_before
    (page,) = kept.glob("*.html")
    (picture,) = kept.glob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert "<script src=" not in page.read_text("utf-8")  # nothing is loaded from elsewhere


def test_i_shows_statistics_of_extracted_values_which_are_saved_as_such(everything: Path, tmp_path: Path) -> None:
    with screen(everything, "extract -e 'late=%{number}'") as terminal:
        terminal.press("i")
        terminal.wait("Median")
        terminal.press("s")
        terminal.wait("save file name:")
        terminal.type(f"{tmp_path}/statistics.csv\r")
        terminal.wait("saved as csv")
        terminal.press("q")
        terminal.wait("late=41" if "late=41" in terminal.text else "6 rows")
    rows = list(csv.reader((tmp_path / "statistics.csv").read_text("utf-8").splitlines()))
    assert rows[0][0] == "Stats"
    values = {row[0]: float(row[1]) for row in rows[1:] if row[1]}
    # Of 9, 5, 30, 10, 41 and 40, by hand.
    assert (values["Min"], values["Max"], values["Mean"], values["Median"]) == (5, 41, 22.5, 20)


def test_a_mark_in_time_belongs_to_the_record_whatever_the_order(everything: Path) -> None:
    def marked(seen: Terminal) -> str:
        return next((line for line in seen.lines if line.startswith(" »")), "")

    with screen(everything, "time late=") as terminal:
        terminal.press("r", "down", "m")  # backwards: the second is that of 40 s
        terminal.wait(lambda seen: "late=40" in marked(seen))
        for key, sign in (("d", "▲"), ("d", "▼"), ("l", "▲"), ("t", "▲")):
            terminal.press(key)
            terminal.wait(lambda seen, sign=sign: sign in seen.text and "late=40" in marked(seen))  # type: ignore[misc]
        terminal.press("d")
        terminal.wait(partial(is_sorted, title="Diff", sign="▲", read=number))
        assert column(terminal, "Diff", right=True) == ["-35", "-31", "-30", "-10", "0", "1"]
        terminal.press("end", "z")
        terminal.wait("Around line 5 of late.log")


def test_mail_is_found_and_filtered_as_it_is_shown(everything: Path) -> None:
    with screen(everything, "email search") as terminal:
        terminal.press("/")
        terminal.type("定期\r")
        terminal.wait(" 2/3")
        terminal.press("enter")
        terminal.wait("Subject")
        assert "yamada@example.jp" in terminal.text
        terminal.press("q", "&")
        terminal.type("Taro\r")
        terminal.wait("1 of 3 rows")
        terminal.press("e")
        terminal.wait("Received[1]: 10s")


def test_t_goes_to_a_time_where_no_column_takes_it(everything: Path) -> None:
    with screen(everything, "search late=") as terminal:
        terminal.press("t")
        terminal.wait("go to:")
        terminal.type("00:00:35\r")
        terminal.wait(" 5/6")


def test_a_report_opens_its_parts_and_is_saved_as_a_whole(everything: Path, tmp_path: Path) -> None:
    with screen(everything, "report --case 17") as terminal:
        assert [line.split("  ")[1] for line in terminal.lines if line.startswith("  ")][1:4] == [
            "Summary",
            "Records over time",
            "Heatmap",
        ]
        for _ in range(2):
            terminal.press("down", "enter")
            terminal.wait("Report: 17 > Records over time")
            terminal.press("q")
            terminal.wait("6 rows")
            terminal.press("up")
        terminal.press("s")
        terminal.wait("save file name:")
        terminal.type(f"{tmp_path}/case.html\r")
        terminal.wait("saved as html", 60)
    page = (tmp_path / "case.html").read_text("utf-8")
    assert all(part in page for part in ("Records over time", "Addresses", "Evidence"))


@pytest.mark.parametrize(
    ("command", "key"), [("count -i 60", "c"), ("delay", "d"), ("extract -e 'port %{number}'", "v")]
)
def test_saved_charts_are_in_order_of_time_and_tables_in_that_of_the_screen(
    everything: Path, tmp_path: Path, command: str, key: str
) -> None:
    def save(name: str) -> bytes:
        terminal.press("s")
        terminal.wait("save file name:")
        terminal.type(f"{tmp_path / name}\r")
        terminal.wait("saved as", 60)
        return (tmp_path / name).read_bytes()

    with screen(everything, command) as terminal:
        terminal.press("t")
        terminal.wait("▲")
        by_time = save("time.csv"), save("time.png")
        terminal.press(key)
        terminal.wait(lambda seen: "Time ▲" not in seen.text and "▲" in seen.text)
        by_value = save("value.csv"), save("value.png")
    assert by_time[1] == by_value[1]
    assert by_time[0] != by_value[0]
    assert sorted(by_time[0].splitlines()) == sorted(by_value[0].splitlines())


def test_o_opens_the_records_of_a_bucket(everything: Path) -> None:
    with screen(everything, "count -i 10 late=") as terminal:
        # Of 9, 5 | 10 | 30 | 41 and 40 seconds, two are in the last bucket.
        terminal.press("end", "o")
        terminal.wait("Records from 2024-05-07T00:00:40Z")
        terminal.wait("late=41")
        shown = [line.split()[-1] for line in terminal.lines[1:-1] if "late=" in line]
        assert shown == ["late=40", "late=41"]
        terminal.press("z")
        terminal.wait("of late.log")
        terminal.press("q")
        terminal.wait("1/2")
        terminal.press("q")
        terminal.wait("4 rows")
