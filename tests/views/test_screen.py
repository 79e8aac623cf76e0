"""The real program in a real terminal: what is on the screen, what is left behind, how it ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="pseudo-terminals are of Unix")

from tests.views.conftest import HOSTILE, JSON_LINES, LINES
from tests.views.terminal import Terminal
from twsla import registry
from twsla.model.analysis import Analysis
from twsla.views.cells import cells

if TYPE_CHECKING:
    from pathlib import Path

ALT_SCREEN_OFF, MOUSE_OFF, CURSOR_ON = b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?25h"
COLOURS = re.compile(rb"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[\d;]*)?m")


def screen(folder: Path, *arguments: str, **options: object) -> Terminal:
    """A command's screen, as soon as it is complete."""
    terminal = Terminal.ready(*arguments, cwd=folder, **options)  # type: ignore[arg-type]
    terminal.settle()
    return terminal


def rows(terminal: Terminal) -> list[str]:
    """The lines between heading and status."""
    heading = next(at for at, line in enumerate(terminal.lines) if line.startswith("  Time"))
    return [line for line in terminal.lines[heading + 1 : -1] if line]


def analyses() -> list[Analysis[object, object]]:
    loaded = [registry.load(entry) for entry in registry.COMMANDS.values()]
    return [each for each in loaded if isinstance(each, Analysis)]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12)])
@pytest.mark.parametrize("name", [each.name for each in analyses()])
def test_every_analysis_has_a_screen(examples: Path, name: str, width: int, height: int) -> None:
    (analysis,) = (each for each in analyses() if each.name == name)
    words = shlex.split(analysis.example)[1:]
    for option in ("-o", "--output", "--format"):
        while option in words:
            del words[words.index(option) : words.index(option) + 2]
    words = [word for word in words if word != "--chart"]

    with Terminal(*words, cwd=examples, width=width, height=height) as terminal:
        terminal.wait("q quit")
        terminal.settle()
        assert " row" in terminal.lines[0]
        title = terminal.lines[0].split("  ")[0].strip()
        for key in ("down", "pagedown", "right", "right", "end", "home", "left", "r", "?", "q", "ctrl+w"):
            terminal.press(key)
        terminal.settle()
        assert terminal.lines[0].startswith(f" {title}")
        terminal.press("q")

        assert terminal.end() == 0
        assert terminal.modes == terminal.modes_before
    left_behind = terminal.output.partition(ALT_SCREEN_OFF)[2].decode()
    assert title in left_behind
    assert "q quit" not in left_behind


def test_a_search_shows_the_records_in_order(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        assert [row.split("  ", 2)[2][:40] for row in rows(terminal)] == [line[:40] for line in LINES[:21]]
        assert terminal.lines[0].startswith(" Search  600 of 623 rows")
        terminal.press("G")
        terminal.wait("600/600")
        terminal.settle()
        assert [row.split("  ", 2)[2][:40] for row in rows(terminal)] == [line[:40] for line in LINES[-21:]]
        terminal.press("home", "pagedown")
        terminal.wait("21/600")
        terminal.settle()
        assert [row.split("  ", 2)[2][:40] for row in rows(terminal)] == [line[:40] for line in LINES[20:41]]


def test_finding_and_finding_on(case: Path) -> None:
    with screen(case, "search") as terminal:
        terminal.press("/")
        terminal.wait("find:")
        terminal.type("app[555]\r")
        terminal.wait("556/623")
        terminal.press("/")
        terminal.type('regex:name.."佐\r')
        terminal.wait("604/623")
        terminal.press("n")
        terminal.wait("605/623")
        terminal.press("N")
        terminal.wait("604/623")
        terminal.press("N")
        terminal.wait("above")
        assert "604/623" in terminal.lines[-1]


def test_a_prompt_says_what_is_wrong_and_keeps_what_was_typed(case: Path) -> None:
    with screen(case, "search") as terminal:
        terminal.press("/")
        terminal.type("regex:a(b\r")
        terminal.wait("the regular expression 'a(b' cannot be used")
        assert "find: regex:a(b" in terminal.text
        terminal.press("esc")
        terminal.wait("quit")


def test_filters_add_up_are_switched_and_keep_the_row(case: Path) -> None:
    with screen(case, "search") as terminal:
        for text, count in (("error", "150 of 623 rows"), ("^app[4]", "")):
            terminal.press("&")
            terminal.type(f"{text}\r")
            terminal.wait(count) if text == "error" else terminal.wait("& ^app[4]")
        terminal.settle()
        expected = [line for line in LINES if "error" in line and "app[4]" not in line]
        assert f"{len(expected)} of 623 rows" in terminal.lines[0]
        terminal.press("/")
        terminal.type("app[400]\r")
        terminal.wait(f"{expected.index(LINES[400]) + 1}/")
        terminal.press("!")
        terminal.wait("401/623")
        assert "(off)" in terminal.text
        terminal.press("!")
        terminal.wait(f"/{len(expected)}")
        terminal.press("tab")
        terminal.wait("Filters")
        terminal.press("d", "enter")
        terminal.wait(lambda seen: "& error" not in seen.text)
        terminal.wait("& ^app[4]")


def test_what_is_seen_is_what_is_saved(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        terminal.press("]", "]", "r")  # by time, by text, backwards
        terminal.wait("Log ▼")
        terminal.press("&")
        terminal.type("user=root\r")
        terminal.wait("150 of 600 rows")
        terminal.press("-")
        terminal.wait("Columns")
        terminal.press("space", "down", "down", "down", "space", "enter")  # no time, but the line number
        terminal.wait("Line")
        terminal.press("s")
        terminal.wait("save file name:")
        terminal.type("out.csv\r")
        terminal.wait("150 rows saved as csv in out.csv")
        terminal.press("s")
        terminal.type("out.csv\r")
        terminal.wait("overwrite")
        terminal.press("n", "s")
        terminal.type("no/such/place.csv\r")
        terminal.wait("there is no directory no/such")
        terminal.press("esc", "s")
        terminal.type("texts\r")
        terminal.wait("saved as plain in texts")

    wanted = sorted((line, at) for at, line in enumerate(LINES, 1) if "user=root" in line)[::-1]
    saved = (case / "out.csv").read_text("utf-8").splitlines()
    assert saved == ["text,line_no", *(f"{line},{at}" for line, at in wanted)]
    assert (case / "texts").read_text("utf-8").splitlines()[0].startswith("text\t")


def test_saving_records_as_text_writes_them_one_a_line(case: Path) -> None:
    with screen(case, "search", "warning") as terminal:
        terminal.press("s")
        terminal.type("texts\r")
        terminal.wait("saved as plain")

    assert (case / "texts").read_text("utf-8").splitlines() == [line for line in LINES if "warning" in line]


def test_names_of_files_are_completed(case: Path) -> None:
    (case / "evidence-one.csv").touch()
    (case / "evidence-two.csv").touch()
    with screen(case, "search", "host") as terminal:
        terminal.press("s")
        terminal.type("evid\t")
        terminal.wait("save file name: evidence-")
        assert "evidence-one.csv" in terminal.text
        terminal.type("t\t")
        terminal.wait("save file name: evidence-two.csv")
        terminal.press("enter")
        terminal.wait("evidence-two.csv exists")


def test_the_detail_of_a_record_and_of_its_neighbours(case: Path) -> None:
    with screen(case, "search", "api:", height=40) as terminal:
        terminal.press("enter")
        terminal.wait("JSON fields")
        text = "\n".join(line.strip() for line in terminal.lines)
        assert '"name": "佐藤",' in text.replace("佐 藤 ", "佐藤")
        assert re.search(r"^Source +api.log$", text, re.MULTILINE)
        assert re.search(r"^Line +1$", text, re.MULTILINE)
        assert re.search(r"^Offset +0( B)?$", text, re.MULTILINE)
        assert re.search(r"^user.roles\[1\] +b$", text, re.MULTILINE)
        terminal.press("right")
        terminal.wait("row 2")
        offset = len(f"{JSON_LINES[0]}\n".encode())
        assert re.search(rf"^ Offset +{offset}( B)?$", terminal.text, re.MULTILINE)
        terminal.press("enter")
        terminal.wait("2/20")


def test_the_context_of_a_hit_is_its_source_unfiltered(case: Path) -> None:
    with screen(case, "search", "app[300]") as terminal:
        terminal.press("z")
        terminal.wait("Around line 301 of app.log")
        terminal.wait("301/600")
        assert "app[299]" in terminal.text
        terminal.press("q")
        terminal.wait("1/1")
        terminal.press("q")
        assert terminal.end() == 0


def test_marks_belong_to_records_and_are_kept_beside_the_store(case: Path) -> None:
    before = {path: path.read_bytes() for path in sorted((case / "twsla.db").rglob("*")) if path.is_file()}
    with screen(case, "search", "host") as terminal:
        terminal.press("down", "down", "M")
        terminal.wait(lambda seen: "●" in seen.lines[4])
        terminal.press("#")
        terminal.type("c2 lateral\r")
        terminal.press("+")
        terminal.type("seen before\r")
        terminal.settle()
        terminal.press("r")
        terminal.wait("1/600")
        terminal.press("'")
        terminal.wait("597/600")
        terminal.wait(lambda seen: sum("●" in line for line in seen.lines) == 2)
        terminal.press("enter")
        terminal.wait("seen before")
        terminal.press("q", "'")
        terminal.wait("598/600")
        terminal.press("M")
        terminal.wait("no longer marked")

    noted = [json.loads(line) for line in (case / "twsla.db.case" / "marks.jsonl").read_text().splitlines()]
    assert [(each["line_no"], each["marked"], each["tags"], each["comment"]) for each in noted] == [
        (3, True, [], ""),
        (4, True, ["c2", "lateral"], ""),
        (4, True, ["c2", "lateral"], "seen before"),
        (3, False, [], ""),
    ]
    assert before == {path: path.read_bytes() for path in sorted((case / "twsla.db").rglob("*")) if path.is_file()}


def test_hostile_texts_reach_the_terminal_as_escapes_only(case: Path) -> None:
    with screen(case, "search", "2024-05-02", width=120) as terminal:
        assert "evil \\x1b]0;owned\\x07\\x1b[2J\\x1b[31mred\\x1b[0m end" in terminal.text
        assert "evil \\x9b31m c1 \\u202etxt.exe\\u202c \\r\\x08\\x7f end" in terminal.text
        assert "絵 文 字" in terminal.text or "絵文字" in terminal.text
        terminal.press("enter")
        terminal.wait("Offset")
        terminal.press("q", "q")
        assert terminal.end() == 0
    for piece in (b"\x1b]0;", b"\x1b[31mred", b"\x9b31m", "\u202e".encode(), b"\x08\x7f"):
        assert piece not in terminal.output
    assert HOSTILE[0].encode() not in terminal.output


def test_the_last_screen_stays_on_the_terminal_without_its_bar_of_keys(case: Path) -> None:
    with screen(case, "search", "host", height=10) as terminal:
        shown = terminal.lines
        terminal.press("q")
        assert terminal.end() == 0
        assert [line for line in terminal.lines if line] == shown[:-1]


def test_control_c_is_130_and_q_is_0(case: Path) -> None:
    for key, code in (("ctrl+c", 130), ("q", 0), ("esc", 0), ("Q", 0)):
        with screen(case, "search") as terminal:
            terminal.press(key)
            assert terminal.end() == code, key
            assert terminal.modes == terminal.modes_before
        for sign in (ALT_SCREEN_OFF, MOUSE_OFF, CURSOR_ON):
            assert sign in terminal.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_and_the_terminal_is_as_it_was(case: Path, number: signal.Signals) -> None:
    with screen(case, "search") as terminal:
        os.kill(terminal.process.pid, number)

        assert terminal.end() == (130 if number is signal.SIGINT else -number)
        assert terminal.modes == terminal.modes_before
    for sign in (ALT_SCREEN_OFF, MOUSE_OFF, CURSOR_ON):
        assert sign in terminal.output


def test_a_window_that_is_closed_ends_it_as_a_hang_up(case: Path) -> None:
    with screen(case, "search") as terminal:
        terminal.hang_up()

        assert terminal.process.wait(15) == -signal.SIGHUP


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash, which does job control")
def test_suspending_and_coming_back(case: Path) -> None:
    with Terminal(cwd=case, command=["bash", "--norc", "-i"], env={"PS1": "ready> "}) as terminal:
        terminal.type(f"{sys.executable} -m twsla search\n")
        terminal.wait("623 rows")
        terminal.press("ctrl+z")
        terminal.wait("Stopped")
        terminal.type("fg\n")
        terminal.wait("q quit")
        terminal.press("down")
        terminal.wait("2/623")
        terminal.press("q")
        terminal.wait(lambda seen: "ready>" in seen.lines[seen.screen.cursor.y])
        terminal.type("echo ended with $?\n")
        terminal.wait("ended with 0")


def test_a_storm_of_resizes(case: Path) -> None:
    sizes = [(40, 12), (200, 60), (400, 100), (81, 25), (20, 5), (133, 8), (80, 24)]
    with screen(case, "search", "host") as terminal:
        for size in sizes * 4:
            terminal.resize(*size)
            terminal.press("down", "pagedown", "up")
            terminal.read(0.01)
        terminal.press("home")
        terminal.wait("1/600")
        terminal.settle(0.5)

        assert terminal.lines[0].startswith(" Search  600 of 623 rows")
        assert [row.split("  ", 2)[2][:40] for row in rows(terminal)] == [line[:40] for line in LINES[:21]]


@pytest.mark.parametrize(("width", "height"), [(40, 12), (60, 5), (120, 40), (400, 100)])
def test_lines_fill_the_window_and_no_more(case: Path, width: int, height: int) -> None:
    with screen(case, "search", width=width, height=height) as terminal:
        for key in ("down", "pagedown", "G", "ctrl+w", "p", "d", "right"):
            terminal.press(key)
            terminal.settle(0.15)
            assert len(terminal.lines) == height
            assert all(cells(line.replace(" ", "")) <= width for line in terminal.lines)
            assert "623" in terminal.lines[-1]


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "vt100"}])
def test_without_colours_there_are_none(case: Path, env: dict[str, str]) -> None:
    with screen(case, "search", env=env) as terminal:
        terminal.press("/")
        terminal.type("error\r")
        terminal.settle()
        assert any(cell.reverse for cell in terminal.screen.buffer[3].values())
        terminal.press("q")
        assert terminal.end() == 0
    assert not COLOURS.search(terminal.output)


def test_with_colours_levels_are_red_and_yellow(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        shown = terminal.screen.buffer
        words = {
            "".join(cell.data for cell in list(shown[y].values())[:79])[x : x + 5]: shown[y][x].fg
            for y in range(3, 20)
            for x in range(70)
        }
        assert words["error"] == "red"
        assert words["warni"] == "brown"


def test_a_locale_without_unicode_gets_plain_signs(case: Path) -> None:
    with screen(case, "search", "host", env={"LC_ALL": "C", "LANG": "C"}) as terminal:
        terminal.press("]")
        terminal.wait("Time ^")
        terminal.press("M")
        terminal.wait(lambda seen: any(line.startswith("*") for line in seen.lines))
        terminal.press("q")
        assert terminal.end() == 0


def test_an_encoding_without_a_character_shows_its_escape(case: Path) -> None:
    env = {"PYTHONIOENCODING": "latin-1"}
    with screen(case, "search", "佐藤", env=env, width=120) as terminal:
        assert "\\u4f50\\u85e4" in terminal.text


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["search", "app[1]", "--no-screen"], {}),
        (["search", "app[1]"], {"TERM": "dumb"}),
        (["search", "app[1]", "--format", "plain"], {}),
    ],
)
def test_no_screen_where_none_is_wanted(case: Path, arguments: list[str], env: dict[str, str]) -> None:
    with Terminal(*arguments, cwd=case, env={"PAGER": "cat", **env}) as terminal:
        assert terminal.end() == 0
        assert LINES[1] in terminal.text
    assert b"\x1b[?1049h" not in terminal.output


def test_one_figure_needs_no_screen(case: Path) -> None:
    with Terminal("search", "--count", "host", cwd=case, env={"PAGER": "cat"}) as terminal:
        assert terminal.end() == 0
        assert "600" in terminal.lines[0]
    assert b"\x1b[?1049h" not in terminal.output


def test_errors_come_before_any_screen(case: Path) -> None:
    with Terminal("search", "-r", "a(b", cwd=case) as terminal:
        assert terminal.end() == 2
        assert "twsla: error:" in terminal.text
    assert b"\x1b[?1049h" not in terminal.output


def mouse(button: int, column: int, line: int, release: bool = False) -> str:
    """A mouse event as terminals report it (SGR)."""
    return f"\x1b[<{button};{column};{line}{'m' if release else 'M'}"


def test_the_mouse_scrolls_selects_sorts_and_opens(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        terminal.type(mouse(65, 10, 10) * 2)
        terminal.wait("7/600")
        terminal.type(mouse(0, 10, 6) + mouse(0, 10, 6, release=True))
        terminal.wait("10/600")
        terminal.type(mouse(0, 10, 6) + mouse(0, 10, 6, release=True))
        terminal.wait("row 10")
        terminal.press("q")
        terminal.wait("10/600")
        terminal.type(mouse(0, 30, 2) + mouse(0, 30, 2, release=True))
        terminal.wait("Log ▲")


def test_a_chart_is_drawn_with_characters_where_there_is_no_desktop(examples: Path) -> None:
    env = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with screen(examples, "count", env=env) as terminal:
        terminal.press("g")
        terminal.wait("chart")
        terminal.settle()
        assert terminal.lines[0].startswith(" Count")
        terminal.press("q")
        terminal.wait("quit")


def test_statistics_and_notes(examples: Path) -> None:
    with screen(examples, "count") as terminal:
        terminal.press("I")
        terminal.wait("Columns")
        assert "Notes" in terminal.text
        assert "Records" in terminal.text


def test_results_are_opened_on_top_of_each_other_and_left_one_by_one(case: Path) -> None:
    with screen(case, "search", "app[300]") as terminal:
        terminal.press("z")
        terminal.wait("301/600")
        terminal.press("z")
        terminal.wait("Search > Around line 301 of app.log > Around")
        terminal.press("enter")
        terminal.wait("Offset")
        for seen in ("Search > Around line 301 of app.log > Around", "Search > Around line 301 of app.log", "1/1"):
            terminal.press("q")
            terminal.wait(seen)
        assert ">" not in terminal.lines[0]


def test_going_to_rows_and_times(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        for typed, row in (("100", 100), ("+50", 150), ("50%", 300), ("00:05", 301), ("2024-05-01 00:01:01", 62)):
            terminal.press(":")
            terminal.wait("go to:")
            terminal.type(f"{typed}\r")
            terminal.wait(f" {row}/600")
        terminal.press(":")
        terminal.type("2030-01-01\r")
        terminal.wait("no row at 2030-01-01 or later")


def test_a_record_can_be_copied_to_the_clipboard(case: Path) -> None:
    import base64

    with screen(case, "search", "app[7]") as terminal:
        terminal.press("y")
        terminal.wait("sent to the terminal")
    sent = re.search(rb"\x1b\]52;c;([^\x07]*)\x07", terminal.output)
    assert sent is not None
    assert base64.b64decode(sent[1]).decode() == LINES[7]


def test_next_error_and_next_warning(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        terminal.press("e")
        terminal.wait("5/600")
        terminal.press("w")
        terminal.wait("6/600")
        terminal.press("E")
        terminal.wait("5/600")


def test_a_pasted_text_is_no_row_of_keys(case: Path) -> None:
    with screen(case, "search", "host") as terminal:
        terminal.type("\x1b[200~qQq\x1b[201~")
        terminal.press("down")
        terminal.wait("2/600")


def test_sixel_pictures_are_shown_and_taken_away(examples: Path) -> None:
    with screen(examples, "count", "--sixel", env={"DISPLAY": ""}) as terminal:
        terminal.press("g")
        terminal.wait(lambda seen: b"\x1bP" in seen.output, 60)
        terminal.settle(0.5)
        assert terminal.output.count(b"\x1b\\") == 1
        before = len(terminal.output)
        terminal.press("q")
        terminal.wait("quit")
        assert b"\x1b[2J" in terminal.output[before:] or b"\x1b[J" in terminal.output[before:]


def test_records_are_wrapped_from_the_start_if_asked_for(case: Path) -> None:
    with screen(case, "search", "-w", "app[0]", width=40) as terminal:
        text = "".join(line[24:] for line in terminal.lines[2:6])
        assert LINES[0] in text


def test_the_colour_list_of_the_command_line(case: Path) -> None:
    with screen(case, "search", "-c", "ip,regex/user/#00ff00", "user=root", width=120) as terminal:
        terminal.settle()
        line = terminal.screen.buffer[3]
        text = "".join(line[x].data for x in range(120))
        assert line[text.index("10.0.0")].fg == "brightgreen"
        assert line[text.index("user=")].fg == "00ff00"
        terminal.press("c")
        terminal.wait("colour: ip,regex/user/#00ff00")
        terminal.type("\x15nonsense\r")
        terminal.wait("'nonsense' cannot be coloured")
