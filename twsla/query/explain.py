"""How a query runs: which files are read, what the shape column decides, how many rows are looked at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from twsla.query.rows import count_records, ordered_groups
from twsla.query.where import explain

if TYPE_CHECKING:
    from twsla.query.engine import Engine


def explain_query(engine: Engine) -> list[tuple[str, str]]:
    """Run the count of a query and tell what it took, as (what, value) lines."""
    selected = engine.selected
    files = selected.files
    shaped = sum("shape" in entry.columns for entry in files)
    lines = [
        ("store", str(engine.store.path)),
        ("records in the store", f"{engine.store.rows:,}"),
        ("files", f"{len(engine.store.files):,}"),
        ("files left out by the time range", f"{selected.pruned:,}"),
        ("files read", f"{len(files):,} ({sum(entry.bytes for entry in files):,} bytes)"),
        ("files with a shape column", f"{shaped:,}"),
        ("groups of overlapping files", f"{len(ordered_groups(files)):,}"),
        ("rows in these files", f"{sum(entry.rows for entry in files):,}"),
    ]
    lines += [("filter", line) for line in explain(engine.query.filters)]
    if engine.query.where is not None:
        lines.append(("fields", engine.query.where.source))
    if files:
        relation = engine.records(files[:1])
        lines.append(("condition", relation.sql.rpartition(" WHERE ")[2]))
        lines += [(f"value ${name}", repr(value)) for name, value in relation.params.items()]
    began = time.perf_counter()
    hits = count_records(engine)
    lines.append(("matching records", f"{hits:,}"))
    lines.append(("seconds to count them", f"{time.perf_counter() - began:.3f}"))
    return lines
