"""Measures the analyses on sshd logs of two sizes, and tfidf against comparing every pair of records.

    python -m benchmarks.analyses [--lines 450000 4500000] [--data DIR] [--only NAME ...]

The logs are generated from a fixed seed. ``growth`` is the processor time on the largest log by that on the smallest.
The peer of tfidf is the method of earlier versions: each pair of records is compared, and each comparison splits both
texts and counts their words. It is timed on some records against all of 2,000, and multiplied.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.measure import Program, Run, Table, compare
from twsla.analysis.features_terms import STOP_WORDS

TWSLA = [sys.executable, "-m", "twsla"]
COMMANDS = {
    "heatmap": ["heatmap"],
    "heatmap calendar": ["heatmap", "--calendar"],
    "time": ["time", "--limit", "10"],
    "relation": ["relation", "ip", "regex/for [a-z]+/"],
    "delay": ["delay", "--limit", "10"],
    "summary": ["summary"],
    "sql": ["sql", "SELECT source, count(*) FROM records GROUP BY source"],
    "tfidf": ["tfidf"],
    "anomaly tfidf": ["anomaly", "-m", "tfidf", "--limit", "10"],
    "anomaly pattern": ["anomaly", "-m", "pattern", "--limit", "10"],
    "anomaly rate": ["anomaly", "-m", "rate"],
}
WANTED_S = {"heatmap": 3.0, "time": 3.0, "relation": 3.0, "tfidf": 60.0, "anomaly tfidf": 60.0}
"""Seconds on 4.5 million lines."""
_BYTES_A_LINE = 110
_PAIRS = 2000
_PAIRED = 40


def make_store(data: Path, lines: int) -> Path:
    """A store of so many lines of an sshd log."""
    store, log = data / f"sshd-{lines}-lines.db", data / f"sshd-{lines}-lines.log"
    if not store.exists():
        more = log.with_suffix(".more")
        generate = [sys.executable, "-m", "benchmarks.generate", "sshd", str(lines * _BYTES_A_LINE / 1e6), more]
        subprocess.run(generate, check=True)
        with log.open("wb") as out:
            subprocess.run(["head", "-n", str(lines), more], check=True, stdout=out)
        more.unlink()
        subprocess.run([*TWSLA, "-d", store, "import", "--year", "2024", log], check=True, capture_output=True)
    return store


def every_pair_s(log: Path) -> float:
    """Seconds of comparing each of 2,000 lines with each."""
    texts = log.read_text("utf-8").splitlines()[:_PAIRS]
    began = time.process_time()
    found = 0
    for own in texts[:_PAIRED]:
        found += sum(similarity(own, other) > 0.5 for other in texts if hash(own) != hash(other))
    assert found
    return (time.process_time() - began) * len(texts) / _PAIRED


def similarity(left: str, right: str) -> float:
    """The cosine of the counts of the words of two texts, without stop words."""
    one, two = words(left), words(right)
    dot = sum(count * two[word] for word, count in one.items())
    return float(dot / (sum(n * n for n in one.values()) * sum(n * n for n in two.values())) ** 0.5)


def words(text: str) -> Counter[str]:
    return Counter(word for word in text.lower().translate(_BLANKS).split() if word not in STOP_WORDS)


_BLANKS = {ord(each): " " for each in ".,:;/"} | {ord(each): None for each in "()"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="+", default=[450_000, 4_500_000])
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data", help="where the logs are kept")
    parser.add_argument("--only", nargs="+", choices=tuple(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--repeat", type=int, default=2)
    arguments = parser.parse_args()
    arguments.data.mkdir(exist_ok=True, parents=True)
    table = Table()
    stores = {lines: make_store(arguments.data, lines) for lines in sorted(arguments.lines)}
    for name in arguments.only:
        runs: list[Run] = []
        for lines, store in stores.items():
            command = [*TWSLA, "-d", str(store), *COMMANDS[name], "--format", "csv"]
            run = compare({"": Program(command, ok=(0,))}, arguments.repeat)[""]
            table.add(f"{name} {lines:,} lines", run, {})
            runs.append(run)
            print(
                f"{name}, {lines:,} lines: {run.seconds:.2f} s, {run.cpu:.2f} s cpu, {run.peak_mib:.0f} MiB", flush=True
            )
            if lines == 4_500_000 and name in WANTED_S:
                table.want(name, run.seconds, WANTED_S[name], f"{run.seconds:.1f} s ({WANTED_S[name]:.0f} s)")
                table.want(f"{name}, memory", run.peak_mib, 1536, f"{run.peak_mib:.0f} MiB (1,536)")
        growth = runs[-1].cpu / runs[0].cpu
        if list(stores) == [450_000, 4_500_000]:
            table.want(f"{name}, growth", growth, 12, f"{growth:.1f}x (12x)")
    small = make_store(arguments.data, _PAIRS)
    ours = compare({"": Program([*TWSLA, "-d", str(small), "tfidf", "--format", "csv"])}, 3)[""]
    pairs = every_pair_s(small.with_suffix(".log"))
    ratio = ours.cpu / pairs
    print(f"tfidf, 2,000 lines: {ours.cpu:.2f} s cpu; every pair {pairs:.0f} s: {1 / ratio:.0f}x", flush=True)
    table.want("tfidf by every pair", ratio, 1 / 50, f"{1 / ratio:.0f}x faster (50x)")
    sys.stdout.write(f"{table.text()}\n")
    return 1 if table.failures else 0


if __name__ == "__main__":
    sys.exit(main())
