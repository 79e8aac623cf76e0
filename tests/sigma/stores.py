"""Stores of a few made-up events, and Sigma rules run over them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import yaml

from twsla.environment import of_process
from twsla.model.records import fields_field, record_schema
from twsla.options import Selection
from twsla.progress import Silent
from twsla.query.engine import open_engine
from twsla.sigma.compiling import compile_document
from twsla.sigma.logsources import load_mapping
from twsla.sigma.plan import Planner
from twsla.sigma.reading import StoreReader
from twsla.sigma.running import run_plan
from twsla.store.layout import new_ulid
from twsla.store.manifest import Manifest
from twsla.store.writer import ImportWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from twsla.sigma.plan import Plan
    from twsla.sigma.running import Outcome

SYSMON = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": "1", "Computer": "PC1"}
SECURITY = {"Channel": "Security", "EventID": "4688", "Computer": "PC1"}
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


def make_store(path: Path, events: Sequence[Mapping[str, str] | str], *, times: Sequence[int | None] = ()) -> Path:
    """A store with a record for each event: its fields, or its text; a second apart, or at ``times`` (nanoseconds)."""
    schema = record_schema().append(fields_field())
    stamps = list(times) or [START_NS + at * SECOND_NS for at in range(len(events))]
    columns: dict[str, Any] = {
        "ts": pa.array(stamps, pa.int64()).cast(pa.timestamp("ns", "UTC")),
        "ts_flags": pa.array([0] * len(events), pa.uint8()),
        "source": pa.array(["events"] * len(events)).dictionary_encode(),
        "line_no": pa.array(range(1, len(events) + 1), pa.int64()),
        "offset": pa.array(range(len(events)), pa.int64()),
        "text": pa.array([each if isinstance(each, str) else "{}" for each in events], pa.large_string()),
        "raw": pa.nulls(len(events), pa.large_binary()),
        "shape": pa.nulls(len(events), schema.field("shape").type),
        "fields": pa.array(
            [None if isinstance(each, str) else list(each.items()) for each in events], fields_field().type
        ),
    }
    with ThreadPoolExecutor(1) as pool:
        writer = ImportWriter(path, pool)
        writer.add(pa.table([columns[name] for name in schema.names], schema=schema))
        writer.flush()
        writer.commit(lambda _: Manifest(new_ulid(), "2024-05-06T00:00:00Z", "test", {}, (), writer.files()))
    return path


def plan_of(rules: str | Iterable[Mapping[str, Any]], values: Mapping[str, Sequence[str]] | None = None) -> Plan:
    """The plan of some rules, as YAML or as values."""
    documents = list(yaml.safe_load_all(rules)) if isinstance(rules, str) else list(rules)
    made = [compile_document(each, f"rule{at}.yml", 1, values or {}) for at, each in enumerate(documents)]
    return Planner(load_mapping()).build(made)


def run_store(path: Path, plan: Plan) -> Outcome:
    """What a plan finds in a store."""
    with open_engine(Selection(datastore=path), of_process()) as engine:
        return run_plan(plan, StoreReader(engine), Silent())


def found(outcome: Outcome) -> dict[str, list[int]]:
    """By title of a rule the numbers of the events that it found, from 0; of stores of one file."""
    hits: dict[str, list[int]] = {rule.shown: [] for rule in outcome.hits.rules}
    for numbers, rows in zip(outcome.hits.numbers, outcome.hits.rows, strict=True):
        for number, row in zip(numbers.tolist(), rows.tolist(), strict=True):
            hits[outcome.hits.rules[number].shown].append(row)
    return {title: sorted(rows) for title, rows in hits.items()}


def rule(detection: Mapping[str, Any], title: str = "rule", **further: Any) -> dict[str, Any]:
    """A rule about process creation, unless another log source is given."""
    source = further.pop("logsource", {"product": "windows", "category": "process_creation"})
    return {"title": title, "logsource": source, "detection": dict(detection), "level": "high", **further}


def matches(path: Path, detection: Mapping[str, Any], events: Sequence[Mapping[str, str]], **further: Any) -> list[int]:
    """Which events of a Sysmon process log a detection is true for."""
    whole = {"condition": "sel", **detection} if "condition" not in detection else detection
    plan = plan_of([rule(whole, **further)])
    assert not plan.refused, plan.refused[0].reason
    return found(run_store(make_store(path, [{**SYSMON, **event} for event in events]), plan))["rule"]
