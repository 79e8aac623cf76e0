"""Runs programs, alternately, and puts their times, processor times and peaks of memory into one table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

_MAXRSS_UNIT = 1 << 20 if sys.platform == "darwin" else 1 << 10
"""``ru_maxrss`` units in a MiB."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command, and what to do before each of its runs."""

    command: list[str]
    before: tuple[str, ...] = ()
    ok: tuple[int, ...] = (0, 1)
    """Exit codes that are no failure."""


@dataclass(slots=True)
class Run:
    """The best of several runs of one command."""

    seconds: float = float("inf")
    cpu: float = float("inf")
    """User and system seconds of the run with the fewest."""
    peak_mib: float = 0.0
    output: str = ""

    def again(self, program: Program) -> None:
        """Run the program once more; the best time, the highest peak of memory, the last output."""
        if program.before:
            subprocess.run(program.before, check=True)
        with tempfile.TemporaryFile() as out:
            began = time.perf_counter()
            process = subprocess.Popen(program.command, stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = min(self.seconds, time.perf_counter() - began)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in program.ok:
                raise SystemExit(f"{' '.join(program.command)} ended with {process.returncode}")
            self.cpu = min(self.cpu, usage.ru_utime + usage.ru_stime)
            self.peak_mib = max(self.peak_mib, usage.ru_maxrss / _MAXRSS_UNIT)
            out.seek(0)
            self.output = out.read(1 << 20).decode(errors="replace")


def compare(programs: dict[str, Program], repeat: int) -> dict[str, Run]:
    """Run the programs in turn, so that other work on the machine falls on all; absent ones are left out.

    The name of a program begins with what must be found on the path.
    """
    present = {name: program for name, program in programs.items() if shutil.which(program.command[0])}
    runs = {name: Run() for name in present}
    for _ in range(repeat):
        for name, program in present.items():
            runs[name].again(program)
    return runs


def shell(text: str) -> Program:
    """A line for the shell, whose first word must be installed."""
    program = text.split()[0]
    return Program(["sh", "-c", text] if shutil.which(program) else [program])


@dataclass
class Table:
    """Rows of the report."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    wanted: list[tuple[str, ...]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, what: str, ours: Run, peers: dict[str, Run]) -> None:
        """One task: ours, and each peer that could do it."""
        mine = (f"{ours.seconds:.2f}", f"{ours.cpu:.2f}", f"{ours.peak_mib:.0f}")
        for name, peer in (peers or {"": None}).items():
            theirs = (f"{peer.seconds:.2f}", f"{peer.cpu:.2f}", f"{peer.peak_mib:.0f}") if peer else ("", "", "")
            ratio = f"{ours.seconds / peer.seconds:.2f}x" if peer else ""
            self.rows.append((what, *mine, name, *theirs, ratio))

    def want(self, what: str, figure: float, most: float, text: str) -> None:
        """A figure that must not be larger than ``most``; ``text`` says both."""
        self.wanted.append((what, text, "yes" if figure <= most else "NO"))

    def text(self) -> str:
        """Markdown."""
        head = ("task", "twsla s", "CPU s", "MiB", "peer", "s", "CPU s", "MiB", "wall ratio")
        return _markdown(head, self.rows) + "\n\n" + _markdown(("wanted", "figure", "met"), self.wanted)


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    every = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in every
    )
