"""Measures how well templates group logs whose true templates are known, and how fast, against Drain3.

    python -m benchmarks.patterns --loghub DIR [--log FILE]

DIR holds a folder for each system of Loghub-2k (``OpenSSH/OpenSSH_2k.log`` and its ``_structured.csv``). A line counts
if its group is exactly the true group of lines (grouping accuracy, Zhu et al. 2019). Both programs get the same texts:
the messages alone, then whole lines; neither is told which system it is. Drain3 runs with its defaults, and once more
with the masks of its example configuration; it is left out where it is not installed (``pip install drain3``).

FILE is a large log for the speed (default: 50 MB of sshd log, generated). Drain3 gets its first 200,000 lines.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.generate import write_log
from twsla.model.query import Query
from twsla.query.engine import Engine
from twsla.query.templates import count_templates, mine
from twsla.store.store import Store

Grouping = Callable[[Sequence[str]], Sequence[object]]
DRAIN3_LINES = 200_000
# drain3.ini of the Drain3 repository, at version 0.9.11.
DRAIN3_MASKS = (
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9a-f]{6,} ?){3,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9A-F]{4} ?){4,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
)


def twsla(texts: Sequence[str]) -> list[int]:
    """The number of each text's template."""
    shapes = [re.sub("[0-9]+", "0", text) for text in texts]
    counted = Counter(shapes)
    numbers = dict(zip(counted, mine(list(counted), list(counted.values())).numbers, strict=True))
    return [numbers[shape] for shape in shapes]


def drain3(*, masks: bool) -> Grouping | None:
    """Drain3 as a grouping; None where it is not installed."""
    try:
        from drain3 import TemplateMiner
        from drain3.masking import MaskingInstruction
        from drain3.template_miner_config import TemplateMinerConfig
    except ImportError:
        return None

    def group(texts: Sequence[str]) -> list[object]:
        config = TemplateMinerConfig()
        config.profiling_enabled = False
        if masks:
            config.masking_instructions = [MaskingInstruction(re2, name) for re2, name in DRAIN3_MASKS]
        miner = TemplateMiner(config=config)
        return [miner.add_log_message(text)["cluster_id"] for text in texts]

    return group


def grouping_accuracy(found: Sequence[object], true: Sequence[str]) -> float:
    """The share of texts whose group has the same members as their true group."""
    groups: dict[object, set[int]] = defaultdict(set)
    wanted: dict[str, set[int]] = defaultdict(set)
    for number, (group, event) in enumerate(zip(found, true, strict=True)):
        groups[group].add(number)
        wanted[event].add(number)
    return sum(len(each) for each in groups.values() if each == wanted[true[min(each)]]) / len(true)


def read_system(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Lines, messages, and true templates of one system."""
    with (folder / f"{folder.name}_2k.log_structured.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = (folder / f"{folder.name}_2k.log").read_text(encoding="utf-8").split("\n")
    return lines[: len(rows)], [row["Content"] for row in rows], [row["EventId"] for row in rows]


def print_accuracy(loghub: Path, groupings: dict[str, Grouping]) -> None:
    """A table for messages and one for whole lines."""
    systems = {folder.name: read_system(folder) for folder in sorted(loghub.iterdir()) if folder.is_dir()}
    for kind, title in ((1, "messages"), (0, "whole lines")):
        table = {name: [] for name in groupings}
        for texts in systems.values():
            for name, group in groupings.items():
                table[name].append(grouping_accuracy(group(texts[kind]), texts[2]))
        print(f"\n| {title} | {' | '.join(groupings)} |\n|---|{'---:|' * len(groupings)}")
        for number, system in enumerate(systems):
            print(f"| {system} | {' | '.join(f'{table[name][number]:.3f}' for name in groupings)} |")
        means = " | ".join(f"{sum(values) / len(values):.3f}" for values in table.values())
        print(f"| mean | {means} |")


def print_speed(log: Path, peers: dict[str, Grouping]) -> None:
    """Lines for each second of a processor, of all threads and processes: others may use the machine meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "x.db"
        subprocess.run([sys.executable, "-m", "twsla", "-d", store, "import", log], check=True, capture_output=True)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        importing = usage.ru_utime + usage.ru_stime
        engine = Engine(Store.open(store), Query())
        began = time.process_time()
        table, _ = count_templates(engine)
        seconds = time.process_time() - began
        engine.close()
        lines = sum(table["count"].to_pylist())
    print(f"\n| {log.name}, {lines:,} lines | CPU seconds | lines a CPU second |\n|---|---:|---:|")
    print(f"| twsla, templates of the store | {seconds:.2f} | {lines / seconds:,.0f} |")
    print(f"| twsla, import and templates | {importing + seconds:.2f} | {lines / (importing + seconds):,.0f} |")
    with log.open(encoding="utf-8", errors="replace") as file:
        first = [line.rstrip("\n") for line in itertools.islice(file, DRAIN3_LINES)]
    for name, group in peers.items():
        began = time.process_time()
        group(first)
        seconds = time.process_time() - began
        print(f"| {name}, {len(first):,} lines in memory | {seconds:.2f} | {len(first) / seconds:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--loghub", type=Path, required=True)
    parser.add_argument("--log", type=Path)
    arguments = parser.parse_args()
    found = {"Drain3": drain3(masks=False), "Drain3 with masks": drain3(masks=True)}
    peers = {name: group for name, group in found.items() if group is not None}
    print_accuracy(arguments.loghub, {"twsla": twsla, **peers})
    with tempfile.TemporaryDirectory() as folder:
        log = arguments.log
        if log is None:
            log = Path(folder) / "sshd.log"
            write_log("sshd", 50_000_000, log)
        print_speed(log, peers)


if __name__ == "__main__":
    main()
