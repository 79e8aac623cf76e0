"""Runs twsla and its peers on the same logs; prints times, memory, and whether the wanted figures are met.

    python -m benchmarks [--megabytes 50 500] [--kinds sshd access json hdfs app] [--log KIND=FILE] [--original PATH]

Peers are used where they are installed: gzip, zstd, rg, grep, lnav; the original Go program where its path is given.
Programs that are compared run in turn, several times, with warm caches; every figure is the best of these, and a ratio
compares two programs of this run only. On a busy machine processor seconds (user and system) say more than the clock.
Counts that do not agree with ``grep -c`` end the run with exit code 1: this is a measurement, and a check that it
measures the same thing. ``--log`` measures with a file of one's own that has the lines of that kind.
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Program, Run, Table, compare, shell

KINDS = ("sshd", "access", "json", "hdfs", "app")
# The runner itself stays small: a child begins with its parent's peak of memory.
TWSLA = [sys.executable, "-m", "twsla"]
_SMALL = 400e6
"""Bytes up to which a run is mostly the start of programs."""
WORDS = {"sshd": "Failed password", "access": "sqlmap", "json": '"level":"warn"', "hdfs": "WARN", "app": "ERROR"}
EXPRESSIONS = {
    "sshd": "port 22[0-9][0-9]",
    "access": '" 50[0-9] ',
    "json": 'latency_ms":9[0-9][0-9],',
    "hdfs": "blk_-77[0-9]+",
    "app": "job 99[0-9]+ ",
}
COMMON = {"sshd": "sshd", "access": "HTTP", "json": "request", "hdfs": "dfs", "app": "worker"}


def bench_import(table: Table, kind: str, log: Path, store: Path, original: str | None) -> Run:
    """Time, memory and size of an import, against compressing the same file."""
    size = log.stat().st_size
    what = f"import {kind} {size / 1e6:.0f} MB"
    programs = {
        "": Program([*TWSLA, "-d", str(store), "import", str(log)], ("rm", "-rf", str(store))),
        "gzip -6": shell(f"gzip -6 -c '{log}' >/dev/null"),
        "zstd -3": shell(f"zstd -3 -q -c '{log}' >/dev/null"),
    }
    runs = compare(programs, 3 if size < 1e9 else 1)
    ours = runs.pop("")
    if "gzip -6" in runs and kind == "sshd" and size > _SMALL:
        ratio = ours.seconds / runs["gzip -6"].seconds
        table.want(what, ratio, 0.40, f"{ratio:.2f}x gzip -6 (0.40x; aim 0.30x)")
    table.want(f"{what}, memory", ours.peak_mib, 1024, f"{ours.peak_mib:.0f} MiB (1,024)")
    if original and size < 1e9:
        runs |= original_import(original, log)
    table.add(what, ours, runs)
    stored = sum(path.stat().st_size for path in store.rglob("*.parquet")) / size
    if kind == "sshd":
        table.want(f"{what}, store", stored, 0.17, f"{stored:.3f}x of the log (0.17x; aim 0.12x)")
    table.rows.append((f"store {kind} {size / 1e6:.0f} MB", f"{stored:.3f}x of the log", *[""] * 7))
    return ours


def original_import(original: str, log: Path) -> dict[str, Run]:
    """The original needs a terminal for everything; ``script`` gives it one and q ends it."""
    with tempfile.TemporaryDirectory() as folder:
        importing = f"{original} -d {folder}/x.db import {log}"
        command = f"(sleep 1; while :; do printf q; sleep 1; done) | script -qec '{importing}' /dev/null"
        return compare({"original": Program(["sh", "-c", command], ok=tuple(range(256)))}, 1)


def bench_search(table: Table, kind: str, log: Path, store: Path) -> None:
    """Counts of a word and of a regular expression, and the first hundred hits."""
    megabytes = log.stat().st_size / 1e6
    size = f"{kind} {megabytes:.0f} MB"
    count = [*TWSLA, "-d", str(store), "search", "--count"]
    rg, grep = ["rg", "-c"], ["grep", "-c"]
    for what, ours, options, text in (
        ("count word", [*count, WORDS[kind]], ("-F", "-F"), WORDS[kind]),
        ("count regex", [*count, "-r", EXPRESSIONS[kind]], ("", "-E"), EXPRESSIONS[kind]),
    ):
        programs = {
            "": Program(ours),
            "rg -c": Program([*rg, *options[0].split(), "--", text, str(log)]),
            "grep -c": Program([*grep, options[1], "--", text, str(log)]),
        }
        runs = compare(programs, 7 if megabytes < 1000 else 3)
        run = runs.pop("")
        table.add(f"{what} {size}", run, runs)
        if run.output.strip() != runs["grep -c"].output.strip():
            table.failures.append(f"{what} {size}: {run.output.strip()}, grep -c {runs['grep -c'].output.strip()}")
        if "rg -c" in runs and kind == "sshd" and megabytes * 1e6 > _SMALL:
            want_count(table, f"{what} {size}", run.seconds, runs["rg -c"].seconds, megabytes)
    hits = {
        "": Program([*TWSLA, "-d", str(store), "search", "--limit", "100", COMMON[kind]]),
        "rg -m100": Program(["rg", "-m", "100", "--", COMMON[kind], str(log)]),
    }
    runs = compare(hits, 5)
    first = runs.pop("")
    table.want(f"first 100 hits {size}", first.seconds, 0.5, f"{first.seconds:.2f} s (0.5 s)")
    table.add(f"first 100 hits {size}", first, runs)
    if kind == "sshd" and megabytes < 100:
        listing = {
            "": Program([*TWSLA, "-d", str(store), "search", WORDS[kind]]),
            "lnav": Program(["lnav", "-n", "-c", f":filter-in {WORDS[kind]}", str(log)]),
        }
        runs = compare(listing, 2)
        table.add(f"list hits {size}", runs.pop(""), runs)


def want_count(table: Table, what: str, ours: float, rg: float, megabytes: float) -> None:
    """What a count may take."""
    if what.startswith("count regex"):
        if megabytes < 1000:
            table.want(what, ours, 5 * rg, f"{ours / rg:.1f}x rg -c (5x)")
    elif megabytes < 1000:
        table.want(what, ours, rg + 0.35, f"rg -c {ours - rg:+.2f} s (+0.35 s)")
    else:
        table.want(what, ours, rg / 3, f"{rg / ours:.1f} times as fast as rg -c (3)")


def bench_small_files(table: Table, data: Path, rate: float) -> None:
    """A thousand files of 8 KB to 1 MB, of all kinds; ``rate`` is that of one large file in MB/s."""
    folder, store = data / "small", data / "small.db"
    if not folder.exists():
        make_small_files(folder, data)
    ours = compare({"": Program([*TWSLA, "-d", str(store), "import", str(folder)], ("rm", "-rf", str(store)))}, 3)[""]
    size = sum(path.stat().st_size for path in folder.iterdir())
    what = f"import {len(list(folder.iterdir())):,} files {size / 1e6:.0f} MB"
    table.add(what, ours, {})
    share = size / 1e6 / ours.seconds / rate
    table.want(what, 1 / 3, share, f"{size / 1e6 / ours.seconds:.0f} MB/s, {share:.2f}x of one large file (0.33x)")


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
    """Help, against the library that prints it."""
    runs = compare(
        {"": Program([*TWSLA, "--help"]), "import click": Program([sys.executable, "-c", "import click"])}, 9
    )
    ours = runs.pop("")
    ratio = ours.seconds / runs["import click"].seconds
    table.want("twsla --help", ratio, 2.5, f"{ratio:.1f}x import click (2.5x)")
    table.add("twsla --help", ours, runs)


def logs_of(arguments: argparse.Namespace) -> list[tuple[str, Path, str]]:
    """Kind, file, and the name of its store: the user's own, or generated ones."""
    if arguments.log:
        named = [text.split("=", 1) for text in arguments.log]
        return [(kind, Path(path), f"{kind}-own-{number}.db") for number, (kind, path) in enumerate(named)]
    logs = []
    for megabytes in arguments.megabytes:
        for kind in arguments.kinds:
            if megabytes > 50 and kind != "sshd" and len(arguments.kinds) > 1:
                continue  # one kind is enough to see how work grows; name another alone for its figures
            log = arguments.data / f"{kind}-{megabytes}.log"
            if not log.exists():
                generate = [sys.executable, "-m", "benchmarks.generate", kind, str(megabytes), str(log)]
                subprocess.run(generate, check=True)
            logs.append((kind, log, f"{kind}-{megabytes}.db"))
    return logs


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[50, 500], help="sizes; 5000 on request")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--log", nargs="+", metavar="KIND=FILE", help="measure with these files instead")
    parser.add_argument("--original", help="path of the original program's binary")
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data", help="where the logs are kept")
    arguments = parser.parse_args()
    arguments.data.mkdir(exist_ok=True, parents=True)
    table, rate = Table(), 0.0
    bench_start(table)
    for kind, log, name in logs_of(arguments):
        store = arguments.data / name
        with log.open("rb") as file:
            while file.read(1 << 20):  # warms the cache
                pass
        ours = bench_import(table, kind, log, store, arguments.original)
        if kind == "sshd":
            rate = log.stat().st_size / 1e6 / ours.seconds
        bench_search(table, kind, log, store)
    if rate and not arguments.log and 50 in arguments.megabytes and len(arguments.kinds) == len(KINDS):
        bench_small_files(table, arguments.data, rate)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{table.text()}\n\nhighest peak of any program: {peak:.0f} MiB\n")
    for failure in table.failures:
        sys.stdout.write(f"DIFFERENT COUNT: {failure}\n")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
