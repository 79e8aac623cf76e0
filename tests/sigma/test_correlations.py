"""Correlation rules on events whose answers were counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sigma.stores import SECOND_NS, SECURITY, START_NS, make_store, plan_of, rule, run_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twsla.sigma.running import Outcome

SERVICE = {"product": "windows", "service": "security"}
FAILED = rule({"s": {"EventID": 4625}, "condition": "s"}, "failed", name="failed", logsource=SERVICE)
LOGON = rule({"s": {"EventID": 4624}, "condition": "s"}, "logon", name="logon", logsource=SERVICE)


def event(seconds: float, number: int = 4625, **fields: str) -> tuple[int, dict[str, str]]:
    return START_NS + int(seconds * SECOND_NS), {**SECURITY, "EventID": str(number), **fields}


def correlation(kind: str, timespan: str = "10s", *, by: Sequence[str] = (), **further: Any) -> dict[str, Any]:
    rules = further.pop("rules", ["failed"])
    title = further.pop("title", "correlated")
    return {
        "title": title,
        "name": title,
        "correlation": {"type": kind, "rules": rules, "timespan": timespan, "group-by": list(by) or None, **further},
    }


def ran(path: Path, events: Sequence[tuple[int, dict[str, str]]], *rules: dict[str, Any]) -> Outcome:
    plan = plan_of([FAILED, LOGON, *rules])
    assert not plan.refused, plan.refused[0].reason
    return run_store(make_store(path, [each for _, each in events], times=[at for at, _ in events]), plan)


def told(outcome: Outcome, title: str = "correlated") -> list[tuple[int, str, str]]:
    """Row of the first event, count and group of each detection of a rule."""
    found = []
    for (number, _, row), several in outcome.hits.extra.items():
        if outcome.hits.rules[number].title == title:
            found += [(row, each["sigma.count"], each["sigma.group"]) for each in several]
    return sorted(found)


def test_a_window_slides_from_event_to_event(tmp_path: Path) -> None:
    """0, 9 and 12: no window from 0 holds three, the one from 9 does not either; from 4 on 4, 9, 12 are within 10 s."""
    events = [event(at) for at in (0, 4, 9.5, 12)]
    outcome = ran(tmp_path / "db", events, correlation("event_count", condition={"gte": 3}, timespan="9s"))

    assert told(outcome) == [(1, "3", "")]


def test_the_end_of_a_window_belongs_to_it(tmp_path: Path) -> None:
    within = [event(0), event(10)]
    outcome = ran(tmp_path / "a", within, correlation("event_count", condition={"gte": 2}))
    assert told(outcome) == [(0, "2", "")]

    beyond = [event(0), event(10.001)]
    assert told(ran(tmp_path / "b", beyond, correlation("event_count", condition={"gte": 2}))) == []


def test_guessing_of_passwords_counts_all_events_of_the_window(tmp_path: Path) -> None:
    """40 refused logons in 200 s from one address, 4 from another, and 6 more an hour later: two detections.

    The first window of five minutes takes all 40, not only the five that the condition asks for.
    """
    events = [event(5 * at, IpAddress="192.0.2.9") for at in range(40)]
    events += [event(5 * at, IpAddress="192.0.2.7") for at in range(4)]
    events += [event(3600 + at, IpAddress="192.0.2.9") for at in range(6)]
    guessing = correlation("event_count", "5m", by=["IpAddress"], condition={"gte": 5})
    outcome = ran(tmp_path / "db", sorted(events, key=lambda each: each[0]), guessing)

    assert [(count, group) for _, count, group in told(outcome)] == [
        ("40", "IpAddress=192.0.2.9"),
        ("6", "IpAddress=192.0.2.9"),
    ]
    [(first, last)] = [
        (each["sigma.first"], each["sigma.last"])
        for several in outcome.hits.extra.values()
        for each in several
        if each["sigma.count"] == "40"
    ]
    assert (first, last) == ("2023-11-14T22:13:20Z", "2023-11-14T22:16:35Z")


def test_events_without_the_field_of_a_group_belong_to_none(tmp_path: Path) -> None:
    events = [event(0, IpAddress="a"), event(1), event(2), event(3, IpAddress="")]
    grouped = correlation("event_count", by=["IpAddress"], condition={"gte": 1})

    assert told(ran(tmp_path / "db", events, grouped)) == [(0, "1", "IpAddress=a")]


def test_distinct_values_are_counted_once(tmp_path: Path) -> None:
    events = [event(at, TargetUserName=name) for at, name in enumerate("aabca")]
    counted = correlation("value_count", condition={"gte": 3, "field": "TargetUserName"}, timespan="3s")

    assert told(ran(tmp_path / "db", events, counted)) == [(0, "3", "")]


@pytest.mark.parametrize(
    ("kind", "condition", "value"),
    [
        ("value_sum", {"gt": 59}, "60"),
        ("value_avg", {"gte": 20}, "20"),
        ("value_percentile", {"gte": 29, "percentile": 90}, "29"),
        ("value_median", {"eq": 20}, "20"),
    ],
)
def test_figures_of_values(tmp_path: Path, kind: str, condition: dict[str, Any], value: str) -> None:
    """Of 11, 20 and 29: sum 60, mean 20, median 20; the ninetieth percentile lies at 0.8 between 20 and 29."""
    events = [event(at, Size=str(size)) for at, size in enumerate((11, 20, 29))] + [event(3, Size="many")]
    expected = {"value_percentile": "27.2"}.get(kind, value)
    condition = {**condition, "field": "Size"} | ({"gte": 27} if kind == "value_percentile" else {})

    assert told(ran(tmp_path / "db", events, correlation(kind, condition=condition))) == [(0, expected, "")]


def test_rules_that_come_together_in_any_order(tmp_path: Path) -> None:
    events = [event(0, 4624, User="a"), event(3, 4625, User="a"), event(5, 4625, User="b"), event(30, 4624, User="b")]
    together = correlation("temporal", rules=["failed", "logon"], by=["User"])

    assert told(ran(tmp_path / "db", events, together)) == [(0, "2", "User=a")]


def test_rules_that_come_in_their_order(tmp_path: Path) -> None:
    events = [event(0, 4624), event(3, 4625), event(9, 4624)]
    ordered = correlation("temporal_ordered", rules=["failed", "logon"])

    assert told(ran(tmp_path / "a", events, ordered)) == [(1, "2", "")]
    assert told(ran(tmp_path / "b", events[:2], ordered)) == []


def test_a_condition_over_rules(tmp_path: Path) -> None:
    further = rule({"s": {"EventID": 4648}, "condition": "s"}, "explicit", name="explicit", logsource=SERVICE)
    either = correlation("temporal", rules=["failed", "logon", "explicit"], condition="failed and (logon or explicit)")
    events = [event(0), event(2, 4648), event(60), event(100, 4624)]

    assert told(ran(tmp_path / "db", events, further, either)) == [(0, "2", "")]


def test_fields_with_another_name_are_grouped_by_an_alias(tmp_path: Path) -> None:
    events = [event(0, 4625, IpAddress="x"), event(1, 4624, SourceIp="x"), event(2, 4624, SourceIp="y")]
    aliases = {"ip": {"failed": "IpAddress", "logon": "SourceIp"}}
    together = correlation("temporal", rules=["failed", "logon"], by=["ip"], aliases=aliases)

    assert told(ran(tmp_path / "db", events, together)) == [(0, "2", "ip=x")]


def test_correlations_of_correlations(tmp_path: Path) -> None:
    events = [event(at, User="a") for at in range(3)] + [event(20, 4624, User="a"), event(21, 4624, User="b")]
    many = correlation("event_count", title="many", by=["User"], condition={"gte": 3})
    then = correlation("temporal_ordered", "1m", rules=["many", "logon"], by=["User"])
    outcome = ran(tmp_path / "db", events, then, many)

    assert told(outcome) == [(0, "2", "User=a")]
    assert told(outcome, "many") == []  # it only serves the other


@pytest.mark.parametrize(("generate", "listed"), [(False, 0), (True, 2)])
def test_what_a_correlation_refers_to_is_listed_if_it_says_so(tmp_path: Path, generate: bool, listed: int) -> None:
    counted = correlation("event_count", condition={"gte": 2}, generate=generate)
    outcome = ran(tmp_path / "db", [event(0), event(1)], counted)

    assert sum(len(each) for each in outcome.hits.numbers) == listed + 1
    assert outcome.hidden == 2 - listed


def test_a_reference_to_nothing_is_refused() -> None:
    from twsla.sigma.running import _Correlations

    plan = plan_of([correlation("event_count", rules=["nowhere"], condition={"gte": 1})])
    _Correlations(plan)

    assert "'nowhere'" in plan.refused[0].reason
