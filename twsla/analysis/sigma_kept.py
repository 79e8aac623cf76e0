"""The detections that are kept beside a store, as a part of a report about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from twsla.model.result import Fact, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.model.result import Result
    from twsla.query.engine import Engine

_SHOWN: Final = ("level", "rule", "count", "first", "last", "tags")


def kept_detections(engine: Engine) -> Result | None:
    """What the last run detected in the records of an engine, by rule; None if no detections are kept.

    Time range and filters are applied as ``--on detections`` does.

    Raises:
        StoreError: The detections are damaged.
    """
    from twsla.analysis.sigma_result import counted_by_rule, detections_table, summary_facts
    from twsla.query.engine import Engine as AnyEngine
    from twsla.sigma.detections import read_run
    from twsla.store.store import Store

    path = _place(engine.store.path)
    if not path.exists():
        return None
    detections = AnyEngine(Store.open(path), engine.query)
    try:
        table = detections_table(detections)
        facts = (*_run_facts(read_run(path)), *summary_facts(detections, table))
        result = counted_by_rule(detections, table, facts)
    except BaseException:
        detections.close()
        raise
    columns = {column.name: column for column in result.columns}
    shown = tuple(replace(columns.pop(name), hidden=False) for name in _SHOWN)
    hidden = tuple(replace(column, hidden=True) for column in columns.values())
    return replace(result, title="Detections", columns=(*shown, *hidden), actions=(), close=detections.close)


def _place(store: Path) -> Path:
    """Where the detections lie: beside the store, unless they are the store."""
    from twsla.sigma.detections import RUN
    from twsla.store.marks import detections_path

    return store if (store / RUN).exists() else detections_path(store)


def _run_facts(told: dict[str, Any]) -> tuple[Fact, ...]:
    """What is known of the run: facts whose values are there and of the right kind."""
    facts = (
        Fact("ran", "Rules ran", _nanoseconds(told.get("made")), Kind.TIME),
        Fact("rules", "Rules", told.get("loaded"), Kind.COUNT),
        Fact("skipped", "Skipped", told.get("refused"), Kind.COUNT),
        Fact("rules_sha256", "SHA-256 of the rules", told.get("sha256")),
        Fact("looked_at", "Records looked at", told.get("records"), Kind.COUNT),
    )
    return tuple(fact for fact in facts if isinstance(fact.value, str if fact.kind is Kind.TEXT else int))


def _nanoseconds(made: object) -> int | None:
    from datetime import datetime

    try:
        return int(datetime.fromisoformat(str(made)).timestamp()) * 10**9
    except ValueError:
        return None
