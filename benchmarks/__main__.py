"""Runs twsla and its peers on the same generated logs and prints one table of ratios with peak memory.

    python -m benchmarks [--megabytes 50 500] [--kinds sshd access json hdfs app] [--original PATH] [--data DIR]

Peers are used where they are installed: gzip, zstd, rg, grep, lnav; the original Go program where its path is given.
Every figure is the best of several runs with warm caches; a ratio compares two programs of this run only. Counts that
do not agree with ``grep -c`` end the run with exit code 1: this is a measurement, and a check that it measures the
same thing.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

KINDS = ("sshd", "access", "json", "hdfs", "app")
# The runner itself stays small: a child begins with its parent's peak of memory.
TWSLA = [sys.executable, "-m", "twsla"]
WORDS = {"sshd": "Failed password", "access": "sqlmap", "json": '"level":"warn"', "hdfs": "WARN", "app": "ERROR"}
EXPRESSIONS = {
    "sshd": "port 22[0-9][0-9]",
    "access": '" 50[0-9] ',
    "json": 'latency_ms":9[0-9][0-9],',
    "hdfs": "blk_-77[0-9]+",
    "app": "job 99[0-9]+ ",
}
COMMON = {"sshd": "sshd", "access": "HTTP", "json": "request", "hdfs": "dfs", "app": "worker"}


@dataclass
class Run:
    """The best of several runs of one command."""

    seconds: float
    peak_mib: float
    output: str


@dataclass
class Table:
    """Rows of the report."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, what: str, ours: Run, peers: dict[str, Run | None]) -> None:
        """One task: ours, and each peer that could do it."""
        for name, peer in (peers or {"": None}).items():
            ratio = f"{ours.seconds / peer.seconds:.2f}x" if peer else ""
            theirs = (f"{peer.seconds:.2f}", f"{peer.peak_mib:.0f}") if peer else ("", "")
            self.rows.append((what, f"{ours.seconds:.2f}", f"{ours.peak_mib:.0f}", name, *theirs, ratio))

    def text(self) -> str:
        """Markdown."""
        head = ("task", "twsla s", "MiB", "peer", "peer s", "MiB", "ratio")
        widths = [max(len(row[i]) for row in [head, *self.rows]) for i in range(len(head))]
        lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
                 for row in [head, tuple("-" * width for width in widths), *self.rows]]  # fmt: skip
        return "\n".join(lines)


def measure(
    command: list[str], *, repeat: int = 3, before: list[str] | None = None, ok: tuple[int, ...] = (0, 1)
) -> Run:
    """Run a command; the best time, the highest peak of memory, the last output."""
    best, peak, output = float("inf"), 0.0, ""
    for _ in range(repeat):
        if before:
            subprocess.run(before, check=True)
        with tempfile.TemporaryFile() as out:
            began = time.perf_counter()
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            best = min(best, time.perf_counter() - began)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in ok:
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
            peak = max(
                peak,
                usage.ru_maxrss / (1 if sys.platform == "darwin" else 1024) / (1024 if sys.platform == "darwin" else 1),
            )
            out.seek(0)
            output = out.read(1 << 20).decode(errors="replace")
    return Run(best, peak, output)


def shell(text: str) -> list[str]:
    return ["sh", "-c", text]


def peer(name: str, command: list[str], repeat: int = 3) -> dict[str, Run | None]:
    """A peer's run, or nothing where it is not installed."""
    program = name.split()[0]
    return {name: measure(command, repeat=repeat)} if shutil.which(program) else {}


def bench_import(table: Table, kind: str, log: Path, store: Path, original: str | None) -> None:
    megabytes = log.stat().st_size / 1e6
    what = f"import {kind} {megabytes:.0f} MB"
    import_command = [*TWSLA, "-d", str(store), "import", str(log)]
    ours = measure(import_command, repeat=3 if megabytes < 1000 else 1, before=["rm", "-rf", str(store)])
    slow = 1 if megabytes > 100 else 2
    peers = peer("gzip -6", shell(f"gzip -6 -c {log} >/dev/null"), slow)
    peers |= peer("zstd -3", shell(f"zstd -3 -q -c {log} >/dev/null"), slow)
    if original and megabytes < 1000:
        peers |= original_import(original, log)
    table.add(what, ours, peers)
    size = sum(path.stat().st_size for path in store.rglob("*.parquet"))
    table.rows.append(
        (f"store size {kind} {megabytes:.0f} MB", f"{size / log.stat().st_size:.3f}x of raw", "", "", "", "", "")
    )


def original_import(original: str, log: Path) -> dict[str, Run | None]:
    """The original needs a terminal for everything; ``script`` gives it one and q ends it."""
    with tempfile.TemporaryDirectory() as folder:
        importing = f"{original} -d {folder}/x.db import {log}"
        command = f"(sleep 1; while :; do printf q; sleep 1; done) | script -qec '{importing}' /dev/null"
        return {"original": measure(shell(command), repeat=1, ok=tuple(range(256)))}


def bench_search(table: Table, kind: str, log: Path, store: Path) -> None:
    megabytes = log.stat().st_size / 1e6
    size = f"{kind} {megabytes:.0f} MB"
    count = [*TWSLA, "-d", str(store), "search", "--count"]
    for what, ours, arguments, theirs in (
        ("count word", [*count, WORDS[kind]], ["-F", "--", WORDS[kind]], WORDS[kind]),
        ("count regex", [*count, "-r", EXPRESSIONS[kind]], ["-E", "--", EXPRESSIONS[kind]], EXPRESSIONS[kind]),
    ):
        run = measure(ours)
        flags = ["-F"] if arguments[0] == "-F" else []
        peers = peer("rg -c", ["rg", "-c", *flags, "--", theirs, str(log)])
        grep = measure(["grep", "-c", *arguments, str(log)], repeat=2)
        table.add(f"{what} {size}", run, peers | {"grep -c": grep})
        if run.output.strip() != grep.output.strip():
            table.failures.append(f"{what} {size}: twsla {run.output.strip()}, grep -c {grep.output.strip()}")
    first = measure([*TWSLA, "-d", str(store), "search", "--limit", "100", COMMON[kind]])
    table.add(f"first 100 hits {size}", first, peer("rg -m100", ["rg", "-m", "100", "--", COMMON[kind], str(log)]))
    if kind == "sshd" and megabytes < 100 and shutil.which("lnav"):
        lnav = measure(["lnav", "-n", "-c", f":filter-in {WORDS[kind]}", str(log)], repeat=1)
        ours = measure([*TWSLA, "-d", str(store), "search", WORDS[kind]], repeat=2)
        table.add(f"list hits {size}", ours, {"lnav": lnav})


def bench_small_files(table: Table, data: Path) -> None:
    """A thousand files of 8 KB to 1 MB, of all kinds; the rate to compare with is that of one large file."""
    folder, store = data / "small", data / "small.db"
    if not folder.exists():
        make_small_files(folder, data)
    ours = measure([*TWSLA, "-d", str(store), "import", str(folder)], before=["rm", "-rf", str(store)])
    size = sum(path.stat().st_size for path in folder.iterdir())
    table.add(f"import {len(list(folder.iterdir())):,} files {size / 1e6:.0f} MB", ours, {})
    table.rows.append(("rate of small files", f"{size / 1e6 / ours.seconds:.0f} MB/s", "", "", "", "", ""))


def make_small_files(folder: Path, data: Path) -> None:
    """Cut the generated logs at line ends; sizes are spread evenly over their logarithms."""
    chance = random.Random(1)
    folder.mkdir()
    logs = [(data / f"{kind}-50.log").read_bytes() for kind in KINDS]
    starts = [0] * len(logs)
    for number in range(1000):
        kind = number % len(KINDS)
        wanted = int(math.exp(chance.uniform(math.log(8_000), math.log(1_000_000))))
        if starts[kind] + wanted >= len(logs[kind]):
            starts[kind] = 0
        end = logs[kind].find(b"\n", starts[kind] + wanted) + 1
        (folder / f"{KINDS[kind]}-{number:04}.log").write_bytes(logs[kind][starts[kind] : end])
        starts[kind] = end


def bench_start(table: Table) -> None:
    ours = measure([*TWSLA, "--help"], repeat=7)
    table.add("twsla --help", ours, {"import click": measure([sys.executable, "-c", "import click"], repeat=7)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[50, 500], help="sizes; 5000 on request")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--original", help="path of the original program's binary")
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data", help="where the logs are kept")
    arguments = parser.parse_args()
    arguments.data.mkdir(exist_ok=True)
    table = Table()
    bench_start(table)
    for megabytes in arguments.megabytes:
        for kind in arguments.kinds:
            if megabytes > 50 and kind != "sshd" and len(arguments.kinds) > 1:
                continue  # one kind is enough to see how work grows; name another alone for its figures
            log = arguments.data / f"{kind}-{megabytes}.log"
            if not log.exists():
                generate = [sys.executable, "-m", "benchmarks.generate", kind, str(megabytes), str(log)]
                subprocess.run(generate, check=True)
            store = arguments.data / f"{kind}-{megabytes}.db"
            subprocess.run(["cat", str(log)], stdout=subprocess.DEVNULL, check=True)  # warm the cache
            bench_import(table, kind, log, store, arguments.original)
            bench_search(table, kind, log, store)
    if 50 in arguments.megabytes and len(arguments.kinds) == len(KINDS):
        bench_small_files(table, arguments.data)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{table.text()}\n\nhighest peak of any program: {peak:.0f} MiB\n")
    for failure in table.failures:
        sys.stdout.write(f"DIFFERENT COUNT: {failure}\n")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
