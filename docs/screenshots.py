"""Draws the pictures of the interactive screen in ``docs/images``: ``python docs/screenshots.py [NAME...]``.

Each is the real program in a pseudo-terminal, its screen read off a terminal emulator (pyte) and written as SVG. The
logs are made here, from a fixed seed, so that the pictures change when the screen does and not otherwise.
"""

from __future__ import annotations

import random
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
CELL_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN = 8.4, 18, 14, 10
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
    Shot("search", ("search",), ("down", "down", "down"), shows="keys"),
    Shot("find", ("search",), ("/", "*Failed password for root", "enter"), shows="/ *Failed"),
    Shot(
        "filter", ("search",), ("&", "#IP", "enter", "&", "^Accepted", "enter", "m", "root", "enter"), shows="^Accepted"
    ),
    Shot("detail", ("search", "payload"), ("enter",), shows="JSON fields"),
    Shot("context", ("search", "emerg"), ("z",), shows="Around"),
    Shot("keys", ("search",), ("?",), height=40, shows="Moving"),
    Shot("columns", ("search",), ("-",), shows="Columns"),
    Shot("sources", ("sources",), (), shows="Bytes in the store"),
    Shot("statistics", ("count", "-e", "ip"), ("i",), shows="deviation"),
    Shot("count", ("count", "-e", "ip"), ("down", "down"), shows="keys"),
    Shot("chart", ("count",), (".",), shows="chart"),
    Shot("wrapped", ("search", "payload"), ("p",), shows="session"),
    Shot("light", ("search",), ("e", "e"), theme="light", shows="keys"),
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
    """A small store of a made-up machine."""
    chance = random.Random(7)  # noqa: S311  # a made-up log
    users = ("root", "admin", "oracle", "佐藤", "guest")
    lines = []
    second = 0
    for number in range(4000):
        second += chance.randrange(1, 40)
        stamp = f"May {1 + second // 86400:2d} {second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        address = f"203.0.113.{chance.randrange(1, 60)}"
        user = chance.choice(users)
        pid = chance.randrange(1000, 32000)
        said = chance.choice(
            [
                f"sshd[{pid}]: Failed password for {user} from {address} port {chance.randrange(1024, 65000)} ssh2",
                f"sshd[{pid}]: Failed password for root from {address} port {chance.randrange(1024, 65000)} ssh2",
                f"sshd[{pid}]: Accepted publickey for {user} from 198.51.100.{chance.randrange(1, 20)} port 40022 ssh2",
                f"sudo: {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND=/usr/bin/apt update",
                f"kernel: [{second}.{pid}] eth0: link up, 1000 Mbps, full duplex",
                f"cron[{pid}]: (root) CMD (run-parts /etc/cron.hourly)",
                f"nginx: {address} GET /index.php?id={pid} 200 {chance.randrange(200, 90000)} warning: slow upstream",
            ]
        )
        if number % 400 == 399:
            said = (
                f'app: {{"level":"error","session":"{pid:x}-{number:x}","payload":{{"user":"{user}","ip":"{address}",'
                f'"tags":["login","retry"],"took_ms":{chance.randrange(3, 900)}.5,"ok":false}}}}'
            )
        if number == 2500:
            said = "kernel: emerg: EXT4-fs error (device sda1): ext4_find_entry: reading directory lblock 0"
        lines.append(f"{stamp} web01 {said}")
    log = folder / "messages-20240513.log"
    log.write_text("".join(f"{line}\n" for line in lines), "utf-8")
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
        return svg(terminal.screen, DARK if shot.theme == "dark" else LIGHT)


def svg(screen: pyte.Screen, colours: dict[str, str]) -> str:
    """A screen of the emulator as SVG: a rectangle for each coloured ground, a text for each run of one style."""
    width, height = screen.columns * CELL_WIDTH + 2 * MARGIN, screen.lines * LINE_HEIGHT + 2 * MARGIN
    fonts = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{fonts}" font-size="{FONT_SIZE}">'
        ),
        f'<rect width="100%" height="100%" rx="6" fill="{colours["ground"]}"/>',
    ]
    for y in range(screen.lines):
        for x, text, cells, ink, ground, bold, underlined in runs(screen, y, colours):
            left, top = MARGIN + x * CELL_WIDTH, MARGIN + y * LINE_HEIGHT
            if ground != colours["ground"]:
                parts.append(
                    f'<rect x="{left:.1f}" y="{top}" width="{cells * CELL_WIDTH + 0.2:.1f}" height="{LINE_HEIGHT}" '
                    f'fill="{ground}"/>'
                )
            if text.strip():
                extra = (' font-weight="bold"' if bold else "") + (' text-decoration="underline"' if underlined else "")
                parts.append(
                    f'<text x="{left:.1f}" y="{top + 13.5}" fill="{ink}"{extra} textLength="{cells * CELL_WIDTH:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(text)}</text>'
                )
    return "\n".join([*parts, "</svg>"]) + "\n"


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
