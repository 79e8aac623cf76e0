"""What other tools get wrong, each with the events that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sigma.stores import SECURITY, SYSMON, found, make_store, matches, plan_of, rule, run_store

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": "12"}


def test_a_filter_on_a_field_that_no_record_has_excludes_nothing(tmp_path: Path) -> None:
    detection = {"sel": {"Image": "a.exe"}, "filter": {"SourceParentImage": "b"}, "condition": "sel and not filter"}

    assert matches(tmp_path / "db", detection, [{"Image": "a.exe"}]) == [0]


@pytest.mark.parametrize("value", ["true", True])
def test_booleans_are_true_and_false(tmp_path: Path, value: object) -> None:
    events = [{"Initiated": "true"}, {"Initiated": "false"}, {"Initiated": "True"}, {}]

    assert matches(tmp_path / "db", {"sel": {"Initiated": value}}, events) == [0, 2]


def test_values_without_a_name_are_each_a_value_of_data(tmp_path: Path) -> None:
    events = [{"Data": "sa\nfailed", "Data[0]": "sa", "Data[1]": "failed"}, {"Data": "sa"}, {"Data": "sam"}]

    assert matches(tmp_path / "a", {"sel": {"Data": "sa"}}, events) == [0, 1]
    assert matches(tmp_path / "b", {"sel": {"Data|contains|all": ["sa", "failed"]}}, events) == [0]
    assert matches(tmp_path / "c", {"sel": {"Data|endswith": "failed"}}, events) == [0]


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_empty_and_missing_are_the_same(tmp_path: Path, nothing: object) -> None:
    events = [{"StartModule": ""}, {}, {"StartModule": "x"}]

    assert matches(tmp_path / "a", {"sel": {"StartModule": nothing}}, events) == [0, 1]
    negated = {"sel": {"Channel|contains": "Sysmon"}, "f": {"StartModule": nothing}, "condition": "sel and not f"}
    assert matches(tmp_path / "b", negated, events) == [2]


def test_not_has_two_values(tmp_path: Path) -> None:
    detection = {"sel": {"Image": "x"}, "condition": "not sel"}

    assert matches(tmp_path / "db", detection, [{"Image": "x"}, {"Image": "y"}, {}, {"Image": ""}]) == [1, 2, 3]


def test_equality_does_not_look_at_case(tmp_path: Path) -> None:
    events = [{"AttributeLDAPDisplayName": "nTSecurityDescriptor"}, {"AttributeLDAPDisplayName": "other"}]

    assert matches(tmp_path / "db", {"sel": {"AttributeLDAPDisplayName": "ntsecuritydescriptor"}}, events) == [0]


def test_percent_and_underscore_are_themselves(tmp_path: Path) -> None:
    events = [{"Image": r"C:\______.exe"}, {"Image": r"C:\notepad.exe"}, {"Image": "100%"}, {"Image": "100x"}]

    assert matches(tmp_path / "a", {"sel": {"Image|endswith": r"\______.exe"}}, events) == [0]
    assert matches(tmp_path / "b", {"sel": {"Image": "100%"}}, events) == [2]


def test_a_category_can_ask_for_more_than_the_event_id(tmp_path: Path) -> None:
    events = [
        {**REGISTRY, "EventType": kind, "TargetObject": "k"} for kind in ("CreateKey", "DeleteKey", "DeleteValue")
    ]
    source = {"product": "windows", "category": "registry_delete"}
    plan = plan_of([rule({"sel": {"TargetObject": "k"}, "condition": "sel"}, logsource=source)])

    assert found(run_store(make_store(tmp_path / "db", events), plan))["rule"] == [1, 2]


def test_a_log_source_that_is_not_known_is_never_matched_against_everything(tmp_path: Path) -> None:
    plan = plan_of(
        [rule({"sel": {"Image": "*"}, "condition": "sel"}, logsource={"product": "windows", "service": "x"})]
    )

    assert not plan.rules
    assert "'x'" in plan.refused[0].reason or "service=x" in plan.refused[0].reason
    assert plan.refused[0].kind == "unmapped"


def test_rules_stay_within_their_channel(tmp_path: Path) -> None:
    events = [
        {**SYSMON, "Image": "a"},
        {**SYSMON, "EventID": "7", "Image": "a"},
        {"Channel": "Other", "EventID": "1", "Image": "a"},
    ]
    plan = plan_of([rule({"sel": {"Image": "a"}, "condition": "sel"})])

    assert found(run_store(make_store(tmp_path / "db", events), plan))["rule"] == [0]


def test_a_filter_that_audit_events_cannot_fill_keeps_the_rule_from_them(tmp_path: Path) -> None:
    """4688 has no ParentCommandLine: nothing would be excluded."""
    events = [{**SYSMON, "Image": "a"}, {**SECURITY, "NewProcessName": "a"}]
    filtered = {"sel": {"Image": "a"}, "f": {"ParentCommandLine": "b"}, "condition": "sel and not f"}
    plan = plan_of([rule({"sel": {"Image": "a"}, "condition": "sel"}, "plain"), rule(filtered, "filtered")])
    hits = found(run_store(make_store(tmp_path / "db", events), plan))

    assert hits == {"plain": [0, 1], "filtered": [0]}
    assert "ParentCommandLine" in plan.rules[1].skipped[0][1]


def test_an_event_id_in_the_condition_narrows_a_service(tmp_path: Path) -> None:
    events = [{**SECURITY, "EventID": str(number), "TargetUserName": "x"} for number in (4624, 4625, 4624)]
    source = {"product": "windows", "service": "security"}
    plan = plan_of([rule({"sel": {"EventID": 4624, "TargetUserName": "X"}, "condition": "sel"}, logsource=source)])

    assert found(run_store(make_store(tmp_path / "db", events), plan))["rule"] == [0, 2]


def test_expressions_take_linear_time(tmp_path: Path) -> None:
    """Where one may be taken many ways; an engine that goes back would take longer than the world is old."""
    events = [{"CommandLine": "a" * 5000 + "!"}, {"CommandLine": "aaa"}]

    assert matches(tmp_path / "db", {"sel": {"CommandLine|re": "^(a+)+$"}}, events) == [1]


def test_tactics_of_both_versions_of_attack_are_known() -> None:
    from twsla.sigma.attack import tactics

    tags = ["attack.defense-evasion", "attack.stealth", "attack.defense_impairment", "attack.execution", "attack.t1059"]

    assert tactics(tags) == ["execution", "defense-evasion", "stealth", "defense-impairment"]


def test_names_with_blanks_and_other_case_are_found(tmp_path: Path) -> None:
    events = [{"Threat Name": "x"}, {"threatname": "X"}, {"ThreatName": "y"}]

    assert matches(tmp_path / "db", {"sel": {"ThreatName": "x"}}, events) == [0, 1]


def test_every_rule_is_told_of_a_record(tmp_path: Path) -> None:
    plan = plan_of([rule({"s": {"Image": name}, "condition": "s"}, name) for name in ("a*", "*b", "ab")])

    assert found(run_store(make_store(tmp_path / "db", [{**SYSMON, "Image": "ab"}]), plan)) == {
        "a*": [0],
        "*b": [0],
        "ab": [0],
    }
