"""Measures how fast Sigma rules run over stored events, against the way of running one SELECT for each rule.

    python -m benchmarks.sigma --logs DIR --rules DIR [DIR …] [--copies 12] [--peer PYTHON] [--repeat 2]

DIR of ``--logs`` is searched for .evtx files, which are imported as often as asked for. The peer is SQLite with the SQL
that pySigma-backend-sqlite makes of the rules, as Zircolite does it: a table with a column for each field, a query for
each rule. PYTHON is an interpreter that has the packages (``pysigma<2 pysigma-backend-sqlite pysigma-pipeline-sysmon
pysigma-pipeline-windows``); rules are converted beforehand, as ours are compiled.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Program, Table, compare

_WANTED = 50_000 // 3
"""Events a second, start and output included."""
_CONVERT = """
import json, sys
from pathlib import Path
import yaml
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.pipelines.sysmon import sysmon_pipeline
from sigma.pipelines.windows import windows_logsource_pipeline
from sigma.rule import SigmaRule
backend = sqliteBackend(processing_pipeline=sysmon_pipeline() + windows_logsource_pipeline())
found = []
for folder in sys.argv[2:]:
    for path in sorted(Path(folder).rglob("*.yml")):
        rule = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        if rule["logsource"].get("product") == "windows":
            try:
                found += backend.convert(SigmaCollection([SigmaRule.from_dict(rule)]))
            except Exception:
                pass
json.dump(found, open(sys.argv[1], "w"))
"""
_DETECT = """
import json, re, sqlite3, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
names = {}
for row in rows:
    for name in row:
        names.setdefault(name.lower(), len(names))
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE logs (%s)" % ",".join('"%s" TEXT COLLATE NOCASE' % name for name in names))
db.create_function("regexp", 2, lambda p, v: v is not None and re.search(p, v) is not None)
def values(row):
    made = [None] * len(names)
    for name, value in row.items():
        made[names[name.lower()]] = value
    return made
db.executemany("INSERT INTO logs VALUES (%s)" % ",".join("?" * len(names)), map(values, rows))
db.execute('CREATE INDEX number ON logs ("EventID")')
hits = 0
for query in json.load(open(sys.argv[2])):
    try:
        hits += len(db.execute(query.replace("<TABLE_NAME>", "logs").replace("SELECT *", "SELECT rowid")).fetchall())
    except sqlite3.Error:
        pass
print(hits)
"""


def export_events(store: Path, target: Path) -> int:
    """The fields of all events as JSON lines; gives their number."""
    from twsla.environment import of_process
    from twsla.options import Selection
    from twsla.query.engine import open_engine

    count = 0
    with open_engine(Selection(datastore=store), of_process()) as engine, target.open("w") as file:
        engine.fields.whole = True
        for batch in engine.stream("SELECT fields FROM records WHERE fields IS NOT NULL"):
            for fields in batch.column(0).to_pylist():
                file.write(json.dumps(dict(fields)) + "\n")
                count += 1
    return count


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--rules", type=Path, nargs="+", required=True)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--repeat", type=int, default=2)
    given = parser.parse_args()
    paths = sorted(given.logs.rglob("*.evtx"))
    if not paths:
        raise SystemExit(f"no .evtx files in {given.logs}")
    with tempfile.TemporaryDirectory(prefix="twsla-bench-") as name:
        folder = Path(name)
        for copy in range(given.copies):
            for number, path in enumerate(paths):
                target = folder / "logs" / str(copy) / f"{number}.evtx"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        twsla = [sys.executable, "-m", "twsla"]
        store = folder / "case.db"
        importing = Program([*twsla, "import", "-q", "--again", "-d", str(store), str(folder / "logs")], ok=(0, 3))
        compare({"import": importing}, 1)
        count = export_events(store, folder / "events.jsonl")
        rules = [part for each in given.rules for part in ("-s", str(each))]
        programs = {"twsla sigma": Program([*twsla, "sigma", "-q", "-d", str(store), *rules, "--by-rule"])}
        compare(programs, 1)  # compiles the rules, which are kept
        if given.peer:
            converted = folder / "rules.json"
            command = [str(given.peer), "-c", _CONVERT, str(converted), *map(str, given.rules)]
            compare({"convert": Program(command)}, 1)
            detect = [str(given.peer), "-c", _DETECT, str(folder / "events.jsonl"), str(converted)]
            programs["SQLite, a SELECT for each rule"] = Program(detect)
        runs = compare(programs, given.repeat)
    ours = runs.pop("twsla sigma")
    table = Table()
    table.add(f"rules over {count:,} events", ours, runs)
    table.want(
        "events a second", _WANTED / (count / ours.seconds), 1, f"{count / ours.seconds:,.0f}, wanted {_WANTED:,}"
    )
    for name, peer in runs.items():
        table.want(
            f"processor time against {name}", 10 * ours.cpu / peer.cpu, 1, f"{peer.cpu / ours.cpu:.1f}x, wanted 10x"
        )
    print(table.text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
