"""Measures how fast Windows event logs are parsed and stored, against the packages that parse them.

    python -m benchmarks.evtx --logs DIR [--copies 12] [--seconds 20]

DIR is searched for .evtx files. They are imported as often as asked for, as small files and as one large log made of
all their chunks. Peers: the package ``evtx`` alone, one thread, its JSON thrown away (the least that any program built
on it needs), and python-evtx where it is installed, which gets as many files as it can read in the seconds given.
Programs run in turn; a row tells events for a second of the clock and of processor time. Counts must agree, or the run
fails.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Program, Run, Table, compare

_HEADER, _CHUNK = 4 << 10, 64 << 10
_WANTED = 20_000
"""Events a second, with two processors."""
_RUST = """
import sys
from evtx import PyEvtxParser
print(sum(1 for path in sys.argv[1:] for _ in PyEvtxParser(path, 1).records_json()))
"""
_PURE = """
import sys, time
import Evtx.Evtx as evtx
count, end = 0, time.monotonic() + float(sys.argv[1])
for path in sys.argv[2:]:
    if time.monotonic() > end:
        break
    with evtx.Evtx(path) as log:
        for record in log.records():
            record.xml()
            count += 1
print(count)
"""


def one_log(paths: list[Path], copies: int, target: Path) -> None:
    """All chunks of some logs, several times, as one log."""
    data = [path.read_bytes() for path in paths]
    with target.open("wb") as file:
        file.write(data[0][:_HEADER])
        for _ in range(copies):
            for each in data:
                for at in range(_HEADER, len(each) - _CHUNK + 1, _CHUNK):
                    if each.startswith(b"ElfChnk\0", at):
                        file.write(each[at : at + _CHUNK])


def measure(table: Table, what: str, paths: list[Path], store: Path, seconds: float, repeat: int) -> None:
    names = [str(path) for path in paths]
    twsla = [sys.executable, "-m", "twsla", "-d", str(store)]
    ours = "twsla import"
    programs = {
        ours: Program([*twsla, "import", "--again", "-q", *names], ("rm", "-rf", str(store))),
        "evtx records_json": Program([sys.executable, "-c", _RUST, *names]),
    }
    runs = compare(programs, repeat)
    counted = compare({"count": Program([*twsla, "search", "--count"])}, 1)["count"].output
    events = int(counted)
    if events != int(runs["evtx records_json"].output):
        table.failures.append(f"{what}: {events} events stored, {runs['evtx records_json'].output.strip()} parsed")
    table.add(f"{what}, {events:,} events", runs[ours], {"evtx records_json": runs["evtx records_json"]})
    rate = events / runs[ours].seconds
    text = f"{rate:,.0f} events/s ({events / runs[ours].cpu:,.0f} for a second of one processor)"
    table.want(f"{what}: events a second", -rate, -_WANTED, text)
    pure(table, what, names, runs[ours], events, seconds)


def pure(table: Table, what: str, names: list[str], ours: Run, events: int, seconds: float) -> None:
    program = Program([sys.executable, "-c", _PURE, str(seconds), *names])
    run = compare({"python-evtx": program}, 1)["python-evtx"]
    if run.output.strip():  # else it is not installed
        rate = int(run.output) / run.seconds
        text = f"{rate:,.0f} events/s; twsla {events / ours.seconds / rate:,.0f} times as many"
        table.want(f"{what}: python-evtx", 0, 0, text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    originals = sorted(arguments.logs.rglob("*.evtx"))
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for copy in range(arguments.copies):
            for number, path in enumerate(originals):
                copies.append(Path(folder) / f"{copy}-{number}.evtx")
                shutil.copyfile(path, copies[-1])
        large = Path(folder) / "large.evtx"
        one_log(originals, arguments.copies, large)
        store = Path(folder) / "s.db"
        megabytes = large.stat().st_size / 1e6
        measure(table, f"{len(copies):,} logs", copies, store, arguments.seconds, arguments.repeat)
        measure(table, f"one log of {megabytes:.0f} MB", [large], store, arguments.seconds, arguments.repeat)
    print(table.text())
    for failure in table.failures:
        print(failure, file=sys.stderr)
    return 1 if table.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
