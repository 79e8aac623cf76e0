"""How fast the screen is: first page, keys, memory, stopping. ``python -m benchmarks.screen [--megabytes 500]``

The real program in a pseudo-terminal of 80 by 24, on a generated sshd log (500 MB: 4.9 million records), a screen
emulator behind it. A figure is the time from the start, or from a key, to the last byte that the program sends for it:
whole pages, not the first sign of life. Nothing is drawn in between, so a tenth of a second without output ends it.

Wall time on a busy machine says little; processor time of the first page is given beside it, and that of
``python -c 'import click'`` as a measure of the machine. The limits are those that the screen promises; one that is not
held ends the run with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import resource
import select
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.views.terminal import KEYS, Terminal  # noqa: E402  # found by way of the path

QUIET_S = 0.15
"""So long without output, and the answer to a key is complete."""
FIRST_PAGE_S, KEY_S, STOP_S, MEMORY_MIB = 0.5, 0.05, 0.3, 1024
PAGES = 40


@dataclass
class Report:
    """Lines of the table, and which promises were broken."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def times(self, what: str, seconds: list[float], limit: float) -> None:
        """A row of times: median and worst; the median has to hold."""
        middle = statistics.median(seconds)
        self.rows.append((what, f"{middle * 1000:.0f} ms", f"{max(seconds) * 1000:.0f} ms"))
        if middle > limit:
            self.broken.append(f"{what}: {middle:.3f} s, promised {limit} s")

    def text(self) -> str:
        """Markdown."""
        lines = ["| what | median | worst |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in self.rows)]
        return "\n".join([*lines, *(f"BROKEN: {each}" for each in self.broken)])


def answer_time(terminal: Terminal, key: str) -> float:
    """Seconds from a key to the last byte of what is drawn for it."""
    began = last = time.perf_counter()
    os.write(terminal._primary, KEYS.get(key, key).encode())
    while select.select([terminal._primary], [], [], QUIET_S)[0]:
        if not terminal.read(0):
            break
        last = time.perf_counter()
    return last - began


def go(terminal: Terminal, place: str) -> None:
    """To a part of the rows."""
    terminal.press(":")
    terminal.wait("go to:")
    terminal.type(f"{place}\r")
    terminal.settle(0.5)


def counted(terminal: Terminal) -> None:
    """Until all rows are known and nothing is drawn any more."""
    terminal.wait(lambda seen: " row" in seen.text and "+ row" not in seen.lines[0] and "..." not in seen.text, 120)
    terminal.settle(0.5)


def processor_s(pid: int) -> float:
    """What a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int) -> int:
    """The most memory that a running process has had."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def first_pages(report: Report, store: Path, repeat: int) -> None:
    """From the start of the program until a page of hits of a common word is on the screen; then ``q``."""
    pages, processor, ends = [], [], []
    for _ in range(repeat):
        began = time.perf_counter()
        with Terminal("-d", store.name, "search", "sshd", cwd=store.parent) as terminal:
            while terminal.output.count(b"sshd[") < 21:
                terminal.read(0.01)
            pages.append(time.perf_counter() - began)
            processor.append(processor_s(terminal.process.pid))
            terminal.settle(0.3)
            began = time.perf_counter()
            terminal.press("q")
            terminal.end()
            ends.append(time.perf_counter() - began)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import click"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    measure = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report.times("first page of `search sshd`", pages, FIRST_PAGE_S)
    report.rows.append(
        ("processor time until then", f"{statistics.median(processor):.2f} s", f"{max(processor):.2f} s")
    )
    report.rows.append(("processor time of `import click`, for comparison", f"{measure:.2f} s", ""))
    report.times("`q` to the end of the program", ends, STOP_S * 2)


def keys(report: Report, terminal: Terminal, where: str) -> None:
    """Keys at several places of the rows as they are."""
    for place in ("1", "50%", "99%"):
        go(terminal, place)
        found = [answer_time(terminal, key) for key in ["down", "pagedown", "up", "pageup"] * (PAGES // 4)]
        report.times(f"arrows and pages, {where}, at {place}", found, KEY_S)
    found = [answer_time(terminal, key) for key in ("end", "home") * 5]
    report.times(f"last row, first row, {where}", found, KEY_S)


def browse(report: Report, store: Path) -> None:
    """Keys in all rows, in filtered and in sorted ones; stopping; memory."""
    with Terminal("-d", store.name, "search", "sshd", cwd=store.parent) as terminal:
        counted(terminal)
        keys(report, terminal, "all rows")
        for page in range(PAGES):
            go(terminal, f"{page * 100 // PAGES}%")
            for _ in range(10):
                terminal.press("pagedown")
                terminal.read(0.01)
        terminal.press("end")
        counted(terminal)
        memory(report, terminal, "memory after pages of all parts and the last row")
        terminal.press("&")
        terminal.type("invalid user\r")
        counted(terminal)
        keys(report, terminal, "filtered")
        terminal.press("!")
        counted(terminal)
        terminal.press("]", "]")
        time.sleep(0.5)
        terminal.settle(0.01)
        began = time.perf_counter()
        terminal.press("q")
        while "stopped" not in terminal.text:
            terminal.read(0.005)
            if terminal.process.poll() is not None:
                raise SystemExit("sorting was done before it could be stopped: take a larger log")
        report.times("`q` stops sorting all texts", [time.perf_counter() - began], STOP_S)
        terminal.settle(0.5)
        began = time.perf_counter()
        terminal.press("]", "]")
        time.sleep(0.5)
        terminal.wait(lambda seen: "sorting" not in seen.text and "  ..." not in seen.text, 300)
        report.rows.append(("sorting all texts", f"{time.perf_counter() - began:.1f} s", ""))
        keys(report, terminal, "sorted by text")
        memory(report, terminal, "memory after sorting all texts")
        terminal.press("Q")
        terminal.end()


def memory(report: Report, terminal: Terminal, what: str) -> None:
    """The peak so far."""
    peak = peak_mib(terminal.process.pid)
    report.rows.append((what, f"{peak} MiB", ""))
    if peak > MEMORY_MIB:
        report.broken.append(f"{what}: {peak} MiB, promised {MEMORY_MIB}")


def main() -> int:
    """Make what is missing, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data", help="where the logs are kept")
    arguments = parser.parse_args()
    arguments.data.mkdir(exist_ok=True)
    log = arguments.data.resolve() / f"sshd-{arguments.megabytes}.log"
    store = log.with_suffix(".db")
    if not log.exists():
        generate = [sys.executable, "-m", "benchmarks.generate", "sshd", str(arguments.megabytes), str(log)]
        subprocess.run(generate, check=True, cwd=ROOT)
    if not store.exists():
        subprocess.run(
            [sys.executable, "-m", "twsla", "-d", str(store), "import", "-q", str(log)], check=True, cwd=ROOT
        )
    report = Report()
    first_pages(report, store, arguments.repeat)
    browse(report, store)
    sys.stdout.write(f"{report.text()}\n")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
