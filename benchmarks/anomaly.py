"""Measures how well each mode of anomaly tells the alerts of a labelled log from the rest.

    python -m benchmarks.anomaly --log BGL_2k.log [--detectors]

In the log of BGL (Loghub) the first word of a line is ``-``, or the tag of an alert. It is cut off before the lines are
imported; twsla sees the rest, with the time in the second column. A mode that scores every record at random has a
ROC-AUC of 0.5 and an average precision of the share of alerts.

``--detectors`` scores the vectors of tfidf with the detectors of PyOD too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sklearn.metrics import average_precision_score, roc_auc_score

from twsla.analysis.detectors import DETECTORS

MODES = (
    ("tfidf --classic", ("-m", "tfidf", "--classic")),
    ("tfidf", ("-m", "tfidf")),
    ("pattern", ("-m", "pattern")),
    ("number", ("-m", "number")),
    ("sql", ("-m", "sql")),
    ("os", ("-m", "os")),
    ("dir", ("-m", "dir")),
)


def scores(store: Path, arguments: tuple[str, ...]) -> dict[int, float]:
    """Line number and score; lines that a mode does not score are left out."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "twsla",
            "-d",
            str(store),
            "anomaly",
            *arguments,
            "--format",
            "jsonl",
            "--columns",
            "line_no,score",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["line_no"]: row["score"] for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--detectors", action="store_true")
    arguments = parser.parse_args()
    lines = arguments.log.read_text(encoding="utf-8").splitlines()
    alerts = [not line.startswith("- ") for line in lines]
    modes = list(MODES)
    if arguments.detectors:
        modes += [(f"tfidf --detector {name}", ("--detector", name)) for name in DETECTORS if name != "iforest"]
    with tempfile.TemporaryDirectory() as folder:
        log, store = Path(folder) / "x.log", Path(folder) / "x.db"
        log.write_text("".join(line.partition(" ")[2] + "\n" for line in lines), encoding="utf-8")
        options = ("--utc", "--multiline", "off")
        subprocess.run(
            [sys.executable, "-m", "twsla", "-d", store, "import", *options, log], check=True, capture_output=True
        )
        print(f"{len(lines):,} lines, {sum(alerts):,} alerts ({sum(alerts) / len(lines):.3f})\n")
        print("| mode | scored | ROC-AUC | average precision | seconds |\n|---|---:|---:|---:|---:|")
        for name, options in modes:
            began = time.monotonic()
            found = scores(store, options)
            seconds = time.monotonic() - began
            lowest = min(found.values(), default=0.0)
            values = [found.get(number, lowest) for number in range(1, len(lines) + 1)]
            auc, precision = roc_auc_score(alerts, values), average_precision_score(alerts, values)
            print(f"| `{name}` | {len(found):,} | {auc:.3f} | {precision:.3f} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
